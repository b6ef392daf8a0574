//! The demo workbooks themselves, read cell by cell with a bare reader.

use calamine::{Data, Reader, open_workbook_auto};

use super::tests::catalogue;
use super::{HeaderPath, match_columns};
use crate::register::read::ColumnContext;
use crate::register::value::{Reading, Value};
use crate::sheet::cell::Cell;

/// Reads every cell below a header row; gives the rows and the sum of the amounts.
fn read_sheet(
    file: &str,
    sheet: usize,
    register: &str,
    header: &[usize],
    last: usize,
) -> (usize, f64) {
    let path = format!("{}/demo/{file}", env!("CARGO_MANIFEST_DIR"));
    let mut book = open_workbook_auto(path).unwrap();
    let range = book.worksheet_range_at(sheet).unwrap().unwrap();
    let rows: Vec<Vec<Data>> = range.rows().map(<[Data]>::to_vec).collect();
    let headers: Vec<HeaderPath> = (0..rows[header[0]].len())
        .map(|c| {
            let parts = header.iter().map(|r| rows[*r][c].to_string());
            HeaderPath {
                column: u16::try_from(c).unwrap(),
                path: parts.filter(|p| !p.is_empty()).collect(),
            }
        })
        .collect();
    let register = catalogue().register(register).unwrap();
    let matches = match_columns(register, &headers);
    let (mut count, mut sum) = (0, 0.0);
    for row in &rows[header[header.len() - 1] + 1..last] {
        count += 1;
        for (cell, column) in row.iter().zip(&matches) {
            let Some(field) = column.field.as_ref().and_then(|f| register.field(f)) else {
                continue;
            };
            let cell = match cell {
                Data::Empty => Cell::Empty,
                Data::Int(n) => Cell::Number(n.to_string().parse().unwrap()),
                Data::Float(n) => Cell::Number(*n),
                other => Cell::Text(other.to_string()),
            };
            let context = ColumnContext {
                money_unit: column.money_unit,
            };
            match field.read(catalogue(), &cell, &context) {
                Reading::Value(Value::Text(value), _)
                    if register.keys.amount.as_ref() == Some(&field.key) =>
                {
                    sum += value.parse::<f64>().unwrap();
                }
                Reading::Value(..) | Reading::Blank(_) => {}
                other => panic!("{file} {} {cell:?}: {other:?}", field.label),
            }
        }
    }
    (count, sum)
}

#[test]
fn the_demo_workbooks_hold_what_their_truth_says() {
    let truth = include_str!("../../../demo/truth.json");
    let truth: serde_json::Value = serde_json::from_str(truth).unwrap();
    for (file, sheet, register, header, last) in [
        (
            "市直部门信息系统清单.xlsx",
            0,
            "information_system",
            vec![3, 4],
            65,
        ),
        ("项目申报汇总.xls", 0, "project", vec![1], 32),
    ] {
        let (count, sum) = read_sheet(file, sheet, register, &header, last);
        assert_eq!(truth[file]["records"], count);
        let wanted = truth[file]["total_wan"].as_f64().unwrap();
        assert!((sum - wanted).abs() < 0.005, "{file} {sum} {wanted}");
    }
    let file = "政务数据资源目录.xlsx";
    let sheets = &truth[file]["sheets"];
    let (datasets, _) = read_sheet(file, 0, "dataset", &[1], 32);
    assert_eq!(sheets["数据资源目录"], datasets);
    let (items, _) = read_sheet(file, 1, "data_item", &[0], 172);
    assert_eq!(sheets["信息项"], items);
}
