//! What a row means: blank and cleared cells, merged cells, references, mappings, columns nobody knows.

use one_ledger::intake::mapping::MapFile;
use one_ledger::intake::run::{Mode, Request};
use one_ledger::register::value::Value;

use crate::app::draw::Book;
use crate::app::{Ledger, on_both_settled};

const HEADER: &str = "系统编码 | 系统名称 | 主管单位 | 主要功能 | 建设资金（万元）";

fn text(ledger: &Ledger, code: &str, key: &str) -> Option<String> {
    let snapshot = ledger.snapshot();
    match snapshot.document("information_system", code).get(key) {
        Some(Value::Text(text)) => Some(text.clone()),
        None => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_blank_cell_keeps_and_a_cleared_one_clears() {
    on_both_settled(|ledger| {
        ledger.import_whole(&ledger.draw(
            "1.xlsx",
            &[HEADER, "A-1 | 甲系统 | 示例市教育局 | 学籍 | 120"],
        ));
        let kept = ledger
            .import_whole(&ledger.draw("2.xlsx", &[HEADER, "A-1 | 甲系统 | 示例市教育局 | | 150"]));
        assert_eq!(kept.rows().changed, 1);
        let cell = &kept.changes[0].cells[0];
        assert_eq!(
            (cell.column.as_str(), cell.old.as_str(), cell.new.as_str()),
            ("E", "120", "150")
        );
        assert_eq!(
            text(ledger, "A-1", "main_function").as_deref(),
            Some("学籍")
        );
        ledger.import_whole(&ledger.draw(
            "3.xlsx",
            &[HEADER, "A-1 | 甲系统 | 示例市教育局 | [清空] |"],
        ));
        assert_eq!(text(ledger, "A-1", "main_function"), None);
        let name =
            ledger.import(&ledger.draw("4.xlsx", &[HEADER, "A-1 | [清空] | 示例市教育局 | |"]));
        assert_eq!(
            (name.applied, name.problems[0].code.as_str()),
            (false, "required")
        );
    });
}

#[test]
fn a_merged_department_belongs_to_all_its_rows() {
    on_both_settled(|ledger| {
        let file = ledger.file("merged.xlsx");
        Book::new()
            .sheet(
                "清单",
                &[
                    "主管单位 | 系统名称 | 主要功能",
                    " | 甲系统 | 学籍",
                    " | 乙系统 | 考试",
                    "示例市公安局 | 丙系统 | 户籍",
                ],
            )
            .merge((1, 0), (2, 0), "示例市教育局")
            .sheet(
                "旧表",
                &[
                    "主管单位 | 系统名称 | 主要功能",
                    "示例市公安局 | 丁系统 | 旧",
                ],
            )
            .hidden()
            .save(&file);
        let report = ledger.import_whole(&file);
        assert_eq!(report.rows().new, 3);
        assert!(
            report.sheets[1]
                .left_out
                .as_deref()
                .is_some_and(|why| why.contains("隐藏"))
        );
        let snapshot = ledger.snapshot();
        let owner = |name: &str| {
            let (_, document) = snapshot.named(name);
            document["owner_org"].clone()
        };
        assert_eq!(owner("甲系统"), owner("乙系统"));
        assert_ne!(owner("甲系统"), owner("丙系统"));
    });
}

#[test]
fn references_are_found_in_either_order_of_sheets_and_refused_with_what_needs_them() {
    on_both_settled(|ledger| {
        let items = [
            "信息资源代码 | 信息项名称 | 数据类型",
            "S-1 | 姓名 | 字符串型C",
            "S-1 | 学号 | 字符串型C",
        ];
        let sets = [
            "信息资源代码 | 信息资源名称 | 信息资源提供方 | 所属系统",
            "S-1 | 学籍信息 | 示例市教育局 | 甲系统",
        ];
        let systems = [
            "系统名称 | 主管单位 | 主要功能",
            "甲系统 | 示例市教育局 | 学籍",
        ];
        let file = ledger.file("backwards.xlsx");
        Book::new()
            .sheet("信息项", &items)
            .sheet("数据资源目录", &sets)
            .sheet("信息系统", &systems)
            .save(&file);
        assert_eq!(ledger.import_whole(&file).rows().new, 4);
        assert_eq!(ledger.relations_ever(), 3);
        let orphan = ledger.file("orphan.xlsx");
        let lost = [
            "信息资源代码 | 信息资源名称 | 信息资源提供方 | 所属系统",
            "S-2 | 考试信息 | 示例市教育局 | 乙系统",
        ];
        let needs = [
            "信息资源代码 | 信息项名称 | 数据类型",
            "S-2 | 分数 | 数值型N",
            "S-1 | 班级 | 字符串型C",
        ];
        Book::new()
            .sheet("数据资源目录", &lost)
            .sheet("信息项", &needs)
            .save(&orphan);
        let refused = ledger.import(&orphan);
        assert!(!refused.applied);
        assert_eq!(refused.rows().refused, 2, "{:#?}", refused.problems);
        assert!(
            refused
                .problems
                .iter()
                .any(|p| p.suggestion.contains("甲系统")),
            "{:#?}",
            refused.problems
        );
        assert_eq!(ledger.partial(&orphan).rows().new, 1);
    });
}

#[test]
fn a_code_belongs_to_its_department() {
    on_both_settled(|ledger| {
        ledger.import_whole(
            &ledger.draw("1.xlsx", &[HEADER, "A-1 | 甲系统 | 示例市教育局 | 学籍 |"]),
        );
        let other = ledger.import(&ledger.draw(
            "2.xlsx",
            &[HEADER, "A-1 | 户籍系统 | 示例市公安局 | 户籍 |"],
        ));
        assert_eq!(other.problems[0].code, "code_of_other");
        let moved =
            ledger.import_whole(&ledger.draw("3.xlsx", &[HEADER, "A-1 | 甲系统 | 市公安局 | |"]));
        assert_eq!(moved.changes[0].cells[0].new, "示例市公安局");
        let twice = ledger.import(&ledger.draw(
            "4.xlsx",
            &[HEADER, "A-1 | 甲系统 | | |", "A-1 | 甲系统 | | |"],
        ));
        assert_eq!(twice.problems[0].code, "duplicate_row");
    });
}

#[test]
fn a_mapping_is_remembered_and_nothing_is_dropped_in_silence() {
    on_both_settled(|ledger| {
        let lines = [
            "填报单位：示例市教育局",
            "名字 | 用途 | 花费（元） | 登录密码 | 颜色",
            "甲系统 | 学籍 | 1200000 | abc | 蓝",
        ];
        let file = ledger.draw("odd.xlsx", &lines);
        let map: MapFile = serde_json::from_str(
            r#"{"register": "information_system", "header_row": 2,
                "columns": {"名字": "system_name", "用途": "main_function", "花费": "budget_amount"}}"#,
        )
        .unwrap();
        let request = Request {
            map: Some(map),
            department: Some("示例市教育局".to_owned()),
            ..Ledger::request(&file, Mode::Whole)
        };
        let done = ledger.run(&request).unwrap().report;
        assert!(done.applied, "{:#?}", done.problems);
        let snapshot = ledger.snapshot();
        let (_, document) = snapshot.named("甲系统");
        assert_eq!(document["budget_amount"], Value::Text("120".to_owned()));
        assert_eq!(document["列:颜色"], Value::Text("蓝".to_owned()));
        assert!(
            !format!("{document:?}").contains("abc"),
            "a password was kept"
        );
        let out = ledger.export("out.xlsx", &["--register", "information_system"]);
        let same = ledger.import_whole(&out);
        assert_eq!((same.rows().same, same.rows().changed), (1, 0));
        assert!(
            same.sheets[0]
                .columns
                .iter()
                .any(|c| c.header == "颜色" && c.field.is_none())
        );
    });
}
