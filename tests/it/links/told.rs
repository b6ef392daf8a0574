//! What follows from a word: at once when it is said by a form or the API, and once only.

use std::collections::BTreeMap;

use diesel::prelude::*;
use one_ledger::db::schema::notices;
use one_ledger::ledger::edit::{self, Draft, Given, Source, Why};
use one_ledger::ledger::ends::{self, Act, Side, Standing};
use one_ledger::sharing::follow;
use serde_json::json;
use ureq::http::Method;

use super::{Error, GIVES, Ledger, OTHER, SAME, Scene, TAKES, on_both, settle, why};
use crate::app::service::Service;
use crate::routes::actors::{self, PASSWORD};

fn amended(scene: &Scene<'_>, values: &[(&str, &str)]) -> Draft {
    let row = scene.only();
    let given = values
        .iter()
        .map(|(k, v)| ((*k).to_owned(), Given::Text((*v).to_owned())));
    Draft {
        act: edit::Act::Amend {
            code: row.code,
            revision: row.revision,
        },
        given: given.collect(),
    }
}

/// What people were told of links, the first first.
fn told(ledger: &Ledger) -> Vec<String> {
    notices::table
        .filter(notices::kind.eq("link"))
        .order(notices::id)
        .select(notices::text)
        .load(&mut ledger.conn())
        .unwrap()
}

#[test]
fn a_word_said_by_hand_is_followed_in_the_same_transaction() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        scene.import(&scene.gives, "1.xlsx", &[SAME]);
        scene.act(&scene.takes, Act::Confirm, "").unwrap();
        let before = scene.only();
        let draft = amended(&scene, &[("frequency", "每周")]);
        let failed: Result<(), Error> = scene.with(|conn, d| {
            follow::heard(conn, d, |conn| {
                edit::write(conn, &scene.gives, d, std::slice::from_ref(&draft), &why())?;
                Err(Error::Conflict("别的事没办成".to_owned()))
            })
        });
        assert!(matches!(failed, Err(Error::Conflict(_))), "{failed:?}");
        assert_eq!(scene.only(), before);
        assert_eq!(scene.standing(), Standing::Confirmed);
        scene.with(|conn, d| {
            follow::heard(conn, d, |conn| {
                edit::write(conn, &scene.takes, d, std::slice::from_ref(&draft), &why())
            })
            .unwrap();
            assert_eq!(ends::untold(conn, 10).unwrap(), []);
        });
        assert_eq!(scene.standing(), Standing::Waiting(Side::Provider));
        assert!(ledger.verify().broken.is_none());
    });
}

#[test]
fn statements_that_somebody_else_follows_are_left_to_him() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        scene.import(&scene.gives, "1.xlsx", &[SAME]);
        ledger.tamper("UPDATE link_acts SET told = FALSE");
        let conn = &mut ledger.conn();
        let news = ends::untold(conn, 10).unwrap();
        let all: Vec<i64> = news.iter().map(|n| n.id).collect();
        assert_eq!(ends::mark_told(conn, &all).unwrap(), all);
        let more = [all.as_slice(), &[i64::MAX]].concat();
        assert_eq!(ends::mark_told(conn, &more).unwrap(), Vec::<i64>::new());
    });
}

#[test]
fn each_end_is_told_once_and_a_withdrawn_dispute_is_told_to_the_other() {
    let ledger = Ledger::sqlite();
    let scene = Scene::new(&ledger);
    actors::make(&ledger, "gives", "cdo", "A1");
    actors::make(&ledger, "takes", "cdo", "B1");
    scene.import(&scene.gives, "1.xlsx", &[SAME]);
    assert_eq!(told(&ledger).len(), 1, "{:?}", told(&ledger));
    assert!(
        told(&ledger)[0].ends_with("待贵单位确认"),
        "{:?}",
        told(&ledger)
    );
    scene.act(&scene.takes, Act::Dispute, "从未接到").unwrap();
    scene.act(&scene.takes, Act::Withdraw, "").unwrap();
    let all = told(&ledger);
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(all[1].ends_with("双方说法不一致: 从未接到"), "{all:?}");
    assert!(all[2].ends_with("对方已撤回异议"), "{all:?}");
    let to: Vec<i64> = notices::table
        .filter(notices::kind.eq("link"))
        .order(notices::id)
        .select(notices::account_id)
        .load(&mut ledger.conn())
        .unwrap();
    assert_ne!(to[0], to[1], "the consumer, then the provider");
    assert_eq!(to[1], to[2], "who withdraws knows it");
    scene.with(|conn, d| follow::tell(conn, d.directory).unwrap());
    assert_eq!(told(&ledger).len(), 3);
}

#[test]
fn a_list_of_many_links_is_told_in_one_letter() {
    let ledger = Ledger::sqlite();
    settle(&ledger);
    actors::make(&ledger, "takes", "cdo", "B1");
    let head = "数据提供单位 | 数据使用单位 | 信息项 | 对接方式 | 对接状态";
    let rows: Vec<String> = (0..600)
        .map(|n| format!("{GIVES} | {TAKES} | 事项{n} | 服务接口 | 运行中"))
        .collect();
    let lines: Vec<&str> = [head]
        .into_iter()
        .chain(rows.iter().map(String::as_str))
        .collect();
    ledger.import_whole(&ledger.draw("links.xlsx", &lines));
    let all = told(&ledger);
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].contains("等 600 条对接待贵单位确认"), "{all:?}");
}

#[test]
fn an_ended_link_opens_no_issue() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        scene.import(&scene.gives, "1.xlsx", &[SAME]);
        ledger.tamper("UPDATE entries SET stage = 'retired' WHERE register = 'sharing_link'");
        scene.run(
            &scene.takes,
            &scene.sheet("2.xlsx", &[OTHER]),
            one_ledger::intake::run::Mode::Whole,
        );
        assert_eq!(scene.standing(), Standing::Disputed);
        assert_eq!(scene.open_issues(), 0);
    });
}

#[test]
fn the_same_link_is_not_made_twice_in_one_change_set() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        let given: BTreeMap<String, Given> = [
            ("provider_org", GIVES),
            ("consumer_org", TAKES),
            ("items", "姓名、年级"),
        ]
        .into_iter()
        .map(|(k, v)| (k.to_owned(), Given::Text(v.to_owned())))
        .collect();
        let draft = Draft {
            act: edit::Act::Create,
            given,
        };
        let why = Why {
            source: Source::Bulk,
            ..why()
        };
        let twice = [draft.clone(), draft];
        let refused =
            scene.with(|conn, d| edit::write(conn, &scene.gives, d, &twice, &why).unwrap_err());
        let Error::Invalid(problems) = refused else {
            panic!("{refused}");
        };
        assert_eq!(problems[0].code, "same_link", "{problems:?}");
        assert_eq!(scene.rows().len(), 0);
    });
}

#[test]
fn a_change_over_http_is_told_with_its_answer() {
    let ledger = Ledger::settled();
    super::web::link(&ledger);
    actors::make_all(&ledger);
    actors::make(&ledger, "cdo-13", "cdo", "SL013");
    let before = told(&ledger).len();
    let service = Service::start(&ledger);
    let token = service.token("cdo", PASSWORD);
    let path = "/api/v1/entries/sharing_link/DJ-A";
    let read = service.ask(Method::GET, path).bearer(&token).send();
    let tag = read.header("etag").unwrap().to_owned();
    let done = service
        .ask(Method::PATCH, path)
        .bearer(&token)
        .header("If-Match", &tag)
        .json(&json!({"values": {"frequency": "每周"}}));
    assert_eq!(done.status, 200, "{done:?}");
    let untold = ends::untold(&mut ledger.conn(), 10).unwrap();
    assert_eq!(untold, [], "{untold:?}");
    assert!(told(&ledger).len() > before, "{:?}", told(&ledger));
}
