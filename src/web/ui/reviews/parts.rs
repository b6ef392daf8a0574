//! The parts of the review desk, put into words one by one.

use super::when;
use crate::clock;
use crate::error::Result;
use crate::ledger::as_of::Definitions;
use crate::ledger::attachment::{self, KINDS};
use crate::ledger::entry::{self, EntryRow};
use crate::ledger::facts as ledger_facts;
use crate::ledger::held::step_of;
use crate::org::directory::Directory;
use crate::register::lifecycle::Lifecycle;
use crate::register::value::Document;
use crate::review::approval::{self, ToldAnswers};
use crate::review::duplicate::Verdict;
use crate::review::finding::{Finding, FindingNote, state_label};
use crate::review::opinion::{self, Opinion};
use crate::review::steps::Act;
use crate::review::submission::{Submission, Taken};
use crate::review::{Ground, money};
use crate::web::caller::Ask;

/// What stands at the head of the desk whatever is being looked at.
pub(super) struct Summary {
    /// What was asked for, in 万元; empty when there is no amount.
    pub asked: String,
    /// How many days this step usually takes.
    pub limit: Option<u32>,
    /// It has taken longer.
    pub is_late: bool,
    /// Findings that are not settled.
    pub unsettled: usize,
    /// Opinions of this round that are there, and that were asked for.
    pub gathered: (usize, usize),
}

impl Summary {
    /// Of a submission with its entry's document.
    pub(super) fn of(
        definitions: Definitions<'_>,
        model: &Lifecycle,
        (row, document): (&Submission, &Document),
        findings: &[(Finding, Vec<FindingNote>)],
        opinions: &[Opinion],
    ) -> Self {
        let asked = model.approval.asked.as_deref();
        let asked = asked.and_then(|key| money::fen(entry::text(document, key)?));
        let step = model.step(step_of(definitions.register, document));
        let limit = step.and_then(|s| s.days).filter(|_| row.open);
        let now = |o: &&Opinion| o.round == row.round && (o.open || o.given_at.is_some());
        let of_round = || opinions.iter().filter(now);
        Self {
            asked: asked.map(money::wan).unwrap_or_default(),
            is_late: limit.is_some_and(|l| row.days() > i64::from(l)),
            limit,
            unsettled: findings
                .iter()
                .filter(|(f, _)| f.state != "settled")
                .count(),
            gathered: (
                of_round().filter(|o| o.given_at.is_some()).count(),
                of_round().count(),
            ),
        }
    }
}

/// Departments that may be asked, while somebody may be: number and name.
pub(super) fn offices(
    directory: &Directory,
    asks: bool,
    row: &Submission,
    entry: &EntryRow,
) -> Vec<(i64, String)> {
    if !asks {
        return Vec::new();
    }
    let found = opinion::offices(directory, row, entry);
    found.into_iter().map(|d| (d.id, d.name.clone())).collect()
}

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

/// A file of the proposal.
pub(super) struct Paper {
    pub kind: String,
    pub name: String,
    pub about: String,
    pub href: String,
}

/// A finding with its thread.
pub(super) struct Thread {
    pub f: Finding,
    pub state: &'static str,
    pub field: String,
    pub notes: Vec<(String, String)>,
}

pub(super) fn press(act: Act, change: bool) -> Press {
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
pub(super) fn measure(
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

pub(super) fn papers(
    ask: &mut Ask<'_>,
    definitions: Definitions<'_>,
    (id, entry): (i64, &EntryRow),
) -> Result<Vec<Paper>> {
    let list = definitions.catalogue.list(KINDS);
    let label = |kind: &str| list.and_then(|l| l.label(kind)).unwrap_or(kind).to_owned();
    let files = attachment::of_row(ask.conn, entry)?;
    Ok(files
        .into_iter()
        .map(|f| Paper {
            kind: label(&f.kind),
            href: format!("/reviews/{id}/attachments/{}", f.id),
            about: format!(
                "{} KB，{}",
                f.size.unsigned_abs().div_ceil(1024),
                when(f.at, &f.actor)
            ),
            name: f.file_name,
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
pub(super) fn average(opinions: &[Opinion]) -> String {
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

pub(super) fn differences(
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

/// The classes of reasons for a change.
pub(super) fn reasons(ground: Ground<'_>, model: &Lifecycle) -> Vec<(String, String)> {
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
pub(super) fn labels(definitions: Definitions<'_>) -> Vec<(String, String)> {
    let fields = definitions.register.fields.iter();
    fields.map(|f| (f.key.clone(), f.label.clone())).collect()
}

/// An approval in words.
fn told(
    given: (approval::Approval, Vec<approval::ApprovalCut>),
    answered: ToldAnswers,
) -> Vec<String> {
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
    out.extend(answered.lines.into_iter().map(|(name, answer)| {
        let verdict = Verdict::from_word(&answer.verdict).map_or("", Verdict::label);
        let why = if answer.reason.is_empty() {
            String::new()
        } else {
            format!("（{}）", answer.reason)
        };
        format!("查重答复 {name}: {verdict}{why}，{}", answer.answered_by)
    }));
    if answered.hidden > 0 {
        out.push(format!(
            "另有 {} 条查重答复不在您的查看范围内",
            answered.hidden
        ));
    }
    if let Some(run) = a.duplicate_run {
        out.push(format!("查重记录 {run}"));
    }
    out.push(format!("登记时间 {}", clock::local(a.at)));
    out
}

/// Findings with their threads, in words.
pub(super) fn threads(
    definitions: Definitions<'_>,
    findings: Vec<(Finding, Vec<FindingNote>)>,
) -> Vec<Thread> {
    let told = findings.into_iter();
    told.map(|(f, notes)| thread(definitions, f, notes))
        .collect()
}

/// An act in words: what, when and by whom, and what was said.
pub(super) fn step(taken: &Taken) -> (&'static str, String, String) {
    let at = when(taken.at, &taken.actor);
    (taken.label(), at, taken.opinion.clone())
}

/// The approval that a submission led to in words; nothing before there is one.
pub(super) fn decided(ask: &mut Ask<'_>, id: i64) -> Result<Vec<String>> {
    let Some(given) = approval::of_submission(ask.conn, &ask.viewer, id)? else {
        return Ok(Vec::new());
    };
    let answered = approval::answers(ask.conn, &ask.viewer, given.0.id)?;
    Ok(told(given, answered))
}
