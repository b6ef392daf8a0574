//! A department's list: its entries as the ledger holds them, each with what was said of it and what it lacks.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::answer::{Answer, kept_of};
use super::{Campaign, Kept, Members, judge, scope};
use crate::auth::{Sight, Viewer};
use crate::db::connection::Conn;
use crate::db::fragment::Fragment;
use crate::db::schema::entries;
use crate::db::scope::visible;
use crate::error::Result;
use crate::ledger::as_of;
use crate::ledger::entry::EntryRow;
use crate::review::Ground;

/// Which entries of a list are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// All of them.
    #[default]
    All,
    /// Those that still need an answer.
    Open,
    /// Those that have one.
    Answered,
    /// Those that changed after they were answered for.
    Changed,
    /// Those that are said to be another's and wait for the bureau.
    Questions,
}

impl View {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::All,
        Self::Open,
        Self::Changed,
        Self::Answered,
        Self::Questions,
    ];

    /// The word in addresses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Changed => "changed",
            Self::Questions => "questions",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.word() == word)
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::All => "全部",
            Self::Open => "待答复",
            Self::Answered => "已答复",
            Self::Changed => "答复后又有变更",
            Self::Questions => "不属本单位待处理",
        }
    }

    /// Whether an entry of a closed campaign belongs here: it was answered for, or not.
    fn fits(self, counted: bool) -> bool {
        match self {
            Self::All => true,
            Self::Answered => counted,
            Self::Open => !counted,
            Self::Changed | Self::Questions => false,
        }
    }

    fn condition(self, campaign: i64) -> Fragment<Bool> {
        match self {
            Self::All => Fragment::sql("TRUE"),
            Self::Open => scope::is_not(scope::is_answered(campaign)),
            Self::Answered => scope::is_answered(campaign),
            Self::Changed => scope::is_changed(campaign),
            Self::Questions => scope::is_question(campaign),
        }
    }
}

/// One entry of a list.
#[derive(Clone, Debug)]
pub struct Item {
    /// The entry.
    pub row: EntryRow,
    /// What was said of it last.
    pub kept: Option<Kept>,
    /// Whether that counts for the entry as it stands.
    pub counts: bool,
    /// It changed, or was made, since the campaign was opened.
    pub moved: bool,
    /// It was made since.
    pub fresh: bool,
    /// It is out of use.
    pub retired: bool,
    /// What it lacks, in words; told to those who see all of it.
    pub missing: Vec<String>,
}

impl Item {
    /// What was said, in words; empty when nothing counts.
    #[must_use]
    pub fn said(&self) -> &'static str {
        let kept = self.kept.as_ref().filter(|_| self.counts);
        let answer = kept.and_then(|k| Answer::from_word(&k.answer));
        answer.map_or("", Answer::label)
    }

    /// Its own department answered, and it changed afterwards.
    #[must_use]
    pub fn changed_after(&self) -> bool {
        let own = |k: &Kept| k.department_id == self.row.department_id && k.revision > 0;
        !self.counts && self.kept.as_ref().is_some_and(own)
    }

    /// The version of the answer; 0 when there is none.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.kept.as_ref().map_or(0, |k| k.version)
    }
}

/// Some entries of a list.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The entries.
    pub items: Vec<Item>,
    /// The id to go on after; none at the end. A page of a closed campaign may hold fewer than were asked for.
    pub next: Option<i64>,
}

/// Entries of some departments' lists that the viewer sees in full, by id, after the given one: as the ledger holds
/// them while the campaign is open, as it held them when it was closed.
///
/// # Errors
/// When the database fails.
pub fn page(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    (campaign, members): (&Campaign, &Members),
    wanted: (&[i64], View),
    (after, limit): (i64, usize),
) -> Result<Page> {
    let (heads, view) = wanted;
    let departments: Vec<i64> = heads.iter().flat_map(|h| members.of(*h)).collect();
    let condition = match campaign.closed_seq {
        None => scope::asked(campaign, &departments)
            .then(" AND ")
            .append(view.condition(campaign.id)),
        Some(seq) => scope::was_asked(campaign, &departments, seq),
    };
    let mut rows: Vec<EntryRow> = visible(viewer)
        .filter(condition)
        .filter(entries::id.gt(after))
        .order(entries::id)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1))
        .select(EntryRow::as_select())
        .load(conn)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|r| r.id);
    if let Some(seq) = campaign.closed_seq {
        rows = stood(conn, ground, seq, rows)?;
    }
    let ids: Vec<i64> = rows.iter().map(|r| r.id).collect();
    let mut kept = kept_of(conn, campaign.id, &ids)?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let kept = kept.remove(&row.id);
        // What belongs to another entry has its owner of today; an answer says whose it was.
        let owner = kept.as_ref().filter(|k| k.revision == row.revision);
        let owner = owner.map_or(row.department_id, |k| k.department_id);
        let counts = kept.as_ref().is_some_and(|k| match campaign.closed_seq {
            None => judge::counts(k, &row),
            Some(_) => k.revision == row.revision,
        });
        if !campaign.is_open() && (!departments.contains(&owner) || !view.fits(counts)) {
            continue;
        }
        let full = viewer.sight(&row) >= Sight::Security;
        let missing = if full && !counts && campaign.is_open() {
            judge::missing((conn, viewer), ground, campaign, &row)?
        } else {
            Vec::new()
        };
        items.push(Item {
            moved: judge::has_moved(campaign, &row),
            fresh: row.created_seq > campaign.opened_seq,
            retired: judge::is_retired(&row),
            missing,
            counts,
            kept,
            row,
        });
    }
    Ok(Page { items, next })
}

/// Rows of several registers as they stood after a change set, in the order of their ids.
fn stood(
    conn: &mut Conn,
    ground: Ground<'_>,
    seq: i64,
    rows: Vec<EntryRow>,
) -> Result<Vec<EntryRow>> {
    let mut by_register: BTreeMap<String, Vec<EntryRow>> = BTreeMap::new();
    for row in rows {
        let register = row.register.clone();
        by_register.entry(register).or_default().push(row);
    }
    let mut out = Vec::new();
    for (register, rows) in by_register {
        out.extend(as_of::stood(
            conn,
            ground.definitions(&register)?,
            seq,
            rows,
        )?);
    }
    out.sort_by_key(|row| row.id);
    Ok(out)
}
