//! Values that a decision or a stage act writes: read and judged before, written through the one door.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::change::{Change, Edges};
use crate::ledger::change_set::ChangeSet;
use crate::ledger::entry::{self, EntryRow, Place};
use crate::ledger::undo;
use crate::register::field::FieldType;
use crate::register::value::{Document, Value};

/// Writes values into an entry, whoever asks: the caller has judged who may. `None` takes a value out.
///
/// # Errors
/// [`Error::Conflict`] when a value names an entry or a department that is not there any more; when the
/// database fails.
pub fn amend(
    set: &mut ChangeSet<'_>,
    definitions: Definitions<'_>,
    row: &EntryRow,
    values: &BTreeMap<String, Option<Value>>,
) -> Result<EntryRow> {
    let register = definitions.register;
    let mut document = row.document();
    let mut named = Document::new();
    for (key, value) in values {
        match value {
            Some(value) => document.insert(key.clone(), value.clone()),
            None => document.remove(key),
        };
        let reference = register.field(key).map(|f| f.kind) == Some(FieldType::Reference);
        if let (true, Some(value)) = (reference, value) {
            named.insert(key.clone(), value.clone());
        }
    }
    let lost = || Error::Conflict(format!("“{}”所引用的条目已不存在，请退回修改", row.name));
    let mut edges: Vec<Edges> = undo::edges(set, register, &named)?.ok_or_else(lost)?;
    edges.retain(|e| values.contains_key(&e.field));
    let owner = register
        .keys
        .owner
        .as_ref()
        .filter(|k| values.contains_key(*k));
    let department_id = match owner {
        Some(key) => {
            let code = entry::text(&document, key).unwrap_or_default();
            let found = definitions.directory.by_code(code);
            found.map(|d| d.id).ok_or_else(lost)?
        }
        None => row.department_id,
    };
    let place = Place {
        department_id,
        party_id: entry::party(register, definitions.directory, &document),
        within_id: row.within_id,
    };
    let derived = EntryRow::derive(definitions.catalogue, register, row.id, place, &document);
    if derived.attributes == row.attributes {
        return Ok(row.clone());
    }
    let change = Change::amend(register, row, derived, edges);
    let written = change.row.clone();
    set.add_judged(change)?;
    Ok(written)
}
