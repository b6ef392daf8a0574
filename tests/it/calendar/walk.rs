//! The calendar's editor, the list of deadlines and the notices in a real browser.

use super::deadlines::fill;
use crate::app::Ledger;
use crate::app::browser::{self, Browser, PLAIN, USUAL};
use crate::app::service::Service;
use crate::routes::actors::{self, PASSWORD};

fn sign_in(browser: &Browser, service: &Service, login: &str) {
    browser.go(&format!("{}/sign-in", service.base));
    browser.fill("input[name=login]", login);
    browser.fill("input[name=password]", PASSWORD);
    browser.press("main button[type=submit]");
    browser.see(".ol-nav");
}

#[test]
fn a_year_is_kept_a_limit_adopted_and_the_liaison_sees_what_falls_due() {
    if !browser::is_there() {
        return;
    }
    let ledger = Ledger::settled();
    actors::make_all(&ledger);
    fill(&ledger);
    let service = Service::start(&ledger);
    let mut keeper = Browser::open("calendar", USUAL);
    sign_in(&keeper, &service, "sysadmin");
    keeper.press_text("工作日历");
    keeper.see(".ol-month");
    assert_eq!(keeper.count(".ol-month"), 12);
    keeper.picture("this-year");
    keeper.go(&format!("{}/calendar?year=2027", service.base));
    keeper.see_text("放假安排未公布");
    keeper.fill(
        "textarea[name=lines]",
        "2027-01-01,放假,元旦\n2027-01-04,上班,元旦",
    );
    keeper.press("form[enctype] button");
    keeper.see_text("不是周六、周日");
    keeper.picture("refused");
    keeper.fill(
        "textarea[name=lines]",
        "2027-01-01,放假,元旦\n2027-01-02,放假,元旦",
    );
    keeper.press("form[enctype] button");
    keeper.see_text("放假安排已公布");
    keeper.picture("published");
    keeper.go(&format!("{}/calendar?day=2027-03-01#day", service.base));
    keeper.press("select[name=kind] option[value=off]");
    keeper.fill("#day input[name=name]", "停电检修");
    keeper.press("#day button");
    keeper.see_text("停电检修");
    keeper.go(&format!("{}/time-limits", service.base));
    keeper.see_text("聊城高新区");
    keeper.picture("limits");
    keeper.go(&format!("{}/time-limits/PJ-06", service.base));
    keeper.fill("input[name=region]", "");
    keeper.fill("input[name=source]", "本市项目管理办法第十二条");
    keeper.picture("limit");
    keeper.press("main form button");
    keeper.see_text("已保存");

    liaison_reads(&service);
    others_only_read(&service);
}

fn liaison_reads(service: &Service) {
    let mut liaison = Browser::open("deadlines", USUAL);
    sign_in(&liaison, service, "liaison");
    let begun = std::time::Instant::now();
    loop {
        liaison.go(&format!("{}/deadlines", service.base));
        if liaison.text("body").contains("采购合同备案") && liaison.count(".ol-me .ol-count") == 1
        {
            break;
        }
        assert!(begun.elapsed().as_secs() < 60, "{}", liaison.text("body"));
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    liaison.picture("list");
    assert!(!liaison.text("main").contains("医保平台"));
    liaison.go(&format!(
        "{}/deadlines?state=overdue&register=project",
        service.base
    ));
    liaison.see("main tbody tr");
    liaison.picture("overdue");
    liaison.go(&service.base);
    liaison.see_text("项时限已逾期");
    liaison.picture("home");
    liaison.go(&format!("{}/notices", service.base));
    liaison.see("main tbody tr");
    liaison.picture("notices");
    let before = liaison.count("main tbody tr");
    liaison.press("main tbody tr:first-child form[action$='/read'] button");
    liaison.see_text("通知");
    assert_eq!(liaison.count("main tbody tr"), before - 1);
    liaison.press_text("全部标为已读");
    liaison.see_text("没有通知");
    liaison.go(&format!("{}/notices?view=all", service.base));
    liaison.press("main tbody tr:last-child form[action$='/open'] button");
    liaison.see(".ol-nav");
    liaison.picture("opened");
}

fn others_only_read(service: &Service) {
    let mut plain = Browser::open("deadlines-plain", PLAIN);
    sign_in(&plain, service, "bureau");
    for path in [
        "/deadlines",
        "/calendar?year=2026",
        "/time-limits",
        "/notices?view=all",
    ] {
        plain.go(&format!("{}{path}", service.base));
        plain.see("main table, main .ol-empty");
    }
    plain.go(&format!("{}/deadlines", service.base));
    plain.see("main tbody tr");
    plain.picture("bureau");
    // Whoever does not keep the calendar is offered no editor and is refused one.
    plain.go(&format!("{}/calendar", service.base));
    assert_eq!(plain.count("main form"), 0);
    plain.go(&format!("{}/time-limits/PJ-06", service.base));
    plain.see_text("没有权限");
}
