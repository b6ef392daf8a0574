//! Requests over HTTP: the same acts, versions and keys, refusals in words.

use serde_json::{Value as Json, json};
use ureq::http::Method;

use crate::app::Ledger;
use crate::app::service::{Answer, Service};
use crate::routes::actors::{self, PASSWORD};

/// A dataset of the medical insurance bureau, and people on both sides.
pub fn set(ledger: &Ledger) {
    ledger.import_whole(&ledger.draw(
        "目录.xlsx",
        &[
            "数据资源编码|数据资源名称|数源单位|目录状态|共享类型|共享条件|共享方式|更新周期",
            "H-13|参保缴费信息|示例市医疗保障局|已发布|有条件共享|供审批部门核验|服务接口|每日",
        ],
    ));
    actors::make_all(ledger);
    for (login, role) in [("liaison-13", "liaison"), ("cdo-13", "cdo")] {
        actors::make(ledger, login, role, "SL013");
    }
}

/// A browser without scripts.
struct Visit<'s> {
    service: &'s Service,
    cookie: String,
}

impl<'s> Visit<'s> {
    fn open(service: &'s Service, login: &str) -> Self {
        let form = [
            ("login", login),
            ("password", PASSWORD),
            ("next", "/account"),
        ];
        let answer = service.ask(Method::POST, "/sign-in").form(&form);
        assert_eq!(answer.status, 303, "{}", answer.body);
        let cookie = answer.cookie("__Host-one-ledger").unwrap();
        Self {
            service,
            cookie: format!("__Host-one-ledger={cookie}"),
        }
    }

    fn get(&self, path: &str) -> Answer {
        let ask = self.service.ask(Method::GET, path);
        ask.header("cookie", &self.cookie).send()
    }

    fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get("/account").body;
        let (_, rest) = page.split_once("<meta name=\"csrf\" content=\"").unwrap();
        let csrf = rest.split('"').next().unwrap();
        let mut all = vec![("csrf", csrf)];
        all.extend_from_slice(fields);
        let ask = self.service.ask(Method::POST, path);
        ask.header("cookie", &self.cookie).form(&all)
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one walk, step by step")]
fn a_request_goes_its_way_over_http() {
    let ledger = Ledger::settled();
    set(&ledger);
    let service = Service::start(&ledger);
    let token = |login: &str| service.token(login, PASSWORD);
    let (asker, head) = (token("liaison"), token("specialist"));
    let (giver, boss, bureau) = (token("liaison-13"), token("cdo-13"), token("bureau"));
    let get = |who: &str, path: &str| service.ask(Method::GET, path).bearer(who).send();
    let post = |who: &str, path: &str, tag: &str, body: &Json| -> Answer {
        let ask = service.ask(Method::POST, path).bearer(who);
        let ask = if tag.is_empty() {
            ask
        } else {
            ask.header("if-match", tag)
        };
        ask.json(body)
    };
    let all = "/api/v1/requests";
    let until = one_ledger::clock::today() + chrono::Days::new(365);
    let wish = json!({"dataset": "H-13", "consumer_system": "学籍系统", "basis": "《义务教育法》",
        "scene": "入学核验", "use_scope": "招生岗位", "share_mode": "3", "valid_until": until, "contact": "王五"});
    assert_eq!(post(&token("oversight"), all, "", &wish).status, 403);
    assert_eq!(
        post(&asker, all, "", &json!({"dataset": "H-13", "nonsense": 1})).status,
        422
    );
    let keyed = || {
        let ask = service.ask(Method::POST, all).bearer(&asker);
        ask.header("idempotency-key", "r1").json(&wish)
    };
    let made = keyed();
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(
        keyed().json()["request"]["id"],
        made.json()["request"]["id"]
    );
    assert_eq!(
        made.json()["warnings"].as_array().unwrap().len(),
        1,
        "another mode"
    );
    let here = format!("{all}/{}", made.json()["request"]["id"]);
    assert_eq!(get(&giver, &here).status, 404, "not sent yet");
    let edited = service
        .ask(Method::PUT, &here)
        .bearer(&asker)
        .header("if-match", "\"1\"");
    let mut better = wish.clone();
    better["share_mode"] = json!("1");
    assert_eq!(edited.json(&better).json()["warnings"], json!([]));
    let act = |who: &str, body: Json| {
        let seen = get(who, &here);
        let tag = seen.header("etag").unwrap_or("\"0\"").to_owned();
        post(who, &format!("{here}/acts"), &tag, &body)
    };
    let acts = format!("{here}/acts");
    assert_eq!(
        post(&asker, &acts, "", &json!({"act": "hand_in"})).status,
        428
    );
    assert_eq!(
        post(&asker, &acts, "\"1\"", &json!({"act": "hand_in"})).status,
        412
    );
    assert_eq!(act(&asker, json!({"act": "hand_in"})).status, 200);
    assert_eq!(act(&asker, json!({"act": "approve"})).status, 403);
    let sent = act(&head, json!({"act": "approve"})).json();
    assert_eq!(sent["request"]["whose_move"], "provider");
    assert_eq!(sent["clocks"][0]["rule_id"], "DS-04");
    assert_eq!(sent["pause_for_papers"], false);
    assert_eq!(
        get(&giver, &here).json()["clocks"],
        sent["clocks"],
        "both ends see the same"
    );
    assert_eq!(get(&token("bureau-county"), &here).status, 404);
    assert_eq!(get(&token("nobody"), &here).status, 404);

    // Both find its clock in the list of all that falls due, as a kind of its own.
    let falling = |who: &str, more: &str| {
        get(who, &format!("/api/v1/deadlines?kind=share{more}")).json()["items"].clone()
    };
    assert_eq!(falling(&giver, "")[0]["rule"], "share_answer");
    assert_eq!(
        falling(&giver, "")[0]["request"],
        made.json()["request"]["id"]
    );
    assert_eq!(falling(&asker, ""), falling(&giver, ""));
    assert_eq!(falling(&giver, "&rule=share_supply"), json!([]));
    assert_eq!(falling(&token("bureau-county"), ""), json!([]));
    for bad in ["deadlines?kind=odd", "request-clocks?cursor=-1"] {
        let answer = get(&giver, &format!("/api/v1/{bad}"));
        assert_eq!(answer.status, 422, "{bad}: {answer:?}");
    }

    let papers = json!({"act": "ask_papers", "note": "系统备案证明"});
    assert_eq!(act(&giver, json!({"act": "ask_papers"})).status, 422);
    assert_eq!(act(&giver, papers.clone()).status, 200);
    assert_eq!(
        act(&asker, json!({"act": "supplement", "note": "已附"})).status,
        200
    );
    let again = act(&giver, papers);
    assert_eq!(again.status, 409);
    assert!(again.body.contains("第二十一条"));
    let more = json!({"act": "ask_extension", "days": 5, "note": "改造接口"});
    assert_eq!(act(&giver, more).status, 200);
    let waits = get(&bureau, &format!("{all}?tab=coordinate")).json();
    assert_eq!(waits["items"].as_array().unwrap().len(), 1);
    assert_eq!(act(&boss, json!({"act": "consent"})).status, 403);
    let longer = act(&bureau, json!({"act": "consent"})).json();
    assert_eq!(longer["clocks"][0]["extension"], 5);
    assert_eq!(
        act(&giver, json!({"act": "draft_answer", "verdict": "agree"})).status,
        200
    );
    assert_eq!(act(&giver, json!({"act": "agree"})).status, 403);
    let agreed = act(&boss, json!({"act": "agree"})).json();
    let link = agreed["link_code"].as_str().unwrap();
    let entry = format!("/api/v1/entries/sharing_link/{link}");
    assert_eq!(
        (get(&asker, &entry).status, get(&giver, &entry).status),
        (200, 200)
    );
    assert_eq!(
        act(&giver, json!({"act": "supply"})).json()["request"]["state"],
        "in_use"
    );

    let doubts = format!("{here}/corrections");
    let raised = post(&asker, &doubts, "", &json!({"subject": "缴费月数不符"}));
    assert_eq!(raised.status, 201, "{raised:?}");
    let thread = format!("{doubts}/{}", raised.json()["id"]);
    let answer = json!({"act": "answer", "text": "已更正"});
    assert_eq!(post(&giver, &thread, "\"9\"", &answer).status, 412);
    assert_eq!(post(&giver, &thread, "\"1\"", &answer).status, 200);
    let used =
        json!({"scene": "核验", "process": "调用", "outcome": "三百人", "storage": "不落库"});
    let record = post(&asker, &format!("{here}/uses"), "", &used).json();
    let erase = format!("{here}/uses/{}", record["id"]);
    let refused = service.ask(Method::DELETE, &erase).bearer(&head).send();
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("第二十九条"));
    assert_eq!(
        get(&giver, &format!("{here}/uses"))
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let day = [
        ("used_on", "昨天"),
        ("scene", "核验"),
        ("process", "调用"),
        ("outcome", "十人"),
        ("storage", "不落库"),
    ];
    let asker_page = Visit::open(&service, "liaison");
    let number = made.json()["request"]["id"].to_string();
    let wrong = asker_page.post(&format!("/requests/{number}/uses"), &day);
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    assert!(wrong.body.contains("使用日期不是日期"));
    let kept = get(&asker, &format!("{here}/uses")).json();
    assert_eq!(kept.as_array().unwrap().len(), 1, "nothing was written");
    let list = asker_page.get("/deadlines?kind=share&state=done").body;
    assert!(
        list.contains(&format!("href=\"/requests/{number}\"")),
        "{list}"
    );

    let done = get(&asker, "/api/v1/request-clocks?done=true").json();
    assert_eq!(done["items"].as_array().unwrap().len(), 3);
    assert_eq!(
        get(&giver, "/api/v1/request-clocks").json()["items"],
        json!([])
    );
    let board = get(&bureau, "/api/v1/request-board").json();
    assert_eq!(
        (&board[0]["received"], &board[0]["in_time"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(get(&asker, "/api/v1/request-board").status, 403);
    assert_eq!(get(&asker, &format!("{all}?tab=odd")).status, 422);
    let listed = get(&asker, &format!("{all}?provider=SL013&limit=1")).json();
    assert_eq!(
        (&listed["items"][0]["provider"], &listed["next"]),
        (&json!("SL013"), &Json::Null)
    );
}

#[test]
fn an_extension_of_a_catalogue_update_goes_its_way_over_http() {
    let ledger = Ledger::settled();
    set(&ledger);
    let id = super::catalogue::begin(&ledger, "H-13");
    let service = Service::start(&ledger);
    let token = |login: &str| service.token(login, PASSWORD);
    let (giver, bureau) = (token("liaison-13"), token("bureau"));
    let here = format!("/api/v1/requests/catalogue/{id}/extension");
    let decision = format!("{here}/decision");
    let post = |who: &str, path: &str, body: &Json| -> Answer {
        service.ask(Method::POST, path).bearer(who).json(body)
    };
    let wish = json!({"reason": "涉及三个处室"});
    assert_eq!(post(&token("oversight"), &here, &wish).status, 403);
    assert_eq!(post(&token("liaison"), &here, &wish).status, 404);
    assert_eq!(post(&bureau, &here, &wish).status, 403);
    let more = json!({"reason": "甲", "days": 9});
    for wrong in [json!({}), json!({"reason": ""}), more] {
        assert_eq!(post(&giver, &here, &wrong).status, 422, "{wrong}");
    }
    let keyed = || {
        let ask = service.ask(Method::POST, &here).bearer(&giver);
        ask.header("idempotency-key", "c1").json(&wish)
    };
    let made = keyed();
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(keyed().json(), made.json());
    assert_eq!(post(&giver, &here, &wish).status, 409);
    assert_eq!(made.json()["extension"]["state"], "asked");

    let (yes, no) = (json!({"consent": true}), json!({"consent": false}));
    assert_eq!(post(&giver, &decision, &yes).status, 403);
    assert_eq!(post(&bureau, &decision, &no).status, 422);
    let given = post(&bureau, &decision, &yes);
    assert_eq!(given.status, 200, "{given:?}");
    assert_eq!(given.json()["due_on"], made.json()["extended_on"]);
    assert_eq!(post(&bureau, &decision, &no).status, 409);
    let clocks = service.ask(Method::GET, "/api/v1/request-clocks");
    let listed = clocks.bearer(&giver).send().json();
    assert_eq!(listed["updates"][0], given.json());
}

#[test]
fn the_page_of_clocks_takes_an_extension_and_the_word_on_it() {
    let ledger = Ledger::settled();
    set(&ledger);
    let id = super::catalogue::begin(&ledger, "H-13");
    let service = Service::start(&ledger);
    let giver = Visit::open(&service, "liaison-13");
    let bureau = Visit::open(&service, "bureau");
    let wish = format!("/requests/catalogue/{id}/extension");
    let decision = format!("{wish}/decision");
    let offers = |who: &Visit<'_>| {
        let page = who.get("/requests/clocks").body;
        [&wish, &decision].map(|path| page.contains(&format!("action=\"{path}\"")))
    };
    assert_eq!(
        (offers(&giver), offers(&bureau)),
        ([true, false], [false, false])
    );
    let wrong = giver.post(&wish, &[("reason", " ")]);
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    assert!(
        wrong
            .body
            .contains(&format!("href=\"#f-extension-{id}-reason\""))
    );
    let sent = giver.post(&wish, &[("reason", "涉及三个处室")]);
    assert_eq!(sent.status, 303, "{}", sent.body);
    assert_eq!(
        (offers(&giver), offers(&bureau)),
        ([false, false], [false, true])
    );
    let wrong = bureau.post(&decision, &[("decision", "decline"), ("note", "")]);
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    assert!(wrong.body.contains("不同意延期的应当说明理由"));
    let done = bureau.post(&decision, &[("decision", "consent")]);
    assert_eq!(done.status, 303, "{}", done.body);
    let again = bureau.post(&decision, &[("decision", "consent")]);
    assert_eq!(again.status, 422, "{}", again.body);
    assert!(again.body.contains("这次延期申请已由"));
    assert_eq!(
        (offers(&giver), offers(&bureau)),
        ([false, false], [false, false])
    );
    assert!(giver.get("/requests/clocks").body.contains("已同意延期"));
}
