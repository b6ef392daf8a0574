//! The first day in a real browser: set-up, sign-in, a role, a forced change of the password, a lock.

use super::*;
use crate::app::browser::{self, Browser, PLAIN, USUAL};
use crate::app::service::Service as Served;

/// Signs in with the form.
fn enter(browser: &Browser, service: &Served, login: &str, password: &str) {
    browser.go(&format!("{}/sign-in", service.base));
    browser.fill("#f-login", login);
    browser.fill("#f-password", password);
    browser.press("main button[type=submit]");
}

#[expect(
    clippy::too_many_lines,
    reason = "one walk, told from its beginning to its end"
)]
#[test]
fn the_first_day() {
    if !browser::is_there() {
        return;
    }
    let ledger = Ledger::settled();
    let service = Served::start(&ledger);
    let mut browser = Browser::open("accounts", USUAL);
    browser.go(&service.base);
    browser.see_text("设置码");
    let code = {
        let house = House::new(&ledger, Rules::default());
        house
            .service
            .begin_setup(&mut ledger.conn())
            .unwrap()
            .unwrap()
    };
    browser.fill("#f-code", &code);
    for (key, name) in [
        ("system", "王系统"),
        ("security", "安保全"),
        ("audit", "沈纪"),
    ] {
        browser.fill(&format!("[id='f-{key}.login']"), key);
        browser.fill(&format!("[id='f-{key}.name']"), name);
        browser.fill(&format!("[id='f-{key}.password']"), PASSWORD);
    }
    browser.picture("set-up");
    browser.press("main button[type=submit]");
    browser.see_text("管理员已经建立");
    browser.picture("made");

    enter(&browser, &service, "system", PASSWORD);
    browser.see_text("王系统");
    browser.go(&format!("{}/accounts/new", service.base));
    browser.fill("#f-login", "li.si");
    browser.fill("#f-name", "李四");
    browser.fill("#f-department", "示例市教育局");
    browser.picture("new");
    browser.press("main button[type=submit]");
    browser.see_text("密码只在这里显示一次");
    browser.picture("password-once");
    let given = browser.text("main dl div:nth-child(2) code");
    browser.press_text("退出");
    browser.see_text("已退出登录");

    // What the administrator of set-up was given is changed first.
    enter(&browser, &service, "security", PASSWORD);
    browser.see_text("请先设置新密码");
    change(&browser, PASSWORD, OTHER);
    browser.see_text("密码已修改");
    browser.picture("own");
    browser.go(&format!("{}/accounts", service.base));
    browser.picture("list");
    browser.press_text("li.si");
    browser.see_text("授予角色");
    browser.fill("#f-department", "示例市教育局");
    browser.wait(async {
        let role = fantoccini::Locator::Css("#f-role");
        let select = browser.client().find(role).await?;
        select.select_by_value("liaison").await
    });
    browser.press_text("授予");
    browser.see_text("角色已授予");
    browser.picture("one");
    browser.press_text("退出");

    enter(&browser, &service, "li.si", &given);
    browser.see_text("请先设置新密码");
    browser.picture("forced");
    change(&browser, &given, "Quiet+Meadow+78");
    browser.see_text("数据联络员");
    browser.press_text("退出");
    for _ in 0..5 {
        enter(&browser, &service, "li.si", "wrong");
        browser.see_text("账号或密码不正确");
    }
    enter(&browser, &service, "li.si", "Quiet+Meadow+78");
    browser.see_text("登录失败次数过多");
    browser.picture("locked");

    drop(browser);
    let mut plain = Browser::open("accounts-plain", PLAIN);
    enter(&plain, &service, "audit", PASSWORD);
    change(&plain, PASSWORD, OTHER);
    plain.see_text("密码已修改");
    plain.go(&format!("{}/audit", service.base));
    plain.see_text("锁定");
    plain.picture("audit");
    plain.press_text("校验链条");
    plain.see_text("未发现改动");
    plain.picture("checked");
    plain.go(&format!("{}/account/second-factor", service.base));
    plain.press_text("启用动态口令");
    plain.see_text("密钥");
    plain.picture("second-factor");
}

fn change(browser: &Browser, current: &str, new: &str) {
    browser.fill("#f-current", current);
    browser.fill("#f-password", new);
    browser.fill("#f-again", new);
    browser.press("main form.ol-form button[type=submit]");
}
