//! The check over HTTP and in a real browser.

use serde_json::json;
use ureq::http::Method;

use crate::app::Ledger;
use crate::app::browser::{self, Browser, USUAL};
use crate::app::service::Service;
use crate::routes::actors::{self, PASSWORD};

/// Two alike systems in one department, proposals, accounts, and the service.
fn desk() -> (Ledger, Service) {
    let ledger = Ledger::settled();
    ledger.import_whole(&ledger.draw(
        "系统.xlsx",
        &[
            "系统编码|系统名称|主管单位|主要功能|系统状态|建设资金（万元）|建设年度|用户数",
            "S1|学籍管理系统|示例市教育局|学生学籍注册、转学、休学的在线办理和统计|在用|200|2019|",
            "S2|学籍管理信息平台|示例市教育局|学籍注册、转学、休学的网上办理|在用|60|2021|900",
            "S3|医保结算系统|示例市医疗保障局|参保人员住院、门诊费用联网结算|在用|800|2020|",
        ],
    ));
    ledger.import_whole(&ledger.draw(
        "项目.xlsx",
        &[
            "项目编号|项目名称|申报单位|项目阶段|建设内容|总预算（万元）|建设年度",
            "P1|全市学籍服务平台建设项目|示例市教育局|已申报|学籍注册、转学、休学在线办理，自建机房|300|2026",
            "P2|医疗保障费用结算平台项目|示例市医疗保障局|已申报|参保职工和居民住院、门诊费用联网结算|650|2026",
            "P3|殡葬服务预约系统|示例市民政局|已申报|火化预约、公墓查询|90|2026",
        ],
    ));
    actors::make_all(&ledger);
    let service = Service::start(&ledger);
    (ledger, service)
}

#[test]
fn a_proposal_is_checked_and_answered_over_http() {
    let (_ledger, service) = desk();
    let bureau = service.token("bureau", PASSWORD);
    let liaison = service.token("liaison", PASSWORD);
    let ask = |token: &str, method: Method, path: &str| service.ask(method, path).bearer(token);
    let question = json!({"name": "学籍平台", "function": "学籍注册和转学", "items": ["学籍号"]});
    let report = ask(&liaison, Method::POST, "/api/v1/duplicates/check").json(&question);
    assert_eq!(report.status, 200, "{report:?}");
    assert!(
        report.json()["hits"][0]["words"]
            .as_array()
            .is_some_and(|w| !w.is_empty())
    );
    let nothing = ask(&liaison, Method::POST, "/api/v1/duplicates/check").json(&json!({}));
    assert_eq!(nothing.status, 422, "{nothing:?}");

    let asked = json!({"register": "project", "code": "P1"});
    let run = ask(&bureau, Method::POST, "/api/v1/duplicates/runs").json(&asked);
    assert_eq!(run.status, 201, "{run:?}");
    let run = run.json();
    assert_eq!(run["may_answer"], true);
    let hit = run["hits"][0]["id"].as_i64().unwrap();
    let path = format!("/api/v1/duplicates/hits/{hit}/answer");
    let verdict = json!({"verdict": "extend", "reason": "在原系统上扩建"});
    let refused = ask(&liaison, Method::PUT, &path)
        .header("if-match", "\"1\"")
        .json(&verdict);
    assert_eq!(refused.status, 403, "{refused:?}");
    let unversioned = ask(&bureau, Method::PUT, &path).json(&verdict);
    assert_eq!(unversioned.status, 428, "{unversioned:?}");
    let done = ask(&bureau, Method::PUT, &path)
        .header("if-match", "\"1\"")
        .json(&verdict);
    assert_eq!(
        (done.status, done.header("etag")),
        (200, Some("\"2\"")),
        "{done:?}"
    );
    let late = ask(&bureau, Method::PUT, &path)
        .header("if-match", "\"1\"")
        .json(&verdict);
    assert_eq!(late.status, 412, "{late:?}");
    let standing = ask(
        &liaison,
        Method::GET,
        "/api/v1/entries/project/P1/duplicates",
    )
    .send();
    assert_eq!(
        standing.json()["run"]["hits"][0]["verdict"],
        "extend",
        "{standing:?}"
    );
}

fn sign_in(browser: &Browser, service: &Service, login: &str) {
    browser.go(&format!("{}/sign-in", service.base));
    browser.fill("input[name=login]", login);
    browser.fill("input[name=password]", PASSWORD);
    browser.press("main button[type=submit]");
    browser.see(".ol-nav");
}

#[test]
fn a_batch_is_checked_answered_and_twins_are_merged_in_the_browser() {
    if !browser::is_there() {
        return;
    }
    let (_ledger, service) = desk();
    let mut bureau = Browser::open("duplicates", USUAL);
    sign_in(&bureau, &service, "bureau");
    bureau.go(&format!("{}/duplicates/lists/negative", service.base));
    bureau.fill("#f-name", "自建机房");
    bureau.fill("#f-clause", "不得自建机房");
    bureau.fill("#f-advice", "使用政务云");
    bureau.press_text("保存");
    bureau.see_text("自建机房");
    bureau.picture("list");
    bureau.go(&format!("{}/duplicates", service.base));
    bureau.fill("#f-name", "学籍服务系统");
    bureau.fill("#f-function", "学籍注册、转学和休学在线办理");
    bureau.press("main form button[type=submit]");
    bureau.see("mark");
    bureau.picture("question");
    bureau.go(&format!("{}/duplicates/batches?year=2026", service.base));
    bureau.see_text("医疗保障费用结算平台项目");
    bureau.picture("choose");
    bureau.press_text("对选中的项目查重");
    bureau.see_text("已查 3 个");
    bureau.picture("batch");
    bureau.press_text("全市学籍服务平台建设项目");
    bureau.see_text("没有答复");
    bureau.see_text("不得自建机房");
    bureau.picture("run");
    bureau.press(".ol-answer option[value=reuse]");
    bureau.press(".ol-answer button");
    bureau.see_text("还有 1 条");
    bureau.picture("answered");

    let mut own = Browser::open("duplicates-merge", USUAL);
    sign_in(&own, &service, "specialist");
    own.go(&format!("{}/duplicates/near", service.base));
    own.see_text("学籍管理信息平台");
    own.picture("near");
    own.press_text("合并…");
    own.see("[name=reason]");
    own.picture("side-by-side");
    own.fill("#f-reason", "同一系统重复填报");
    own.press_text("合并");
    own.see_text("并入了");
    own.picture("merged");
    own.press_text("撤销合并");
    own.wait(own.client().accept_alert());
    own.see_text("已撤销合并");
    own.picture("undone");
}
