//! What a change of credentials ends, and what passwords and one-time codes are accepted.

use one_ledger::accounts::{Must, NewToken, SecondFactor};

use super::*;

/// Everything that somebody can be signed in by.
struct Signed {
    cookie: String,
    access: String,
    refresh: String,
    api: String,
}

fn signed(house: &mut House<'_>, login: &str) -> Signed {
    let browser = house.browser(login, PASSWORD);
    let pair = house.program(login, PASSWORD);
    let new = NewToken {
        name: "接口".to_owned(),
        writes: true,
        days: 30,
    };
    let token = house
        .service
        .create_token(&mut house.conn, &browser.session.viewer, &new)
        .unwrap();
    Signed {
        cookie: browser.secret,
        access: pair.access_token,
        refresh: pair.refresh_token,
        api: token.token,
    }
}

#[test]
fn every_credential_event_ends_every_kind_of_token() {
    type Event = fn(&mut House<'_>, i64, &Viewer);
    let operator = || Viewer::operator("测试员");
    let _ = operator;
    let events: [(&str, Event); 7] = [
        ("reset", |h, id, _| {
            h.service
                .reset_password(&mut h.conn, &Viewer::operator("甲"), id)
                .unwrap();
        }),
        ("change", |h, _, me| {
            h.service
                .change_password(&mut h.conn, me, PASSWORD, OTHER)
                .unwrap();
        }),
        ("deactivation", |h, id, _| {
            h.service
                .set_active(&mut h.conn, &Viewer::operator("甲"), id, false)
                .unwrap();
        }),
        ("role given", |h, id, _| {
            let at = h.department(1);
            h.service
                .grant(
                    &mut h.conn,
                    &Viewer::operator("甲"),
                    id,
                    Role::Cdo,
                    Some(at),
                )
                .unwrap();
        }),
        ("role ended", |h, id, me| {
            let grant = h.service.grants(&mut h.conn, me, id).unwrap()[0].id;
            h.service
                .end_role(&mut h.conn, &Viewer::operator("甲"), grant)
                .unwrap();
        }),
        ("one-time codes", |h, id, me| {
            let setup = h.service.begin_totp(&mut h.conn, me).unwrap();
            let code = code(&setup.secret, 0);
            h.service.confirm_totp(&mut h.conn, me, &code).unwrap();
            let _ = id;
        }),
        ("all ended", |h, id, me| {
            h.service.end_all(&mut h.conn, me, id).unwrap()
        }),
    ];
    in_house(|house| {
        let at = house.department(0);
        for (n, (name, event)) in events.iter().enumerate() {
            let login = format!("person{n}");
            let id = house.person(&login, &[(Role::Liaison, Some(at))]);
            let signed = signed(house, &login);
            let me = house.cookie(&signed.cookie).unwrap().viewer;
            assert!(house.bearer(&signed.access).is_some() && house.bearer(&signed.api).is_some());
            event(house, id, &me);
            assert!(house.cookie(&signed.cookie).is_none(), "{name}: cookie");
            assert!(
                house.bearer(&signed.access).is_none(),
                "{name}: access token"
            );
            assert!(house.bearer(&signed.api).is_none(), "{name}: API token");
            let refreshed = house
                .service
                .refresh(&mut house.conn, &signed.refresh, from(""));
            assert!(
                matches!(refreshed, Err(Error::SignedOut)),
                "{name}: refresh token"
            );
        }
    });
}

/// The code of an authenticator, some steps away from now.
pub fn code(secret: &str, steps: i64) -> String {
    use totp_rs::{Builder, Secret};
    let totp = Builder::new()
        .with_secret(Secret::try_from_base32(secret).unwrap())
        .build()
        .unwrap();
    let now = one_ledger::clock::now().and_utc().timestamp() + steps * 30;
    totp.generate(u64::try_from(now).unwrap()).to_string()
}

#[test]
fn a_one_time_code_is_wanted_after_the_password_and_taken_once() {
    in_house(|house| {
        house.person("zhang.san", &[]);
        let browser = house.browser("zhang.san", PASSWORD);
        let me = browser.session.viewer.clone();
        let setup = house.service.begin_totp(&mut house.conn, &me).unwrap();
        assert!(setup.url.starts_with("otpauth://totp/"), "{}", setup.url);
        // Until it is confirmed nothing changes.
        house.browser("zhang.san", PASSWORD);
        let wrong = house.service.confirm_totp(&mut house.conn, &me, "000000");
        assert_eq!(fields(wrong), ["totp"]);
        house
            .service
            .confirm_totp(&mut house.conn, &me, &code(&setup.secret, -1))
            .unwrap();
        let renewed = house
            .service
            .renew(
                &mut house.conn,
                house.ledger.app.catalogue.regions(),
                &browser.session,
            )
            .unwrap();
        assert!(house.cookie(&renewed.secret).is_some());
        let second = house.service.begin_totp(&mut house.conn, &me);
        assert!(matches!(second, Err(Error::Conflict(_))));

        let ticket = match house.try_sign_in("zhang.san", PASSWORD, "").unwrap() {
            SignedIn::NeedsTotp(ticket) => ticket,
            SignedIn::Session(_) => panic!("the password alone opened a session"),
        };
        assert!(
            house.bearer(&ticket).is_none(),
            "a ticket is no access token"
        );
        let now = code(&setup.secret, 0);
        let catalogue = &house.ledger.app.catalogue;
        let finish = |house: &mut House<'_>, code: &str| {
            house
                .service
                .finish_totp(&mut house.conn, catalogue, &ticket, code, from(""))
        };
        // What was used to confirm is used up.
        assert!(matches!(
            finish(house, &code(&setup.secret, -1)),
            Err(Error::WrongCredentials)
        ));
        assert!(matches!(finish(house, &now), Ok(SignedIn::Session(_))));
        assert!(
            matches!(finish(house, &now), Err(Error::WrongCredentials)),
            "twice"
        );

        assert_eq!(
            codes(
                house
                    .service
                    .tokens(&mut house.conn, "zhang.san", PASSWORD, None, from(""))
            ),
            ["totp_required"]
        );
        let next = code(&setup.secret, 1);
        house
            .service
            .tokens(
                &mut house.conn,
                "zhang.san",
                PASSWORD,
                Some(&next),
                from(""),
            )
            .unwrap();
        // Codes are guessed no longer than passwords.
        for _ in 0..5 {
            let _ = finish(house, "123456");
        }
        assert!(matches!(finish(house, "123456"), Err(Error::Locked(_))));
    });
}

#[test]
fn one_time_codes_are_taken_away_by_their_owner_or_the_security_administrator() {
    in_house(|house| {
        let id = house.person("zhang.san", &[]);
        house.person("security", &[(Role::SecurityAdmin, None)]);
        let me = house.viewer("zhang.san");
        for by_owner in [true, false] {
            let setup = house.service.begin_totp(&mut house.conn, &me).unwrap();
            house
                .service
                .confirm_totp(&mut house.conn, &me, &code(&setup.secret, 0))
                .unwrap();
            if by_owner {
                assert_eq!(
                    fields(house.service.remove_totp(&mut house.conn, &me, "wrong")),
                    ["password"]
                );
                house
                    .service
                    .remove_totp(&mut house.conn, &me, PASSWORD)
                    .unwrap();
                house.tamper("UPDATE accounts SET totp_step = 0");
            } else {
                let security = house.viewer("security");
                house
                    .service
                    .reset_totp(&mut house.conn, &security, id)
                    .unwrap();
            }
            house.browser("zhang.san", PASSWORD);
        }
    });
}

#[test]
fn a_new_password_keeps_the_rules_and_is_none_of_the_last_five() {
    in_house(|house| {
        house.person("zhang.san", &[]);
        let me = house.viewer("zhang.san");
        let change = |house: &mut House<'_>, current: &str, new: &str| {
            house
                .service
                .change_password(&mut house.conn, &me, current, new)
        };
        assert_eq!(fields(change(house, "wrong", OTHER)), ["current"]);
        assert_eq!(
            codes(change(house, PASSWORD, "short")),
            ["too_short", "too_simple"]
        );
        assert_eq!(codes(change(house, PASSWORD, "P@ssw0rd2026!")), ["common"]);
        assert_eq!(
            codes(change(house, PASSWORD, "zhang.san-Lamp-9")),
            ["holds_name"]
        );
        assert_eq!(codes(change(house, PASSWORD, PASSWORD)), ["used_before"]);
        let mut current = PASSWORD.to_owned();
        for n in 1..=5 {
            let next = format!("{OTHER}-{n}");
            change(house, &current, &next).unwrap();
            current = next;
            let back = change(house, &current, PASSWORD);
            if n < 5 {
                assert_eq!(codes(back), ["used_before"], "{n}");
            } else {
                back.unwrap();
            }
        }
    });
}

#[test]
fn a_password_set_by_somebody_else_must_be_changed_first() {
    in_house(|house| {
        let id = house.person("zhang.san", &[]);
        let operator = Viewer::operator("测试员");
        let made = house
            .service
            .reset_password(&mut house.conn, &operator, id)
            .unwrap();
        let given = made.password.unwrap();
        assert_eq!(
            house.browser("zhang.san", &given).session.must,
            Some(Must::ChangePassword)
        );
        let program = house
            .service
            .tokens(&mut house.conn, "zhang.san", &given, None, from(""));
        assert!(matches!(program, Err(Error::Refused(rule)) if rule.contains("修改密码")));
        house
            .service
            .change_password_of(&mut house.conn, "zhang.san", &given, None, OTHER, from(""))
            .unwrap();
        assert_eq!(house.browser("zhang.san", OTHER).session.must, None);
        house.program("zhang.san", OTHER);
    });
}

#[test]
fn passwords_age_and_administrators_need_a_second_factor_where_the_rules_say_so() {
    on_both_settled(|ledger| {
        let rules = Rules {
            password_max_age_days: 90,
            second_factor: SecondFactor::Administrators,
            ..Rules::default()
        };
        let mut house = House::new(ledger, rules);
        let at = house.department(0);
        house.person("system", &[(Role::SystemAdmin, None)]);
        house.person("zhang.san", &[(Role::Liaison, Some(at))]);
        assert_eq!(house.browser("zhang.san", PASSWORD).session.must, None);
        assert_eq!(
            house.browser("system", PASSWORD).session.must,
            Some(Must::SetUpTotp)
        );
        let program = house
            .service
            .tokens(&mut house.conn, "system", PASSWORD, None, from(""));
        assert!(matches!(program, Err(Error::Refused(_))));
        house.earlier("accounts", "password_set_at", 91 * 24 * 60);
        assert_eq!(
            house.browser("zhang.san", PASSWORD).session.must,
            Some(Must::ChangePassword)
        );
    });
}

#[test]
fn a_session_ends_when_idle_when_old_and_when_signed_out() {
    in_house(|house| {
        house.person("zhang.san", &[]);
        let browser = house.browser("zhang.san", PASSWORD);
        assert_eq!(
            house.cookie(&browser.secret).unwrap().csrf,
            browser.session.csrf
        );
        assert!(house.cookie(&browser.session.csrf).is_none());
        assert!(house.cookie("").is_none());
        // The database notes the use each minute; memory knows better until the restart.
        house.earlier("account_sessions", "last_used_at", 31);
        assert!(house.cookie(&browser.secret).is_some());
        house.earlier("account_sessions", "last_used_at", 31);
        house.restart();
        assert!(house.cookie(&browser.secret).is_none(), "idle");

        let browser = house.browser("zhang.san", PASSWORD);
        house.earlier("account_sessions", "expires_at", 12 * 60);
        assert!(house.cookie(&browser.secret).is_none(), "old");

        let browser = house.browser("zhang.san", PASSWORD);
        house
            .service
            .sign_out(&mut house.conn, &browser.session)
            .unwrap();
        assert!(house.cookie(&browser.secret).is_none(), "signed out");
        assert_eq!(house.times("sign_out", "done"), 1);
    });
}
