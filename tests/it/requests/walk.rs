//! A request in a real browser, from the dataset's page to the consultation about its end.

use super::web::set;
use crate::app::Ledger;
use crate::app::browser::{self, Browser, PLAIN, USUAL, Window};
use crate::app::service::Service;
use crate::routes::actors::PASSWORD;

/// Somebody signs in, in a window of his own.
pub fn enter(name: &str, service: &Service, login: &str, window: Window) -> Browser {
    let browser = Browser::open(name, window);
    browser.go(&format!("{}/sign-in", service.base));
    browser.fill("input[name=login]", login);
    browser.fill("input[name=password]", PASSWORD);
    browser.press("main button[type=submit]");
    browser.see(".ol-nav");
    browser
}

/// Opens an act of the page, says something, and sends it.
pub fn act(browser: &Browser, word: &str, note: &str) {
    let form = format!("form[action$='/acts/{word}']");
    let shut = browser.count(&format!("details[open] {form}")) == 0;
    if shut {
        browser.press_path(&format!(
            "//details[form[contains(@action, '/acts/{word}')]]/summary"
        ));
    }
    if !note.is_empty() {
        browser.fill(&format!("{form} textarea[name=note]"), note);
    }
    browser.send(&format!("{form} button[type=submit]"));
    browser.see_text("已办理");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one walk, step by step")]
fn a_request_is_asked_answered_used_and_consulted_about_in_the_browser() {
    if !browser::is_there() {
        return;
    }
    let ledger = Ledger::settled();
    set(&ledger);
    let service = Service::start(&ledger);
    let mut asker = enter("requests-asker", &service, "liaison", USUAL);
    asker.go(&format!("{}/registers/dataset/H-13", service.base));
    asker.press_text("申请共享");
    asker.see_text("10 个工作日内答复");
    asker.fill("#f-consumer_system", "学籍系统");
    asker.fill("#f-scene", "入学资格核验");
    asker.fill("#f-use_scope", "招生管理岗位");
    asker.fill("#f-contact", "王五");
    asker.picture("new");
    asker.press("main form button[type=submit]");
    asker.see_text("已保存草稿");
    asker.press("form[action$='/acts/hand_in'] button");
    asker.see_text("请填写使用依据");
    asker.picture("refused");
    let here = format!("{}/requests/1", service.base);
    asker.go(&format!("{here}/edit"));
    asker.fill("#f-basis", "《义务教育法》第十一条");
    let until = one_ledger::clock::today() + chrono::Days::new(365);
    let set = format!("document.querySelector('#f-valid_until').value = '{until}'");
    asker.wait(asker.client().execute(&set, Vec::new()));
    asker.press("main form button[type=submit]");
    act(&asker, "hand_in", "");
    let mut head = enter("requests-head", &service, "specialist", USUAL);
    head.see_text("件共享申请待审批");
    head.picture("home");
    head.go(&here);
    act(&head, "approve", "");

    let mut giver = enter("requests-giver", &service, "liaison-13", USUAL);
    giver.see_text("件共享申请待答复");
    giver.go(&format!("{}/requests?tab=theirs", service.base));
    giver.picture("theirs");
    giver.press_text("参保缴费信息");
    giver.see_text("补正期间不停表");
    giver.picture("received");
    act(&giver, "ask_papers", "系统等级保护备案证明、岗位授权文件");
    asker.go(&here);
    asker.see_text("系统等级保护备案证明");
    act(&asker, "supplement", "已补充两份材料");
    giver.go(&here);
    assert_eq!(
        giver.count("form[action$='/acts/ask_papers']"),
        0,
        "once only"
    );
    giver.press("#f-draft_answer-verdict option[value=agree]");
    act(&giver, "draft_answer", "同意以服务接口提供");
    let mut boss = enter("requests-boss", &service, "cdo-13", PLAIN);
    boss.go(&format!("{}/issues", service.base));
    boss.see_text("轮到 示例市医疗保障局");
    boss.picture("desk");
    boss.go(&here);
    boss.picture("answering");
    boss.press("form[action$='/acts/agree'] button");
    boss.see_text("打开对接");
    giver.go(&here);
    act(&giver, "supply", "");
    asker.go(&here);
    asker.press_text("提出校核申请");
    asker.fill(
        "#f-correction-subject",
        "2026 年 10 月缴费月数与参保证明不符",
    );
    asker.press_text("提出校核");
    asker.see_text("10 个工作日内答复");
    asker.press_text("登记使用记录");
    for field in ["scene", "process", "outcome", "storage"] {
        asker.fill(&format!("#f-use-{field}"), "入学核验，接口调用");
    }
    asker.press_text("登记");
    asker.see_text("已登记使用记录");
    asker.picture("in-use");
    asker.press_text("打开对接");
    asker.picture("link");

    giver.go(&here);
    act(&giver, "wish", "源系统下线改造");
    asker.go(&here);
    act(&asker, "object", "招生期间不能中断");
    asker.picture("disagreed");
    head.go(&here);
    act(&head, "escalate", "招生期间停供影响核验");
    head.see_text("难点问题");
    head.picture("escalated");
    let mut bureau = enter("requests-bureau", &service, "bureau", USUAL);
    bureau.go(&format!("{}/requests?tab=coordinate", service.base));
    bureau.picture("coordinate");
    bureau.press_text("参保缴费信息");
    act(&bureau, "allow", "招生结束后停止");
    bureau.go(&format!("{}/requests/board", service.base));
    bureau.see_text("示例市医疗保障局");
    bureau.picture("board");
    boss.go(&here);
    act(&boss, "file", "已协商一致，报备案");
    giver.go(&here);
    act(&giver, "end", "");
    giver.see_text("已结束");
    giver.picture("ended");
    asker.go(&format!("{}/requests/clocks?standing=done", service.base));
    asker.see_text("按期办结");
    asker.picture("clocks");
}
