//! Issues over HTTP: versions, keys, files, refusals in words.

use serde_json::{Value as Json, json};
use ureq::http::Method;

use crate::app::Ledger;
use crate::app::service::{Answer, Service};
use crate::campaigns::web::systems;
use crate::routes::actors::{self, PASSWORD};

fn raised() -> Json {
    json!({
        "kind": "wrong_data", "title": "参保人员数据不准", "text": "与学籍比对有三成不符",
        "raised_by": "SL001", "owed_by": "示例市医疗保障局",
        "entries": [{"register": "information_system", "code": "S4"}],
    })
}

#[test]
#[expect(clippy::too_many_lines, reason = "one walk, step by step")]
fn an_issue_is_raised_escalated_and_closed_over_http() {
    let ledger = Ledger::settled();
    systems(&ledger);
    actors::make_all(&ledger);
    actors::make(&ledger, "cdo-13", "cdo", "SL013");
    let service = Service::start(&ledger);
    let token = |login: &str| service.token(login, PASSWORD);
    let (liaison, cdo, other) = (token("liaison"), token("cdo"), token("cdo-13"));
    let (bureau, county) = (token("bureau"), token("bureau-county"));
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
    let all = "/api/v1/issues";
    assert_eq!(post(&token("oversight"), all, "", &raised()).status, 403);
    assert_eq!(
        post(&other, all, "", &raised()).status,
        403,
        "not for another"
    );
    let wrong = post(
        &cdo,
        all,
        "",
        &json!({"kind": "x", "title": "", "text": "", "raised_by": "", "owed_by": ""}),
    );
    assert_eq!(wrong.status, 422);
    assert_eq!(wrong.json()["problems"].as_array().unwrap().len(), 5);
    let more = post(&cdo, all, "", &json!({"extra": 1}));
    assert!((400..500).contains(&more.status), "{more:?}");
    let keyed = || {
        let ask = service.ask(Method::POST, all).bearer(&liaison);
        ask.header("idempotency-key", "k1").json(&raised())
    };
    let made = keyed();
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(keyed().json()["issue"]["id"], made.json()["issue"]["id"]);
    let here = format!("{all}/{}", made.json()["issue"]["id"]);
    let act = |word: &str| format!("{here}/acts/{word}");
    assert_eq!(get(&county, &here).status, 404);
    assert_eq!(get(&county, all).json()["items"], json!([]));
    let seen = get(&other, &here);
    assert_eq!(seen.header("etag"), Some("\"1\""));
    assert_eq!(seen.json()["acts"][0], "answer");
    assert_eq!(seen.json()["entries"][0]["code"], "S4");
    let mine = get(&other, &format!("{all}?view=mine")).json();
    assert_eq!(mine["items"].as_array().unwrap().len(), 1);
    assert_eq!(mine["items"][0]["turn"], "owed");
    for (path, code) in [
        ("?view=never", "unknown_value"),
        ("?cursor=never", "bad_cursor"),
        ("?limit=0", "out_of_range"),
        ("?kind=nonsense", "unknown_value"),
        ("?rung=9", "unknown_value"),
        ("?register=information_system", "required"),
        ("?code=S4", "required"),
        // A year that PostgreSQL does not know.
        ("?cursor=%2B200000-01-01_1", "bad_cursor"),
    ] {
        let answer = get(&cdo, &format!("{all}{path}"));
        assert_eq!(answer.status, 422, "{answer:?}");
        assert_eq!(answer.json()["problems"][0]["code"], code);
    }
    let long = get(&cdo, &format!("{all}?q={}", "a".repeat(201)));
    assert_eq!(long.status, 422, "{long:?}");
    assert_eq!(long.json()["problems"][0]["field"], "q");
    let note = json!({"note": "请市局协调"});
    assert_eq!(post(&cdo, &act("escalate"), "", &note).status, 428);
    assert_eq!(post(&cdo, &act("escalate"), "\"9\"", &note).status, 412);
    assert_eq!(post(&cdo, &act("nonsense"), "\"1\"", &note).status, 404);
    assert_eq!(post(&liaison, &act("escalate"), "\"1\"", &note).status, 403);
    assert_eq!(post(&cdo, &act("confirm"), "\"1\"", &note).status, 409);
    let up = post(&cdo, &act("escalate"), "\"1\"", &note);
    assert_eq!(
        (up.status, up.json()["issue"]["rung"].clone()),
        (200, json!(1))
    );
    let early = post(&other, &act("propose"), "\"2\"", &json!({}));
    assert_eq!(early.status, 422);
    assert_eq!(early.json()["problems"][0]["code"], "no_proof");
    let decision = json!({"note": "三十日内更正", "number": "市数协1号", "day": "2026-01-05"});
    let decided = post(&bureau, &act("decide"), "\"2\"", &decision);
    assert_eq!(decided.status, 200, "{decided:?}");
    assert_eq!(decided.json()["decision"]["number"], "市数协1号");
    assert_eq!(
        post(&other, &act("propose"), "\"3\"", &json!({})).status,
        200
    );
    assert_eq!(
        post(&other, &act("confirm"), "\"4\"", &json!({})).status,
        403
    );
    let closed = post(&cdo, &act("confirm"), "\"4\"", &json!({}));
    assert_eq!(closed.json()["issue"]["outcome"], "confirm", "{closed:?}");
    let board = get(&bureau, "/api/v1/issue-board").json();
    assert_eq!(board["departments"], json!([]));
    let month = get(&cdo, "/api/v1/issue-summary").json();
    assert_eq!(month["figures"]["closed"], 1);
    assert_eq!(get(&cdo, "/api/v1/issue-summary?month=3000-01").status, 422);
    assert_eq!(
        get(&county, "/api/v1/issue-summary?department=SL001").status,
        404
    );
    let sheet = get(&cdo, "/api/v1/issue-summary/export");
    assert_eq!(sheet.status, 200);
    assert!(
        sheet
            .header("content-disposition")
            .unwrap()
            .starts_with("attachment")
    );
    let log = get(&token("auditor"), "/api/v1/audit?action=issue_summary");
    assert!(log.body.contains("issue_summary"), "{log:?}");
    files(&service, &here, (&liaison, &county));
}

fn files(service: &Service, here: &str, (liaison, county): (&str, &str)) {
    let path = format!("{here}/attachments");
    let send = |who: &str| {
        let ask = service.ask(Method::POST, &path).bearer(who);
        ask.upload("函.pdf", b"%PDF-1.4\n%%EOF", &[])
    };
    assert_eq!(send(county).status, 404);
    let closed = send(liaison);
    assert_eq!(closed.status, 409, "closed already: {closed:?}");
}
