//! A deployment adds a field with one stanza, a register with one file, and both work everywhere.

use std::path::PathBuf;

use crate::app::{Ledger, ORGANISATION, Said, program, run_to_end, sample};

/// One stanza: a field of a deployment's own, with a list of its own.
const FIELD: &str = r#"
extend = "information_system"

[[field]]
key     = "cloud_zone"
label   = "云区"
group   = "部署"
type    = "choice"
list    = "cloud_zone"
aliases = ["所在云区"]
after   = "deployment"
"#;

const LIST: &str = "code,label,aliases\neast,东区,东部|东\nwest,西区,西部\n";

/// One file: a register of typical cases.
const REGISTER: &str = r#"
[register]
key         = "typical_case"
label       = "典型案例"
titles      = ["典型案例", "案例"]
code_prefix = "AL"

[register.keys]
code  = "code"
name  = "name"
owner = "org"

[[field]]
key   = "code"
label = "案例编码"
group = "基本"
type  = "code"

[[field]]
key      = "name"
label    = "案例名称"
group    = "基本"
type     = "text"
required = true

[[field]]
key      = "org"
label    = "申报单位"
group    = "基本"
type     = "department"
required = true

[[field]]
key   = "awarded"
label = "获奖时间"
group = "基本"
type  = "date"

[[field]]
key       = "systems"
label     = "涉及系统"
group     = "关联"
type      = "reference"
refers_to = "information_system"
multiple  = true
"#;

struct Deployment {
    ledger: Ledger,
    folder: PathBuf,
}

impl Deployment {
    fn new(files: &[(&str, &str)]) -> Self {
        let ledger = Ledger::settled();
        let folder = ledger.file("definitions");
        std::fs::create_dir_all(folder.join("lists")).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join(name), text).unwrap();
        }
        Self { ledger, folder }
    }

    fn run(&self, args: &[&str]) -> Said {
        let mut command = self.ledger.command();
        command.arg("--definitions").arg(&self.folder);
        run_to_end(command.arg("--json").args(args))
    }
}

#[test]
fn one_stanza_adds_a_field_everywhere() {
    let own = Deployment::new(&[("own.toml", FIELD), ("lists/cloud_zone.csv", LIST)]);
    let file = own.ledger.draw(
        "own.xlsx",
        &[
            "系统名称 | 主管单位 | 所在云区",
            "甲系统 | 示例市教育局 | 东部",
            "乙系统 | 示例市教育局 | 西区",
        ],
    );
    let said = own.run(&["import", file.to_str().unwrap()]).json();
    assert_eq!(said["sheets"][0]["columns"][2]["field"], "cloud_zone");
    assert_eq!(said["sheets"][0]["rows"]["new"], 2);
    let found = own
        .run(&[
            "entries",
            "--register",
            "information_system",
            "--filter",
            "cloud_zone=东",
        ])
        .json();
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["values"]["cloud_zone"], "east");
    let out = own.ledger.file("out.csv");
    own.run(&[
        "export",
        "--register",
        "information_system",
        "--out",
        out.to_str().unwrap(),
    ]);
    let text = std::fs::read_to_string(&out).unwrap();
    let header = text.lines().next().unwrap();
    let place = |label: &str| header.split(',').position(|h| h.contains(label)).unwrap();
    assert_eq!(place("云区"), place("部署环境") + 1, "{header}");
    assert!(text.contains("东区"));
    let again = own.run(&["import", out.to_str().unwrap()]).json();
    assert_eq!(again["sheets"][0]["rows"]["same"], 2);
    let template = own.ledger.file("template.xlsx");
    let made = own.run(&[
        "template",
        "--register",
        "information_system",
        "--out",
        template.to_str().unwrap(),
    ]);
    assert_eq!(made.code, Some(0));
    // Without its definition the field is an unknown column, and a value out of its list is refused with it.
    let wrong = own.ledger.draw(
        "wrong.xlsx",
        &["系统名称 | 主管单位 | 云区", "丙系统 | 示例市教育局 | 月球"],
    );
    let refused = own.run(&["import", wrong.to_str().unwrap()]);
    assert_eq!(refused.code, Some(1));
    assert_eq!(refused.json()["problems"][0]["field"], "cloud_zone");
}

#[test]
fn one_file_adds_a_register_everywhere() {
    let own = Deployment::new(&[("typical_case.toml", REGISTER)]);
    let book = crate::app::draw::Book::new()
        .sheet(
            "典型案例",
            &[
                "*案例名称 | 申报单位 | 获奖时间 | 涉及系统",
                "一表通办 | 示例市教育局 | 2025年6月 | 甲系统；乙系统",
            ],
        )
        .sheet(
            "信息系统",
            &[
                "系统名称 | 主管单位 | 主要功能",
                "甲系统 | 示例市教育局 | 学籍",
                "乙系统 | 示例市教育局 | 考试",
            ],
        );
    let file = own.ledger.file("cases.xlsx");
    book.save(&file);
    let said = own.run(&["import", file.to_str().unwrap()]).json();
    assert_eq!(said["problems"], serde_json::json!([]), "{said:#}");
    assert_eq!(said["sheets"][0]["register"], "typical_case");
    let case = own
        .run(&["entries", "--register", "typical_case", "--search", "通办"])
        .json();
    assert_eq!(case[0]["values"]["awarded"], "2025-06");
    let code = case[0]["code"].as_str().unwrap();
    assert!(code.starts_with("AL-"), "{code}");
    let shown = own.run(&["entry", code, "--history"]).json();
    assert_eq!(shown[0]["relations"].as_array().unwrap().len(), 2);
    let out = own.ledger.file("all.xlsx");
    let exported = own
        .run(&["export", "--all", "--out", out.to_str().unwrap()])
        .json();
    assert_eq!(exported["rows"], 3);
    let again = own.run(&["import", out.to_str().unwrap()]).json();
    let rows = |key: &str| -> u64 {
        let sheets = again["sheets"].as_array().unwrap();
        sheets
            .iter()
            .map(|s| s["rows"][key].as_u64().unwrap())
            .sum()
    };
    assert_eq!((rows("same"), rows("new"), rows("changed")), (3, 0, 0));
    let template = own.ledger.file("case.xlsx");
    let made = own.run(&[
        "template",
        "--register",
        "typical_case",
        "--out",
        template.to_str().unwrap(),
    ]);
    assert_eq!(made.code, Some(0));
    let empty = own.run(&["import", template.to_str().unwrap()]).json();
    assert_eq!(empty["sheets"][0]["rows"]["skipped"], 1, "the example row");
}

#[test]
fn a_broken_definition_stops_the_start_with_file_line_and_reason() {
    let cases = [
        (
            "own.toml",
            "extend = \"information_system\"\n\n[[field]]\nkey = \"x\"\nlabel = \"甲\"\ngroup = \"乙\"\ntype = \"colour\"\n",
            7,
            "colour",
        ),
        (
            "own.toml",
            "extend = \"information_system\"\n[[field]]\nkey = \"network\"\nlabel = \"甲\"\ngroup = \"乙\"\ntype = \"text\"\n",
            3,
            "network",
        ),
        ("own.toml", "extend = \"no_such\"\n", 1, "no_such"),
        (
            "own.toml",
            "extend = \"information_system\"\n[[field]]\nkey = \"zone\"\nlabel = \"区\"\ngroup = \"乙\"\ntype = \"choice\"\nlist = \"zones\"\n",
            7,
            "zones",
        ),
        ("own.toml", "[[field]\n", 1, ""),
        (
            "lists/network.csv",
            "code,label,aliases\nx,甲,互联网\n",
            2,
            "互联网",
        ),
    ];
    for (name, text, line, reason) in cases {
        let own = Deployment::new(&[(name, text)]);
        let mut command = program();
        let said = run_to_end(command.arg("--definitions").arg(&own.folder).arg("verify"));
        assert_eq!(said.code, Some(2), "{text}: {said:?}");
        let place = format!("第{line}行");
        assert!(
            said.err.contains(name) && said.err.contains(&place) && said.err.contains(reason),
            "{text}: {}",
            said.err
        );
        assert!(!own.ledger.file("one-ledger.db").exists());
    }
    assert!(sample(ORGANISATION).exists());
}
