//! The pages and the API of the organisation, people and filings, over HTTP like a browser and a program.

use one_ledger::accounts::Rules as Passwords;
use one_ledger::auth::role::Role;
use serde_json::{Value, json};
use ureq::http::Method;

use crate::accounts::{House, PASSWORD};
use crate::app::service::{Answer, Service};
use crate::app::{Ledger, on_both};
use crate::organisation::{id, tiers};

/// Somebody with a browser and a program.
struct Desk<'s> {
    service: &'s Service,
    cookie: String,
    csrf: String,
    token: String,
}

impl<'s> Desk<'s> {
    fn open(house: &mut House<'_>, service: &'s Service, login: &str) -> Self {
        let session = house.browser(login, PASSWORD);
        let body = json!({ "login": login, "password": PASSWORD });
        let answer = service.ask(Method::POST, "/api/v1/sessions").json(&body);
        Self {
            service,
            cookie: format!("__Host-one-ledger={}", session.secret),
            csrf: session.session.csrf,
            token: answer.json()["access_token"].as_str().unwrap().to_owned(),
        }
    }

    fn page(&self, path: &str) -> Answer {
        let ask = self.service.ask(Method::GET, path);
        ask.header("cookie", &self.cookie).send()
    }

    fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("csrf", self.csrf.as_str())];
        all.extend_from_slice(fields);
        let ask = self.service.ask(Method::POST, path);
        ask.header("cookie", &self.cookie).form(&all)
    }

    fn upload(&self, path: &str, name: &str, content: &[u8]) -> Answer {
        let ask = self.service.ask(Method::POST, path);
        let fields = [("csrf", self.csrf.as_str())];
        ask.header("cookie", &self.cookie)
            .upload(name, content, &fields)
    }

    fn get(&self, path: &str) -> Answer {
        let ask = self.service.ask(Method::GET, &format!("/api/v1{path}"));
        ask.bearer(&self.token).send()
    }

    fn send(&self, path: &str, version: Option<&str>, body: &Value) -> Answer {
        let ask = self.service.ask(Method::POST, &format!("/api/v1{path}"));
        let ask = ask.bearer(&self.token);
        match version {
            Some(tag) => ask.header("if-match", tag).json(body),
            None => ask.json(body),
        }
    }
}

/// A house with the three tiers and one account for each who matters.
fn with_desks(test: impl Fn(&Ledger, &mut House<'_>, &Service)) {
    on_both(|ledger| {
        tiers(ledger);
        let mut house = House::new(ledger, Passwords::default());
        let at = |code: &str| Some(id(ledger, code));
        house.person("specialist", &[(Role::Specialist, at("C2"))]);
        house.person("bureau", &[(Role::Bureau, at("C1"))]);
        house.person("other", &[(Role::Specialist, at("C4"))]);
        house.person("system", &[(Role::SystemAdmin, None)]);
        let service = Service::start(ledger);
        test(ledger, &mut house, &service);
    });
}

/// The path that an answer sends the browser to.
fn gone(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.header("location").unwrap().to_owned()
}

#[test]
fn a_person_is_recorded_appointed_filed_and_acknowledged_in_the_browser() {
    with_desks(|_, house, service| {
        let mine = Desk::open(house, service, "specialist");
        let bureau = Desk::open(house, service, "bureau");
        let other = Desk::open(house, service, "other");
        let bad = [
            ("name", ""),
            ("department", "济南市教育局"),
            ("mobile", "12"),
        ];
        let again = mine.form("/people/new", &bad);
        assert_eq!(again.status, 422);
        assert!(again.body.contains("请填写“姓名”") && again.body.contains("11 位手机号"));
        let good = [
            ("name", "<b>张三</b>"),
            ("department", "市教育局"),
            ("post", "副局长"),
            ("office", "信息处"),
            ("mobile", "13812345678"),
        ];
        let person = gone(&mine.form("/people/new", &good));
        let page = mine.page(&person).body;
        assert!(
            page.contains("&#60;b&#62;张三") && !page.contains("<b>张三"),
            "{page}"
        );
        assert!(page.contains("138****5678") && !page.contains("13812345678"));
        assert!(
            mine.page(&format!("{person}?full=1"))
                .body
                .contains("13812345678")
        );
        assert_eq!(other.page(&person).status, 404);
        let appoint = format!("{person}/act/appoint");
        let wrong = [
            ("role", "cdo"),
            ("department", "没有的局"),
            ("from", "2025-01-01"),
        ];
        assert_eq!(mine.form(&appoint, &wrong).status, 422);
        let right = [
            ("role", "cdo"),
            ("department", "C2"),
            ("from", "2025-01-01"),
        ];
        gone(&mine.form(&appoint, &right));
        // Once appointed everybody sees who it is, without the contacts.
        let seen = other.page(&person);
        assert_eq!(seen.status, 200);
        assert!(!seen.body.contains("138****"), "{}", seen.body);
        assert_eq!(other.form(&appoint, &right).status, 403);
        let list = mine.page("/filings").body;
        assert!(list.contains("待提交"), "{list}");
        assert_eq!(other.page("/filings/1").status, 404);
        let pdf = mine.upload("/filings/1/scans", "扫描.pdf", b"%PDF-1.7 x");
        gone(&pdf);
        let scan = mine.page("/filings/1/scans/1");
        assert_eq!(scan.body, "%PDF-1.7 x");
        assert!(
            scan.header("content-disposition")
                .unwrap()
                .starts_with("attachment")
        );
        gone(&mine.form("/filings/1/act/submit", &[("version", "1")]));
        let waiting = bureau.page("/filings?view=answer").body;
        assert!(waiting.contains("待受理"), "{waiting}");
        let stale = bureau.form("/filings/1/act/acknowledge", &[("version", "1")]);
        assert_eq!(stale.status, 422);
        gone(&bureau.form("/filings/1/act/acknowledge", &[("version", "2")]));
        let print = mine.page("/filings/1/print").body;
        assert!(print.contains("已备案") && print.contains("（盖章）"));
        let board = bureau.page("/filings/board").body;
        assert!(board.contains("济南市交通运输局"), "{board}");
        for path in [
            "/organisation",
            "/organisation/C2",
            "/people",
            "/organisation?q=交通",
        ] {
            let coded = path.replace("交通", "%E4%BA%A4%E9%80%9A");
            assert_eq!(other.page(&coded).status, 200, "{path}");
        }
        let leave = mine.page(&format!("{person}/leave"));
        assert!(leave.body.contains("首席数据代表(官)"), "{}", leave.body);
    });
}

#[test]
fn the_system_administrator_changes_the_organisation_in_the_browser_and_nobody_else() {
    with_desks(|_, house, service| {
        let system = Desk::open(house, service, "system");
        let mine = Desk::open(house, service, "specialist");
        let rename = "/organisation/C4/act/rename";
        let fields = [
            ("version", "1"),
            ("name", "济南市交通局"),
            ("from", "2025-01-01"),
            ("reason", "改革"),
        ];
        assert_eq!(mine.form(rename, &fields).status, 403);
        assert_eq!(mine.page("/organisation/C4/edit").status, 403);
        assert_eq!(gone(&system.form(rename, &fields)), "/organisation/C4");
        let page = mine.page("/organisation/C4").body;
        assert!(
            page.contains("更名") && page.contains("济南市交通运输局"),
            "{page}"
        );
        let again = system.form(rename, &fields);
        assert_eq!(again.status, 422, "made from an old version");
        let made = [
            ("name", "济南市数据研究院"),
            ("parent", "C1"),
            ("unit", "1"),
            ("region", "370100"),
        ];
        gone(&system.form("/organisation/new", &made));
        let merge = [
            ("version", "2"),
            ("into", "济南市教育局"),
            ("from", "2026-01-01"),
            ("reason", "合并"),
        ];
        gone(&system.form("/organisation/C4/act/merge", &merge));
        assert!(mine.page("/organisation/C4").body.contains("已并入"));
        let out = system.page("/organisation/export?format=csv");
        assert!(out.body.contains("济南市数据研究院"));
        let sent = system.upload("/organisation/import", "机构.csv", out.body.as_bytes());
        assert_eq!(sent.status, 200, "{}", sent.body);
        assert!(sent.body.contains("没有需要导入的变化"), "{}", sent.body);
        assert_eq!(
            mine.upload("/organisation/import", "x.csv", b"a").status,
            403
        );
    });
}

#[test]
fn a_roster_is_previewed_and_confirmed_in_the_browser() {
    with_desks(|_, house, service| {
        let mine = Desk::open(house, service, "specialist");
        let other = Desk::open(house, service, "other");
        let bad = "姓名,单位,角色,任职起始日\n张三,市教育局,局长,2025-01-01\n";
        let seen = mine.upload("/people/import", "人员.csv", bad.as_bytes());
        assert_eq!(seen.status, 200, "{}", seen.body);
        assert!(seen.body.contains("局长") && !seen.body.contains("确认导入"));
        let good = "姓名,单位,角色,任职起始日\n张三,市教育局,数据专员,2025-01-01\n";
        let seen = mine.upload("/people/import", "人员.csv", good.as_bytes());
        assert!(seen.body.contains("确认导入"), "{}", seen.body);
        assert!(!mine.page("/people").body.contains("张三"));
        let (_, rest) = seen.body.split_once("name=\"digest\" value=\"").unwrap();
        let digest = rest.split('"').next().unwrap();
        let forged = mine.form("/people/import/apply", &[("digest", "0")]);
        assert_eq!(forged.status, 422);
        gone(&mine.form("/people/import/apply", &[("digest", digest)]));
        assert!(mine.page("/people").body.contains("张三"));
        let foreign = other.upload("/people/import", "人员.csv", good.as_bytes());
        assert!(!foreign.body.contains("确认导入"), "{}", foreign.body);
        assert_eq!(mine.page("/people/template").status, 200);
    });
}

#[test]
fn the_api_wants_versions_hides_what_is_not_ones_own_and_names_every_field() {
    with_desks(|ledger, house, service| {
        let mine = Desk::open(house, service, "specialist");
        let bureau = Desk::open(house, service, "bureau");
        let other = Desk::open(house, service, "other");
        let system = Desk::open(house, service, "system");
        let department = id(ledger, "C2");
        let body = json!({ "name": "", "department_id": department, "email": "x" });
        let wrong = mine.send("/people", None, &body);
        assert_eq!(wrong.status, 422);
        let fields: Vec<Value> = wrong.json()["problems"].as_array().unwrap().clone();
        assert_eq!(fields.len(), 2, "{fields:?}");
        let body = json!({
            "name": "张三", "department_id": department, "post": "副局长", "office": "办公室",
            "phone": "0531-12345678",
        });
        assert_eq!(other.send("/people", None, &body).status, 403);
        let made = mine.send("/people", None, &body);
        assert_eq!(made.status, 201, "{}", made.body);
        let person = made.json()["id"].as_i64().unwrap();
        let path = format!("/people/{person}");
        assert_eq!(other.get(&path).status, 404);
        assert_eq!(other.get("/people/4711").status, 404);
        let confirm = format!("{path}/confirm");
        assert_eq!(mine.send(&confirm, None, &json!({})).status, 428);
        assert_eq!(mine.send(&confirm, Some("\"9\""), &json!({})).status, 412);
        assert_eq!(mine.send(&confirm, Some("\"1\""), &json!({})).status, 200);
        let wish = json!({
            "person_id": person, "department_id": department, "role": "specialist", "from": "2025-01-01",
        });
        let done = mine.send("/appointments", None, &wish);
        assert_eq!(done.status, 201, "{}", done.body);
        let filing = format!("/filings/{}", done.json()["filing_id"]);
        let got = mine.get(&filing);
        let tag = got.header("etag").unwrap().to_owned();
        assert_eq!(got.json()["acts"], json!(["submit", "keep", "cancel"]));
        let submit = format!("{filing}/submit");
        assert_eq!(mine.send(&submit, None, &json!({})).status, 428);
        let sent = mine.send(&submit, Some(&tag), &json!({}));
        assert_eq!(sent.json()["filing"]["state"], "submitted");
        assert_eq!(mine.send(&submit, Some(&tag), &json!({})).status, 409);
        assert_eq!(other.send(&submit, Some(&tag), &json!({})).status, 404);
        let back = format!("{filing}/return");
        let tag = sent.header("etag").unwrap();
        assert_eq!(bureau.send(&back, Some(tag), &json!({})).status, 422);
        let why = json!({ "note": "请补充" });
        assert_eq!(bureau.send(&back, Some(tag), &why).status, 200);
        let staff = other.get("/departments/C2/staff?on=2025-06-01").json();
        assert_eq!(staff[0]["name"], "张三");
        assert_eq!(other.get("/departments/C2/staff?on=%00").status, 422);
        let vacant = bureau.get("/vacancies").json();
        assert!(vacant.as_array().unwrap().iter().any(|v| v["code"] == "C4"));
        let rename = json!({ "name": "新名称局", "reason": "改革" });
        let path = "/departments/C4/rename";
        assert_eq!(mine.send(path, Some("\"1\""), &rename).status, 403);
        assert_eq!(system.send(path, None, &rename).status, 428);
        assert_eq!(system.send(path, Some("\"1\""), &rename).status, 200);
        assert_eq!(system.send(path, Some("\"1\""), &rename).status, 412);
        let found = mine.get("/departments?search=%E6%96%B0%E5%90%8D").json();
        assert_eq!(found["items"][0]["code"], "C4");
        assert_eq!(mine.get("/departments?limit=0").status, 422);
        assert_eq!(mine.get("/regions?parent=").json()[0]["code"], "370000");
        let history = mine.get("/departments/C4/history").json();
        assert_eq!(history[0]["kind"], "renamed");
    });
}
