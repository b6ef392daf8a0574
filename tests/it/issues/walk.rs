//! Issues in a real browser: raised, escalated one rung, decided, closed with proof, confirmed; and the month.

use crate::app::Ledger;
use crate::app::browser::{self, Browser, USUAL};
use crate::app::service::Service;
use crate::campaigns::web::systems;
use crate::routes::actors::{self, PASSWORD};

fn enter(name: &str, service: &Service, login: &str) -> Browser {
    let browser = Browser::open(name, USUAL);
    browser.go(&format!("{}/sign-in", service.base));
    browser.fill("input[name=login]", login);
    browser.fill("input[name=password]", PASSWORD);
    browser.press("main button[type=submit]");
    browser.see(".ol-nav");
    browser
}

/// Opens an act's form, says something, presses.
pub fn act(browser: &Browser, word: &str, note: &str) {
    let form = format!("form[action$='/acts/{word}']");
    if browser.count(&format!("details[open] {form}")) == 0 {
        let open = format!("document.querySelector(\"{form}\").closest('details').open = true");
        browser.wait(browser.client().execute(&open, Vec::new()));
    }
    if !note.is_empty() {
        browser.fill(&format!("{form} textarea"), note);
    }
    browser.send(&format!("{form} button"));
}

/// Records what the bureau decided today, with the number of its paper.
pub fn decide(browser: &Browser, number: &str, decided: &str) {
    let today = one_ledger::clock::today();
    let set = format!("document.querySelector('#d-decide').value = '{today}'");
    browser.wait(browser.client().execute(&set, Vec::new()));
    let open = "document.querySelector('#n-decide').closest('details').open = true";
    browser.wait(browser.client().execute(open, Vec::new()));
    browser.fill("#n-decide", number);
    act(browser, "decide", decided);
    browser.see_text("已记录决定");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one walk, step by step")]
fn an_issue_is_raised_escalated_decided_and_confirmed_in_the_browser() {
    if !browser::is_there() {
        return;
    }
    let ledger = Ledger::settled();
    systems(&ledger);
    actors::make_all(&ledger);
    actors::make(&ledger, "cdo-13", "cdo", "SL013");
    let service = Service::start(&ledger);
    let mut cdo = enter("issue-cdo", &service, "cdo");
    cdo.press_text("难点问题");
    cdo.see_text("没有难点问题");
    cdo.picture("none");
    cdo.press_text("提出难点问题");
    cdo.see("#f-owed_by");
    cdo.fill("#f-title", "参保人员数据与学籍比对有三成不符");
    cdo.press("#f-kind option[value=wrong_data]");
    cdo.fill("#f-owed_by", "不存在的局");
    cdo.fill("#f-text", "每月比对一次，误差没有减少。\n已电话沟通三次。");
    cdo.fill("#f-entries", "S4");
    cdo.press("main form button[type=submit]");
    cdo.see_text("机构名录中没有“不存在的局”");
    cdo.picture("refused");
    cdo.fill("#f-owed_by", "示例市医疗保障局");
    cdo.press("main form button[type=submit]");
    cdo.see_text("已提出难点-");
    cdo.picture("raised");

    let mut other = enter("issue-other", &service, "cdo-13");
    other.see_text("个难点问题待您推进");
    other.go(&format!("{}/issues", service.base));
    other.see_text("参保人员数据");
    other.see_text("没有正在计时的法定时限");
    other.see_text("没有待确认或有争议的对接");
    other.picture("desk");
    other.press_text("参保人员数据与学籍比对有三成不符");
    other.see_text("账上还没有可以办结的依据");
    act(&other, "answer", "数据来自省垂系统，本局无权更改");
    other.see_text("已答复并转对方");

    cdo.go(&format!("{}/issues/1", service.base));
    cdo.see_text("本局无权更改");
    act(&cdo, "escalate", "双方协商三周没有结果");
    cdo.see_text("已升级协调");
    cdo.picture("escalated");

    let mut bureau = enter("issue-bureau", &service, "bureau");
    bureau.press_text("难点问题");
    bureau.see_text("本级协调");
    bureau.picture("rung");
    bureau.press_text("参保人员数据与学籍比对有三成不符");
    bureau.picture("bureau");
    decide(
        &bureau,
        "示数协〔2026〕3号",
        "医保局一个月内更正参保人员数据并重新发布",
    );
    bureau.picture("decided");

    // A correction in the ledger is proof as well.
    other.go(&format!(
        "{}/registers/information_system/S4/edit",
        service.base
    ));
    other.fill("[name='main_function']", "结算；参保人员数据按月更正");
    other.press("main form button[type=submit]");
    other.see_text("参保人员数据按月更正");
    other.go(&format!("{}/issues/1", service.base));
    other.see_text("账目更正");
    act(&other, "propose", "已更正并重新发布");
    other.see_text("已提请办结");
    other.picture("proposed");

    cdo.go(&service.base);
    cdo.see_text("个难点问题待您推进");
    cdo.picture("home");
    cdo.go(&format!("{}/issues/1", service.base));
    cdo.see_text("主要功能");
    act(&cdo, "confirm", "");
    cdo.see_text("已确认办结");
    cdo.picture("closed");
    cdo.go(&format!("{}/issues/summary", service.base));
    cdo.see_text("本月确认办结");
    cdo.see_text("本月收到共享申请");
    cdo.picture("month");
    bureau.go(&format!("{}/issues/board", service.base));
    bureau.see_text("没有未办结的难点问题");
    bureau.picture("board");
}
