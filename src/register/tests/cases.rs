//! `tests/data/import_value_cases.json`, section by section.

use serde_json::Value as Json;

use super::super::choice;
use super::super::date::{PartialDate, parse_range};
use super::super::money::MoneyUnit;
use super::super::value::Note;
use super::*;
use crate::register::words::header;

fn cases() -> Json {
    let text = include_str!("../../../tests/data/import_value_cases.json");
    serde_json::from_str(text).unwrap()
}

fn list<'a>(json: &'a Json, path: &[&str]) -> Vec<&'a Json> {
    let at = path.iter().fold(json, |j, key| &j[*key]);
    at.as_array().unwrap().iter().collect()
}

fn cell(json: &Json) -> Cell {
    match json {
        Json::Number(n) => Cell::Number(n.as_f64().unwrap()),
        other => Cell::Text(other.as_str().unwrap().to_owned()),
    }
}

fn is_warning(note: Option<&Note>) -> bool {
    note.is_some_and(|n| n.warning)
}

#[test]
fn dates_in_text() {
    let (catalogue, field) = (catalogue(), field(FieldType::Date));
    for case in list(&cases(), &["dates"]) {
        let input = case["in"].as_str().unwrap();
        let warned = case.get("warn").is_some();
        let found = field.read(catalogue, &cell(&case["in"]), &ColumnContext::default());
        match (case["precision"].as_str().unwrap(), found) {
            ("none", Reading::Blank(note)) => {
                assert_eq!(is_warning(note.as_ref()), warned, "{input}");
            }
            ("error", Reading::Fault(_)) => {}
            ("range", Reading::Fault(fault)) => {
                let (from, to) = parse_range(input).unwrap();
                assert_eq!(from.to_string(), case["out"][0].as_str().unwrap());
                assert_eq!(to.to_string(), case["out"][1].as_str().unwrap());
                assert_eq!(fault.code, "date_range");
                assert!(fault.suggestion.contains(&from.to_string()));
            }
            (precision, Reading::Value(value, note)) => {
                let shown = text(&value);
                assert_eq!(shown, case["out"].as_str().unwrap(), "{input}");
                assert_eq!(is_warning(note.as_ref()), warned, "{input} {note:?}");
                assert_eq!(note.is_none(), shown == input, "{input} {note:?}");
                let kind = match PartialDate::parse(&shown).unwrap() {
                    PartialDate::Year(_) => "year",
                    PartialDate::Half(..) => "half",
                    PartialDate::Quarter(..) => "quarter",
                    PartialDate::Month(..) => "month",
                    PartialDate::Day(_) => "day",
                };
                assert_eq!(kind, precision, "{input}");
            }
            (precision, other) => panic!("{input} ({precision}): {other:?}"),
        }
    }
}

#[test]
fn dates_in_number_cells() {
    let (catalogue, field) = (catalogue(), field(FieldType::Date));
    for case in list(&cases(), &["dates_numeric_cell"]) {
        let mut n = case["in"].as_f64().unwrap();
        if case.get("date1904").is_some() {
            n += 1462.0;
        }
        let found = field.read(catalogue, &Cell::Number(n), &ColumnContext::default());
        match (case["out"].as_str(), found) {
            (Some(out), Reading::Value(value, note)) => {
                assert_eq!(text(&value), out);
                assert_eq!(is_warning(note.as_ref()), case.get("warn").is_some(), "{n}");
            }
            (None, Reading::Fault(fault)) => assert!(fault.suggestion.contains("2024-10")),
            (_, other) => panic!("{n}: {other:?}"),
        }
    }
}

#[test]
fn amounts_in_wan() {
    let catalogue = catalogue();
    let register = catalogue.register("information_system").unwrap();
    let field = register.field("budget_amount").unwrap();
    for case in list(&cases(), &["amounts_to_wan"]) {
        let brackets = header(case["header"].as_str().unwrap()).brackets;
        let column = ColumnContext {
            money_unit: brackets.iter().find_map(|b| MoneyUnit::find(b)),
        };
        let found = field.read(catalogue, &cell(&case["in"]), &column);
        match (case["out"].as_str(), found) {
            (Some(out), Reading::Value(value, note)) => {
                assert_eq!(text(&value), out, "{case}");
                // The unit doubt about a very large sum is a rule of the whole row.
                let document = [(field.key.clone(), value)].into();
                let warned =
                    is_warning(note.as_ref()) || !register.check(catalogue, &document).is_empty();
                assert_eq!(warned, case.get("warn").is_some(), "{case} {note:?}");
            }
            (None, Reading::Fault(_)) => assert!(case.get("warn").is_some(), "{case}"),
            (None, Reading::Blank(_)) => assert!(case.get("warn").is_none(), "{case}"),
            (_, other) => panic!("{case}: {other:?}"),
        }
    }
}

#[test]
fn booleans() {
    let (catalogue, field) = (catalogue(), field(FieldType::Bool));
    let cases = cases();
    let read = |j: &Json| field.read(catalogue, &cell(j), &ColumnContext::default());
    for (word, wanted) in [("true", true), ("false", false)] {
        for case in list(&cases, &["booleans", word]) {
            let found = read(case);
            assert!(
                matches!(&found, Reading::Value(Value::Bool(b), _) if *b == wanted),
                "{case} {found:?}"
            );
        }
    }
    for case in list(&cases, &["booleans", "null"]) {
        assert_eq!(read(case), Reading::Blank(None), "{case}");
    }
    assert!(matches!(read(&"部分".into()), Reading::Fault(_)));
}

#[test]
fn protection_levels() {
    let (catalogue, cases) = (catalogue(), cases());
    for level in ["0", "1", "2", "3", "4"] {
        for case in list(&cases, &["mlps", level]) {
            let found = read(
                catalogue,
                "information_system",
                "mlps_level",
                case.as_str().unwrap(),
            );
            assert!(
                matches!(&found, Reading::Value(Value::Text(t), _) if t == level),
                "{case} {found:?}"
            );
        }
    }
    for case in list(&cases, &["mlps", "n/a"]) {
        let found = read(
            catalogue,
            "information_system",
            "mlps_level",
            case.as_str().unwrap(),
        );
        assert_eq!(found, Reading::Blank(None));
    }
}

#[test]
fn networks() {
    let (catalogue, cases) = (catalogue(), cases());
    let read = |j: &Json| {
        read(
            catalogue,
            "information_system",
            "network",
            j.as_str().unwrap(),
        )
    };
    for code in ["gov_extranet", "internet", "dedicated", "gov_intranet"] {
        for case in list(&cases, &["network", code]) {
            let found = read(case);
            assert!(
                matches!(&found, Reading::Value(v, _) if text(v) == code),
                "{case} {found:?}"
            );
        }
    }
    for case in list(&cases, &["network", "ambiguous"]) {
        let found = read(case);
        assert!(
            matches!(&found, Reading::Fault(f) if f.code == "ambiguous_choice"),
            "{case} {found:?}"
        );
    }
    for case in list(&cases, &["network", "multi"]) {
        let found = read(case);
        assert!(
            matches!(&found, Reading::Value(v, _) if text(v) == "internet|gov_extranet"),
            "{case} {found:?}"
        );
    }
    assert!(matches!(read(&"互联网、外网".into()), Reading::Fault(_)));
}

#[test]
fn text_is_cleaned_and_names_keep_their_form() {
    let catalogue = catalogue();
    let read = |key: &str, t: &str| read(catalogue, "information_system", key, t);
    let is = |r: Reading, wanted: &str| {
        assert!(
            matches!(&r, Reading::Value(Value::Text(t), _) if t == wanted),
            "{r:?}"
        );
        r
    };
    let kept = is(
        read(
            "system_name",
            "\u{3000}学籍\u{a0}\u{a0}系统（二期）《试》\u{200b} ",
        ),
        "学籍 系统（二期）《试》",
    );
    assert!(matches!(kept, Reading::Value(_, None)));
    is(read("main_function", "一\r\n 二 \n\n"), "一\n二");
    let code = is(
        read("mlps_no", "３７０１００１２３４５－００００１"),
        "37010012345-00001",
    );
    assert!(matches!(code, Reading::Value(_, Some(_))));
    is(read("main_function", "无"), "无");
    for nothing in ["/", "—", "-", "——", " ", ""] {
        assert_eq!(read("main_function", nothing), Reading::Blank(None));
    }
    assert_eq!(read("mlps_no", "无"), Reading::Blank(None));
    for clear in ["[清空]", "【清空】", " [清空] "] {
        for key in [
            "main_function",
            "go_live",
            "budget_amount",
            "network",
            "owner_org",
        ] {
            assert_eq!(read(key, clear), Reading::Clear, "{key}");
        }
    }
    assert!(matches!(read("main_function", "a\0b"), Reading::Fault(_)));
    assert!(matches!(read("network", "a\u{7}b"), Reading::Fault(_)));
    let long = "长".repeat(32_768);
    assert!(matches!(read("main_function", &long), Reading::Fault(_)));
}

#[test]
fn cells_that_are_not_text() {
    let catalogue = catalogue();
    let register = catalogue.register("information_system").unwrap();
    let read = |key: &str, cell: Cell| {
        let field = register.field(key).unwrap();
        field.read(catalogue, &cell, &ColumnContext::default())
    };
    let value = |t: &str| Reading::Value(Value::Text(t.to_owned()), None);
    assert_eq!(
        read("phone", Cell::Number(13_812_345_678.0)),
        value("13812345678")
    );
    assert_eq!(read("main_function", Cell::Number(12.0)), value("12"));
    assert_eq!(
        read("main_function", Cell::Date(45352.0)),
        value("2024-03-01")
    );
    assert_eq!(read("go_live", Cell::Date(45352.75)), value("2024-03-01"));
    assert_eq!(read("go_live", Cell::Date(59.0)), value("1900-02-28"));
    assert_eq!(read("budget_amount", Cell::Number(0.1 + 0.2)), value("0.3"));
    assert_eq!(
        read("is_secret", Cell::Bool(false)),
        Reading::Value(Value::Bool(false), None)
    );
    assert_eq!(
        read("user_count", Cell::Number(31855.0)),
        Reading::Value(Value::Integer(31855), None)
    );
    assert_eq!(read("phone", Cell::Empty), Reading::Blank(None));
    let code = |r: Reading| match r {
        Reading::Fault(f) => f.code,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        code(read("owner_uscc", Cell::Number(914_403_001_922_038_216.0))),
        "lost_digits"
    );
    assert_eq!(code(read("go_live", Cell::Date(60.0))), "bad_serial");
    assert_eq!(code(read("go_live", Cell::Date(80_000.0))), "bad_serial");
    assert_eq!(code(read("user_count", Cell::Number(1.5))), "not_whole");
    assert_eq!(
        code(read("user_count", Cell::Date(45352.0))),
        "unexpected_date"
    );
    assert_eq!(code(read("main_function", Cell::NoValue)), "no_value");
    assert_eq!(
        code(read("main_function", Cell::Error("#N/A".to_owned()))),
        "error_value"
    );
}

#[test]
fn credit_codes() {
    let data: Json = serde_json::from_str(include_str!("../../../tests/data/uscc.json")).unwrap();
    let read = |t: &str| read(catalogue(), "information_system", "owner_uscc", t);
    let known = list(&data, &["valid_examples"])
        .into_iter()
        .map(|pair| &pair[0]);
    let synthetic = list(&data, &["synthetic_for_demo", "codes"]);
    for good in known.chain(synthetic).map(|c| c.as_str().unwrap()) {
        assert_eq!(
            read(good),
            Reading::Value(Value::Text(good.to_owned()), None)
        );
    }
    for pair in list(&data, &["invalid_examples"]) {
        let (code, why) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
        match read(code) {
            Reading::Fault(fault) => assert_eq!(fault.code, "bad_credit_code"),
            Reading::Value(_, Some(note)) => {
                assert!(why.contains("valid after NFKC"), "{code} {note:?}");
            }
            other => panic!("{code}: {other:?}"),
        }
    }
    assert!(matches!(read("11332500MB160192"), Reading::Fault(_)));
    assert!(matches!(
        read("11332500mb1601924j"),
        Reading::Value(_, Some(_))
    ));
}

#[test]
fn sums_that_could_be_two_things_are_asked_back() {
    for (typed, code) in [
        ("1,20", "two_values"),
        ("1,2345", "two_values"),
        ("100、20", "two_values"),
        ("120万-150万", "two_values"),
        ("120万元+30万元", "expression"),
        ("120万美元", "not_an_amount"),
        ("一百二十万", "not_an_amount"),
        ("99999999999999999999999999999999", "not_an_amount"),
        ("99999999999", "too_large"),
    ] {
        let found = read(catalogue(), "information_system", "budget_amount", typed);
        assert!(
            matches!(&found, Reading::Fault(f) if f.code == code),
            "{typed} {found:?}"
        );
    }
    for (typed, wanted) in [
        ("120w", "120"),
        ("百万", ""),
        ("3百万元", "300"),
        ("0.5千万", "500"),
        ("120万元/年", "120"),
        ("120余万", "120"),
    ] {
        let found = read(catalogue(), "information_system", "budget_amount", typed);
        match found {
            Reading::Value(v, Some(_)) => assert_eq!(text(&v), wanted, "{typed}"),
            Reading::Fault(_) => assert_eq!(wanted, "", "{typed}"),
            other => panic!("{typed} {other:?}"),
        }
    }
}

#[test]
fn invisible_differences_are_not_worth_a_note() {
    for (key, typed, wanted) in [
        ("go_live", "\u{3000}2024-03\u{200b} ", "2024-03"),
        ("budget_amount", " 120.5\u{a0}", "120.5"),
        ("status", "\u{feff}在用", "running"),
        ("user_count", "12\u{3000}", "12"),
        ("mlps_no", " 37010012345-00001\n", "37010012345-00001"),
    ] {
        let found = read(catalogue(), "information_system", key, typed);
        assert_eq!(
            found.clone(),
            Reading::Value(
                match found {
                    Reading::Value(Value::Integer(n), _) => Value::Integer(n),
                    _ => Value::Text(wanted.to_owned()),
                },
                None
            ),
            "{key}"
        );
    }
}

#[test]
fn more_dates_of_real_sheets() {
    for (typed, wanted) in [
        ("2024.3.1 ", "2024-03-01"),
        ("2024年3月份", "2024-03"),
        ("2024年度", "2024"),
        ("2024年底", "2024"),
        ("2024-03-01T08:30:00", "2024-03-01"),
        ("2024年3月5日 10:30", "2024-03-05"),
        ("二〇二四年十二月二十一日", "2024-12-21"),
        ("2024年十月", "2024-10"),
        ("2024Q3", "2024-Q3"),
        ("2024年一季度", "2024-Q1"),
        ("预计2026年6月底前完成", "2026-06"),
        ("2024年3月（试运行）", "2024-03"),
        ("45352", "2024-03-01"),
        ("98年5月", "1998-05"),
    ] {
        let found = read(catalogue(), "information_system", "go_live", typed);
        assert!(
            matches!(&found, Reading::Value(v, _) if text(v) == wanted),
            "{typed} {found:?}"
        );
    }
    for wrong in [
        "2024年2月30日",
        "1800年",
        "2024.13.1",
        "99999999",
        "明年",
        "24.3.1",
        "3/1/24",
        "上半年",
        "2024年3月5日6",
        "20241301",
    ] {
        let found = read(catalogue(), "information_system", "go_live", wrong);
        assert!(matches!(found, Reading::Fault(_)), "{wrong} {found:?}");
    }
    let (from, to) = parse_range("2023年5月至12月").unwrap();
    assert_eq!(
        (from.to_string(), to.to_string()),
        ("2023-05".to_owned(), "2023-12".to_owned())
    );
}

#[test]
fn regions() {
    let catalogue = catalogue();
    let read = |t: &str| read(catalogue, "information_system", "region_code", t);
    let code = |t: &str| match read(t) {
        Reading::Value(v, _) => text(&v),
        other => panic!("{t}: {other:?}"),
    };
    for name in [
        "历下区",
        "济南市历下区",
        "济南历下区",
        "山东省济南市历下区",
        "山东济南市历下区",
        "370102",
        "370102000000",
    ] {
        assert_eq!(code(name), "370102");
    }
    assert_eq!(code("370181"), "370114");
    assert_eq!(code("山东"), "370000");
    assert_eq!(code("青岛"), "370200");
    assert!(
        matches!(read("市中区"), Reading::Fault(f) if f.suggestion.contains("山东省枣庄市市中区"))
    );
    assert!(matches!(read("海淀区"), Reading::Fault(_)));
    let regions = catalogue.regions();
    assert_eq!(regions.children("370000").count(), 16);
    assert_eq!(regions.iter().filter(|r| r.level == "county").count(), 136);
    assert_eq!(regions.children("").count(), 1);
    for region in regions.iter() {
        let full = regions.full_name(&region.code).unwrap();
        assert_eq!(
            read(&full),
            Reading::Value(Value::Text(region.code.clone()), None),
            "{full}"
        );
    }
}

#[test]
fn counts_and_sizes() {
    let catalogue = catalogue();
    let read = |key: &str, t: &str| match read(catalogue, "information_system", key, t) {
        Reading::Value(v, note) => (text(&v), note),
        other => panic!("{key} {t}: {other:?}"),
    };
    assert_eq!(read("user_count", "31855"), ("31855".to_owned(), None));
    for (typed, wanted) in [
        ("31,855", "31855"),
        ("1.2万", "12000"),
        ("31855人", "31855"),
        ("3万人", "30000"),
        ("３１", "31"),
    ] {
        let (found, note) = read("user_count", typed);
        assert_eq!(found, wanted);
        assert!(!note.unwrap().warning);
    }
    assert!(read("user_count", "约5000").1.unwrap().warning);
    assert_eq!(read("storage_gb", "1.5TB").0, "1536");
    assert_eq!(read("storage_gb", "512").1, None);
}

#[test]
fn every_value_in_the_demo_workbooks_reads() {
    let catalogue = catalogue();
    let sets: [(&str, &str, &str); 16] = [
        (
            "information_system",
            "status",
            "正常运行 拟建 试运行 在用 停用 在建",
        ),
        (
            "information_system",
            "mlps_level",
            "第二级 未定级 3级 三级 等保三级 二级",
        ),
        (
            "information_system",
            "network",
            "互联网 政务外网 专网 电子政务外网",
        ),
        (
            "information_system",
            "deployment",
            "政务云 自建机房 本地机房 政务云平台",
        ),
        (
            "information_system",
            "go_live",
            "20210513 2022/11/15 2022年 2012.5.1 2014年5月 2017-05-14",
        ),
        (
            "information_system",
            "budget_amount",
            "232.2 ３９６ 1472万 591万元 1,763.1 １６９９．６４",
        ),
        ("dataset", "format", "电子表格 xls 数据库"),
        (
            "dataset",
            "share_attr",
            "无条件共享 不予共享 有条件 有条件共享",
        ),
        ("dataset", "open_attr", "有条件开放 否 是"),
        ("dataset", "update_cycle", "不定期 每日 实时 每年 每月"),
        (
            "data_item",
            "item_type",
            "数值型N 字符串型C 日期型D 布尔型 整形 实型",
        ),
        (
            "data_item",
            "share_attr",
            "无条件共享 不予共享 有条件 有条件共享",
        ),
        ("project", "kind", "购买服务 运维 新建 升级改造"),
        ("project", "fund_channel", "上级补助 财政资金 自筹"),
        ("project", "status", "运维 已验收 在建 申报"),
        ("project", "duration", "12个月 一年 2026.5-2026.12"),
    ];
    for (register, key, words) in sets {
        for word in words.split(' ') {
            let found = read(catalogue, register, key, word);
            assert!(
                matches!(found, Reading::Value(..)),
                "{register}.{key} {word}: {found:?}"
            );
        }
    }
}

#[test]
fn an_unknown_choice_says_what_is_possible() {
    let catalogue = catalogue();
    let field = catalogue
        .register("information_system")
        .unwrap()
        .field("status")
        .unwrap();
    let Reading::Fault(fault) = choice::read(field, catalogue, "在用的", "在用的") else {
        panic!("在用的 is not a status");
    };
    assert_eq!(fault.code, "unknown_choice");
    assert!(fault.suggestion.contains("在用"), "{fault:?}");
}

#[test]
fn units_of_money() {
    for (text, unit) in [
        ("万元", Some(MoneyUnit::Wan)),
        ("单位：万元", Some(MoneyUnit::Wan)),
        (
            "填报单位：示例市大数据局        填报时间：2026年3月        单位：万元",
            Some(MoneyUnit::Wan),
        ),
        ("金额单位:元", Some(MoneyUnit::Yuan)),
        ("亿元", Some(MoneyUnit::Yi)),
        ("千元", Some(MoneyUnit::Thousand)),
        ("人民币元", Some(MoneyUnit::Yuan)),
        ("万元/年", Some(MoneyUnit::Wan)),
        ("填报单位：元数据中心", None),
        ("填报单位：示例市大数据局", None),
        ("个", None),
        ("元数据", None),
        ("", None),
    ] {
        assert_eq!(MoneyUnit::find(text), unit, "{text}");
    }
}
