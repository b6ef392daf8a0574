//! Retirement: what breaks when something is switched off, what stands in the way, and how it is cleared away.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;

use one_ledger::error::Error;
use one_ledger::impact::walk::{Reached, Step, walk};
use one_ledger::impact::{self, Hop, Impact};
use one_ledger::ledger::as_of::Definitions;
use one_ledger::org::directory::Directory;
use one_ledger::review::duplicate::{self, Means};
use one_ledger::review::retire::{self, LinkWish};
use one_ledger::review::steps::Act;
use one_ledger::review::submission::{self, Submission};
use one_ledger::review::zombie::{self, Sign};
use one_ledger::sheet::export::ExportFormat;
use proptest::prelude::*;

use crate::app::{Ledger, on_both};
use crate::organisation::tiers;
use crate::review::{House, PROJECTS, SYSTEMS, conflict, keys, problems, refused};

mod walking;

const DATASETS: &str = "dataset";
const ITEMS: &str = "data_item";

/// Distances by relaxing every edge until nothing changes.
fn naive(start: i64, edges: &[(i64, i64)]) -> BTreeMap<i64, usize> {
    let mut out = BTreeMap::from([(start, 0)]);
    loop {
        let before = out.clone();
        for (on, by) in edges {
            if let Some(d) = before.get(on) {
                let known = out.entry(*by).or_insert(d + 1);
                *known = (*known).min(d + 1);
            }
        }
        if out == before {
            out.remove(&start);
            return out;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// On graphs with circles, loops and doubles: the same entries at the same distances, each way made of real edges,
    /// and a bound that keeps the nearest.
    #[test]
    fn the_walk_finds_what_a_naive_search_finds(
        edges in prop::collection::vec((0..12_i64, 0..12_i64), 0..40),
        most in 0..14_usize,
    ) {
        let mut by: HashMap<i64, Vec<i64>> = HashMap::new();
        for (on, dependent) in &edges {
            by.entry(*on).or_default().push(*dependent);
        }
        let go = |most: usize| {
            let mut asked = BTreeSet::new();
            walk(0, most, |fresh: &[&Reached<()>]| {
                let ids = if fresh.is_empty() { vec![0] } else { fresh.iter().map(|r| r.id).collect() };
                for id in &ids {
                    assert!(asked.insert(*id), "{id} is asked for twice");
                }
                let steps = ids.iter().flat_map(|on| {
                    let all = by.get(on).cloned().unwrap_or_default();
                    all.into_iter().map(|by| Step { on: *on, by, about: () })
                });
                Ok::<_, Infallible>(steps.collect())
            })
            .unwrap()
        };
        let whole = go(usize::MAX);
        let found: BTreeMap<i64, usize> = whole.reached.iter().map(|r| (r.id, r.distance)).collect();
        let wanted = naive(0, &edges);
        prop_assert_eq!(found.len(), whole.reached.len(), "each once");
        prop_assert_eq!(&found, &wanted);
        for (at, node) in whole.reached.iter().enumerate() {
            let (on, distance) = match node.parent {
                None => (0, 0),
                Some(parent) => {
                    prop_assert!(parent < at);
                    (whole.reached[parent].id, whole.reached[parent].distance)
                }
            };
            prop_assert!(edges.contains(&(on, node.id)));
            prop_assert_eq!(distance + 1, node.distance);
        }
        let part = go(most);
        prop_assert_eq!(part.cut, wanted.len() > most);
        prop_assert_eq!(&part.reached[..], &whole.reached[..most.min(wanted.len())]);
    }
}

fn system(house: &House<'_>, name: &str, more: &[(&str, &str)]) -> String {
    let mut pairs = vec![("system_name", name)];
    pairs.extend_from_slice(more);
    if !more.iter().any(|(k, _)| *k == "status") {
        pairs.push(("status", "在用"));
    }
    house.make(&house.liaison, SYSTEMS, &pairs)
}

fn impact(house: &House<'_>, who: &one_ledger::auth::Viewer, register: &str, code: &str) -> Impact {
    let row = house.row(register, code);
    impact::of(
        &mut house.ledger.conn(),
        who,
        house.ground().catalogue,
        &row,
    )
    .unwrap()
}

/// Name and distance of what is seen, in order of the name.
fn told(impact: &Impact) -> BTreeMap<String, usize> {
    let all = impact.seen();
    all.map(|(_, node, place)| (place.name.clone(), node.distance))
        .collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one graph, looked at from all sides")]
fn a_hub_shows_who_depends_on_it_and_who_cannot_be_named() {
    on_both(|ledger| {
        let house = House::new(ledger);
        let hub = system(&house, "统一认证", &[]);
        let near = system(&house, "学籍系统", &[("links", &hub)]);
        system(&house, "招生系统", &[("links", &near)]);
        // Cut off already: neither counted nor passing anything on.
        let gone = system(
            &house,
            "旧考务系统",
            &[
                ("links", &hub),
                ("status", "已下线"),
                ("stop_date", "2024-01-05"),
            ],
        );
        system(&house, "考务查询", &[("links", &gone)]);
        let own = house.make(
            &house.liaison,
            DATASETS,
            &[
                ("name", "学籍信息"),
                ("system_id", &near),
                ("catalog_status", "已发布"),
            ],
        );
        house.make(
            &house.liaison,
            ITEMS,
            &[("name", "学籍号"), ("dataset", &own)],
        );
        let draft = house.make(
            &house.stranger,
            DATASETS,
            &[
                ("name", "未公开目录"),
                ("system_id", &hub),
                ("catalog_status", "待注册"),
            ],
        );
        house.make(
            &house.stranger,
            ITEMS,
            &[("name", "秘密项"), ("dataset", &draft)],
        );

        let seen = impact(&house, &house.liaison, SYSTEMS, &hub);
        let wanted = [
            ("学籍系统", 1),
            ("招生系统", 2),
            ("学籍信息", 2),
            ("学籍号", 3),
        ];
        let wanted: BTreeMap<String, usize> =
            wanted.iter().map(|(n, d)| ((*n).to_owned(), *d)).collect();
        assert_eq!(told(&seen), wanted);
        assert_eq!(seen.counts(true), (2, 1));
        assert_eq!(seen.counts(false), (4, 1));
        let item = seen.seen().find(|(_, _, p)| p.name == "学籍号").unwrap().0;
        let way = seen.way(item);
        let names: Vec<&str> = way
            .iter()
            .map(|h| match h {
                Hop::Seen(place) => place.name.as_str(),
                _ => "?",
            })
            .collect();
        assert_eq!(names, ["学籍系统", "学籍信息"]);
        // The owner of the hidden ones sees them, and the way through what is published to all.
        let theirs = impact(&house, &house.stranger, SYSTEMS, &hub);
        assert!(told(&theirs).contains_key("未公开目录") && told(&theirs).contains_key("秘密项"));
        // A circle: whoever is linked to is cut off as well, and the start is never its own victim.
        let back = impact(&house, &house.liaison, SYSTEMS, &near);
        assert_eq!(told(&back).get("统一认证"), Some(&1));
        assert!(!told(&back).contains_key("学籍系统"));

        let file = ledger.file("impact.csv");
        let directory = Directory::load(&mut ledger.conn()).unwrap();
        let catalogue = house.ground().catalogue;
        let definitions = Definitions {
            catalogue,
            directory: &directory,
            register: catalogue.register(SYSTEMS).unwrap(),
        };
        let row = house.row(SYSTEMS, &hub);
        let conn = &mut ledger.conn();
        let rows = impact::export(
            conn,
            &house.liaison,
            definitions,
            (&row, &seen),
            ExportFormat::Csv,
            &file,
        );
        assert_eq!(rows.unwrap(), 4);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.contains("学籍系统（") && !text.contains("未公开"),
            "{text}"
        );
    });
}

fn open(house: &House<'_>, code: &str) -> Result<Submission, Error> {
    let conn = &mut house.ledger.conn();
    submission::open(
        conn,
        &house.liaison,
        house.ground(),
        (SYSTEMS, code),
        "retirement",
        "",
    )
}

fn link(
    house: &House<'_>,
    who: &one_ledger::auth::Viewer,
    own: &str,
    other: (&str, &str),
    how: (&str, bool, bool),
) -> Result<(), Error> {
    let (field, holds, to_replacement) = how;
    let revision = if holds {
        house.row(other.0, other.1).revision
    } else {
        house.row(SYSTEMS, own).revision
    };
    let wish = LinkWish {
        entry: (SYSTEMS, own),
        other,
        field,
        holds,
        revision,
        to_replacement,
    };
    retire::move_link(&mut house.ledger.conn(), who, house.ground(), &wish).map(drop)
}

const FORM: [(&str, &str); 9] = [
    ("stop_date", "2026-11-20"),
    ("retire_reason", "功能可被其他系统替代"),
    ("data_disposal", "迁移"),
    ("data_disposal_date", "2026-11-21"),
    ("data_disposal_witness", "赵六（市大数据局）"),
    ("interfaces_closed", "11 月 1 日发函通知，11 月 20 日关闭"),
    ("cloud_recovery", "是"),
    ("mlps_cancelled", "是"),
    ("asset_disposal", "服务器退还"),
];

#[test]
#[expect(clippy::too_many_lines, reason = "one walk, step by step")]
fn a_retirement_waits_until_everybody_is_moved_and_ends_with_the_bureau() {
    on_both(|ledger| {
        let house = House::new(ledger);
        let heir = system(&house, "新学籍平台", &[]);
        let partner = system(&house, "招生系统", &[]);
        let old = system(
            &house,
            "旧学籍系统",
            &[
                ("links", &partner),
                ("has_api", "是"),
                ("deployment", "政务云平台"),
                ("mlps_level", "第二级"),
            ],
        );
        let user = system(
            &house,
            "考务系统",
            &[("links", &format!("{old}；{partner}"))],
        );
        let data = house.make(
            &house.liaison,
            DATASETS,
            &[
                ("name", "学籍信息"),
                ("system_id", &old),
                ("catalog_status", "已发布"),
            ],
        );
        let draft = house.make(
            &house.stranger,
            DATASETS,
            &[
                ("name", "未公开目录"),
                ("system_id", &old),
                ("catalog_status", "待注册"),
            ],
        );
        // Not while it runs, and not by hand.
        assert!(conflict(open(&house, &old)).contains("在用"));
        house
            .change(
                &house.liaison,
                SYSTEMS,
                &old,
                &[("stop_date", "2026-11-20")],
            )
            .unwrap();
        house
            .stage(&house.liaison, SYSTEMS, &old, "suspend")
            .unwrap();
        assert!(conflict(house.stage(&house.liaison, SYSTEMS, &old, "retire")).contains("送审"));
        let id = open(&house, &old).unwrap().id;

        let all = problems(house.act(&house.liaison, id, Act::Submit));
        assert_eq!(
            keys(&all),
            [
                "retire_reason",
                "data_disposal",
                "interfaces_closed",
                "cloud_recovery",
                "mlps_cancelled",
                "asset_disposal",
                "links",
                "links",
                "system_id",
                "links",
            ]
        );
        let said = |all: &[one_ledger::error::Problem]| {
            let lines: Vec<&str> = all.iter().map(|p| p.message.as_str()).collect();
            lines.join("\n")
        };
        let text = said(&all);
        for name in ["招生系统", "考务系统", "学籍信息", "另有 1 个"] {
            assert!(text.contains(name), "{name}: {text}");
        }
        assert!(!text.contains("未公开"), "{text}");

        // Without a named replacement nothing can be moved over.
        let theirs = link(
            &house,
            &house.liaison,
            &old,
            (SYSTEMS, &user),
            ("links", true, true),
        );
        assert_eq!(problems(theirs)[0].code, "no_replacement");
        house.change(&house.liaison, SYSTEMS, &old, &FORM).unwrap();
        let all = problems(house.act(&house.liaison, id, Act::Submit));
        assert_eq!(all[0].field, "replaced_by");
        house
            .change(&house.liaison, SYSTEMS, &old, &[("replaced_by", &heir)])
            .unwrap();
        let all = problems(house.act(&house.liaison, id, Act::Submit));
        assert_eq!(all.len(), 4, "{all:?}");
        assert!(all.iter().all(|p| p.suggestion.contains("新学籍平台")));

        let wrong = link(
            &house,
            &house.liaison,
            &old,
            (SYSTEMS, &heir),
            ("links", true, true),
        );
        assert_eq!(problems(wrong)[0].code, "no_link");
        link(
            &house,
            &house.liaison,
            &old,
            (SYSTEMS, &user),
            ("links", true, true),
        )
        .unwrap();
        let links = house.document(SYSTEMS, &user);
        let wanted = one_ledger::register::value::Value::List(vec![partner.clone(), heir.clone()]);
        assert_eq!(links.get("links"), Some(&wanted));
        let own = link(
            &house,
            &house.liaison,
            &old,
            (SYSTEMS, &partner),
            ("links", false, true),
        );
        assert_eq!(problems(own)[0].code, "own_link");
        link(
            &house,
            &house.liaison,
            &old,
            (SYSTEMS, &partner),
            ("links", false, false),
        )
        .unwrap();
        house
            .change(&house.liaison, DATASETS, &data, &[("system_id", &heir)])
            .unwrap();
        let all = problems(house.act(&house.liaison, id, Act::Submit));
        assert_eq!(
            keys(&all),
            ["links"],
            "only what is hidden is left: {all:?}"
        );
        house
            .change(&house.stranger, DATASETS, &draft, &[("system_id", &heir)])
            .unwrap();

        let outlook = retire::outlook(
            &mut ledger.conn(),
            &house.liaison,
            house.ground(),
            &house.row(SYSTEMS, &old),
        )
        .unwrap();
        assert!(outlook.links.is_empty() && outlook.gates.iter().all(|g| g.missing.is_empty()));
        for (who, act) in [
            (&house.liaison, Act::Submit),
            (&house.specialist, Act::Check),
            (&house.cdo, Act::Approve),
            (&house.bureau, Act::Accept),
        ] {
            house.act(who, id, act).unwrap();
        }
        assert_eq!(house.status(SYSTEMS, &old), "suspended");
        // Somebody links to it meanwhile: the bureau is told, and does not cut him off unawares.
        let pairs = [
            ("system_name", "新近接入"),
            ("status", "在用"),
            ("links", old.as_str()),
        ];
        let late = house.make(&house.stranger, SYSTEMS, &pairs);
        let all = problems(house.act(&house.bureau, id, Act::Pass));
        assert!(
            all.len() == 1 && all[0].message.contains("新近接入"),
            "{all:?}"
        );
        // Whoever may not write that entry moves nothing of it.
        refused(link(
            &house,
            &house.liaison,
            &old,
            (SYSTEMS, &late),
            ("links", true, true),
        ));
        house
            .change(&house.stranger, SYSTEMS, &late, &[("links", &heir)])
            .unwrap();
        house.act(&house.bureau, id, Act::Pass).unwrap();
        assert_eq!(house.status(SYSTEMS, &old), "retired");
        assert!(ledger.verify().broken.is_none());
    });
}

#[test]
fn a_register_without_a_form_says_so() {
    let ledger = Ledger::sqlite();
    let house = House::new(&ledger);
    let code = house.make(&house.liaison, DATASETS, &[("name", "学籍信息")]);
    let row = house.row(DATASETS, &code);
    let conn = &mut ledger.conn();
    let why = conflict(retire::outlook(conn, &house.liaison, house.ground(), &row).map(|_| ()));
    assert!(why.contains("下线"), "{why}");
    let code = house.make(
        &house.liaison,
        PROJECTS,
        &[("name", "平台"), ("status", "需求填报")],
    );
    let row = house.row(PROJECTS, &code);
    let outlook = retire::outlook(conn, &house.liaison, house.ground(), &row).unwrap();
    assert_eq!(outlook.gates.len(), 2);
    assert!(matches!(
        retire::outlook(conn, &house.stranger, house.ground(), &row),
        Err(Error::Refused(_))
    ));
}

#[test]
fn signs_of_a_zombie_are_told_with_what_they_come_from() {
    let ledger = Ledger::sqlite();
    let house = House::new(&ledger);
    let poor = system(
        &house,
        "学籍管理系统",
        &[
            ("data_to", "2020-05"),
            ("usage_frequency", "很少"),
            ("active_users", "3"),
            ("om_end", "2021-12-31"),
            ("main_function", "学生学籍注册、转学、休学的在线办理和统计"),
        ],
    );
    let twin = system(
        &house,
        "学籍管理信息平台",
        &[
            ("main_function", "学籍注册、转学、休学的网上办理"),
            ("replaces", &poor),
        ],
    );
    let directory = Directory::load(&mut ledger.conn()).unwrap();
    let catalogue = &ledger.app.catalogue;
    let kept = duplicate::Kept::new(duplicate::Rules::default(), catalogue.regions());
    let signs = |code: &str, rules: zombie::Rules| -> Vec<Sign> {
        let means = Means {
            catalogue,
            directory: &directory,
            kept: &kept,
        };
        let row = house.row(SYSTEMS, code);
        let found = zombie::signs(&mut ledger.conn(), &house.liaison, means, rules, &row, true);
        found.unwrap().unwrap()
    };
    let told = signs(&poor, zombie::Rules::default());
    let with: Vec<&str> = told
        .iter()
        .filter(|s| !s.signs.is_empty())
        .map(|s| s.test.as_str())
        .collect();
    assert_eq!(with, ["detached", "replaced", "unmaintained", "rare"]);
    let replaced = told
        .iter()
        .find(|s| s.test == "replaced")
        .unwrap()
        .signs
        .join("\n");
    assert!(
        replaced.contains("填写了替代") && replaced.contains("相似"),
        "{replaced}"
    );
    assert!(
        told.iter()
            .any(|s| s.test == "idle" && s.unknown.contains("监测"))
    );
    let fine = signs(
        &twin,
        zombie::Rules {
            replaceable: 100,
            ..zombie::Rules::default()
        },
    );
    assert!(fine.iter().all(|s| s.signs.is_empty()), "{fine:?}");
    // Thresholds are the installation's.
    let lenient = zombie::Rules {
        active_users: 1,
        silent_months: 600,
        ..zombie::Rules::default()
    };
    let told = signs(&poor, lenient);
    assert!(
        !told
            .iter()
            .any(|s| s.test == "detached" && !s.signs.is_empty())
    );
}

#[test]
fn all_that_depend_on_a_hub_are_found_in_a_handful_of_questions() {
    let ledger = Ledger::sqlite();
    tiers(&ledger);
    let count = if crate::properties::soak() > 1 {
        10_000
    } else {
        1_200
    };
    let mut lines = vec!["系统编码 | 系统名称 | 主管单位 | 系统状态 | 对接系统清单".to_owned()];
    lines.push("HUB | 统一认证 | 济南市教育局 | 在用 |".to_owned());
    lines.extend((0..count).map(|n| format!("S{n} | 业务系统{n} | 济南市教育局 | 在用 | HUB")));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    ledger.import_whole(&ledger.draw("hub.xlsx", &lines));
    let row = one_ledger::ledger::read::by_code(&mut ledger.conn(), &ledger.viewer, "HUB")
        .unwrap()
        .remove(0);
    let conn = &mut ledger.conn();
    let begun = std::time::Instant::now();
    let found = impact::of(conn, &ledger.viewer, &ledger.app.catalogue, &row).unwrap();
    let took = begun.elapsed();
    assert_eq!(found.counts(true), (count, 0));
    assert_eq!(found.counts(false), (0, 0));
    eprintln!("{count} dependents: {took:?}");
    assert!(took.as_secs() < 5, "{took:?}");
}
