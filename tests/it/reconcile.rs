//! Reconciliation of links: what is found, written down as issues, healed, and never twice.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use one_ledger::auth::{Role, Viewer};
use one_ledger::clock;
use one_ledger::db::schema::{entries, issues, ledger_head};
use one_ledger::error::Error;
use one_ledger::intake::run::{self, Mode};
use one_ledger::ledger::as_of::Definitions;
use one_ledger::ledger::ends::{self, Act, Said, Side};
use one_ledger::org::directory::Directory;
use one_ledger::register::value::Value;
use one_ledger::sharing::reconcile::{self, Finding, Kind, Ran, Rules};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ureq::http::Method;

use crate::app::browser::{self, Browser, USUAL};
use crate::app::people::viewer;
use crate::app::service::{Answer, Service};
use crate::app::{Ledger, on_both_settled};
use crate::routes::actors::{self, PASSWORD};

fn with<T>(ledger: &Ledger, work: impl FnOnce(Definitions<'_>) -> T) -> T {
    let directory = Directory::load(&mut ledger.conn()).unwrap();
    let catalogue = &ledger.app.catalogue;
    work(Definitions {
        catalogue,
        directory: &directory,
        register: catalogue.register("sharing_link").unwrap(),
    })
}

fn found(ledger: &Ledger, who: &Viewer, today: NaiveDate) -> Vec<Finding> {
    let rules = Rules::default();
    with(ledger, |d| {
        reconcile::findings(&mut ledger.conn(), who, d, rules, today).unwrap()
    })
}

fn kinds(all: &[Finding]) -> BTreeMap<&'static str, usize> {
    all.iter().fold(BTreeMap::new(), |mut out, f| {
        *out.entry(f.kind.word()).or_default() += 1;
        out
    })
}

fn compare(ledger: &Ledger, who: &Viewer, today: NaiveDate) -> Result<Ran, Error> {
    let when = (today, clock::now());
    with(ledger, |d| {
        reconcile::run(&mut ledger.conn(), who, d, Rules::default(), when)
    })
}

/// Every issue: cause, whether it is open, its outcome.
fn written(ledger: &Ledger) -> Vec<(Option<String>, bool, String, i64)> {
    issues::table
        .order(issues::id)
        .select((
            issues::cause,
            issues::open,
            issues::outcome,
            issues::version,
        ))
        .load(&mut ledger.conn())
        .unwrap()
}

fn says(ledger: &Ledger, code: &str, side: Side, frequency: &str) {
    let conn = &mut ledger.conn();
    let link = entries::table
        .filter(
            entries::register
                .eq("sharing_link")
                .and(entries::code.eq(code)),
        )
        .select((entries::id, entries::revision))
        .first(conn)
        .unwrap();
    let said = Said::from([("frequency".to_owned(), Value::Text(frequency.to_owned()))]);
    conn.transaction(|c| ends::confirm_end(c, &ledger.viewer, link, side, said))
        .unwrap();
}

fn disputes(ledger: &Ledger, code: &str, act: Act) {
    let conn = &mut ledger.conn();
    let link = entries::table
        .filter(
            entries::register
                .eq("sharing_link")
                .and(entries::code.eq(code)),
        )
        .select((entries::id, entries::revision))
        .first(conn)
        .unwrap();
    let side = (Side::Consumer, act);
    conn.transaction(|c| ends::dispute_end(c, &ledger.viewer, link, side, "没有收到"))
        .unwrap();
}

const HEAD: &str = "对接编码|对接名称|提供方单位|提供方系统|使用方单位|使用方系统|对接方式|更新频率|截止日期|对接状态";

fn links(ledger: &Ledger, lines: &[&str]) {
    let all: Vec<&str> = std::iter::once(HEAD).chain(lines.iter().copied()).collect();
    ledger.import_whole(&ledger.draw("对接.xlsx", &all));
}

fn systems(ledger: &Ledger) {
    ledger.import_whole(&ledger.draw(
        "系统.xlsx",
        &[
            "系统编码|系统名称|主管单位|系统状态|停用时间",
            "E1|学籍系统|示例市教育局|在用|",
            "E2|旧学籍系统|示例市教育局|已下线|2024-01-05",
            "H1|健康档案系统|示例市卫生健康委员会|在用|",
        ],
    ));
}

fn later(days: u64) -> NaiveDate {
    clock::today() + chrono::Days::new(days)
}

#[test]
fn what_is_wrong_becomes_an_issue_and_heals() {
    on_both_settled(|ledger| {
        systems(ledger);
        links(
            ledger,
            &[
                "L1|学籍→卫健|示例市教育局|E1|示例市卫生健康委员会|H1|服务接口|每日||运行中",
                "L2|旧学籍→卫健|示例市教育局|E2|示例市卫生健康委员会|H1|服务接口|每日||运行中",
                "L3|无系统→卫健|示例市教育局||示例市卫生健康委员会|H1|服务接口|每日||运行中",
                "L4|过期→卫健|示例市教育局|E1|示例市卫生健康委员会|H1|批量交换|每日|2025-12-31|运行中",
                "L5|过期已止→卫健|示例市教育局|E2|示例市卫生健康委员会|H1|批量交换|每日|2025-12-31|已终止",
                "L6|争议→卫健|示例市教育局|E1|示例市卫生健康委员会|H1|文件下载|每日||运行中",
            ],
        );
        for code in ["L1", "L2", "L3", "L4", "L6"] {
            says(ledger, code, Side::Provider, "3");
        }
        for code in ["L2", "L3", "L4"] {
            says(ledger, code, Side::Consumer, "3");
        }
        says(ledger, "L6", Side::Consumer, "4");
        let who = &ledger.viewer;
        let now = found(ledger, who, clock::today());
        let wanted = [
            ("retired", 1),
            ("unknown", 1),
            ("expired", 1),
            ("conflict", 1),
        ];
        assert_eq!(kinds(&now), BTreeMap::from(wanted), "{now:#?}");
        // A month later nobody has confirmed the first one.
        let month = later(40);
        let all = found(ledger, who, month);
        assert_eq!(kinds(&all).get("stale"), Some(&1));
        let stale = all.iter().find(|f| f.kind == Kind::Stale).unwrap();
        with(ledger, |d| {
            let name = |id| d.directory.get(id).unwrap().name.clone();
            assert_eq!(name(stale.owed_by), "示例市卫生健康委员会");
            assert_eq!(name(stale.raised_by), "示例市教育局");
        });
        // Whoever has nothing to do with it finds nothing, and who writes nothing is refused.
        let stranger = viewer(ledger, Role::Specialist, "示例市公安局");
        assert_eq!(found(ledger, &stranger, month), []);
        let auditor = viewer(ledger, Role::AuditAdmin, "示例市公安局");
        assert!(matches!(
            compare(ledger, &auditor, month),
            Err(Error::Refused(_))
        ));
        assert_eq!(written(ledger), []);

        assert!(reconcile::is_due(&mut ledger.conn(), month).unwrap());
        let ran = compare(ledger, who, month).unwrap();
        assert_eq!((ran.findings, ran.opened, ran.healed), (5, 5, 0));
        assert!(!reconcile::is_due(&mut ledger.conn(), month).unwrap());
        let before = written(ledger);
        assert_eq!(before.len(), 5);
        let ran = compare(ledger, who, month).unwrap();
        assert_eq!((ran.findings, ran.opened, ran.healed), (5, 0, 0));
        assert_eq!(written(ledger), before, "running twice changes nothing");
        // Another department's run neither finds nor heals what is not its own.
        let ran = compare(ledger, &stranger, month).unwrap();
        assert_eq!((ran.findings, ran.opened, ran.healed), (0, 0, 0));

        // Healed: another system, the end confirmed, one word.
        links(
            ledger,
            &["L2|旧学籍→卫健|示例市教育局|E1|示例市卫生健康委员会|H1|服务接口|每日||运行中"],
        );
        for code in ["L1", "L2", "L6"] {
            says(ledger, code, Side::Consumer, "3");
        }
        let own = viewer(ledger, Role::Liaison, "示例市教育局");
        let ran = compare(ledger, &own, month).unwrap();
        assert_eq!((ran.opened, ran.healed), (0, 3), "{:?}", written(ledger));
        let open = written(ledger).into_iter().filter(|i| i.1).count();
        assert_eq!(open, 2);
        // What comes again after it was healed is a new issue; what people have settled is not brought up again.
        disputes(ledger, "L6", Act::Dispute);
        assert_eq!(compare(ledger, who, month).unwrap().opened, 1);
        diesel::update(issues::table.filter(issues::open.eq(true)))
            .set((issues::open.eq(false), issues::outcome.eq("confirm")))
            .execute(&mut ledger.conn())
            .unwrap();
        assert_eq!(compare(ledger, who, month).unwrap().opened, 0);
    });
}

#[test]
fn two_entries_of_one_link_are_told_as_a_pair() {
    on_both_settled(|ledger| {
        systems(ledger);
        links(
            ledger,
            &[
                "L1|学籍信息→卫健|示例市教育局|E1|示例市卫生健康委员会||服务接口|每日||运行中",
                "L3|别的数据|示例市教育局|E1|示例市卫生健康委员会||批量交换|每日||对接中",
            ],
        );
        says(ledger, "L1", Side::Provider, "3");
        says(ledger, "L3", Side::Provider, "3");
        // The consumer's own list, under another name.
        let health = viewer(ledger, Role::Liaison, "示例市卫生健康委员会");
        let file = ledger.draw(
            "使用方.xlsx",
            &[
                HEAD,
                "L2|教育局给的学籍|示例市教育局|E1|示例市卫生健康委员会|H1|服务接口|每日||运行中",
            ],
        );
        let request = Ledger::request(&file, Mode::Whole);
        let done = run::run(&ledger.app, &health, &request, &|_| {}).unwrap();
        assert!(done.report.applied, "{:#?}", done.report.problems);
        let twins = |all: &[Finding]| -> Vec<String> {
            let all = all.iter().filter(|f| f.kind == Kind::Twin);
            all.map(|f| f.text.clone()).collect()
        };
        // L2 could be L1 or L3: a doubtful case is nobody's finding.
        let all = found(ledger, &ledger.viewer, clock::today());
        assert_eq!(twins(&all), Vec::<String>::new());
        says(ledger, "L3", Side::Consumer, "3");
        let all = found(ledger, &ledger.viewer, clock::today());
        let told = twins(&all);
        assert_eq!(told.len(), 1);
        assert!(
            told[0].contains("（L1）") && told[0].contains("（L2）"),
            "{told:?}"
        );
        says(ledger, "L2", Side::Provider, "3");
        let all = found(ledger, &ledger.viewer, clock::today());
        assert_eq!(twins(&all), Vec::<String>::new());
    });
}

#[test]
fn a_run_touches_the_links_of_who_runs_it_alone() {
    on_both_settled(|ledger| {
        systems(ledger);
        let until = |day: &str| {
            let lines = [
                format!(
                    "L1|学籍→卫健|示例市教育局|E1|示例市卫生健康委员会|H1|服务接口|每日|{day}|运行中"
                ),
                format!("L2|学籍→公安|示例市教育局|E1|示例市公安局||服务接口|每日|{day}|运行中"),
            ];
            links(ledger, &[lines[0].as_str(), lines[1].as_str()]);
        };
        until("2025-12-31");
        let today = clock::today();
        let health = viewer(ledger, Role::Specialist, "示例市卫生健康委员会");
        let ran = compare(ledger, &health, today).unwrap();
        assert_eq!((ran.findings, ran.opened, ran.healed), (1, 1, 0));
        // The other one is expired as well, and names no system of its consumer.
        let ran = compare(ledger, &ledger.viewer, today).unwrap();
        assert_eq!((ran.findings, ran.opened, ran.healed), (3, 2, 0));
        until("2099-12-31");
        let ran = compare(ledger, &health, today).unwrap();
        assert_eq!((ran.findings, ran.opened, ran.healed), (0, 0, 1));
        let open: Vec<bool> = written(ledger).into_iter().map(|i| i.1).collect();
        assert_eq!(open, [false, true, true], "those of others stand");
    });
}

#[test]
fn a_run_waits_for_who_writes_in_the_ledger() {
    on_both_settled(|ledger| {
        let run = || compare(ledger, &ledger.viewer, clock::today());
        std::thread::scope(|scope| {
            let waits = ledger.conn().transaction::<_, Error, _>(|c| {
                // As whoever says something of a link does.
                diesel::update(ledger_head::table.find(1))
                    .set(ledger_head::writes.eq(ledger_head::writes + 1))
                    .execute(c)?;
                let waits = scope.spawn(run);
                std::thread::sleep(std::time::Duration::from_millis(400));
                assert!(!waits.is_finished());
                Ok(waits)
            });
            assert_eq!(waits.unwrap().join().unwrap().unwrap().findings, 0);
        });
    });
}

/// Pages as somebody who signed in sees them.
fn visit(service: &Service, login: &str) -> impl Fn(&str) -> Answer {
    let form = [
        ("login", login),
        ("password", PASSWORD),
        ("next", "/account"),
    ];
    let answer = service.ask(Method::POST, "/sign-in").form(&form);
    assert_eq!(answer.status, 303, "{answer:?}");
    let name = "__Host-one-ledger";
    let cookie = format!("{name}={}", answer.cookie(name).unwrap());
    move |path| {
        let ask = service.ask(Method::GET, path);
        ask.header("cookie", &cookie).send()
    }
}

#[test]
fn twins_lead_to_the_page_where_they_are_merged() {
    let ledger = Ledger::settled();
    systems(&ledger);
    links(
        &ledger,
        &["L1|学籍信息→卫健|示例市教育局|E1|示例市卫生健康委员会||服务接口|每日||运行中"],
    );
    says(&ledger, "L1", Side::Provider, "3");
    let taker = "示例市卫生健康委员会";
    let file = ledger.draw(
        "使用方.xlsx",
        &[
            HEAD,
            "L2|教育局给的学籍|示例市教育局|E1|示例市卫生健康委员会|H1|服务接口|每日||运行中",
        ],
    );
    let own = viewer(&ledger, Role::Liaison, taker);
    let request = Ledger::request(&file, Mode::Whole);
    let done = run::run(&ledger.app, &own, &request, &|_| {}).unwrap();
    assert!(done.report.applied, "{:#?}", done.report.problems);
    compare(&ledger, &ledger.viewer, clock::today()).unwrap();
    let issue: i64 = issues::table
        .filter(issues::cause.like("reconcile:twin:%"))
        .select(issues::id)
        .first(&mut ledger.conn())
        .unwrap();
    let code = with(&ledger, |d| {
        let found = d.directory.all().iter().find(|d| d.name == taker);
        found.unwrap().code.clone()
    });
    actors::make(&ledger, "specialist", "specialist", "SL001");
    actors::make(&ledger, "taker", "specialist", &code);
    let service = Service::start(&ledger);
    let (giver, taker) = (visit(&service, "specialist"), visit(&service, "taker"));
    let begin = "/duplicates/merge?";
    let here = format!("/issues/{issue}");
    for path in [here.as_str(), "/links/reconcile"] {
        let page = giver(path);
        assert_eq!(page.status, 200, "{page:?}");
        let (_, rest) = page.body.split_once(begin).unwrap();
        let query = rest.split('"').next().unwrap();
        let query = query.replace("&#38;", "&").replace("&amp;", "&");
        let merge = giver(&format!("{begin}{query}"));
        assert_eq!(merge.status, 200, "{query}: {merge:?}");
        assert!(merge.body.contains("L1") && merge.body.contains("L2"));
        // The consumer owns neither.
        let page = taker(path);
        assert_eq!(page.status, 200, "{page:?}");
        assert!(!page.body.contains(begin), "{path}");
    }
    let wrong = giver("/issues/summary?month=2026-13");
    assert_eq!(wrong.status, 422, "{wrong:?}");
}

/// Whatever people do in between: a second run changes nothing, and what is open is exactly what is found.
#[test]
fn reconciliation_is_idempotent() {
    let ledger = Ledger::settled();
    systems(&ledger);
    let lines: Vec<String> = (0..5)
        .map(|n| {
            format!("L{n}|第{n}条|示例市教育局|E1|示例市卫生健康委员会|H1|服务接口|每日||运行中")
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    links(&ledger, &lines);
    let cases = if crate::properties::soak() > 1 {
        80
    } else {
        12
    };
    let mut runner = TestRunner::new(Config::with_cases(cases));
    let acts = prop::collection::vec((0..5_usize, 0..6_u8), 0..8);
    runner
        .run(&(acts, 0..60_u64), |(acts, days)| {
            for (link, act) in acts {
                let code = format!("L{link}");
                match act {
                    0 => says(&ledger, &code, Side::Provider, "3"),
                    1 => says(&ledger, &code, Side::Consumer, "3"),
                    2 => says(&ledger, &code, Side::Consumer, "4"),
                    3 => disputes(&ledger, &code, Act::Dispute),
                    4 => disputes(&ledger, &code, Act::Withdraw),
                    _ => {
                        compare(&ledger, &ledger.viewer, later(days)).unwrap();
                    }
                }
            }
            let today = later(days);
            let ran = compare(&ledger, &ledger.viewer, today).unwrap();
            let now = found(&ledger, &ledger.viewer, today);
            prop_assert_eq!(ran.findings, now.len());
            let before = written(&ledger);
            let mut open: Vec<String> = before
                .iter()
                .filter(|i| i.1)
                .filter_map(|i| i.0.clone())
                .collect();
            let mut causes: Vec<String> = now.into_iter().map(|f| f.cause).collect();
            open.sort();
            causes.sort();
            prop_assert_eq!(open, causes);
            let again = compare(&ledger, &ledger.viewer, today).unwrap();
            prop_assert_eq!((again.opened, again.healed), (0, 0));
            prop_assert_eq!(written(&ledger), before);
            Ok(())
        })
        .unwrap();
}

#[test]
fn it_is_run_over_http_and_in_the_browser() {
    let ledger = Ledger::settled();
    systems(&ledger);
    links(
        &ledger,
        &[
            "L2|旧学籍→卫健|示例市教育局|E2|示例市卫生健康委员会|H1|服务接口|每日||运行中",
            "L4|过期→卫健|示例市教育局|E1|示例市卫生健康委员会||批量交换|每日|2025-12-31|运行中",
        ],
    );
    actors::make_all(&ledger);
    let service = Service::start(&ledger);
    let specialist = service.token("specialist", PASSWORD);
    let ask = |method: Method| {
        service
            .ask(method, "/api/v1/links/reconcile")
            .bearer(&specialist)
            .send()
    };
    let told = ask(Method::GET);
    assert_eq!(told.status, 200, "{told:?}");
    assert_eq!(
        told.json()["items"].as_array().unwrap().len(),
        3,
        "{told:?}"
    );
    let ran = ask(Method::POST);
    assert_eq!(ran.status, 200, "{ran:?}");
    assert_eq!(ask(Method::POST).json()["opened"], 0);
    let auditor = service.token("auditor", PASSWORD);
    let refused = service
        .ask(Method::POST, "/api/v1/links/reconcile")
        .bearer(&auditor)
        .send();
    assert_eq!(refused.status, 403);
    if !browser::is_there() {
        return;
    }
    let mut own = Browser::open("reconcile", USUAL);
    own.go(&format!("{}/sign-in", service.base));
    own.fill("input[name=login]", "specialist");
    own.fill("input[name=password]", PASSWORD);
    own.press("main button[type=submit]");
    own.see(".ol-nav");
    own.press_text("对账");
    own.see_text("端点已停用");
    own.press_text("立即对账");
    own.see_text("对账完成");
    own.picture("found");
    own.press_path("//main//a[normalize-space()='难点问题']");
    own.see_text("旧学籍");
    own.picture("issues");
}
