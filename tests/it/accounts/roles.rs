//! Roles: who gives them, what cannot be held together, who is kept from ruling alone.

use one_ledger::accounts::{Filter, State};
use one_ledger::auth::Right;

use super::*;

#[test]
fn the_three_administrators_are_three_people_and_do_no_business() {
    in_house(|house| {
        let at = house.department(0);
        let operator = Viewer::operator("测试员");
        let three = [Role::SystemAdmin, Role::SecurityAdmin, Role::AuditAdmin];
        for (n, first) in three.into_iter().enumerate() {
            let id = house.person(&format!("admin{n}"), &[(first, None)]);
            for second in Role::ALL {
                let place = (!second.is_administrator()).then_some(at);
                let given = house
                    .service
                    .grant(&mut house.conn, &operator, id, second, place);
                if second == first {
                    assert!(matches!(given, Err(Error::Conflict(_))), "{first:?} twice");
                } else {
                    assert!(
                        matches!(given, Err(Error::Refused(_))),
                        "{first:?} and {second:?}"
                    );
                }
            }
            let viewer = house.viewer(&format!("admin{n}"));
            for right in [
                Right::Write,
                Right::SeeOwn,
                Right::SeeMoney,
                Right::AnswerFiling,
                Right::ManagePeople,
            ] {
                assert!(!viewer.can_anywhere(right), "{first:?} {right:?}");
            }
        }
        // The other way round, too.
        let id = house.person("zhang.san", &[(Role::Liaison, Some(at))]);
        for role in three {
            assert!(
                house
                    .service
                    .grant(&mut house.conn, &operator, id, role, None)
                    .is_err()
            );
        }
    });
}

#[expect(
    clippy::too_many_lines,
    reason = "one walk, told from its beginning to its end"
)]
#[test]
fn no_administrator_can_do_alone_what_takes_two() {
    in_house(|house| {
        let system = house.person("system", &[(Role::SystemAdmin, None)]);
        let security = house.person("security", &[(Role::SecurityAdmin, None)]);
        let audit = house.person("audit", &[(Role::AuditAdmin, None)]);
        let plain = house.person("zhang.san", &[]);
        let at = house.department(0);
        let [s, g, a, p] = ["system", "security", "audit", "zhang.san"].map(|l| house.viewer(l));
        let new = NewAccount {
            login: "li.si".to_owned(),
            name: "李四".to_owned(),
            ..NewAccount::default()
        };
        let service = &house.service;
        let conn = &mut house.conn;
        let refused = |what: &str, done: Result<()>| {
            assert!(matches!(done, Err(Error::Refused(_))), "{what}: {done:?}");
        };
        // Whoever makes accounts gives no role; whoever gives roles makes no account and resets no password.
        refused(
            "system grants",
            service
                .grant(conn, &s, plain, Role::Cdo, Some(at))
                .map(drop),
        );
        refused("system unlocks", service.unlock(conn, &s, plain));
        refused("security creates", service.create(conn, &g, &new).map(drop));
        refused(
            "security resets",
            service.reset_password(conn, &g, plain).map(drop),
        );
        refused(
            "security deactivates",
            service.set_active(conn, &g, plain, false),
        );
        refused("audit creates", service.create(conn, &a, &new).map(drop));
        refused(
            "audit grants",
            service
                .grant(conn, &a, plain, Role::Cdo, Some(at))
                .map(drop),
        );
        refused(
            "audit lists",
            service.list(conn, &a, &Filter::default(), 10).map(drop),
        );
        refused(
            "a person lists",
            service.list(conn, &p, &Filter::default(), 10).map(drop),
        );
        // Nobody acts on himself, or becomes another administrator by way of a reset.
        refused(
            "security grants to itself",
            service
                .grant(conn, &g, security, Role::AuditAdmin, None)
                .map(drop),
        );
        refused(
            "system resets itself",
            service.reset_password(conn, &s, system).map(drop),
        );
        refused(
            "system resets security",
            service.reset_password(conn, &s, security).map(drop),
        );
        refused(
            "system resets audit",
            service.reset_password(conn, &s, audit).map(drop),
        );
        refused(
            "system deactivates itself",
            service.set_active(conn, &s, system, false),
        );
        let own = service.grants(conn, &g, security).unwrap()[0].id;
        refused("security ends its own", service.end_role(conn, &g, own));
        refused(
            "security reads the log",
            one_ledger::audit::verify(conn, &g).map(drop),
        );
        refused(
            "system reads the log",
            one_ledger::audit::verify(conn, &s).map(drop),
        );
        assert!(house.times("grant_role", "refused") >= 3);
        assert!(house.times("reset_password", "refused") >= 3);
    });
}

#[test]
fn the_last_who_makes_accounts_or_gives_roles_stays() {
    in_house(|house| {
        house.person("system", &[(Role::SystemAdmin, None)]);
        let security = house.person("security", &[(Role::SecurityAdmin, None)]);
        let another = house.person("security2", &[]);
        let (s, g) = (house.viewer("system"), house.viewer("security"));
        let last = house
            .service
            .set_active(&mut house.conn, &s, security, false);
        assert!(matches!(last, Err(Error::Conflict(_))), "{last:?}");
        house
            .service
            .grant(&mut house.conn, &g, another, Role::SecurityAdmin, None)
            .unwrap();
        house
            .service
            .set_active(&mut house.conn, &s, security, false)
            .unwrap();
        let last = house
            .service
            .set_active(&mut house.conn, &s, another, false);
        assert!(matches!(last, Err(Error::Conflict(_))));
    });
}

#[test]
fn a_role_is_given_where_it_belongs_ended_once_and_remembered() {
    in_house(|house| {
        let at = house.department(0);
        let id = house.person("zhang.san", &[]);
        house.person("security", &[(Role::SecurityAdmin, None)]);
        let g = house.viewer("security");
        let grant = |house: &mut House<'_>, role, at| {
            house.service.grant(&mut house.conn, &g, id, role, at)
        };
        assert_eq!(fields(grant(house, Role::Liaison, None)), ["department"]);
        assert_eq!(
            fields(grant(house, Role::Liaison, Some(999_999))),
            ["department"]
        );
        assert_eq!(
            fields(grant(house, Role::AuditAdmin, Some(at))),
            ["department"]
        );
        let given = grant(house, Role::Liaison, Some(at)).unwrap();
        assert!(matches!(
            grant(house, Role::Liaison, Some(at)),
            Err(Error::Conflict(_))
        ));
        grant(house, Role::Specialist, Some(at)).unwrap();
        house.service.end_role(&mut house.conn, &g, given).unwrap();
        assert!(matches!(
            house.service.end_role(&mut house.conn, &g, given),
            Err(Error::NotFound(_))
        ));
        assert!(matches!(
            house.service.end_role(&mut house.conn, &g, 999),
            Err(Error::NotFound(_))
        ));
        assert!(matches!(
            house
                .service
                .grant(&mut house.conn, &g, 999, Role::Cdo, Some(at)),
            Err(Error::NotFound(_))
        ));
        let all = house.service.grants(&mut house.conn, &g, id).unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].ended_by.as_deref(), Some("人员security"));
        let viewer = house.viewer("zhang.san");
        assert_eq!(viewer.roles(), [(Role::Specialist, Some(at))]);
    });
}

#[expect(
    clippy::too_many_lines,
    reason = "one walk, told from its beginning to its end"
)]
#[test]
fn accounts_are_listed_by_what_a_reviewer_looks_for() {
    in_house(|house| {
        let (at, elsewhere) = (house.department(0), house.department(1));
        house.person("a.liaison", &[(Role::Liaison, Some(at))]);
        house.person("b.cdo", &[(Role::Cdo, Some(elsewhere))]);
        house.person("c.nothing", &[]);
        let closed = house.person("d.closed", &[]);
        let operator = Viewer::operator("测试员");
        house
            .service
            .set_active(&mut house.conn, &operator, closed, false)
            .unwrap();
        house.earlier("accounts", "created_at", 91 * 24 * 60);
        house.browser("b.cdo", PASSWORD);
        for _ in 0..5 {
            let _ = house.try_sign_in("a.liaison", "wrong", "");
        }
        let logins = |house: &mut House<'_>, filter: Filter| {
            let all = house
                .service
                .list(&mut house.conn, &operator, &filter, 100)
                .unwrap();
            all.into_iter().map(|a| a.login).collect::<Vec<_>>()
        };
        let state = |state| Filter {
            state: Some(state),
            ..Filter::default()
        };
        assert_eq!(
            logins(house, Filter::default()),
            ["a.liaison", "b.cdo", "c.nothing", "d.closed"]
        );
        assert_eq!(logins(house, state(State::Inactive)), ["d.closed"]);
        assert_eq!(logins(house, state(State::Locked)), ["a.liaison"]);
        assert_eq!(
            logins(house, state(State::Idle)),
            ["a.liaison", "c.nothing"]
        );
        assert_eq!(logins(house, state(State::WithoutRole)), ["c.nothing"]);
        assert_eq!(
            logins(
                house,
                Filter {
                    role: Some(Role::Cdo),
                    ..Filter::default()
                }
            ),
            ["b.cdo"]
        );
        assert_eq!(
            logins(
                house,
                Filter {
                    department: Some(at),
                    ..Filter::default()
                }
            ),
            ["a.liaison"]
        );
        assert_eq!(
            logins(
                house,
                Filter {
                    search: Some("人员C".to_owned()),
                    ..Filter::default()
                }
            ),
            ["c.nothing"]
        );
        assert_eq!(
            logins(
                house,
                Filter {
                    search: Some("CDO".to_owned()),
                    ..Filter::default()
                }
            ),
            ["b.cdo"]
        );
        assert_eq!(
            logins(
                house,
                Filter {
                    search: Some("%".to_owned()),
                    ..Filter::default()
                }
            ),
            [""; 0]
        );
        assert_eq!(
            logins(
                house,
                Filter {
                    after: Some("b.cdo".to_owned()),
                    ..Filter::default()
                }
            ),
            ["c.nothing", "d.closed"]
        );
    });
}
