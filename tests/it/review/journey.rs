//! A project from 申报 to 运维 in a real browser: refused and completed, found alike and answered, faulted and settled,
//! cut, built, refused by a gate, accepted, changed by a workbook, and printed.

use one_ledger::db::schema::{entries, notices};

use diesel::prelude::*;

use super::pages::enter;
use crate::app::Ledger;
use crate::app::browser::{self, Browser};
use crate::app::service::Service;
use crate::routes::actors;

/// Somebody at the browser, with what everybody does.
struct Seat {
    who: Browser,
    base: String,
}

impl Seat {
    fn take(name: &str, service: &Service, login: &str) -> Self {
        Self {
            who: enter(&format!("journey-{name}"), service, login),
            base: service.base.clone(),
        }
    }

    fn go(&self, path: &str) {
        self.who.go(&format!("{}{path}", self.base));
    }

    #[track_caller]
    fn says(&self, text: &str) {
        self.who.see_text(text);
    }

    #[track_caller]
    fn choose(&self, css: &str, value: &str) {
        let option = format!("{css} option[value='{value}'], {css} input[value='{value}']");
        self.who.press(&option);
    }

    /// Presses an act on a submission's desk; what was said is asked for where there is something to say.
    #[track_caller]
    fn act(&self, submission: i64, act: &str, opinion: &str, seen: &str) {
        self.go(&format!("/reviews/{submission}"));
        let closed = format!("#acts details:not([open]):has(form[action$='/acts/{act}']) summary");
        if self.who.count(&closed) > 0 {
            self.who.press(&closed);
        }
        if !opinion.is_empty() {
            self.who.fill(&format!("#o-{act}"), opinion);
        }
        self.who
            .press(&format!("form[action$='/acts/{act}'] button"));
        self.says(seen);
    }

    /// Fills fields of the entry's form: texts by key, choices as `key=code`.
    #[track_caller]
    fn amend(&self, entry: &str, texts: &[(&str, &str)], choices: &[(&str, &str)]) {
        self.go(&format!("{entry}/edit"));
        for (key, text) in texts {
            self.who.fill(&format!("#f-{key}"), text);
        }
        for (key, code) in choices {
            self.choose(&format!("#f-{key}"), code);
        }
        self.who.press("main .ol-actions button[type=submit]");
        self.who.see("#stages");
    }

    #[track_caller]
    fn attach(&self, entry: &str, kind: &str, file: &std::path::Path) {
        self.go(entry);
        self.choose("#f-kind", kind);
        self.who.choose_file("#f-file", file);
        self.who.press("form[action$='/attachments'] button");
        self.says("上传附件");
    }

    #[track_caller]
    fn step(&self, entry: &str, arrow: &str, seen: &str) {
        self.go(entry);
        let form = format!("form:has(input[name=arrow][value={arrow}])");
        self.who.press(&format!("{form} button"));
        self.says(seen);
    }
}

fn ground(ledger: &Ledger) {
    ledger.import_whole(&ledger.draw(
        "系统.xlsx",
        &[
            "系统编码|系统名称|主管单位|主要功能|系统状态|建设资金（万元）|建设年度",
            "S1|学籍管理系统|示例市人力资源和社会保障局|技工院校学生学籍注册、转学、休学的在线办理和统计|在用|200|2019",
            "S2|医保结算系统|示例市医疗保障局|参保人员住院、门诊费用联网结算|在用|800|2020",
            "S9|学籍管理平台系统|示例市教育局|学生学籍注册、转学、休学在线办理|拟建||",
        ],
    ));
    ledger.import_whole(&ledger.draw(
        "目录.xlsx",
        &[
            "信息资源代码|信息资源名称|信息资源提供方|信息资源摘要|目录状态",
            "D1|学籍信息|示例市教育局|学生学籍基本信息|已发布",
        ],
    ));
    actors::make_all(ledger);
    actors::make(ledger, "police", "specialist", "SL002");
}

/// The form of a new project, filled but for what the gate will ask for.
fn file(liaison: &Seat) {
    liaison.go("/registers/project/new");
    for (key, text) in [
        ("name", "学籍管理平台"),
        ("org", "示例市教育局"),
        ("plan_year", "2027"),
        ("duration", "12个月"),
        (
            "content",
            "建设学籍管理平台，学生学籍注册、转学、休学在线办理和统计",
        ),
        ("budget", "362"),
        ("manager", "李四"),
        ("contact", "王五"),
        ("builds_systems", "S9"),
    ] {
        liaison.who.fill(&format!("#f-{key}"), text);
    }
    for (key, code) in [
        ("kind", "new"),
        ("status", "draft"),
        ("network", "gov_extranet"),
        ("fund_channel", "own_budget"),
    ] {
        liaison.choose(&format!("#f-{key}"), code);
    }
    liaison.who.press("main .ol-actions button[type=submit]");
    liaison.who.see("#stages");
}

/// Handed in, completed after the gate's list, refused once by the specialist, approved, taken up.
fn hand_in(entry: &str, liaison: &mut Seat, specialist: &mut Seat, cdo: &Seat, bureau: &mut Seat) {
    liaison.go(entry);
    liaison.who.press_text("开始立项申报");
    liaison.says("还缺 2 项");
    liaison.act(1, "submit", "", "处需要修改");
    liaison.says("绩效目标");
    liaison.says("信息共享");
    liaison.who.picture("gate");
    let wanting = [
        ("kpi", "办理时限压缩到三天"),
        ("share_plan", "向一体化大数据平台汇聚"),
    ];
    liaison.amend(entry, &wanting, &[]);
    liaison.act(1, "submit", "", "已提交审核");
    specialist.go("/");
    specialist.says("件送审待审核");
    specialist.who.picture("home");
    specialist.go("/notices");
    specialist.says("待您审核");
    specialist.act(1, "send_back", "绩效目标应量化", "已退回填报");
    liaison.amend(entry, &[("kpi", "办理时限由十天压缩到三天")], &[]);
    liaison.act(1, "submit", "", "已提交审核");
    specialist.act(1, "check", "", "首席数据代表审定");
    cdo.act(1, "approve", "", "待受理");
    bureau.go("/");
    bureau.says("件申报待受理");
    bureau.act(1, "accept", "", "已受理");
}

/// A fault is found, answered, settled; an expert and an office are asked and answer.
fn review(liaison: &Seat, bureau: &mut Seat, expert: &mut Seat, police: &mut Seat) {
    bureau.says("高度相似");
    bureau.who.see("#duplicates mark");
    bureau.who.picture("desk");
    bureau.choose("#f-field", "budget");
    bureau.who.fill("#f-text", "服务器单价高于市场价");
    bureau.who.press("form[action$='/findings'] button");
    bureau.says("已提出问题");
    // An open fault stops the way on.
    bureau.act(1, "convene", "", "处需要修改");
    liaison.go("/notices");
    liaison.says("有审核问题待答复");
    liaison.go("/reviews/1");
    liaison.who.fill(
        "#findings form[action*='/findings/'] input[name=text]",
        "改用政务云，不再采购",
    );
    liaison.who.press("#findings button[value=answer]");
    liaison.says("已答复");
    bureau.go("/reviews/1");
    bureau.who.press("#findings button[value=settle]");
    bureau.says("已了结");
    bureau.act(1, "convene", "", "已提交联审");
    bureau.who.fill("#f-logins", "reviewer");
    let police_bureau = "//select[@id='f-departments']/option[normalize-space()='示例市公安局']";
    bureau.who.press_path(police_bureau);
    bureau.who.press("form[action$='/opinions'] button");
    bureau.says("已邀请评审");
    for (seat, score) in [(expert, "85"), (police, "78")] {
        seat.go("/reviews");
        seat.who.press("main ul a[href^='/reviews/1']");
        seat.who.fill("#f-score", score);
        seat.choose("#f-verdict", "cut");
        seat.who.fill("#f-said", "部分硬件可用政务云");
        seat.who.press("form[action$='/opinion'] button");
        seat.says("已提交评审意见");
        seat.who.picture("opinion");
    }
}

/// Not decided before every strong hit is answered; then cut by two items, and printed.
fn decide(bureau: &mut Seat) {
    bureau.go("/notices");
    bureau.says("评审意见已齐");
    let decide = |bureau: &Seat| {
        bureau.go("/reviews/1");
        bureau
            .who
            .press("#acts details:has(form[action$='/acts/cut']) summary");
        for (n, item, amount) in [(0, "服务器", "42"), (1, "机房改造", "20")] {
            bureau.who.fill(&format!("[name=cut_item_{n}]"), item);
            bureau.who.fill(&format!("[name=cut_amount_{n}]"), amount);
            bureau
                .who
                .fill(&format!("[name=cut_reason_{n}]"), "使用政务云");
        }
        bureau.who.fill("#n-cut", "济数字〔2027〕1号");
        bureau.who.fill("#o-cut", "核减硬件");
        bureau.who.press("form[action$='/acts/cut'] button");
    };
    decide(bureau);
    bureau.says("高度相似");
    bureau.says("还没有答复");
    bureau.who.picture("unanswered");
    let hit = ".ol-hit:has(.ol-score--strong):not(:has(.ol-badge--good))";
    while bureau.who.count(hit) > 0 {
        bureau.choose(&format!("{hit} select"), "reuse");
        let why = "学籍注册复用已有系统的模块";
        bureau.who.fill(&format!("{hit} input[name=reason]"), why);
        bureau.who.press(&format!("{hit} button"));
        bureau.says("已答复查重结果");
    }
    bureau.who.picture("answered");
    decide(bureau);
    bureau.says("审定 300 万元");
    bureau.says("查重答复");
    bureau.who.picture("decided");
    bureau.who.press_text("打印审核单");
    bureau.who.see(".ol-print");
    bureau.says("复用");
    bureau.says("机房改造");
    bureau.who.picture("sheet");
    let code = bureau.who.text(".ol-print p.ol-quiet span:last-of-type");
    bureau.go(&format!("/review-sheets?code={code}"));
    bureau.says("打印过这份审核单");
    bureau.says("此后没有新的办理");
    bureau.who.picture("checked");
}

/// Approved values in a workbook become a change request, which goes the same way and is agreed to.
fn change(ledger: &Ledger, code: &str, seats: (&mut Seat, &Seat, &Seat, &mut Seat)) {
    let (liaison, specialist, cdo, bureau) = seats;
    let row = format!("{code} | 学籍管理平台 | 示例市教育局 | 竣工验收 | 340 | 张三");
    let file = ledger.draw(
        "变更.xlsx",
        &[
            "项目编号 | 项目名称 | 申报单位 | 项目阶段 | 申报资金 | 负责人",
            &row,
        ],
    );
    liaison.go("/imports/new");
    liaison.who.choose_file("#f-file", &file);
    liaison.who.press("main button[type=submit]");
    liaison.says("转为变更申请");
    liaison.says("未改（阶段由审核办理）");
    liaison.who.picture("import");
    liaison.who.press("form[action$='/apply'] button");
    liaison.says("按账本历史逐条重新统计");
    liaison.who.picture("imported");
    liaison.who.press("main a[href='/reviews/2']");
    liaison.says("变更内容");
    liaison.who.fill("#o-submit", "单价调整");
    liaison.choose("#c-submit", "policy");
    liaison.who.press("form[action$='/acts/submit'] button");
    liaison.says("已提交审核");
    specialist.act(2, "check", "", "首席数据代表审定");
    cdo.act(2, "approve", "", "待受理");
    bureau.act(2, "accept", "", "已受理");
    bureau.says("差额");
    bureau.who.picture("change");
    bureau.act(2, "pass", "同意", "已通过");
}

/// Built and accepted; a gate says what is missing before it opens.
fn build(entry: &str, liaison: &mut Seat, paper: &std::path::Path) {
    liaison.step(entry, "finish", "已转为“初步验收”");
    liaison.says("还缺 3 项");
    liaison.who.picture("refused");
    let prelim = [
        ("prelim_date", "2027-09-01"),
        ("mlps_no", "37010100001-27001"),
    ];
    let level = [("prelim_conclusion", "pass"), ("mlps", "2")];
    liaison.amend(entry, &prelim, &level);
    liaison.says("还缺 1 项");
    liaison.attach(entry, "mlps_certificate", paper);
    liaison.step(entry, "begin_trial", "已转为“试运行”");
    let trial = [
        ("trial_from", "2027-09-02"),
        ("trial_to", "2027-12-02"),
        ("final_apply_date", "2027-12-05"),
    ];
    liaison.amend(entry, &trial, &[]);
    liaison.step(entry, "apply_final", "已转为“竣工验收”");
    let last = [("final_date", "2027-12-20"), ("catalog_refs", "D1")];
    let papers = [
        ("final_conclusion", "pass"),
        ("doc_summary", "true"),
        ("doc_finance", "true"),
        ("doc_audit", "true"),
        ("doc_mlps", "true"),
    ];
    liaison.amend(entry, &last, &papers);
    liaison.attach(entry, "acceptance_report", paper);
    liaison.step(entry, "accept_final", "已转为“已验收”");
    let filed = [
        ("final_filed", "2027-12-25"),
        ("warranty_end", "2030-12-25"),
    ];
    liaison.amend(entry, &filed, &[]);
    liaison.step(entry, "operate", "已转为“运维”");
    liaison.who.picture("operating");
}

#[test]
fn a_project_walks_from_need_to_operation_in_the_browser() {
    if !browser::is_there() {
        return;
    }
    let ledger = Ledger::settled();
    ground(&ledger);
    let service = Service::start(&ledger);
    let seat = |name: &str, login: &str| Seat::take(name, &service, login);
    let mut liaison = seat("liaison", "liaison");
    let (mut specialist, cdo) = (seat("specialist", "specialist"), seat("cdo", "cdo"));
    let mut bureau = seat("bureau", "bureau");
    let (mut expert, mut police) = (seat("expert", "reviewer"), seat("police", "police"));
    let paper = ledger.file("文件.pdf");
    std::fs::write(&paper, b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n").unwrap();

    file(&liaison);
    let code: String = entries::table
        .filter(entries::register.eq("project"))
        .select(entries::code)
        .first(&mut ledger.conn())
        .unwrap();
    let entry = format!("/registers/project/{code}");
    hand_in(&entry, &mut liaison, &mut specialist, &cdo, &mut bureau);
    review(&liaison, &mut bureau, &mut expert, &mut police);
    decide(&mut bureau);
    // The door of the office is closed with the review.
    police.go("/reviews/1");
    police.says("没有找到");

    liaison.attach(&entry, "approval", &paper);
    liaison.step(&entry, "procure", "已转为“采购”");
    let contract = [
        ("contractor", "某某软件有限公司"),
        ("contract_amount", "298"),
        ("contract_date", "2027-03-01"),
        ("contract_filed", "2027-03-05"),
    ];
    liaison.amend(&entry, &contract, &[("procurement_method", "open")]);
    liaison.attach(&entry, "contract", &paper);
    liaison.step(&entry, "file_contract", "已转为“在建”");
    change(
        &ledger,
        &code,
        (&mut liaison, &specialist, &cdo, &mut bureau),
    );
    let built = [("start_date", "2027-03-10"), ("finish_date", "2027-08-30")];
    liaison.amend(&entry, &built, &[]);
    build(&entry, &mut liaison, &paper);
    bureau.go("/stages/project");
    bureau.says("运维");
    bureau.who.picture("board");
    let told: i64 = notices::table
        .filter(notices::kind.eq("review"))
        .count()
        .get_result(&mut ledger.conn())
        .unwrap();
    assert!(told >= 12, "{told} notices");
}
