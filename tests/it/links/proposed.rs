//! Links that a systems sheet proposes: listed, told when nobody is called so, recorded once, and for nobody else.

use one_ledger::auth::Viewer;
use one_ledger::error::Error;
use one_ledger::sharing::proposed::{self, Proposed};
use serde_json::json;
use ureq::http::Method;

use super::{Scene, Side, Standing, TAKES, department};
use crate::app::service::Service;
use crate::app::{Ledger, on_both};
use crate::routes::actors::{self, PASSWORD};

fn proposals(scene: &Scene<'_>, who: &Viewer) -> Vec<Proposed> {
    scene.with(|conn, d| proposed::list(conn, who, d, proposed::MOST).unwrap())
}

fn accept(scene: &Scene<'_>, who: &Viewer, system: &str) -> Result<String, Error> {
    scene.with(|conn, d| proposed::accept(conn, who, d, system, "B1"))
}

#[test]
fn a_systems_sheet_proposes_links_and_one_is_recorded_once() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        ledger.import_whole(&ledger.draw(
            "systems.xlsx",
            &[
                "系统编码 | 系统名称 | 主管单位 | 系统状态 | 共享给哪些单位",
                "XT-A | 学籍系统 | 济南市教育局 | 在用 | 济南市公安局、没有的单位；济南市教育局",
                "XT-B | 招生系统 | 济南市教育局 | 在用 | 无",
            ],
        ));
        let found = proposals(&scene, &scene.gives);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found.iter().all(|p| p.system == "XT-A"), "{found:#?}");
        assert_eq!(found[0].consumer, Some(department(ledger, TAKES)));
        assert_eq!(found[1].consumer, None);
        assert!(
            found[1].problem.contains("机构名录中没有“没有的单位”"),
            "{found:#?}"
        );
        assert_eq!(proposals(&scene, &scene.takes), []);
        assert!(accept(&scene, &scene.takes, "XT-A").is_err());
        assert_eq!(scene.rows().len(), 0);
        let code = accept(&scene, &scene.gives, "XT-A").unwrap();
        let made = scene.only();
        assert_eq!(made.code, code);
        assert!(made.name.ends_with("→济南市公安局"), "{}", made.name);
        assert_eq!(scene.standing(), Standing::Waiting(Side::Consumer));
        let left = proposals(&scene, &scene.gives);
        assert_eq!(left.len(), 1, "{left:#?}");
        assert_eq!(left[0].consumer, None);
        let again = accept(&scene, &scene.gives, "XT-A");
        assert!(matches!(again, Err(Error::NotFound(_))), "{again:?}");
        assert_eq!(scene.rows().len(), 1);
        // What has ended leads nowhere: it is proposed again, and recorded anew.
        ledger.tamper("UPDATE entries SET stage = 'retired' WHERE register = 'sharing_link'");
        let again = proposals(&scene, &scene.gives);
        assert_eq!(again.len(), 2, "{again:#?}");
        assert_ne!(accept(&scene, &scene.gives, "XT-A").unwrap(), code);
        assert_eq!(scene.rows().len(), 2);
    });
}

#[test]
fn a_link_stands_for_the_system_that_it_names() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        ledger.import_whole(&ledger.draw(
            "systems.xlsx",
            &[
                "系统编码 | 系统名称 | 主管单位 | 系统状态 | 共享给哪些单位",
                "XT-A | 学籍系统 | 济南市教育局 | 在用 | 济南市公安局",
                "XT-B | 招生系统 | 济南市教育局 | 在用 | 济南市公安局",
            ],
        ));
        accept(&scene, &scene.gives, "XT-A").unwrap();
        let left = proposals(&scene, &scene.gives);
        let systems: Vec<&str> = left.iter().map(|p| p.system.as_str()).collect();
        assert_eq!(systems, ["XT-B"], "{left:#?}");
    });
}

#[test]
fn both_tabs_of_the_desk_lead_to_recording_and_importing() {
    let ledger = Ledger::settled();
    actors::make_all(&ledger);
    let service = Service::start(&ledger);
    let form = [("login", "cdo"), ("password", PASSWORD), ("next", "/")];
    let signed = service.ask(Method::POST, "/sign-in").form(&form);
    let cookie = signed.cookie("__Host-one-ledger").unwrap();
    for path in ["/links", "/links/proposed"] {
        let page = service
            .ask(Method::GET, path)
            .header("cookie", &format!("__Host-one-ledger={cookie}"))
            .send();
        assert_eq!(page.status, 200, "{page:?}");
        for word in ["登记对接", "导入对接表"] {
            assert!(page.body.contains(word), "{path}: {word}");
        }
    }
}

#[test]
fn proposed_links_are_read_and_recorded_over_http() {
    let ledger = Ledger::settled();
    ledger.import_whole(&ledger.draw(
        "systems.xlsx",
        &[
            "系统编码 | 系统名称 | 主管单位 | 系统状态 | 共享给哪些单位",
            "XT-A | 学籍系统 | 示例市教育局 | 在用 | 示例市医疗保障局",
        ],
    ));
    actors::make_all(&ledger);
    let service = Service::start(&ledger);
    let token = service.token("cdo", PASSWORD);
    let path = "/api/v1/links/proposed";
    let read = || service.ask(Method::GET, path).bearer(&token).send().json();
    let items = read();
    assert_eq!(items["items"][0]["system"], json!("XT-A"), "{items:?}");
    assert_eq!(items["items"][0]["consumer"], json!("SL013"), "{items:?}");
    let post = |consumer: &str| {
        let body = json!({"system": "XT-A", "consumer": consumer});
        service.ask(Method::POST, path).bearer(&token).json(&body)
    };
    assert_eq!(post("SL202").status, 404);
    let made = post("SL013");
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.json()["waits_for"], json!("consumer"), "{made:?}");
    assert_eq!(read()["items"], json!([]));
}
