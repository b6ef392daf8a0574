//! What an upload says of values that it does not write: approved ones, stages, and what is being reviewed.

use one_ledger::intake::preview::{self, Filter};
use one_ledger::intake::upload::apply::MOVED;
use one_ledger::intake::upload::{State, Upload};
use one_ledger::ledger::held::{KEPT, REQUESTED};
use one_ledger::review::steps::Act;
use one_ledger::review::submission;

use super::desk::Desk;
use crate::app::{Ledger, on_both};
use crate::review::{House, PROJECTS};

/// Rows of which one of these words is said, with everything that is said of them.
fn rows(ledger: &Ledger, seen: &Upload, said: &'static [&'static str]) -> Vec<Vec<String>> {
    let filter = Filter {
        said,
        ..Filter::default()
    };
    let at = (seen.id, seen.round);
    let found = preview::page(&mut ledger.conn(), at, &filter, None, 100).unwrap();
    let codes = |row: preview::PreviewRow| row.problems.into_iter().map(|p| p.code).collect();
    found.into_iter().map(codes).collect()
}

#[test]
fn what_is_held_back_is_counted_found_and_told_again_when_a_request_moved_meanwhile() {
    on_both(|ledger| {
        let house = House::new(ledger);
        let (code, _) = house.approved(&[]);
        let owner = house.row(PROJECTS, &code).department_id;
        let owner = house.directory.get(owner).unwrap().name.clone();
        let desk = Desk::open(ledger);
        let file = ledger.draw(
            "变更.xlsx",
            &[
                "项目编号 | 项目名称 | 申报单位 | 申报资金 | 项目阶段",
                &format!("{code} | 学籍管理平台 | {owner} | 340 | 在建"),
                &format!(" | 另一个项目 | {owner} | 20 | 需求填报"),
            ],
        );
        let import = desk.upload(&file);
        let seen = desk.wait(import);
        assert_eq!(seen.state(), State::Previewed, "{}", seen.message);
        let report = seen.preview().report;
        assert_eq!((report.requests, report.kept, seen.rows().new), (1, 1, 1));
        assert_eq!(rows(ledger, &seen, &REQUESTED).len(), 1);
        assert_eq!(rows(ledger, &seen, &KEPT).len(), 1);
        // Another change of the same is proposed and handed in before this one is applied.
        house
            .change(&house.liaison, PROJECTS, &code, &[("budget", "350")])
            .unwrap();
        let entries = [(PROJECTS.to_owned(), code.clone())];
        let open = submission::changes_of(&mut ledger.conn(), &house.liaison, &entries).unwrap();
        assert_eq!(open.len(), 1);
        house
            .act(&house.liaison, open[0].submission.id, Act::Submit)
            .unwrap();
        desk.apply(import, false);
        let seen = desk.wait(import);
        assert_eq!(
            (seen.state(), seen.message.as_str()),
            (State::Previewed, MOVED)
        );
        let report = seen.preview().report;
        assert_eq!((report.requests, report.kept), (0, 1));
        let said = rows(ledger, &seen, &KEPT);
        assert!(said[0].contains(&"under_review".to_owned()), "{said:?}");
        // What has nothing to do with it goes in, and the request stands as it was handed in.
        desk.apply(import, false);
        assert_eq!(desk.wait(import).state(), State::Applied);
        let after = submission::changes_of(&mut ledger.conn(), &house.liaison, &entries).unwrap();
        assert_eq!(after[0].submission.proposed, open[0].submission.proposed);
        let stranger = submission::changes_of(&mut ledger.conn(), &house.stranger, &entries);
        assert!(stranger.unwrap().is_empty());
    });
}
