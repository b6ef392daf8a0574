//! Accounts made and kept, on the desk and at the command line.

use super::*;

fn new(login: &str, name: &str, password: Option<&str>) -> NewAccount {
    NewAccount {
        login: login.to_owned(),
        name: name.to_owned(),
        password: password.map(str::to_owned),
        ..NewAccount::default()
    }
}

#[test]
fn every_problem_of_a_new_account_is_named_at_once() {
    in_house(|house| {
        house.person("system", &[(Role::SystemAdmin, None)]);
        let s = house.viewer("system");
        let mut bad = new("张三", "\u{202e}张", Some("short"));
        bad.department = Some(999_999);
        let found = house.service.create(&mut house.conn, &s, &bad);
        assert_eq!(
            fields(found),
            ["login", "name", "department", "password", "password"]
        );
        let made = house
            .service
            .create(&mut house.conn, &s, &new("Li.Si", "李四", None))
            .unwrap();
        let account = house.service.account(&mut house.conn, &s, made.id).unwrap();
        assert_eq!(
            (
                account.login.as_str(),
                account.must_change,
                account.roles.len()
            ),
            ("li.si", true, 0)
        );
        // Whoever chooses a password for another cannot spare him the change.
        let mut kept = new("wang.wu", "王五", Some(PASSWORD));
        kept.keep_password = true;
        let made = house.service.create(&mut house.conn, &s, &kept).unwrap();
        assert!(
            house
                .service
                .account(&mut house.conn, &s, made.id)
                .unwrap()
                .must_change
        );
    });
}

#[test]
fn a_login_is_never_given_twice_whatever_its_spelling() {
    in_house(|house| {
        let id = house.person("zhang.san", &[]);
        let operator = Viewer::operator("测试员");
        house
            .service
            .set_active(&mut house.conn, &operator, id, false)
            .unwrap();
        for same in ["zhang.san", "Zhang.San", "ＺＨＡＮＧ.san", " zhang.ſan "] {
            let found = house
                .service
                .create(&mut house.conn, &operator, &new(same, "李四", None));
            assert_eq!(codes(found), ["login_taken"], "{same}");
        }
        for look_alike in ["zh\u{430}ng.san", "zhang\u{200b}.san", "zhang。san"] {
            let found =
                house
                    .service
                    .create(&mut house.conn, &operator, &new(look_alike, "李四", None));
            assert_eq!(codes(found), ["login_form"], "{look_alike}");
        }
    });
}

#[test]
fn two_who_change_one_account_do_not_overwrite_each_other() {
    in_house(|house| {
        let id = house.person("zhang.san", &[]);
        let operator = Viewer::operator("测试员");
        let version = house
            .service
            .account(&mut house.conn, &operator, id)
            .unwrap()
            .version;
        house
            .service
            .update(&mut house.conn, &operator, id, version, "张三丰", None)
            .unwrap();
        let second = house
            .service
            .update(&mut house.conn, &operator, id, version, "张四", None);
        assert!(matches!(second, Err(Error::Stale(_))));
        let absent = house
            .service
            .update(&mut house.conn, &operator, 999, 1, "张四", None);
        assert!(matches!(absent, Err(Error::NotFound(_))));
        assert!(matches!(
            house
                .service
                .set_active(&mut house.conn, &operator, id, true),
            Err(Error::Conflict(_))
        ));
    });
}

#[test]
fn accounts_made_at_once_have_numbers_of_their_own() {
    in_house(|house| {
        let operator = Viewer::operator("测试员");
        let ids: std::collections::BTreeSet<i64> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..8)
                .map(|n| {
                    let (service, ledger, operator) = (&house.service, house.ledger, &operator);
                    scope.spawn(move || {
                        let account = new(&format!("person{n}"), "某人", Some(PASSWORD));
                        service
                            .create(&mut ledger.conn(), operator, &account)
                            .unwrap()
                            .id
                    })
                })
                .collect();
            running.into_iter().map(|r| r.join().unwrap()).collect()
        });
        assert_eq!(ids.len(), 8);
    });
}

#[test]
fn a_line_of_the_log_that_was_altered_is_found() {
    on_both_settled(|ledger| {
        let mut house = House::new(ledger, Rules::default());
        house.person("zhang.san", &[]);
        house.browser("zhang.san", PASSWORD);
        house.chain_is_whole();
        match house.ledger.backend {
            Backend::Sqlite => house.tamper("DROP TRIGGER audit_log_keep"),
            Backend::Postgres => house.tamper("ALTER TABLE audit_log DISABLE TRIGGER USER"),
        }
        house.tamper("UPDATE audit_log SET address = '10.0.0.99' WHERE seq = 2");
        let operator = Viewer::operator("测试员");
        let checked = audit::verify(&mut house.conn, &operator).unwrap();
        assert_eq!(checked.broken.unwrap().seq, 2);
    });
}

#[expect(
    clippy::too_many_lines,
    reason = "one walk, told from its beginning to its end"
)]
#[test]
fn the_command_line_looks_after_accounts() {
    on_both_settled(|ledger| {
        let department = {
            let mut house = House::new(ledger, Rules::default());
            let id = house.department(0);
            departments::table
                .find(id)
                .select(departments::code)
                .first::<String>(&mut house.conn)
                .unwrap()
        };
        let users = |args: &[&str]| ledger.cli(["users", "--json"].iter().chain(args));
        let made = users(&[
            "add",
            "--login",
            "zhang.san",
            "--name",
            "张三",
            "--role",
            "liaison",
            "--role",
            "数据专员",
            "--department",
            &department,
        ]);
        assert_eq!(made.code, Some(0), "{made:?}");
        assert_eq!(made.json()["password"].as_str().unwrap().len(), 19);
        let list = users(&["list"]).json();
        assert_eq!(list[0]["roles"].as_array().unwrap().len(), 2);
        assert_eq!(
            users(&["add", "--login", "x1", "--name", "某", "--role", "king"]).code,
            Some(2)
        );
        assert_eq!(
            users(&["add", "--login", "x1", "--name", "某", "--role", "liaison"]).code,
            Some(2)
        );
        let both = users(&[
            "add",
            "--login",
            "x1",
            "--name",
            "某",
            "--role",
            "audit_admin",
            "--role",
            "system_admin",
        ]);
        assert_eq!(both.code, Some(2), "{both:?}");
        assert_eq!(
            users(&["add", "--login", "Zhang.San", "--name", "张三"]).code,
            Some(1)
        );
        assert_eq!(
            users(&["end-role", "--login", "zhang.san", "--role", "liaison"]).code,
            Some(0)
        );
        assert_eq!(
            users(&[
                "grant",
                "--login",
                "zhang.san",
                "--role",
                "cdo",
                "--department",
                &department
            ])
            .code,
            Some(0)
        );
        assert!(users(&["reset", "--login", "zhang.san"]).json()["password"].is_string());
        assert_eq!(users(&["unlock", "--login", "zhang.san"]).code, Some(1));
        assert!(
            users(&["token", "--login", "zhang.san", "--name", "平台"]).json()["token"]
                .as_str()
                .unwrap()
                .starts_with("olt_")
        );
        assert_eq!(users(&["deactivate", "--login", "zhang.san"]).code, Some(0));
        assert_eq!(users(&["reset", "--login", "nobody"]).code, Some(2));
        assert!(users(&["rotate-key"]).json()["key"].is_string());
        let plain = ledger.cli(["users", "list"]);
        assert!(
            plain.out.contains("停用") && plain.out.contains("首席数据代表"),
            "{}",
            plain.out
        );
    });
}
