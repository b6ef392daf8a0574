//! Guessing: what it is answered, and when it is over.

use std::time::Instant;

use super::*;

#[test]
fn five_failures_lock_the_account_even_for_the_right_password() {
    in_house(|house| {
        house.person("zhang.san", &[]);
        for n in 0..5 {
            let address = format!("10.0.1.{n}");
            let wrong = house.try_sign_in("Zhang.San", "wrong", &address);
            assert!(
                matches!(wrong, Err(Error::WrongCredentials)),
                "{n}: {wrong:?}"
            );
        }
        let right = house.try_sign_in("zhang.san", PASSWORD, "10.0.2.1");
        assert!(
            matches!(right, Err(Error::Locked(s)) if (840..=901).contains(&s)),
            "{right:?}"
        );
        assert_eq!(house.times("sign_in", "refused"), 6);
        assert_eq!(house.times("lock", "done"), 1);
        // Programs and the change of a password are behind the same lock.
        let tokens = house.service.tokens(
            &mut house.conn,
            "zhang.san",
            PASSWORD,
            None,
            from("10.0.2.1"),
        );
        assert!(matches!(tokens, Err(Error::Locked(_))));
        // It is over after a quarter of an hour.
        house.earlier("sign_in_failures", "locked_until", 16);
        house.browser("zhang.san", PASSWORD);
    });
}

#[test]
fn a_security_administrator_lifts_a_lock_and_nobody_else() {
    in_house(|house| {
        let person = house.person("zhang.san", &[]);
        house.person("system", &[(Role::SystemAdmin, None)]);
        house.person("security", &[(Role::SecurityAdmin, None)]);
        for _ in 0..5 {
            let _ = house.try_sign_in("zhang.san", "wrong", "10.0.3.1");
        }
        let (system, security) = (house.viewer("system"), house.viewer("security"));
        let refused = house.service.unlock(&mut house.conn, &system, person);
        assert!(matches!(refused, Err(Error::Refused(rule)) if rule.contains("安全管理员")));
        house
            .service
            .unlock(&mut house.conn, &security, person)
            .unwrap();
        house.browser("zhang.san", PASSWORD);
        let again = house.service.unlock(&mut house.conn, &security, person);
        assert!(matches!(again, Err(Error::Conflict(_))));
        assert_eq!(house.times("unlock", "done"), 1);
        assert_eq!(house.times("unlock", "refused"), 1);
    });
}

#[test]
fn failures_long_apart_and_failures_before_a_success_do_not_lock() {
    in_house(|house| {
        house.person("zhang.san", &[]);
        for _ in 0..4 {
            let _ = house.try_sign_in("zhang.san", "wrong", "");
        }
        house.browser("zhang.san", PASSWORD);
        for _ in 0..4 {
            let _ = house.try_sign_in("zhang.san", "wrong", "");
        }
        house.earlier("sign_in_failures", "first_at", 16);
        let _ = house.try_sign_in("zhang.san", "wrong", "");
        house.browser("zhang.san", PASSWORD);
        assert_eq!(house.times("lock", "done"), 0);
    });
}

#[test]
fn an_address_that_tries_many_logins_is_locked_and_others_are_not() {
    in_house(|house| {
        house.person("zhang.san", &[]);
        let most = house.service.rules.lock_address_after;
        for n in 0..most {
            let _ = house.try_sign_in(&format!("nobody{n}"), "wrong", "10.9.9.9");
        }
        let here = house.try_sign_in("zhang.san", PASSWORD, "10.9.9.9");
        assert!(matches!(here, Err(Error::Locked(_))));
        assert!(house.try_sign_in("zhang.san", PASSWORD, "10.9.9.8").is_ok());
        let operator = Viewer::operator("测试员");
        house
            .service
            .unlock_address(&mut house.conn, &operator, "10.9.9.9")
            .unwrap();
        assert!(house.try_sign_in("zhang.san", PASSWORD, "10.9.9.9").is_ok());
    });
}

#[test]
fn guesses_side_by_side_get_no_further_than_one_after_the_other() {
    in_house(|house| {
        house.person("zhang.san", &[]);
        let tries = 24;
        let counts: Vec<_> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..tries)
                .map(|n| {
                    let (service, ledger) = (&house.service, house.ledger);
                    scope.spawn(move || {
                        let mut conn = ledger.conn();
                        let at = from(&format!("10.1.0.{n}"));
                        service.sign_in(
                            &mut conn,
                            &ledger.app.catalogue,
                            "zhang.san",
                            "wrong",
                            None,
                            at,
                        )
                    })
                })
                .collect();
            running.into_iter().map(|r| r.join().unwrap()).collect()
        });
        assert!(
            counts
                .iter()
                .all(|r| matches!(r, Err(Error::WrongCredentials | Error::Locked(_))))
        );
        assert!(matches!(
            house.try_sign_in("zhang.san", PASSWORD, ""),
            Err(Error::Locked(_))
        ));
        assert_eq!(house.times("lock", "done"), 1);
    });
}

#[test]
fn an_unknown_login_is_answered_like_a_known_one() {
    in_house(|house| {
        house.person("zhang.san", &[]);
        let closed = house.person("li.si", &[]);
        let operator = Viewer::operator("测试员");
        house
            .service
            .set_active(&mut house.conn, &operator, closed, false)
            .unwrap();
        let mut times = Vec::new();
        for (login, password) in [
            ("zhang.san", "wrong"),
            ("nobody", "wrong"),
            ("张三", "wrong"),
            ("li.si", PASSWORD),
        ] {
            let began = Instant::now();
            let answer = house.try_sign_in(login, password, "").unwrap_err();
            times.push(began.elapsed());
            assert_eq!(answer.to_string(), "账号或密码不正确", "{login}");
            for _ in 0..4 {
                let _ = house.try_sign_in(login, password, "");
            }
        }
        // A hash takes far longer than everything around it: whoever skipped it would show by an order of magnitude.
        let (least, most) = (times.iter().min().unwrap(), times.iter().max().unwrap());
        assert!(*most < *least * 8, "{times:?}");
        let locked = |r: Result<SignedIn>| matches!(r, Err(Error::Locked(_)));
        assert!(locked(house.try_sign_in("zhang.san", "wrong", "")));
        assert!(locked(house.try_sign_in("nobody", "wrong", "")));
    });
}

#[test]
fn the_audit_log_keeps_no_text_that_may_be_a_password() {
    in_house(|house| {
        house.person("zhang.san", &[]);
        for (login, password) in [
            ("zhang.san", "Sesame.open.9"),
            ("Sesame.open.9", "zhang.san"),
            (" Sesame open 9 ", "x"),
        ] {
            let _ = house.try_sign_in(login, password, "");
        }
        let all = audit::page(
            &mut house.conn,
            &Viewer::operator("测试员"),
            &audit::Filter::default(),
            1_000,
        )
        .unwrap();
        let text = serde_json::to_string(&all).unwrap();
        assert!(!text.to_lowercase().contains("same.open"), "{text}");
        assert!(text.contains("人员zhang.san"));
    });
}
