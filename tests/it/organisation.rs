//! The organisation: its history, its bureaus, mergers with everything they move, and lists in and out.

use chrono::NaiveDate;
use one_ledger::audit;
use one_ledger::auth::role::Role;
use one_ledger::auth::{Right, Viewer};
use one_ledger::db::connection::Conn;
use one_ledger::error::Error;
use one_ledger::handover;
use one_ledger::org::as_of;
use one_ledger::org::change::{self, AliasKind, Details, Draft, Placement, Seen};
use one_ledger::org::directory::{Department, Directory, Found};
use one_ledger::org::event::{self, When};
use one_ledger::org::load::{self, Mode};
use one_ledger::org::tree::Tree;
use one_ledger::register::catalogue::Catalogue;
use one_ledger::sheet::export::ExportFormat;

use crate::app::{Ledger, backends, on_both};

/// Three tiers, each with its bureau; one unit.
pub const TIERS: [&str; 8] = [
    "单位代码 | 单位全称 | 简称 | 行政区划 | 上级单位 | 下属单位 | 数据管理部门 | 设立日期",
    "P1 | 山东省大数据局 | 省大数据局 | 370000 | | 否 | 是 | 2018-10-01",
    "C1 | 济南市大数据局 | 市大数据局 | 370100 | | 否 | 是 | 2018-12-01",
    "C2 | 济南市教育局 | 市教育局 | 370100 | | 否 | 否 |",
    "C3 | 济南市教育信息中心 | | 370100 | C2 | 是 | 否 |",
    "C4 | 济南市交通运输局 | 市交通局 | 370100 | | 否 | 否 |",
    "D1 | 济南市历下区大数据中心 | | 370102 | | 否 | 是 |",
    "D2 | 济南市历下区教育局 | | 370102 | | 否 | 否 |",
];

/// A ledger with the three tiers.
pub fn tiers(ledger: &Ledger) {
    let file = ledger.draw("tiers.xlsx", &TIERS);
    ledger.load_organisation(&file);
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A department by code.
pub fn department(ledger: &Ledger, code: &str) -> Department {
    let directory = Directory::load(&mut ledger.conn()).unwrap();
    directory.by_code(code).unwrap().clone()
}

pub fn id(ledger: &Ledger, code: &str) -> i64 {
    department(ledger, code).id
}

fn seen(ledger: &Ledger, code: &str) -> Seen {
    let found = department(ledger, code);
    Seen {
        id: found.id,
        revision: found.revision,
    }
}

/// Somebody signed in who holds a role in a department.
pub fn holder(ledger: &Ledger, account: i64, role: Role, code: &str) -> Viewer {
    let tree = Tree::load(&mut ledger.conn(), ledger.app.catalogue.regions()).unwrap();
    let at = id(ledger, code);
    let home = (!role.is_administrator()).then_some(at);
    let held = [(role, home, tree.extents(at))];
    Viewer::signed_in(account, &format!("{code} {}", role.label()), home, &held)
}

fn admin(ledger: &Ledger) -> Viewer {
    holder(ledger, 900, Role::SystemAdmin, "P1")
}

fn first_problem(error: Error) -> (String, String) {
    match error {
        Error::Invalid(problems) => {
            let first = problems.first().unwrap();
            (first.field.clone(), first.code.clone())
        }
        other => panic!("{other:?}"),
    }
}

fn conn(ledger: &Ledger) -> Conn {
    ledger.conn()
}

#[test]
fn a_rename_keeps_the_old_name_and_the_organisation_of_any_day() {
    on_both(|ledger| {
        tiers(ledger);
        let admin = admin(ledger);
        let c = &mut conn(ledger);
        let when = When::on(day("2024-03-01"), "机构改革");
        let new = change::rename(c, &admin, seen(ledger, "C4"), "济南市交通局", &when).unwrap();
        assert_eq!((new.name.as_str(), new.revision), ("济南市交通局", 2));
        let directory = Directory::load(c).unwrap();
        for name in ["济南市交通局", "济南市交通运输局", "市交通局", "C4"] {
            assert_eq!(directory.find(name), Found::One(new.id), "{name}");
        }
        let on = |c: &mut Conn, text: &str| {
            let all = as_of::on(c, &admin, day(text)).unwrap();
            all.into_iter()
                .find(|d| d.code == "C4")
                .map(|d| d.name)
                .unwrap()
        };
        assert_eq!(on(c, "2024-02-29"), "济南市交通运输局");
        assert_eq!(on(c, "2024-03-01"), "济南市交通局");
        let history = event::history(c, &admin, new.id).unwrap();
        assert_eq!(history[0].kind, "renamed");
        assert_eq!(history[0].reason, "机构改革");
        assert_eq!(history[0].true_from, Some(day("2024-03-01")));
        assert!(history[0].before.contains("济南市交通运输局"));
        // A department that had not been set up was not there.
        let early = as_of::on(c, &admin, day("2018-11-01")).unwrap();
        assert!(early.iter().any(|d| d.code == "P1") && early.iter().all(|d| d.code != "C1"));
    });
}

#[test]
fn a_change_from_an_old_state_is_refused_and_so_is_anybody_but_the_system_administrator() {
    on_both(|ledger| {
        tiers(ledger);
        let admin = admin(ledger);
        let c = &mut conn(ledger);
        let old = seen(ledger, "C4");
        let when = When::on(day("2024-03-01"), "改革");
        change::rename(c, &admin, old, "甲局", &when).unwrap();
        let again = change::rename(c, &admin, old, "乙局", &when).unwrap_err();
        assert!(matches!(again, Error::Stale(_)), "{again:?}");
        for (n, role) in [(1, Role::Bureau), (2, Role::Cdo), (3, Role::SecurityAdmin)] {
            let other = holder(ledger, n, role, "C1");
            let refused = change::rename(c, &other, seen(ledger, "C4"), "丙局", &when).unwrap_err();
            assert!(matches!(&refused, Error::Refused(rule) if rule.contains("系统管理员")));
        }
    });
}

#[test]
fn every_problem_of_a_change_is_told_at_once() {
    on_both(|ledger| {
        tiers(ledger);
        let admin = admin(ledger);
        let c = &mut conn(ledger);
        let tomorrow = one_ledger::clock::today().succ_opt().unwrap();
        let when = When::on(tomorrow, "");
        let error = change::rename(c, &admin, seen(ledger, "C4"), "济南市教育局", &when);
        let Err(Error::Invalid(problems)) = error else {
            panic!("{error:?}")
        };
        let fields: Vec<&str> = problems.iter().map(|p| p.field.as_str()).collect();
        assert_eq!(fields, ["reason", "from", "name"]);
        let regions = ledger.app.catalogue.regions();
        let draft = Draft {
            code: Some("C2".to_owned()),
            name: "坏\u{0}名".to_owned(),
            credit_code: Some("123".to_owned()),
            place: Placement {
                region: Some("999999".to_owned()),
                parent: Some(4711),
                unit: true,
            },
            ..Draft::default()
        };
        let Err(Error::Invalid(problems)) = change::create(c, &admin, regions, &draft, "") else {
            panic!()
        };
        let fields: Vec<&str> = problems.iter().map(|p| p.field.as_str()).collect();
        assert_eq!(fields, ["name", "code", "region", "parent", "credit_code"]);
        // A change dated before the last one would make history contradict itself.
        let when = |text: &str| When::on(day(text), "改革");
        change::rename(c, &admin, seen(ledger, "C4"), "甲局", &when("2024-03-01")).unwrap();
        let early = change::rename(c, &admin, seen(ledger, "C4"), "乙局", &when("2023-01-01"));
        assert_eq!(first_problem(early.unwrap_err()).1, "before_last");
    });
}

#[test]
fn a_region_has_one_bureau_and_departments_hang_in_no_circle() {
    on_both(|ledger| {
        tiers(ledger);
        let admin = admin(ledger);
        let c = &mut conn(ledger);
        let when = When::today("换局");
        change::set_bureau(c, &admin, seen(ledger, "C4"), &when).unwrap();
        assert!(!department(ledger, "C1").bureau && department(ledger, "C4").bureau);
        assert!(department(ledger, "D1").bureau, "another region's stays");
        let kinds: Vec<String> = event::history(c, &admin, id(ledger, "C1"))
            .unwrap()
            .into_iter()
            .map(|e| e.kind)
            .collect();
        assert_eq!(kinds, ["bureau_ended", "made"]);
        let unit = change::set_bureau(c, &admin, seen(ledger, "C3"), &when).unwrap_err();
        assert_eq!(first_problem(unit).1, "no_region");
        let regions = ledger.app.catalogue.regions();
        let below = Placement {
            region: Some("370100".to_owned()),
            parent: Some(id(ledger, "C3")),
            unit: true,
        };
        let circle = change::relocate(c, &admin, regions, seen(ledger, "C2"), &below, &when);
        assert_eq!(first_problem(circle.unwrap_err()).1, "circle");
        let elsewhere = Placement {
            region: Some("370102".to_owned()),
            ..Placement::default()
        };
        let bureau = change::relocate(c, &admin, regions, seen(ledger, "C4"), &elsewhere, &when);
        assert_eq!(first_problem(bureau.unwrap_err()).1, "is_bureau");
        let moved = change::relocate(c, &admin, regions, seen(ledger, "C2"), &elsewhere, &when);
        assert_eq!(moved.unwrap().region.as_deref(), Some("370102"));
    });
}

#[test]
fn details_and_aliases_are_corrected() {
    on_both(|ledger| {
        tiers(ledger);
        let admin = admin(ledger);
        let c = &mut conn(ledger);
        let details = Details {
            credit_code: Some("11370000000090018c".to_owned()),
            category: Some("政府部门".to_owned()),
            sort: 3,
            valid_from: Some(day("2000-01-01")),
        };
        let when = When::today("核对");
        let new = change::amend(c, &admin, seen(ledger, "C2"), &details, &when).unwrap();
        assert_eq!(new.credit_code.as_deref(), Some("11370000000090018C"));
        let alias = ("济南教育", AliasKind::Other);
        change::add_alias(c, &admin, seen(ledger, "C2"), alias, &when).unwrap();
        assert_eq!(
            Directory::load(c).unwrap().find("济南教育"),
            Found::One(new.id)
        );
        let twice = change::add_alias(c, &admin, seen(ledger, "C2"), alias, &when).unwrap_err();
        assert_eq!(first_problem(twice).1, "duplicate");
        change::remove_alias(c, &admin, seen(ledger, "C2"), "济南教育", &when).unwrap();
        assert_ne!(
            Directory::load(c).unwrap().find("济南教育"),
            Found::One(new.id)
        );
        let taken = change::amend(c, &admin, seen(ledger, "C4"), &details, &when).unwrap_err();
        assert_eq!(
            first_problem(taken),
            ("credit_code".to_owned(), "duplicate".to_owned())
        );
    });
}

#[test]
fn a_merger_moves_units_entries_and_names_and_keeps_history() {
    on_both(|ledger| {
        tiers(ledger);
        let admin = admin(ledger);
        let file = ledger.draw(
            "systems.xlsx",
            &[
                "系统名称 | 主管单位 | 主要功能",
                "学籍系统 | 济南市教育局 | 学籍",
                "考务系统 | 济南市教育局 | 考务",
                "路况系统 | 济南市交通运输局 | 路况",
            ],
        );
        ledger.import_whole(&file);
        let c = &mut conn(ledger);
        let into = id(ledger, "C4");
        let when = When::on(one_ledger::clock::today(), "机构改革");
        let catalogue = &ledger.app.catalogue;
        let moved = handover::merge(c, &admin, catalogue, seen(ledger, "C2"), into, &when).unwrap();
        assert_eq!((moved.entries, moved.ended.units), (2, 1));
        let snapshot = ledger.snapshot();
        assert!(snapshot.entries.values().all(|(owner, _)| owner == "C4"));
        assert_eq!(ledger.verify().broken, None);
        assert_eq!(department(ledger, "C3").parent_id, Some(into));
        let over = department(ledger, "C2");
        assert!(over.is_over() && over.merged_into == Some(into));
        let directory = Directory::load(c).unwrap();
        for name in ["济南市教育局", "市教育局", "C2"] {
            assert_eq!(directory.find(name), Found::One(into), "{name}");
        }
        // An import under the old name is the heir's.
        let file = ledger.draw(
            "more.xlsx",
            &["系统名称 | 主管单位", "招生系统 | 济南市教育局"],
        );
        ledger.import_whole(&file);
        let snapshot = ledger.snapshot();
        assert_eq!(snapshot.entries.len(), 4);
        assert!(snapshot.entries.values().all(|(owner, _)| owner == "C4"));
        let again = handover::merge(c, &admin, catalogue, seen(ledger, "C2"), into, &when);
        assert!(matches!(again, Err(Error::Conflict(_))));
        let before = one_ledger::clock::today().pred_opt().unwrap();
        let then = as_of::on(c, &admin, before).unwrap();
        let unit = then.iter().find(|d| d.code == "C3").unwrap();
        assert_eq!(
            unit.parent_id,
            Some(over.id),
            "the unit belonged there then"
        );
        assert!(then.iter().any(|d| d.code == "C2"));
        // A list that still names it is refused instead of renaming the heir.
        let file = ledger.draw("old.csv", &["单位全称", "济南市教育局"]);
        let with = (&ledger.app.parser, catalogue);
        let said = load::take_in(c, &admin, with, &file, Mode::Apply).unwrap();
        assert_eq!(said.problems.len(), 1, "{said:?}");
        assert_eq!(department(ledger, "C4").name, "济南市交通运输局");
    });
}

#[test]
fn a_department_with_entries_units_or_the_bureau_is_not_abolished() {
    on_both(|ledger| {
        tiers(ledger);
        let admin = admin(ledger);
        let file = ledger.draw(
            "s.xlsx",
            &["系统名称 | 主管单位", "路况 | 济南市交通运输局"],
        );
        ledger.import_whole(&file);
        let c = &mut conn(ledger);
        let when = When::today("撤销");
        for code in ["C2", "C4"] {
            let refused = handover::abolish(c, &admin, seen(ledger, code), &when).unwrap_err();
            assert!(matches!(refused, Error::Conflict(_)), "{code}: {refused:?}");
            assert!(!department(ledger, code).is_over());
        }
        let bureau = handover::abolish(c, &admin, seen(ledger, "C1"), &when).unwrap_err();
        assert_eq!(first_problem(bureau).1, "is_bureau");
        handover::abolish(c, &admin, seen(ledger, "D2"), &when).unwrap();
        let today = one_ledger::clock::today();
        assert!(!department(ledger, "D2").exists_on(today));
        assert!(department(ledger, "D2").exists_on(today.pred_opt().unwrap()));
    });
}

#[test]
fn a_list_tells_its_problems_by_cell_and_what_is_exported_reads_back_as_no_change() {
    on_both(|ledger| {
        tiers(ledger);
        let c = &mut conn(ledger);
        let with = (&ledger.app.parser, &ledger.app.catalogue);
        for format in [ExportFormat::Xlsx, ExportFormat::Csv] {
            let out = ledger.file(&format!("back.{}", format.extension()));
            let regions = ledger.app.catalogue.regions();
            let count = load::export(c, &ledger.viewer, regions, format, &out).unwrap();
            assert_eq!(count, TIERS.len() - 1);
            let said = load::take_in(c, &ledger.viewer, with, &out, Mode::Check).unwrap();
            assert_eq!(
                (said.new, said.changed, said.problems),
                (0, 0, vec![]),
                "{format:?}"
            );
        }
        let file = ledger.draw(
            "bad.xlsx",
            &[
                "单位全称 | 行政区划 | 上级单位 | 数据管理部门 | 设立日期",
                "甲局 | 月球 | 没有的局 | 也许 | 昨天",
                "乙局 | 370100 | | 是 |",
                "丙局 | 370100 | | 是 |",
            ],
        );
        let said = load::take_in(c, &ledger.viewer, with, &file, Mode::Apply).unwrap();
        let cells: Vec<String> = said
            .problems
            .iter()
            .map(|p| format!("{}{}", p.column.clone().unwrap_or_default(), p.row))
            .collect();
        assert_eq!(
            cells,
            ["B2", "E2", "D2", "C2", "D4"],
            "{:#?}",
            said.problems
        );
        let admin = admin(ledger);
        let bureau = holder(ledger, 1, Role::Bureau, "C1");
        let refused = load::take_in(c, &bureau, with, &file, Mode::Check).unwrap_err();
        assert!(matches!(refused, Error::Refused(_)));
        // The bureau moves with the list.
        let file = ledger.draw(
            "new.csv",
            &["单位全称,数据管理部门", "济南市教育局,是"]
                .map(|l| Box::leak(l.replace(',', "|").into_boxed_str()) as &str),
        );
        let checked = load::take_in(c, &admin, with, &file, Mode::Check).unwrap();
        assert_eq!(
            (checked.changed, department(ledger, "C1").bureau),
            (1, true)
        );
        let done = load::take_in(c, &admin, with, &file, Mode::Apply).unwrap();
        assert_eq!((done.changed, done.problems.len()), (1, 0));
        assert!(department(ledger, "C2").bureau && !department(ledger, "C1").bureau);
        assert_eq!(audit::verify(c, &ledger.viewer).unwrap().broken, None);
    });
}

#[test]
fn the_template_of_departments_is_empty_but_for_its_example() {
    let ledger = Ledger::sqlite();
    let out = ledger.file("template.xlsx");
    load::template(&out).unwrap();
    let with = (&ledger.app.parser, &ledger.app.catalogue);
    let said = load::take_in(&mut ledger.conn(), &ledger.viewer, with, &out, Mode::Check).unwrap();
    assert_eq!((said.new, said.problems), (0, vec![]));
}

/// A made-up province: regions of its own, and nothing in the code knows them.
const PROVINCE: &str = "code,name,level,parent,kind,aliases\n\
    990000,云海省,province,,省,\n\
    990100,云山市,city,990000,地级市,\n\
    990101,清溪区,county,990100,市辖区,\n";

#[test]
fn another_province_is_brought_by_a_deployments_folder() {
    for backend in backends() {
        let folder = tempfile::tempdir().unwrap();
        let lists = folder.path().join("lists");
        std::fs::create_dir_all(&lists).unwrap();
        std::fs::write(lists.join("regions.csv"), PROVINCE).unwrap();
        let catalogue = Catalogue::load(Some(folder.path())).unwrap();
        let ledger = Ledger::with(backend, catalogue);
        let file = ledger.draw(
            "cloud.csv",
            &[
                "单位代码 | 单位全称 | 行政区划 | 数据管理部门",
                "Y1 | 云海省数据局 | 云海省 | 是",
                "Y2 | 云山市数据局 | 云山市 | 是",
                "Y3 | 清溪区教育局 | 云山市清溪区 | ",
            ],
        );
        ledger.load_organisation(&file);
        assert_eq!(department(&ledger, "Y3").region.as_deref(), Some("990101"));
        let superior = holder(&ledger, 1, Role::Bureau, "Y1");
        assert!(superior.can(Right::SeeOwn, id(&ledger, "Y3")));
        let city = holder(&ledger, 2, Role::Bureau, "Y2");
        assert!(!city.can(Right::SeeOwn, id(&ledger, "Y1")));
    }
}
