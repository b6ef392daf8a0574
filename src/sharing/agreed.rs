//! An agreed request becomes a link: stated by both ends, at the step of connecting.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{LINKS, field};
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::entries;
use crate::db::scope::visible;
use crate::error::{Error, Result};
use crate::ledger::amend::amend;
use crate::ledger::as_of::Definitions;
use crate::ledger::change::Change;
use crate::ledger::change_set::{self, ChangeSet, Purpose, Verdict};
use crate::ledger::ends::{self, Act, Given, Names, Side, Traits};
use crate::ledger::entry::{self, EntryRow, Place};
use crate::ledger::held::step_of;
use crate::ledger::undo;
use crate::ledger::walk;
use crate::org::directory::Directory;
use crate::register::catalogue::Catalogue;
use crate::register::value::{Document, Value};

/// What two departments have agreed on; codes of systems, lists and the dataset's number.
#[derive(Clone, Copy, Debug)]
pub struct Agreed<'a> {
    /// The department that gives.
    pub provider: i64,
    /// The department that takes.
    pub consumer: i64,
    /// The dataset's entry.
    pub dataset_id: Option<i64>,
    /// Code of the system that gives.
    pub provider_system: Option<&'a str>,
    /// Code of the system that takes.
    pub consumer_system: Option<&'a str>,
    /// Code of the way, of the list `share_mode`.
    pub mode: &'a str,
    /// Code of the list `update_cycle`; may be empty.
    pub frequency: &'a str,
    /// Basis; may be empty.
    pub basis: &'a str,
    /// What it is for.
    pub purpose: &'a str,
    /// Who may use it; may be empty.
    pub scope: &'a str,
    /// The last day, `YYYY-MM-DD`.
    pub valid_until: Option<&'a str>,
    /// The request, for the reason in the history.
    pub request_id: i64,
}

/// Makes the link that was agreed on, or finds the one that is meant and writes what was agreed into it. Both ends
/// have said so by agreeing. Returns the code of the link.
///
/// Who may agree has been judged by the caller, who calls it in the transaction of the agreement, with no change set
/// open.
///
/// # Errors
/// [`Error::Conflict`] when a department or an entry is gone; when the database fails.
pub fn agreed(
    conn: &mut Conn,
    viewer: &Viewer,
    catalogue: &Catalogue,
    directory: &Directory,
    wanted: &Agreed<'_>,
) -> Result<String> {
    let register = catalogue
        .register(LINKS)
        .ok_or_else(|| Error::NotFound("登记簿“共享对接”".to_owned()))?;
    let definitions = Definitions {
        catalogue,
        directory,
        register,
    };
    let purpose = Purpose {
        source: "agreed",
        reason: format!("共享申请 {} 经双方商定", wanted.request_id),
        valid_on: None,
        import_id: None,
        undoes: None,
    };
    // The agreement gives the right: whoever answers for one end writes what both have agreed on.
    let both = Viewer::operator(viewer.name());
    let (_, code) = change_set::write(conn, &both, purpose, |set| {
        let values = values(set.conn(), directory, wanted)?;
        let found = standing(set.conn(), definitions, wanted, &values)?;
        let begins = found.as_ref().is_none_or(|row| {
            let step = step_of(register, &row.document()).to_owned();
            step.is_empty() || step == field::APPLYING
        });
        let row = match found {
            Some(row) => amended(set, definitions, &row, &values)?,
            None => made(set, definitions, wanted, &values)?,
        };
        if begins {
            connected(set, viewer, definitions, &row)?;
        }
        let given: Given = ends::said_of(register, &values)
            .into_iter()
            .map(|(key, value)| (key, Some(value)))
            .collect();
        for side in Side::ALL {
            ends::state(
                set,
                viewer,
                (row.id, row.revision),
                (side, Act::Agree),
                &given,
            )?;
        }
        super::follow::tell(set.conn(), directory)?;
        Ok(Verdict::Commit(row.code))
    })?;
    Ok(code)
}

/// What was agreed, as a link says it.
fn values(conn: &mut Conn, directory: &Directory, wanted: &Agreed<'_>) -> Result<Document> {
    let department = |id: i64| {
        let found = directory.get(id).map(|d| d.code.clone());
        found.ok_or_else(|| Error::Conflict("共享双方的单位已不在机构名录中".to_owned()))
    };
    let dataset: Option<String> = match wanted.dataset_id {
        Some(id) => Some(
            entries::table
                .find(id)
                .filter(entries::present.eq(true))
                .select(entries::code)
                .first(conn)
                .optional()?
                .ok_or_else(|| Error::Conflict("所申请的数据资源已不存在".to_owned()))?,
        ),
        None => None,
    };
    let (provider, consumer) = (department(wanted.provider)?, department(wanted.consumer)?);
    let said = [
        (field::PROVIDER, Some(provider.as_str())),
        (field::CONSUMER, Some(consumer.as_str())),
        (ends::DATASET, dataset.as_deref()),
        (ends::PROVIDER_SYSTEM, wanted.provider_system),
        (ends::CONSUMER_SYSTEM, wanted.consumer_system),
        (field::MODE, Some(wanted.mode)),
        (field::FREQUENCY, Some(wanted.frequency)),
        (field::BASIS, Some(wanted.basis)),
        (field::PURPOSE, Some(wanted.purpose)),
        (field::SCOPE, Some(wanted.scope)),
        (field::VALID_UNTIL, wanted.valid_until),
    ];
    Ok(said
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key, Value::Text(value.to_owned())))
        .collect())
}

/// The link between the two that is meant, of those not ended.
fn standing(
    conn: &mut Conn,
    definitions: Definitions<'_>,
    wanted: &Agreed<'_>,
    values: &Document,
) -> Result<Option<EntryRow>> {
    let register = definitions.register;
    let rows: Vec<EntryRow> = visible(&Viewer::operator("系统"))
        .filter(entries::register.eq(LINKS))
        .filter(entries::department_id.eq(wanted.provider))
        .filter(entries::party_id.eq(wanted.consumer))
        .filter(entries::present.eq(true))
        .filter(entries::stage.ne("retired"))
        .order(entries::id)
        .select(EntryRow::as_select())
        .load(conn)?;
    let mut names = Names::default();
    names.learn(conn, register, values)?;
    let mut named = values.clone();
    ends::settle_name(register, definitions.directory, &names, None, &mut named);
    let known: Vec<Traits> = rows
        .iter()
        .map(|r| Traits::of(register, &r.document()))
        .collect();
    let found = ends::matching(&Traits::of(register, &named), known.iter());
    Ok(found.first().and_then(|n| rows.into_iter().nth(*n)))
}

fn amended(
    set: &mut ChangeSet<'_>,
    definitions: Definitions<'_>,
    row: &EntryRow,
    values: &Document,
) -> Result<EntryRow> {
    let mut values: BTreeMap<String, Option<Value>> = values
        .iter()
        .map(|(key, value)| (key.clone(), Some(value.clone())))
        .collect();
    let status = definitions.register.keys.status.as_deref();
    if let Some(key) = status
        && entry::text(&row.document(), key).is_none_or(|step| step == field::APPLYING)
    {
        let step = Value::Text(field::CONNECTING.to_owned());
        values.insert(key.to_owned(), Some(step));
    }
    amend(set, definitions, row, &values)
}

fn made(
    set: &mut ChangeSet<'_>,
    definitions: Definitions<'_>,
    wanted: &Agreed<'_>,
    values: &Document,
) -> Result<EntryRow> {
    let register = definitions.register;
    let mut document = values.clone();
    let mut names = Names::default();
    names.learn(set.conn(), register, &document)?;
    ends::settle_name(register, definitions.directory, &names, None, &mut document);
    let id = set.next_entry();
    let code = format!("{}-{id:08}", register.code_prefix);
    document.insert(register.keys.code.clone(), Value::Text(code));
    if let Some(status) = &register.keys.status {
        let step = Value::Text(field::CONNECTING.to_owned());
        document.insert(status.clone(), step);
    }
    let lost = || Error::Conflict("共享双方的系统已不存在，请重新选择".to_owned());
    let edges = undo::edges(set, register, &document)?.ok_or_else(lost)?;
    let place = Place {
        department_id: wanted.provider,
        party_id: Some(wanted.consumer),
        within_id: None,
    };
    let row = EntryRow::derive(definitions.catalogue, register, id, place, &document);
    set.add(Change::create(register, &document, row.clone(), edges))?;
    Ok(row)
}

/// Notes the way to the step of connecting.
fn connected(
    set: &mut ChangeSet<'_>,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    row: &EntryRow,
) -> Result<()> {
    set.settle()?;
    let way = (field::APPLYING, field::CONNECTING);
    let found = walk::arrow(definitions, way, &row.document(), clock::today());
    let (arrow, gate) = found.unwrap_or(("connect", None));
    let step = walk::Step {
        arrow,
        to: field::CONNECTING,
        gate,
        submission: None,
        carried_by: None,
        note: "经共享申请商定",
    };
    walk::note(set, viewer, (row.id, field::APPLYING), &step)
}
