//! The whole story in one ledger, in a real browser: a request, its link, the end of the service, and the issue about it.
//! At every step both ends and the bureau are asked what they see: the state, whose move it is, by when.

use one_ledger::almanac;
use one_ledger::clock;

use crate::app::Ledger;
use crate::app::browser::{self, Browser, USUAL};
use crate::app::service::Service;
use crate::campaigns::web::systems;
use crate::issues::walk as issue;
use crate::requests::walk::{act, enter};
use crate::requests::web::set;

/// The department that asks.
const ASKS: &str = "示例市教育局";
/// The department that gives.
const GIVES: &str = "示例市医疗保障局";
/// The bureau of both.
const COORDINATES: &str = "示例市大数据局";

/// Those who play, each in a window of his own.
struct Cast {
    base: String,
    /// 联络员 and 数据专员 of the department that asks.
    asker: Browser,
    head: Browser,
    /// 联络员 and CDO of the department that gives.
    giver: Browser,
    boss: Browser,
    /// Of the bureau.
    bureau: Browser,
}

impl Cast {
    fn enter(service: &Service) -> Self {
        Self {
            base: service.base.clone(),
            asker: enter("story-asker", service, "liaison", USUAL),
            head: enter("story-head", service, "specialist", USUAL),
            giver: enter("story-giver", service, "liaison-13", USUAL),
            boss: enter("story-boss", service, "cdo-13", USUAL),
            bureau: enter("story-bureau", service, "bureau", USUAL),
        }
    }

    /// Everybody from the day that the request was sent.
    fn all(&self) -> [&Browser; 5] {
        [
            &self.asker,
            &self.head,
            &self.giver,
            &self.boss,
            &self.bureau,
        ]
    }

    fn request(&self) -> String {
        format!("{}/requests/1", self.base)
    }

    /// What somebody has to do, as his first page says.
    fn owes(&self, who: &Browser, what: &str) {
        who.go(&self.base);
        says(who, "section[aria-labelledby=todo]", &[what]);
    }

    /// Everybody reads the same of the request: its state, whose move it is, what falls due and when.
    fn request_is(&self, state: &str, turn: &str, due: Option<(&str, &str)>) {
        for who in self.all() {
            who.go(&self.request());
            reads(who, state, turn, due);
        }
    }

    /// Everybody reads the same of the issue: its state, whose move it is, and until when.
    fn issue_is(&self, at: &str, state: &str, mover: &str, due: &str) {
        for who in self.all() {
            who.go(at);
            let head = who.text("#main > p:not(.ol-crumbs)");
            assert!(head.starts_with(state), "{state}: {head}");
            if mover.is_empty() {
                assert!(!head.contains("轮到"), "nobody's move: {head}");
                continue;
            }
            assert!(head.contains(&format!("轮到 {mover}")), "{mover}: {head}");
            assert!(head.contains(&format!("期限 {due}")), "{due}: {head}");
        }
    }
}

/// Demands how a request stands, at the head of its page.
#[track_caller]
fn reads(who: &Browser, state: &str, turn: &str, due: Option<(&str, &str)>) {
    assert_eq!(who.text(".ol-brief p .ol-badge"), state);
    says(who, ".ol-brief p", &[ASKS, GIVES]);
    if turn.is_empty() {
        assert_eq!(who.count(".ol-marks strong"), 0, "nobody's move");
    } else {
        let said = who.text(".ol-marks li:first-child");
        assert_eq!(said, format!("待办理: {turn}"));
    }
    match due {
        Some((what, day)) => says(who, ".ol-marks", &[what, day]),
        None => assert_eq!(who.count(".ol-marks .ol-badge"), 0, "no clock runs"),
    }
}

/// Demands words in a part of the page.
#[track_caller]
fn says(who: &Browser, css: &str, words: &[&str]) {
    let text = who.text(css);
    for word in words {
        assert!(text.contains(word), "“{word}” is not said by {css}: {text}");
    }
}

/// So many working days from today.
fn in_working_days(ledger: &Ledger, days: u32) -> String {
    let (calendar, _) = almanac::calendar(&mut ledger.conn()).unwrap();
    calendar
        .add_working_days(clock::today(), days)
        .date
        .to_string()
}

/// Where somebody has arrived, once the page shows what only it has.
fn arrived(who: &Browser, css: &str) -> String {
    who.see(css);
    who.wait(who.client().current_url()).to_string()
}

#[test]
fn a_request_becomes_a_link_whose_end_is_disputed_decided_and_confirmed() {
    if !browser::is_there() {
        return;
    }
    let ledger = Ledger::settled();
    systems(&ledger);
    set(&ledger);
    let service = Service::start(&ledger);
    let mut cast = Cast::enter(&service);
    asked(&cast);
    answered(&mut cast, &ledger);
    let link = linked(&mut cast, &ledger);
    let issue = disputed(&mut cast, &ledger);
    escalated(&mut cast, &ledger, &issue);
    ended(&mut cast, &link);
    closed(&mut cast, &ledger, &issue);
}

/// The request is drafted; nobody else sees it before the department's own head has sent it.
fn asked(cast: &Cast) {
    let (asker, giver) = (&cast.asker, &cast.giver);
    asker.go(&format!("{}/registers/dataset/H-13", cast.base));
    asker.press_text("申请共享");
    asker.fill("#f-consumer_system", "学籍管理系统");
    asker.fill("#f-basis", "《义务教育法》第十一条");
    asker.fill("#f-scene", "入学资格核验");
    asker.fill("#f-use_scope", "招生管理岗位");
    asker.fill("#f-contact", "王五");
    let until = clock::today() + chrono::Days::new(365);
    let day = format!("document.querySelector('#f-valid_until').value = '{until}'");
    asker.wait(asker.client().execute(&day, Vec::new()));
    asker.press("main form button[type=submit]");
    asker.see_text("已保存草稿");
    reads(asker, "草拟", "需求部门", None);
    act(asker, "hand_in", "");
    cast.owes(&cast.head, "件共享申请待审批");
    asker.go(&cast.request());
    reads(asker, "内部审批", "需求部门工作机构负责人", None);
    giver.go(&cast.request());
    assert_eq!(giver.count(".ol-brief"), 0, "not sent yet");
    cast.head.go(&cast.request());
    act(&cast.head, "approve", "");
}

/// Everything that is missing is asked for at once, supplied, and the request is agreed to; its clock runs on.
fn answered(cast: &mut Cast, ledger: &Ledger) {
    let due = in_working_days(ledger, 10);
    let answer = Some(("答复", due.as_str()));
    cast.owes(&cast.giver, "件共享申请待答复");
    cast.request_is("待答复", "提供部门", answer);
    let missing = "等级保护备案证明；岗位授权文件；数据安全承诺书";
    act(&cast.giver, "ask_papers", missing);
    cast.owes(&cast.asker, "件共享申请待补正");
    cast.request_is("待补正", "需求部门", answer);
    for who in cast.all() {
        says(who, "#answer", &["需要补正", missing, "补正期间不停表"]);
    }
    cast.asker.picture("papers");
    act(&cast.asker, "supplement", "已补充三份材料");
    cast.owes(&cast.giver, "件共享申请已补正，待答复");
    cast.request_is("已补正待答复", "提供部门", answer);
    let again = cast.giver.count("form[action$='/acts/ask_papers']");
    assert_eq!(again, 0, "once only");
    cast.giver
        .press("#f-draft_answer-verdict option[value=agree]");
    act(&cast.giver, "draft_answer", "同意以服务接口提供");
    cast.owes(&cast.boss, "件共享答复待批准");
    cast.request_is("答复待批", "提供部门工作机构负责人", answer);
    says(&cast.giver, "#answer", &["同意共享", "拟稿"]);
    for who in [&cast.asker, &cast.head] {
        let said = who.text("#answer");
        assert!(!said.contains("拟稿"), "a draft is the provider's: {said}");
    }
    act(&cast.boss, "agree", "");
    let supply = in_working_days(ledger, 20);
    cast.request_is(
        "已同意待供数",
        "提供部门",
        Some(("实际共享", supply.as_str())),
    );
    for who in cast.all() {
        says(who, "#answer", &["同意共享", "cdo-13 批准"]);
        says(who, "#clocks", &["按期办结", &supply]);
    }
    cast.bureau.picture("agreed");
}

/// The request is a link, stated by both; what the provider adds is confirmed by the consumer. Returns where it is.
fn linked(cast: &mut Cast, ledger: &Ledger) -> String {
    cast.giver
        .press(".ol-actions a[href^='/registers/sharing_link/']");
    let at = arrived(&cast.giver, "#ends");
    for who in cast.all() {
        who.go(&at);
        assert_eq!(who.text("#ends h2 .ol-badge"), "已确认");
        says(who, "#ends", &["双方说法一致。", ASKS, GIVES]);
        says(who, "main", &["参保缴费信息", "对接中"]);
    }
    cast.giver.go(&format!("{at}/edit"));
    cast.giver.fill("[name='provider_system']", "S4");
    cast.giver.press("main form button[type=submit]");
    cast.giver.see_text("待使用方确认");
    let waits = format!("等待{ASKS}确认。");
    for who in [&cast.giver, &cast.boss, &cast.bureau] {
        who.go(&at);
        assert_eq!(who.text("#ends h2 .ol-badge"), "待使用方确认");
        says(who, "#ends", &[&waits, "对方变更后待确认"]);
    }
    cast.owes(&cast.head, "条对接待您确认");
    cast.head.go(&at);
    says(&cast.head, "#ends", &["请本单位核对后确认，或提出异议。"]);
    cast.head.picture("to-confirm");
    cast.head.go(&format!("{}/links", cast.base));
    cast.head.press("tbody input[type=checkbox]");
    cast.head.press_text("确认勾选的对接");
    cast.head.see_text("已确认 1 条");
    for who in cast.all() {
        who.go(&at);
        assert_eq!(who.text("#ends h2 .ol-badge"), "已确认");
        says(who, "#ends", &["双方说法一致。"]);
    }
    cast.owes(&cast.giver, "件已同意的共享待供数");
    let supply = in_working_days(ledger, 20);
    cast.giver.go(&cast.request());
    says(&cast.giver, ".ol-marks", &[&supply]);
    act(&cast.giver, "supply", "");
    cast.request_is("在用", "", None);
    at
}

/// The provider wishes to stop, the consumer objects and makes an issue of it. Returns where the issue is.
fn disputed(cast: &mut Cast, ledger: &Ledger) -> String {
    for word in ["end", "file"] {
        let form = format!("form[action$='/acts/{word}']");
        assert_eq!(cast.boss.count(&form), 0, "not without consultation");
    }
    cast.giver.go(&cast.request());
    act(&cast.giver, "wish", "源系统年底下线改造");
    cast.owes(&cast.asker, "件共享停止或变更待您答复");
    cast.request_is("停止或变更协商中", "需求部门", None);
    for who in cast.all() {
        says(
            who,
            "#consultations",
            &["停止服务", "协商中", "源系统年底下线改造"],
        );
    }
    act(&cast.asker, "object", "招生期间不能中断");
    cast.owes(&cast.bureau, "件共享延期、协调或备案待主管部门办理");
    cast.request_is("协商不成", "政务数据共享主管部门", None);
    cast.giver.picture("disagreed");
    let file = cast.boss.count("form[action$='/acts/file']");
    assert_eq!(file, 0, "nothing to file yet");
    act(&cast.head, "escalate", "招生期间停供影响入学资格核验");
    cast.head.press(".ol-actions a[href^='/issues/']");
    let at = arrived(&cast.head, "#f-proof");
    let due = in_working_days(ledger, 10);
    cast.issue_is(&at, "待办理", GIVES, &due);
    for who in cast.all() {
        says(who, "#main", &["招生期间停供影响入学资格核验"]);
        let said = who.text("#main");
        assert!(!said.contains("系统核对发现"), "by a person: {said}");
        says(who, "li[aria-current=step]", &["双方协商"]);
        says(who, "#entries", &["参保缴费信息"]);
        says(who, "#f-proof", &["账上还没有可以办结的依据"]);
    }
    cast.owes(&cast.boss, "个难点问题待您推进");
    cast.owes(&cast.head, "个难点问题等对方办理");
    cast.boss.go(&at);
    issue::act(&cast.boss, "answer", "源系统年底必须下线，无法顺延");
    cast.boss.see_text("已答复并转对方");
    cast.issue_is(&at, "办理中", ASKS, &due);
    cast.owes(&cast.head, "个难点问题待您推进");
    at
}

/// The issue goes up one rung, to the bureau of the level of both, which decides it and settles the consultation.
fn escalated(cast: &mut Cast, ledger: &Ledger, issue: &str) {
    let due = in_working_days(ledger, 10);
    cast.head.go(issue);
    issue::act(&cast.head, "escalate", "协商不成，请市大数据局协调");
    cast.head.see_text("已升级协调");
    cast.issue_is(issue, "办理中", COORDINATES, &due);
    let rung = ["同级数据管理部门协调", COORDINATES];
    for who in cast.all() {
        says(who, "li[aria-current=step]", &rung);
    }
    cast.owes(&cast.bureau, "个难点问题待您推进");
    cast.bureau.go(&format!("{}/issues", cast.base));
    says(&cast.bureau, "tbody", &[ASKS, GIVES, COORDINATES, &due]);
    cast.bureau.picture("rung");
    cast.bureau.go(issue);
    let number = "示数协〔2026〕7号";
    issue::decide(
        &cast.bureau,
        number,
        "招生结束后停止，停止前另行提供批量数据",
    );
    cast.issue_is(issue, "办理中", GIVES, &due);
    for who in cast.all() {
        says(who, "#f-proof", &["协调决定", number]);
    }
    cast.bureau.go(&cast.request());
    act(&cast.bureau, "allow", "按协调决定，招生结束后停止");
    cast.owes(&cast.boss, "件共享停止或变更待备案");
    cast.request_is("已协商待备案", "提供部门工作机构负责人", None);
    for who in cast.all() {
        says(who, "#consultations", &["不同意", "可以停止或变更"]);
    }
}

/// The end is filed with the bureau, and only then the service stops; the link is over with it.
fn ended(cast: &mut Cast, link: &str) {
    let early = cast.giver.count("form[action$='/acts/end']");
    assert_eq!(early, 0, "not before it is filed");
    act(&cast.boss, "file", "已协调，报备案");
    cast.request_is("已备案", "提供部门", None);
    for who in cast.all() {
        says(who, "#consultations", &["已报主管部门备案"]);
    }
    act(&cast.giver, "end", "");
    cast.request_is("已结束", "", None);
    for who in cast.all() {
        says(who, "#consultations", &["已停止"]);
        who.go(link);
        says(who, "main", &["已终止", "源系统年底下线改造"]);
    }
    cast.asker.picture("ended");
}

/// Who owes says with proof that it is settled; who raised it confirms.
fn closed(cast: &mut Cast, ledger: &Ledger, issue: &str) {
    let due = in_working_days(ledger, 10);
    cast.boss.go(issue);
    issue::act(&cast.boss, "propose", "已按决定停止服务");
    cast.boss.see_text("已提请办结");
    cast.issue_is(issue, "待确认办结", ASKS, &due);
    for who in [&cast.boss, &cast.bureau, &cast.asker] {
        let confirms = who.count("form[action$='/acts/confirm']");
        assert_eq!(confirms, 0, "not his to confirm");
    }
    cast.owes(&cast.head, "个难点问题待您推进");
    cast.head.go(issue);
    says(&cast.head, "#f-proof", &["协调决定"]);
    issue::act(&cast.head, "confirm", "");
    cast.head.see_text("已确认办结");
    cast.issue_is(issue, "已办结", "", "");
    for who in cast.all() {
        let head = who.text("#main > p:not(.ol-crumbs)");
        assert!(head.contains("specialist"), "by who raised it: {head}");
        says(who, "#f-proof", &["协调决定", "示数协〔2026〕7号"]);
    }
    cast.head.picture("closed");
    cast.bureau.go(&format!("{}/issues/board", cast.base));
    cast.bureau.see_text("没有未办结的难点问题");
}
