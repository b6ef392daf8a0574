//! Headers as offices build them.

use super::*;
use crate::sheet::cell::{Cell, Row, Shown};

fn sheet(rows: &[(u32, &[&str])], merges: &[(u32, u32, u16, u16)]) -> SheetHead {
    let cell = |text: &&str| {
        if text.is_empty() {
            Cell::Empty
        } else {
            Cell::Text((*text).to_owned())
        }
    };
    SheetHead {
        index: 0,
        name: "清单".to_owned(),
        shown: Shown::Visible,
        merges: merges
            .iter()
            .map(|&(top, bottom, left, right)| Merge {
                top,
                bottom,
                left,
                right,
            })
            .collect(),
        hidden_rows: 0,
        head: rows
            .iter()
            .map(|(number, cells)| Row {
                number: *number,
                cells: cells.iter().map(cell).collect(),
            })
            .collect(),
    }
}

fn known() -> HashSet<String> {
    [
        "系统名称",
        "主管部门",
        "建设资金",
        "上线时间",
        "运行状态",
        "联系人",
        "联系电话",
        "年度预算",
    ]
    .map(str::to_owned)
    .into()
}

/// `rows header_row+header_rows`, then each column's name.
fn found(head: &SheetHead) -> (u32, u32, Vec<String>) {
    let located = locate(head, &known()).unwrap();
    assert_eq!(
        located.first_data_row,
        located.header_row + located.header_rows
    );
    (
        located.header_row,
        located.header_rows,
        located.columns.iter().map(Column::name).collect(),
    )
}

#[test]
fn a_plain_header_in_the_first_row() {
    let head = sheet(
        &[
            (1, &["序号", "系统名称", "主管部门", "联系人"]),
            (2, &["1", "甲", "乙", "丙"]),
        ],
        &[],
    );
    assert_eq!(
        found(&head),
        (
            1,
            1,
            ["序号", "系统名称", "主管部门", "联系人"]
                .map(str::to_owned)
                .to_vec()
        )
    );
}

#[test]
fn groups_merged_over_two_and_three_rows() {
    let head = sheet(
        &[
            (1, &["政务信息系统清单"]),
            (3, &["序号", "基本情况", "", "建设情况", "", ""]),
            (4, &["", "系统名称", "主管部门", "资金", "", "上线时间"]),
            (5, &["", "", "", "建设资金\n（万元）", "年度预算", ""]),
            (6, &["1", "甲", "乙", "1", "2", "2024"]),
        ],
        &[
            (1, 1, 0, 5),
            (3, 5, 0, 0),
            (3, 3, 1, 2),
            (3, 3, 3, 5),
            (4, 5, 1, 1),
            (4, 5, 2, 2),
            (4, 4, 3, 4),
            (4, 5, 5, 5),
        ],
    );
    let expected = [
        "序号",
        "基本情况/系统名称",
        "基本情况/主管部门",
        "建设情况/资金/建设资金 (万元)",
        "建设情况/资金/年度预算",
        "建设情况/上线时间",
    ];
    assert_eq!(found(&head), (3, 3, expected.map(str::to_owned).to_vec()));
    assert_eq!(
        locate(&head, &known()).unwrap().info.title.as_deref(),
        Some("政务信息系统清单")
    );
}

#[test]
fn groups_without_merging_as_in_separated_text() {
    let head = sheet(
        &[
            (1, &["序号", "系统名称", "建设情况", "", "", "联系方式", ""]),
            (
                2,
                &[
                    "",
                    "",
                    "建设资金",
                    "上线时间",
                    "运行状态",
                    "联系人",
                    "联系电话",
                ],
            ),
            (3, &["1", "甲", "1", "2024", "在用", "乙", "1"]),
        ],
        &[],
    );
    let expected = [
        "序号",
        "系统名称",
        "建设情况/建设资金",
        "建设情况/上线时间",
        "建设情况/运行状态",
        "联系方式/联系人",
        "联系方式/联系电话",
    ];
    assert_eq!(found(&head), (1, 2, expected.map(str::to_owned).to_vec()));
}

#[test]
fn particulars_in_separate_cells_are_no_header() {
    let head = sheet(
        &[
            (1, &["附件2"]),
            (2, &["2026年信息系统清单", "", "", ""]),
            (
                3,
                &[
                    "填报单位：",
                    "市医保局",
                    "联系人",
                    "张三",
                    "联系电话",
                    "123",
                ],
            ),
            (4, &["系统名称", "主管部门", "联系人", "联系电话"]),
            (5, &["甲", "乙", "丙", "1"]),
        ],
        &[(2, 2, 0, 3)],
    );
    assert_eq!(found(&head).0, 4);
    let info = locate(&head, &known()).unwrap().info;
    assert_eq!(info.title.as_deref(), Some("2026年信息系统清单"));
    assert_eq!(info.department.as_deref(), Some("市医保局"));
    let pairs: Vec<(&str, &str)> = info
        .pairs
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    assert_eq!(
        pairs,
        [
            ("填报单位", "市医保局"),
            ("联系人", "张三"),
            ("联系电话", "123")
        ]
    );
}

#[test]
fn lines_above_the_header_are_no_groups() {
    let header: &[&str] = &["序号", "系统名称", "主管部门", "联系人", "联系电话"];
    for (line, merges) in [
        (&["市直部门系统清单"][..], vec![(1, 1, 0, 3)]),
        (&["市大数据局", "", "", "2026年3月"], vec![]),
        (
            &["市大数据局", "", "", "2026年3月"],
            vec![(1, 1, 0, 2), (1, 1, 3, 4)],
        ),
        (&["", "", "", "单位：万元"], vec![(1, 1, 3, 4)]),
    ] {
        let head = sheet(
            &[(1, line), (2, header), (3, &["1", "a", "b", "c", "1"])],
            &merges,
        );
        assert_eq!((found(&head).0, found(&head).1), (2, 1), "{line:?}");
    }
    let head = sheet(
        &[
            (1, &["", "", "", "联系方式"]),
            (2, header),
            (3, &["1", "a", "b", "c", "1"]),
        ],
        &[(1, 1, 3, 4)],
    );
    assert_eq!(
        found(&head).2[3..],
        ["联系方式/联系人", "联系方式/联系电话"].map(str::to_owned)
    );
}

#[test]
fn a_unit_that_is_no_money_names_the_department() {
    let rows: [(u32, &[&str]); 2] = [
        (1, &["单位：市教育局", "", "金额单位：元"]),
        (2, &["系统名称", "主管部门", "联系人"]),
    ];
    let info = locate(&sheet(&rows, &[]), &known()).unwrap().info;
    assert_eq!(
        (info.department.as_deref(), info.money_unit_text.as_deref()),
        (Some("市教育局"), Some("元"))
    );
}

#[test]
fn columns_without_a_header_are_kept_when_they_hold_data() {
    let head = sheet(
        &[
            (1, &["系统名称", "", "主管部门", "", "联系人"]),
            (2, &["甲", "x", "乙", "", "丙", "y"]),
        ],
        &[],
    );
    assert_eq!(
        found(&head).2,
        ["系统名称", "第B列", "主管部门", "联系人", "第F列"]
            .map(str::to_owned)
            .to_vec()
    );
}

#[test]
fn the_first_of_repeated_headers_counts() {
    let header: &[&str] = &["系统名称", "主管部门", "联系人"];
    let head = sheet(&[(2, header), (3, &["甲", "乙", "丙"]), (4, header)], &[]);
    assert_eq!(found(&head).0, 2);
}

#[test]
fn a_department_merged_below_the_header_is_data() {
    let head = sheet(
        &[
            (1, &["主管部门", "系统名称", "联系人"]),
            (2, &["甲局", "a", "b"]),
            (3, &["", "c", "d"]),
        ],
        &[(2, 3, 0, 0)],
    );
    assert_eq!((found(&head).0, found(&head).1), (1, 1));
}

#[test]
fn what_was_seen_is_said_when_nothing_fits() {
    let head = sheet(
        &[
            (1, &["Name", "Owner"]),
            (2, &["系统名称", "x", "y", "联系人"]),
        ],
        &[],
    );
    let fault = locate(&head, &known()).unwrap_err();
    assert_eq!(
        (fault.code.as_str(), fault.best_row),
        ("no_header", Some(2))
    );
    assert!(
        fault.message.contains("第 2 行") && fault.message.contains("系统名称、联系人"),
        "{fault}"
    );
    assert!(
        locate(&sheet(&[], &[]), &known())
            .unwrap_err()
            .message
            .contains("空的")
    );
}

#[test]
fn a_header_may_be_pointed_at() {
    let head = sheet(&[(2, &["Name", "Owner", ""]), (3, &["a", "b", "c"])], &[]);
    let located = locate_at(&head, 2).unwrap();
    assert_eq!(
        (
            located.header_row,
            located.header_rows,
            located.first_data_row
        ),
        (2, 1, 3)
    );
    assert_eq!(
        located.columns.iter().map(Column::name).collect::<Vec<_>>(),
        ["Name", "Owner", "第C列"]
    );
    assert_eq!(locate_at(&head, 1).unwrap_err().code, "no_header");
}
