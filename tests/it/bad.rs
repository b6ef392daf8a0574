//! Files that cannot be taken in: a clear answer at the command line, and a ledger that was not touched.

use crate::app::{Ledger, on_both_settled};
use crate::hostile::{demo, encrypted, parts, sample, text_row, workbook, zipped};

/// Named files made to hurt, and a word of the answer.
fn cases() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let whole = sample();
    let lie = br#"<sst count="1" uniqueCount="4294967295"><si><t>a</t></si></sst>"#;
    let doctype = b"<!DOCTYPE x [<!ENTITY a \"b\">]><worksheet/>";
    let far = r#"<row r="1"><c r="XFD1" t="inlineStr"><is><t>a</t></is></c></row>"#;
    let wide = vec!["列"; 10_000].join(",");
    let long = format!(
        "系统名称,主管单位,主要功能\n甲,示例市教育局,{}\n",
        "长".repeat(40_000)
    );
    // The default bound on what a file inflates to is 512 MiB.
    let spaces = vec![b' '; 600 * 1024 * 1024];
    let bomb = workbook(&text_row(1, "a"), &[("xl/media/image1.png", &spaces)]);
    vec![
        ("bomb.xlsx", bomb, "解压"),
        ("encrypted.xlsx", encrypted(), "密码"),
        ("archive.xlsx", zipped(&[("readme.txt", b"a")]), "xlsx"),
        ("empty.xlsx", Vec::new(), "空"),
        ("cut.xlsx", whole[..whole.len() / 2].to_vec(), "另存"),
        (
            "page.xls",
            b"<html><table><tr><td>1</td></tr></table></html>".to_vec(),
            "xlsx",
        ),
        ("paper.xlsx", b"%PDF-1.7 abc".to_vec(), "xlsx"),
        (
            "strings.xlsx",
            workbook(&text_row(1, "a"), &[("xl/sharedStrings.xml", lie)]),
            "字符串数",
        ),
        ("doctype.xlsx", zipped(&parts(doctype, &[])), "DOCTYPE"),
        ("far.xlsx", workbook(far, &[]), "XFD1"),
        ("wide.csv", format!("{wide}\n{wide}\n").into_bytes(), "列"),
        ("nul.csv", b"a,b\n1,\0\n".to_vec(), "第 2 行"),
        (
            "quote.csv",
            "系统名称,主管单位\n\"甲,示例市教育局\n乙,丙\n"
                .as_bytes()
                .to_vec(),
            "引号",
        ),
        ("long.csv", long.into_bytes(), "字"),
        ("foreign.csv", b"id,owner\n1,x\n".to_vec(), "表头"),
    ]
}

fn refused(ledger: &Ledger, name: &str, bytes: &[u8], word: &str) {
    let file = ledger.file(name);
    std::fs::write(&file, bytes).unwrap();
    let said = ledger.cli(["import", file.to_str().unwrap()]);
    assert_eq!(said.code, Some(1), "{name}: {said:?}");
    let told = format!("{}{}", said.out, said.err);
    assert!(told.contains(word), "{name}: {told}");
    assert!(
        !told.contains("panicked") && !told.contains("RUST"),
        "{name}: {told}"
    );
    let json = ledger.cli(["--json", "import", file.to_str().unwrap()]);
    assert_eq!(json.code, Some(1), "{name}");
    assert!(json.json().is_object(), "{name}");
}

#[test]
fn what_cannot_be_taken_in_leaves_the_ledger_alone() {
    on_both_settled(|ledger| {
        ledger.import_whole(&crate::app::sample("市直部门信息系统清单.xlsx"));
        let head = ledger.head();
        for (name, bytes, word) in cases() {
            refused(ledger, name, &bytes, word);
            assert_eq!(ledger.head(), head, "{name}");
        }
        // The name says nothing: an old workbook called .et, a new one called .xls.
        for (name, inside) in [
            ("plan.et", "项目申报汇总.xls"),
            ("list.xls", "市直部门信息系统清单.xlsx"),
        ] {
            let file = ledger.file(name);
            std::fs::write(&file, demo(inside)).unwrap();
            assert_eq!(ledger.check(&file).problems_total, 0, "{name}");
        }
    });
}

#[test]
fn strange_cells_are_questions_in_their_place() {
    let ledger = Ledger::settled();
    let file = ledger.draw(
        "strange.xlsx",
        &[
            "系统名称 | 主管单位 | 上线时间 | 建设资金（万元） | 建设资金（万元）",
            "甲系统 | 示例市教育局 | 9999-12-31 | 12 | 13",
            "乙系统 | 示例市教育局 | 2024-02-30 | 12 | 13",
        ],
    );
    let report = ledger.check(&file);
    let places: Vec<(u32, &str)> = report
        .problems
        .iter()
        .map(|p| (p.row, p.column.as_str()))
        .collect();
    assert_eq!(places, [(2, "C"), (3, "C")], "{:#?}", report.problems);
    let twice = &report.sheets[0].columns[4];
    assert!(twice.field.is_none() && twice.note.is_some(), "{twice:?}");
}
