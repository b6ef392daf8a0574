//! Two departments and one link in a real browser: one records, the other confirms, then disputes.

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

#[test]
fn two_departments_confirm_and_dispute_in_the_browser() {
    if !browser::is_there() {
        return;
    }
    let ledger = Ledger::settled();
    super::web::link(&ledger);
    actors::make_all(&ledger);
    actors::make(&ledger, "cdo-13", "cdo", "SL013");
    let service = Service::start(&ledger);
    let mut other = enter("links-other", &service, "cdo-13", USUAL);
    other.see_text("条对接待您确认");
    other.picture("home");
    other.press_text("对接确认");
    other.see_text("学籍信息→示例市医疗保障局");
    other.picture("mine");
    other.press("tbody input[type=checkbox]");
    other.press_text("确认勾选的对接");
    other.see_text("已确认 1 条");
    let mut own = enter("links-own", &service, "cdo", PLAIN);
    own.go(&format!("{}/registers/sharing_link/DJ-A", service.base));
    own.see_text("双方说法一致");
    own.picture("confirmed");
    own.fill("#ends input[name=note]", "接口已改为批量交换");
    own.press_text("提出异议");
    own.see_text("有争议");
    own.picture("disputed");
    other.go(&format!("{}/links?view=disputed", service.base));
    other.see_text("有争议");
    other.picture("disputed");
    other.go(&format!("{}/issues", service.base));
    other.see_text("对接说法不一致");
    other.see_text("有风险的对接");
    other.see_text("示例市教育局 → 示例市医疗保障局");
    other.picture("issue");
}
