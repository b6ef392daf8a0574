//! The map of links: who is found, what is hidden, what is drawn, over HTTP and in a real browser.

use std::collections::{BTreeMap, BTreeSet};

use one_ledger::auth::{Role, Viewer};
use one_ledger::impact;
use one_ledger::ledger::as_of::Definitions;
use one_ledger::org::directory::Directory;
use one_ledger::sharing::map::{self, Filter, Map, Spot, Standing, View, Wish};
use one_ledger::sheet::export::ExportFormat;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ureq::http::Method;

use crate::app::browser::{self, Browser, USUAL};
use crate::app::people::viewer;
use crate::app::service::Service;
use crate::app::{Ledger, on_both_settled};
use crate::routes::actors::{self, PASSWORD};

pub mod town;

fn with<T>(ledger: &Ledger, work: impl FnOnce(Definitions<'_>) -> T) -> T {
    let directory = Directory::load(&mut ledger.conn()).unwrap();
    let catalogue = &ledger.app.catalogue;
    work(Definitions {
        catalogue,
        directory: &directory,
        register: catalogue.register("sharing_link").unwrap(),
    })
}

fn drawn(ledger: &Ledger, who: &Viewer, wish: &Wish) -> Map {
    with(ledger, |d| {
        map::of(&mut ledger.conn(), who, d, wish).unwrap()
    })
}

fn spot(ledger: &Ledger, who: &Viewer, text: &str) -> Option<Spot> {
    with(ledger, |d| {
        map::find(&mut ledger.conn(), who, d, text).unwrap()
    })
}

fn names(map: &Map) -> BTreeSet<&str> {
    map.nodes.iter().map(|n| n.name.as_str()).collect()
}

/// A small ledger: education gives to health, health on to medical insurance and back, one link nobody else may see.
fn small(ledger: &Ledger) {
    ledger.import_whole(&ledger.draw(
        "系统.xlsx",
        &[
            "系统编码|系统名称|主管单位|系统状态|对接系统清单",
            "E1|学籍系统|示例市教育局|在用|",
            "H1|健康档案系统|示例市卫生健康委员会|在用|",
            "M1|医保结算系统|示例市医疗保障局|在用|H1",
            "M2|医保内部系统|示例市医疗保障局|在建|",
        ],
    ));
    ledger.import_whole(&ledger.draw(
        "目录.xlsx",
        &[
            "数据资源编码|数据资源名称|数源单位|目录状态|所属系统",
            "D1|学籍信息|示例市教育局|已发布|E1",
            "D2|健康档案|示例市卫生健康委员会|已发布|H1",
        ],
    ));
    ledger.partial(&ledger.draw(
        "未发布.xlsx",
        &[
            "数据资源编码|数据资源名称|数源单位|目录状态",
            "D9|医保内部目录|示例市医疗保障局|待注册",
        ],
    ));
    ledger.import_whole(&ledger.draw(
        "对接.xlsx",
        &[
            "对接编码|对接名称|提供方单位|提供方系统|数据资源|使用方单位|使用方系统|对接方式|对接状态",
            "L1|学籍信息→卫健|示例市教育局|E1|D1|示例市卫生健康委员会|H1|服务接口|运行中",
            "L2|健康档案→医保|示例市卫生健康委员会|H1|D2|示例市医疗保障局|M1|批量交换|运行中",
            "L3|结算信息→卫健|示例市医疗保障局|M1||示例市卫生健康委员会|H1|服务接口|运行中",
            "L4|内部试联→公安|示例市医疗保障局|M2||示例市公安局||服务接口|联调中",
            "L5|学籍信息→民政|示例市教育局|E1|D1|示例市民政局||服务接口|已终止",
        ],
    ));
}

#[test]
fn a_map_shows_what_is_seen_and_counts_the_rest() {
    on_both_settled(|ledger| {
        small(ledger);
        let liaison = viewer(ledger, Role::Liaison, "示例市教育局");
        let bureau = viewer(ledger, Role::Bureau, "示例市大数据局");
        let all = drawn(ledger, &bureau, &Wish::default());
        assert_eq!((all.links, all.hidden, all.nodes.len()), (4, 0, 4));
        let seen = drawn(ledger, &liaison, &Wish::default());
        assert_eq!((seen.links, seen.hidden), (3, 1));
        assert!(!names(&seen).contains("示例市公安局"), "{seen:?}");
        // The references of systems say the same as the links between them, and are no ties of their own then.
        let beside: usize = seen.edges.iter().map(|e| e.references).sum();
        assert_eq!((seen.edges.len(), beside), (3, 1));
        // Without its system, its department stands for an end; what is ended is not drawn.
        let systems = Wish {
            view: View::System,
            ..Wish::default()
        };
        let all = drawn(ledger, &bureau, &systems);
        let wanted = [
            "学籍系统",
            "健康档案系统",
            "医保结算系统",
            "医保内部系统",
            "示例市公安局",
        ];
        assert_eq!(names(&all), BTreeSet::from(wanted));
        let seen = drawn(ledger, &liaison, &systems);
        assert_eq!(seen.nodes.len(), 3);
        assert!(!format!("{seen:?}").contains("内部"), "{seen:?}");
        // Around a point: two steps down go round the circle and stop.
        let around = |text: &str, up: usize, down: usize, who: &Viewer| {
            let wish = Wish {
                around: spot(ledger, who, text),
                up,
                down,
                ..systems.clone()
            };
            assert!(wish.around.is_some(), "{text}");
            let map = drawn(ledger, who, &wish);
            let told = map.nodes.iter().map(|n| (n.name.clone(), n.distance));
            (told.collect::<BTreeMap<String, i64>>(), map.hidden)
        };
        let (told, hidden) = around("information_system:E1", 0, 9, &liaison);
        let wanted = [("学籍系统", 0), ("健康档案系统", 1), ("医保结算系统", 2)];
        let wanted: BTreeMap<String, i64> = wanted.map(|(n, d)| (n.to_owned(), d)).into();
        assert_eq!((told, hidden), (wanted, 0));
        let (told, _) = around("健康档案系统", 1, 0, &liaison);
        assert_eq!(told.get("学籍系统"), Some(&-1));
        let (told, hidden) = around("示例市医疗保障局", 0, 0, &bureau);
        assert_eq!(
            told.len(),
            3,
            "the department and its two systems: {told:?}"
        );
        assert_eq!(hidden, 0);
        // Data: from the system that holds it to the one that uses it, and what that one holds.
        let data = Wish {
            view: View::Dataset,
            around: spot(ledger, &liaison, "dataset:D1"),
            up: 9,
            down: 3,
            ..Wish::default()
        };
        let map = drawn(ledger, &liaison, &data);
        let told: BTreeMap<&str, i64> = map
            .nodes
            .iter()
            .map(|n| (n.name.as_str(), n.distance))
            .collect();
        assert_eq!(told.get("学籍系统"), Some(&-1));
        assert_eq!(told.get("健康档案系统"), Some(&1));
        assert_eq!(told.get("健康档案"), Some(&2));
        // Hidden is as absent.
        assert_eq!(spot(ledger, &liaison, "dataset:D9"), None);
        assert_eq!(spot(ledger, &liaison, "没有的系统"), None);
        assert!(spot(ledger, &bureau, "D9").is_some());
    });
}

#[test]
fn filters_narrow_the_map_and_its_table_goes_out() {
    on_both_settled(|ledger| {
        small(ledger);
        let who = &ledger.viewer;
        let links = |filter: Filter| {
            let wish = Wish {
                filter,
                ..Wish::default()
            };
            let map = drawn(ledger, who, &wish);
            (
                map.links,
                map.edges.iter().map(|e| e.references).sum::<usize>(),
            )
        };
        let mode = |m: &str| Filter {
            mode: Some(m.to_owned()),
            ..Filter::default()
        };
        assert_eq!(links(mode("1")), (3, 0));
        assert_eq!(links(mode("2")), (1, 0));
        let standing = |standing| Filter {
            standing: Some(standing),
            ..Filter::default()
        };
        assert_eq!(links(standing(Standing::Confirmed)).0, 0);
        assert_eq!(links(standing(Standing::Pending)).0, 4);
        let stage = Filter {
            stage: Some(one_ledger::register::field::Stage::Acceptance),
            ..Filter::default()
        };
        assert!(links(stage).0 <= 1);
        let education = with(ledger, |d| d.directory.by_code("SL001").unwrap().id);
        let own = Filter {
            departments: Some(vec![education]),
            ..Filter::default()
        };
        assert_eq!(links(own), (1, 0));
        let map = drawn(ledger, who, &Wish::default());
        let file = ledger.file("map.csv");
        let rows = with(ledger, |d| {
            let out = (ExportFormat::Csv, file.as_path());
            map::export(&mut ledger.conn(), who, d, (View::Department, &map), out)
        });
        assert_eq!(rows.unwrap(), 4);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.contains("学籍信息→卫健（L1）") && text.contains("登记簿中登记 1 处"),
            "{text}"
        );
        let wrong = with(ledger, |d| {
            let out = (ExportFormat::Json, file.as_path());
            map::export(&mut ledger.conn(), who, d, (View::Department, &map), out)
        });
        assert!(wrong.is_err());
    });
}

/// On random graphs of links with circles: who is cut off by a system, and who is within reach of it on the map, are
/// what a naive search over the same links finds.
#[test]
fn impact_and_map_find_what_a_naive_search_finds() {
    let ledger = Ledger::settled();
    let mut lines = vec!["系统编码|系统名称|主管单位|系统状态".to_owned()];
    lines.extend((0..8).map(|n| format!("N{n}|业务系统{n}|示例市教育局|在用")));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    ledger.import_whole(&ledger.draw("系统.xlsx", &lines));
    let cases = if crate::properties::soak() > 1 { 60 } else { 8 };
    let mut runner = TestRunner::new(Config::with_cases(cases));
    let graphs = prop::collection::vec((0..8_usize, 0..8_usize), 1..20);
    let round = std::cell::Cell::new(0);
    runner
        .run(&graphs, |pairs| {
            round.set(round.get() + 1);
            let mut lines = vec![
                "对接编码|对接名称|提供方单位|提供方系统|使用方单位|使用方系统|对接方式|对接状态"
                    .to_owned(),
            ];
            lines.extend(pairs.iter().enumerate().map(|(n, (a, b))| {
                format!(
                    "K{}-{n}|第{}轮{n}|示例市教育局|N{a}|示例市教育局|N{b}|服务接口|运行中",
                    round.get(),
                    round.get()
                )
            }));
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let import = ledger
                .import_whole(&ledger.draw("对接.xlsx", &lines))
                .import
                .unwrap();
            let mut wanted: BTreeMap<String, usize> = BTreeMap::from([("业务系统0".to_owned(), 0)]);
            loop {
                let before = wanted.clone();
                for (a, b) in &pairs {
                    let Some(n) = before.get(&format!("业务系统{a}")) else {
                        continue;
                    };
                    let known = wanted.entry(format!("业务系统{b}")).or_insert(n + 1);
                    *known = (*known).min(n + 1);
                }
                if before == wanted {
                    break;
                }
            }
            let who = &ledger.viewer;
            let row = one_ledger::ledger::read::by_code(&mut ledger.conn(), who, "N0")
                .unwrap()
                .remove(0);
            let found = impact::of(&mut ledger.conn(), who, &ledger.app.catalogue, &row).unwrap();
            let links = found
                .seen()
                .filter(|(_, _, p)| p.register == "sharing_link")
                .count();
            let reached: BTreeMap<String, usize> = found
                .seen()
                .filter(|(_, _, p)| p.register != "sharing_link")
                // A link stands between two systems.
                .map(|(_, n, p)| (p.name.clone(), n.distance / 2))
                .chain([("业务系统0".to_owned(), 0)])
                .collect();
            prop_assert_eq!(&reached, &wanted);
            let touched = pairs
                .iter()
                .filter(|(a, _)| wanted.contains_key(&format!("业务系统{a}")));
            prop_assert_eq!(links, touched.count());
            let wish = Wish {
                view: View::System,
                around: Some(Spot::Entry(row.id)),
                down: usize::MAX,
                ..Wish::default()
            };
            let map = drawn(&ledger, who, &wish);
            let drawn: BTreeMap<String, usize> = map
                .nodes
                .iter()
                .map(|n| (n.name.clone(), usize::try_from(n.distance).unwrap()))
                .collect();
            prop_assert_eq!(&drawn, &wanted);
            ledger.undo(import).unwrap();
            Ok(())
        })
        .unwrap();
}

#[test]
fn more_than_two_hundred_become_their_departments() {
    let ledger = Ledger::sqlite();
    town::build(&ledger, 260, 400);
    let wish = Wish {
        view: View::System,
        ..Wish::default()
    };
    let map = drawn(&ledger, &ledger.viewer, &wish);
    assert_eq!(map.grouped, 260);
    assert_eq!(map.nodes.len(), 40);
    assert_eq!((map.left_out, map.links), (0, 400));
    assert_eq!(map.nodes.iter().map(|n| n.held).sum::<usize>(), 260);
}

fn sign_in(browser: &Browser, service: &Service, login: &str) {
    browser.go(&format!("{}/sign-in", service.base));
    browser.fill("input[name=login]", login);
    browser.fill("input[name=password]", PASSWORD);
    browser.press("main button[type=submit]");
    browser.see(".ol-nav");
}

#[test]
fn the_map_is_told_over_http() {
    let ledger = Ledger::settled();
    small(&ledger);
    actors::make_all(&ledger);
    let service = Service::start(&ledger);
    let liaison = service.token("liaison", PASSWORD);
    let ask = |path: &str| service.ask(Method::GET, path).bearer(&liaison).send();
    let told = ask("/api/v1/map?view=system&around=information_system%3AE1&down=all");
    assert_eq!(told.status, 200, "{told:?}");
    let body = told.json();
    assert_eq!(body["nodes"][0]["code"], "E1");
    assert_eq!(body["nodes"].as_array().unwrap().len(), 3);
    assert_eq!(body["edges"][0]["codes"][0], "L1", "{body}");
    assert_eq!(ask("/api/v1/map").json()["hidden"], 1);
    for (query, field) in [
        ("view=else", "view"),
        ("around=%E6%B2%A1%E6%9C%89", "around"),
        ("around=dataset%3AD9", "around"),
        ("up=10", "up"),
        ("down=-1", "down"),
        ("department=SL999", "department"),
        ("region=999999", "region"),
        ("mode=99", "mode"),
        ("stage=retired", "stage"),
        ("standing=x", "standing"),
        ("only=x", "only"),
        ("department=%00", "department"),
    ] {
        let wrong = ask(&format!("/api/v1/map?{query}"));
        assert_eq!(wrong.status, 422, "{query}: {wrong:?}");
        assert_eq!(wrong.json()["problems"][0]["field"], field, "{wrong:?}");
    }
    assert_eq!(ask("/api/v1/map?other=1").status, 422);
    assert_eq!(ask("/map?around=%E6%B2%A1%E6%9C%89").status, 422);
    assert_eq!(ask("/map").status, 200);
    assert_eq!(ask("/api/v1/map/export?format=pdf").status, 422);
    let csv = ask("/api/v1/map/export?format=csv");
    assert_eq!(csv.status, 200);
    assert!(
        csv.body.contains("示例市教育局") && !csv.body.contains("内部"),
        "{csv:?}"
    );
    assert_eq!(service.get("/api/v1/map").status, 401);
}

#[test]
fn two_hundred_systems_can_be_read_and_walked_in_the_browser() {
    if !browser::is_there() {
        return;
    }
    let ledger = Ledger::sqlite();
    town::build(&ledger, 200, 330);
    actors::make(&ledger, "bureau", "bureau", "SL015");
    let service = Service::start(&ledger);
    let mut bureau = Browser::open("map", USUAL);
    sign_in(&bureau, &service, "bureau");
    bureau.press_text("对接图");
    bureau.see("svg.ol-map");
    assert_eq!(bureau.count("svg.ol-map a"), 40);
    bureau.picture("departments");
    bureau.press_text("按系统");
    bureau.see("svg.ol-map--s");
    assert_eq!(bureau.count("svg.ol-map a"), 200);
    bureau.picture("systems");
    bureau.wait(
        bureau
            .client()
            .execute("window.scrollTo(0, 700)", Vec::new()),
    );
    bureau.picture("systems-lower");
    bureau.go(&format!(
        "{}/map?view=system&around=information_system%3AS003",
        service.base
    ));
    bureau.see("svg.ol-map .ol-spot--own");
    bureau.picture("around");
    bureau.go(&format!(
        "{}/map?view=system&around=information_system%3AS050&up=2&down=2",
        service.base
    ));
    bureau.picture("two-steps");
    bureau.go(&format!(
        "{}/map?around=department%3ASL001&up=1&down=1",
        service.base
    ));
    bureau.picture("department");
    bureau.go(&format!(
        "{}/map?view=system&standing=disputed",
        service.base
    ));
    bureau.picture("disputed");
    bureau.go(&format!("{}/map?around=%E6%B2%A1%E6%9C%89", service.base));
    bureau.see_text("没有找到");
    bureau.picture("nothing");
    bureau.go(&format!(
        "{}/registers/information_system/S003",
        service.base
    ));
    bureau.press_path("//main//a[normalize-space()='对接图']");
    bureau.see("svg.ol-map .ol-spot--own");
}
