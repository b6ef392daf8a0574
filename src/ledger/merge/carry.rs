//! What a merge changes: the survivor's values, and everything that referred to the one taken out.

use std::collections::HashSet;

use diesel::prelude::*;

use super::Wish;
use crate::auth::{Right, Viewer};
use crate::db::schema::{entries, relations};
use crate::db::scope::visible;
use crate::error::{Error, Problem, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::change::Change;
use crate::ledger::change_set::ChangeSet;
use crate::ledger::entry::{EntryRow, Place};
use crate::ledger::undo::edges;
use crate::register::field::{FieldType, Register};
use crate::register::rules::Finding;
use crate::register::value::{Document, Value};

/// Whether a field says where an entry belongs: that of the survivor stays.
pub(super) fn is_place(register: &Register, key: &str) -> bool {
    let is = |k: &Option<String>| k.as_deref() == Some(key);
    is(&register.keys.owner) || is(&register.keys.within)
}

/// The survivor with the values chosen.
pub(super) fn survive(
    set: &mut ChangeSet<'_>,
    definitions: Definitions<'_>,
    wish: &Wish,
    keep: &EntryRow,
    drop: &EntryRow,
) -> Result<()> {
    let register = definitions.register;
    let dropped = drop.document();
    let mut document = keep.document();
    for key in &wish.take {
        match dropped.get(key) {
            Some(value) => document.insert(key.clone(), value.clone()),
            None => document.remove(key),
        };
    }
    // Neither may refer to the one that goes, nor the survivor to itself.
    for field in references(register, &register.key) {
        replace(&mut document, &field, &drop.code, None);
        if wish.take.contains(&field) {
            replace(&mut document, &field, &keep.code, None);
        }
    }
    let mut problems = Vec::new();
    for (key, finding) in register.check(definitions.catalogue, &document) {
        if let Finding::Fault(fault) = finding {
            let (code, message) = (fault.code, &fault.message);
            problems.push(Problem::new(&key, code, message, &fault.suggestion));
        }
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let place = Place {
        department_id: keep.department_id,
        party_id: keep.party_id,
        within_id: keep.within_id,
    };
    amend(set, definitions, register, keep, place, &document)
}

/// Writes an entry's new document with its edges, if anything changed.
fn amend(
    set: &mut ChangeSet<'_>,
    definitions: Definitions<'_>,
    register: &Register,
    old: &EntryRow,
    place: Place,
    document: &Document,
) -> Result<()> {
    let row = EntryRow::derive(definitions.catalogue, register, old.id, place, document);
    if row.attributes == old.attributes {
        return Ok(());
    }
    let Some(edges) = edges(set, register, document)? else {
        return Err(Error::Conflict(format!("“{}”引用的条目已不存在", old.name)));
    };
    set.add(Change::amend(register, old, row, edges))
}

/// Keys of the fields of a register that refer to another one.
fn references(register: &Register, target: &str) -> Vec<String> {
    let fields = register
        .fields
        .iter()
        .filter(|f| f.kind == FieldType::Reference && f.refers_to.as_deref() == Some(target));
    fields.map(|f| f.key.clone()).collect()
}

/// Puts another code in place of one, or takes it out.
fn replace(document: &mut Document, key: &str, code: &str, by: Option<&str>) {
    let value = match document.get(key) {
        Some(Value::Text(held)) if held == code => by.map(|b| Value::Text(b.to_owned())),
        Some(Value::List(list)) if list.iter().any(|c| c == code) => {
            let mut out: Vec<String> = Vec::with_capacity(list.len());
            for held in list {
                let held = if held == code {
                    by
                } else {
                    Some(held.as_str())
                };
                if let Some(held) = held.filter(|h| !out.iter().any(|o| o == h)) {
                    out.push(held.to_owned());
                }
            }
            (!out.is_empty()).then_some(Value::List(out))
        }
        _ => return,
    };
    match value {
        Some(value) => document.insert(key.to_owned(), value),
        None => document.remove(key),
    };
}

/// Has everything that refers to the one refer to the other; entries within it that the other has too are taken out.
pub(super) fn refer_anew(
    set: &mut ChangeSet<'_>,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    keep: &EntryRow,
    drop: &EntryRow,
) -> Result<()> {
    let from: Vec<i64> = relations::table
        .inner_join(entries::table.on(entries::id.eq(relations::from_id)))
        .filter(relations::to_id.eq(drop.id))
        .filter(relations::until_seq.is_null())
        .filter(entries::present.eq(true))
        .filter(entries::id.ne_all([keep.id, drop.id]))
        .order(relations::from_id)
        .select(relations::from_id)
        .distinct()
        .load(set.conn())?;
    let mut rows: Vec<EntryRow> = Vec::with_capacity(from.len());
    for part in from.chunks(500) {
        let found: Vec<EntryRow> = visible(viewer)
            .filter(entries::id.eq_any(part.to_vec()))
            .order(entries::id)
            .select(EntryRow::as_select())
            .load(set.conn())?;
        rows.extend(found);
    }
    rows.retain(|row| viewer.can(Right::Write, row.department_id));
    let beyond = from.len() - rows.len();
    if beyond > 0 {
        return Err(Error::Conflict(format!(
            "“{}”被您权限以外的 {beyond} 个条目引用，请由本级数据管理部门合并",
            drop.name
        )));
    }
    let taken: Vec<(String, String)> = entries::table
        .filter(entries::within_id.eq(keep.id))
        .filter(entries::present.eq(true))
        .select((entries::register, entries::name_key))
        .load(set.conn())?;
    let mut names: HashSet<(String, String)> = taken.into_iter().collect();
    for row in rows {
        let Some(register) = definitions.catalogue.register(&row.register) else {
            continue;
        };
        let inside = row.within_id == Some(drop.id);
        let key = (row.register.clone(), row.name_key.clone());
        if inside && !names.insert(key) && !is_referred(set, row.id)? {
            set.add(Change::remove(&row))?;
            continue;
        }
        let mut document = row.document();
        for field in references(register, &drop.register) {
            replace(&mut document, &field, &drop.code, Some(&keep.code));
        }
        let place = Place {
            department_id: if inside && register.keys.owner.is_none() {
                keep.department_id
            } else {
                row.department_id
            },
            party_id: row.party_id,
            within_id: if inside { Some(keep.id) } else { row.within_id },
        };
        amend(set, definitions, register, &row, place, &document)?;
    }
    Ok(())
}

fn is_referred(set: &mut ChangeSet<'_>, id: i64) -> Result<bool> {
    let found: i64 = relations::table
        .filter(relations::to_id.eq(id))
        .filter(relations::until_seq.is_null())
        .count()
        .get_result(set.conn())?;
    Ok(found > 0)
}
