//! Two entries that are one, merged in one change set that can be taken back.
//!
//! The survivor takes what is chosen, everything that referred to the other refers to it, the other is taken out and
//! points at it. The history of both stays.

mod carry;

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::audit::{self, Event};
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{attachments, entries, entry_merges};
use crate::db::scope::visible;
use crate::error::{Error, Problem, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::change::Change;
use crate::ledger::change_set::{self, ChangeSet, Purpose, Verdict};
use crate::ledger::entry::EntryRow;
use crate::ledger::facts;
use crate::ledger::undo::{self, Undone};
use crate::register::field::Register;
use crate::register::text;
use crate::register::value::Document;
use carry::{is_place, refer_anew, survive};

/// The longest reason.
const REASON_CHARS: usize = 500;

/// A merge that was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = entry_merges, treat_none_as_default_value = false)]
pub struct Merge {
    /// Identity.
    pub id: i64,
    /// The entry that stays.
    pub kept_id: i64,
    /// The entry that was taken out.
    pub dropped_id: i64,
    /// Its change set.
    pub seq: i64,
    /// Numbers of the files that moved, as JSON.
    pub attachments: String,
    /// Why.
    pub reason: String,
    /// Who did it.
    pub actor: String,
    /// When, UTC.
    pub at: NaiveDateTime,
    /// The change set that took it back.
    pub undone_seq: Option<i64>,
    /// Who took it back.
    pub undone_by: Option<String>,
}

/// What is to be merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Code and version of the entry that stays.
    pub keep: (String, i32),
    /// Code and version of the entry that is taken out.
    pub drop: (String, i32),
    /// Keys of the fields whose values come from the one that is taken out.
    pub take: BTreeSet<String>,
    /// Why.
    pub reason: String,
}

/// One field of both, side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Key.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// What the one that stays says.
    pub keep: String,
    /// What the other says.
    pub drop: String,
    /// They differ, so there is something to choose.
    pub differs: bool,
    /// Only the other says something, so that is taken unless somebody says otherwise.
    pub fills: bool,
}

/// Both entries, which the viewer may write.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] by the viewer's rights; [`Error::Conflict`] when they are one or removed.
pub fn both(
    conn: &mut Conn,
    viewer: &Viewer,
    register: &Register,
    keep: &str,
    drop: &str,
) -> Result<(EntryRow, EntryRow)> {
    let kept = facts::row(conn, viewer, register, keep)?;
    viewer.may(Right::Write, kept.department_id)?;
    let dropped = facts::row(conn, viewer, register, drop)?;
    viewer.may(Right::Write, dropped.department_id)?;
    if kept.id == dropped.id {
        return Err(Error::Conflict("不能把条目并入它自己".to_owned()));
    }
    for row in [&kept, &dropped] {
        if !row.present {
            return Err(Error::Conflict(format!("“{}”已被移除，不能合并", row.name)));
        }
    }
    if kept.within_id == Some(dropped.id) || dropped.within_id == Some(kept.id) {
        return Err(Error::Conflict("一个条目属于另一个，不能合并".to_owned()));
    }
    Ok((kept, dropped))
}

/// The fields of both, in the register's order; those that neither has are left out.
#[must_use]
pub fn side_by_side(
    viewer: &Viewer,
    definitions: Definitions<'_>,
    keep: &EntryRow,
    drop: &EntryRow,
) -> Vec<Beside> {
    let seen = |row: &EntryRow| facts::seen(viewer, definitions, row.clone()).document;
    let (kept, dropped) = (seen(keep), seen(drop));
    let register = definitions.register;
    let fixed = |key: &str| *key == register.keys.code || is_place(register, key);
    let show = |document: &Document, key: &str| {
        let field = register.field(key)?;
        let value = document.get(key)?;
        Some(field.show(definitions.catalogue, definitions.directory, value))
    };
    let fields = register.fields.iter().filter_map(|field| {
        let one = show(&kept, &field.key);
        let other = show(&dropped, &field.key);
        (one.is_some() || other.is_some()).then(|| Beside {
            key: field.key.clone(),
            label: field.label.clone(),
            differs: one != other && other.is_some() && !fixed(&field.key),
            fills: one.is_none() && other.is_some() && !fixed(&field.key),
            keep: one.unwrap_or_default(),
            drop: other.unwrap_or_default(),
        })
    });
    fields.collect()
}

fn check(register: &Register, wish: &Wish) -> Result<()> {
    let mut problems = Vec::new();
    let reason = wish.reason.trim();
    if reason.is_empty() {
        let message = "请写明合并的原因。";
        problems.push(Problem::new(
            "reason",
            "required",
            message,
            "如 同一系统重复填报",
        ));
    }
    if reason.chars().count() > REASON_CHARS {
        let message = format!("合并原因超过 {REASON_CHARS} 个字。");
        problems.push(Problem::new("reason", "too_long", &message, "请缩短"));
    }
    if let Err(fault) = text::check("合并原因", reason) {
        let (code, message) = (fault.code, &fault.message);
        problems.push(Problem::new("reason", code, message, &fault.suggestion));
    }
    for key in &wish.take {
        if register.field(key).is_none() || *key == register.keys.code || is_place(register, key) {
            let message = format!("“{key}”不能从被合并的条目取值。");
            problems.push(Problem::new(
                "take",
                "unknown_field",
                &message,
                "请从对照表中选择",
            ));
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(problems))
    }
}

/// Merges two entries of a register.
///
/// # Errors
/// As [`both`]; [`Error::Invalid`] for a missing reason, or a rule that the merged entry breaks; [`Error::Stale`] when
/// one of them moved on; [`Error::Conflict`] when entries out of the viewer's reach refer to the one taken out.
pub fn merge(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    wish: &Wish,
) -> Result<Merge> {
    let register = definitions.register;
    both(conn, viewer, register, &wish.keep.0, &wish.drop.0)?;
    check(register, wish)?;
    let purpose = Purpose {
        source: "merge",
        reason: wish.reason.trim().to_owned(),
        valid_on: None,
        import_id: None,
        undoes: None,
    };
    let (_, merge) = change_set::write(conn, viewer, purpose, |set| {
        let (keep, drop) = both(set.conn(), viewer, register, &wish.keep.0, &wish.drop.0)?;
        for (row, version) in [(&keep, wish.keep.1), (&drop, wish.drop.1)] {
            if row.revision != version {
                return Err(Error::Stale(format!("“{}”", row.name)));
            }
        }
        refer_anew(set, viewer, definitions, &keep, &drop)?;
        // What referred to the other may have been the survivor itself.
        survive(set, definitions, wish, &keep, &drop)?;
        set.add(Change::remove(&drop))?;
        let merge = note(set, viewer, wish, &keep, &drop)?;
        Ok(Verdict::Commit(merge))
    })?;
    Ok(merge)
}

/// Moves the files and notes the merge.
fn note(
    set: &mut ChangeSet<'_>,
    viewer: &Viewer,
    wish: &Wish,
    keep: &EntryRow,
    drop: &EntryRow,
) -> Result<Merge> {
    let seq = set.seq();
    let conn = set.conn();
    let files: Vec<i64> = attachments::table
        .filter(attachments::entry_id.eq(drop.id))
        .filter(attachments::removed_at.is_null())
        .order(attachments::id)
        .select(attachments::id)
        .load(conn)?;
    diesel::update(attachments::table.filter(attachments::id.eq_any(files.clone())))
        .set(attachments::entry_id.eq(keep.id))
        .execute(conn)?;
    let last: Option<i64> = entry_merges::table
        .select(diesel::dsl::max(entry_merges::id))
        .first(conn)?;
    let merge = Merge {
        id: last.unwrap_or(0) + 1,
        kept_id: keep.id,
        dropped_id: drop.id,
        seq,
        attachments: serde_json::to_string(&files).unwrap_or_default(),
        reason: wish.reason.trim().to_owned(),
        actor: viewer.name().to_owned(),
        at: clock::now(),
        undone_seq: None,
        undone_by: None,
    };
    diesel::insert_into(entry_merges::table)
        .values(&merge)
        .execute(conn)?;
    let object = format!(
        "“{}”（{}）并入“{}”（{}）",
        drop.name, drop.code, keep.name, keep.code
    );
    let event = Event::done("merge_entries", &object).of(Some(keep.department_id));
    let detail = serde_json::json!({ "why": merge.reason, "files": files.len() });
    audit::record(conn, viewer, &event.with(detail))?;
    Ok(merge)
}

/// A merge whose both entries the viewer sees in full.
///
/// # Errors
/// [`Error::NotFound`] when there is none, or it is out of reach.
pub fn find(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<(Merge, EntryRow, EntryRow)> {
    let nowhere = || Error::NotFound(format!("合并记录 {id}"));
    let merge: Option<Merge> = entry_merges::table
        .find(id)
        .select(Merge::as_select())
        .first(conn)
        .optional()?;
    let merge = merge.ok_or_else(nowhere)?;
    let mut row = |id: i64| -> Result<EntryRow> {
        let found: Option<EntryRow> = visible(viewer)
            .filter(entries::id.eq(id))
            .select(EntryRow::as_select())
            .first(conn)
            .optional()?;
        found.ok_or_else(nowhere)
    };
    let (keep, drop) = (row(merge.kept_id)?, row(merge.dropped_id)?);
    Ok((merge, keep, drop))
}

/// Merges that an entry was part of, newest first, with the entry at the other end where the viewer sees it in full.
///
/// # Errors
/// When the database fails.
pub fn of_entry(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<Vec<(Merge, EntryRow)>> {
    let found: Vec<Merge> = entry_merges::table
        .filter(
            entry_merges::kept_id
                .eq(id)
                .or(entry_merges::dropped_id.eq(id)),
        )
        .filter(entry_merges::undone_seq.is_null())
        .order(entry_merges::id.desc())
        .limit(50)
        .select(Merge::as_select())
        .load(conn)?;
    let other = |m: &Merge| {
        if m.kept_id == id {
            m.dropped_id
        } else {
            m.kept_id
        }
    };
    let ids: Vec<i64> = found.iter().map(other).collect();
    let rows: Vec<EntryRow> = visible(viewer)
        .filter(entries::id.eq_any(ids))
        .select(EntryRow::as_select())
        .load(conn)?;
    let with = found.into_iter().filter_map(|merge| {
        let row = rows.iter().find(|r| r.id == other(&merge))?.clone();
        Some((merge, row))
    });
    Ok(with.collect())
}

/// Takes a merge back: both entries as they were, what referred to either refers to it again.
///
/// # Errors
/// As [`find`]; [`Error::Refused`] without the right to write both; [`Error::Conflict`] when it was taken back
/// already, or when one of its entries changed since.
pub fn take_back(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    id: i64,
) -> Result<Undone> {
    let (merge, keep, drop) = find(conn, viewer, id)?;
    viewer.may(Right::Write, keep.department_id)?;
    viewer.may(Right::Write, drop.department_id)?;
    let purpose = Purpose {
        source: "undo",
        reason: format!("撤销合并 {id}"),
        valid_on: None,
        import_id: None,
        undoes: Some(merge.seq),
    };
    let (_, undone) = change_set::write(conn, viewer, purpose, |set| {
        let done = diesel::update(entry_merges::table.find(id))
            .filter(entry_merges::undone_seq.is_null())
            .set((
                entry_merges::undone_seq.eq(set.seq()),
                entry_merges::undone_by.eq(viewer.name()),
            ))
            .execute(set.conn())?;
        if done != 1 {
            return Err(Error::Conflict("这次合并已经撤销".to_owned()));
        }
        let undone = undo::take_back(set, viewer, definitions.catalogue, merge.seq)?;
        if let Some(kept) = undone.kept.first() {
            let name = if kept.name.is_empty() {
                &kept.code
            } else {
                &kept.name
            };
            return Err(Error::Conflict(format!(
                "不能撤销合并: “{name}”{}",
                kept.reason
            )));
        }
        let files: Vec<i64> = serde_json::from_str(&merge.attachments).unwrap_or_default();
        diesel::update(
            attachments::table
                .filter(attachments::id.eq_any(files))
                .filter(attachments::entry_id.eq(merge.kept_id)),
        )
        .set(attachments::entry_id.eq(merge.dropped_id))
        .execute(set.conn())?;
        let object = format!("“{}”与“{}”的合并", drop.name, keep.name);
        let event = Event::done("undo_merge", &object).of(Some(keep.department_id));
        audit::record(set.conn(), viewer, &event)?;
        Ok(Verdict::Commit(undone))
    })?;
    Ok(undone)
}
