//! Entries that name a person as their contact, and naming another one instead.

use diesel::prelude::*;

use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::entries;
use crate::db::scope::visible;
use crate::error::Result;
use crate::ledger::change::Change;
use crate::ledger::change_set::ChangeSet;
use crate::ledger::entry::{EntryRow, Place};
use crate::org::person::Person;
use crate::register::catalogue::Catalogue;
use crate::register::value::{Document, Value};
use crate::register::words;

/// The field that names whom to ask about an entry, the same in every register that has one.
const CONTACT: &str = "contact";
/// The field with the number to call.
const CONTACT_PHONE: &str = "contact_phone";

/// Entries of the person's department that name this person and that the viewer may write.
pub(super) fn entries_of(
    conn: &mut Conn,
    viewer: &Viewer,
    person: &Person,
) -> Result<Vec<EntryRow>> {
    if !viewer.can(Right::Write, person.department_id) {
        return Ok(Vec::new());
    }
    let escaped = person
        .name
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    let rows: Vec<EntryRow> = visible(viewer)
        .filter(entries::department_id.eq(person.department_id))
        .filter(entries::present.eq(true))
        .filter(
            entries::attributes
                .like(format!("%{escaped}%"))
                .escape('\\'),
        )
        .order(entries::id)
        .select(EntryRow::as_select())
        .load(conn)?;
    Ok(rows
        .into_iter()
        .filter(|row| names(&row.document(), person))
        .collect())
}

fn names(document: &Document, person: &Person) -> bool {
    let text = document.get(CONTACT);
    matches!(text, Some(Value::Text(name)) if words::name_key(name) == person.name_key)
}

/// Names `to` instead, with a number to call where there was one.
pub(super) fn rename(
    set: &mut ChangeSet<'_>,
    catalogue: &Catalogue,
    rows: &[EntryRow],
    to: &Person,
) -> Result<usize> {
    let mut done = 0;
    for row in rows {
        let Some(register) = catalogue.register(&row.register) else {
            continue;
        };
        let mut document = row.document();
        document.insert(CONTACT.to_owned(), Value::Text(to.name.clone()));
        if document.contains_key(CONTACT_PHONE) {
            let number = if to.phone.is_empty() {
                &to.mobile
            } else {
                &to.phone
            };
            if number.is_empty() {
                document.remove(CONTACT_PHONE);
            } else {
                document.insert(CONTACT_PHONE.to_owned(), Value::Text(number.clone()));
            }
        }
        let place = Place {
            department_id: row.department_id,
            party_id: row.party_id,
            within_id: row.within_id,
        };
        let new = EntryRow::derive(catalogue, register, row.id, place, &document);
        set.add(Change::amend(register, row, new, Vec::new()))?;
        done += 1;
    }
    Ok(done)
}
