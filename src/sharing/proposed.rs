//! Links that systems sheets propose: their column “共享给哪些单位”, where the ledger has no such link yet.
//!
//! Nothing of it is stored: a proposal is there as long as the column names somebody to whom no link leads.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::map::SYSTEM;
use super::{LINKS, field, follow};
use crate::auth::{Reach, Right, Viewer};
use crate::db::connection::Conn;
use crate::db::fragment::Fragment;
use crate::db::schema::{entries, relations};
use crate::db::scope::{of_any, owned, visible};
use crate::error::{Error, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::edit::{self, Act, Draft, Given, Source, Why};
use crate::ledger::ends::PROVIDER_SYSTEM;
use crate::ledger::entry;
use crate::ledger::facts;
use crate::org::directory::{Found, department_fault};
use crate::register::text;
use crate::register::value::{Document, Value};

/// The most proposals that are looked for.
pub const MOST: usize = 500;

/// The most systems that are looked at.
const SYSTEMS: i64 = 2000;

/// The column of a system.
const SHARED_WITH: &str = "shared_with";

/// How its key stands in the canonical document.
const HAS_SHARED_WITH: &str = "%\"shared_with\":%";

/// What stands between two names.
const GAPS: [char; 9] = ['、', '，', ',', '；', ';', '/', '／', '\n', '\r'];

/// Why a link was made that had been proposed.
const REASON: &str = "由系统清单的“共享给哪些单位”提出";

/// A link that is not there, but that a system's column speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// Code of the system.
    pub system: String,
    /// Its name.
    pub system_name: String,
    /// Its department, which gives.
    pub provider: i64,
    /// Who takes, as it is written.
    pub written: String,
    /// The department that takes; none when the organisation has nobody of this name.
    pub consumer: Option<i64>,
    /// Why there is none.
    pub problem: String,
    /// What to write instead.
    pub hint: String,
}

/// A system with the names in its column.
struct System {
    id: i64,
    code: String,
    name: String,
    department: i64,
    names: Vec<String>,
}

/// Numbers of the systems that live links name, none for a link without, by the departments that give and take.
type Linked = HashMap<(i64, i64), HashSet<Option<i64>>>;

/// What is proposed to the viewer, at most so many: of systems in use that he may write, by their number.
///
/// # Errors
/// When the database fails.
pub fn list(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    limit: usize,
) -> Result<Vec<Proposed>> {
    let systems = read(conn, viewer, None)?;
    compare(conn, viewer, definitions, &systems, limit)
}

/// Records a proposed link, by the codes of its system and of the department that takes; returns its code.
///
/// # Errors
/// [`Error::NotFound`] when it is not proposed; otherwise as [`edit::write`].
pub fn accept(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    system: &str,
    consumer: &str,
) -> Result<String> {
    let absent = || Error::NotFound("这条对接建议".to_owned());
    let directory = definitions.directory;
    let register = definitions.catalogue.register(SYSTEM).ok_or_else(absent)?;
    let row = facts::row(conn, viewer, register, system)?;
    viewer.may(Right::Write, &row)?;
    let systems = read(conn, viewer, Some(system))?;
    let proposals = compare(conn, viewer, definitions, &systems, MOST)?;
    let consumer = directory.by_code(consumer).ok_or_else(absent)?;
    if !proposals.iter().any(|p| p.consumer == Some(consumer.id)) {
        return Err(absent());
    }
    let provider = directory.get(row.department_id).ok_or_else(absent)?;
    let draft = Draft {
        act: Act::Create,
        given: BTreeMap::from([
            (
                field::PROVIDER.to_owned(),
                Given::Text(provider.code.clone()),
            ),
            (PROVIDER_SYSTEM.to_owned(), Given::Text(row.code.clone())),
            (
                field::CONSUMER.to_owned(),
                Given::Text(consumer.code.clone()),
            ),
        ]),
    };
    let why = Why {
        source: Source::Form,
        reason: REASON.to_owned(),
        valid_on: None,
    };
    let done = follow::heard(conn, definitions, |conn| {
        edit::write(conn, viewer, definitions, &[draft], &why)
    })?;
    let made = done.entries.into_iter().next();
    made.map(|w| w.code).ok_or_else(absent)
}

/// Systems in use that the viewer may write and whose column says something; with a code, that one alone.
fn read(conn: &mut Conn, viewer: &Viewer, code: Option<&str>) -> Result<Vec<System>> {
    let writable: Fragment<Bool> = match viewer.reach(Right::Write) {
        Reach::Everything => Fragment::sql("TRUE"),
        Reach::Departments(ids) => of_any(ids, true),
    };
    let wanted: Fragment<Bool> = match code {
        None => Fragment::sql("TRUE"),
        Some(code) => Fragment::sql("entries.code = ").text(code),
    };
    let rows: Vec<(i64, String, String, i64, String)> = owned(viewer)
        .filter(writable)
        .filter(wanted)
        .filter(entries::register.eq(SYSTEM))
        .filter(entries::present.eq(true))
        .filter(entries::stage.ne("retired"))
        .filter(entries::attributes.like(HAS_SHARED_WITH))
        .order(entries::id)
        .limit(SYSTEMS)
        .select((
            entries::id,
            entries::code,
            entries::name,
            entries::department_id,
            entries::attributes,
        ))
        .load(conn)?;
    let system =
        |(id, code, name, department, attributes): (i64, String, String, i64, String)| System {
            id,
            code,
            name,
            department,
            names: names(&entry::pick(&attributes, |key| key == SHARED_WITH)),
        };
    Ok(rows.into_iter().map(system).collect())
}

/// The names in the column; words for nobody are left out.
fn names(document: &Document) -> Vec<String> {
    let written: Vec<&str> = match document.get(SHARED_WITH) {
        Some(Value::Text(one)) => vec![one.as_str()],
        Some(Value::List(list)) => list.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    written
        .into_iter()
        .flat_map(|cell| cell.split(GAPS))
        .map(str::trim)
        .filter(|name| !name.is_empty() && !text::is_null_word(name))
        .map(str::to_owned)
        .collect()
}

/// The links in use or on their way that the departments of some systems give: what has ended leads nowhere.
fn linked(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    systems: &[System],
) -> Result<Linked> {
    let providers: BTreeSet<i64> = systems.iter().map(|s| s.department).collect();
    let providers: Vec<i64> = providers.into_iter().collect();
    let named = relations::from_id
        .eq(entries::id)
        .and(relations::field.eq(PROVIDER_SYSTEM))
        .and(relations::until_seq.is_null());
    let rows: Vec<(i64, Option<i64>, Option<i64>)> = visible(viewer)
        .filter(of_any(&providers, true))
        .filter(entries::register.eq(LINKS))
        .filter(entries::present.eq(true))
        .filter(entries::stage.ne("retired"))
        .left_join(relations::table.on(named))
        .select((
            entries::department_id,
            entries::party_id,
            relations::to_id.nullable(),
        ))
        .load(conn)?;
    let mut out = Linked::new();
    for (provider, consumer, system) in rows {
        let Some(consumer) = consumer else { continue };
        let ends = (provider, definitions.directory.heir(consumer));
        out.entry(ends).or_default().insert(system);
    }
    Ok(out)
}

/// Whether a link leads from a system to a department; one that names no system stands for all.
fn is_linked(linked: &Linked, system: &System, consumer: i64) -> bool {
    linked
        .get(&(system.department, consumer))
        .is_some_and(|named| named.contains(&None) || named.contains(&Some(system.id)))
}

/// What the columns of some systems say beyond the links that are there.
fn compare(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    systems: &[System],
    limit: usize,
) -> Result<Vec<Proposed>> {
    if systems.is_empty() {
        return Ok(Vec::new());
    }
    let directory = definitions.directory;
    let linked = linked(conn, viewer, definitions, systems)?;
    let mut out = Vec::new();
    let mut told: HashSet<(&str, Option<i64>, &str)> = HashSet::new();
    // To look for names like one that is unknown takes long.
    let mut known: HashMap<&str, Found> = HashMap::new();
    for system in systems {
        for written in &system.names {
            if out.len() >= limit {
                return Ok(out);
            }
            let found: &Found = known
                .entry(written.as_str())
                .or_insert_with(|| directory.find(written));
            let (consumer, problem, hint) = match found {
                Found::One(id) => (Some(directory.heir(*id)), String::new(), String::new()),
                other => {
                    let fault = department_fault(directory, written, other);
                    (None, fault.message, fault.suggestion)
                }
            };
            let is_there = consumer
                .is_some_and(|id| id == system.department || is_linked(&linked, system, id));
            let word = if consumer.is_some() {
                ""
            } else {
                written.as_str()
            };
            if is_there || !told.insert((system.code.as_str(), consumer, word)) {
                continue;
            }
            out.push(Proposed {
                system: system.code.clone(),
                system_name: system.name.clone(),
                provider: system.department,
                written: written.clone(),
                consumer,
                problem,
                hint,
            });
        }
    }
    Ok(out)
}
