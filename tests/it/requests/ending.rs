//! What is in use: corrections, use records, and that a service ends only after consultation and filing.

use one_ledger::error::Error;
use one_ledger::issue;
use one_ledger::issue::steps::{Act as Move, State as Stands};
use one_ledger::org::directory::Directory;
use one_ledger::sharing::request::act::Wish;
use one_ledger::sharing::request::clock::{Kind, Standing};
use one_ledger::sharing::request::correction::{self, Act as Word};
use one_ledger::sharing::request::steps::{Act, State};
use one_ledger::sharing::request::{consultations, uses};

use super::{Scene, conflict, fields};
use crate::app::on_both;

#[test]
fn a_provider_ends_only_after_consultation_and_filing() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let h = &s.house;
        let id = s.in_use();
        for act in [Act::End, Act::File, Act::ApplyChange] {
            conflict(s.act(&h.cdo, id, act));
        }
        let wordless = Wish {
            kind: String::new(),
            note: String::new(),
            ..s.doing(id, Act::Wish)
        };
        assert_eq!(fields(s.carry_out(&h.liaison, &wordless)), ["note", "kind"]);
        s.act(&h.liaison, id, Act::Wish).unwrap();
        assert!(matches!(
            s.act(&h.cdo, id, Act::Accept),
            Err(Error::Refused(_))
        ));
        s.act(&s.asker, id, Act::Object).unwrap();
        conflict(s.act(&h.cdo, id, Act::File));
        let issue = s
            .act(&s.asker_cdo, id, Act::Escalate)
            .unwrap()
            .issue_id
            .unwrap();
        assert!(issue > 0);
        assert_eq!(s.stands(id).state(), State::Disagreed);
        s.act(&h.bureau, id, Act::Keep).unwrap();
        assert_eq!(s.stands(id).state(), State::InUse);
        s.act(&h.liaison, id, Act::Wish).unwrap();
        s.act(&s.asker, id, Act::Object).unwrap();
        s.act(&h.bureau, id, Act::Allow).unwrap();
        s.act(&h.cdo, id, Act::File).unwrap();
        s.act(&h.bureau, id, Act::ReturnFiling).unwrap();
        s.act(&h.cdo, id, Act::File).unwrap();
        conflict(s.act(&h.liaison, id, Act::ApplyChange));
        let link = s.stands(id).link_code.unwrap();
        assert_eq!(h.status("sharing_link", &link), "connecting");
        let ended = s.act(&h.liaison, id, Act::End).unwrap();
        assert_eq!((ended.state(), ended.open), (State::Ended, false));
        assert_eq!(h.status("sharing_link", &link), "ended");
        let said = consultations(&mut ledger.conn(), id).unwrap();
        let outcomes: Vec<&str> = said.iter().map(|c| c.outcome.as_str()).collect();
        assert_eq!(outcomes, ["kept", "ended"]);
        assert_eq!(
            (said[1].reply.as_str(), said[1].word.as_str()),
            ("object", "allow")
        );
    });
}

#[test]
fn a_change_is_consulted_too_and_the_asker_may_end_with_the_data_disposed_of() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let h = &s.house;
        let id = s.in_use();
        let change = Wish {
            kind: "change".to_owned(),
            ..s.doing(id, Act::Wish)
        };
        s.carry_out(&h.liaison, &change).unwrap();
        s.act(&s.asker, id, Act::Accept).unwrap();
        s.act(&h.cdo, id, Act::File).unwrap();
        conflict(s.act(&h.liaison, id, Act::End));
        s.act(&h.liaison, id, Act::ApplyChange).unwrap();
        assert_eq!(s.stands(id).state(), State::InUse);
        let careless = Wish {
            disposal: String::new(),
            ..s.doing(id, Act::Finish)
        };
        assert_eq!(fields(s.carry_out(&s.asker, &careless)), ["disposal"]);
        assert!(matches!(
            s.act(&h.liaison, id, Act::Finish),
            Err(Error::Refused(_))
        ));
        let ended = s.act(&s.asker, id, Act::Finish).unwrap();
        assert_eq!(ended.disposal, "已删除");
        assert_eq!(h.status("sharing_link", &ended.link_code.unwrap()), "ended");
    });
}

#[test]
fn corrections_are_threads_each_with_its_clock() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let h = &s.house;
        let raise = |id, text: &str| {
            s.with(|g| correction::raise(&mut ledger.conn(), &s.asker, g, id, text))
        };
        let early = s.sent("无条件共享");
        conflict(raise(early, "早了"));
        let id = s.in_use();
        assert_eq!(fields(raise(id, " ")), ["subject"]);
        let first = raise(id, "三年级人数不符").unwrap();
        let second = raise(id, "学校代码有误").unwrap();
        let clock = s.clock(id, Kind::Correction);
        assert_eq!(
            (clock.rule_id.as_str(), clock.length.as_str()),
            ("DS-07", "10 个工作日")
        );
        let act = |who: &_, c: i64, version, word, text: &str| {
            let which = (id, c, version);
            s.with(|g| correction::act(&mut ledger.conn(), who, g, which, (word, text)))
        };
        assert!(matches!(
            act(&s.asker, first.id, 1, Word::Answer, "x"),
            Err(Error::Refused(_))
        ));
        assert!(matches!(
            act(&h.bureau, first.id, 1, Word::Answer, "x"),
            Err(Error::Refused(_))
        ));
        assert_eq!(
            fields(act(&h.liaison, first.id, 1, Word::Answer, "")),
            ["text"]
        );
        act(&h.liaison, first.id, 1, Word::Answer, "已更正").unwrap();
        assert!(matches!(
            act(&s.asker, first.id, 1, Word::Confirm, ""),
            Err(Error::Stale(_))
        ));
        act(&s.asker, first.id, 2, Word::Reopen, "仍不符").unwrap();
        act(&h.liaison, first.id, 3, Word::Answer, "再次更正").unwrap();
        act(&s.asker, first.id, 4, Word::Confirm, "").unwrap();
        conflict(act(&h.liaison, first.id, 5, Word::Answer, "又"));
        let clocks = s.clocks(id);
        let of = |c: i64| clocks.iter().filter(move |k| k.correction_id == Some(c));
        assert_eq!(
            of(first.id).count(),
            2,
            "asking again begins another ten days"
        );
        assert!(of(first.id).all(|k| k.standing == Standing::Done));
        assert!(of(second.id).all(|k| k.standing.is_open()));
        let hidden = correction::all(&mut ledger.conn(), &s.outside, id);
        assert!(matches!(hidden, Err(Error::NotFound(_))));
    });
}

#[test]
fn use_records_are_kept_for_three_years() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let id = s.in_use();
        let wish = uses::Wish {
            scene: "核验".to_owned(),
            process: "接口调用".to_owned(),
            outcome: "核验 300 人".to_owned(),
            storage: "不落库".to_owned(),
            ..uses::Wish::default()
        };
        let add = |who: &_, wish: &uses::Wish| {
            s.with(|g| uses::add(&mut ledger.conn(), who, g, id, wish))
        };
        assert!(matches!(
            add(&s.house.liaison, &wish),
            Err(Error::Refused(_))
        ));
        assert_eq!(fields(add(&s.asker, &uses::Wish::default())).len(), 4);
        let made = add(&s.asker, &wish).unwrap();
        let remove = |who: &_| s.with(|g| uses::remove(&mut ledger.conn(), who, g, (id, made.id)));
        assert!(matches!(remove(&s.asker), Err(Error::Refused(_))));
        assert!(conflict(remove(&s.asker_cdo)).contains("第二十九条"));
        let all = s.with(|g| uses::all(&mut ledger.conn(), &s.house.liaison, g, id).unwrap());
        assert!(all[0].1 >= one_ledger::clock::today() + chrono::Months::new(36));
        ledger.tamper("UPDATE share_uses SET made_at = '2020-01-02 00:00:00'");
        remove(&s.asker_cdo).unwrap();
    });
}

#[test]
fn an_issue_that_somebody_made_of_a_request_is_theirs_to_take_back() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let id = s.sent("有条件共享");
        let escalated = s.act(&s.asker_cdo, id, Act::Escalate).unwrap();
        let directory = Directory::load(&mut ledger.conn()).unwrap();
        let ground = issue::Ground {
            catalogue: &ledger.app.catalogue,
            directory: &directory,
        };
        let conn = &mut ledger.conn();
        let raised = issue::get(conn, &s.asker_cdo, escalated.issue_id.unwrap()).unwrap();
        assert!(!raised.is_found(), "by a person, and nothing heals it");
        let wish = issue::Wish::plain(raised.id, raised.version, Move::Withdraw, "已经答复");
        let back = issue::act(conn, &s.asker_cdo, ground, &wish).unwrap();
        assert_eq!(back.state(), Stands::Withdrawn);
    });
}
