//! A department that ends: its requests go to its heir, and none is left to nobody.

use one_ledger::auth::Role;
use one_ledger::auth::Viewer;
use one_ledger::auth::viewer::Extents;
use one_ledger::handover;
use one_ledger::org::change::Seen;
use one_ledger::org::event::When;
use one_ledger::sharing::request;
use one_ledger::sharing::request::clock::Kind;
use one_ledger::sharing::request::steps::Act;

use super::{Scene, conflict};
use crate::app::{Ledger, on_both};
use crate::organisation::{department, holder, id};

fn keeper() -> Viewer {
    let held = [(Role::SystemAdmin, None, Extents::default())];
    Viewer::signed_in(900, "管理员", None, &held)
}

fn seen(ledger: &Ledger, code: &str) -> Seen {
    let found = department(ledger, code);
    Seen {
        id: found.id,
        revision: found.revision,
    }
}

#[test]
fn requests_and_what_they_owe_go_to_the_heir() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let asked = s.sent("有条件共享");
        let before = s.stands(asked);
        let heir = id(ledger, "D2");
        let catalogue = &ledger.app.catalogue;
        let when = When::today("机构改革");
        let conn = &mut ledger.conn();
        handover::merge(conn, &keeper(), catalogue, seen(ledger, "C2"), heir, &when).unwrap();
        let row = s.stands(asked);
        assert_eq!(
            (row.provider_id, row.consumer_id, row.version),
            (heir, before.consumer_id, before.version + 1)
        );
        assert_eq!(s.clock(asked, Kind::Answer).department_id, heir);
        let history = request::history(conn, &ledger.viewer, &row).unwrap();
        assert_eq!(history.last().unwrap().label(), "机构合并");
        // Whoever works for the heir answers now.
        let liaison = holder(ledger, 72, Role::Liaison, "D2");
        s.act(&liaison, asked, Act::AskPapers).unwrap();
        assert!(s.act(&s.house.liaison, asked, Act::DraftAnswer).is_err());
    });
}

#[test]
fn a_department_with_open_requests_is_not_abolished() {
    on_both(|ledger| {
        let s = Scene::new(ledger);
        let asked = s.sent("有条件共享");
        let when = When::today("机构改革");
        let abolish = || {
            let conn = &mut ledger.conn();
            handover::abolish(conn, &keeper(), seen(ledger, "C4"), &when)
        };
        assert!(conflict(abolish()).contains("共享申请"));
        s.act(&s.asker, asked, Act::Withdraw).unwrap();
        abolish().unwrap();
    });
}
