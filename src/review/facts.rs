//! What is known of an entry when it comes to a gate, gathered from the ledger.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::auth::{Sight, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{attachments, entries, relations};
use crate::error::{Error, Problem, Result};
use crate::impact;
use crate::ledger::ends::{self, Standing};
use crate::ledger::entry::{self, EntryRow};
use crate::ledger::facts::{self as ledger_facts, Entry};
use crate::ledger::held::step_of;
use crate::ledger::sight;
use crate::register::lifecycle::{
    Facts, GateVersion, Link, Links, Missing, Need, Related, holds, missing,
};
use crate::review::Ground;

/// A gate as it judged an entry on a day.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Key of the gate.
    pub gate: String,
    /// What people read.
    pub label: String,
    /// Its version in force.
    pub version: u32,
    /// The rule it comes from.
    pub basis: String,
    /// Everything that is missing; empty when it opens.
    pub missing: Vec<Missing>,
}

impl Judged {
    /// What is missing, as problems of a form.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        self.missing
            .iter()
            .map(|m| {
                Problem::new(
                    &m.key,
                    &format!("missing_{}", m.what),
                    &m.message,
                    &m.suggestion,
                )
            })
            .collect()
    }
}

/// Gathers what a gate may ask about. Related entries are taken whoever owns them: a gate tells of them only
/// what the entry itself says, their code, and where they stand.
///
/// # Errors
/// When the database fails.
pub fn gather(conn: &mut Conn, ground: Ground<'_>, row: &EntryRow) -> Result<Facts> {
    let kinds: Vec<String> = attachments::table
        .filter(attachments::entry_id.eq(row.id))
        .filter(attachments::removed_at.is_null())
        .select(attachments::kind)
        .load(conn)?;
    let mut related: BTreeMap<String, Vec<Related>> = BTreeMap::new();
    let out: Vec<(String, EntryRow)> = relations::table
        .inner_join(entries::table.on(entries::id.eq(relations::to_id)))
        .filter(relations::from_id.eq(row.id))
        .filter(relations::until_seq.is_null())
        .filter(entries::present.eq(true))
        .order(entries::id)
        .select((relations::field, EntryRow::as_select()))
        .load(conn)?;
    for (field, there) in out {
        related.entry(field).or_default().push(of(ground, &there));
    }
    let into: Vec<(String, EntryRow)> = relations::table
        .inner_join(entries::table.on(entries::id.eq(relations::from_id)))
        .filter(relations::to_id.eq(row.id))
        .filter(relations::until_seq.is_null())
        .filter(entries::present.eq(true))
        .order(entries::id)
        .limit(1_000)
        .select((relations::field, EntryRow::as_select()))
        .load(conn)?;
    for (field, there) in into {
        let key = format!("{}.{field}", there.register);
        related.entry(key).or_default().push(of(ground, &there));
    }
    Ok(Facts {
        document: row.document(),
        attachments: kinds.into_iter().collect(),
        related,
        links: Links::default(),
        unconfirmed: String::new(),
    })
}

/// Who would be cut off without an entry, as far as the viewer may be told.
fn links(conn: &mut Conn, viewer: &Viewer, ground: Ground<'_>, row: &EntryRow) -> Result<Links> {
    let standing = impact::links(conn, viewer, ground.catalogue, row)?;
    let told = standing.told.into_iter().map(|end| {
        let register = ground.catalogue.register(&end.place.register);
        let owner = ground.directory.get(end.place.department_id);
        Link {
            register: register.map_or(end.place.register.clone(), |r| r.label.clone()),
            code: end.place.code,
            name: end.place.name,
            owner: owner.map(|d| d.name.clone()).unwrap_or_default(),
            field: end.field,
            via: end.via,
        }
    });
    Ok(Links {
        told: told.collect(),
        hidden: standing.hidden,
        cut: standing.cut,
        replacement: replacement(conn, viewer, ground, row)?
            .map(|r| format!("“{}”（{}）", r.name, r.code))
            .unwrap_or_default(),
    })
}

/// What an entry says that takes its place, when the viewer sees that.
///
/// # Errors
/// When the database fails.
pub fn replacement(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &EntryRow,
) -> Result<Option<EntryRow>> {
    let model = ground.catalogue.lifecycle(&row.register);
    let key = model.and_then(|m| m.retirement.as_ref()?.replacement.as_ref());
    let definitions = ground.definitions(&row.register)?;
    let document = row.document();
    let Some(code) = key.and_then(|k| entry::text(&document, k)) else {
        return Ok(None);
    };
    match ledger_facts::row(conn, viewer, definitions.register, code) {
        Ok(found) => Ok(Some(found).filter(|r| r.present && r.id != row.id)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

fn of(ground: Ground<'_>, row: &EntryRow) -> Related {
    let document = entry::pick(&row.attributes, |_| true);
    let register = ground.catalogue.register(&row.register);
    let step = register.map_or("", |r| step_of(r, &document)).to_owned();
    Related {
        register: row.register.clone(),
        code: row.code.clone(),
        name: row.name.clone(),
        step,
    }
}

/// Judges an entry by a gate as it is in force today; none where the gate has no version yet. Who would be cut off is
/// told as far as the viewer sees it, the others are counted.
///
/// # Errors
/// [`Error::NotFound`] for a register that is gone; when the database fails.
pub fn judge(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &EntryRow,
    gate: Option<&str>,
) -> Result<Option<Judged>> {
    judge_on(conn, viewer, ground, row, (gate, clock::today()))
}

/// The same by the version in force on another day.
///
/// # Errors
/// As [`judge`].
pub fn judge_on(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &EntryRow,
    (gate, day): (Option<&str>, NaiveDate),
) -> Result<Option<Judged>> {
    let Some(key) = gate else { return Ok(None) };
    let definitions = ground.definitions(&row.register)?;
    let model = ground.model(&row.register)?;
    let Some((gate, version)) = model.gate(key, day) else {
        return Ok(None);
    };
    let mut facts = gather(conn, ground, row)?;
    let asks = |n: &Need| n.links && holds(n.when.as_ref(), &facts.document);
    if version.need.iter().any(asks) {
        facts.links = links(conn, viewer, ground, row)?;
    }
    let GateVersion {
        version: number,
        basis,
        ..
    } = version;
    if version.need.iter().any(|n| n.ends) {
        let standing = ends::pair(conn, row.id)?.standing();
        if standing != Standing::Confirmed {
            standing.label().clone_into(&mut facts.unconfirmed);
        }
    }
    Ok(Some(Judged {
        gate: gate.key.clone(),
        label: gate.label.clone(),
        version: *number,
        basis: basis.clone(),
        missing: missing(ground.catalogue, definitions.register, version, &facts),
    }))
}

/// The entry behind a submission or an act, seen in full or assigned for an opinion.
///
/// # Errors
/// [`crate::error::Error::NotFound`] in the same words whether it is absent or out of reach.
pub fn seen(conn: &mut Conn, viewer: &Viewer, entry: i64, what: &str) -> Result<EntryRow> {
    let full: Option<EntryRow> = crate::db::scope::visible(viewer)
        .filter(entries::id.eq(entry))
        .select(EntryRow::as_select())
        .first(conn)
        .optional()?;
    if let Some(row) = full {
        return Ok(row);
    }
    let assigned: Option<EntryRow> = match crate::db::scope::assigned(viewer) {
        Some(query) => query
            .filter(entries::id.eq(entry))
            .select(EntryRow::as_select())
            .first(conn)
            .optional()?,
        None => None,
    };
    assigned.ok_or_else(|| crate::error::Error::NotFound(what.to_owned()))
}

/// What the viewer sees of an entry under review: whoever is asked for an opinion sees what the department and its
/// bureaus see, without security detail.
///
/// # Errors
/// [`crate::error::Error::NotFound`] for a register that is gone.
pub fn shown(viewer: &Viewer, ground: Ground<'_>, row: &EntryRow) -> Result<Entry> {
    let definitions = ground.definitions(&row.register)?;
    let mut entry = ledger_facts::seen(viewer, definitions, row.clone());
    if entry.sight < Sight::Own {
        let mut document = row.document();
        sight::cut(definitions.register, Sight::Own, &mut document);
        entry.document = document;
        entry.sight = Sight::Own;
    }
    Ok(entry)
}
