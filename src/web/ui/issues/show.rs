//! One issue: what it is, whose move it is, what may be done, and its way so far.

use actix_web::web;
use askama::Template;

use super::{Answer, HERE, Row, grounded, name};
use crate::almanac;
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::error::{Problem, Result};
use crate::issue::files::{self, IssueFile};
use crate::issue::shown::{self, Shown};
use crate::issue::steps::{Act, Turn, rung_label};
use crate::issue::{self, Ground, Issue, ladder};
use crate::ledger::entry::EntryRow;
use crate::sharing::reconcile;
use crate::web::caller::{Ask, Caller};
use crate::web::desk::coded;
use crate::web::page::Shell;
use crate::web::ui::reconcile::merge_address;

/// A rung of the ladder with who has it in hand there.
struct Rung {
    label: &'static str,
    handler: String,
    done: bool,
    now: bool,
}

/// One of the two departments.
struct Party {
    what: &'static str,
    department: String,
    cdo: String,
    moves: bool,
}

/// An entry it is about.
struct Entry {
    href: String,
    register: String,
    code: String,
    name: String,
}

/// A step that was taken, in words.
struct Step {
    at: String,
    label: &'static str,
    actor: String,
    department: String,
    note: String,
}

/// The page.
#[derive(Template)]
#[template(path = "issues/show.html")]
pub(super) struct Show {
    shell: Shell,
    problems: Vec<Problem>,
    issue: Issue,
    row: Row,
    rungs: Vec<Rung>,
    parties: Vec<Party>,
    entries: Vec<Entry>,
    hidden: usize,
    /// Where its two entries are merged, when they seem to be one link.
    merge: String,
    proofs: Vec<Shown>,
    acts: Vec<Act>,
    note: String,
    comments: bool,
    files: Vec<IssueFile>,
    account: Option<i64>,
    steps: Vec<Step>,
    opened: String,
    closed: String,
    today: String,
    days: Option<i32>,
}

/// Puts the page together.
pub(super) fn page(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    id: i64,
    note: &str,
    problems: Vec<Problem>,
) -> Result<Show> {
    let row = issue::get(ask.conn, &ask.viewer, id)?;
    let (calendar, _) = almanac::calendar(ask.conn)?;
    let concerned = issue::concerned(ask.conn, &ask.viewer, &row)?;
    let found = if row.open {
        issue::proof::found(ask.conn, ground.directory, &row)?
    } else {
        row.proofs()
    };
    let steps = issue::history(ask.conn, &ask.viewer, id)?;
    let merge = merge(&ask.viewer, &row, &concerned.rows);
    let entries = concerned.rows.into_iter().map(|e| {
        let register = ground.catalogue.register(&e.register);
        Entry {
            href: format!("/registers/{}/{}", e.register, coded(&e.code)),
            register: register.map(|r| r.label.clone()).unwrap_or_default(),
            code: e.code,
            name: e.name,
        }
    });
    let steps = steps.into_iter().rev().map(|t| Step {
        at: clock::local(t.at),
        label: t.label(),
        department: t
            .department_id
            .map(|id| name(ground.directory, id))
            .unwrap_or_default(),
        actor: t.actor,
        note: t.note,
    });
    Ok(Show {
        problems,
        row: Row::of(ground, &calendar, &row),
        rungs: rungs(ground, &row),
        parties: parties(ask, ground, &row)?,
        entries: entries.collect(),
        hidden: concerned.hidden,
        merge,
        proofs: shown::proofs(ask.conn, &ask.viewer, ground, &found)?,
        acts: buttons(&ask.viewer, ground, &row, !found.is_empty()),
        note: note.to_owned(),
        comments: issue::may_comment(&ask.viewer, &row),
        files: files::list(ask.conn, &ask.viewer, id)?,
        account: ask.viewer.account(),
        steps: steps.collect(),
        opened: clock::local(row.opened_at),
        closed: row.closed_at.map(clock::local).unwrap_or_default(),
        today: clock::today().to_string(),
        days: row.days,
        shell: ask.shell(&row.title, HERE),
        issue: row,
    })
}

/// The address where the entries of a twin are merged, for who may write both.
fn merge(viewer: &Viewer, row: &Issue, concerned: &[EntryRow]) -> String {
    let twins = row.cause.as_deref().filter(|_| row.open);
    let entry = |id: i64| {
        let mut found = concerned.iter().filter(|e| e.id == id);
        found.find(|e| viewer.can(Right::Write, e.department_id))
    };
    match twins
        .and_then(reconcile::twins_of)
        .map(|ids| ids.map(entry))
    {
        Some([Some(keep), Some(drop)]) => merge_address(&keep.register, [&keep.code, &drop.code]),
        _ => String::new(),
    }
}

/// The buttons, the likeliest first; nothing is offered that lacks proof.
fn buttons(viewer: &Viewer, ground: Ground<'_>, row: &Issue, proven: bool) -> Vec<Act> {
    const ORDER: [Act; 11] = [
        Act::Confirm,
        Act::Reject,
        Act::Propose,
        Act::Answer,
        Act::HandOut,
        Act::Decide,
        Act::Progress,
        Act::Escalate,
        Act::Reschedule,
        Act::Withdraw,
        Act::Reopen,
    ];
    let open = issue::acts(viewer, ground, row);
    let offered = ORDER.into_iter().filter(|act| open.contains(act));
    offered
        .filter(|act| proven || !matches!(act, Act::Propose | Act::Confirm))
        .collect()
}

fn rungs(ground: Ground<'_>, row: &Issue) -> Vec<Rung> {
    let regions = ground.catalogue.regions();
    let all = ladder::rungs(ground.directory, regions, row.raised_by, row.owed_by);
    all.into_iter()
        .map(|rung| Rung {
            label: rung_label(rung.number),
            handler: rung
                .handler
                .map(|id| name(ground.directory, id))
                .unwrap_or_default(),
            done: rung.number < row.rung,
            now: rung.number == row.rung,
        })
        .collect()
}

fn parties(ask: &mut Ask<'_>, ground: Ground<'_>, row: &Issue) -> Result<Vec<Party>> {
    let sides = [
        ("提出方", row.raised_by, Turn::Raised),
        ("责任方", row.owed_by, Turn::Owed),
    ];
    let mut out = Vec::new();
    for (what, department, turn) in sides {
        let cdo = issue::cdo(ask.conn, &ask.viewer, department)?;
        out.push(Party {
            what,
            department: name(ground.directory, department),
            cdo: cdo.map_or_else(|| "空缺".to_owned(), |(name, _)| name),
            moves: row.open && row.turn() == turn,
        });
    }
    if let Some(handler) = row.handler_id {
        out.push(Party {
            what: "协调方",
            department: name(ground.directory, handler),
            cdo: String::new(),
            moves: row.open && row.turn() == Turn::Handler,
        });
    }
    Ok(out)
}

/// `GET /issues/{id}`
async fn show(caller: Caller, id: web::Path<i64>) -> Answer {
    let page = caller.page(move |ask| grounded(ask, |ask, g| page(ask, g, *id, "", Vec::new())));
    page.await
}

/// The routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config.route("/issues/{id}", web::get().to(show));
}
