//! A project from the first line filled to its approval, with everybody who may not.

use one_ledger::error::Error;
use one_ledger::ledger::edit::Act as EditAct;
use one_ledger::ledger::{entry, facts};
use one_ledger::review::finding::{self, FindingAct};
use one_ledger::review::opinion;
use one_ledger::review::stage;
use one_ledger::review::steps::{Act, State};
use one_ledger::review::{approval, submission};

use super::{FILLED, House, PROJECTS, conflict, keys, problems, refused};
use crate::app::on_both;

#[test]
fn the_department_fills_checks_and_approves_and_nobody_his_own() {
    on_both(|ledger| {
        let house = House::new(ledger);
        let code = house.make(&house.liaison, PROJECTS, &[("name", "学籍平台")]);
        let id = house.open(&house.liaison, &code).unwrap().id;
        assert_eq!(house.status(PROJECTS, &code), "draft");
        assert!(conflict(house.open(&house.liaison, &code)).contains("已有正在办理"));
        // The gate says everything at once.
        let told = problems(house.act(&house.liaison, id, Act::Submit));
        let wanted: Vec<&str> = FILLED.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys(&told), wanted);
        house
            .change(&house.liaison, PROJECTS, &code, &FILLED)
            .unwrap();
        assert!(matches!(
            house.act(&house.stranger, id, Act::Submit),
            Err(Error::NotFound(_))
        ));
        // The specialist fills in himself this time: then he does not check it.
        house.act(&house.specialist, id, Act::Submit).unwrap();
        assert_eq!(house.status(PROJECTS, &code), "dept_review");
        assert!(refused(house.act(&house.specialist, id, Act::Check)).contains("自己"));
        refused(house.act(&house.liaison, id, Act::Check));
        refused(house.act(&house.bureau, id, Act::Check));
        house.act(&house.cdo, id, Act::Check).unwrap();
        refused(house.act(&house.specialist, id, Act::Approve));
        // What is being reviewed stands still; what is not part of it may change.
        let told = problems(house.change(&house.liaison, PROJECTS, &code, &[("budget", "400")]));
        assert_eq!(told[0].code, "under_review");
        house
            .change(
                &house.liaison,
                PROJECTS,
                &code,
                &[("contact_phone", "0531-12345678")],
            )
            .unwrap();
        house.act(&house.cdo, id, Act::Approve).unwrap();
        assert_eq!(house.status(PROJECTS, &code), "submitted");
        assert_eq!(
            house.stands(id).bureau_id,
            Some(crate::organisation::id(ledger, "C1"))
        );
        // The department does not review, whatever roles its people hold; another bureau does not either.
        refused(house.act(&house.cdo, id, Act::Accept));
        let other = crate::organisation::holder(ledger, 61, one_ledger::auth::Role::Bureau, "P1");
        refused(house.act(&other, id, Act::Accept));
        house.act(&house.liaison, id, Act::Withdraw).unwrap();
        assert_eq!(
            (house.status(PROJECTS, &code), house.stands(id).open),
            ("draft".to_owned(), false)
        );
        let again = house.open(&house.liaison, &code).unwrap();
        assert_ne!(again.id, id);
    });
}

#[test]
#[expect(clippy::too_many_lines, reason = "one walk, step by step")]
fn a_joint_review_waits_for_opinions_and_findings_and_cuts_by_items() {
    on_both(|ledger| {
        let house = House::new(ledger);
        let (code, id) = house.in_review(&[]);
        let conn = &mut ledger.conn();
        let told = problems(house.cut(&house.bureau, id, "42"));
        assert_eq!(keys(&told), ["opinions"]);
        assert!(matches!(
            submission::get(conn, &house.expert, id),
            Err(Error::NotFound(_))
        ));
        house.assign(id).unwrap();
        let (_, seen) = submission::get(conn, &house.expert, id).unwrap();
        assert_eq!(seen.code, code);
        // Seen by assignment only, and on no list.
        let register = ledger.app.catalogue.register(PROJECTS).unwrap();
        assert!(facts::row(conn, &house.expert, register, &code).is_err());
        assert!(
            submission::list(conn, &house.expert, &submission::Filter::default(), 10)
                .unwrap()
                .is_empty()
        );
        assert_eq!(opinion::asked(conn, &house.expert).unwrap().len(), 1);
        refused(house.act(&house.expert, id, Act::Pass));
        let fault = house.raise(&house.expert, id, "预算没有明细").unwrap();
        house.give(id, 1).unwrap();
        assert!(matches!(house.give(id, 1), Err(Error::Stale(_))));
        let told = problems(house.cut(&house.bureau, id, "42"));
        assert_eq!(keys(&told), ["findings"]);
        let thread = |who, version, act| {
            finding::act(&mut ledger.conn(), who, (fault.id, version), act, "说明")
        };
        refused(thread(&house.liaison, 1, FindingAct::Settle));
        thread(&house.liaison, 1, FindingAct::Answer).unwrap();
        assert!(matches!(
            thread(&house.bureau, 1, FindingAct::Settle),
            Err(Error::Stale(_))
        ));
        thread(&house.bureau, 2, FindingAct::Settle).unwrap();
        assert_eq!(
            keys(&problems(house.cut(&house.bureau, id, "362.1"))),
            ["cuts"]
        );
        assert_eq!(
            keys(&problems(house.cut(&house.bureau, id, "-1"))),
            ["cuts[0].amount"]
        );
        let decided = house.cut(&house.bureau, id, "42").unwrap();
        assert_eq!((decided.state(), decided.open), (State::Cut, false));
        let document = house.document(PROJECTS, &code);
        let text = |key: &str| entry::text(&document, key).unwrap_or_default().to_owned();
        assert_eq!(
            [
                "status",
                "decision",
                "approved_amount",
                "cut_amount",
                "approval_no",
                "approval_org"
            ]
            .map(text),
            [
                "approved",
                "cut",
                "320",
                "42",
                "济数字〔2027〕1号",
                "济南市大数据局"
            ]
        );
        let row = house.row(PROJECTS, &code);
        let (given, cuts) = approval::of_submission(conn, &house.cdo, id)
            .unwrap()
            .unwrap();
        assert_eq!(
            (given.amount, given.revision, cuts.len()),
            (Some(320_000_000), row.revision, 1)
        );
        let digest = one_ledger::ledger::chain::row_digest(row.id, PROJECTS, Some(&row.attributes));
        assert_eq!(given.digest, one_ledger::ledger::chain::hex(&digest));
        // The expert's door is closed with the review.
        assert!(matches!(
            submission::get(conn, &house.expert, id),
            Err(Error::NotFound(_))
        ));
        let taken = submission::history(conn, &house.cdo, id).unwrap();
        let words: Vec<&str> = taken.iter().map(|t| t.act.as_str()).collect();
        assert_eq!(
            words,
            [
                "open", "submit", "check", "approve", "accept", "convene", "cut"
            ]
        );
        assert!(!stage::is_stock(conn, house.ground(), &row).unwrap());
        assert!(matches!(
            house.edit(
                &house.liaison,
                PROJECTS,
                EditAct::Remove {
                    code,
                    revision: row.revision
                },
                &[]
            ),
            Err(Error::Conflict(_))
        ));
    });
}

#[test]
fn of_two_who_press_at_once_one_wins_and_the_other_is_told() {
    on_both(|ledger| {
        let house = House::new(ledger);
        let (code, id) = house.in_review(&[]);
        house.assign(id).unwrap();
        house.give(id, 1).unwrap();
        let barrier = std::sync::Barrier::new(2);
        let pass = house.wish(id, Act::Pass);
        let reject = house.wish(id, Act::Reject);
        let done = std::thread::scope(|scope| {
            let tries = [(&house.bureau, &pass), (&house.officer, &reject)].map(|(who, wish)| {
                let (house, barrier) = (&house, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    house.carry_out(who, wish)
                })
            });
            tries.map(|t| t.join().unwrap())
        });
        let won: Vec<bool> = done.iter().map(Result::is_ok).collect();
        assert_eq!(won.iter().filter(|w| **w).count(), 1, "{done:?}");
        let lost = done.iter().find_map(|d| d.as_ref().err()).unwrap();
        assert!(matches!(lost, Error::Stale(_)), "{lost:?}");
        let wanted = if won[0] { "approved" } else { "rejected" };
        assert_eq!(house.status(PROJECTS, &code), wanted);
    });
}

#[test]
fn what_is_returned_is_mended_and_comes_again() {
    on_both(|ledger| {
        let house = House::new(ledger);
        let (code, id) = house.in_review(&[]);
        let mut wish = house.wish(id, Act::Return);
        wish.decision.number = String::new();
        wish.opinion = String::new();
        assert_eq!(
            keys(&problems(house.carry_out(&house.bureau, &wish))),
            ["opinion"]
        );
        house.act(&house.bureau, id, Act::Return).unwrap();
        assert_eq!(house.status(PROJECTS, &code), "returned");
        house
            .change(&house.liaison, PROJECTS, &code, &[("budget", "300")])
            .unwrap();
        for (who, act) in [
            (&house.liaison, Act::Submit),
            (&house.specialist, Act::Check),
            (&house.cdo, Act::Approve),
            (&house.bureau, Act::Accept),
        ] {
            house.act(who, id, act).unwrap();
        }
        let stands = house.stands(id);
        assert_eq!((stands.round, stands.state()), (2, State::FormCheck));
        // Merged into another project.
        house.act(&house.bureau, id, Act::Convene).unwrap();
        house.assign(id).unwrap();
        house.give(id, 1).unwrap();
        let other = house.make(&house.liaison, PROJECTS, &[("name", "教育统建平台")]);
        let mut wish = house.wish(id, Act::Merge);
        assert_eq!(
            keys(&problems(house.carry_out(&house.bureau, &wish))),
            ["into"]
        );
        wish.decision.into = Some((PROJECTS.to_owned(), other));
        house.carry_out(&house.bureau, &wish).unwrap();
        assert_eq!(house.status(PROJECTS, &code), "merged");
    });
}

/// What a decision alone writes is written by it: no gate on the way can ask for what nobody may fill in.
#[test]
fn what_gates_ask_for_and_decisions_write_is_demanded_of_the_decision() {
    let catalogue = crate::app::catalogue();
    for model in catalogue.lifecycles() {
        let by_hand = model.arrows.iter().filter_map(|a| a.gate.as_deref());
        let versions = model
            .gates
            .iter()
            .filter(|g| by_hand.clone().any(|key| key == g.key))
            .flat_map(|g| &g.versions);
        for need in versions.flat_map(|v| &v.need) {
            let Some(field) = need.field.as_deref().filter(|f| model.locks(f)) else {
                continue;
            };
            let approval = &model.approval;
            let written = [
                &approval.number,
                &approval.amount,
                &approval.decision,
                &approval.day,
            ];
            assert!(
                written.into_iter().flatten().any(|key| key == field),
                "{field}"
            );
        }
    }
}

#[test]
fn an_approval_names_its_paper() {
    on_both(|ledger| {
        let house = House::new(ledger);
        let (_, id) = house.in_review(&[]);
        house.assign(id).unwrap();
        house.give(id, 1).unwrap();
        let mut wish = house.wish(id, Act::Pass);
        wish.decision.number = String::new();
        assert_eq!(
            keys(&problems(house.carry_out(&house.bureau, &wish))),
            ["number"]
        );
        wish.decision.number = "济数字〔2027〕3号".to_owned();
        house.carry_out(&house.bureau, &wish).unwrap();
    });
}
