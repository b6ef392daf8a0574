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

const CASE: &str = r#"
[register]
key = "typical_case"
label = "典型案例"
code_prefix = "AL"
[register.keys]
code = "code"
name = "name"
owner = "org"
[[field]]
key = "code"
label = "案例编号"
group = "基本"
type = "code"
[[field]]
key = "name"
label = "案例名称"
group = "基本"
type = "text"
required = true
[[field]]
key = "org"
label = "报送单位"
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
        [
            "information_system",
            "dataset",
            "data_item",
            "project",
            "sharing_link"
        ]
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
fn the_catalogue_is_shared_between_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Catalogue>();
}

#[test]
fn a_deployment_adds_fields_values_regions_and_registers() {
    let field = "extend = \"information_system\"\n[[field]]\nkey = \"local_level\"\nlabel = \"本地分级\"\ngroup = \"安全\"\ntype = \"choice\"\nlist = \"local\"\nafter = \"mlps_level\"\nexample = \"甲级\"\n";
    let catalogue = load(&[
        ("a.toml", field),
        ("case.toml", CASE),
        ("lists/local.csv", "code,label,aliases\n1,甲级,A|甲\n2,乙级,\n"),
        ("lists/network.csv", "code,label,aliases,note\nsatellite,卫星网,天通,\nother,其他网,其他|其它,\n"),
        ("lists/regions.csv", "code,name,level,parent,aliases\n110000,北京市,province,,\n110108,海淀区,county,110000,\n"),
    ])
    .unwrap();
    let register = catalogue.register("information_system").unwrap();
    let at = |key: &str| register.fields.iter().position(|f| f.key == key).unwrap();
    assert_eq!(at("local_level"), at("mlps_level") + 1);
    assert!(catalogue.register("typical_case").is_some());
    let read = |key: &str, t: &str| match read(&catalogue, "information_system", key, t) {
        Reading::Value(v, _) => text(&v),
        other => panic!("{other:?}"),
    };
    assert_eq!(read("local_level", "甲"), "1");
    assert_eq!(read("network", "天通"), "satellite");
    assert_eq!(read("network", "其他网"), "other");
    assert_eq!(read("region_code", "北京市海淀区"), "110108");
}

/// A field added to the project register; its first free line is the sixth.
fn added(rest: &str) -> String {
    format!(
        "extend = \"project\"\n[[field]]\nkey = \"x\"\nlabel = \"甲\"\ngroup = \"乙\"\n{rest}\n"
    )
}

/// Loads one broken file and compares place and reason.
fn refuses(file: &str, text: &str, line: usize, word: &str) {
    let error = load(&[(file, text)]).map(|_| ()).expect_err(word);
    assert!(error.file.ends_with(file), "{error}");
    assert_eq!(error.line, line, "{error}");
    assert!(error.reason.contains(word), "{error}");
    let shown = error.to_string();
    assert!(shown.contains(&format!("第{line}行：")), "{shown}");
}

#[test]
fn a_broken_field_is_refused_with_its_line() {
    for (rest, line, word) in [
        ("type = \"text", 6, "TOML 语法错误"),
        ("type = \"texty\"", 6, "texty"),
        ("type = \"text\"\nlabell = \"丙\"", 7, "labell"),
        ("type = \"choice\"", 3, "list"),
        ("type = \"choice\"\nlist = \"nowhere\"", 7, "nowhere"),
        ("type = \"text\"\nlist = \"network\"", 7, "choice"),
        ("type = \"reference\"", 3, "refers_to"),
        (
            "type = \"reference\"\nrefers_to = \"nowhere\"",
            7,
            "nowhere",
        ),
        ("type = \"text\"\naliases = [\"项目名称\"]", 7, "name"),
        ("type = \"text\"\nafter = \"nowhere\"", 7, "nowhere"),
        ("type = \"date\"\nexample = \"昨天\"", 7, "示例值"),
        ("type = \"date\"\nmultiple = true", 3, "multiple"),
        ("type = \"text\"\nwarn_over = 5", 7, "warn_over"),
        (
            "type = \"text\"\nrequired_if = { field = \"kind\", in = [\"nix\"] }",
            7,
            "nix",
        ),
    ] {
        refuses("b.toml", &added(rest), line, word);
    }
    let text = added("type = \"text\"");
    refuses("b.toml", &text.replace("\"x\"", "\"name\""), 3, "重复");
    refuses("b.toml", &text.replace("\"x\"", "\"X\""), 3, "小写");
    refuses("b.toml", &text.replace('甲', "项目名称"), 4, "项目名称");
}

#[test]
fn a_broken_register_is_refused_with_its_line() {
    refuses("b.toml", "extend = \"nowhere\"\n", 1, "nowhere");
    refuses("b.toml", "\n", 1, "extend");
    for (from, to, line, word) in [
        ("org\"\n[[", "nowhere\"\n[[", 9, "nowhere"),
        ("owner = \"org\"", "owner = \"name\"", 9, "类型"),
        ("owner = \"org\"\n", "", 8, "owner"),
        ("typical_case", "project", 3, "已有定义"),
        ("AL", "XM", 5, "code_prefix"),
        ("典型案例", "项目", 4, "label"),
    ] {
        assert!(CASE.contains(from), "{from}");
        refuses("b.toml", &CASE.replace(from, to), line, word);
    }
}

#[test]
fn a_broken_list_is_refused_with_its_line() {
    for (text, line, word) in [
        ("code,text\n1,甲\n", 1, "label"),
        ("label\n甲\n", 1, "code"),
        ("code,label\n1,甲\n1,乙\n", 3, "重复"),
        ("code,label\n1,甲\n2,\n", 3, "label"),
        ("code,label,aliases\n1,甲,子\n2,乙,子\n", 3, "子"),
        ("code,label,stage\n1,甲,later\n", 2, "later"),
        ("code,label\n1,甲、乙\n", 2, "、"),
        ("code,label\n,甲\n", 2, "note"),
    ] {
        refuses("lists/bad.csv", text, line, word);
    }
    let regions = "code,name,level,parent\n99,甲,province,\n";
    refuses("lists/regions.csv", regions, 2, "6 位");
    let orphan = "code,name,level,parent\n990000,甲,province,980000\n";
    refuses("lists/regions.csv", orphan, 2, "980000");
}
