//! Definitions of a deployment: what they add, and what is refused with file and line.

use std::fs;

use super::*;

/// Loads the built-in definitions and these files on top.
fn load(files: &[(&str, &str)]) -> Result<Catalogue, crate::register::DefinitionError> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("lists")).unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    Catalogue::load(Some(folder.path()))
}

const LINK: &str = r#"
[register]
key = "sharing_link"
label = "共享对接"
code_prefix = "DJ"
[register.keys]
code = "code"
name = "name"
owner = "org"
[[field]]
key = "code"
label = "对接编号"
group = "基本"
type = "code"
[[field]]
key = "name"
label = "对接名称"
group = "基本"
type = "text"
required = true
[[field]]
key = "org"
label = "需求单位"
group = "基本"
type = "department"
"#;

#[test]
fn the_registers_stand_in_order_and_hold_the_whole_research() {
    let catalogue = catalogue();
    let keys: Vec<&str> = catalogue
        .registers()
        .iter()
        .map(|r| r.key.as_str())
        .collect();
    assert_eq!(
        keys,
        ["information_system", "dataset", "data_item", "project"]
    );
    let count = |key: &str| catalogue.register(key).unwrap().fields.len();
    assert!(count("information_system") >= 64 && count("dataset") >= 24 && count("project") >= 51);
    for register in catalogue.registers() {
        let required: Vec<&str> = register
            .fields
            .iter()
            .filter(|f| f.required)
            .map(|f| f.key.as_str())
            .collect();
        assert_eq!(required.len(), 2, "{required:?}");
        assert!(register.fields.iter().any(|f| f.listed));
        for field in &register.fields {
            assert!(!field.help.is_empty(), "{} {}", register.key, field.key);
        }
    }
}

#[test]
fn a_deployment_adds_fields_values_regions_and_registers() {
    let field = "extend = \"information_system\"\n[[field]]\nkey = \"local_level\"\nlabel = \"本地分级\"\ngroup = \"安全\"\ntype = \"choice\"\nlist = \"local\"\nafter = \"mlps_level\"\nexample = \"甲级\"\n";
    let catalogue = load(&[
        ("a.toml", field),
        ("link.toml", LINK),
        ("lists/local.csv", "code,label,aliases\n1,甲级,A|甲\n2,乙级,\n"),
        ("lists/network.csv", "code,label,aliases,note\nsatellite,卫星网,天通,\nother,其他网,其他|其它,\n"),
        ("lists/regions.csv", "code,name,level,parent,aliases\n110000,北京市,province,,\n110108,海淀区,county,110000,\n"),
    ])
    .unwrap();
    let register = catalogue.register("information_system").unwrap();
    let at = |key: &str| register.fields.iter().position(|f| f.key == key).unwrap();
    assert_eq!(at("local_level"), at("mlps_level") + 1);
    assert!(catalogue.register("sharing_link").is_some());
    let read = |key: &str, t: &str| match read(&catalogue, "information_system", key, t) {
        Reading::Value(v, _) => text(&v),
        other => panic!("{other:?}"),
    };
    assert_eq!(read("local_level", "甲"), "1");
    assert_eq!(read("network", "天通"), "satellite");
    assert_eq!(read("network", "其他网"), "other");
    assert_eq!(read("region_code", "北京市海淀区"), "110108");
}

#[test]
fn what_is_broken_is_refused_with_its_line() {
    let field = |rest: &str| {
        format!(
            "extend = \"project\"\n[[field]]\nkey = \"x\"\nlabel = \"甲\"\ngroup = \"乙\"\n{rest}\n"
        )
    };
    let toml = |text: String| vec![("b.toml", text)];
    let list = |text: &str| vec![("lists/bad.csv", text.to_owned())];
    let cases: Vec<(Vec<(&str, String)>, usize, &str)> = vec![
        (toml(field("type = \"text")), 6, "TOML 语法错误"),
        (toml(field("type = \"texty\"")), 6, "texty"),
        (toml(field("type = \"text\"\nlabell = \"丙\"")), 7, "labell"),
        (toml(field("type = \"choice\"")), 3, "list"),
        (
            toml(field("type = \"choice\"\nlist = \"nowhere\"")),
            7,
            "nowhere",
        ),
        (
            toml(field("type = \"reference\"\nrefers_to = \"nowhere\"")),
            7,
            "nowhere",
        ),
        (
            toml(field("type = \"text\"\naliases = [\"项目名称\"]")),
            7,
            "name",
        ),
        (
            toml(field("type = \"text\"\nafter = \"nowhere\"")),
            7,
            "nowhere",
        ),
        (
            toml(field("type = \"date\"\nexample = \"昨天\"")),
            7,
            "示例值",
        ),
        (
            toml(field("type = \"date\"\nmultiple = true")),
            3,
            "multiple",
        ),
        (
            toml(field(
                "type = \"text\"\nrequired_if = { field = \"kind\", in = [\"nix\"] }",
            )),
            7,
            "nix",
        ),
        (
            toml(field("type = \"text\"").replace("\"x\"", "\"name\"")),
            3,
            "重复",
        ),
        (
            toml(field("type = \"text\"").replace("甲", "项目名称")),
            4,
            "项目名称",
        ),
        (toml("extend = \"nowhere\"\n".to_owned()), 1, "nowhere"),
        (
            toml(LINK.replace("org\"\n[[", "nowhere\"\n[[")),
            9,
            "nowhere",
        ),
        (
            toml(LINK.replace("owner = \"org\"", "owner = \"name\"")),
            9,
            "类型",
        ),
        (toml(LINK.replace("sharing_link", "project")), 3, "已有定义"),
        (list("code,text\n1,甲\n"), 1, "label"),
        (list("label\n甲\n"), 1, "code"),
        (list("code,label\n1,甲\n1,乙\n"), 3, "重复"),
        (list("code,label,aliases\n1,甲,子\n2,乙,子\n"), 3, "子"),
        (list("code,label,stage\n1,甲,later\n"), 2, "later"),
        (list("code,label\n1,甲、乙\n"), 2, "、"),
    ];
    for (files, line, word) in cases {
        let shown: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
        let error = load(&shown).map(|_| ()).expect_err(word);
        assert!(error.file.ends_with(files[0].0), "{error}");
        assert_eq!(error.line, line, "{error}");
        assert!(error.reason.contains(word), "{error}");
        assert!(
            error.to_string().contains(&format!("第{line}行：")),
            "{error}"
        );
    }
}
