//! The API of sessions, accounts, tokens and the audit log.

use serde_json::{Value, json};
use ureq::http::Method;

use super::*;
use crate::app::service::{Answer, Service as Served};

fn token(service: &Served, login: &str) -> String {
    let body = json!({ "login": login, "password": PASSWORD });
    let answer = service.ask(Method::POST, "/api/v1/sessions").json(&body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

struct Machine<'s> {
    service: &'s Served,
    token: String,
}

impl<'s> Machine<'s> {
    fn open(service: &'s Served, login: &str) -> Self {
        Self {
            service,
            token: token(service, login),
        }
    }

    fn get(&self, path: &str) -> Answer {
        self.service
            .ask(Method::GET, &format!("/api/v1{path}"))
            .bearer(&self.token)
            .send()
    }

    fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let ask = self
            .service
            .ask(method, &format!("/api/v1{path}"))
            .bearer(&self.token);
        if body.is_null() {
            ask.send()
        } else {
            ask.json(body)
        }
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body)
    }
}

fn with_people(test: impl Fn(&mut House<'_>, &Served)) {
    on_both_settled(|ledger| {
        let mut house = House::new(ledger, Rules::default());
        house.person("system", &[(Role::SystemAdmin, None)]);
        house.person("security", &[(Role::SecurityAdmin, None)]);
        house.person("audit", &[(Role::AuditAdmin, None)]);
        let at = house.department(0);
        house.person("zhang.san", &[(Role::Liaison, Some(at))]);
        let service = Served::start(ledger);
        test(&mut house, &service);
    });
}

#[test]
fn a_program_signs_in_refreshes_and_signs_out() {
    with_people(|house, service| {
        let ask = |path: &str, body: Value| {
            service
                .ask(Method::POST, &format!("/api/v1{path}"))
                .json(&body)
        };
        let pair = ask(
            "/sessions",
            json!({ "login": "zhang.san", "password": PASSWORD }),
        )
        .json();
        assert_eq!(pair["expires_in"], 900);
        let me = |token: &Value| {
            service
                .ask(Method::GET, "/api/v1/me")
                .bearer(token.as_str().unwrap())
                .send()
        };
        let about = me(&pair["access_token"]).json();
        assert_eq!(about["account"]["login"], "zhang.san");
        let at = house.department(0);
        let rights = about["rights"].as_array().unwrap();
        let write = rights.iter().find(|r| r["right"] == "write").unwrap();
        assert!(
            write["departments"]
                .as_array()
                .unwrap()
                .contains(&json!(at))
        );
        let next = ask(
            "/sessions/refresh",
            json!({ "refresh_token": pair["refresh_token"] }),
        )
        .json();
        assert_eq!(me(&next["access_token"]).status, 200);
        let out = service
            .ask(Method::DELETE, "/api/v1/sessions")
            .bearer(next["access_token"].as_str().unwrap())
            .send();
        assert_eq!(out.status, 204);
        assert_eq!(me(&next["access_token"]).status, 401);
        assert_eq!(me(&pair["access_token"]).status, 401);

        let wrong = ask(
            "/sessions",
            json!({ "login": "zhang.san", "password": "wrong" }),
        );
        assert_eq!(
            (wrong.status, wrong.json()["code"].as_str().unwrap()),
            (401, "wrong_credentials")
        );
        for _ in 0..4 {
            ask(
                "/sessions",
                json!({ "login": "zhang.san", "password": "wrong" }),
            );
        }
        let locked = ask(
            "/sessions",
            json!({ "login": "zhang.san", "password": PASSWORD }),
        );
        assert_eq!(
            (locked.status, locked.json()["code"].as_str().unwrap()),
            (429, "locked")
        );
        assert!(
            locked
                .header("retry-after")
                .unwrap()
                .parse::<u64>()
                .unwrap()
                > 600
        );
    });
}

#[test]
fn what_is_no_sign_in_is_refused_by_name_and_never_an_error_of_ours() {
    with_people(|_, service| {
        let ask = |body: &Value| service.ask(Method::POST, "/api/v1/sessions").json(body);
        for body in [
            json!({}),
            json!([]),
            json!({ "login": 1, "password": true }),
            json!({ "login": "a" }),
            json!({ "login": "a", "password": "b", "role": "system_admin" }),
        ] {
            assert_eq!(ask(&body).status, 422, "{body}");
        }
        for text in [
            "\0",
            "\u{202e}",
            "a\0b",
            "'; DROP TABLE accounts; --",
            &"长".repeat(100_000),
        ] {
            assert_eq!(
                ask(&json!({ "login": text, "password": text, "totp": text })).status,
                401
            );
            let refresh = service.ask(Method::POST, "/api/v1/sessions/refresh");
            assert_eq!(refresh.json(&json!({ "refresh_token": text })).status, 401);
            assert_eq!(
                service
                    .ask(Method::GET, "/api/v1/me")
                    .bearer("olt_x.y")
                    .send()
                    .status,
                401
            );
        }
    });
}

#[test]
fn accounts_are_kept_over_the_api() {
    with_people(|house, service| {
        let (system, security) = (
            Machine::open(service, "system"),
            Machine::open(service, "security"),
        );
        let at = house.department(0);
        let made = system.post(
            "/accounts",
            &json!({ "login": "li.si", "name": "李四", "department_id": at }),
        );
        assert_eq!(made.status, 201, "{}", made.body);
        let id = made.json()["id"].as_i64().unwrap();
        let given = made.json()["password"].as_str().unwrap().to_owned();
        let path = format!("/accounts/{id}");
        let bad = system.post(
            "/accounts",
            &json!({ "login": "LI.SI", "name": "\u{0}", "password": "x" }),
        );
        assert_eq!(bad.status, 422);
        let fields: Vec<_> = bad.json()["problems"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["field"].clone())
            .collect();
        assert!(
            fields.contains(&json!("login"))
                && fields.contains(&json!("name"))
                && fields.contains(&json!("password"))
        );

        let found = system.get(&path);
        let tag = found.header("etag").unwrap().to_owned();
        let patch = |tag: Option<&str>, body: &Value| {
            let mut ask = service
                .ask(Method::PATCH, &format!("/api/v1{path}"))
                .bearer(&system.token);
            if let Some(tag) = tag {
                ask = ask.header("if-match", tag);
            }
            ask.json(body)
        };
        assert_eq!(patch(None, &json!({ "name": "李四" })).status, 428);
        assert_eq!(
            patch(Some("\"99\""), &json!({ "name": "李四" })).status,
            412
        );
        let changed = patch(Some(&tag), &json!({ "department_id": null }));
        assert_eq!(changed.status, 200, "{}", changed.body);
        assert_eq!(changed.json()["department_id"], Value::Null);
        assert_eq!(changed.json()["name"], "李四");
        assert_eq!(patch(Some(&tag), &json!({ "name": "李五" })).status, 412);

        let role = json!({ "role": "specialist", "department_id": at });
        assert_eq!(system.post(&format!("{path}/grants"), &role).status, 403);
        let grant = security.post(&format!("{path}/grants"), &role);
        assert_eq!(grant.status, 201, "{}", grant.body);
        assert_eq!(security.post(&format!("{path}/grants"), &role).status, 409);
        assert_eq!(
            security.get(&format!("{path}/grants")).json()[0]["role"],
            "specialist"
        );
        let end = format!("/grants/{}", grant.json()["id"]);
        assert_eq!(
            security.send(Method::DELETE, &end, &Value::Null).status,
            204
        );
        assert_eq!(
            security.send(Method::DELETE, &end, &Value::Null).status,
            404
        );

        let first = json!({ "login": "li.si", "password": given, "new_password": OTHER });
        assert_eq!(
            service
                .ask(Method::POST, "/api/v1/sessions")
                .json(&json!({ "login": "li.si", "password": given }))
                .status,
            403
        );
        assert_eq!(
            service
                .ask(Method::POST, "/api/v1/sessions/password")
                .json(&first)
                .status,
            204
        );
        let stand = |who: &Machine<'_>, what: &str| {
            who.post(&format!("{path}/standing/{what}"), &Value::Null)
                .status
        };
        let act = |who: &Machine<'_>, act: &str| {
            who.post(&format!("{path}/acts/{act}"), &Value::Null).status
        };
        assert_eq!(stand(&system, "deactivate"), 204);
        assert_eq!(stand(&system, "deactivate"), 409);
        assert_eq!(stand(&system, "activate"), 204);
        assert_eq!(act(&system, "end-sessions"), 403);
        assert_eq!(act(&security, "end-sessions"), 204);
        assert_eq!(act(&security, "unlock"), 409);
        assert_eq!(act(&security, "promote"), 404);
        assert!(
            system
                .post(&format!("{path}/password"), &Value::Null)
                .json()["password"]
                .is_string()
        );
        assert_eq!(system.get("/accounts/999").status, 404);
        assert_eq!(system.get("/accounts/x").status, 404);
    });
}

#[test]
fn lists_are_paged_to_their_end_and_bad_filters_named() {
    with_people(|_, service| {
        let system = Machine::open(service, "system");
        let mut logins = Vec::new();
        let mut cursor = String::new();
        for _ in 0..10 {
            let page = system.get(&format!("/accounts?limit=2{cursor}")).json();
            logins.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|a| a["login"].clone()),
            );
            let Some(next) = page["next"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(logins, ["audit", "security", "system", "zhang.san"]);
        for bad in [
            "limit=0",
            "limit=501",
            "limit=x",
            "role=king",
            "state=sleepy",
            "nothing=1",
            "search=%00",
            "cursor=%00",
        ] {
            assert_eq!(system.get(&format!("/accounts?{bad}")).status, 422, "{bad}");
        }
        let audit = Machine::open(service, "audit");
        let log = audit.get("/audit?limit=3&result=done").json();
        assert_eq!(log["items"].as_array().unwrap().len(), 3);
        assert!(log["items"][0]["detail"].is_object());
        let next = audit
            .get(&format!("/audit?limit=3&cursor={}", log["next"]))
            .json();
        assert!(next["items"][0]["seq"].as_i64() < log["items"][2]["seq"].as_i64());
        for bad in [
            "from=tomorrow",
            "result=maybe",
            "limit=0",
            "cursor=x",
            "actor=%00",
        ] {
            assert_eq!(audit.get(&format!("/audit?{bad}")).status, 422, "{bad}");
        }
        let checked = audit.get("/audit/verify").json();
        assert_eq!(
            (
                checked["audit"]["broken"].clone(),
                checked["ledger"]["broken"].clone()
            ),
            (Value::Null, Value::Null)
        );
        assert!(checked["audit"]["links"].as_i64().unwrap() > 8);
        assert!(audit.get("/audit/changes").json()["items"].is_array());
        for path in ["/audit", "/audit/verify", "/audit/changes"] {
            assert_eq!(system.get(path).status, 403, "{path}");
        }
    });
}

#[test]
fn an_api_token_reads_or_writes_but_manages_no_credentials() {
    with_people(|_, service| {
        let person = Machine::open(service, "zhang.san");
        let made = person.post(
            "/tokens",
            &json!({ "name": "平台", "writes": true, "days": 30 }),
        );
        assert_eq!(made.status, 201, "{}", made.body);
        let machine = Machine {
            service,
            token: made.json()["token"].as_str().unwrap().to_owned(),
        };
        assert_eq!(machine.get("/me").status, 200);
        assert_eq!(
            machine
                .post("/tokens", &json!({ "name": "又一个", "days": 30 }))
                .status,
            403
        );
        assert_eq!(
            machine
                .post(
                    "/me/password",
                    &json!({ "current": PASSWORD, "password": OTHER })
                )
                .status,
            403
        );
        assert_eq!(machine.post("/me/totp", &Value::Null).status, 403);
        assert_eq!(
            machine
                .send(Method::DELETE, "/sessions", &Value::Null)
                .status,
            403
        );
        let reads = person
            .post("/tokens", &json!({ "name": "只读", "days": 30 }))
            .json();
        let reader = Machine {
            service,
            token: reads["token"].as_str().unwrap().to_owned(),
        };
        assert_eq!(reader.get("/tokens").json().as_array().unwrap().len(), 2);
        assert!(
            reader
                .post("/tokens", &json!({ "name": "又一个", "days": 30 }))
                .body
                .contains("只能读取")
        );
        assert_eq!(
            person
                .send(
                    Method::DELETE,
                    &format!("/tokens/{}", reads["id"]),
                    &Value::Null
                )
                .status,
            204
        );
        assert_eq!(reader.get("/me").status, 401);
        let why = person.get("/me/may?right=answer_filing").json();
        assert_eq!(why["allowed"], false);
        assert!(why["rule"].as_str().unwrap().contains("数据管理部门"));
        assert_eq!(person.get("/me/may?right=fly").status, 422);
    });
}
