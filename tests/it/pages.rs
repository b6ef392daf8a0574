//! The pages in a real browser, as the three people who judge us use them. Set-up and sign-in are walked in
//! `accounts/walk.rs`, sending in a workbook in `uploads/web.rs`.

use std::time::Duration;

use crate::app::browser::{self, Browser, PLAIN, USUAL};
use crate::app::service::Service;
use crate::app::{Ledger, sample};
use crate::routes::actors::{self, PASSWORD};

/// A ledger with the sample systems, an account per role, and the service on it.
fn desk() -> (Ledger, Service) {
    let ledger = Ledger::settled();
    ledger.import_whole(&sample("市直部门信息系统清单.xlsx"));
    actors::make_all(&ledger);
    let service = Service::start(&ledger);
    (ledger, service)
}

fn sign_in(browser: &Browser, service: &Service, login: &str) {
    browser.go(&format!("{}/sign-in", service.base));
    browser.fill("input[name=login]", login);
    browser.fill("input[name=password]", PASSWORD);
    browser.press("main button[type=submit]");
    browser.see(".ol-nav");
}

/// The entries that the signed-in person keeps.
fn own_entries(browser: &Browser, service: &Service) {
    browser.go(&format!(
        "{}/registers/information_system?mine=true",
        service.base
    ));
    browser.see("main tbody tr");
}

#[test]
fn two_people_change_one_entry_and_the_second_is_told() {
    if !browser::is_there() {
        return;
    }
    let (_ledger, service) = desk();
    let mut first = Browser::open("conflict", USUAL);
    let mut second = Browser::open("conflict-second", USUAL);
    sign_in(&first, &service, "liaison");
    sign_in(&second, &service, "specialist");
    for browser in [&first, &second] {
        own_entries(browser, &service);
        browser.press("main tbody tr:first-child a");
        browser.press_text("修改");
        browser.see("[name=user_count]");
    }
    first.picture("form");
    first.fill("[name=user_count]", "777");
    first.press_text("保存");
    first.see_text("777");
    first.picture("saved");
    second.fill("[name=user_count]", "888");
    second.press_text("保存");
    second.see_text("修改");
    second.picture("told");
    let said = second.text("body");
    assert!(said.contains("他人") || said.contains("已被"), "{said}");
    own_entries(&first, &service);
    first.press("main tbody tr:first-child a");
    first.see_text("777");
    first.press_text("历史与比较");
    first.see(".ol-new");
    first.picture("history");
}

#[test]
fn a_list_is_narrowed_kept_as_a_view_and_exported_as_it_is_seen() {
    if !browser::is_there() {
        return;
    }
    let (_ledger, service) = desk();
    let mut browser = Browser::open("list", USUAL);
    sign_in(&browser, &service, "bureau");
    browser.go(&format!(
        "{}/registers/information_system?status=running",
        service.base
    ));
    browser.see("main tbody tr");
    browser.picture("narrowed");
    browser.go(&format!(
        "{}/registers/information_system?search=jyj",
        service.base
    ));
    browser.see("main tbody tr");
    browser.picture("initials");
    let shown = browser.count("main tbody tr");
    assert!(shown > 0);
    browser.press_text("保存为视图");
    browser.fill("#f-name", "教育口系统");
    browser.press("form[action$='/views'] button");
    browser.see_text("教育口系统");
    browser.picture("view");
    browser.go(&format!(
        "{}/registers/information_system?search=jyj",
        service.base
    ));
    browser.press_text("csv");
    let file = wait_for_file(browser.downloads());
    let text = std::fs::read_to_string(file).unwrap();
    let rows = text.lines().filter(|l| l.contains("XT-")).count();
    assert_eq!(rows, shown, "{text}");
}

/// The file that a download leaves, once it is whole.
fn wait_for_file(folder: &std::path::Path) -> std::path::PathBuf {
    for _ in 0..200 {
        let files = std::fs::read_dir(folder).unwrap();
        let done = files
            .map(|f| f.unwrap().path())
            .find(|p| p.extension().is_some_and(|e| e == "csv"));
        if let Some(file) = done {
            return file;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("nothing was downloaded");
}

#[test]
fn staffing_is_filed_by_the_department_and_acknowledged_by_the_bureau() {
    if !browser::is_there() {
        return;
    }
    let (_ledger, service) = desk();
    let mut department = Browser::open("filing", USUAL);
    sign_in(&department, &service, "specialist");
    department.go(&format!("{}/people/new", service.base));
    department.picture("new-person");
    department.fill("[name=name]", "赵敏");
    department.fill("[name=post]", "副局长");
    department.fill("[name=mobile]", "13800000000");
    department.fill("[name=office]", "信息化处");
    department.press("main form[method=post] button[type=submit]");
    department.see_text("赵敏");
    department.picture("person");
    department.press("form[action$='/act/appoint'] select[name=role] option[value=cdo]");
    department.press("form[action$='/act/appoint'] button[type=submit]");
    department.see_text("备案");
    department.picture("appointed");
    department.go(&format!("{}/filings", service.base));
    department.press("main tbody tr:first-child a");
    department.picture("filing");
    department.press("form[action$='/act/submit'] button");
    department.picture("submitted");
    let mut bureau = Browser::open("filing-bureau", USUAL);
    sign_in(&bureau, &service, "bureau");
    bureau.go(&service.base);
    bureau.see_text("待受理");
    bureau.picture("todo");
    bureau.go(&format!("{}/filings", service.base));
    bureau.press("main tbody tr:first-child a");
    bureau.picture("to-answer");
    bureau.press("form[action$='/act/acknowledge'] button");
    bureau.picture("acknowledged");
    bureau.see_text("赵敏");
    department.go(&format!("{}/people", service.base));
    department.see_text("赵敏");
    department.picture("people");
}

#[test]
fn too_many_wrong_passwords_lock_the_door_and_say_for_how_long() {
    if !browser::is_there() {
        return;
    }
    let (_ledger, service) = desk();
    let mut browser = Browser::open("lock", USUAL);
    for _ in 0..6 {
        browser.go(&format!("{}/sign-in", service.base));
        browser.fill("input[name=login]", "liaison");
        browser.fill("input[name=password]", "not-the-password-1");
        browser.press("main button[type=submit]");
        browser.see("[role=alert], .ol-notice--bad");
    }
    browser.see_text("分钟后再试");
    browser.picture("locked");
}

#[test]
fn what_is_only_read_needs_no_scripts() {
    if !browser::is_there() {
        return;
    }
    let (_ledger, service) = desk();
    let mut browser = Browser::open("plain", PLAIN);
    sign_in(&browser, &service, "liaison");
    browser.picture("home");
    let pages = [
        ("/registers/information_system", "示例市"),
        (
            "/registers/information_system?mine=true&search=jyj",
            "示例市教育局",
        ),
        ("/search?q=%E6%95%99%E8%82%B2", "教育"),
        ("/organisation", "数据管理部门"),
        ("/people", "首席数据代表"),
        ("/imports", "导入"),
        ("/account", "我的账号"),
    ];
    for (path, says) in pages {
        browser.go(&format!("{}{path}", service.base));
        browser.see_text(says);
        browser.picture(path.split(['/', '?']).find(|p| !p.is_empty()).unwrap());
    }
    own_entries(&browser, &service);
    browser.press("main tbody tr:first-child a");
    browser.see_text("完整度");
    browser.picture("entry");
}
