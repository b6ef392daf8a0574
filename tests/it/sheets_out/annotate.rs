//! annotate, read back.

use calamine::DataType;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use one_ledger::sheet::annotate::{
    Annotated, Annotation, CellAnnotation, ChildLimits, Mark, Original, Outcome, RowAnnotation,
    SheetAnnotation, SourceRows, annotate, rewrite, run_in_child,
};
use one_ledger::sheet::cell::{Cell, Merge, Row, SheetHead, Shown};
use one_ledger::sheet::{REMARK_HEADER, RESULT_HEADER, TOTALS_SHEET};
use rust_xlsxwriter::{Color, Format, Note, Workbook};
use umya_spreadsheet::SheetStateValues;

use super::helpers::{all_sheets_xml, part, sheet, sheet_names, text};

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_one-ledger"))
}

/// A department's file: merged title, header in row 2, formats, notes, a hidden sheet, a print area.
fn users_file(path: &Path, macros: Option<&Path>) {
    let mut workbook = Workbook::new();
    if let Some(macros) = macros {
        workbook.add_vba_project(macros).unwrap();
    }
    let other = workbook.add_worksheet();
    other.set_name("说明").unwrap();
    other.write_string(0, 0, "请如实填写").unwrap();
    other.insert_note(0, 0, &Note::new("旁注")).unwrap();
    let list = workbook.add_worksheet();
    list.set_name("系统清单").unwrap();
    let bold = Format::new()
        .set_bold()
        .set_background_color(Color::RGB(0x00DD_DDDD));
    list.merge_range(0, 0, 0, 2, "信息系统清单", &bold).unwrap();
    for (col, head) in (0_u16..).zip(["系统名称", "建设资金", "备注"]) {
        list.write_string_with_format(1, col, head, &bold).unwrap();
    }
    let money = Format::new()
        .set_num_format("#,##0.00")
        .set_font_color(Color::Red);
    for row in 2..5_u32 {
        list.write_string(row, 0, format!("系统{row}")).unwrap();
        list.write_number_with_format(row, 1, f64::from(row) * 10.5, &money)
            .unwrap();
    }
    list.insert_note(2, 0, &Note::new("用户的批注")).unwrap();
    list.set_print_area(0, 0, 4, 2).unwrap();
    list.autofilter(1, 0, 4, 2).unwrap();
    list.set_freeze_panes(2, 0).unwrap();
    list.set_active(true);
    let hidden = workbook.add_worksheet();
    hidden.set_name("字典").unwrap().set_hidden(true);
    hidden.write_string(0, 0, "是").unwrap();
    workbook.save(path).unwrap();
}

fn row(outcome: Outcome, text: &str, cells: &[(u16, Mark, &str)]) -> RowAnnotation {
    RowAnnotation {
        outcome,
        text: text.to_owned(),
        cells: cells
            .iter()
            .map(|(column, kind, text)| CellAnnotation {
                column: *column,
                kind: *kind,
                text: (*text).to_owned(),
            })
            .collect(),
    }
}

fn annotation() -> Annotation {
    Annotation {
        totals: vec![("新增".into(), "1".into()), ("不通过".into(), "1".into())],
        sheets: vec![SheetAnnotation {
            index: 1,
            name: "系统清单".into(),
            header_row: 2,
            last_column: 2,
            rows: BTreeMap::from([
                (3, row(Outcome::New, "", &[(0, Mark::Warning, "名称相近")])),
                (
                    4,
                    row(
                        Outcome::Refused,
                        "建设资金无法识别",
                        &[(1, Mark::Problem, "请写数字")],
                    ),
                ),
                (5, row(Outcome::Same, "", &[])),
            ]),
        }],
    }
}

fn check_marked(out: &Path) {
    assert_eq!(sheet_names(out), [TOTALS_SHEET, "说明", "系统清单", "字典"]);
    let list = sheet(out, "系统清单");
    assert_eq!(text(&list, 1, 3), RESULT_HEADER);
    assert_eq!(text(&list, 1, 4), REMARK_HEADER);
    assert_eq!(text(&list, 2, 3), "新增");
    assert_eq!(text(&list, 3, 3), "不通过");
    assert_eq!(text(&list, 3, 4), "建设资金无法识别");
    assert_eq!(text(&list, 4, 3), "一致");
    assert_eq!(text(&list, 3, 1), "31.5");
    assert_eq!(list.width(), 5);
    assert!(!all_sheets_xml(out).contains("<f>"));
}

#[test]
fn the_users_own_file_keeps_its_looks() {
    let dir = tempfile::tempdir().unwrap();
    let (file, out) = (dir.path().join("u.xlsx"), dir.path().join("o.xlsx"));
    users_file(&file, None);
    let done = run_in_child(
        &program(),
        &file,
        &annotation(),
        &out,
        ChildLimits::default(),
    );
    assert_eq!(done.unwrap(), Annotated::OwnFile { macros: false });
    check_marked(&out);

    let book = umya_spreadsheet::reader::xlsx::read(&out).unwrap();
    let list = book.sheet_by_name("系统清单").unwrap();
    let merges: Vec<String> = list
        .merge_cells()
        .iter()
        .map(umya_spreadsheet::Range::range)
        .collect();
    assert_eq!(merges, ["A1:C1"]);
    let fill = |at: (u32, u32)| list.style(at).background_color().map(|c| c.argb_str());
    assert_eq!(fill((2, 4)).as_deref(), Some("FFFFCFD3"));
    assert_eq!(fill((1, 3)).as_deref(), Some("FFFFE1B5"));
    assert_eq!(fill((1, 1)).as_deref(), Some("FFDDDDDD"));
    let style = list.style((2, 4));
    assert_eq!(style.number_format().unwrap().format_code(), "#,##0.00");
    assert_eq!(style.font().unwrap().color().argb_str(), "FFFF0000");
    let notes: Vec<(String, String)> = list
        .comments()
        .iter()
        .map(|c| (c.coordinate().to_string(), c.author().to_owned()))
        .collect();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(matches!(
        book.sheet_by_name("字典").unwrap().state(),
        SheetStateValues::Hidden
    ));
    // The names of a sheet moved with it; the sheet in front is the one shown.
    let workbook = part(&out, "xl/workbook.xml");
    assert!(workbook.contains("localSheetId=\"2\""), "{workbook}");
    assert!(!workbook.contains("localSheetId=\"1\""), "{workbook}");
    assert_eq!(all_sheets_xml(&out).matches("tabSelected=\"1\"").count(), 1);
}

#[test]
fn a_second_round_replaces_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let (file, once) = (dir.path().join("u.xlsx"), dir.path().join("1.xlsx"));
    let twice = dir.path().join("2.xlsx");
    users_file(&file, None);
    let limits = ChildLimits::default();
    run_in_child(&program(), &file, &annotation(), &once, limits).unwrap();
    // The sheet of totals is in front now, and somebody may count our columns as used.
    let mut again = annotation();
    again.sheets[0].index = 2;
    again.sheets[0].last_column = 4;
    again.sheets[0].rows = BTreeMap::from([(3, row(Outcome::Changed, "", &[]))]);
    run_in_child(&program(), &once, &again, &twice, limits).unwrap();

    assert_eq!(
        sheet_names(&twice),
        [TOTALS_SHEET, "说明", "系统清单", "字典"]
    );
    let list = sheet(&twice, "系统清单");
    assert_eq!(list.width(), 5);
    assert_eq!(text(&list, 2, 3), "变更");
    assert_eq!(text(&list, 3, 3), "");
    assert_eq!(text(&list, 3, 4), "");
    let book = umya_spreadsheet::reader::xlsx::read(&twice).unwrap();
    let list = book.sheet_by_name("系统清单").unwrap();
    assert!(list.style((2, 4)).background_color().is_none());
    assert_eq!(list.comments().len(), 1);
}

#[test]
fn macros_stay() {
    let dir = tempfile::tempdir().unwrap();
    let bin = dir.path().join("vbaProject.bin");
    fs::write(&bin, b"not really macros, but nobody looks inside").unwrap();
    let (file, out) = (dir.path().join("u.xlsm"), dir.path().join("o.xlsm"));
    users_file(&file, Some(&bin));
    let done = run_in_child(
        &program(),
        &file,
        &annotation(),
        &out,
        ChildLimits::default(),
    )
    .unwrap();
    assert_eq!(done, Annotated::OwnFile { macros: true });
    assert_eq!(done.extension(), "xlsm");
    assert_eq!(
        part(&out, "xl/vbaProject.bin"),
        fs::read_to_string(bin).unwrap()
    );
    check_marked(&out);
}

/// The rows of [`users_file`] as the parser gives them.
fn rows_read() -> (Vec<SheetHead>, Vec<(usize, Row)>) {
    let t = |text: &str| Cell::Text(text.to_owned());
    let list = vec![
        Row {
            number: 1,
            cells: vec![t("信息系统清单")],
        },
        Row {
            number: 2,
            cells: vec![t("系统名称"), t("建设资金"), t("备注")],
        },
        Row {
            number: 3,
            cells: vec![t("=系统2"), Cell::Number(21.0), Cell::Bool(true)],
        },
        Row {
            number: 4,
            cells: vec![t("系统3"), Cell::Number(31.5), Cell::Date(45_000.5)],
        },
        Row {
            number: 5,
            cells: vec![t("系统4"), Cell::NoValue, Cell::Error("#N/A".into())],
        },
    ];
    let merge = |top, bottom, left, right| Merge {
        top,
        bottom,
        left,
        right,
    };
    let head = |index, name: &str, shown, merges, head| SheetHead {
        index,
        name: String::from(name),
        shown,
        merges,
        hidden_rows: 0,
        head,
    };
    let merges = vec![
        merge(1, 1, 0, 2),
        merge(3, 4, 2, 2),
        // Overlapping, alone, and over the whole sheet: none of them may hurt.
        merge(4, 5, 2, 2),
        merge(5, 5, 0, 0),
        merge(6, 1_048_576, 0, 16_383),
    ];
    let heads = vec![
        head(0, "说明", Shown::Visible, vec![], vec![]),
        head(1, "系统清单", Shown::Visible, merges, list.clone()),
        head(2, "字典", Shown::Hidden, vec![], vec![]),
    ];
    let mut rows = vec![(
        0,
        Row {
            number: 1,
            cells: vec![t("请如实填写")],
        },
    )];
    rows.extend(list.into_iter().map(|row| (1, row)));
    (heads, rows)
}

fn source(rows: Vec<(usize, Row)>) -> SourceRows<'static> {
    Box::new(rows.into_iter().map(Ok))
}

#[test]
fn other_files_are_written_anew_with_values_and_merges() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("o.xlsx");
    let (heads, rows) = rows_read();
    rewrite(&heads, source(rows), &annotation(), &out).unwrap();
    check_marked(&out);

    let list = sheet(&out, "系统清单");
    assert_eq!(text(&list, 2, 0), "=系统2");
    assert!(list.get_value((3, 2)).unwrap().is_datetime());
    let book = umya_spreadsheet::reader::xlsx::read(&out).unwrap();
    let list = book.sheet_by_name("系统清单").unwrap();
    let merges: Vec<String> = list
        .merge_cells()
        .iter()
        .map(umya_spreadsheet::Range::range)
        .collect();
    assert_eq!(merges, ["A1:C1", "C3:C4"]);
    let fill = list.style((2, 4)).background_color().map(|c| c.argb_str());
    assert_eq!(fill.as_deref(), Some("FFFFCFD3"));
    assert_eq!(list.comments().len(), 2);
    assert!(matches!(
        book.sheet_by_name("字典").unwrap().state(),
        SheetStateValues::Hidden
    ));
}

#[test]
fn a_second_round_of_a_rewritten_file_reuses_our_columns() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("o.xlsx");
    let (mut heads, mut rows) = rows_read();
    for row in rows
        .iter_mut()
        .filter(|(sheet, row)| *sheet == 1 && row.number == 2)
    {
        row.1.cells.push(Cell::Text(RESULT_HEADER.into()));
        row.1.cells.push(Cell::Text(REMARK_HEADER.into()));
        heads[1].head[1] = row.1.clone();
    }
    for row in rows
        .iter_mut()
        .filter(|(sheet, row)| *sheet == 1 && row.number == 4)
    {
        row.1.cells.push(Cell::Text("旧的结果".into()));
    }
    let mut again = annotation();
    again.sheets[0].last_column = 4;
    rewrite(&heads, source(rows), &again, &out).unwrap();
    check_marked(&out);
}

#[test]
fn a_file_the_library_cannot_edit_is_written_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (file, out) = (dir.path().join("u.xlsx"), dir.path().join("o.xlsx"));
    fs::write(&file, b"PK\x03\x04 not a workbook").unwrap();
    let (heads, rows) = rows_read();
    let original = Original {
        path: &file,
        editable: true,
        rows: 5,
        heads: &heads,
        read: Box::new(|| Ok(source(rows))),
    };
    let done = annotate(&program(), original, &annotation(), &out).unwrap();
    assert_eq!(done, Annotated::Rewritten);
    check_marked(&out);
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        2,
        "nothing left behind"
    );
}

#[test]
fn a_child_out_of_memory_or_time_is_an_error_and_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let (file, out) = (dir.path().join("u.xlsx"), dir.path().join("o.xlsx"));
    users_file(&file, None);
    let hungry = ChildLimits {
        memory_bytes: 1 << 20,
        ..ChildLimits::default()
    };
    assert!(run_in_child(&program(), &file, &annotation(), &out, hungry).is_err());
    let late = ChildLimits {
        wall: std::time::Duration::ZERO,
        ..ChildLimits::default()
    };
    let error = run_in_child(&program(), &file, &annotation(), &out, late);
    // A very quick child may be done before the first look at the clock.
    assert_eq!(error.is_ok(), out.exists());
}
