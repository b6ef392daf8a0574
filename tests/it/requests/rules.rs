//! From draft to use: who may do what, what is refused by which article, who is told.

use diesel::prelude::*;
use one_ledger::db::schema::notices;
use one_ledger::error::Error;
use one_ledger::sharing::request::act::Wish;
use one_ledger::sharing::request::clock::{Kind, Standing};
use one_ledger::sharing::request::list::{self, Filter, Tab};
use one_ledger::sharing::request::open;
use one_ledger::sharing::request::steps::{Act, State};
use one_ledger::sharing::request::{self};

use super::{Scene, conflict, fields};
use crate::app::{Ledger, on_both};

#[test]
fn a_request_is_approved_answered_supplied_and_becomes_a_link() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let h = &s.house;
        let dataset = s.dataset("学籍信息", "有条件共享");
        let made = s.draft(&s.asker, &Scene::wish(&dataset)).unwrap();
        assert_eq!(made.state(), State::Draft);
        let id = made.id;
        // Nobody of the provider knows of it yet, nor does anybody else.
        for who in [&h.specialist, &h.cdo, &s.outside] {
            assert!(matches!(s.get(who, id), Err(Error::NotFound(_))));
        }
        s.act(&s.asker, id, Act::HandIn).unwrap();
        assert!(matches!(
            s.act(&s.asker, id, Act::Approve),
            Err(Error::Refused(_))
        ));
        assert!(s.clocks(id).is_empty(), "no clock before it is sent");
        let sent = s.act(&s.asker_head, id, Act::Approve).unwrap();
        assert_eq!(sent.bureau_id, Some(crate::organisation::id(ledger, "C1")));
        let clock = s.clock(id, Kind::Answer);
        assert_eq!(
            (clock.rule_id.as_str(), clock.length.as_str()),
            ("DS-04", "10 个工作日")
        );
        s.act(&h.liaison, id, Act::AskPapers).unwrap();
        assert_eq!(s.stands(id).state(), State::PapersAsked);
        s.act(&s.asker, id, Act::Supplement).unwrap();
        let again = conflict(s.act(&h.liaison, id, Act::AskPapers));
        assert!(
            again.contains("第二十一条") && again.contains("一次性"),
            "{again}"
        );
        // The bureau answers for nobody, and who drafted it does not approve it.
        assert!(matches!(
            s.act(&h.bureau, id, Act::DraftAnswer),
            Err(Error::Refused(_))
        ));
        s.act(&h.specialist, id, Act::DraftAnswer).unwrap();
        assert!(matches!(
            s.act(&h.specialist, id, Act::Agree),
            Err(Error::Refused(_))
        ));
        // What is only drafted is the provider's own.
        let said = request::answer(&mut ledger.conn(), &s.asker, &s.stands(id)).unwrap();
        assert_eq!((said.verdict.as_str(), said.drafter.as_str()), ("", ""));
        assert!(conflict(s.act(&h.cdo, id, Act::Refuse)).contains("同意"));
        let agreed = s.act(&h.cdo, id, Act::Agree).unwrap();
        assert_eq!(agreed.state(), State::Supplying);
        assert_eq!(s.clock(id, Kind::Answer).standing, Standing::Done);
        assert_eq!(s.clock(id, Kind::Supply).rule_id, "DS-06");
        let link = agreed.link_code.expect("an agreed request becomes a link");
        let row = h.row("sharing_link", &link);
        assert_eq!(row.department_id, agreed.provider_id);
        assert_eq!(h.status("sharing_link", &link), "connecting");
        s.act(&h.liaison, id, Act::Supply).unwrap();
        assert_eq!(s.clock(id, Kind::Supply).standing, Standing::Done);
        assert_eq!(s.clocks(id).len(), 2);
        let told: i64 = notices::table
            .filter(notices::kind.eq("sharing"))
            .filter(notices::account_id.eq(42))
            .count()
            .get_result(&mut ledger.conn())
            .unwrap();
        assert!(told >= 4, "the asking CDO was told {told} times");
    });
}

#[test]
fn what_a_request_must_say_is_asked_by_article() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let closed = s.dataset("涉密学籍", "不予共享");
        let bare = open::Wish {
            dataset: closed.clone(),
            ..open::Wish::default()
        };
        let id = s.draft(&s.asker, &bare).unwrap().id;
        let wrong = fields(s.act(&s.asker, id, Act::HandIn));
        for field in [
            "basis",
            "scene",
            "use_scope",
            "share_mode",
            "valid_until",
            "argument",
        ] {
            assert!(
                wrong.iter().any(|f| f == field),
                "{field} is not asked for: {wrong:?}"
            );
        }
        let mut wish = Scene::wish(&closed);
        wish.share_mode = "文件下载".to_owned();
        let version = s.stands(id).version;
        let edit = |who, version, wish: &open::Wish| {
            s.with(|g| open::edit(&mut ledger.conn(), who, g, (id, version), wish))
        };
        assert!(matches!(
            edit(&s.asker, version + 1, &wish),
            Err(Error::Stale(_))
        ));
        let row = edit(&s.asker, version, &wish).unwrap();
        // Another mode than the catalogue's is doubtful, not forbidden; what is not shared is said to be so.
        let warned = s.with(|g| {
            let asked = open::dataset_of(&mut ledger.conn(), &s.asker, &row)
                .unwrap()
                .unwrap();
            open::warnings(g, &row, &asked)
        });
        assert_eq!(warned.len(), 2, "{warned:?}");
        assert_eq!(fields(s.act(&s.asker, id, Act::HandIn)), ["argument"]);
        wish.argument = "法定职责需要".to_owned();
        edit(&s.asker, row.version, &wish).unwrap();
        s.act(&s.asker, id, Act::HandIn).unwrap();
        conflict(edit(&s.asker, s.stands(id).version, &wish));
        // Nobody asks for what is his own, for another, or for what is not there.
        assert_eq!(
            fields(s.draft(&s.house.liaison, &Scene::wish(&closed))),
            ["dataset"]
        );
        let mut foreign = Scene::wish(&closed);
        foreign.consumer = "C2".to_owned();
        assert!(matches!(
            s.draft(&s.asker, &foreign),
            Err(Error::Refused(_))
        ));
        assert!(matches!(
            s.draft(&s.house.bureau, &Scene::wish(&closed)),
            Err(Error::Invalid(_))
        ));
        assert_eq!(
            fields(s.draft(&s.asker, &Scene::wish("SJ-none"))),
            ["dataset"]
        );
        let mut odd = Scene::wish(&closed);
        odd.scene = "a\u{7}b".to_owned();
        odd.share_mode = "飞鸽".to_owned();
        assert_eq!(fields(s.draft(&s.asker, &odd)), ["scene"]);
    });
}

#[test]
fn a_refusal_needs_its_reason_and_for_open_data_its_basis() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let h = &s.house;
        let id = s.sent("无条件共享");
        let clock = s.clock(id, Kind::Answer);
        assert_eq!(
            (clock.rule_id.as_str(), clock.length.as_str()),
            ("DS-03", "1 个工作日")
        );
        let refusal = |note: &str, basis: &str| Wish {
            note: note.to_owned(),
            basis: basis.to_owned(),
            verdict: "refuse".to_owned(),
            ..Wish::new(id, s.stands(id).version, Act::DraftAnswer)
        };
        assert_eq!(
            fields(s.carry_out(&h.liaison, &refusal("", ""))),
            ["note", "basis"]
        );
        assert_eq!(
            fields(s.carry_out(&h.liaison, &refusal("涉及隐私", ""))),
            ["basis"]
        );
        s.act(&h.liaison, id, Act::AskPapers).unwrap();
        let pending = fields(s.carry_out(&h.liaison, &refusal("涉及隐私", "《民法典》")));
        assert_eq!(pending, ["verdict"], "not refused while papers are missing");
        s.act(&s.asker, id, Act::Supplement).unwrap();
        s.carry_out(&h.liaison, &refusal("涉及隐私", "《民法典》"))
            .unwrap();
        s.act(&h.cdo, id, Act::Redo).unwrap();
        s.carry_out(&h.liaison, &refusal("涉及隐私", "《民法典》"))
            .unwrap();
        let row = s.act(&h.cdo, id, Act::Refuse).unwrap();
        assert_eq!(
            (row.state(), row.open, row.link_code),
            (State::Refused, false, None)
        );
        let said = request::answer(&mut ledger.conn(), &s.asker, &s.stands(id)).unwrap();
        assert_eq!(
            (said.answer.as_str(), said.answer_basis.as_str()),
            ("涉及隐私", "《民法典》")
        );
        let issue = s.act(&s.asker_cdo, id, Act::Escalate).unwrap().issue_id;
        assert!(issue.is_some());
        conflict(s.act(&s.asker_cdo, id, Act::Escalate));
    });
}

fn told(ledger: &Ledger, account: i64, words: &str) -> i64 {
    notices::table
        .filter(notices::account_id.eq(account))
        .filter(notices::text.like(format!("%{words}%")))
        .count()
        .get_result(&mut ledger.conn())
        .unwrap()
}

#[test]
fn an_answer_drafted_before_the_papers_came_goes_back_to_waiting_for_them() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let h = &s.house;
        let id = s.sent("有条件共享");
        s.act(&h.liaison, id, Act::AskPapers).unwrap();
        s.act(&h.liaison, id, Act::DraftAnswer).unwrap();
        let back = s.act(&h.specialist, id, Act::Redo).unwrap();
        assert_eq!(back.state(), State::PapersAsked);
        let refusal = || Wish {
            verdict: "refuse".to_owned(),
            ..s.doing(id, Act::DraftAnswer)
        };
        assert_eq!(fields(s.carry_out(&h.liaison, &refusal())), ["verdict"]);
        s.act(&s.asker, id, Act::Supplement).unwrap();
        s.carry_out(&h.liaison, &refusal()).unwrap();
        let back = s.act(&h.specialist, id, Act::Redo).unwrap();
        assert_eq!(back.state(), State::Submitted);
        // Who drafted it hears of it, and nobody of the other end does.
        assert_eq!(told(ledger, 11, "退回重拟"), 2);
        for account in [41, 42, 43] {
            assert_eq!(told(ledger, account, "退回重拟"), 0);
        }
        let seen = request::history(&mut ledger.conn(), &s.asker, &s.stands(id)).unwrap();
        assert!(seen.iter().all(|t| t.act != "redo"));
    });
}

#[test]
fn an_extension_that_nobody_decided_on_waits_for_nobody_once_it_is_answered() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let h = &s.house;
        let id = s.sent("有条件共享");
        let waits = || {
            let filter = Filter {
                tab: Tab::Coordinate,
                ..Filter::default()
            };
            let conn = &mut ledger.conn();
            s.with(|g| list::list(conn, &h.bureau, g, &filter, 9).unwrap().len())
        };
        s.act(&h.liaison, id, Act::AskExtension).unwrap();
        assert_eq!(waits(), 1);
        s.act(&h.liaison, id, Act::DraftAnswer).unwrap();
        s.act(&h.cdo, id, Act::Agree).unwrap();
        assert_eq!(waits(), 0);
        conflict(s.act(&h.bureau, id, Act::Consent));
    });
}

#[test]
fn a_department_of_one_has_its_cdo_approve_and_others_stay_outside() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let dataset = s.dataset("学籍信息", "有条件共享");
        let id = s.draft(&s.asker_cdo, &Scene::wish(&dataset)).unwrap().id;
        s.act(&s.asker_cdo, id, Act::HandIn).unwrap();
        assert!(matches!(
            s.act(&s.asker_cdo, id, Act::Approve),
            Err(Error::Refused(_))
        ));
        ledger.tamper("UPDATE account_grants SET ended_at = granted_at WHERE account_id = 41");
        s.act(&s.asker_cdo, id, Act::Approve).unwrap();
        // A stale look is told so; a foreign department learns nothing.
        let h = &s.house;
        let mut late = s.doing(id, Act::AskPapers);
        late.version -= 1;
        assert!(matches!(
            s.carry_out(&h.liaison, &late),
            Err(Error::Stale(_))
        ));
        assert!(matches!(
            s.act(&s.outside, id, Act::AskPapers),
            Err(Error::NotFound(_))
        ));
        // Seen by its bureau, and by no other list than its own.
        let tab = |who, tab| {
            let filter = Filter {
                tab,
                ..Filter::default()
            };
            s.with(|g| {
                list::list(&mut ledger.conn(), who, g, &filter, 50)
                    .unwrap()
                    .len()
            })
        };
        assert_eq!(
            (tab(&s.asker, Tab::Mine), tab(&s.asker, Tab::Theirs)),
            (1, 0)
        );
        assert_eq!(
            (tab(&h.liaison, Tab::Mine), tab(&h.liaison, Tab::Theirs)),
            (0, 1)
        );
        assert_eq!(
            (tab(&h.bureau, Tab::All), tab(&h.bureau, Tab::Coordinate)),
            (1, 0)
        );
        assert_eq!(tab(&s.outside, Tab::All), 0);
        let waits = |who| s.with(|g| list::waiting(&mut ledger.conn(), who, g).unwrap());
        assert!(
            waits(&h.liaison)
                .iter()
                .any(|w| w.text == "件共享申请待答复")
        );
        assert!(waits(&s.outside).is_empty());
        s.act(&s.asker, id, Act::Withdraw).unwrap();
        assert!(s.clocks(id).iter().all(|c| c.standing == Standing::Void));
        conflict(s.act(&h.liaison, id, Act::DraftAnswer));
    });
}
