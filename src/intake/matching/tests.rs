//! Headers of real sheets, and the traps among them.

use std::sync::LazyLock;

use super::*;

pub(super) fn catalogue() -> &'static Catalogue {
    static LOADED: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::load(None).unwrap());
    &LOADED
}

/// Headers from words; `>` divides a merged header from what stands below it.
fn headers(words: &str) -> Vec<HeaderPath> {
    words
        .split(' ')
        .zip(0..)
        .map(|(word, column)| HeaderPath {
            column,
            path: word.split('>').map(str::to_owned).collect(),
        })
        .collect()
}

fn matched(register: &str, words: &str) -> Vec<ColumnMatch> {
    match_columns(catalogue().register(register).unwrap(), &headers(words))
}

fn fields(register: &str, words: &str) -> Vec<String> {
    let keys = matched(register, words).into_iter();
    keys.map(|m| m.field.unwrap_or_else(|| "-".to_owned()))
        .collect()
}

/// Every header of the workbooks in `demo/`.
const DEMO: [(&str, &str, &[&str]); 5] = [
    (
        "information_system",
        "序号 主管部门 *系统名称 用户数 联系方式>联系人 建设情况>建设资金(万元) 运行状态 部署与安全>等级保护级别 部署与安全>承载网络 功能简介 部署与安全>部署环境 建设情况>启用时间 联系方式>联系电话",
        &[
            "-",
            "owner_org",
            "system_name",
            "user_count",
            "contact",
            "budget_amount",
            "status",
            "mlps_level",
            "network",
            "main_function",
            "deployment",
            "go_live",
            "phone",
        ],
    ),
    (
        "information_system",
        "序号 主管部门 系统名称 主要功能 上线时间 建设资金(万元) 承载网络 部署位置 等保定级 用户数 系统状态 联系人 联系电话",
        &[
            "-",
            "owner_org",
            "system_name",
            "main_function",
            "go_live",
            "budget_amount",
            "network",
            "deployment",
            "mlps_level",
            "user_count",
            "status",
            "contact",
            "phone",
        ],
    ),
    (
        "dataset",
        "序号 信息资源名称 信息资源代码 信息资源提供方 信息资源摘要 信息资源格式 共享类型 共享条件 更新周期 是否向社会开放",
        &[
            "-",
            "name",
            "code",
            "provider_org",
            "abstract",
            "format",
            "share_attr",
            "share_condition",
            "update_cycle",
            "open_attr",
        ],
    ),
    (
        "data_item",
        "信息资源代码 信息项名称 数据类型 数据长度 共享类型",
        &["dataset", "name", "item_type", "length", "share_attr"],
    ),
    (
        "project",
        "序号 申报单位 项目名称 项目类型 建设内容 申报资金（万元） 资金来源 建设周期 项目阶段",
        &[
            "-",
            "org",
            "name",
            "kind",
            "content",
            "budget",
            "fund_channel",
            "duration",
            "status",
        ],
    ),
];

#[test]
fn every_header_of_the_demo_workbooks_matches_and_names_its_register() {
    for (register, words, wanted) in DEMO {
        assert_eq!(fields(register, words), wanted);
        let (found, columns, score) = best_register(catalogue(), &headers(words), &[]).unwrap();
        assert_eq!(found.key, register);
        assert!(score > 0.8);
        let ok = |m: &ColumnMatch| m.field.is_some() || m.how == How::Ignored;
        assert!(columns.iter().all(ok), "{columns:?}");
    }
}

#[test]
fn every_collected_alias_means_its_field() {
    let text = include_str!("../../../tests/data/header_aliases.json");
    let json: serde_json::Value = serde_json::from_str(text).unwrap();
    let target = |key: &str| -> Vec<(&str, String)> {
        let system = |k: &str| ("information_system", k.to_owned());
        let project = |k: &str| ("project", k.to_owned());
        let dataset = |k: &str| ("dataset", k.to_owned());
        match key {
            "remark" => vec![system("description"), project("remark"), dataset("remark")],
            "dataset_name" => vec![dataset("name")],
            "item_name" => vec![("data_item", "name".to_owned())],
            "item_type" => vec![("data_item", "item_type".to_owned())],
            "item_length" => vec![("data_item", "length".to_owned())],
            "share_attr" | "open_attr" => vec![dataset(key), ("data_item", key.to_owned())],
            "share_condition" | "share_mode" | "open_condition" | "update_cycle"
            | "provider_org" | "provider_uscc" => vec![dataset(key)],
            "project_name" => vec![project("name"), system("project_name")],
            "project_no" => vec![project("code"), system("project_no")],
            "approval_org" => vec![system(key), project(key)],
            "approval_date" => vec![system(key)],
            other => vec![system(other)],
        }
    };
    for (key, words) in json.as_object().unwrap() {
        let Some(words) = words.as_array() else {
            continue;
        };
        for word in words.iter().map(|w| w.as_str().unwrap()) {
            if key == "seq" {
                assert_eq!(
                    matched("information_system", word)[0].how,
                    How::Ignored,
                    "{word}"
                );
                continue;
            }
            let hits = target(key).into_iter();
            let found = hits.filter(|(r, f)| fields(r, word) == [f.clone()]).count();
            assert!(found > 0, "{key} {word}");
        }
    }
}

#[test]
fn the_header_above_makes_the_meaning_exact() {
    let found = fields(
        "information_system",
        "运维单位>联系人 承建单位>名称 主管单位>联系人 建设情况>上线时间 密评>时间 等保测评>机构",
    );
    assert_eq!(
        found,
        [
            "om_contact",
            "vendor",
            "contact",
            "go_live",
            "crypto_date",
            "mlps_agency"
        ]
    );
}

#[test]
fn stars_units_numbers_and_line_breaks_do_not_matter() {
    let found = fields(
        "information_system",
        "*系统名称 建设资金（万元） 1.主管单位 ３、系统状态 建设\n资金 建设单位（承建商） 年运维费万元",
    );
    assert_eq!(
        found,
        [
            "system_name",
            "budget_amount",
            "owner_org",
            "status",
            "-",
            "vendor",
            "annual_om"
        ]
    );
    let units: Vec<_> = matched(
        "information_system",
        "建设资金（元） 年运维费（亿元） 用户数",
    )
    .into_iter()
    .map(|m| m.money_unit)
    .collect();
    assert_eq!(units, [Some(MoneyUnit::Yuan), Some(MoneyUnit::Yi), None]);
}

#[test]
fn short_headers_need_the_exact_word() {
    let found = matched("project", "项目名称 开始 完工日 竣工日期间 验收");
    assert!(found.iter().skip(1).all(|m| m.field.is_none()), "{found:?}");
    let similar = matched("information_system", "系统承载网络情况 信息系统名称全称");
    assert_eq!(similar[1].field.as_deref(), Some("system_name"));
    assert_eq!(similar[1].how, How::Similar);
    assert!(similar[1].note.as_ref().unwrap().contains("请核对"));
}

#[test]
fn one_field_takes_one_column() {
    let found = matched("information_system", "系统名称 所属单位 主管单位 建设单位");
    assert_eq!(found[2].field.as_deref(), Some("owner_org"));
    assert_eq!(found[1].how, How::DuplicateOf(2));
    assert!(found[1].note.as_ref().unwrap().contains("C 列"));
    assert_eq!(found[3].how, How::DuplicateOf(2));
}

#[test]
fn secrets_and_our_own_columns_are_never_read() {
    let words = "系统名称 主管单位 登录账号 密码 通用访问账号 结果（一本账） 说明（一本账） 密码应用安全性评估 用户账号数量";
    let found = matched("information_system", words);
    let hows: Vec<How> = found.iter().map(|m| m.how).collect();
    assert_eq!(
        hows[2..7],
        [
            How::Secret,
            How::Secret,
            How::Secret,
            How::OurOwn,
            How::OurOwn
        ]
    );
    assert_eq!(found[7].field.as_deref(), Some("crypto_assess"));
    assert_ne!(found[8].how, How::Secret);
    let all = catalogue().registers().iter().flat_map(|r| &r.fields);
    for text in all.flat_map(|f| f.aliases.iter().chain([&f.label])) {
        assert!(!crate::register::words::is_secret_header(text), "{text}");
    }
}

#[test]
fn a_column_of_companies_is_the_vendor() {
    let register = catalogue().register("information_system").unwrap();
    let mut found = matched("information_system", "系统名称 建设单位");
    assert!(found[1].note.as_ref().unwrap().contains("承建单位"));
    let cells = BTreeMap::from([(1, vec!["浪潮软件股份有限公司", "", "某某科技有限公司"])]);
    reconsider_owner(register, &mut found, &cells);
    assert_eq!(found[1].field.as_deref(), Some("vendor"));
    let mut kept = matched("information_system", "系统名称 建设单位");
    let cells = BTreeMap::from([(1, vec!["示例市教育局", "示例市公安局"])]);
    reconsider_owner(register, &mut kept, &cells);
    assert_eq!(kept[1].field.as_deref(), Some("owner_org"));
}

#[test]
fn foreign_tables_are_honestly_unknown() {
    for words in [
        "Domain Owner Representing",
        "编号 一级目录名称 二级目录名称 三级目录名称 目录类型 描述",
        "姓名 电话 备注",
    ] {
        assert!(
            best_register(catalogue(), &headers(words), &[]).is_none(),
            "{words}"
        );
    }
}

#[test]
fn the_title_decides_between_equals() {
    let words = headers("项目名称 系统名称 主管单位 联系人");
    let key = |title: &str| {
        best_register(catalogue(), &words, &[title])
            .unwrap()
            .0
            .key
            .clone()
    };
    assert_eq!(key("2026年度政务信息化项目申报汇总表"), "project");
    assert_eq!(key("市直部门政务信息系统清单"), "information_system");
}

#[test]
fn signatures_stay_when_columns_move() {
    let one = signature(&headers("序号 *系统名称 建设情况>上线时间"));
    let other = signature(&headers("建设情况>上线时间 序号 系统名称"));
    assert_eq!(one, other);
    assert_eq!(one.len(), 64);
    assert_ne!(one, signature(&headers("序号 系统名称")));
}

#[test]
fn templates_of_our_own_match_completely() {
    for register in catalogue().registers() {
        let paths: Vec<HeaderPath> = register
            .fields
            .iter()
            .zip(0..)
            .map(|(field, column)| HeaderPath {
                column,
                path: vec![field.group.clone(), format!("*{}", field.label)],
            })
            .collect();
        let found = match_columns(register, &paths);
        for (field, column) in register.fields.iter().zip(&found) {
            assert_eq!(column.field.as_ref(), Some(&field.key), "{}", field.label);
        }
        let best = best_register(catalogue(), &paths, &[]).unwrap();
        assert_eq!(best.0.key, register.key);
    }
    let words = header_words(catalogue());
    for word in ["序号", "系统名称", "建设资金", "安全", "信息项名称"] {
        assert!(words.contains(word), "{word}");
    }
}
