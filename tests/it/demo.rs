//! The demo as it is served: what is played on it, by whom, and that its history is whole.

use diesel::prelude::*;
use one_ledger::auth::Viewer;
use one_ledger::db::connection::{Conn, Database};
use one_ledger::db::schema::{entries, issues, share_acts, share_answers, share_requests};
use one_ledger::ledger::as_of::Definitions;
use one_ledger::ledger::ends;
use one_ledger::org::directory::Directory;
use one_ledger::sharing::{LINKS, proposed};

use crate::app::service::Service;
use crate::app::{catalogue, program, run_to_end};

/// How each link stands between its ends, and whether it is over, in the order they were recorded.
fn links(conn: &mut Conn) -> Vec<(&'static str, bool)> {
    let rows: Vec<(i64, String)> = entries::table
        .filter(entries::register.eq(LINKS))
        .order(entries::id)
        .select((entries::id, entries::stage))
        .load(conn)
        .unwrap();
    rows.into_iter()
        .map(|(id, stage)| {
            let standing = ends::pair(conn, id).unwrap().standing();
            (standing.label(), stage == "retired")
        })
        .collect()
}

/// State and rung of each issue that a person raised.
fn raised(conn: &mut Conn) -> Vec<(String, i32)> {
    issues::table
        .filter(issues::cause.is_null())
        .order(issues::id)
        .select((issues::state, issues::rung))
        .load(conn)
        .unwrap()
}

fn proposals(conn: &mut Conn) -> usize {
    let directory = Directory::load(conn).unwrap();
    let definitions = Definitions {
        catalogue: catalogue(),
        directory: &directory,
        register: catalogue().register(LINKS).unwrap(),
    };
    let operator = Viewer::operator("测试员");
    let found = proposed::list(conn, &operator, definitions, proposed::MOST).unwrap();
    assert!(found.iter().all(|p| p.consumer.is_some()), "{found:#?}");
    found.len()
}

#[test]
fn the_served_demo_shares_at_every_stage_and_its_history_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    let mut command = program();
    command.args(["demo", "--listen", "127.0.0.1:0", "--out"]);
    let service = Service::start_as(command.arg(&out));
    // It is answered once everything is played.
    assert_eq!(service.get("/healthz").status, 200);
    let file = out.join("one-ledger.db");
    let database = Database::at(&file.to_string_lossy()).unwrap();
    let conn = &mut database.connect().unwrap();
    let wanted = [
        ("有争议", false),
        ("待使用方确认", false),
        ("待提供方确认", false),
        ("已确认", false),
        ("已确认", false),
        ("已确认", true),
        // Of the request that was agreed to.
        ("已确认", false),
    ];
    assert_eq!(links(conn), wanted);
    assert_eq!(proposals(conn), 2);
    let states: Vec<String> = share_requests::table
        .order(share_requests::id)
        .select(share_requests::state)
        .load(conn)
        .unwrap();
    let wanted = [
        "draft",
        "internal",
        "submitted",
        "papers_asked",
        "supplying",
        "refused",
        "submitted",
    ];
    assert_eq!(states, wanted);
    let extensions: i64 = share_answers::table
        .filter(share_answers::ext_state.eq("asked"))
        .count()
        .get_result(conn)
        .unwrap();
    assert_eq!(extensions, 1);
    let nobodys: i64 = share_acts::table
        .filter(share_acts::account_id.is_null())
        .count()
        .get_result(conn)
        .unwrap();
    assert_eq!(nobodys, 0, "every act is somebody's");
    let wanted = [("open", 0), ("working", 1), ("proposed", 0), ("closed", 0)];
    assert_eq!(
        raised(conn),
        wanted.map(|(state, rung)| (state.to_owned(), rung))
    );
    let disputes: i64 = issues::table
        .filter(issues::cause.like("link:%"))
        .filter(issues::kind.eq("mismatch"))
        .filter(issues::open.eq(true))
        .count()
        .get_result(conn)
        .unwrap();
    assert_eq!(disputes, 1, "of the link in dispute");
    service.terminate();
    let verify = run_to_end(program().args(["verify", "--database"]).arg(&file));
    assert_eq!(verify.code, Some(0), "{verify:?}");
    assert!(verify.out.contains("历史完整"), "{verify:?}");
}
