//! Workbooks as departments fill them, read through the child process.

use one_ledger::register::words;
use one_ledger::sheet::cell::{Cell, Row};
use one_ledger::sheet::fault::SheetFault;
use one_ledger::sheet::locate::{Located, locate};
use one_ledger::sheet::rows::{RowCounts, RowKind, RowSorter};
use one_ledger::sheet::workbook::{Event, Format, Parser, Workbook};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

fn parser() -> Parser {
    Parser::new(env!("CARGO_BIN_EXE_one-ledger"))
}

fn demo(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("demo")
        .join(name)
}

/// Header words a register would know.
fn known() -> HashSet<String> {
    const WORDS: [&str; 42] = [
        "主管部门",
        "系统名称",
        "主要功能",
        "功能简介",
        "上线时间",
        "启用时间",
        "建设资金",
        "承载网络",
        "部署位置",
        "部署环境",
        "等保定级",
        "等级保护级别",
        "用户数",
        "系统状态",
        "运行状态",
        "联系人",
        "联系电话",
        "信息资源名称",
        "信息资源代码",
        "信息资源提供方",
        "信息资源摘要",
        "信息资源格式",
        "共享类型",
        "共享条件",
        "更新周期",
        "是否向社会开放",
        "信息项名称",
        "数据类型",
        "数据长度",
        "项目名称",
        "申报单位",
        "建设单位",
        "申报年度",
        "建设内容",
        "总投资",
        "资金来源",
        "项目类型",
        "项目阶段",
        "申报资金",
        "项目负责人",
        "建设周期",
        "项目状态",
    ];
    WORDS.iter().map(|word| words::header(word).key).collect()
}

struct Table {
    located: Located,
    data: Vec<Row>,
    counts: RowCounts,
}

fn table(workbook: Workbook, sheet: usize) -> Table {
    let head = workbook.sheets()[sheet].clone();
    let located =
        locate(&head, &known()).unwrap_or_else(|fault| panic!("{fault}: {:?}", head.head));
    let mut sorter = RowSorter::new(&head, &located);
    let mut data = Vec::new();
    let mut ended = false;
    for event in workbook.stream(&[sheet]).unwrap() {
        match event.unwrap() {
            Event::Sheet(index) => assert_eq!(index, sheet),
            Event::Row(row) => {
                let sorted = sorter.sort(row);
                if sorted.kind == RowKind::Data {
                    data.push(sorted.row);
                }
            }
            Event::End => ended = true,
        }
    }
    assert!(ended);
    Table {
        located,
        data,
        counts: sorter.counts(),
    }
}

fn text(row: &Row, column: usize) -> String {
    row.cells.get(column).map(Cell::text).unwrap_or_default()
}

#[test]
fn the_inventory_with_titles_and_a_two_row_header() {
    let workbook = parser().open(&demo("市直部门信息系统清单.xlsx")).unwrap();
    assert_eq!(workbook.format(), Format::Xlsx);
    let table = table(workbook, 0);
    let located = &table.located;
    assert_eq!(
        (
            located.header_row,
            located.header_rows,
            located.first_data_row
        ),
        (4, 2, 6)
    );
    let paths: Vec<String> = located.columns.iter().map(|c| c.path.join("/")).collect();
    let expected = [
        "序号",
        "主管部门",
        "*系统名称",
        "用户数",
        "联系方式/联系人",
        "建设情况/建设资金(万元)",
        "运行状态",
        "部署与安全/等级保护级别",
        "部署与安全/承载网络",
        "功能简介",
        "部署与安全/部署环境",
        "建设情况/启用时间",
        "联系方式/联系电话",
    ];
    assert_eq!(paths, expected);
    assert_eq!(
        located.info.title.as_deref(),
        Some("示例市市直部门政务信息系统清单")
    );
    assert_eq!(located.info.department.as_deref(), Some("示例市大数据局"));
    assert_eq!(located.info.money_unit_text.as_deref(), Some("万元"));
    let expected = RowCounts {
        data: 60,
        blank: 0,
        total: 1,
        note: 1,
        ..RowCounts::default()
    };
    assert_eq!(table.counts, expected);
    let names: Vec<String> = table.data.iter().take(5).map(|row| text(row, 2)).collect();
    assert_eq!(
        names[..2],
        ["示例市教育局学籍综合服务平台", "示例市教育学籍业务系统"]
    );
    let departments: HashSet<String> = table.data.iter().map(|row| text(row, 1)).collect();
    assert_eq!(departments.len(), 15);
    assert!(!departments.contains(""));
}

#[test]
fn the_inventory_as_gbk_text() {
    let workbook = parser().open(&demo("信息系统清单_GBK.csv")).unwrap();
    assert_eq!(workbook.format(), Format::Csv);
    assert_eq!(workbook.sheets()[0].name, "信息系统清单_GBK");
    assert!(workbook.notes()[0].message.contains("GBK"));
    let table = table(workbook, 0);
    assert_eq!(
        (table.located.header_row, table.located.first_data_row),
        (1, 2)
    );
    assert_eq!(table.counts.data, 60);
}

#[test]
fn the_catalogue_with_two_sheets() {
    let path = demo("政务数据资源目录.xlsx");
    for (sheet, header, records) in [(0, 2, 30), (1, 1, 171)] {
        let table = table(parser().open(&path).unwrap(), sheet);
        assert_eq!(
            (table.located.header_row, table.located.header_rows),
            (header, 1)
        );
        assert_eq!(table.counts.data, records);
    }
}

#[test]
fn the_projects_in_an_old_workbook() {
    let workbook = parser().open(&demo("项目申报汇总.xls")).unwrap();
    assert_eq!(workbook.format(), Format::Xls);
    let table = table(workbook, 0);
    assert_eq!(
        (table.located.header_row, table.located.header_rows),
        (2, 1)
    );
    assert_eq!(table.counts.data, 30);
}

#[test]
fn sheets_stream_in_the_order_asked_for() {
    let workbook = parser().open(&demo("政务数据资源目录.xlsx")).unwrap();
    let order: Vec<usize> = workbook
        .stream(&[1, 0, 1])
        .unwrap()
        .map(Result::unwrap)
        .filter_map(|event| {
            if let Event::Sheet(index) = event {
                Some(index)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(order, [1, 0, 1]);
    let fault: SheetFault = parser()
        .open(&demo("政务数据资源目录.xlsx"))
        .unwrap()
        .stream(&[2])
        .unwrap_err();
    assert_eq!(fault.code, "no_such_sheet");
}

#[test]
fn rows_may_travel_to_another_thread() {
    let rows = parser()
        .open(&demo("政务数据资源目录.xlsx"))
        .unwrap()
        .stream(&[1])
        .unwrap();
    let events = std::thread::spawn(move || rows.map(Result::unwrap).count())
        .join()
        .unwrap();
    assert_eq!(events, 172 + 2);
}
