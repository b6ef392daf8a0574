//! The review desk: proposal, evidence, findings, opinions and decision on one page.

use actix_web::web;
use askama::Template;

use super::{Answer, Wrong, badge, department, page_of, when};
use crate::auth::Right;
use crate::clock;
use crate::db::schema::attachments;
use crate::error::{Problem, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::attachment::KINDS;
use crate::ledger::entry;
use crate::ledger::facts::{self as ledger_facts, Group};
use crate::register::lifecycle::{CHANGE, Lifecycle};
use crate::register::value::Document;
use crate::review::finding::{self, Finding, FindingNote, state_label};
use crate::review::opinion::{self, Opinion, VERDICTS};
use crate::review::steps::{Act, State};
use crate::review::submission::{self, Submission};
use crate::review::{Ground, approval, facts, money};
use crate::web::caller::{Ask, Caller};
use crate::web::desk::coded;
use crate::web::page::Shell;
use diesel::prelude::*;

/// An act that the viewer may do now.
pub(super) struct Press {
    pub word: &'static str,
    pub label: &'static str,
    pub needs: bool,
    pub main: bool,
    pub class: bool,
    pub cut: bool,
    pub merge: bool,
    pub number: bool,
}

/// A finding with its thread.
pub(super) struct Thread {
    pub f: Finding,
    pub state: &'static str,
    pub field: String,
    pub notes: Vec<(String, String)>,
}

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
    presses: Vec<Press>,
    reasons: Vec<(String, String)>,
    changes: Vec<ledger_facts::Diff>,
    measure: String,
    gate: Vec<(String, String)>,
    groups: Vec<Group>,
    papers: Vec<(String, String)>,
    threads: Vec<Thread>,
    raises: bool,
    fields: Vec<(String, String)>,
    opinions: Vec<Opinion>,
    average: String,
    mine: Option<Opinion>,
    verdicts: Vec<(&'static str, &'static str)>,
    assigns: bool,
    given: Vec<String>,
    steps: Vec<(&'static str, String, String)>,
}

fn press(act: Act, change: bool) -> Press {
    Press {
        word: act.word(),
        label: act.label(),
        needs: act.needs_opinion(),
        main: matches!(
            act,
            Act::Submit | Act::Check | Act::Approve | Act::Accept | Act::Convene | Act::Pass
        ),
        class: act == Act::Submit && change,
        cut: act == Act::Cut,
        merge: act == Act::Merge,
        number: matches!(act, Act::Pass | Act::Cut),
    }
}

/// How much a change of the amount is, and what that asks for (国务院令712号 art. 12; 国办发〔2019〕57号).
fn measure(
    model: &Lifecycle,
    row: &Submission,
    approved: Option<i64>,
    before: &Document,
) -> String {
    let proposals = row.proposals();
    let keys = [&model.approval.amount, &model.approval.asked];
    let changed = keys.into_iter().flatten().find_map(|key| {
        let proposal = proposals.get(key)?;
        let mut after = Document::new();
        after.insert(key.clone(), proposal.new.clone()?);
        let new = money::fen(entry::text(&after, key)?)?;
        let old = money::fen(entry::text(before, key)?).or(approved)?;
        Some((old, new))
    });
    let (Some((old, new)), Some(rule)) = (changed, &model.change) else {
        return String::new();
    };
    let percent = money::percent(old, new).unwrap_or_default();
    let weight = if money::is_over(old, new, rule.limit_percent) {
        format!("超过 {}%，应由原审批部门重新审批", rule.limit_percent)
    } else if money::is_over(old, new, rule.report_percent) {
        format!("超过 {}%，应报告原审批部门", rule.report_percent)
    } else {
        format!("未超过 {}%", rule.report_percent)
    };
    format!(
        "金额由 {} 万元变为 {} 万元，差额 {} 万元，{percent}%；{weight}",
        money::wan(old),
        money::wan(new),
        money::wan(new.saturating_sub(old))
    )
}

fn papers(
    ask: &mut Ask<'_>,
    definitions: Definitions<'_>,
    entry: i64,
) -> Result<Vec<(String, String)>> {
    let rows: Vec<(String, String)> = attachments::table
        .filter(attachments::entry_id.eq(entry))
        .filter(attachments::removed_at.is_null())
        .order(attachments::id)
        .select((attachments::kind, attachments::file_name))
        .load(ask.conn)?;
    let list = definitions.catalogue.list(KINDS);
    Ok(rows
        .into_iter()
        .map(|(kind, name)| {
            (
                list.and_then(|l| l.label(&kind))
                    .unwrap_or(&kind)
                    .to_owned(),
                name,
            )
        })
        .collect())
}

fn thread(definitions: Definitions<'_>, found: Finding, notes: Vec<FindingNote>) -> Thread {
    let field = definitions.register.field(&found.field);
    let verb = |act: &str| match act {
        "raise" => "提出",
        "answer" => "答复",
        "settle" => "了结",
        _ => "重新提出",
    };
    Thread {
        state: state_label(&found.state),
        field: field.map(|f| f.label.clone()).unwrap_or_default(),
        notes: notes
            .into_iter()
            .map(|n| (format!("{} {}", verb(&n.act), when(n.at, &n.actor)), n.text))
            .collect(),
        f: found,
    }
}

/// The average of the scores that were given, with one decimal.
fn average(opinions: &[Opinion]) -> String {
    let scores: Vec<i32> = opinions.iter().filter_map(|o| o.score).collect();
    let Ok(count) = i32::try_from(scores.len()) else {
        return String::new();
    };
    let sum: i32 = scores.iter().sum();
    (sum * 10)
        .checked_div(count)
        .map(|tenths| format!("{}.{}", tenths / 10, tenths % 10))
        .unwrap_or_default()
}

/// What may still be pressed, and what is missing for it.
fn gate(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    row: &Submission,
    entry: &entry::EntryRow,
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

fn differences(
    definitions: Definitions<'_>,
    row: &Submission,
    stands: &Document,
) -> Vec<ledger_facts::Diff> {
    let (mut before, mut after) = (stands.clone(), stands.clone());
    for (key, proposal) in row.proposals() {
        for (document, value) in [(&mut before, proposal.old), (&mut after, proposal.new)] {
            match value {
                Some(value) => document.insert(key.clone(), value),
                None => document.remove(&key),
            };
        }
    }
    ledger_facts::diff(definitions, &before, &after)
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
    let mine = opinions
        .iter()
        .find(|o| o.open && Some(o.account_id) == viewer.account())
        .cloned();
    let joint = row.state() == State::JointReview;
    let own = acts.iter().any(|a| matches!(a, Act::Check | Act::Approve));
    let approvals = approval::of_entry(ask.conn, &viewer, &entry)?;
    let approved = approvals.last().and_then(|a| a.amount);
    let given = approval::of_submission(ask.conn, &viewer, id)?;
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
        full: viewer.can(Right::SeeOwn, entry.department_id),
        presses: acts.iter().map(|a| press(*a, row.kind == CHANGE)).collect(),
        reasons: reasons(ground, model),
        changes: differences(definitions, &row, &document),
        measure: measure(model, &row, approved, &document),
        gate: gate(ask, ground, &row, &entry)?,
        groups: ledger_facts::groups(definitions, &shown),
        papers: papers(ask, definitions, entry.id)?,
        threads: findings
            .into_iter()
            .map(|(f, n)| thread(definitions, f, n))
            .collect(),
        raises: bureau || own || mine.is_some(),
        fields: labels(definitions),
        average: average(&opinions),
        opinions,
        mine,
        verdicts: VERDICTS.to_vec(),
        assigns: bureau && joint,
        given: given.map(told).unwrap_or_default(),
        steps: history
            .iter()
            .rev()
            .map(|t| (t.label(), when(t.at, &t.actor), t.opinion.clone()))
            .collect(),
        name: entry.name,
        code: entry.code,
        s: row,
    })
}

/// The classes of reasons for a change.
fn reasons(ground: Ground<'_>, model: &Lifecycle) -> Vec<(String, String)> {
    let list = model
        .change
        .as_ref()
        .and_then(|c| ground.catalogue.list(&c.reasons));
    let items = list.map(|l| l.items.as_slice()).unwrap_or_default();
    items
        .iter()
        .map(|i| (i.code.clone(), i.label.clone()))
        .collect()
}

/// The fields that a finding may be about.
fn labels(definitions: Definitions<'_>) -> Vec<(String, String)> {
    let fields = definitions.register.fields.iter();
    fields.map(|f| (f.key.clone(), f.label.clone())).collect()
}

/// An approval in words.
fn told(given: (approval::Approval, Vec<approval::ApprovalCut>)) -> Vec<String> {
    let (a, cuts) = given;
    let wan = |fen: Option<i64>| fen.map_or("—".to_owned(), money::wan);
    let mut out = vec![
        format!(
            "{} {}办理，批复文号 {}",
            a.day,
            a.actor,
            if a.number.is_empty() {
                "—"
            } else {
                &a.number
            }
        ),
        format!("申报 {} 万元，审定 {} 万元", wan(a.asked), wan(a.amount)),
        format!("审定的是版本 {}，SM3 {}", a.revision, a.digest),
    ];
    out.extend(cuts.into_iter().map(|c| {
        format!(
            "核减 {} 万元: {}（{}）",
            money::wan(c.amount),
            c.item,
            c.reason
        )
    }));
    out.push(format!("登记时间 {}", clock::local(a.at)));
    out
}

/// `GET /reviews/{id}`
async fn show(caller: Caller, id: web::Path<i64>) -> Answer {
    caller.page(move |ask| page_of(ask, *id, Vec::new())).await
}

/// The routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config.route("/reviews/{id}", web::get().to(show));
}
