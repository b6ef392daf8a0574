//! Taking a change set back as a whole: inverse changes, so that history only grows.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::auth::{Right, Viewer};
use crate::db::schema::{entries, relations, revisions};
use crate::error::Result;
use crate::ledger::change::{Change, Delta, Edges, Op, turn_back};
use crate::ledger::change_set::ChangeSet;
use crate::ledger::ends;
use crate::ledger::entry::{self, EntryRow, Place};
use crate::ledger::held::{self, Fate, Guarded};
use crate::ledger::read;
use crate::org::directory::Directory;
use crate::register::catalogue::Catalogue;
use crate::register::field::{FieldType, Register};
use crate::register::value::{Document, Value};

/// An entry that stays as it is, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = KeptEntry)]
pub struct Kept {
    /// Register key.
    pub register: String,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Why, in Chinese.
    pub reason: String,
}

/// What taking back came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Undone {
    /// Entries turned back to what they were.
    pub restored: usize,
    /// Entries that the change set had made, now taken out.
    pub removed: usize,
    /// What ends of links had said, taken back.
    #[serde(default)]
    pub statements: usize,
    /// Entries left alone.
    pub kept: Vec<Kept>,
}

const EDITED: &str = "此后又有修改";
const REFERRED: &str = "已被其他条目引用";
const ELSEWHERE: &str = "现属其他单位，不在您的填报权限内";
const REVIEWED: &str = "已进入审核流程";
const SPOKEN: &str = "对方单位已有登记或确认";
const LOST: &str = "原先引用的条目或部门已不存在";

/// One touched entry: what happened to it then, and how it stands now.
struct Touched {
    op: Option<Op>,
    delta: Option<Delta>,
    row: EntryRow,
}

/// Writes the inverse of change set `seq` into the open change set.
///
/// Entries changed since, and entries that others refer to by now, are kept and listed.
///
/// # Errors
/// When the database fails.
pub fn take_back(
    set: &mut ChangeSet<'_>,
    viewer: &Viewer,
    catalogue: &Catalogue,
    seq: i64,
) -> Result<Undone> {
    let directory = Directory::load(set.conn())?;
    let mut out = Undone::default();
    let mut touched = Vec::new();
    for entry in load(set, viewer, seq, &mut out.kept)? {
        match entry {
            Ok(entry) if !viewer.can(Right::Write, &entry.row) => {
                out.kept.push(kept(&entry.row, ELSEWHERE));
            }
            Ok(entry) => touched.push(entry),
            Err(row) => out.kept.push(kept(&row, EDITED)),
        }
    }
    let (made, changed): (Vec<Touched>, Vec<Touched>) =
        touched.into_iter().partition(|t| t.op == Some(Op::Create));
    let mut restored = HashSet::new();
    let ids: Vec<i64> = changed.iter().map(|t| t.row.id).collect();
    let guarded = guarded(set, &ids)?;
    // What was taken out comes back first, the last of it first: the others may refer to it.
    let (gone, changed): (Vec<Touched>, Vec<Touched>) =
        changed.into_iter().partition(|t| t.op == Some(Op::Remove));
    for entry in gone.iter().rev().chain(&changed) {
        if touches_reviewed(set, catalogue, &guarded, entry)? {
            out.kept.push(kept(&entry.row, REVIEWED));
        } else if restore(set, viewer, catalogue, &directory, entry)? {
            restored.insert(entry.row.id);
            if entry.op == Some(Op::Remove) {
                set.flush()?;
            }
        } else {
            out.kept.push(kept(&entry.row, LOST));
        }
    }
    out.restored = restored.len();
    let referred = still_referred(set, &made, &restored)?;
    let ids: Vec<i64> = made.iter().map(|t| t.row.id).collect();
    let spoken = ends::load(set.conn(), Some(&ids))?;
    for entry in &made {
        if held::is_bound(set.conn(), entry.row.id)? {
            out.kept.push(kept(&entry.row, REVIEWED));
        } else if spoken.contains_key(&entry.row.id) {
            out.kept.push(kept(&entry.row, SPOKEN));
        } else if referred.contains(&entry.row.id) {
            out.kept.push(kept(&entry.row, REFERRED));
        } else {
            set.add(Change::remove(&entry.row))?;
            out.removed += 1;
        }
    }
    Ok(out)
}

fn kept(row: &EntryRow, reason: &str) -> Kept {
    Kept {
        register: row.register.clone(),
        code: row.code.clone(),
        name: row.name.clone(),
        reason: reason.to_owned(),
    }
}

/// The entries of a change set: those unchanged since, and (as `Err`) those that moved on.
fn load(
    set: &mut ChangeSet<'_>,
    viewer: &Viewer,
    seq: i64,
    hidden: &mut Vec<Kept>,
) -> Result<Vec<std::result::Result<Touched, EntryRow>>> {
    let records: Vec<(i64, i32, String, Option<String>)> = revisions::table
        .filter(revisions::seq.eq(seq))
        .order(revisions::ordinal)
        .select((
            revisions::entry_id,
            revisions::revision,
            revisions::op,
            revisions::before,
        ))
        .load(set.conn())?;
    let mut out = Vec::with_capacity(records.len());
    for part in records.chunks(500) {
        let ids: Vec<i64> = part.iter().map(|r| r.0).collect();
        let rows = read::by_ids(set.conn(), viewer, &ids)?;
        let mut rows: HashMap<i64, EntryRow> = rows.into_iter().map(|r| (r.id, r)).collect();
        for (id, revision, op, before) in part {
            let Some(row) = rows.remove(id) else {
                hidden.extend(out_of_sight(set, *id)?);
                continue;
            };
            out.push(if row.revision == *revision {
                let delta = before
                    .as_deref()
                    .and_then(|json| serde_json::from_str(json).ok());
                Ok(Touched {
                    op: Op::from_word(op),
                    delta,
                    row,
                })
            } else {
                Err(row)
            });
        }
    }
    Ok(out)
}

/// An entry that went to a department which the viewer does not see: its code was the viewer's to know, no more.
fn out_of_sight(set: &mut ChangeSet<'_>, id: i64) -> Result<Option<Kept>> {
    let found: Option<(String, String)> = entries::table
        .find(id)
        .select((entries::register, entries::code))
        .first(set.conn())
        .optional()?;
    Ok(found.map(|(register, code)| Kept {
        register,
        code,
        name: String::new(),
        reason: ELSEWHERE.to_owned(),
    }))
}

/// Entries about to be removed that something else, or something kept because of it, refers to.
///
/// What is turned back does not count: it did not know them before.
fn still_referred(
    set: &mut ChangeSet<'_>,
    made: &[Touched],
    restored: &HashSet<i64>,
) -> Result<HashSet<i64>> {
    let mut leaving: HashSet<i64> = made.iter().map(|t| t.row.id).collect();
    let ids: Vec<i64> = leaving.iter().copied().collect();
    let mut edges: Vec<(i64, i64)> = Vec::new();
    for part in ids.chunks(500) {
        let found: Vec<(i64, i64)> = relations::table
            .filter(relations::to_id.eq_any(part.to_vec()))
            .filter(relations::until_seq.is_null())
            .select((relations::from_id, relations::to_id))
            .load(set.conn())?;
        edges.extend(found);
    }
    let mut stay = HashSet::new();
    loop {
        let before = stay.len();
        for (from, to) in &edges {
            let stays = !leaving.contains(from) && !restored.contains(from);
            if from != to && stays && leaving.remove(to) {
                stay.insert(*to);
            }
        }
        if stay.len() == before {
            return Ok(stay);
        }
    }
}

/// What is guarded of many entries.
fn guarded(set: &mut ChangeSet<'_>, ids: &[i64]) -> Result<Guarded> {
    let mut out = Guarded::default();
    for part in ids.chunks(500) {
        let some = Guarded::load(set.conn(), Some(part))?;
        out.approved.extend(some.approved);
        out.decided.extend(some.decided);
        out.reviewed.extend(some.reviewed);
        out.changing.extend(some.changing);
    }
    Ok(out)
}

/// Whether turning an entry back would touch what was decided or is being reviewed.
fn touches_reviewed(
    set: &mut ChangeSet<'_>,
    catalogue: &Catalogue,
    guarded: &Guarded,
    entry: &Touched,
) -> Result<bool> {
    let register = catalogue.register(&entry.row.register);
    let (Some(register), Some(model), Some(delta)) = (
        register,
        catalogue.lifecycle(&entry.row.register),
        &entry.delta,
    ) else {
        return Ok(false);
    };
    let document = entry.row.document();
    for key in delta.keys() {
        let fate = guarded.fate(register, model, entry.row.id, &document, key);
        if fate == Fate::Stage && held::is_bound(set.conn(), entry.row.id)? {
            return Ok(true);
        }
        // Nobody decided it here: what an import said of a decision is taken back with it.
        let free = matches!(fate, Fate::Free | Fate::Stage)
            || (fate == Fate::Decided && !guarded.decided.contains(&entry.row.id));
        if !free {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Puts the former values back; `false` when what they point to is gone.
fn restore(
    set: &mut ChangeSet<'_>,
    viewer: &Viewer,
    catalogue: &Catalogue,
    directory: &Directory,
    entry: &Touched,
) -> Result<bool> {
    let (Some(register), Some(delta)) = (catalogue.register(&entry.row.register), &entry.delta)
    else {
        return Ok(false);
    };
    let standing = entry.row.document();
    let mut document = standing.clone();
    turn_back(&mut document, delta);
    // Where an entry stands is moved by stage acts alone, whatever an older import said; what it said first of
    // where it stands is taken back with the rest.
    if let (Some(_), Some(key)) = (
        catalogue.lifecycle(&register.key),
        register.keys.status.as_ref(),
    ) && let (Some(Some(_)), Some(step)) = (delta.get(key), standing.get(key))
    {
        document.insert(key.clone(), step.clone());
    }
    let Some(edges) = edges(set, register, &document)? else {
        return Ok(false);
    };
    let Some(place) = place(set, viewer, directory, register, &document, &edges)? else {
        return Ok(false);
    };
    if !viewer.can(Right::Write, place) {
        return Ok(false);
    }
    let row = EntryRow::derive(catalogue, register, entry.row.id, place, &document);
    set.add(Change::amend(register, &entry.row, row, edges))?;
    Ok(true)
}

/// The edges of a document; `None` when one of its ends is no longer there.
///
/// # Errors
/// When the database fails.
pub fn edges(
    set: &mut ChangeSet<'_>,
    register: &Register,
    document: &Document,
) -> Result<Option<Vec<Edges>>> {
    let mut out = Vec::new();
    for field in register
        .fields
        .iter()
        .filter(|f| f.kind == FieldType::Reference)
    {
        let codes: Vec<String> = match document.get(&field.key) {
            Some(Value::Text(code)) => vec![code.clone()],
            Some(Value::List(codes)) => codes.clone(),
            _ => Vec::new(),
        };
        let target = field.refers_to.clone().unwrap_or_default();
        let mut to = Vec::with_capacity(codes.len());
        for code in codes {
            let found = entries::table
                .filter(entries::register.eq(&target))
                .filter(entries::code.eq(&code))
                .filter(entries::present.eq(true))
                .select(entries::id)
                .first::<i64>(set.conn())
                .optional()?;
            let Some(id) = found else { return Ok(None) };
            to.push(id);
        }
        out.push(Edges {
            field: field.key.clone(),
            to,
        });
    }
    Ok(Some(out))
}

fn place(
    set: &mut ChangeSet<'_>,
    viewer: &Viewer,
    directory: &Directory,
    register: &Register,
    document: &Document,
    edges: &[Edges],
) -> Result<Option<Place>> {
    let within = register
        .keys
        .within
        .as_ref()
        .and_then(|key| edges.iter().find(|e| &e.field == key));
    let within = within.and_then(|e| e.to.first().copied());
    if let Some(owner) = &register.keys.owner {
        let code = entry::text(document, owner).unwrap_or_default();
        return Ok(directory.by_code(code).map(|d| Place {
            department_id: d.id,
            party_id: entry::party(register, directory, document),
            within_id: within,
        }));
    }
    let Some(within_id) = within else {
        return Ok(None);
    };
    let rows = read::by_ids(set.conn(), viewer, &[within_id])?;
    Ok(rows.first().map(|r| Place {
        department_id: r.department_id,
        party_id: None,
        within_id: Some(within_id),
    }))
}
