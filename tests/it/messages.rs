//! What people are told: place, what is wrong, what to write instead.

use crate::app::{Ledger, Said};

/// One sheet with most of what goes wrong in practice.
fn messy(ledger: &Ledger) -> Said {
    let file = ledger.draw(
        "清单.xlsx",
        &[
            "2026年信息系统清单",
            "填报单位：示例市教育局 | | | | 单位：万元",
            "序号 | 系统名称 | 主管单位 | 建设资金 | 上线时间 | 承载网络 | 等保级别 | 是否涉密 | 统一社会信用代码 | 登录密码 | 特色",
            "1 | 甲系统 | 示例市教育局 | 100/20 | 2024年3月 | 外网 | 三级 | 否 | | 123456 | 好用",
            "2 | 乙系统 | 市教局 | 120万元 | 2024.13 | 电子政务外网 | 八级 | 否 | 91310115MA1G4L1WXK | |",
            "3 | | 示例市教育局 | 12 | 3月 | 互联网 | 二级 | 否 | | |",
            "4 | 丁系统 | 示例市公安局 | １２０ | 2024.10 | 电子政务内网 | 二级 | 是 | | |",
            "5 | 丁系统 | 示例市公安局 | 9999999 | 二〇二四年三月 | 互联网 | 二级 | 否 | | |",
            "6 | 戊系统 | | 约30万元 | 长期 | 互联网、政务外网 | 未定级 | 否 | | |",
            "合计 | | | 200 | | | | | | |",
        ],
    );
    ledger.cli(["import", file.to_str().unwrap()])
}

#[test]
fn a_messy_sheet_is_answered_place_by_place() {
    let ledger = Ledger::settled();
    let said = messy(&ledger);
    assert_eq!(said.code, Some(1));
    assert_eq!(ledger.verify().entries, 0);
    insta::assert_snapshot!(said.out);
}

#[test]
fn wrong_usage_is_told_apart_from_wrong_input() {
    let ledger = Ledger::settled();
    let code = |args: &[&str]| ledger.cli(args).code;
    assert_eq!(code(&["import"]), Some(2));
    assert_eq!(code(&["import", "nowhere.xlsx"]), Some(2));
    assert_eq!(code(&["entries", "--register", "no_such"]), Some(2));
    assert_eq!(code(&["undo", "99"]), Some(2));
    assert_eq!(
        code(&[
            "export",
            "--register",
            "project",
            "--out",
            "/no/such/folder/x.xlsx"
        ]),
        Some(3)
    );
    assert_eq!(
        code(&["export", "--all", "--format", "csv", "--out", "x.csv"]),
        Some(2)
    );
    assert_eq!(code(&["verify"]), Some(0));
    let json = ledger.cli(["--json", "undo", "99"]).json();
    assert_eq!(json["error"]["code"], "not_found");
}
