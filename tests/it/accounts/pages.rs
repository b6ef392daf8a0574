//! The pages of accounts and of the audit log, over HTTP like a browser without scripts.

use ureq::http::Method;

use super::*;
use crate::app::service::{Answer, Service as Served};

/// A browser with a session.
struct Visit<'s> {
    service: &'s Served,
    cookie: String,
}

impl<'s> Visit<'s> {
    fn open(service: &'s Served, login: &str, password: &str) -> Self {
        let answer = sign_in(service, login, password);
        assert_eq!(answer.status, 303, "{}", answer.body);
        let cookie = answer.cookie("__Host-one-ledger").unwrap();
        Self { service, cookie }
    }

    fn get(&self, path: &str) -> Answer {
        let cookie = format!("__Host-one-ledger={}", self.cookie);
        self.service
            .ask(Method::GET, path)
            .header("cookie", &cookie)
            .send()
    }

    /// The token that forms of this session carry.
    fn csrf(&self) -> String {
        let page = self.get("/account").body;
        let (_, rest) = page.split_once("<meta name=\"csrf\" content=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        let cookie = format!("__Host-one-ledger={}", self.cookie);
        self.service
            .ask(Method::POST, path)
            .header("cookie", &cookie)
            .form(&all)
    }

    /// Goes on with the cookie that an answer set.
    fn renewed(&mut self, answer: &Answer) {
        self.cookie = answer.cookie("__Host-one-ledger").unwrap();
    }
}

fn sign_in(service: &Served, login: &str, password: &str) -> Answer {
    let form = [
        ("login", login),
        ("password", password),
        ("next", "/account"),
    ];
    service.ask(Method::POST, "/sign-in").form(&form)
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

/// The one-time password that a page shows.
fn shown(page: &str) -> String {
    let (_, rest) = page.split_once("一次性密码</dt><dd><code>").unwrap();
    rest.split('<').next().unwrap().to_owned()
}

#[test]
fn from_set_up_to_the_first_sign_in() {
    let ledger = Ledger::settled();
    let service = Served::start(&ledger);
    let first = service.get("/sign-in");
    assert_eq!(
        (first.status, first.header("location")),
        (303, Some("/set-up"))
    );
    let code = {
        let house = House::new(&ledger, Rules::default());
        let mut conn = ledger.conn();
        house.service.begin_setup(&mut conn).unwrap().unwrap()
    };
    let page = service.get("/set-up");
    assert!(page.body.contains("系统管理员") && page.body.contains("安全管理员"));
    let fields = |code: &str, password: &str| {
        [
            ("code", code.to_owned()),
            ("system.login", "Root".to_owned()),
            ("system.name", "系统管理员甲".to_owned()),
            ("system.password", password.to_owned()),
            ("security.login", "guard".to_owned()),
            ("security.name", "安全管理员乙".to_owned()),
        ]
    };
    let send = |fields: &[(&str, String)]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        service.ask(Method::POST, "/set-up").form(&fields)
    };
    let wrong = send(&fields("AAAA-AAAA", PASSWORD));
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("设置码不正确"));
    assert!(wrong.body.contains("value=\"Root\"") && !wrong.body.contains(PASSWORD));
    let weak = send(&fields(&code, "password"));
    assert!(
        weak.body.contains("href=\"#f-system.password\""),
        "{}",
        weak.body
    );
    let made = send(&fields(&code, PASSWORD));
    assert_eq!(made.status, 200, "{}", made.body);
    assert!(made.body.contains("guard"));
    // The one who set it up is signed in, and led to what comes next: the organisation.
    assert!(made.body.contains("href=\"/organisation/import\""));
    let secret = made.cookie("__Host-one-ledger").unwrap();
    let next = service
        .ask(Method::GET, "/organisation/import")
        .header("cookie", &format!("__Host-one-ledger={secret}"))
        .send();
    assert_eq!(next.status, 200);
    assert!(next.body.contains("载入机构名录"));
    assert_eq!(send(&fields(&code, PASSWORD)).status, 404);
    assert_eq!(service.get("/set-up").status, 404);
    let root = Visit::open(&service, "root", PASSWORD);
    assert!(root.get("/account").body.contains("系统管理员甲"));
}

#[test]
fn signing_in_says_the_same_for_every_wrong_pair_and_leads_only_to_our_own_pages() {
    with_people(|_, service| {
        let known = sign_in(service, "zhang.san", "wrong");
        let unknown = sign_in(service, "li.si", "wrong");
        assert_eq!((known.status, unknown.status), (422, 422));
        assert_eq!(
            known.body.replace("zhang.san", "x"),
            unknown.body.replace("li.si", "x")
        );
        assert!(known.body.contains("账号或密码不正确"));
        for next in [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example",
            "javascript:alert(1)",
        ] {
            let form = [
                ("login", "zhang.san"),
                ("password", PASSWORD),
                ("next", next),
            ];
            let answer = service.ask(Method::POST, "/sign-in").form(&form);
            assert_eq!(answer.header("location"), Some("/"), "{next}");
        }
        let cookie = sign_in(service, "zhang.san", PASSWORD);
        let set = cookie.header("set-cookie").unwrap();
        for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(set.contains(part), "{set}");
        }
        let hostile = sign_in(service, "\"><script>alert(1)</script>", "x");
        assert!(!hostile.body.contains("<script>alert"), "{}", hostile.body);
        for _ in 0..5 {
            sign_in(service, "zhang.san", "wrong");
        }
        assert!(
            sign_in(service, "zhang.san", PASSWORD)
                .body
                .contains("登录失败次数过多")
        );
    });
}

#[test]
fn a_form_without_its_token_or_from_another_site_does_nothing() {
    with_people(|house, service| {
        let visit = Visit::open(service, "zhang.san", PASSWORD);
        let cookie = format!("__Host-one-ledger={}", visit.cookie);
        let ask = || {
            service
                .ask(Method::POST, "/account/sessions/end-all")
                .header("cookie", &cookie)
        };
        assert_eq!(ask().form(&[("csrf", "")]).status, 403);
        assert_eq!(ask().form(&[("csrf", &"0".repeat(64))]).status, 403);
        let csrf = visit.csrf();
        let foreign = ask()
            .header("sec-fetch-site", "cross-site")
            .form(&[("csrf", &csrf)]);
        assert_eq!(foreign.status, 403);
        assert_eq!(visit.get("/account").status, 200);
        assert_eq!(house.times("end_all_sessions", "done"), 0);
        let own = visit.post("/account/sessions/end-all", &[]);
        assert_eq!(own.status, 303);
        assert_eq!(visit.get("/account").status, 303, "the old cookie is dead");
        assert_eq!(house.times("end_all_sessions", "done"), 1);
    });
}

#[expect(
    clippy::too_many_lines,
    reason = "one walk, told from its beginning to its end"
)]
#[test]
fn an_account_is_made_given_a_role_and_first_changes_its_password() {
    with_people(|house, service| {
        let system = Visit::open(service, "system", PASSWORD);
        let security = Visit::open(service, "security", PASSWORD);
        let department = house.department(0);
        let name: String = departments::table
            .find(department)
            .select(departments::name)
            .first(&mut house.conn)
            .unwrap();
        assert!(system.get("/accounts/new").body.contains(&name));
        let bad = system.post(
            "/accounts",
            &[
                ("login", "李四"),
                ("name", "李四"),
                ("department", "没有的局"),
            ],
        );
        assert_eq!(bad.status, 422);
        assert!(
            bad.body.contains("没有找到部门") && bad.body.contains("value=\"李四\""),
            "{}",
            bad.body
        );
        let made = system.post(
            "/accounts",
            &[("login", "li.si"), ("name", "李四"), ("department", &name)],
        );
        assert_eq!(made.status, 200, "{}", made.body);
        let given = shown(&made.body);
        let id = house
            .service
            .find(&mut house.conn, &Viewer::operator("测试员"), "li.si")
            .unwrap()
            .id;
        let page = format!("/accounts/{id}");
        let refused = system.post(
            &format!("{page}/grants"),
            &[("role", "cdo"), ("department", &name)],
        );
        assert_eq!(refused.status, 403);
        assert!(
            refused.body.contains("安全管理员"),
            "the rule is quoted: {}",
            refused.body
        );
        let no_place = security.post(&format!("{page}/grants"), &[("role", "cdo")]);
        assert_eq!(no_place.status, 422);
        let done = security.post(
            &format!("{page}/grants"),
            &[("role", "cdo"), ("department", &name)],
        );
        assert_eq!(done.header("location"), Some(page.as_str()));
        assert!(
            security
                .get(&page)
                .body
                .contains(&format!("首席数据代表（{name}）"))
        );

        let mut person = Visit::open(service, "li.si", &given);
        let elsewhere = person.get("/");
        assert_eq!(elsewhere.header("location"), Some("/account/password"));
        assert_eq!(
            person.get("/accounts").header("location"),
            Some("/account/password")
        );
        let differ = [
            ("current", given.as_str()),
            ("password", OTHER),
            ("again", "x"),
        ];
        assert!(
            person
                .post("/account/password", &differ)
                .body
                .contains("不一致")
        );
        let same = [
            ("current", given.as_str()),
            ("password", OTHER),
            ("again", OTHER),
        ];
        let changed = person.post("/account/password", &same);
        assert_eq!(changed.status, 303, "{}", changed.body);
        person.renewed(&changed);
        assert_eq!(person.get("/account").status, 200);
        assert_eq!(person.get("/accounts").status, 403);
        assert!(
            system
                .get("/accounts?q=li.s&role=cdo")
                .body
                .contains("li.si")
        );
        assert!(
            system
                .get("/accounts?q=nobody")
                .body
                .contains("没有符合条件的账号")
        );

        assert_eq!(system.post(&format!("{page}/deactivate"), &[]).status, 303);
        assert_eq!(person.get("/account").status, 303, "at once");
        assert!(system.get(&page).body.contains("停用"));
    });
}

#[test]
fn reading_pages_answer_everybody_who_may_and_refuse_the_others() {
    with_people(|house, service| {
        let id = house
            .service
            .find(&mut house.conn, &Viewer::operator("测试员"), "zhang.san")
            .unwrap()
            .id;
        let one = format!("/accounts/{id}");
        let pages = [
            ("/account", [200, 200, 200, 200]),
            ("/account/password", [200, 200, 200, 200]),
            ("/account/second-factor", [200, 200, 200, 200]),
            ("/accounts", [200, 200, 403, 403]),
            ("/accounts/new", [200, 403, 403, 403]),
            (&one, [200, 200, 403, 403]),
            ("/audit", [403, 403, 200, 403]),
            ("/audit/changes", [403, 403, 200, 403]),
        ];
        for (n, login) in ["system", "security", "audit", "zhang.san"]
            .into_iter()
            .enumerate()
        {
            let visit = Visit::open(service, login, PASSWORD);
            for (path, expected) in &pages {
                let answer = visit.get(path);
                assert_eq!(
                    answer.status, expected[n],
                    "{login} {path}: {}",
                    answer.body
                );
            }
            let checked = visit.post("/audit/verify", &[]);
            assert_eq!(checked.status, if login == "audit" { 200 } else { 403 });
        }
        for path in [
            "/accounts?q=%00",
            "/accounts?department=%00",
            "/audit?actor=%00&action=%01",
        ] {
            let visit = Visit::open(
                service,
                if path.starts_with("/audit") {
                    "audit"
                } else {
                    "system"
                },
                PASSWORD,
            );
            assert_eq!(visit.get(path).status, 422, "{path}");
        }
    });
}

#[test]
fn the_audit_log_is_filtered_paged_and_checked() {
    with_people(|_, service| {
        for _ in 0..3 {
            sign_in(service, "zhang.san", "wrong");
        }
        for _ in 0..55 {
            sign_in(service, "system", PASSWORD);
        }
        let audit = Visit::open(service, "audit", PASSWORD);
        let refused = audit.get("/audit?action=sign_in&result=refused&actor=zhang");
        assert_eq!(
            refused.body.matches("<tr class=\"ol-row--bad\">").count(),
            3,
            "{}",
            refused.body
        );
        assert!(
            audit
                .get("/audit?from=2000-01-01&until=2000-01-02")
                .body
                .contains("没有符合条件的记录")
        );
        assert!(audit.get("/audit?from=tomorrow").body.contains("不是日期"));
        let first = audit.get("/audit");
        let (_, rest) = first.body.split_once("rel=\"next\" href=\"").unwrap();
        let next = rest
            .split('"')
            .next()
            .unwrap()
            .replace("&amp;", "&")
            .replace("&#38;", "&");
        let second = audit.get(&next);
        assert_eq!(second.status, 200);
        assert!(second.body.contains("建立账号"));
        let checked = audit.post("/audit/verify", &[]);
        assert_eq!(
            checked.body.matches("未发现改动").count(),
            2,
            "{}",
            checked.body
        );
    });
}

#[test]
fn tokens_and_one_time_codes_are_managed_on_ones_own_page() {
    with_people(|_, service| {
        let mut visit = Visit::open(service, "zhang.san", PASSWORD);
        let bad = visit.post("/account/tokens", &[("name", ""), ("days", "0")]);
        assert_eq!(bad.status, 422);
        assert!(bad.body.contains("请填写令牌名称"));
        let made = visit.post("/account/tokens", &[("name", "平台"), ("days", "30")]);
        let (_, rest) = made.body.split_once("<code>olt_").unwrap();
        let token = format!("olt_{}", rest.split('<').next().unwrap());
        let me = |token: &str| service.ask(Method::GET, "/api/v1/me").bearer(token).send();
        assert_eq!(me(&token).json()["account"]["login"], "zhang.san");
        assert!(!visit.get("/account").body.contains("olt_"));
        assert_eq!(visit.post("/account/tokens/1/revoke", &[]).status, 303);
        assert_eq!(me(&token).status, 401);

        assert_eq!(visit.post("/account/second-factor/begin", &[]).status, 303);
        let page = visit.get("/account/second-factor").body;
        let (_, rest) = page.split_once("<dt>密钥</dt><dd><code>").unwrap();
        let secret = rest.split('<').next().unwrap().to_owned();
        assert!(page.contains("<svg class=\"ol-qr\""));
        assert_eq!(
            visit
                .post("/account/second-factor/confirm", &[("totp", "000000")])
                .status,
            422
        );
        let code = |steps| credentials::code(&secret, steps);
        let on = visit.post("/account/second-factor/confirm", &[("totp", &code(-1))]);
        assert_eq!(on.status, 303, "{}", on.body);
        visit.renewed(&on);
        let second = sign_in(service, "zhang.san", PASSWORD);
        let (_, rest) = second.body.split_once("name=\"ticket\" value=\"").unwrap();
        let ticket = rest.split('"').next().unwrap();
        let finish = |code: &str| {
            let form = [("ticket", ticket), ("totp", code), ("next", "/account")];
            service.ask(Method::POST, "/sign-in/code").form(&form)
        };
        assert_eq!(finish("000000").status, 422);
        let done = finish(&code(0));
        assert_eq!(done.header("location"), Some("/account"), "{}", done.body);
        assert_eq!(
            visit
                .post("/account/second-factor/remove", &[("password", "wrong")])
                .status,
            422
        );
        assert_eq!(
            visit
                .post("/account/second-factor/remove", &[("password", PASSWORD)])
                .status,
            303
        );
        let out = Visit::open(service, "zhang.san", PASSWORD);
        let answer = out.post("/sign-out", &[]);
        assert_eq!(answer.header("location"), Some("/sign-in"));
        assert_eq!(out.get("/account").status, 303);
    });
}
