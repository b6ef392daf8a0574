//! What a decision waits for: a check of the bureau's own, an answer to every strong hit; and whom the bureau asks.

use diesel::prelude::*;
use one_ledger::auth::Role;
use one_ledger::db::schema::notices;
use one_ledger::error::Error;
use one_ledger::review::duplicate::{self, Verdict, answer};
use one_ledger::review::opinion::{self, Said, Whom};
use one_ledger::review::steps::Act;
use one_ledger::review::submission::{self, Queue};
use one_ledger::review::{approval, board, paper};

use super::{House, PROJECTS, SYSTEMS, keys, problems, refused};
use crate::app::on_both;
use crate::organisation::{holder, id};

const FUNCTION: &str = "学生学籍注册、转学、休学的在线办理和统计";

/// A proposal in joint review that is like a system of its department and one of another.
fn alike<'l>(house: &House<'l>) -> (String, i64) {
    for (who, name) in [
        (&house.liaison, "学籍管理系统"),
        (&house.stranger, "学籍管理信息系统"),
    ] {
        let pairs = [
            ("system_name", name),
            ("main_function", FUNCTION),
            ("status", "在用"),
        ];
        house.make(who, SYSTEMS, &pairs);
    }
    house.in_review(&[("content", FUNCTION)])
}

#[test]
fn no_decision_before_every_strong_hit_is_answered() {
    on_both(|ledger| {
        let house = House::new(ledger);
        let (code, id) = alike(&house);
        let conn = &mut ledger.conn();
        let entry = house.row(PROJECTS, &code);
        // Taking it up has run the check, by the one who took it up.
        let run = duplicate::last_run(conn, entry.id).unwrap().unwrap();
        assert_eq!((run.submission_id, run.review), (Some(id), true));
        let open = duplicate::unanswered(conn, entry.id).unwrap();
        assert_eq!(open.len(), 2, "{open:?}");
        house.assign(id).unwrap();
        house.give(id, 1).unwrap();
        for act in [Act::Pass, Act::Reject] {
            let told = problems(house.act(&house.bureau, id, act));
            assert_eq!(keys(&told), ["duplicates", "duplicates"]);
            assert!(
                told.iter().all(|p| p.message.contains("学籍管理")),
                "{told:?}"
            );
        }
        let say = |who, hit: &duplicate::store::StoredHit, verdict, why| {
            let conn = &mut ledger.conn();
            answer::answer(conn, who, house.means(), hit.id, hit.version, verdict, why)
        };
        refused(say(&house.cdo, &open[0], Verdict::Reuse, ""));
        assert_eq!(
            keys(&problems(say(
                &house.bureau,
                &open[0],
                Verdict::Different,
                ""
            ))),
            ["reason"]
        );
        say(&house.bureau, &open[0], Verdict::Reuse, "复用学籍注册").unwrap();
        assert_eq!(
            keys(&problems(house.act(&house.bureau, id, Act::Pass))),
            ["duplicates"]
        );
        say(&house.bureau, &open[1], Verdict::Different, "服务对象不同").unwrap();
        house.cut(&house.bureau, id, "42").unwrap();

        let (given, _) = approval::of_submission(conn, &house.cdo, id)
            .unwrap()
            .unwrap();
        assert_eq!(given.duplicate_run, Some(run.id));
        let told = approval::answers(conn, &house.bureau, given.id).unwrap();
        let verdicts: Vec<&str> = told.lines.iter().map(|(_, a)| a.verdict.as_str()).collect();
        assert_eq!((verdicts.len(), told.hidden), (2, 0));
        assert!(verdicts.contains(&"reuse") && verdicts.contains(&"different"));
        // What is not published of another department is not named to this one, and not on paper.
        let told = approval::answers(conn, &house.cdo, given.id).unwrap();
        let paper = paper::print(conn, &house.bureau, house.ground(), id).unwrap();
        assert_eq!(told.lines.len() + told.hidden, 2);
        assert_eq!(
            paper.sheet.duplicates.len(),
            2,
            "{:?}",
            paper.sheet.duplicates
        );
        for (_, answered) in &told.lines {
            assert!(!answered.answered_by.is_empty());
        }
        // The answers of an approval stay as they are.
        let kept = diesel::update(one_ledger::db::schema::approval_answers::table)
            .set(one_ledger::db::schema::approval_answers::reason.eq("另有说法"))
            .execute(conn);
        assert!(kept.is_err());
    });
}

#[test]
fn a_check_from_before_the_form_was_taken_up_does_not_count() {
    on_both(|ledger| {
        let house = House::new(ledger);
        let (code, id) = alike(&house);
        let entry = house.row(PROJECTS, &code);
        house.act(&house.bureau, id, Act::Return).unwrap();
        let text = "学生学籍注册、转学、休学的在线办理、统计和电子学籍卡";
        house
            .change(&house.liaison, PROJECTS, &code, &[("content", text)])
            .unwrap();
        for (who, act) in [
            (&house.liaison, Act::Submit),
            (&house.specialist, Act::Check),
            (&house.cdo, Act::Approve),
        ] {
            house.act(who, id, act).unwrap();
        }
        let before = duplicate::last_run(&mut ledger.conn(), entry.id)
            .unwrap()
            .unwrap();
        house.act(&house.bureau, id, Act::Accept).unwrap();
        let after = duplicate::last_run(&mut ledger.conn(), entry.id)
            .unwrap()
            .unwrap();
        assert!(after.id > before.id && after.digest != before.digest);
        // Nobody checks what he may not see, and the department's own check is not the reviewers'.
        let conn = &mut ledger.conn();
        let own =
            duplicate::run(conn, &house.cdo, house.means(), entry.id, Some(id), None).unwrap();
        assert_eq!(
            duplicate::last_run(conn, entry.id).unwrap().unwrap().id,
            after.id
        );
        assert!(own > after.id);
    });
}

#[test]
fn another_department_of_the_level_is_asked_and_answers_through_the_same_door() {
    on_both(|ledger| {
        let house = House::new(ledger);
        let (_, id) = house.in_review(&[]);
        let conn = &mut ledger.conn();
        let asks = |departments: Vec<i64>| {
            let whom = Whom {
                logins: Vec::new(),
                departments,
            };
            let about = (id, house.stands(id).version);
            opinion::assign(
                &mut ledger.conn(),
                &house.bureau,
                &house.directory,
                about,
                &whom,
            )
        };
        let own = self::id(ledger, "C2");
        assert_eq!(
            keys(&problems(asks(vec![own, self::id(ledger, "C1"), 9_999]))),
            ["departments"; 3]
        );
        assert!(matches!(
            submission::get(conn, &house.stranger, id),
            Err(Error::NotFound(_))
        ));
        let other = self::id(ledger, "C4");
        let made = asks(vec![other]).unwrap();
        assert_eq!(
            (made.len(), made[0].department_id, made[0].account_id),
            (1, Some(other), None)
        );
        assert!(asks(vec![other]).unwrap().is_empty(), "asked once");
        let told = problems(house.act(&house.bureau, id, Act::Pass));
        assert_eq!(keys(&told), ["opinions"]);
        submission::get(conn, &house.stranger, id).unwrap();
        let said = |version| Said {
            version,
            score: 70,
            verdict: "pass".to_owned(),
            opinion: "无意见".to_owned(),
        };
        let liaison = holder(ledger, 45, Role::Liaison, "C4");
        let told = opinion::give(conn, &liaison, id, &said(1));
        assert!(matches!(told, Err(Error::NotFound(_))), "{told:?}");
        let given = opinion::give(conn, &house.stranger, id, &said(1)).unwrap();
        assert_eq!(
            (given.giver_id, given.version),
            (house.stranger.account(), 2)
        );
        // The CDO of the same department may put it otherwise, from what stands now.
        let cdo = holder(ledger, 46, Role::Cdo, "C4");
        assert!(matches!(
            opinion::give(conn, &cdo, id, &said(1)),
            Err(Error::Stale(_))
        ));
        opinion::give(conn, &cdo, id, &said(2)).unwrap();
        house.act(&house.bureau, id, Act::Pass).unwrap();
        assert!(matches!(
            submission::get(conn, &house.stranger, id),
            Err(Error::NotFound(_))
        ));
    });
}

#[test]
fn whose_move_it_is_is_told_and_waits() {
    on_both(|ledger| {
        let house = House::new(ledger);
        for (number, login, role, at) in [
            (11, "li", Role::Liaison, "C2"),
            (12, "sp", Role::Specialist, "C2"),
            (13, "cd", Role::Cdo, "C2"),
            (21, "bu", Role::Bureau, "C1"),
        ] {
            house.account(number, login, role, at);
        }
        let told = || -> Vec<(i64, String)> {
            notices::table
                .order(notices::id)
                .select((notices::account_id, notices::text))
                .load(&mut ledger.conn())
                .unwrap()
        };
        let queues =
            |who| -> Vec<(Queue, usize)> { submission::waiting(&mut ledger.conn(), who).unwrap() };
        let (code, id) = house.in_review(&[]);
        let readers: Vec<i64> = told().iter().map(|(to, _)| *to).collect();
        assert_eq!(readers, [12, 13, 21], "{:?}", told());
        assert_eq!(queues(&house.bureau), [(Queue::Decide, 1)]);
        assert_eq!(queues(&house.stranger), []);
        assert_eq!(queues(&house.expert), []);
        let fault = house.raise(&house.bureau, id, "单价偏高").unwrap();
        let conn = &mut ledger.conn();
        let act = one_ledger::review::finding::FindingAct::Answer;
        one_ledger::review::finding::act(conn, &house.liaison, (fault.id, 1), act, "已核").unwrap();
        house.assign(id).unwrap();
        house.act(&house.bureau, id, Act::Return).unwrap();
        let readers: Vec<i64> = told().iter().skip(3).map(|(to, _)| *to).collect();
        assert_eq!(readers, [11, 21, 31, 11, 12], "{:?}", told());
        assert_eq!(queues(&house.liaison), [(Queue::Mend, 1)]);
        assert_eq!(queues(&house.bureau), []);
        let steps = board::board(conn, &house.bureau, house.ground(), PROJECTS).unwrap();
        let here: Vec<(&str, usize)> = steps
            .iter()
            .filter(|s| s.count > 0)
            .map(|s| (s.key.as_str(), s.count))
            .collect();
        assert_eq!(here, [("returned", 1)]);
        house.make(
            &house.liaison,
            PROJECTS,
            &[("name", "另一个"), ("status", "需求填报")],
        );
        let steps = board::board(conn, &house.cdo, house.ground(), PROJECTS).unwrap();
        let count = |key: &str| steps.iter().find(|s| s.key == key).unwrap().count;
        assert_eq!(
            (count("draft"), count("returned"), count("approved")),
            (1, 1, 0)
        );
        assert!(house.row(PROJECTS, &code).present);
        let steps = board::board(conn, &house.stranger, house.ground(), PROJECTS).unwrap();
        assert_eq!(steps.iter().map(|s| s.count).sum::<usize>(), 0);
    });
}
