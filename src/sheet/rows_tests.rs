//! Rows of all kinds, and merged areas.

use super::*;
use crate::sheet::cell::Shown;
use crate::sheet::locate::locate;

fn text(t: &str) -> Cell {
    if t.is_empty() {
        Cell::Empty
    } else {
        t.parse()
            .map_or_else(|_| Cell::Text(t.to_owned()), Cell::Number)
    }
}

fn row(number: u32, cells: &[&str]) -> Row {
    Row {
        number,
        cells: cells.iter().map(|t| text(t)).collect(),
    }
}

fn sorter(merges: Vec<Merge>) -> RowSorter {
    let head = SheetHead {
        index: 0,
        name: "表".to_owned(),
        shown: Shown::Visible,
        merges,
        hidden_rows: 0,
        head: vec![row(
            1,
            &[
                "序号",
                "*主管部门",
                "系统名称",
                "建设资金\n（万元）",
                "联系人",
            ],
        )],
    };
    let known = ["主管部门", "系统名称", "建设资金", "联系人"]
        .map(str::to_owned)
        .into();
    let located = locate(&head, &known).unwrap();
    RowSorter::new(&head, &located)
}

fn kind(cells: &[&str]) -> RowKind {
    sorter(Vec::new()).sort(row(2, cells)).kind
}

#[test]
fn totals_are_told_from_names_that_contain_the_word() {
    assert_eq!(kind(&["合  计", "", "", "12.5"]), RowKind::Total);
    assert_eq!(kind(&["", "小计：", "3个", "12.5"]), RowKind::Total);
    assert_eq!(kind(&["教育局小计", "", "", "12.5"]), RowKind::Total);
    assert_eq!(kind(&["61", "总计（万元）", "", "12.5"]), RowKind::Total);
    assert_eq!(
        kind(&["1", "市审计局", "工程合计管理系统", "12.5"]),
        RowKind::Data
    );
    assert_eq!(kind(&["", "", "预算合计", "12.5", "张三"]), RowKind::Data);
    assert_eq!(
        kind(&["1", "市财政局", "合计", "12.5", "张三"]),
        RowKind::Data
    );
}

#[test]
fn numbers_written_as_text_do_not_hide_a_total() {
    let words = ["61", "合计", "", "12.5"].map(|t| Cell::Text(t.to_owned()));
    let total = sorter(Vec::new()).sort(Row {
        number: 2,
        cells: words.to_vec(),
    });
    assert_eq!(total.kind, RowKind::Total);
    let words = ["61", "2", "3.5"].map(|t| Cell::Text(t.to_owned()));
    let data = sorter(Vec::new()).sort(Row {
        number: 2,
        cells: words.to_vec(),
    });
    assert_eq!(data.kind, RowKind::Data);
}

#[test]
fn notes_examples_and_repeated_headers_are_no_records() {
    assert_eq!(kind(&["填表说明：1.名称填全称"]), RowKind::Note);
    assert_eq!(kind(&["注：单位万元"]), RowKind::Note);
    assert_eq!(kind(&["填表人：张三  审核人：李四"]), RowKind::Note);
    assert_eq!(
        kind(&["示例", "某局", "某系统", "1", "某人"]),
        RowKind::Example
    );
    assert_eq!(
        kind(&["1（模板数据，请删除后使用）", "某局"]),
        RowKind::Example
    );
    assert_eq!(kind(&["", "例：某局", "某系统"]), RowKind::Example);
    assert_eq!(
        kind(&["1", "示例市教育局", "示例市学籍系统", "1", "张三"]),
        RowKind::Data
    );
    assert_eq!(
        kind(&["序号", "主管部门", "系统名称", "建设资金（万元）", "联系人"]),
        RowKind::RepeatedHeader
    );
    assert_eq!(
        kind(&["1", "主管部门", "系统管理平台", "1", "张三"]),
        RowKind::Data
    );
    assert_eq!(kind(&[" ", "", "\u{3000}"]), RowKind::Blank);
}

#[test]
fn column_numbers_below_the_header_are_no_record() {
    assert_eq!(kind(&["1", "2", "3", "4", "5"]), RowKind::RepeatedHeader);
    assert_eq!(kind(&["（1）", "②", "3", "４"]), RowKind::RepeatedHeader);
    assert_eq!(kind(&["1", "2", "4", "8"]), RowKind::Data);
    let mut sorter = sorter(Vec::new());
    sorter.sort(row(2, &["1", "甲局", "甲系统", "1"]));
    let later = sorter.sort(row(3, &["1", "2", "3", "4"]));
    assert_eq!(later.kind, RowKind::Data);
}

#[test]
fn notes_go_on_until_the_table_does() {
    let mut sorter = sorter(Vec::new());
    let mut kinds = Vec::new();
    for (number, cells) in [
        (2, &["1", "甲局", "甲系统", "1"][..]),
        (4, &["2", "乙局", "乙系统", "1"]),
        (6, &["说明："]),
        (7, &["1.名称填全称"]),
        (8, &["3", "丙局", "丙系统", "1"]),
        (10, &["合计", "", "", "3"]),
        (15, &["填表人：张三"]),
    ] {
        kinds.push(sorter.sort(row(number, cells)).kind);
    }
    use RowKind::{Data, Note, Total};
    assert_eq!(kinds, [Data, Data, Note, Note, Data, Total, Note]);
    let expected = RowCounts {
        data: 3,
        blank: 3,
        total: 1,
        note: 3,
        example: 0,
        repeated_header: 0,
    };
    assert_eq!(sorter.counts(), expected);
}

#[test]
fn merged_areas_are_filled_as_excel_shows_them() {
    let down = Merge {
        top: 2,
        bottom: 4,
        left: 1,
        right: 1,
    };
    let block = Merge {
        top: 4,
        bottom: 5,
        left: 3,
        right: 4,
    };
    let across = Merge {
        top: 6,
        bottom: 6,
        left: 0,
        right: 4,
    };
    let mut sorter = sorter(vec![block, down, across]);
    let first = sorter.sort(row(2, &["1", "甲局", "a"]));
    assert!(first.filled.is_empty());
    let second = sorter.sort(row(3, &["2", "", "b"]));
    assert_eq!(second.row, row(3, &["2", "甲局", "b"]));
    assert_eq!(second.filled, [1]);
    let third = sorter.sort(row(4, &["3", "", "c", "9"]));
    assert_eq!(third.row, row(4, &["3", "甲局", "c", "9", "9"]));
    let fourth = sorter.sort(row(5, &["4", "乙局", "d"]));
    assert_eq!(fourth.row, row(5, &["4", "乙局", "d", "9", "9"]));
    assert_eq!(fourth.filled, [3, 4]);
    assert_eq!(sorter.sort(row(6, &["一、县区部门"])).kind, RowKind::Note);
    assert_eq!(
        sorter.sort(row(7, &["5", "", "e"])).row,
        row(7, &["5", "", "e"])
    );
}

#[test]
fn a_hundred_thousand_overlapping_areas_cost_no_more() {
    let merges = (0..100_000)
        .map(|n| Merge {
            top: 2 + n,
            bottom: 1_000_000,
            left: 1,
            right: 3,
        })
        .collect();
    let mut sorter = sorter(merges);
    for number in 2..100_002 {
        let sorted = sorter.sort(row(number, &["1", "甲局", "a"]));
        assert_eq!(sorted.row.cells.len(), 4);
    }
}
