//! What is in use: corrections, use records, and that a service ends only after consultation and filing.

use diesel::prelude::*;
use one_ledger::auth::Viewer;
use one_ledger::db::schema::{entries, notices};
use one_ledger::error::Error;
use one_ledger::issue;
use one_ledger::issue::steps::{Act as Move, State as Stands};
use one_ledger::org::directory::Directory;
use one_ledger::review::stage;
use one_ledger::sharing::request::act::Wish;
use one_ledger::sharing::request::clock::{Kind, Standing};
use one_ledger::sharing::request::correction::{self, Act as Word};
use one_ledger::sharing::request::list;
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
fn a_link_ends_with_its_request_and_not_before() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let h = &s.house;
        let id = s.in_use();
        let link = s.stands(id).link_code.unwrap();
        // The link's own stage is no way round consultation and filing.
        let row = h.row("sharing_link", &link);
        let round = stage::StageWish {
            register: "sharing_link",
            code: &link,
            revision: row.revision,
            arrow: "end",
            note: "不再提供",
            carry: false,
        };
        for who in [&h.cdo, &s.asker_cdo] {
            let conn = &mut ledger.conn();
            let refused = conflict(stage::act(conn, who, h.ground(), &round));
            assert!(refused.contains("第二十七条"), "{refused}");
            let ways = stage::ways(conn, who, h.ground(), &row).unwrap();
            let end = ways.iter().find(|w| w.arrow.key == "end").unwrap();
            assert!(!end.allowed);
        }
        let ended = s.act(&s.asker, id, Act::Finish).unwrap();
        // The link's way is written as a stage act writes it: arrows and gates of the model, in their versions.
        let row = h.row("sharing_link", &link);
        let way = stage::history(&mut ledger.conn(), &ledger.viewer, &row).unwrap();
        let steps: Vec<_> = way
            .iter()
            .map(|s| {
                (
                    s.arrow.as_str(),
                    s.to_step.as_str(),
                    s.gate.as_str(),
                    s.gate_version,
                )
            })
            .collect();
        assert_eq!(
            steps,
            [
                ("connect", "connecting", "connect", Some(1)),
                ("end", "ended", "end", Some(1))
            ]
        );
        assert_eq!(way[1].note, ended.end_reason);
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
        // Each end hears of what the other does, and who raised it of the answer.
        let told = |account: i64, words: &str| -> i64 {
            notices::table
                .filter(notices::account_id.eq(account))
                .filter(notices::text.like(format!("%{words}%")))
                .count()
                .get_result(&mut ledger.conn())
                .unwrap()
        };
        for (account, words, times) in [
            (13, "提出校核申请", 2),
            (43, "核实并答复", 2),
            (42, "核实并答复", 2),
            (13, "要求再次核实", 1),
            (13, "确认校核办结", 1),
            (42, "确认校核办结", 0),
        ] {
            assert_eq!(told(account, words), times, "{account}: {words}");
        }
        let all = correction::all(&mut ledger.conn(), &h.liaison, id).unwrap();
        let threads: Vec<(i64, usize)> = all.iter().map(|(c, n)| (c.id, n.len())).collect();
        assert_eq!(threads, [(first.id, 5), (second.id, 1)]);
        s.act(&s.asker, id, Act::Finish).unwrap();
        let over = conflict(act(&h.liaison, second.id, 1, Word::Answer, "晚了"));
        assert!(over.contains("已结束"), "{over}");
        let hidden = correction::all(&mut ledger.conn(), &s.outside, id);
        assert!(matches!(hidden, Err(Error::NotFound(_))));
    });
}

#[test]
fn of_an_end_only_whose_move_it_is_has_something_to_do() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let h = &s.house;
        let id = s.in_use();
        let waits = |who: &Viewer, words: &str| {
            let found = s.with(|g| list::waiting(&mut ledger.conn(), who, g).unwrap());
            let texts: Vec<&str> = found.iter().map(|w| w.text).collect();
            texts.iter().any(|t| t.contains(words))
        };
        s.act(&h.liaison, id, Act::Wish).unwrap();
        assert!(waits(&s.asker, "待您答复"));
        assert!(!waits(&h.liaison, "待您答复"));
        s.act(&s.asker, id, Act::Accept).unwrap();
        assert!(!waits(&s.asker, "待您答复"));
        assert!(waits(&h.cdo, "停止或变更待备案"));
        assert!(!waits(&s.asker_cdo, "停止或变更待备案"));
        s.act(&h.cdo, id, Act::File).unwrap();
        assert!(waits(&h.liaison, "已备案，待办理"));
        assert!(!waits(&s.asker, "已备案，待办理"));
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

#[test]
fn what_is_agreed_and_no_longer_wanted_is_withdrawn_with_its_link() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let h = &s.house;
        let id = s.sent("有条件共享");
        s.act(&h.liaison, id, Act::DraftAnswer).unwrap();
        s.act(&h.specialist, id, Act::Agree).unwrap();
        let link = s.stands(id).link_code.unwrap();
        assert_eq!(s.clock(id, Kind::Supply).standing, Standing::Running);
        s.act(&s.asker, id, Act::Withdraw).unwrap();
        assert_eq!(s.stands(id).state(), State::Withdrawn);
        assert_eq!(s.clock(id, Kind::Supply).standing, Standing::Void);
        assert_eq!(h.row("sharing_link", &link).stage, "retired");
        assert!(s.act(&h.liaison, id, Act::Supply).is_err());
    });
}

#[test]
fn a_link_that_another_request_uses_outlives_the_one_that_ends() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let h = &s.house;
        let first = s.in_use();
        let dataset: String = entries::table
            .find(s.stands(first).dataset_id)
            .select(entries::code)
            .first(&mut ledger.conn())
            .unwrap();
        let second = s.draft(&s.asker, &Scene::wish(&dataset)).unwrap().id;
        s.act(&s.asker, second, Act::HandIn).unwrap();
        s.act(&s.asker_head, second, Act::Approve).unwrap();
        s.act(&h.liaison, second, Act::DraftAnswer).unwrap();
        s.act(&h.specialist, second, Act::Agree).unwrap();
        let link = s.stands(first).link_code.unwrap();
        assert_eq!(s.stands(second).link_code.as_ref(), Some(&link));
        s.act(&s.asker, first, Act::Finish).unwrap();
        assert_ne!(h.row("sharing_link", &link).stage, "retired");
        s.act(&s.asker, second, Act::Withdraw).unwrap();
        assert_eq!(h.row("sharing_link", &link).stage, "retired");
    });
}
