//! The review desk: proposal, evidence, findings, opinions and decision on one page.

use actix_web::web;
use askama::Template;

use super::checked::{self, Duplicates};
use super::parts::{
    Paper, Press, Summary, Thread, average, decided, differences, labels, measure, offices, papers,
    press, reasons, step, threads,
};
use super::{Answer, Wrong, badge, department, page_of};
use crate::auth::Right;
use crate::error::{Problem, Result};
use crate::ledger::entry::EntryRow;
use crate::ledger::facts::{self as ledger_facts, Group};
use crate::register::lifecycle::CHANGE;
use crate::review::duplicate::Verdict;
use crate::review::finding;
use crate::review::opinion::{self, Opinion, VERDICTS};
use crate::review::steps::{Act, State};
use crate::review::submission::{self, Submission};
use crate::review::{Ground, approval, facts};
use crate::web::caller::{Ask, Caller};
use crate::web::desk::coded;
use crate::web::page::Shell;

/// The desk of one submission.
#[derive(Template)]
#[template(path = "reviews/desk.html")]
pub(super) struct Desk {
    shell: Shell,
    problems: Vec<Problem>,
    s: Submission,
    state: &'static str,
    badge: &'static str,
    kind: String,
    href: String,
    name: String,
    code: String,
    department: String,
    bureau: String,
    full: bool,
    sum: Summary,
    presses: Vec<Press>,
    reasons: Vec<(String, String)>,
    changes: Vec<ledger_facts::Diff>,
    measure: String,
    gate: Vec<(String, String)>,
    groups: Vec<Group>,
    papers: Vec<Paper>,
    duplicates: Option<Duplicates>,
    answers: [Verdict; 3],
    threads: Vec<Thread>,
    raises: bool,
    fields: Vec<(String, String)>,
    opinions: Vec<Opinion>,
    average: String,
    mine: Option<Opinion>,
    verdicts: Vec<(&'static str, &'static str)>,
    assigns: bool,
    /// Departments that may be asked: number and name.
    offices: Vec<(i64, String)>,
    given: Vec<String>,
    steps: Vec<(&'static str, String, String)>,
}

/// What may still be pressed, and what is missing for it.
fn gate(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    row: &Submission,
    entry: &EntryRow,
) -> Result<Vec<(String, String)>> {
    let kind = ground.model(&entry.register)?.kind(&row.kind);
    let judged = match kind.filter(|_| row.open) {
        Some(kind) => facts::judge(ask.conn, &ask.viewer, ground, entry, kind.gate.as_deref())?,
        None => None,
    };
    let missing = judged.map(|j| j.missing).unwrap_or_default();
    Ok(missing
        .into_iter()
        .map(|m| (m.message, m.suggestion))
        .collect())
}

/// Puts the desk together.
///
/// # Errors
/// As [`submission::get`].
pub(super) fn desk(ask: &mut Ask<'_>, id: i64, problems: Wrong) -> Result<Desk> {
    let directory = ask.state.directory.get(ask.conn)?;
    let ground = Ground {
        catalogue: &ask.app.catalogue,
        directory: &directory,
    };
    let viewer = ask.viewer.clone();
    let (row, entry) = submission::get(ask.conn, &viewer, id)?;
    let definitions = ground.definitions(&entry.register)?;
    let model = ground.model(&entry.register)?;
    let shown = facts::shown(&viewer, ground, &entry)?;
    let acts = submission::acts(ask.conn, &viewer, ground, &row, &entry)?;
    let opinions = opinion::of_submission(ask.conn, &viewer, id)?;
    let bureau = acts
        .iter()
        .any(|a| matches!(a, Act::Pass | Act::Reject | Act::Convene));
    let mine = opinions.iter().find(|o| o.open && o.asks(&viewer));
    let mine = mine.cloned();
    let joint = row.state() == State::JointReview;
    let own = acts.iter().any(|a| matches!(a, Act::Check | Act::Approve));
    let approvals = approval::of_entry(ask.conn, &viewer, &entry)?;
    let approved = approvals.last().and_then(|a| a.amount);
    let history = submission::history(ask.conn, &viewer, id)?;
    let findings = finding::of_submission(ask.conn, &viewer, id)?;
    let document = entry.document();
    Ok(Desk {
        shell: ask.shell(&format!("{} {}", entry.name, row.number()), "/reviews"),
        problems,
        state: row.state().label(),
        badge: badge(row.state()),
        kind: model
            .kind(&row.kind)
            .map_or(row.kind.clone(), |k| k.label.clone()),
        href: format!(
            "/registers/{}/{}",
            coded(&entry.register),
            coded(&entry.code)
        ),
        department: department(&directory, entry.department_id),
        bureau: row
            .bureau_id
            .map(|b| department(&directory, b))
            .unwrap_or_default(),
        full: viewer.can(Right::SeeOwn, &entry),
        sum: Summary::of(definitions, model, (&row, &document), &findings, &opinions),
        presses: acts.iter().map(|a| press(*a, row.kind == CHANGE)).collect(),
        reasons: reasons(ground, model),
        changes: differences(definitions, &row, &document),
        measure: measure(model, &row, approved, &document),
        gate: gate(ask, ground, &row, &entry)?,
        groups: ledger_facts::groups(definitions, &shown),
        papers: papers(ask, definitions, (id, &entry))?,
        duplicates: checked::of(ask, model, &row, &entry)?,
        answers: Verdict::ALL,
        threads: threads(definitions, findings),
        raises: bureau || own || mine.is_some(),
        fields: labels(definitions),
        average: average(&opinions),
        opinions,
        mine,
        verdicts: VERDICTS.to_vec(),
        assigns: bureau && joint,
        offices: offices(&directory, bureau && joint, &row, &entry),
        given: decided(ask, id)?,
        steps: history.iter().rev().map(step).collect(),
        name: entry.name,
        code: entry.code,
        s: row,
    })
}

/// `GET /reviews/{id}`
async fn show(caller: Caller, id: web::Path<i64>) -> Answer {
    caller.page(move |ask| page_of(ask, *id, Vec::new())).await
}

/// The routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config.route("/reviews/{id}", web::get().to(show));
}
