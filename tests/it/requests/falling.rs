//! The clocks of requests in the list of everything that falls due: one order, the same filters and counts.

use one_ledger::auth::Viewer;
use one_ledger::clock as time;
use one_ledger::deadline::{self, Cursor, Listed, State};
use one_ledger::report::falling::{self, Filter, Kind};
use one_ledger::sharing::request::Rules;
use one_ledger::sharing::request::steps::Act;

use super::Scene;
use super::catalogue::begin;
use crate::app::on_both;

fn page(s: &Scene<'_>, who: &Viewer, filter: &Filter, after: Option<&Cursor>) -> Vec<Listed> {
    let today = time::today();
    s.with(|g| {
        let conn = &mut s.ledger.conn();
        falling::page(conn, (who, g), filter, (after, 1), today).unwrap()
    })
}

/// The whole list, read in pages of one; a page that comes again would never end.
fn whole(s: &Scene<'_>, who: &Viewer, filter: &Filter) -> Vec<Listed> {
    let mut out: Vec<Listed> = Vec::new();
    for _ in 0..50 {
        let after = out.last().map(Listed::cursor);
        let found = page(s, who, filter, after.as_ref());
        if found.is_empty() {
            return out;
        }
        out.extend(found);
    }
    panic!("a page comes again: {out:?}");
}

fn only(kind: Kind) -> Filter {
    Filter {
        kind: Some(kind),
        ..Filter::default()
    }
}

fn narrowed(of: deadline::Filter) -> Filter {
    Filter { kind: None, of }
}

#[test]
fn clocks_stand_among_the_deadlines_of_entries() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let file = ledger.draw(
            "projects.xlsx",
            &[
                "项目编号|项目名称|申报单位|项目阶段|建设年度|实际完成日期|竣工验收日期|运维合同到期日",
                "XM-1|学籍平台|济南市教育局|运维|2023|2023-10-01|2023-11-10|",
                "XM-2|考试平台|济南市教育局|运维|2024|2024-10-01|2025-01-10|2026-12-31",
            ],
        );
        ledger.import_whole(&file);
        let regions = ledger.app.catalogue.regions();
        deadline::refresh(&mut ledger.conn(), regions).unwrap();
        let entries = whole(&s, &s.house.cdo, &only(Kind::Entry));
        assert_eq!(entries.len(), 3, "{entries:?}");
        s.sent("无条件共享");
        s.in_use();
        // After what is due on the first entry, before what is due on the others.
        ledger.tamper("UPDATE share_clocks SET start_on = '2026-01-05' WHERE done_on IS NULL");

        let all = whole(&s, &s.house.cdo, &Filter::default());
        let shares = whole(&s, &s.house.cdo, &only(Kind::Share));
        assert_eq!(all.len(), entries.len() + 1);
        assert_eq!((shares.len(), shares[0].rule.as_str()), (1, "share_answer"));
        assert_eq!(shares[0].state, State::Overdue);
        assert_eq!(Kind::of(&shares[0]), Kind::Share);
        assert!(
            all.iter()
                .filter(|l| l.request.is_none())
                .eq(entries.iter())
        );
        assert!(all.is_sorted_by_key(|l| l.due_on), "one order: {all:?}");
        assert_eq!(all[1], shares[0]);
        // The asking department sees the same clock, and nothing of the other's entries.
        assert_eq!(whole(&s, &s.asker, &Filter::default()), shares);
        assert!(whole(&s, &s.outside, &Filter::default()).is_empty());

        let by = |of: deadline::Filter| {
            let found = whole(&s, &s.house.cdo, &narrowed(of));
            let shares = found.iter().filter(|l| l.request.is_some()).count();
            (shares, found.len() - shares)
        };
        let rule = |rule: &str| deadline::Filter {
            rule: Some(rule.to_owned()),
            ..deadline::Filter::default()
        };
        assert_eq!(by(rule("share_answer")), (1, 0));
        assert_eq!(by(rule("share_supply")), (0, 0));
        assert_eq!(by(rule(&entries[0].rule)).0, 0);
        let register = deadline::Filter {
            register: Some("project".to_owned()),
            ..deadline::Filter::default()
        };
        assert_eq!(by(register), (0, entries.len()));
        let department = |code: &str| deadline::Filter {
            departments: Some(vec![crate::organisation::id(ledger, code)]),
            ..deadline::Filter::default()
        };
        assert_eq!(by(department("C2")), (1, entries.len()));
        assert_eq!(by(department("C4")), (0, 0));
        // What is done: the answer and the supply of the request in use.
        let done = deadline::Filter {
            state: Some(State::Done),
            ..deadline::Filter::default()
        };
        assert_eq!(by(done).0, 2);
        let counted = s.with(|g| {
            let states = (&[State::Overdue, State::Soon][..], 500);
            let who = (&s.asker, g);
            let conn = &mut ledger.conn();
            falling::counts(conn, who, &Filter::default(), states, time::today()).unwrap()
        });
        assert_eq!(counted, [1, 0]);
    });
}

#[test]
fn a_clock_that_stands_still_is_not_overdue_in_the_list() {
    on_both(|ledger| {
        let mut s = Scene::new(ledger);
        let id = s.sent("有条件共享");
        s.act(&s.house.liaison, id, Act::AskPapers).unwrap();
        ledger.tamper("UPDATE share_clocks SET start_on = '2026-01-05', paused_on = '2026-01-05'");
        let state = |s: &Scene<'_>| {
            let found = whole(s, &s.asker, &only(Kind::Share));
            (found[0].state, found[0].label.clone())
        };
        assert_eq!(state(&s), (State::Overdue, "共享申请答复".to_owned()));
        s.rules = Rules {
            pause_for_papers: true,
        };
        assert_eq!(
            state(&s),
            (State::Upcoming, "共享申请答复（补正停表）".to_owned())
        );
    });
}

#[test]
fn updates_of_the_catalogue_stand_there_too() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let h = &s.house;
        let code = s.dataset("学籍信息", "有条件共享");
        begin(ledger, &code);
        let id = s.sent("有条件共享");
        let rules = |who: &Viewer, filter: &Filter| -> Vec<String> {
            whole(&s, who, filter).into_iter().map(|l| l.rule).collect()
        };
        let all = rules(&h.liaison, &only(Kind::Share));
        assert_eq!(all, ["catalogue_update", "share_answer"]);
        assert_eq!(rules(&h.bureau, &only(Kind::Share)), all);
        assert_eq!(rules(&s.outside, &only(Kind::Share)), [""; 0]);
        assert_eq!(
            rules(&s.asker, &only(Kind::Share)),
            ["share_answer"],
            "of the request {id} alone"
        );
        let of_datasets = narrowed(deadline::Filter {
            register: Some("dataset".to_owned()),
            ..deadline::Filter::default()
        });
        let found = whole(&s, &h.liaison, &of_datasets);
        assert_eq!(found.len(), 1, "{found:?}");
        let update = &found[0];
        assert_eq!(
            (update.code.as_str(), update.request),
            (code.as_str(), None)
        );
        assert_eq!(Kind::of(update), Kind::Share);
        assert_eq!(update.label, "目录更新报送");
        assert_eq!(rules(&h.liaison, &only(Kind::Entry)), [""; 0]);
    });
}
