//! What an import does with codes, names, departments, references, blanks and columns it does not know.

use std::collections::BTreeMap;

use one_ledger::error::Error;
use one_ledger::intake::mapping::MapFile;
use one_ledger::intake::report::{Problem, Report};
use one_ledger::intake::run::Mode;
use one_ledger::register::value::Value;

use crate::app::draw::{Book, cells};
use crate::app::{Ledger, ORGANISATION, on_both, on_both_settled, sample};

const SYSTEMS: &str = "系统编码 | 系统名称 | 主管单位 | 主要功能";

/// The only problem, by its code.
fn only<'r>(report: &'r Report, code: &str) -> &'r Problem {
    assert!(!report.applied);
    assert_eq!(report.problems.len(), 1, "{:#?}", report.problems);
    assert_eq!(report.problems[0].code, code, "{:#?}", report.problems);
    &report.problems[0]
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

#[test]
fn a_code_is_one_entry_and_stays_with_its_department() {
    on_both_settled(|ledger| {
        let first = ledger.draw("1.xlsx", &[SYSTEMS, "XT-A | 甲系统 | 示例市教育局 | 学籍"]);
        ledger.import_whole(&first);
        let twice = [
            SYSTEMS,
            "XT-B | 乙系统 | 示例市教育局 |",
            "XT-B | 丙系统 | 示例市教育局 |",
        ];
        only(
            &ledger.import(&ledger.draw("2.xlsx", &twice)),
            "duplicate_row",
        );
        let other = ledger.draw("3.xlsx", &[SYSTEMS, "XT-A | 户籍系统 | 示例市公安局 |"]);
        let report = ledger.import(&other);
        let problem = only(&report, "code_of_other");
        assert!(
            problem.message.contains("示例市教育局"),
            "{}",
            problem.message
        );
        // Under its code an entry may be called something else.
        let renamed = ledger.draw("4.xlsx", &[SYSTEMS, "XT-A | 新甲系统 | 示例市教育局 |"]);
        assert_eq!(ledger.import_whole(&renamed).rows().changed, 1);
        assert_eq!(ledger.snapshot().named("新甲系统").0, "XT-A");
    });
}

#[test]
fn an_ambiguous_name_is_refused_with_its_candidates() {
    on_both_settled(|ledger| {
        let two = [
            SYSTEMS,
            "XT-A | 甲系统 | 示例市教育局 |",
            "XT-B | 甲系统 | 示例市教育局 |",
        ];
        ledger.import_whole(&ledger.draw("1.xlsx", &two));
        let third = ledger.draw("2.xlsx", &[SYSTEMS, " | 甲系统 | 市教育局 | 学籍"]);
        let report = ledger.import(&third);
        let problem = only(&report, "ambiguous_entry");
        for code in ["XT-A", "XT-B"] {
            assert!(problem.suggestion.contains(code), "{}", problem.suggestion);
        }
        let project = [
            "项目名称 | 申报单位 | 关联系统 | 申报资金",
            "甲项目 | 示例市教育局 | 甲系统 | 10",
        ];
        let report = ledger.import(&ledger.draw("3.xlsx", &project));
        let problem = only(&report, "ambiguous_reference");
        assert_eq!((problem.row, problem.column.as_str()), (2, "C"));
        assert!(
            problem.suggestion.contains("XT-B"),
            "{}",
            problem.suggestion
        );
    });
}

#[test]
fn a_blank_keeps_and_the_word_for_it_clears() {
    on_both_settled(|ledger| {
        let said = |text: &str| {
            let row = format!("XT-A | 甲系统 | 示例市教育局 | {text}");
            ledger.import_whole(&ledger.draw("in.xlsx", &[SYSTEMS, &row]))
        };
        said("学籍");
        assert_eq!(said("").rows().same, 1);
        let field = "main_function";
        let holds = || ledger.snapshot().named("甲系统").1.get(field).cloned();
        assert_eq!(holds(), Some(text("学籍")));
        assert_eq!(said("[清空]").rows().changed, 1);
        assert_eq!(holds(), None);
        let name = ledger.draw("in.xlsx", &[SYSTEMS, "XT-A | [清空] | 示例市教育局 |"]);
        only(&ledger.import(&name), "required");
    });
}

#[test]
fn references_hold_in_either_order_of_sheets_and_in_circles() {
    let systems = "系统编码 | 系统名称 | 主管单位 | 关联项目";
    let projects = "项目编号 | 项目名称 | 申报单位 | 建设或升级的系统";
    let circle = [
        ("信息系统", [systems, " | 甲系统 | 示例市教育局 | 甲项目"]),
        ("项目", [projects, " | 甲项目 | 示例市教育局 | 甲系统"]),
    ];
    on_both_settled(|ledger| {
        let mut seen = Vec::new();
        for order in [[0, 1], [1, 0]] {
            let ledger = ledger.another();
            ledger.load_organisation(&sample(ORGANISATION));
            let file = ledger.file("both.xlsx");
            let book = order
                .iter()
                .fold(Book::new(), |b, at| b.sheet(circle[*at].0, &circle[*at].1));
            book.save(&file);
            assert_eq!(ledger.import_whole(&file).rows().new, 2);
            let snapshot = ledger.snapshot();
            assert_eq!(snapshot.relations.len(), 2);
            let names: Vec<_> = snapshot
                .relations
                .iter()
                .map(|(_, field, _)| field.clone())
                .collect();
            seen.push(names);
        }
        assert_eq!(seen[0], seen[1]);
    });
}

#[test]
fn what_leads_nowhere_is_refused_with_what_hangs_on_it() {
    on_both_settled(|ledger| {
        let file = ledger.file("in.xlsx");
        Book::new()
            .sheet(
                "信息系统",
                &[
                    "系统编码 | 系统名称 | 主管单位 | 关联项目",
                    "XT-A | 甲系统 | 示例市教育局 | 无此项目",
                    "XT-B | 乙系统 | 示例市教育局 |",
                ],
            )
            .sheet(
                "数据资源",
                &[
                    "信息资源代码 | 信息资源名称 | 信息资源提供方 | 来源系统",
                    "SJ-A | 甲数据 | 示例市教育局 | 甲系统",
                ],
            )
            .save(&file);
        let report = ledger.import(&file);
        assert!(!report.applied);
        assert_eq!(report.rows().refused, 2, "{:#?}", report.problems);
        assert!(
            report
                .problems
                .iter()
                .all(|p| p.code == "unknown_reference")
        );
        assert_eq!(ledger.partial(&file).rows().new, 1);
        assert_eq!(ledger.snapshot().named("乙系统").0, "XT-B");
    });
}

#[test]
fn a_department_is_known_by_each_of_its_names() {
    on_both_settled(|ledger| {
        let names = [
            "示例市教育局",
            "市教育局",
            "11370000000090018C",
            "SL001",
            " 示例市 教育局 ",
        ];
        let rows: Vec<String> = names
            .iter()
            .enumerate()
            .map(|(n, d)| format!(" | 系统{n} | {d} |"))
            .collect();
        let lines: Vec<&str> = std::iter::once(SYSTEMS)
            .chain(rows.iter().map(String::as_str))
            .collect();
        ledger.import_whole(&ledger.draw("in.xlsx", &lines));
        assert!(
            ledger
                .snapshot()
                .entries
                .values()
                .all(|(owner, _)| owner == "SL001")
        );
        let unknown = ledger.draw("2.xlsx", &[SYSTEMS, " | 新系统 | 示例市教育厅 |"]);
        let report = ledger.import(&unknown);
        let problem = only(&report, "unknown_department");
        assert_eq!((problem.row, problem.column.as_str()), (2, "C"));
        assert!(
            problem.suggestion.contains("示例市教育局"),
            "{}",
            problem.suggestion
        );
        // What the file calls it, explained once, is remembered.
        let mut request = Ledger::request(&unknown, Mode::Whole);
        request.maps = vec![MapFile {
            departments: BTreeMap::from([("示例市教育厅".to_owned(), "SL001".to_owned())]),
            ..MapFile::default()
        }];
        assert!(ledger.run(&request).unwrap().report.applied);
        let again = ledger.draw("3.xlsx", &[SYSTEMS, " | 又一系统 | 示例市教育厅 |"]);
        ledger.import_whole(&again);
        let nobody = ledger.draw("4.xlsx", &["系统名称 | 主要功能", "无主系统 | 学籍"]);
        let mut request = Ledger::request(&nobody, Mode::Whole);
        only(&ledger.import(&nobody), "missing_owner");
        request.department = Some("市公安局".to_owned());
        assert!(ledger.run(&request).unwrap().report.applied);
        request.department = Some("没有的局".to_owned());
        assert!(matches!(ledger.run(&request), Err(Error::Usage(_))));
    });
}

#[test]
fn departments_are_taken_from_the_file_only_while_nobody_loaded_them() {
    on_both(|ledger| {
        let file = ledger.draw(
            "in.xlsx",
            &[SYSTEMS, " | 甲系统 | 某局 |", " | 乙系统 | 某 局 |"],
        );
        let report = ledger.import_whole(&file);
        assert_eq!(report.new_departments, ["某局"]);
        assert_eq!(report.warnings[0].code, "new_department");
        ledger.load_organisation(&sample(ORGANISATION));
        let later = ledger.draw("2.xlsx", &[SYSTEMS, " | 丙系统 | 另一局 |"]);
        only(&ledger.import(&later), "unknown_department");
    });
}

#[test]
fn a_merged_department_counts_for_all_its_rows() {
    on_both_settled(|ledger| {
        let file = ledger.file("in.xlsx");
        let rows = [
            "主管单位 | 系统名称 | 主要功能",
            " | 甲系统 | 学籍",
            " | 乙系统 | 考试",
            " | 丙系统 | 招生",
        ];
        Book::new()
            .sheet("清单", &rows)
            .merge((1, 0), (3, 0), "示例市教育局")
            .save(&file);
        assert_eq!(ledger.import_whole(&file).rows().new, 3);
    });
}

#[test]
fn a_mapping_given_once_is_remembered_for_the_same_header() {
    on_both_settled(|ledger| {
        let lines = |n: u32| {
            let row = format!("系统{n} | 示例市教育局 | 办学籍{n}");
            ["系统名称 | 主管单位 | 干啥用的".to_owned(), row]
        };
        let draw = |n: u32| {
            let lines = lines(n);
            ledger.draw(&format!("{n}.xlsx"), &[&lines[0], &lines[1]])
        };
        let key = "main_function";
        let mut request = Ledger::request(&draw(1), Mode::Whole);
        request.maps = vec![MapFile {
            columns: BTreeMap::from([("干啥用的".to_owned(), Some(key.to_owned()))]),
            ..MapFile::default()
        }];
        assert!(ledger.run(&request).unwrap().report.applied);
        let report = ledger.import_whole(&draw(2));
        let column = &report.sheets[0].columns[2];
        assert_eq!(
            (column.field.clone(), column.how.as_str()),
            (Some(key.to_owned()), "mapped")
        );
        assert_eq!(ledger.snapshot().named("系统2").1[key], text("办学籍2"));
    });
}

#[test]
fn an_unknown_column_comes_back_and_a_password_is_never_stored() {
    on_both_settled(|ledger| {
        let file = ledger.draw(
            "in.xlsx",
            &[
                "系统名称 | 主管单位 | 督办领导 | 登录密码",
                "甲系统 | 示例市教育局 | 王某 | hunter2",
            ],
        );
        let report = ledger.import_whole(&file);
        assert_eq!(report.sheets[0].columns[3].how, "secret");
        assert_eq!(
            ledger.snapshot().named("甲系统").1["列:督办领导"],
            text("王某")
        );
        let out = ledger.export("out.csv", &["--register", "information_system"]);
        let shown = std::fs::read_to_string(&out).unwrap();
        assert!(shown.contains("督办领导") && shown.contains("王某"));
        assert!(!shown.contains("hunter2") && !shown.contains("登录密码"));
        assert!(!format!("{:?}", ledger.snapshot()).contains("hunter2"));
        assert_eq!(ledger.import_whole(&out).rows().same, 1);
    });
}

#[test]
fn projects_of_one_name_are_told_apart_by_what_they_say() {
    on_both_settled(|ledger| {
        let header = "项目名称 | 申报单位 | 建设年度 | 申报资金";
        let rows = [
            header,
            "运维项目 | 示例市教育局 | 2024 | 10",
            "运维项目 | 示例市教育局 | 2025 | 12",
        ];
        let file = ledger.draw("in.xlsx", &rows);
        assert_eq!(ledger.import_whole(&file).rows().new, 2);
        assert_eq!(ledger.import_whole(&file).rows().same, 2);
        let twice = [header, rows[1], rows[1]];
        only(
            &ledger.import(&ledger.draw("2.xlsx", &twice)),
            "duplicate_row",
        );
        let both = [
            header,
            "运维项目 | 示例市教育局 | 2026 | 1",
            "运维项目 | 示例市教育局 | 2027 | 2",
        ];
        let report = ledger.import(&ledger.draw("3.xlsx", &both));
        assert!(report.problems.iter().all(|p| p.code == "ambiguous_entry"));
        assert_eq!(report.rows().refused, 2);
    });
}

#[test]
fn what_is_secret_by_law_is_refused() {
    on_both_settled(|ledger| {
        let file = ledger.draw(
            "in.xlsx",
            &[
                "系统名称 | 主管单位 | 是否涉密",
                "甲系统 | 示例市教育局 | 是",
            ],
        );
        let report = ledger.import(&file);
        let problem = only(&report, "refused_value");
        assert!(problem.message.contains("涉密"));
    });
}

#[test]
fn totals_hidden_sheets_and_missing_entries_are_told() {
    on_both_settled(|ledger| {
        let header = "系统名称 | 主管单位 | 建设资金（万元）";
        let all = [
            header,
            "甲系统 | 示例市教育局 | 10",
            "乙系统 | 示例市教育局 | 20.5",
            "丙系统 | 示例市公安局 | 1",
        ];
        ledger.import_whole(&ledger.draw("all.xlsx", &all));
        let file = ledger.file("in.xlsx");
        Book::new()
            .sheet(
                "清单",
                &[header, "甲系统 | 示例市教育局 | 10", "合计 | | 99"],
            )
            .sheet("旧表", &[header, "丁系统 | 示例市教育局 | 1"])
            .hidden()
            .save(&file);
        let report = ledger.import_whole(&file);
        assert_eq!(report.warnings.len(), 1, "{:#?}", report.warnings);
        assert_eq!(report.warnings[0].code, "total_differs");
        assert_eq!(
            (report.warnings[0].row, report.warnings[0].column.as_str()),
            (3, "C")
        );
        assert_eq!(report.sheets[0].skipped.total, 1);
        assert!(report.sheets[1].left_out.as_ref().unwrap().contains("隐藏"));
        // Only those of the departments in the file are missed.
        assert_eq!(report.missing, 1);
        assert_eq!(report.missing_entries[0].name, "乙系统");
    });
}

#[test]
fn an_annotated_copy_goes_in_like_the_original() {
    let ledger = Ledger::settled();
    let file = ledger.draw(
        "in.xlsx",
        &[
            SYSTEMS,
            " | 甲系统 | 示例市教育局 | 学籍",
            " | 乙系统 | 没有的局 |",
        ],
    );
    let copy = ledger.file("copy.xlsx");
    let said = ledger.cli([
        "--json",
        "import",
        "--partial",
        "--annotate",
        copy.to_str().unwrap(),
        file.to_str().unwrap(),
    ]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let before = ledger.snapshot();
    let report = ledger.partial(&copy);
    assert_eq!(
        (report.rows().same, report.rows().refused),
        (1, 1),
        "{report:#?}"
    );
    let ours = report
        .sheets
        .iter()
        .flat_map(|s| &s.columns)
        .filter(|c| c.how == "ours");
    assert_eq!(ours.count(), 2);
    assert_eq!(ledger.snapshot(), before);
}

#[test]
fn the_zone_of_the_machine_changes_nothing() {
    let rows = cells(&[
        "系统名称 | 主管单位 | 上线时间 | 建设资金",
        "甲系统 | 示例市教育局 | 2024年3月5日 | 12万元",
        "乙系统 | 示例市公安局 | 2024-12-31 23:59:59 | 3",
    ]);
    let seen: Vec<_> = ["America/Los_Angeles", "Asia/Shanghai"]
        .into_iter()
        .map(|zone| {
            let ledger = Ledger::settled();
            let file = ledger.file("in.xlsx");
            let mut book = rust_xlsxwriter::Workbook::new();
            let sheet = book.add_worksheet();
            let day = rust_xlsxwriter::Format::new().set_num_format("yyyy/m/d");
            for (r, row) in (0_u32..).zip(&rows) {
                for (c, cell) in (0_u16..).zip(row) {
                    sheet.write_string(r, c, cell).unwrap();
                }
            }
            // A real date of the sheet, as a number of days.
            for (c, text) in (0_u16..).zip(["丙系统", "示例市民政局"]) {
                sheet.write_string(3, c, text).unwrap();
            }
            sheet
                .write_number_with_format(3, 2, 45_356.0, &day)
                .unwrap();
            book.save(&file).unwrap();
            let mut command = ledger.command();
            command.env("TZ", zone).arg("import").arg(&file);
            let said = crate::app::run_to_end(&mut command);
            assert_eq!(said.code, Some(0), "{said:?}");
            ledger.snapshot()
        })
        .collect();
    assert_eq!(seen[0].entries.len(), 3);
    assert_eq!(seen[0], seen[1]);
}

/// Which of two rows with one code is meant cannot depend on whether the first of them went in.
#[test]
fn a_code_that_a_refused_row_named_is_not_the_next_rows_either() {
    on_both(|ledger| {
        let file = ledger.draw(
            "系统.xlsx",
            &[
                "系统名称 | 主管单位 | 系统编码",
                "学籍管理系统 | 济南市教育局 | ",
                "学籍管理系统 | 济南市教育局 | X-1",
                "户籍管理系统 | 济南市教育局 | X-1",
            ],
        );
        let once = ledger.partial(&file);
        assert_eq!((once.rows().new, once.rows().refused), (1, 2), "{once:#?}");
        let twice = ledger.partial(&file);
        let rows = twice.rows();
        assert_eq!(
            (rows.new, rows.changed, rows.same, rows.refused),
            (0, 0, 1, 2)
        );
    });
}
