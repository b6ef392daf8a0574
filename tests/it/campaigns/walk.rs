//! A campaign in a real browser, from opening to the certificate, by everybody who has a part in it.

use diesel::prelude::*;
use one_ledger::db::schema::campaigns;

use super::web::systems;
use crate::app::Ledger;
use crate::app::browser::{self, Browser, PLAIN, USUAL, Window};
use crate::app::service::Service;
use crate::routes::actors::{self, PASSWORD};

fn enter(name: &str, service: &Service, login: &str, window: Window) -> Browser {
    let browser = Browser::open(name, window);
    browser.go(&format!("{}/sign-in", service.base));
    browser.fill("input[name=login]", login);
    browser.fill("input[name=password]", PASSWORD);
    browser.press("main button[type=submit]");
    browser.see(".ol-nav");
    browser
}

/// Presses one of some options of a field.
fn choose(browser: &Browser, place: usize, answer: &str) {
    browser.press(&format!("#f-answer-{place} option[value={answer}]"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "one walk, step by step")]
fn a_campaign_is_opened_answered_closed_and_certified_in_the_browser() {
    if !browser::is_there() {
        return;
    }
    let ledger = Ledger::settled();
    systems(&ledger);
    actors::make_all(&ledger);
    actors::make(&ledger, "cdo-13", "cdo", "SL013");
    let service = Service::start(&ledger);
    let mut bureau = enter("campaign-bureau", &service, "bureau", USUAL);
    bureau.press_text("年度核对");
    bureau.picture("none");
    bureau.press_text("开展年度核对");
    bureau.see("#f-due_on");
    bureau.press("main form button[type=submit]");
    bureau.see_text("请填写截止日");
    bureau.picture("refused");
    let due = one_ledger::clock::today() + chrono::Days::new(30);
    // A date field is typed as the browser's language writes it; its value is set as a person's picker would.
    let set = format!("document.querySelector('#f-due_on').value = '{due}'");
    bureau.wait(bureau.client().execute(&set, Vec::new()));
    for register in ["dataset", "project"] {
        bureau.press(&format!("input[name=register][value={register}]"));
    }
    bureau.press(".ol-pick summary");
    bureau.press("input[name=field-information_system][value=main_function]");
    bureau.press("#f-departments summary");
    for code in ["SL001", "SL013"] {
        bureau.press(&format!("input[name=department][value={code}]"));
    }
    bureau.picture("new");
    bureau.press("main form button[type=submit]");
    bureau.see_text("各单位已收到通知");
    bureau.picture("board");

    department(&service);
    let other = enter("campaign-other", &service, "cdo-13", PLAIN);
    other.go(&format!("{}/campaigns/1/departments/SL013", service.base));
    other.press_text("批量确认完整的条目");
    other.see_text("已确认无变化 1 条");

    bureau.go(&service.base);
    bureau.see_text("归属待处理");
    bureau.go(&format!("{}/campaigns/1", service.base));
    bureau.see_text("公积金代扣系统");
    bureau.picture("question");
    bureau.press("#close button");
    bureau.see_text("还有 1 个单位没有提交");
    bureau.picture("not-closed");
    bureau.press("#f-questions button[value=move]");
    bureau.see_text("已划转");

    other.go(&format!(
        "{}/campaigns/1/departments/SL013?view=open",
        service.base
    ));
    other.see_text("公积金代扣系统");
    other.press_text("批量确认完整的条目");
    other.see_text("已变更或停用 1 条");
    other.press_text("提交本单位核对结果");
    other.see_text("已提交本单位的核对结果");

    bureau.go(&format!("{}/campaigns/1", service.base));
    bureau.press("#close button");
    bureau.see_text("账目快照已冻结");
    bureau.picture("closed");
    bureau.press_text("校验快照");
    bureau.see_text("摘要与结束时冻结的完全相同");
    bureau.picture("verified");
    bureau.go(&format!(
        "{}/campaigns/1/departments/SL001/certificate",
        service.base
    ));
    bureau.see(".ol-print");
    bureau.picture("certificate");
    let said = bureau.text(".ol-print");
    let code = said.rsplit(' ').next().unwrap().trim().to_owned();
    other.go(&format!("{}/campaign-certificates", service.base));
    other.fill("input[name=code]", &code);
    other.press("main form button");
    other.see_text("即为结束时冻结的结果");
    assert_eq!(
        other.count(".ol-print"),
        0,
        "what it says is the department's"
    );
    let state: String = campaigns::table
        .select(campaigns::state)
        .first(&mut ledger.conn())
        .unwrap();
    assert_eq!(state, "closed");
}

/// The education bureau's people, one after the other.
fn department(service: &Service) {
    let mut liaison = enter("campaign-liaison", service, "liaison", USUAL);
    liaison.see_text("待答复");
    liaison.picture("home");
    liaison.press("main a[href*='/departments/SL001']");
    liaison.see_text("未填写“主要功能”");
    liaison.picture("list");
    // Without a department it is not taken, and what was chosen stays.
    choose(&liaison, 2, "elsewhere");
    liaison.press_text("保存所选答复");
    liaison.see_text("“公积金代扣系统”: 请填写应归属的单位");
    liaison.picture("wrong");
    liaison.fill("#f-to-2", "示例市医疗保障局");
    liaison.press_text("保存所选答复");
    liaison.see_text("已保存 1 条答复");
    liaison.press_text("批量确认完整的条目");
    liaison.see_text("另有 1 条尚不完整");
    liaison.press("tbody tr:nth-child(2) a[href$='/edit']");
    liaison.fill("[name='main_function']", "考试报名");
    liaison.press("main form button[type=submit]");
    liaison.see_text("考试报名");
    liaison.go(&format!(
        "{}/campaigns/1/departments/SL001?view=open",
        service.base
    ));
    choose(&liaison, 0, "changed");
    liaison.press_text("保存所选答复");
    liaison.see_text("全部答复后由首席数据代表提交");
    liaison.picture("answered");
    let mut cdo = enter("campaign-cdo", service, "cdo", USUAL);
    cdo.see_text("待您提交");
    cdo.go(&format!("{}/campaigns/1/departments/SL001", service.base));
    cdo.press_text("提交本单位核对结果");
    cdo.see_text("已提交本单位的核对结果");
    cdo.picture("submitted");
}
