//! Entries over HTTP: the API with versions and problems, and the pages like a browser without scripts.

use one_ledger::auth::Role;
use serde_json::{Value as Json, json};
use ureq::http::Method;

use crate::accounts::{House, PASSWORD};
use crate::app::people;
use crate::app::service::{Answer, Service};
use crate::app::{Ledger, on_both};

const SYSTEMS: &str = "/api/v1/entries/information_system";

/// Somebody signed in, as a program and as a browser.
struct Person<'s> {
    service: &'s Service,
    token: String,
    cookie: String,
}

impl<'s> Person<'s> {
    fn open(service: &'s Service, login: &str) -> Self {
        let body = json!({ "login": login, "password": PASSWORD });
        let answer = service.ask(Method::POST, "/api/v1/sessions").json(&body);
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        let form = [("login", login), ("password", PASSWORD), ("next", "/")];
        let answer = service.ask(Method::POST, "/sign-in").form(&form);
        let cookie = answer.cookie("__Host-one-ledger").unwrap();
        Self {
            service,
            token,
            cookie: format!("__Host-one-ledger={cookie}"),
        }
    }

    fn get(&self, path: &str) -> Answer {
        self.service
            .ask(Method::GET, path)
            .bearer(&self.token)
            .send()
    }

    fn ok(&self, path: &str) -> Json {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    fn send(&self, method: Method, path: &str, version: Option<i64>, body: &Json) -> Answer {
        let ask = self.service.ask(method, path).bearer(&self.token);
        let ask = match version {
            Some(version) => ask.header("if-match", &format!("\"{version}\"")),
            None => ask,
        };
        if body.is_null() {
            ask.send()
        } else {
            ask.json(body)
        }
    }

    fn page(&self, path: &str) -> Answer {
        self.service
            .ask(Method::GET, path)
            .header("cookie", &self.cookie)
            .send()
    }

    fn csrf(&self) -> String {
        let page = self.page("/account").body;
        let (_, rest) = page.split_once("<meta name=\"csrf\" content=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        self.service
            .ask(Method::POST, path)
            .header("cookie", &self.cookie)
            .form(&all)
    }
}

fn served(ledger: &Ledger) -> Service {
    people::settle(ledger);
    let file = ledger.draw(
        "系统.xlsx",
        &[
            "系统名称 | 主管单位 | 系统编码 | 等保定级 | 建设资金 | 联系人",
            "学籍管理系统 | 济南市教育局 | A-1 | 三级 | 120 | 张三",
            "户籍管理系统 | 济南市公安局 | B-1 | 三级 | 900 | 赵六",
            "<script>alert(1)</script>系统 | 济南市公安局 | B/2 | 二级 | 1 | =cmd",
        ],
    );
    ledger.import_whole(&file);
    let mut house = House::new(ledger, one_ledger::accounts::Rules::default());
    for (login, role, at) in [
        ("jiaoyu", Role::Specialist, "济南市教育局"),
        ("gongan", Role::Liaison, "济南市公安局"),
        ("shuju", Role::Bureau, "济南市大数据局"),
    ] {
        let at = people::department(ledger, at);
        house.person(login, &[(role, Some(at))]);
    }
    Service::start(ledger)
}

#[test]
fn the_api_lists_reads_and_changes_by_version() {
    on_both(|ledger| {
        let service = served(ledger);
        let who = Person::open(&service, "jiaoyu");
        let all = who.ok(SYSTEMS);
        assert_eq!(all["items"].as_array().unwrap().len(), 3);
        let own = who.ok(&format!("{SYSTEMS}?mine=true&fields=contact"));
        assert_eq!(own["items"][0]["values"], json!({"contact": "张三"}));
        let found = who.ok(&format!("{SYSTEMS}?search=%E6%88%B7%E7%B1%8D&fields=all"));
        assert_eq!(found["items"][0]["code"], "B-1");
        assert!(found["items"][0]["values"].get("budget_amount").is_none());
        let wrong = who.get(&format!("{SYSTEMS}?nonsense=1&limit=0"));
        assert_eq!(
            (
                wrong.status,
                wrong.json()["problems"].as_array().unwrap().len()
            ),
            (422, 2)
        );
        // One entry, by version.
        let entry = who.get(&format!("{SYSTEMS}/A-1"));
        assert_eq!((entry.status, entry.header("etag")), (200, Some("\"1\"")));
        let body = json!({"values": {"mlps_level": "二级", "user_count": 12}, "reason": "核对"});
        let one = format!("{SYSTEMS}/A-1");
        assert_eq!(who.send(Method::PATCH, &one, None, &body).status, 428);
        let done = who.send(Method::PATCH, &one, Some(1), &body);
        assert_eq!(
            (done.status, done.header("etag")),
            (200, Some("\"2\"")),
            "{}",
            done.body
        );
        assert_eq!(done.json()["values"]["user_count"], 12);
        let stale = who.send(Method::PATCH, &one, Some(1), &body);
        assert_eq!(
            (stale.status, stale.json()["code"].as_str()),
            (412, Some("stale"))
        );
        let history = who.ok(&format!("{one}/history"));
        assert_eq!(history["items"][0]["changes"][0]["new"], "12");
        assert_eq!(
            who.ok(&format!("{one}/compare?from=1&to=2"))["items"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
        let back = who.send(
            Method::POST,
            &format!("{one}/restore"),
            Some(2),
            &json!({"revision": 1}),
        );
        assert_eq!(
            (back.status, back.json()["values"]["mlps_level"].as_str()),
            (200, Some("3")),
            "{}",
            back.body
        );
        // A code with a stroke in it.
        assert_eq!(who.ok(&format!("{SYSTEMS}/B%2F2"))["code"], "B/2");
        assert_eq!(who.get(&format!("{SYSTEMS}/B%00")).status, 404);
        // Others' entries: refused by the rule, or not there.
        let other = who.send(
            Method::PATCH,
            &format!("{SYSTEMS}/B-1"),
            Some(1),
            &json!({"values": {}}),
        );
        assert_eq!(other.status, 403);
        assert_eq!(who.get(&format!("{SYSTEMS}/B-1/history")).status, 403);
        let (absent, register) = (
            who.get(&format!("{SYSTEMS}/none")),
            who.get("/api/v1/entries/none"),
        );
        assert_eq!((absent.status, register.status), (404, 404));
        assert_eq!(who.ok(&format!("{one}/relations"))["hidden"], 0);
    });
}

#[test]
fn a_list_asked_again_is_as_fresh_and_as_narrow_as_the_first() {
    on_both(|ledger| {
        let service = served(ledger);
        let (one, other) = (
            Person::open(&service, "jiaoyu"),
            Person::open(&service, "gongan"),
        );
        let list = format!("{SYSTEMS}?sort=code&fields=contact,user_count");
        let values = |who: &Person<'_>, at: usize| who.ok(&list)["items"][at]["values"].clone();
        for _ in 0..2 {
            assert_eq!(values(&one, 0), json!({"contact": "张三"}));
            assert_eq!(values(&one, 1), json!({}));
            // The same question of somebody else.
            assert_eq!(values(&other, 0), json!({}));
            assert_eq!(values(&other, 1), json!({"contact": "赵六"}));
        }
        // Another process writes.
        let file = ledger.draw(
            "更新.xlsx",
            &[
                "系统名称 | 主管单位 | 系统编码 | 用户数",
                "学籍管理系统 | 济南市教育局 | A-1 | 77",
            ],
        );
        ledger.import_whole(&file);
        let fresh = json!({"contact": "张三", "user_count": 77});
        assert_eq!(values(&one, 0), fresh);
        assert_eq!(values(&other, 0), json!({"user_count": 77}));
        // Signed out is signed out, whatever was asked before.
        let gone = one.send(Method::DELETE, "/api/v1/sessions", None, &Json::Null);
        assert_eq!(gone.status, 204, "{}", gone.body);
        assert_eq!(one.get(&list).status, 401);
    });
}

#[test]
fn entries_are_made_once_and_many_go_in_together_or_not_at_all() {
    on_both(|ledger| {
        let service = served(ledger);
        let who = Person::open(&service, "jiaoyu");
        let body = json!({"values": {"system_name": "新系统", "network": ["政务外网", "互联网"]}});
        let post = || {
            let ask = service.ask(Method::POST, SYSTEMS).bearer(&who.token);
            ask.header("idempotency-key", "k-1").json(&body)
        };
        let (first, again) = (post(), post());
        assert_eq!((first.status, again.status), (201, 201), "{}", first.body);
        assert_eq!(first.json()["code"], again.json()["code"]);
        assert_eq!(first.header("etag"), Some("\"1\""));
        let bulk = format!("{SYSTEMS}/bulk");
        let many = json!({"entries": [
            {"op": "amend", "code": "A-1", "revision": 1, "values": {"contact": null}},
            {"op": "create", "values": {"system_name": "又一个", "mlps_level": "不知道"}},
            {"op": "amend", "values": {}},
        ]});
        let wrong = who.send(Method::POST, &bulk, None, &many);
        assert_eq!(wrong.status, 422);
        let good = json!({"reason": "批量", "entries": [
            {"op": "amend", "code": "A-1", "revision": 1, "values": {"contact": null}},
            {"op": "create", "values": {"system_name": "又一个"}},
            {"op": "remove", "code": first.json()["code"], "revision": 1},
        ]});
        let done = who.send(Method::POST, &bulk, None, &good);
        assert_eq!(
            (done.status, done.json()["items"].as_array().unwrap().len()),
            (200, 3),
            "{}",
            done.body
        );
        assert_eq!(
            who.ok(&format!("{SYSTEMS}?mine=true"))["items"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
        let facets = who.ok(&format!("{SYSTEMS}/facets?facet=mlps_level&facet=stage"));
        assert_eq!(
            (
                facets["total"].as_i64(),
                facets["items"].as_array().unwrap().len()
            ),
            (Some(4), 2)
        );
        let found = who.ok("/api/v1/search?q=xj");
        assert_eq!(found["items"][0]["items"][0]["code"], "A-1");
        let fields = who.ok("/api/v1/registers/information_system");
        assert!(fields["fields"].as_array().unwrap().len() > 60);
    });
}

#[test]
fn exports_files_and_views_go_over_http() {
    let ledger = &Ledger::sqlite();
    let service = served(ledger);
    let who = Person::open(&service, "jiaoyu");
    let csv = who.get(&format!(
        "{SYSTEMS}/export?format=csv&mine=true&fields=system_name,contact"
    ));
    assert_eq!(csv.status, 200, "{}", csv.body);
    assert!(
        csv.header("content-disposition")
            .unwrap()
            .starts_with("attachment; filename*=UTF-8''")
    );
    assert!(
        csv.body.contains("学籍管理系统,张三") && !csv.body.contains("赵六"),
        "{}",
        csv.body
    );
    let xlsx = who.get(&format!("{SYSTEMS}/export"));
    assert!(xlsx.body.starts_with("PK"));
    assert_eq!(who.get(&format!("{SYSTEMS}/export?format=pdf")).status, 422);
    let files = format!("{SYSTEMS}/A-1/attachments");
    let send = |name: &str, bytes: &[u8]| {
        let ask = service.ask(Method::POST, &files).bearer(&who.token);
        ask.upload(name, bytes, &[("kind", "contract")])
    };
    let kept = send("合同.pdf", b"%PDF-1.7 text");
    assert_eq!(kept.status, 201, "{}", kept.body);
    assert_eq!(send("x.exe", b"MZ").status, 422);
    let id = kept.json()["id"].as_i64().unwrap();
    let back = who.get(&format!("{files}/{id}"));
    assert_eq!(
        (back.body.as_str(), back.header("content-type")),
        ("%PDF-1.7 text", Some("application/pdf"))
    );
    assert!(
        back.header("content-disposition")
            .unwrap()
            .starts_with("attachment")
    );
    let other = Person::open(&service, "gongan");
    assert_eq!(other.get(&format!("{files}/{id}")).status, 403);
    assert_eq!(
        who.send(Method::DELETE, &format!("{files}/{id}"), None, &Json::Null)
            .status,
        204
    );
    assert_eq!(who.get(&format!("{files}/{id}")).status, 404);
    let view = json!({"register": "information_system", "name": "我的三级", "query": "mine=true&mlps_level=%E4%B8%89%E7%BA%A7"});
    let kept = who.send(Method::POST, "/api/v1/views", None, &view);
    assert_eq!(
        (kept.status, kept.json()["query"].as_str()),
        (201, Some("mine=true&mlps%5Flevel=3")),
        "{}",
        kept.body
    );
    assert_eq!(
        who.ok("/api/v1/views")["items"].as_array().unwrap().len(),
        1
    );
    assert_eq!(
        other.ok("/api/v1/views")["items"].as_array().unwrap().len(),
        0
    );
    // Temporary files are gone once they are sent.
    let left = std::fs::read_dir(ledger.folder().join("tmp"))
        .unwrap()
        .count();
    assert_eq!(left, 0);
}

#[test]
#[expect(clippy::too_many_lines, reason = "one walk, step by step")]
fn pages_show_lists_and_entries_and_take_forms() {
    on_both(|ledger| {
        let service = served(ledger);
        let who = Person::open(&service, "jiaoyu");
        let list = who.page("/registers/information_system");
        assert_eq!(list.status, 200, "{}", list.body);
        assert!(list.body.contains("学籍管理系统") && list.body.contains("户籍管理系统"));
        assert!(
            !list.body.contains("<script>alert"),
            "a name never becomes HTML"
        );
        assert!(list.body.contains("第三级") && list.body.contains("导出当前视图"));
        let short = who.page("/registers/information_system?search=%E5%AD%A6");
        assert!(short.body.contains("至少需要两个字"));
        let wrong = who.page("/registers/information_system?sort=nothing");
        assert!(wrong.body.contains("不能按“nothing”排序"));
        let found = who.page("/search?q=hjgl");
        assert!(found.body.contains("户籍管理系统"), "{}", found.body);
        // Entry, form, conflict.
        let entry = who.page("/registers/information_system/A-1");
        assert!(
            entry.body.contains("张三")
                && entry.body.contains("还缺")
                && entry.body.contains("aria-current=\"step\"")
        );
        let foreign = who.page("/registers/information_system/B-1");
        assert!(
            !foreign.body.contains("赵六")
                && !foreign.body.contains("900")
                && foreign.body.contains("公开摘要")
        );
        let form = who.page("/registers/information_system/A-1/edit");
        assert!(
            form.body.contains("name=\"_revision\" value=\"1\"")
                && form.body.contains("value=\"张三\"")
        );
        assert_eq!(
            who.page("/registers/information_system/B-1/edit").status,
            403
        );
        let edit = "/registers/information_system/A-1/edit";
        let bad = who.form(
            edit,
            &[
                ("_revision", "1"),
                ("budget_amount", "100/20"),
                ("go_live", "昨天"),
            ],
        );
        assert_eq!(bad.status, 422);
        assert!(bad.body.contains("有 2 处需要修改") && bad.body.contains("value=\"100/20\""));
        let good = who.form(
            edit,
            &[
                ("_revision", "1"),
                ("contact", "李四"),
                ("_has_network", "1"),
                ("network", "egov_extranet"),
                ("_reason", "换人"),
            ],
        );
        assert!(matches!(good.status, 303 | 422), "{}", good.body);
        let good = who.form(
            edit,
            &[("_revision", "1"), ("contact", "王五"), ("_reason", "换人")],
        );
        assert!(
            good.status == 303 || good.body.contains("已被他人修改"),
            "{}",
            good.body
        );
        let stale = who.form(edit, &[("_revision", "1"), ("contact", "孙七")]);
        assert_eq!(stale.status, 422);
        assert!(
            stale.body.contains("已被他人修改")
                && stale.body.contains("value=\"孙七\"")
                && stale.body.contains("您打开之后的修改")
        );
        let history = who.page("/registers/information_system/A-1/history?from=1&to=2");
        assert!(history.body.contains("差异") && history.body.contains("恢复到此版本"));
        let back = who.form(
            "/registers/information_system/A-1/restore",
            &[("_revision", "2"), ("to", "1")],
        );
        assert_eq!(back.status, 303, "{}", back.body);
        // A new one, and a kept view.
        let made = who.form(
            "/registers/information_system/new",
            &[("system_name", "招生系统"), ("owner_org", "济南市教育局")],
        );
        assert_eq!(made.status, 303, "{}", made.body);
        let to = made.header("location").unwrap().to_owned();
        assert!(who.page(&to).body.contains("招生系统"));
        let kept = who.form(
            "/registers/information_system/views",
            &[("name", "我的"), ("query", "mine=true")],
        );
        assert_eq!(kept.status, 303);
        assert!(
            who.page("/registers/information_system")
                .body
                .contains("我的")
        );
        let gone = who.form(&format!("{to}/remove"), &[("_revision", "1")]);
        assert_eq!(gone.status, 303, "{}", gone.body);
        assert!(who.page(&to).body.contains("已被移除"));
        for register in ["dataset", "data_item", "project"] {
            assert_eq!(who.page(&format!("/registers/{register}")).status, 200);
            assert_eq!(who.page(&format!("/registers/{register}/new")).status, 200);
        }
    });
}
