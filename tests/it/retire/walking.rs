//! The impact and the form of a retirement, over HTTP and in a real browser.

use ureq::http::Method;

use crate::app::Ledger;
use crate::app::browser::{self, Browser, PLAIN, USUAL};
use crate::app::service::Service;
use crate::routes::actors::{self, PASSWORD};

/// A hub with systems of two departments around it, and the service.
fn desk() -> (Ledger, Service) {
    let ledger = Ledger::settled();
    let mut lines = vec![
        "系统编码|系统名称|主管单位|系统状态|停用时间|对接系统清单|月活跃用户数|使用频度"
            .to_owned(),
        "NEW|新学籍平台|示例市教育局|在用||||".to_owned(),
        "OLD|旧学籍系统|示例市教育局|停用|2026-11-20||3|很少".to_owned(),
        "POOR|少年宫报名系统|示例市教育局|在用|||3|很少".to_owned(),
    ];
    for n in 0..6 {
        lines.push(format!("D{n}|教育业务系统{n}|示例市教育局|在用||OLD||"));
    }
    lines.push("M1|医保结算系统|示例市医疗保障局|在用||OLD||".to_owned());
    for n in 0..24 {
        lines.push(format!(
            "T{n}|下级应用系统第{n}号|示例市教育局|在用||D{}||",
            n % 6
        ));
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    ledger.import_whole(&ledger.draw("系统.xlsx", &lines));
    ledger.partial(&ledger.draw(
        "目录.xlsx",
        &[
            "数据资源编码|数据资源名称|数源单位|目录状态|所属系统",
            "H1|未发布目录|示例市医疗保障局|待注册|OLD",
        ],
    ));
    actors::make_all(&ledger);
    let service = Service::start(&ledger);
    (ledger, service)
}

#[test]
fn the_impact_is_told_over_http_and_what_is_hidden_is_counted() {
    let (_ledger, service) = desk();
    let liaison = service.token("liaison", PASSWORD);
    let ask = |path: &str| service.ask(Method::GET, path).bearer(&liaison).send();
    let told = ask("/api/v1/entries/information_system/OLD/impact");
    assert_eq!(told.status, 200, "{told:?}");
    let body = told.json();
    assert_eq!(
        (body["direct"].as_i64(), body["direct_hidden"].as_i64()),
        (Some(8), Some(1))
    );
    assert_eq!(body["indirect"], 24);
    assert!(!body.to_string().contains("未发布目录"), "{body}");
    assert_eq!(
        ask("/api/v1/entries/information_system/OLD/impact?limit=2").json()["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        ask("/api/v1/entries/information_system/OLD/impact?wrong=2").status,
        422
    );
    assert_eq!(
        ask("/api/v1/entries/information_system/NONE/impact").status,
        404
    );
    // Published, but not one's own: what depends on it is not told.
    assert_eq!(
        ask("/api/v1/entries/information_system/M1/impact").status,
        403
    );
    let form = ask("/api/v1/entries/information_system/OLD/retirement");
    assert_eq!(form.status, 200, "{form:?}");
    let text = form.json().to_string();
    assert!(
        text.contains("医保结算系统") && text.contains("另有 1 个"),
        "{text}"
    );
    assert_eq!(ask("/api/v1/entries/dataset/H1/retirement").status, 404);
}

fn sign_in(browser: &Browser, service: &Service, login: &str) {
    browser.go(&format!("{}/sign-in", service.base));
    browser.fill("input[name=login]", login);
    browser.fill("input[name=password]", PASSWORD);
    browser.press("main button[type=submit]");
    browser.see(".ol-nav");
}

#[test]
fn a_department_sees_what_breaks_moves_it_over_and_files_the_retirement() {
    if !browser::is_there() {
        return;
    }
    let (_ledger, service) = desk();
    let mut own = Browser::open("retire", USUAL);
    sign_in(&own, &service, "liaison");
    let old = format!("{}/registers/information_system/OLD", service.base);
    own.go(&format!(
        "{}/registers/information_system/POOR",
        service.base
    ));
    own.see_text("僵尸系统提示");
    own.picture("hints");
    own.go(&old);
    own.press_text("停用影响");
    own.see_text("直接中断");
    own.see_text("您无权查看");
    assert_eq!(own.count("svg.ol-graph rect"), 33);
    assert!(!own.text("main").contains("未发布目录"));
    own.picture("impact");
    own.press_text("下线办理");
    own.see_text("仍在使用它的条目");
    own.see_text("请示例市医疗保障局办理");
    own.picture("form");
    own.fill("#f-replaced_by", "新学籍平台");
    own.fill("#f-asset_disposal", "服务器退还");
    own.press("form[action$='/retire'] button");
    own.see_text("已保存");
    own.see_text("接替的系统: “新学籍平台”");
    own.press("#links tbody tr:first-child button[value=replacement]");
    own.see_text("D0 已改接");
    assert_eq!(own.count("#links tbody tr"), 6);
    own.picture("moved");
    own.press_text("开始下线备案");
    own.see_text("填报中");
    own.see_text("医保结算系统");
    own.press("form[action$='/acts/submit'] button");
    own.see_text("仍在使用它");
    own.picture("refused");

    let mut plain = Browser::open("retire-plain", PLAIN);
    sign_in(&plain, &service, "bureau");
    plain.go(&format!("{old}/impact"));
    plain.see("svg.ol-graph rect");
    plain.picture("bureau");
}
