//! What an entry was before: its versions with old and new of every field, and any two of them compared.
//!
//! Reasons and authors are the department's business, so history is for those who see the entry in full.

use chrono::NaiveDateTime;

use crate::auth::{Right, Sight, Viewer};
use crate::db::connection::Conn;
use crate::error::{Error, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::entry::EntryRow;
use crate::ledger::{read, sight};
use crate::register::value::{Document, EXTRA_PREFIX, Value};

/// A field that differs between two states of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    /// Key of the field.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// What it was; empty when there was nothing.
    pub old: String,
    /// What it is; empty when there is nothing.
    pub new: String,
}

/// The fields that differ, in the register's order, unknown columns last.
#[must_use]
pub fn diff(definitions: Definitions<'_>, before: &Document, after: &Document) -> Vec<Diff> {
    let mut out = Vec::new();
    for field in &definitions.register.fields {
        let (old, new) = (before.get(&field.key), after.get(&field.key));
        if old != new {
            let show = |v: Option<&Value>| {
                v.map(|v| field.show(definitions.catalogue, definitions.directory, v))
                    .unwrap_or_default()
            };
            out.push(Diff {
                key: field.key.clone(),
                label: field.label.clone(),
                old: show(old),
                new: show(new),
            });
        }
    }
    for key in before.keys().chain(after.keys()) {
        if let Some(header) = key.strip_prefix(EXTRA_PREFIX)
            && before.get(key) != after.get(key)
            && !out.iter().any(|d| &d.key == key)
        {
            let text = |d: &Document| match d.get(key) {
                Some(Value::Text(text)) => text.clone(),
                _ => String::new(),
            };
            out.push(Diff {
                key: key.clone(),
                label: header.to_owned(),
                old: text(before),
                new: text(after),
            });
        }
    }
    out
}

/// One version of an entry, with what it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Counts from 1.
    pub revision: i32,
    /// `create`, `change` or `remove`.
    pub op: String,
    /// Change set.
    pub seq: i64,
    /// When, UTC.
    pub at: NaiveDateTime,
    /// Author.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// What changed, as far as it is seen.
    pub changes: Vec<Diff>,
    /// How many more fields changed.
    pub hidden: usize,
}

fn versions(conn: &mut Conn, viewer: &Viewer, row: &EntryRow) -> Result<Vec<read::Version>> {
    viewer.may(Right::SeeOwn, row)?;
    read::history(conn, viewer, row)
}

fn told(definitions: Definitions<'_>, sight: Sight, version: &read::Version) -> Version {
    let register = definitions.register;
    let all = diff(definitions, &version.before, &version.after);
    let number = all.len();
    let shown = all.into_iter();
    let changes: Vec<Diff> = shown
        .filter(|d| sight::shows_key(register, &d.key, sight))
        .collect();
    Version {
        revision: version.revision,
        op: version.op.clone(),
        seq: version.seq,
        at: version.at,
        actor: version.actor.clone(),
        reason: version.reason.clone(),
        hidden: number - changes.len(),
        changes,
    }
}

/// All versions of an entry, newest first.
///
/// # Errors
/// [`Error::Refused`] when the entry is not seen in full; when the database fails.
pub fn history(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    row: &EntryRow,
) -> Result<Vec<Version>> {
    let sight = viewer.sight(row);
    let versions = versions(conn, viewer, row)?;
    Ok(versions
        .iter()
        .map(|v| told(definitions, sight, v))
        .collect())
}

/// The versions that came after one, newest first.
///
/// # Errors
/// As [`history`].
pub fn since(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    row: &EntryRow,
    revision: i32,
) -> Result<Vec<Version>> {
    let mut versions = history(conn, viewer, definitions, row)?;
    versions.retain(|v| v.revision > revision);
    Ok(versions)
}

/// What an entry said after one of its changes, as far as it is seen.
///
/// # Errors
/// [`Error::NotFound`] for a version that it does not have; as [`history`].
pub fn document_at(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    row: &EntryRow,
    revision: i32,
) -> Result<Document> {
    let versions = versions(conn, viewer, row)?;
    let found = versions.into_iter().find(|v| v.revision == revision);
    let mut document = found
        .map(|v| v.after)
        .ok_or_else(|| Error::NotFound(format!("“{}”的版本 {revision}", row.code)))?;
    let sight = viewer.sight(row);
    sight::cut(definitions.register, sight, &mut document);
    Ok(document)
}

/// What differs between two versions, as far as it is seen.
///
/// # Errors
/// As [`document_at`].
pub fn compare(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    row: &EntryRow,
    (old, new): (i32, i32),
) -> Result<Vec<Diff>> {
    let before = document_at(conn, viewer, definitions, row, old)?;
    let after = document_at(conn, viewer, definitions, row, new)?;
    Ok(diff(definitions, &before, &after))
}
