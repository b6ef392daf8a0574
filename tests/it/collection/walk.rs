//! The board of collection in a real browser: from the first page to the datasets behind a number.

use super::fill;
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
fn numbers_lead_to_the_datasets_behind_them() {
    if !browser::is_there() {
        return;
    }
    let ledger = Ledger::settled();
    fill(&ledger);
    actors::make_all(&ledger);
    let service = Service::start(&ledger);

    let mut liaison = enter("collection-liaison", &service, "liaison", PLAIN);
    liaison.see_text("个数据资源未汇聚");
    liaison.picture("home");
    liaison.press("a[href='/collection/datasets?is=overdue&mine=1']");
    liaison.see_text("教师信息");
    assert_eq!(liaison.count("tbody tr"), 1);
    liaison.picture("overdue");
    liaison.press_text("汇聚");
    liaison.see_text("另有 2 个数据资源不在您的查看范围内");
    liaison.picture("board");

    let mut bureau = enter("collection-bureau", &service, "bureau", USUAL);
    bureau.press_text("汇聚");
    bureau.see_text("示例市医疗保障局");
    bureau.see_text("计算口径");
    bureau.picture("board");
    bureau.press_text("按区划");
    bureau.see_text("合计");
    bureau.picture("regions");
    bureau.go(&format!(
        "{}/collection/datasets?is=periodic&department=SL001",
        service.base
    ));
    bureau.see_text("已汇聚且有固定周期 3 个数据资源");
    assert_eq!(bureau.count("tbody tr"), 3);
    bureau.picture("periodic");
}
