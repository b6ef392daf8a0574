//! What shows that an issue is settled: in the ledger, or by a decision of the rung that has it in hand.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::steps::Act;
use super::{Issue, ladder};
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::{entries, issue_entries, issue_steps};
use crate::db::scope;
use crate::error::{Error, Problem, Result};
use crate::ledger::ends::{self, Pair, Side, Standing};
use crate::ledger::entry::EntryRow;
use crate::ledger::read;
use crate::org::directory::Directory;

/// The register of links.
const LINKS: &str = "sharing_link";

/// A decision of the rung that has an issue in hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The rung.
    pub rung: i32,
    /// What was decided.
    pub text: String,
    /// Number of the paper.
    pub number: String,
    /// The day of the paper.
    pub on: NaiveDate,
}

/// One thing that shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Proof {
    /// A link between both sides that both ends confirm.
    Link {
        /// The link.
        entry: i64,
    },
    /// An entry that is not as it was when the issue was opened.
    Change {
        /// The entry.
        entry: i64,
        /// Its version.
        revision: i32,
        /// Keys of the fields that differ.
        fields: Vec<String>,
    },
    /// What was decided.
    Decision(Decision),
}

impl Proof {
    /// The entry it speaks of.
    #[must_use]
    pub fn entry(&self) -> Option<i64> {
        match self {
            Self::Link { entry } | Self::Change { entry, .. } => Some(*entry),
            Self::Decision(_) => None,
        }
    }
}

/// What counts as proof at present. Entries are looked at whoever asks: what is shown of them is cut by who reads it.
///
/// # Errors
/// When the database fails.
pub fn found(conn: &mut Conn, directory: &Directory, row: &Issue) -> Result<Vec<Proof>> {
    let all = Viewer::operator("系统");
    let concerned: Vec<EntryRow> = scope::visible(&all)
        .inner_join(issue_entries::table.on(issue_entries::entry_id.eq(entries::id)))
        .filter(issue_entries::issue_id.eq(row.id))
        .filter(entries::present.eq(true))
        .order(entries::id)
        .select(EntryRow::as_select())
        .load(conn)?;
    let links = concerned.iter().filter(|e| e.register == LINKS);
    let links: Vec<i64> = links.map(|e| e.id).collect();
    let pairs = ends::load(conn, Some(&links))?;
    let since = opened(conn, row)?;
    let mut out = Vec::new();
    for entry in &concerned {
        if entry.register == LINKS {
            let pair = pairs.get(&entry.id);
            if pair.is_some_and(|p| is_confirmed(p, since)) && is_between(directory, row, entry) {
                out.push(Proof::Link { entry: entry.id });
            }
            continue;
        }
        let fields = changed(conn, &all, row.proof_seq, entry)?;
        if !fields.is_empty() {
            out.push(Proof::Change {
                entry: entry.id,
                revision: entry.revision,
                fields,
            });
        }
    }
    out.extend(row.decided().map(Proof::Decision));
    Ok(out)
}

/// When an issue was opened, or last opened again.
fn opened(conn: &mut Conn, row: &Issue) -> Result<NaiveDateTime> {
    let since: Option<NaiveDateTime> = issue_steps::table
        .filter(issue_steps::issue_id.eq(row.id))
        .filter(issue_steps::act.eq_any(["open", Act::Reopen.word()]))
        .select(diesel::dsl::max(issue_steps::at))
        .first(conn)?;
    Ok(since.unwrap_or(row.opened_at))
}

/// Whether both ends confirm a link, and one of them said so after the issue was opened (again): a link that was
/// confirmed all along shows nothing.
fn is_confirmed(pair: &Pair, since: NaiveDateTime) -> bool {
    let mut spoken = Side::ALL.into_iter().filter_map(|side| pair.of(side));
    pair.standing() == Standing::Confirmed && spoken.any(|end| end.at > since)
}

/// Whether a link runs between the two sides of an issue, their units included: what others agree upon shows nothing
/// of them. A bureau raises for others, so it is no end itself.
fn is_between(directory: &Directory, row: &Issue, link: &EntryRow) -> bool {
    let ends = [Some(link.department_id), link.party_id];
    let is_end = |side: i64| {
        let own = ladder::house(directory, side);
        let mut all = ends.into_iter().flatten().map(|id| directory.heir(id));
        all.any(|end| own.contains(&end) || ladder::house(directory, end).contains(&side))
    };
    let raises_for_others = directory.get(row.raised_by).is_some_and(|d| d.bureau);
    is_end(row.owed_by) && (raises_for_others || is_end(row.raised_by))
}

/// Fields that an entry has other values of than after a change set; none of one that did not stand then.
fn changed(conn: &mut Conn, all: &Viewer, seq: i64, entry: &EntryRow) -> Result<Vec<String>> {
    if entry.changed_seq <= seq || entry.created_seq > seq {
        return Ok(Vec::new());
    }
    let versions = read::history(conn, all, entry)?;
    let Some(first) = versions.iter().rfind(|v| v.seq > seq) else {
        return Ok(Vec::new());
    };
    let now = entry.document();
    let keys: BTreeSet<&String> = first.before.keys().chain(now.keys()).collect();
    let differ = keys.into_iter();
    let differ = differ.filter(|key| first.before.get(*key) != now.get(*key));
    Ok(differ.cloned().collect())
}

/// The refusal to close without proof: what would count.
#[must_use]
pub fn none() -> Error {
    Error::Invalid(vec![Problem::new(
        "proof",
        "no_proof",
        "一本账中还没有可以办结的依据。",
        "以下任一项即可: 双方之间的对接经两端确认; 涉及的数据资源或信息系统在问题提出之后已经更正; 协调方记录了决定（内容、文号、日期）",
    )])
}
