//! The month's paper counts links and requests, for each what it answers for.

use one_ledger::auth::Viewer;
use one_ledger::clock as time;
use one_ledger::issue;
use one_ledger::issue::summary::Month;
use one_ledger::org::directory::Directory;
use one_ledger::report::dispatch;

use super::Scene;
use crate::app::{Ledger, on_both};

/// Links confirmed; requests received, answered in time, answered late.
fn month(ledger: &Ledger, who: &Viewer) -> Vec<usize> {
    let directory = Directory::load(&mut ledger.conn()).unwrap();
    let ground = issue::Ground {
        catalogue: &ledger.app.catalogue,
        directory: &directory,
    };
    let month = Month::of(time::today());
    let found = dispatch::dispatch(&mut ledger.conn(), who, ground, None, month).unwrap();
    found.sharing.iter().map(|(_, n)| *n).collect()
}

#[test]
fn a_month_counts_links_and_requests() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        assert_eq!(month(ledger, &s.house.cdo), [0, 0, 0, 0]);
        s.in_use();
        s.sent("无条件共享");
        assert_eq!(month(ledger, &s.house.cdo), [1, 2, 1, 0], "who gives");
        assert_eq!(month(ledger, &s.asker_cdo), [1, 0, 0, 0], "who asks");
        assert_eq!(month(ledger, &s.house.bureau), [1, 2, 1, 0]);
        assert_eq!(month(ledger, &s.outside), [0, 0, 0, 0]);
        ledger.tamper("UPDATE share_clocks SET late = TRUE WHERE kind = 'answer'");
        assert_eq!(month(ledger, &s.house.cdo), [1, 2, 0, 1]);
        ledger.tamper("UPDATE share_clocks SET done_on = '2025-01-31' WHERE kind = 'answer'");
        assert_eq!(
            month(ledger, &s.house.cdo),
            [1, 2, 0, 0],
            "of another month"
        );
    });
}
