//! A campaign over HTTP: the same acts, versions and keys, refusals in words.

use serde_json::{Value as Json, json};
use ureq::http::Method;

use crate::app::Ledger;
use crate::app::service::{Answer, Service};
use crate::routes::actors::{self, PASSWORD};

/// Systems of the education bureau and one of the medical insurance.
pub fn systems(ledger: &Ledger) {
    ledger.import_whole(&ledger.draw(
        "系统.xlsx",
        &[
            "系统编码|系统名称|主管单位|主要功能|系统状态",
            "S1|学籍管理系统|示例市教育局|学籍办理|在用",
            "S2|考试报名系统|示例市教育局||在用",
            "S3|公积金代扣系统|示例市教育局|代扣|在用",
            "S4|医保结算系统|示例市医疗保障局|结算|在用",
        ],
    ));
}

fn plan() -> Json {
    let due = one_ledger::clock::today() + chrono::Days::new(30);
    json!({
        "title": "2026 年度核对", "year": 2026, "registers": ["information_system"],
        "fields": {"information_system": ["main_function"]}, "due_on": due,
    })
}

#[test]
#[expect(clippy::too_many_lines, reason = "one walk, step by step")]
fn a_campaign_goes_from_opening_to_certificate_over_http() {
    let ledger = Ledger::settled();
    systems(&ledger);
    actors::make_all(&ledger);
    let service = Service::start(&ledger);
    let token = |login: &str| service.token(login, PASSWORD);
    let (bureau, liaison, cdo) = (token("bureau"), token("liaison"), token("cdo"));
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
    let all = "/api/v1/campaigns";
    assert_eq!(post(&cdo, all, "", &plan()).status, 403);
    let keyed = || {
        service
            .ask(Method::POST, all)
            .bearer(&bureau)
            .header("idempotency-key", "k1")
    };
    let made = keyed().json(&plan());
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(
        keyed().json(&plan()).json()["campaign"]["id"],
        made.json()["campaign"]["id"]
    );
    assert_eq!(post(&bureau, all, "", &plan()).status, 409);
    let here = format!("{all}/{}", made.json()["campaign"]["id"]);
    let seen = get(&cdo, &here).json();
    assert_eq!(seen["departments"][0]["department"], "SL001");
    assert_eq!(seen["departments"].as_array().unwrap().len(), 1);
    // Those who have no part in it do not know of it.
    assert_eq!(get(&token("oversight"), &here).status, 404);
    assert_eq!(get(&token("bureau-county"), &here).status, 404);

    let list = get(
        &liaison,
        &format!("{here}/entries?view=open&department=SL001"),
    )
    .json();
    let items = list["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 3);
    assert_eq!(items[1]["missing"], json!(["未填写“主要功能”"]));
    let said = |item: &Json, answer: &str, to: &str| {
        json!({"register": item["register"], "code": item["code"], "revision": item["revision"],
            "version": item["version"], "answer": answer, "to": to})
    };
    let answers = format!("{here}/answers");
    let wrong = json!({"answers": [said(&items[1], "unchanged", "")]});
    let refused = post(&liaison, &answers, "", &wrong);
    assert_eq!(
        (
            refused.status,
            refused.json()["problems"][0]["code"].as_str()
        ),
        (422, Some("incomplete"))
    );
    let right = json!({"answers": [said(&items[2], "elsewhere", "SL013")]});
    assert_eq!(post(&bureau, &answers, "", &right).status, 403);
    assert_eq!(post(&liaison, &answers, "", &right).json()["taken"], 1);
    assert_eq!(
        post(&liaison, &answers, "", &right).status,
        412,
        "somebody answered before"
    );
    let confirm = format!("{here}/departments/SL001/confirm");
    let done = post(&liaison, &confirm, "", &json!({})).json();
    assert_eq!(
        (&done["unchanged"], &done["incomplete"]),
        (&json!(1), &json!(1))
    );
    let submit = format!("{here}/departments/SL001/submit");
    assert_eq!(post(&cdo, &submit, "", &json!({})).status, 428);
    let version = |who: &str| {
        let lines = get(who, &here).json()["departments"].clone();
        let own = lines
            .as_array()
            .unwrap()
            .iter()
            .find(|l| l["department"] == "SL001")
            .cloned();
        format!("\"{}\"", own.unwrap()["version"])
    };
    assert_eq!(post(&cdo, &submit, &version(&cdo), &json!({})).status, 422);
    assert_eq!(
        post(&liaison, &submit, &version(&cdo), &json!({})).status,
        403
    );

    let questions = get(&bureau, &format!("{here}/entries?view=questions")).json();
    let question = &questions["items"][0];
    assert_eq!(question["to"], "SL013");
    let settle = json!({"register": "information_system", "code": "S3", "version": question["version"], "act": "move"});
    let path = format!("{here}/settlements");
    assert_eq!(post(&liaison, &path, "", &settle).status, 403);
    assert_eq!(post(&bureau, &path, "", &settle).status, 200);
    assert_eq!(
        get(&liaison, &format!("{here}/entries")).json()["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );

    let close = format!("{here}/close");
    assert_eq!(
        post(
            &bureau,
            &close,
            "\"9\"",
            &json!({"force": true, "reason": "试"})
        )
        .status,
        412
    );
    assert_eq!(post(&bureau, &close, "\"1\"", &json!({})).status, 422);
    assert_eq!(get(&bureau, &format!("{here}/verification")).status, 409);
    let closed = post(
        &bureau,
        &close,
        "\"1\"",
        &json!({"force": true, "reason": "试"}),
    );
    assert_eq!(closed.status, 200, "{closed:?}");
    let found = get(&cdo, &format!("{here}/verification")).json();
    assert_eq!(
        (&found["equal"], &found["now"]),
        (&json!(true), &closed.json()["campaign"]["digest"])
    );
    assert_eq!(get(&cdo, &format!("{here}/certificates/SL001")).status, 409);
    assert_eq!(
        get(&cdo, "/api/v1/campaign-certificates/AAAA-BBBB").status,
        404
    );
    assert_eq!(
        get(&cdo, &format!("{here}/entries?view=nothing")).status,
        422
    );
}
