//! Rates, lists and reports over HTTP, with an API token as the platform has one.

use serde_json::{Value as Json, json};
use ureq::http::Method;

use super::fill;
use crate::app::on_both_settled;
use crate::app::service::{Answer, Service};
use crate::routes::actors::{self, PASSWORD};

fn asked(service: &Service, token: &str, path: &str) -> Answer {
    let path = format!("/api/v1{path}");
    service.ask(Method::GET, &path).bearer(token).send()
}

/// Asks until everything is counted in.
fn settled(service: &Service, token: &str, path: &str) -> Json {
    for _ in 0..200 {
        let found = asked(service, token, path).json();
        if found["behind"] == json!(false) {
            return found;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("{path} stays behind")
}

fn codes(page: &Json) -> Vec<&str> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|i| i["code"].as_str().unwrap()).collect()
}

/// The list as a file: the same filters, the same reach, and it is written down who took it.
fn files(service: &Service, (bureau, liaison, auditor): (&str, &str, &str)) {
    let path = "/collection/datasets/export";
    let late = asked(service, bureau, &format!("{path}?is=overdue&format=csv"));
    assert_eq!(late.status, 200, "{late:?}");
    assert_eq!(late.body.lines().count(), 2, "{late:?}");
    assert!(
        late.body
            .contains("D-8,医保结算信息,示例市医疗保障局,更新逾期,")
    );
    let own = asked(service, liaison, &format!("{path}?format=csv"));
    assert_eq!(own.body.lines().count(), 1 + 6, "{own:?}");
    assert!(!own.body.contains("D-8"), "{own:?}");
    let book = asked(service, bureau, path);
    assert_eq!(book.status, 200);
    let name = book.header("content-disposition").unwrap();
    assert!(
        name.starts_with("attachment") && name.ends_with("xlsx"),
        "{name}"
    );
    let wrong = asked(service, bureau, &format!("{path}?format=pdf"));
    assert_eq!(wrong.status, 422, "{wrong:?}");
    assert_eq!(wrong.json()["problems"][0]["field"], "format");
    for wrong in ["is=none", "x=1", "department=%01"] {
        assert_eq!(
            asked(service, bureau, &format!("{path}?{wrong}")).status,
            422
        );
    }
    assert_eq!(service.get(&format!("/api/v1{path}")).status, 401);
    let log = asked(service, auditor, "/audit?action=export");
    assert!(log.body.contains("汇聚清单"), "{log:?}");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one walk, step by step")]
fn the_platform_reports_by_its_token_and_rates_follow() {
    on_both_settled(|ledger| {
        fill(ledger);
        for (login, role, department) in actors::ROLES {
            actors::make(ledger, login, role, department);
        }
        let service = Service::start(ledger);
        let token = |login: &str| service.token(login, PASSWORD);
        let (bureau, liaison) = (token("bureau"), token("liaison"));
        let made = service
            .ask(Method::POST, "/api/v1/tokens")
            .bearer(&bureau)
            .json(&json!({"name": "一体化大数据平台", "writes": true, "days": 30}));
        assert_eq!(made.status, 201, "{made:?}");
        let platform = made.json()["token"].as_str().unwrap().to_owned();

        let before = settled(&service, &liaison, "/collection");
        assert_eq!(before["total"]["counts"]["total"], 6);
        assert_eq!(before["hidden"], 2);
        assert_eq!(before["total"]["rates"][2]["percent"], 66.7);
        assert_eq!(before["definitions"][3]["denominator"], "periodic");
        let by_region = asked(&service, &bureau, "/collection?by=region").json();
        assert!(
            by_region["items"].as_array().unwrap().len() >= 2,
            "{by_region}"
        );

        let post = |token: &str, key: &str, body: &Json| -> Answer {
            let ask = service
                .ask(Method::POST, "/api/v1/collection")
                .bearer(token);
            let ask = if key.is_empty() {
                ask
            } else {
                ask.header("idempotency-key", key)
            };
            ask.json(body)
        };
        let today = one_ledger::clock::today().to_string();
        let good = json!({"items": [
            {"code": "D-2", "collected": true, "mode": "实时", "updated": today},
            {"code": "D-3", "collected": true, "mode": "3", "since": "2026-01", "updated": today},
        ], "reason": "夜间同步"});
        assert_eq!(post(&liaison, "", &good).status, 403);
        let done = post(&platform, "n1", &good);
        assert_eq!(done.status, 200, "{done:?}");
        assert_eq!(
            (&done.json()["changed"], &done.json()["refused"]),
            (&json!(2), &json!(0))
        );
        assert_eq!(post(&platform, "n1", &good).json(), done.json());
        let bad = json!({"items": [
            {"code": "D-1", "collected": true, "updated": today},
            {"code": "XX", "collected": true},
            {"code": "D-9", "collected": true},
        ]});
        let refused = post(&platform, "", &bad);
        assert_eq!(refused.status, 422, "{refused:?}");
        let fields: Vec<String> = refused.json()["problems"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| format!("{} {}", p["field"], p["code"]))
            .collect();
        assert_eq!(
            fields,
            [
                "\"items[1].code\" \"unknown_dataset\"",
                "\"items[2].code\" \"unknown_dataset\""
            ]
        );
        let mut part = bad.clone();
        part["partial"] = json!(true);
        let done = post(&platform, "", &part).json();
        assert_eq!((&done["changed"], &done["refused"]), (&json!(1), &json!(2)));
        let other = json!({"items": [{"code": "D-1", "collected": true, "name": "改名"}]});
        assert_eq!(post(&platform, "", &other).status, 422);

        let after = settled(&service, &bureau, "/collection");
        assert_eq!(after["total"]["counts"]["collected"], 7);
        let late = asked(&service, &bureau, "/collection/datasets?is=overdue").json();
        assert_eq!(codes(&late), ["D-8"]);
        files(&service, (&bureau, &liaison, &token("auditor")));
        let page = asked(
            &service,
            &bureau,
            "/collection/datasets?is=collected&department=SL001&limit=2",
        )
        .json();
        assert_eq!(codes(&page), ["D-1", "D-2"]);
        let next = format!(
            "/collection/datasets?is=collected&department=SL001&limit=500&cursor={}",
            page["next"].as_str().unwrap()
        );
        assert_eq!(
            codes(&asked(&service, &bureau, &next).json()),
            ["D-3", "D-5", "D-6"]
        );
        for wrong in ["is=none", "limit=0", "cursor=x", "x=1", "department=%01"] {
            let path = format!("/collection/datasets?{wrong}");
            let status = asked(&service, &bureau, &path).status;
            assert!((400..=422).contains(&status), "{wrong}: {status}");
        }
        assert_eq!(
            asked(&service, &bureau, "/collection/datasets?department=ZZ").json()["items"],
            json!([])
        );
        let history = asked(&service, &liaison, "/entries/dataset/D-2/history").json();
        assert!(history.to_string().contains("夜间同步"), "{history}");
    });
}
