//! The first start: one code, once.

use one_ledger::accounts::{First, FirstMade};

use super::*;

fn first(system: &str, password: Option<&str>) -> First {
    let account = |login: &str, password: Option<&str>| NewAccount {
        login: login.to_owned(),
        name: "某人".to_owned(),
        password: password.map(str::to_owned),
        ..NewAccount::default()
    };
    First {
        system: account(system, password),
        security: Some(account("security", None)),
        audit: Some(account("audit", Some(OTHER))),
    }
}

#[test]
fn the_code_makes_the_first_administrators_once() {
    in_house(|house| {
        let code = house.service.begin_setup(&mut house.conn).unwrap().unwrap();
        assert!(house.service.needs_setup(&mut house.conn).unwrap());
        let finish = |house: &mut House<'_>, code: &str, first: &First| -> Result<Vec<FirstMade>> {
            house
                .service
                .finish_setup(&mut house.conn, code, first, from("127.0.0.1"))
        };
        assert_eq!(
            fields(finish(
                house,
                "AAAA-BBBB-CCCC-DDDD",
                &first("root", Some(PASSWORD))
            )),
            ["code"]
        );
        let bad = First {
            security: Some(NewAccount {
                login: "ROOT".to_owned(),
                ..NewAccount::default()
            }),
            ..first("root", None)
        };
        assert_eq!(
            fields(finish(house, &code, &bad)),
            ["system.password", "security.login", "security.name"]
        );
        let typed = code.to_lowercase().replace('-', " ");
        let made = finish(house, &typed, &first("root", Some(PASSWORD))).unwrap();
        assert_eq!(
            made.iter().map(|m| m.role).collect::<Vec<_>>(),
            [Role::SystemAdmin, Role::SecurityAdmin, Role::AuditAdmin]
        );
        assert_eq!(
            made.iter()
                .map(|m| m.password.is_some())
                .collect::<Vec<_>>(),
            [false, true, false]
        );
        assert_eq!(house.browser("root", PASSWORD).session.must, None);
        // Others change what was chosen for them.
        assert!(house.browser("audit", OTHER).session.must.is_some());
        assert!(matches!(
            finish(house, &code, &first("root2", Some(PASSWORD))),
            Err(Error::NotFound(_))
        ));
        assert_eq!(house.service.begin_setup(&mut house.conn).unwrap(), None);
        assert!(!house.service.needs_setup(&mut house.conn).unwrap());
        assert_eq!(house.times("set_up", "done"), 1);
        assert_eq!(house.times("set_up", "refused"), 1);
    });
}

#[test]
fn a_code_dies_by_age_by_a_newer_one_and_by_guessing() {
    in_house(|house| {
        let finish = |house: &mut House<'_>, code: &str| {
            house.service.finish_setup(
                &mut house.conn,
                code,
                &first("root", Some(PASSWORD)),
                from(""),
            )
        };
        let old = house.service.begin_setup(&mut house.conn).unwrap().unwrap();
        let code = house.service.begin_setup(&mut house.conn).unwrap().unwrap();
        assert_eq!(fields(finish(house, &old)), ["code"]);
        house.earlier("setup_codes", "expires_at", 61);
        assert_eq!(fields(finish(house, &code)), ["code"]);
        let code = house.service.begin_setup(&mut house.conn).unwrap().unwrap();
        for _ in 0..10 {
            assert_eq!(fields(finish(house, "AAAA-BBBB-CCCC-DDDD")), ["code"]);
        }
        assert_eq!(
            fields(finish(house, &code)),
            ["code"],
            "guessed at too often"
        );
        assert!(house.service.needs_setup(&mut house.conn).unwrap());
    });
}

#[test]
fn two_who_finish_at_once_make_one_set_of_administrators() {
    in_house(|house| {
        let code = house.service.begin_setup(&mut house.conn).unwrap().unwrap();
        let done: Vec<_> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..4)
                .map(|n| {
                    let (service, ledger, code) = (&house.service, house.ledger, &code);
                    scope.spawn(move || {
                        let first = first(&format!("root{n}"), Some(PASSWORD));
                        service
                            .finish_setup(&mut ledger.conn(), code, &first, from(""))
                            .is_ok()
                    })
                })
                .collect();
            running.into_iter().map(|r| r.join().unwrap()).collect()
        });
        assert_eq!(done.iter().filter(|ok| **ok).count(), 1);
        let all = house.service.list(
            &mut house.conn,
            &Viewer::operator("测试员"),
            &one_ledger::accounts::Filter::default(),
            10,
        );
        assert_eq!(all.unwrap().len(), 3);
    });
}

#[test]
fn a_weak_known_or_readable_key_stops_the_start() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let open = || Service::open(folder.path(), Rules::default());
    open().unwrap();
    let path = folder.path().join(one_ledger::accounts::keys::FILE);
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let hex = |text: &[u8]| text.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let known = [
        "secret",
        "your-256-bit-secret",
        "changeme",
        "password",
        "a-string-secret-at-least-256-bits-long",
        "supersecretkeysupersecretkeysupersecret",
        "jwt-secret-jwt-secret-jwt-secret-123",
        "please-change-this-to-something-random",
        "default-secret-key-for-development-only",
        "admin-admin-admin-admin-admin-admin-",
        "change-me-in-production-0123456789ab",
    ];
    let mut bad: Vec<String> = known
        .iter()
        .map(|k| format!("k1 {}", hex(k.as_bytes())))
        .collect();
    bad.push(format!("k1 {}", "00".repeat(32)));
    bad.push(format!("k1 {}", "ab".repeat(40)));
    bad.push(format!("k1 {}", hex(&(0..64).collect::<Vec<u8>>())));
    bad.push(format!("k1 {}", "1f".repeat(31)));
    bad.extend([
        "".to_owned(),
        "k1".to_owned(),
        "k1 xyz".to_owned(),
        "only-a-name some words".to_owned(),
    ]);
    for line in bad {
        std::fs::write(&path, format!("{line}\n")).unwrap();
        assert!(matches!(open(), Err(Error::Usage(_))), "{line}");
    }
    std::fs::remove_file(&path).unwrap();
    open().unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(open().unwrap_err().to_string().contains("chmod 600"));
}
