//! The desk: what the database counts and pages is what `standing` says of each link, for everybody.

use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use one_ledger::auth::viewer::Extents;
use one_ledger::auth::{Right, Role, Viewer};
use one_ledger::db::fragment::Fragment;
use one_ledger::db::schema::entries;
use one_ledger::db::scope::{seen_of, visible, visible_of};
use one_ledger::ledger::ends::{Act, Standing};
use one_ledger::sharing::LINKS;
use one_ledger::sharing::link::{self, View, Wish};

use super::{Error, GIVES, Ledger, SAME, Scene, TAKES, THIRD, department, on_both, viewer};

const ITEMS: &str =
    "数据提供单位 | 数据使用单位 | 信息项 | 对接方式 | 更新频率 | 使用场景 | 对接状态";

/// What ends may have said, beside each other: states of both, and the words of both.
const SAID: [(&str, &str, &str, &str); 11] = [
    ("stated", r#"{"share_mode":"1"}"#, "", ""),
    (
        "stated",
        r#"{"share_mode":"1"}"#,
        "stated",
        r#"{"share_mode":"1"}"#,
    ),
    (
        "stated",
        r#"{"share_mode":"1"}"#,
        "stated",
        r#"{"share_mode":"2"}"#,
    ),
    (
        "stated",
        r#"{"share_mode":"1"}"#,
        "stated",
        r#"{"frequency":"3"}"#,
    ),
    (
        "stated",
        r#"{"frequency":"3","share_mode":"1"}"#,
        "stated",
        r#"{"share_mode":"1"}"#,
    ),
    ("stated", "{}", "stated", "{}"),
    ("stated", "{}", "outdated", r#"{"share_mode":"2"}"#),
    ("outdated", r#"{"share_mode":"1"}"#, "stated", "{}"),
    ("outdated", "{}", "outdated", "{}"),
    ("disputed", "{}", "stated", "{}"),
    ("stated", "{}", "disputed", "{}"),
];

/// Links of which the ends have said all that; one more has ended.
fn said(scene: &Scene<'_>) {
    let ledger = scene.ledger;
    let rows: Vec<String> = (0..=SAID.len())
        .map(|n| {
            let (gives, takes) = if n % 2 == 0 {
                (GIVES, TAKES)
            } else {
                (TAKES, GIVES)
            };
            format!("{gives} | {takes} | 事项{n} | 服务接口 | 每日 | 核验 | 运行中")
        })
        .collect();
    let lines: Vec<&str> = [ITEMS]
        .into_iter()
        .chain(rows.iter().map(String::as_str))
        .collect();
    ledger.import_whole(&ledger.draw("links.xlsx", &lines));
    let rows = scene.rows();
    assert_eq!(rows.len(), SAID.len() + 1);
    let mut sql = String::new();
    for (row, (one, gives, other, takes)) in rows.iter().zip(SAID) {
        let id = row.id;
        sql.push_str(&format!(
            "UPDATE link_ends SET state = '{one}', said = '{gives}' WHERE entry_id = {id} AND side = 'provider';"
        ));
        if !other.is_empty() {
            sql.push_str(&format!(
                "INSERT INTO link_ends (entry_id, side, state, said, note, revision, version, actor, at) \
                 VALUES ({id}, 'consumer', '{other}', '{takes}', '', 1, 1, '', '2026-01-01 00:00:00');"
            ));
        }
    }
    let ended = rows.last().unwrap().id;
    sql.push_str(&format!(
        "UPDATE entries SET stage = 'retired' WHERE id = {ended};"
    ));
    ledger.tamper(&sql);
}

/// The numbers of a view as each link says it of itself, the last one first.
fn expected(scene: &Scene<'_>, who: &Viewer, view: View) -> Vec<i64> {
    let mut out = Vec::new();
    for row in scene.rows().iter().rev().filter(|r| r.stage != "retired") {
        let Ok(link) = scene.with(|conn, d| link::one(conn, who, d, &row.code)) else {
            continue;
        };
        let fits = match (view, link.standing()) {
            (View::All, _)
            | (View::Disputed, Standing::Disputed)
            | (View::Confirmed, Standing::Confirmed) => true,
            (View::Mine | View::Others, Standing::Waiting(side)) => {
                let waits = link.department(side);
                let mine = waits.is_some_and(|d| who.can(Right::ApproveSharing, d));
                mine == (view == View::Mine)
            }
            _ => false,
        };
        if fits {
            out.push(row.id);
        }
    }
    out
}

/// Somebody of many departments, most of which have nothing.
fn of_many(home: i64) -> Viewer {
    let own: Vec<i64> = (0..40).map(|n| home + n * 1_000).collect();
    let extents = Extents {
        own,
        ..Extents::default()
    };
    Viewer::signed_in(7, "多部门", Some(home), &[(Role::Cdo, Some(home), extents)])
}

#[test]
fn the_desk_counts_and_pages_what_each_link_says() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        said(&scene);
        let everybody = [
            viewer(ledger, Role::Specialist, GIVES),
            viewer(ledger, Role::Cdo, TAKES),
            viewer(ledger, Role::Liaison, GIVES),
            viewer(ledger, Role::Specialist, THIRD),
            viewer(ledger, Role::Bureau, "济南市大数据局"),
            of_many(department(ledger, GIVES)),
            Viewer::operator("运维"),
        ];
        let mut conn = ledger.conn();
        for who in &everybody {
            let counts = link::counts(&mut conn, who).unwrap();
            assert_eq!(counts.len(), View::ALL.len());
            for (view, count) in counts {
                let wanted = expected(&scene, who, view);
                let told = format!("{}: {}", who.name(), view.word());
                assert_eq!(count, wanted.len(), "{told}");
                let (mut found, mut cursor) = (Vec::new(), None);
                loop {
                    let page = link::page(&mut conn, who, view, cursor, 2).unwrap();
                    assert!(page.links.len() <= 2, "{told}");
                    found.extend(page.links.iter().map(|l| l.row.id));
                    cursor = page.next;
                    if cursor.is_none() {
                        break;
                    }
                }
                assert_eq!(found, wanted, "{told}");
            }
            let risks = link::at_risk(&mut conn, who, 4).unwrap();
            let wanted: Vec<i64> = [View::Mine, View::Disputed, View::Others]
                .into_iter()
                .flat_map(|view| expected(&scene, who, view))
                .take(4)
                .collect();
            let found: Vec<i64> = risks.links.iter().map(|l| l.row.id).collect();
            assert_eq!(found, wanted, "{}", who.name());
            assert!(risks.links.iter().all(|l| !l.is_ended()));
        }
        let takes = &everybody[1];
        let mine = expected(&scene, takes, View::Mine).len();
        let disputed = expected(&scene, takes, View::Disputed).len();
        assert!(mine > 0 && disputed > 0);
        assert_eq!(link::waiting(&mut conn, takes).unwrap(), (mine, disputed));
    });
}

#[test]
fn what_has_ended_is_neither_confirmed_nor_disputed() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        scene.import(&scene.gives, "1.xlsx", &[SAME]);
        assert!(!scene.link(&scene.takes).acts().is_empty());
        ledger.tamper("UPDATE entries SET stage = 'retired' WHERE register = 'sharing_link'");
        assert_eq!(scene.link(&scene.takes).acts(), []);
        for act in [Act::Confirm, Act::Dispute] {
            let refused = scene.act(&scene.takes, act, "没有这回事").unwrap_err();
            assert!(matches!(refused, Error::Conflict(_)), "{refused}");
            assert!(refused.to_string().contains("已终止"), "{refused}");
        }
        assert_eq!(scene.open_issues(), 0);
    });
}

#[test]
fn who_has_said_what_stands_settles_no_dispute_by_saying_it_again() {
    on_both(|ledger| {
        let scene = Scene::new(ledger);
        scene.import(&scene.gives, "1.xlsx", &[SAME]);
        scene.import(&scene.takes, "2.xlsx", &[super::OTHER]);
        let refused = scene.act(&scene.gives, Act::Confirm, "").unwrap_err();
        assert!(matches!(refused, Error::Conflict(_)), "{refused}");
        assert_eq!(scene.standing(), Standing::Disputed);
        let link = scene.act(&scene.takes, Act::Confirm, "").unwrap();
        assert_eq!(link.standing(), Standing::Confirmed);
        assert_eq!(scene.open_issues(), 0);
    });
}

#[test]
fn who_answers_for_both_ends_takes_back_the_dispute_of_the_provider() {
    let ledger = Ledger::sqlite();
    let scene = Scene::new(&ledger);
    let own = "济南市教育局 | 济南市第一中学 | 学籍信息 | 服务接口 | 每日 | 核验 | 张三 | 运行中";
    scene.import(&scene.gives, "1.xlsx", &[own]);
    scene.act(&scene.gives, Act::Confirm, "").unwrap();
    assert_eq!(scene.standing(), Standing::Confirmed);
    ledger.tamper("UPDATE link_ends SET state = 'disputed' WHERE side = 'provider'");
    let seen = scene.link(&scene.gives);
    let wish = Wish {
        code: &seen.row.code,
        version: seen.version(),
        act: Act::Withdraw,
        note: "",
    };
    let link = scene.with(|conn, d| link::act(conn, &scene.gives, d, &wish).unwrap());
    assert_ne!(link.standing(), Standing::Disputed);
}

#[test]
fn the_entries_of_few_departments_are_found_by_the_indexes_of_both_ends() {
    let ledger = Ledger::sqlite();
    let scene = Scene::new(&ledger);
    scene.import(&scene.gives, "1.xlsx", &[SAME]);
    type Step = (Integer, Integer, Integer, Text);
    let plan = "EXPLAIN QUERY PLAN SELECT entries.id FROM entries WHERE ";
    let steps: Vec<(i32, i32, i32, String)> = Fragment::<Step>::sql(plan)
        .append(seen_of(&scene.takes, LINKS).within())
        .load(&mut ledger.conn())
        .unwrap();
    let told: Vec<&str> = steps.iter().map(|s| s.3.as_str()).collect();
    for index in ["entries_department", "entries_party"] {
        assert!(told.iter().any(|t| t.contains(index)), "{told:#?}");
    }
    assert!(told.iter().all(|t| !t.starts_with("SCAN")), "{told:#?}");
    let mut conn = ledger.conn();
    for who in [
        &scene.gives,
        &scene.takes,
        &viewer(&ledger, Role::Cdo, THIRD),
    ] {
        let one: Vec<i64> = visible_of(who, LINKS)
            .select(entries::id)
            .load(&mut conn)
            .unwrap();
        let other: Vec<i64> = visible(who)
            .filter(entries::register.eq(LINKS))
            .select(entries::id)
            .load(&mut conn)
            .unwrap();
        assert_eq!(one, other, "{}", who.name());
    }
}
