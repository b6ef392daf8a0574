//! Entries changed by hand or by a program: a form, the API, a version put back. All of it or nothing.
//!
//! Values are read as an import reads cells and the same rules decide what goes in; everything wrong is said
//! at once. It all happens under the ledger's write lock, so a version that was checked cannot move any more.

mod document;
mod ends;
mod given;
mod guard;
mod settle;

use std::collections::{BTreeMap, HashSet};

use diesel::prelude::*;

use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{entries, relations};
use crate::error::{Error, Problem, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::change::Change;
use crate::ledger::change_set::{self, ChangeSet, Purpose, Verdict};
use crate::ledger::ends::Side;
use crate::ledger::entry::EntryRow;
use crate::ledger::facts;
use crate::ledger::held;
use crate::register::field::Register;
use crate::register::text;

pub use given::{Given, as_given};

/// The most entries of one change set made by hand.
pub const MOST: usize = 500;

/// The longest reason.
const REASON_CHARS: usize = 500;

/// What is to happen to an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// It is made; its code is given by the ledger unless the values name one.
    Create,
    /// The entry with this code changes, from this version.
    Amend {
        /// Its code.
        code: String,
        /// The version the change was made from.
        revision: i32,
    },
    /// The entry with this code is taken out, from this version.
    Remove {
        /// Its code.
        code: String,
        /// The version that was looked at.
        revision: i32,
    },
}

/// One entry's part of a change: what happens, and the values of the fields that change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What happens.
    pub act: Act,
    /// Values by field key.
    pub given: BTreeMap<String, Given>,
}

/// Where a change comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// One entry, in a form or the API.
    Form,
    /// Several entries at once; problems name the entry too.
    Bulk,
    /// A former version put back.
    Restore,
    /// The integrated platform, reporting what it holds of several entries; problems name the entry too.
    Platform,
}

impl Source {
    fn word(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Bulk => "bulk",
            Self::Restore => "restore",
            Self::Platform => "platform",
        }
    }
}

/// Why a change is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// Where it comes from.
    pub source: Source,
    /// The reason, in the author's words; may be empty.
    pub reason: String,
    /// The day from which it is true, `YYYY-MM-DD`, where the author says so.
    pub valid_on: Option<String>,
}

/// What became of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The entry's code.
    pub code: String,
    /// Its version now.
    pub revision: i32,
    /// Whether anything changed.
    pub changed: bool,
    /// The change request that now proposes what was held back, because it had been approved.
    pub request: Option<i64>,
    /// Keys of the fields that were held back.
    pub held: Vec<String>,
    /// Keys of the fields that were kept as what this end says, beside what the other one has stated.
    pub apart: Vec<String>,
}

/// What became of all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// The change set; none when nothing changed.
    pub change_set: Option<i64>,
    /// The entries, in the order of the drafts.
    pub entries: Vec<Written>,
}

/// Writes drafts into a register, in one change set.
///
/// # Errors
/// [`Error::Invalid`] with everything wrong in all drafts; [`Error::Stale`] for an entry that moved on, saying
/// what changed and by whom; [`Error::NotFound`], [`Error::Refused`] by the viewer's rights; [`Error::Conflict`]
/// for the removal of an entry that others refer to; [`Error::TooLarge`] for more than [`MOST`] drafts.
pub fn write(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    drafts: &[Draft],
    why: &Why,
) -> Result<Done> {
    if drafts.len() > MOST {
        return Err(Error::TooLarge(format!("一次最多提交 {MOST} 个条目")));
    }
    let stated = stated(why);
    let purpose = Purpose {
        source: why.source.word(),
        reason: why.reason.trim().to_owned(),
        valid_on: why.valid_on.clone().filter(|d| !d.is_empty()),
        import_id: None,
        undoes: None,
    };
    let (change_set, entries) = change_set::write(conn, viewer, purpose, |set| {
        let mut desk = Desk {
            viewer,
            definitions,
            set,
            source: why.source,
            reason: why.reason.trim(),
            problems: stated,
            codes: HashSet::new(),
            names: HashSet::new(),
        };
        let mut out = Vec::with_capacity(drafts.len());
        for (number, draft) in drafts.iter().enumerate() {
            out.extend(desk.take(number, draft)?);
        }
        if desk.problems.is_empty() {
            Ok(Verdict::Commit(out))
        } else {
            Err(Error::Invalid(desk.problems))
        }
    })?;
    Ok(Done {
        change_set,
        entries,
    })
}

/// Demands that an entry is there for the viewer and may be written: asked before anything else about a change,
/// so that no answer tells more than that.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`]; when the database fails.
pub fn may_write(conn: &mut Conn, viewer: &Viewer, register: &Register, code: &str) -> Result<()> {
    let row = facts::row(conn, viewer, register, code)?;
    Ok(viewer.may(Right::Write, &row)?)
}

/// Puts back what an entry said after one of its changes, as one more change.
///
/// What the viewer does not see stays as it is.
///
/// # Errors
/// As [`write()`]; [`Error::NotFound`] for a version that it does not have.
pub fn restore(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    act: (&str, i32),
    to: i32,
    reason: &str,
) -> Result<Done> {
    let (code, revision) = act;
    let row = facts::row(conn, viewer, definitions.register, code)?;
    viewer.may(Right::Write, &row)?;
    let wanted = facts::document_at(conn, viewer, definitions, &row, to)?;
    if wanted.is_empty() {
        return Err(Error::Conflict(format!(
            "“{code}”的版本 {to} 是移除记录，没有内容可以恢复"
        )));
    }
    let mut standing = row.document();
    let sight = viewer.sight(&row);
    crate::ledger::sight::cut(definitions.register, sight, &mut standing);
    let mut given = BTreeMap::new();
    for key in standing.keys().chain(wanted.keys()) {
        if *key != definitions.register.keys.code && standing.get(key) != wanted.get(key) {
            given.insert(key.clone(), as_given(wanted.get(key)));
        }
    }
    let draft = Draft {
        act: Act::Amend {
            code: code.to_owned(),
            revision,
        },
        given,
    };
    let why = Why {
        source: Source::Restore,
        reason: if reason.trim().is_empty() {
            format!("恢复到版本 {to}")
        } else {
            reason.to_owned()
        },
        valid_on: None,
    };
    write(conn, viewer, definitions, &[draft], &why)
}

/// What is wrong with the reason and the day.
fn stated(why: &Why) -> Vec<Problem> {
    let mut out = Vec::new();
    if let Err(fault) = text::check("变更原因", &why.reason) {
        out.push(Problem::new(
            "reason",
            fault.code,
            &fault.message,
            &fault.suggestion,
        ));
    }
    if why.reason.chars().count() > REASON_CHARS {
        let message = format!("变更原因超过 {REASON_CHARS} 个字。");
        out.push(Problem::new("reason", "too_long", &message, "请缩短"));
    }
    if let Some(day) = why.valid_on.as_deref().filter(|d| !d.is_empty())
        && !clock::is_day(day)
    {
        let message = "生效日期应写成 2026-03-31 的样子。";
        out.push(Problem::new("valid_on", "invalid_date", message, ""));
    }
    out
}

/// Where drafts become changes, under the lock.
struct Desk<'d, 'c> {
    viewer: &'d Viewer,
    definitions: Definitions<'d>,
    set: &'d mut ChangeSet<'c>,
    source: Source,
    reason: &'d str,
    problems: Vec<Problem>,
    /// Codes spoken of so far.
    codes: HashSet<String>,
    /// Department, surroundings and name of what has been made so far.
    names: HashSet<(i64, Option<i64>, String)>,
}

impl Desk<'_, '_> {
    /// Notes a problem; of several entries, with the number of the one it is in.
    fn problem(&mut self, number: usize, field: &str, code: &str, message: &str, hint: &str) {
        let field = match self.source {
            Source::Bulk | Source::Platform => format!("entries[{number}].{field}"),
            Source::Form | Source::Restore => field.to_owned(),
        };
        self.problems
            .push(Problem::new(&field, code, message, hint));
    }

    fn take(&mut self, number: usize, draft: &Draft) -> Result<Option<Written>> {
        match &draft.act {
            Act::Create => self.settle(number, None, draft),
            Act::Amend { code, revision } => {
                let Some(row) = self.standing(number, code, *revision)? else {
                    return Ok(None);
                };
                if !row.present && self.source != Source::Restore {
                    return Err(facts::nowhere(self.definitions.register, code));
                }
                self.settle(number, Some(row), draft)
            }
            Act::Remove { code, revision } => {
                let Some(row) = self.standing(number, code, *revision)? else {
                    return Ok(None);
                };
                if !row.present {
                    return Err(facts::nowhere(self.definitions.register, code));
                }
                self.remove(&row).map(Some)
            }
        }
    }

    /// The entry as it stands, which the viewer may write and which is of the version said.
    fn standing(&mut self, number: usize, code: &str, revision: i32) -> Result<Option<EntryRow>> {
        if !self.codes.insert(code.to_owned()) {
            let message = format!("“{code}”在一次提交中出现了两次。");
            self.problem(number, "code", "duplicate_entry", &message, "请合并为一条");
            return Ok(None);
        }
        let register = self.definitions.register;
        let row = facts::row(self.set.conn(), self.viewer, register, code)?;
        self.viewer.may(Right::Write, &row)?;
        if row.revision != revision {
            return Err(self.stale(&row, revision)?);
        }
        Ok(Some(row))
    }

    /// The refusal of a change made from a version that is no longer the last: what changed since, and by whom.
    fn stale(&mut self, row: &EntryRow, revision: i32) -> Result<Error> {
        let since = facts::since(
            self.set.conn(),
            self.viewer,
            self.definitions,
            row,
            revision,
        )?;
        let mut fields: Vec<&str> = Vec::new();
        for change in since.iter().flat_map(|v| &v.changes) {
            if !fields.contains(&change.label.as_str()) {
                fields.push(&change.label);
            }
        }
        let what = if fields.is_empty() {
            String::new()
        } else {
            format!("的{}", fields.join("、"))
        };
        let who = since.first().map_or(String::new(), |v| {
            format!("（{}，{}）", v.actor, clock::local(v.at))
        });
        Ok(Error::Stale(format!("“{}”{what}{who}", row.name)))
    }

    fn remove(&mut self, row: &EntryRow) -> Result<Written> {
        let referring: i64 = relations::table
            .inner_join(entries::table.on(entries::id.eq(relations::from_id)))
            .filter(relations::to_id.eq(row.id))
            .filter(relations::from_id.ne(row.id))
            .filter(relations::until_seq.is_null())
            .filter(entries::present.eq(true))
            .count()
            .get_result(self.set.conn())?;
        if referring > 0 {
            return Err(Error::Conflict(format!(
                "“{}”被 {referring} 个条目引用，不能移除。请先解除这些关联，或将状态改为停用",
                row.name
            )));
        }
        if held::is_bound(self.set.conn(), row.id)? {
            return Err(Error::Conflict(format!(
                "“{}”已进入审核流程，不能移除。不再需要的，请先撤回送审；已审定的请办理停用",
                row.name
            )));
        }
        let pair = crate::ledger::ends::pair(self.set.conn(), row.id)?;
        let side = Side::of_writer(self.viewer, row.department_id, row.party_id);
        if side.is_some_and(|s| pair.has(s.other())) {
            return Err(Error::Conflict(format!(
                "“{}”对方单位已有登记，不能移除；不再对接的请办理终止",
                row.name
            )));
        }
        let change = Change::remove(row);
        let written = Written {
            code: row.code.clone(),
            revision: change.row.revision,
            changed: true,
            request: None,
            held: Vec::new(),
            apart: Vec::new(),
        };
        self.set.add(change)?;
        Ok(written)
    }
}
