//! Whatever three administrators do, one after the other: nobody rules alone, and somebody can always rule.

use std::collections::BTreeSet;

use one_ledger::accounts::Filter;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

/// One act of an administrator on an account.
#[derive(Clone, Debug)]
enum Act {
    Grant(usize),
    End(usize),
    Deactivate,
    Activate,
    ResetTotp,
    EndAll,
}

fn act() -> impl Strategy<Value = (usize, usize, Act)> {
    let what = prop_oneof![
        4 => (0..Role::ALL.len()).prop_map(Act::Grant),
        3 => (0..4_usize).prop_map(Act::End),
        2 => Just(Act::Deactivate),
        2 => Just(Act::Activate),
        1 => Just(Act::ResetTotp),
        1 => Just(Act::EndAll),
    ];
    (0..6_usize, 0..6_usize, what)
}

/// Does it, as whoever the actor is by now; refusals are fine.
fn carry_out(
    house: &mut House<'_>,
    ids: &[i64],
    at: i64,
    (actor, target, act): (usize, usize, Act),
) {
    let regions = house.regions();
    let Ok(viewer) = house.service.viewer(&mut house.conn, regions, ids[actor]) else {
        return;
    };
    let id = ids[target];
    let (service, conn) = (&house.service, &mut house.conn);
    let _ = match act {
        Act::Grant(n) => {
            let role = Role::ALL[n];
            let place = (!role.is_administrator()).then_some(at);
            service.grant(conn, &viewer, id, role, place).map(drop)
        }
        Act::End(n) => match service.account(conn, &viewer, id) {
            Ok(account) => match account.roles.get(n) {
                Some(held) => service.end_role(conn, &viewer, held.grant),
                None => Ok(()),
            },
            Err(e) => Err(e),
        },
        Act::Deactivate => service.set_active(conn, &viewer, id, false),
        Act::Activate => service.set_active(conn, &viewer, id, true),
        Act::ResetTotp => service.reset_totp(conn, &viewer, id),
        Act::EndAll => service.end_all(conn, &viewer, id),
    };
}

#[test]
fn separation_holds_and_somebody_stays_in_charge() {
    let ledger = Ledger::settled();
    let mut house = House::new(&ledger, Rules::default());
    let at = house.department(0);
    let ids = [
        house.person("system", &[(Role::SystemAdmin, None)]),
        house.person("security", &[(Role::SecurityAdmin, None)]),
        house.person("audit", &[(Role::AuditAdmin, None)]),
        house.person("zhang.san", &[(Role::Liaison, Some(at))]),
        house.person("li.si", &[]),
        house.person("wang.wu", &[]),
    ];
    let house = std::cell::RefCell::new(house);
    let mut runner = TestRunner::new(Config {
        cases: 40,
        failure_persistence: None,
        ..Config::default()
    });
    // One ledger for all: every case goes on where the last one stopped.
    let done = runner.run(&prop::collection::vec(act(), 1..16), |acts| {
        let house = &mut *house.borrow_mut();
        for act in acts {
            carry_out(house, &ids, at, act);
            let operator = Viewer::operator("测试员");
            let all = house
                .service
                .list(&mut house.conn, &operator, &Filter::default(), 100)
                .unwrap();
            for account in &all {
                let roles: BTreeSet<Role> = account.roles.iter().map(|h| h.role).collect();
                let apart = roles.len() <= 1 || !roles.iter().any(|r| r.is_administrator());
                prop_assert!(apart, "{}: {roles:?}", account.login);
            }
            for needed in [Role::SystemAdmin, Role::SecurityAdmin] {
                let holds = |a: &one_ledger::accounts::Account| {
                    a.active && a.roles.iter().any(|h| h.role == needed)
                };
                prop_assert!(all.iter().any(holds), "nobody is {needed:?} any more");
            }
        }
        Ok(())
    });
    done.unwrap();
    house.borrow_mut().chain_is_whole();
}
