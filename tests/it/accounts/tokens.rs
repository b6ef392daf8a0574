//! Tokens of programs: exchanged, stolen, revoked.

use one_ledger::accounts::NewToken;
use one_ledger::auth::Right;

use super::*;

#[test]
fn a_refresh_token_is_good_once_and_an_old_one_ends_the_family() {
    in_house(|house| {
        house.person("zhang.san", &[]);
        let first = house.program("zhang.san", PASSWORD);
        assert_eq!(first.expires_in, 900);
        let second = house
            .service
            .refresh(&mut house.conn, &first.refresh_token, from(""))
            .unwrap();
        let third = house
            .service
            .refresh(&mut house.conn, &second.refresh_token, from(""))
            .unwrap();
        assert!(house.bearer(&third.access_token).is_some());
        // The last one, again and at once: a client that did not hear the answer. Nothing given, nothing lost.
        let again = house
            .service
            .refresh(&mut house.conn, &second.refresh_token, from(""));
        assert!(matches!(again, Err(Error::SignedOut)));
        assert!(house.bearer(&third.access_token).is_some());
        // An older one is stolen, whoever it is that has it.
        let stolen = house
            .service
            .refresh(&mut house.conn, &first.refresh_token, from(""));
        assert!(matches!(stolen, Err(Error::SignedOut)));
        assert!(house.bearer(&third.access_token).is_none());
        let after = house
            .service
            .refresh(&mut house.conn, &third.refresh_token, from(""));
        assert!(matches!(after, Err(Error::SignedOut)));
        assert_eq!(house.times("refresh_reuse", "refused"), 1);
    });
}

#[test]
fn the_last_one_after_a_while_ends_the_family_too() {
    in_house(|house| {
        house.person("zhang.san", &[]);
        let first = house.program("zhang.san", PASSWORD);
        let second = house
            .service
            .refresh(&mut house.conn, &first.refresh_token, from(""))
            .unwrap();
        house.earlier("account_sessions", "turned_at", 1);
        assert!(
            house
                .service
                .refresh(&mut house.conn, &first.refresh_token, from(""))
                .is_err()
        );
        assert!(house.bearer(&second.access_token).is_none());
    });
}

#[test]
fn of_exchanges_at_once_exactly_one_wins_and_its_tokens_live() {
    in_house(|house| {
        house.person("zhang.san", &[]);
        let first = house.program("zhang.san", PASSWORD);
        let results: Vec<Result<TokenPair>> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..8)
                .map(|_| {
                    let (service, ledger, token) =
                        (&house.service, house.ledger, &first.refresh_token);
                    scope.spawn(move || service.refresh(&mut ledger.conn(), token, from("")))
                })
                .collect();
            running.into_iter().map(|r| r.join().unwrap()).collect()
        });
        let won: Vec<_> = results.iter().filter_map(|r| r.as_ref().ok()).collect();
        assert_eq!(won.len(), 1, "{results:?}");
        assert!(house.bearer(&won[0].access_token).is_some());
        house
            .service
            .refresh(&mut house.conn, &won[0].refresh_token, from(""))
            .unwrap();
    });
}

#[test]
fn nonsense_is_no_refresh_token() {
    in_house(|house| {
        house.person("zhang.san", &[]);
        let pair = house.program("zhang.san", PASSWORD);
        let (family, _) = pair.refresh_token.split_once('.').unwrap();
        for bad in [
            "",
            ".",
            "a.b",
            family,
            &pair.access_token,
            &pair.refresh_token.replacen('.', "x.", 1),
        ] {
            assert!(
                house
                    .service
                    .refresh(&mut house.conn, bad, from(""))
                    .is_err(),
                "{bad}"
            );
        }
        let browser = house.browser("zhang.san", PASSWORD);
        assert!(
            house.bearer(&browser.secret).is_none(),
            "a cookie is no token"
        );
        assert!(house.cookie(family).is_none(), "a token is no cookie");
        assert!(house.bearer(&pair.access_token).is_some());
    });
}

#[test]
fn ending_the_family_ends_its_access_tokens() {
    in_house(|house| {
        house.person("zhang.san", &[]);
        let (one, two) = (
            house.program("zhang.san", PASSWORD),
            house.program("zhang.san", PASSWORD),
        );
        let regions = house.regions();
        let bearer = house
            .service
            .by_bearer(&mut house.conn, regions, &one.access_token, from(""))
            .unwrap()
            .unwrap();
        house.service.end_tokens(&mut house.conn, &bearer).unwrap();
        assert!(house.bearer(&one.access_token).is_none());
        assert!(house.bearer(&two.access_token).is_some());
    });
}

#[test]
fn an_api_token_is_shown_once_reads_or_writes_ends_and_is_revoked() {
    in_house(|house| {
        let at = house.department(0);
        let id = house.person("zhang.san", &[(Role::Liaison, Some(at))]);
        house.person("li.si", &[]);
        let (me, other) = (house.viewer("zhang.san"), house.viewer("li.si"));
        let new = |days: i64, writes| NewToken {
            name: "数据平台".to_owned(),
            writes,
            days,
        };
        let bad = NewToken {
            name: "\u{202e}".to_owned(),
            writes: true,
            days: 0,
        };
        assert_eq!(
            fields(house.service.create_token(&mut house.conn, &me, &bad)),
            ["name", "days"]
        );
        let reads = house
            .service
            .create_token(&mut house.conn, &me, &new(30, false))
            .unwrap();
        let writes = house
            .service
            .create_token(&mut house.conn, &me, &new(30, true))
            .unwrap();
        let regions = house.regions();
        for (made, read_only) in [(&reads, true), (&writes, false)] {
            let known = house
                .service
                .by_bearer(&mut house.conn, regions, &made.token, from(""))
                .unwrap()
                .unwrap();
            assert_eq!(known.read_only, read_only);
            assert!(known.viewer.can(Right::Write, at));
        }
        let stored =
            serde_json::to_string(&house.service.api_tokens(&mut house.conn, &me, id).unwrap())
                .unwrap();
        assert!(!stored.contains("olt_"));
        // Not one's own: not there.
        assert!(matches!(
            house
                .service
                .revoke_token(&mut house.conn, &other, reads.id),
            Err(Error::NotFound(_))
        ));
        assert!(matches!(
            house.service.api_tokens(&mut house.conn, &other, id),
            Err(Error::Refused(_))
        ));
        house
            .service
            .revoke_token(&mut house.conn, &me, reads.id)
            .unwrap();
        assert!(house.bearer(&reads.token).is_none());
        assert!(house.bearer(&writes.token).is_some());
        house.earlier("api_tokens", "expires_at", 31 * 24 * 60);
        assert!(house.bearer(&writes.token).is_none());
        assert!(house.bearer("olt_").is_none() && house.bearer("olt_00").is_none());
        for n in 0..20 {
            house
                .service
                .create_token(&mut house.conn, &me, &new(1 + n, false))
                .unwrap();
        }
        let many = house
            .service
            .create_token(&mut house.conn, &me, &new(1, false));
        assert!(matches!(many, Err(Error::Conflict(_))));
    });
}

#[test]
fn rights_follow_the_live_database() {
    in_house(|house| {
        let (at, elsewhere) = (house.department(0), house.department(1));
        let id = house.person("zhang.san", &[(Role::Liaison, Some(at))]);
        let viewer = house.viewer("zhang.san");
        assert!(viewer.can(Right::Write, at) && !viewer.can(Right::Write, elsewhere));
        assert_eq!(viewer.home(), Some(at));
        // A new unit of the department is covered with the next request.
        let browser = house.browser("zhang.san", PASSWORD);
        house.tamper(&format!(
            "INSERT INTO departments (id, code, name, name_key, parent_id, sort, provisional) \
             VALUES (90001, 'X90001', '下属中心', '下属中心', {at}, 1, FALSE)"
        ));
        assert!(
            house
                .cookie(&browser.secret)
                .unwrap()
                .viewer
                .can(Right::Write, 90001)
        );
        let operator = Viewer::operator("测试员");
        house
            .service
            .update(&mut house.conn, &operator, id, 2, "张三丰", Some(elsewhere))
            .unwrap();
        let now = house.cookie(&browser.secret).unwrap().viewer;
        assert_eq!((now.name(), now.home()), ("张三丰", Some(elsewhere)));
    });
}
