//! Where every read of entries starts: only what the viewer may see.
//!
//! Two doors. [`visible`] gives entries the viewer sees in full; [`summaries`] adds what is published to
//! everyone signed in, and whoever uses it must cut the fields by `Viewer::sight` (`ledger::sight`).

use diesel::dsl::{auto_type, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::auth::{Reach, Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::{entries, revisions};
use crate::error::Result;

/// Published, and so is what it belongs to.
const PUBLISHED: &str = "(entries.published AND entries.present AND (entries.within_id IS NULL OR EXISTS \
     (SELECT 1 FROM entries AS above WHERE above.id = entries.within_id AND above.published AND above.present)))";

#[auto_type]
#[expect(
    clippy::let_with_type_underscore,
    reason = "auto_type derives the type from it"
)]
fn within(everything: bool, departments: Vec<i64>) -> _ {
    let everything = everything.into_sql::<Bool>();
    let inside: _ = everything.or(entries::department_id.eq_any(departments));
    entries::table.filter(inside)
}

#[auto_type]
#[expect(
    clippy::let_with_type_underscore,
    reason = "auto_type derives the type from it"
)]
fn within_or_published(everything: bool, departments: Vec<i64>) -> _ {
    let everything = everything.into_sql::<Bool>();
    let published: diesel::expression::SqlLiteral<Bool> = sql::<Bool>(PUBLISHED);
    let inside: _ = everything
        .or(entries::department_id.eq_any(departments))
        .or(published);
    entries::table.filter(inside)
}

fn parts(viewer: &Viewer, right: Right) -> (bool, Vec<i64>) {
    match viewer.reach(right) {
        Reach::Everything => (true, Vec::new()),
        Reach::Departments(ids) => (false, ids.clone()),
    }
}

/// Entries that the viewer sees in full, removed ones included.
#[must_use]
pub fn visible(viewer: &Viewer) -> within {
    let (everything, departments) = parts(viewer, Right::SeeOwn);
    within(everything, departments)
}

/// Entries that the viewer sees at least in part: those in reach, and the published ones of everybody else.
#[must_use]
pub fn summaries(viewer: &Viewer) -> within_or_published {
    // Amounts are the least that lets one see what is not published.
    let (everything, departments) = parts(viewer, Right::SeeMoney);
    within_or_published(everything, departments)
}

/// Departments of a wish that are within a right's reach; all that are, when nothing is wished for.
///
/// `None` means no limit at all. It narrows a read that began at [`visible`] or [`summaries`], so that an
/// index on departments can serve it; it never widens one.
#[must_use]
pub fn narrowed(viewer: &Viewer, right: Right, wished: Option<&[i64]>) -> Option<Vec<i64>> {
    match (viewer.reach(right), wished) {
        (Reach::Everything, None) => None,
        (Reach::Everything, Some(wished)) => Some(wished.to_vec()),
        (Reach::Departments(ids), None) => Some(ids.clone()),
        (reach @ Reach::Departments(_), Some(wished)) => Some(
            wished
                .iter()
                .copied()
                .filter(|id| reach.covers(*id))
                .collect(),
        ),
    }
}

/// An entry as far as an import must know it, whoever owns it.
#[derive(Clone, Debug, Queryable)]
pub struct Standing {
    /// Identity.
    pub id: i64,
    /// Code, unique in its register.
    pub code: String,
    /// Name in the form that is compared.
    pub name_key: String,
    /// Owner.
    pub department: i64,
    /// What it belongs to.
    pub within: Option<i64>,
    /// Not removed.
    pub present: bool,
    /// Whether [`summaries`] gives it to everyone.
    pub published: bool,
}

/// All entries of a register by id, after the given one: the third door, for imports alone.
///
/// A code is unique whoever has it, so an import must know of codes that its viewer may not see. The caller lets
/// nothing of such an entry out but that its code is taken.
///
/// # Errors
/// When the database fails.
pub fn standing(conn: &mut Conn, register: &str, after: i64, limit: i64) -> Result<Vec<Standing>> {
    Ok(entries::table
        .filter(entries::register.eq(register.to_owned()))
        .filter(entries::id.gt(after))
        .order(entries::id)
        .limit(limit)
        .select((
            entries::id,
            entries::code,
            entries::name_key,
            entries::department_id,
            entries::within_id,
            entries::present,
            sql::<Bool>(PUBLISHED),
        ))
        .load(conn)?)
}

/// An entry as far as the check for duplicates compares it, whoever owns it.
#[derive(Clone, Debug, Queryable)]
pub struct Comparable {
    /// Identity.
    pub id: i64,
    /// Register key.
    pub register: String,
    /// Code.
    pub code: String,
    /// Name as written.
    pub name: String,
    /// Owner.
    pub department: i64,
    /// What it belongs to.
    pub within: Option<i64>,
    /// Stage word.
    pub stage: String,
    /// Not removed.
    pub present: bool,
    /// Canonical JSON of the document.
    pub attributes: String,
}

/// Entries of some registers by id, after the given one, that changed after a change set: the fourth door, for the
/// index of the check for duplicates alone.
///
/// The index is never shown. A hit is told only after its entry was read again through [`summaries`].
///
/// # Errors
/// When the database fails.
pub fn comparable(
    conn: &mut Conn,
    registers: &[&str],
    since: Option<i64>,
    after: i64,
    limit: i64,
) -> Result<Vec<Comparable>> {
    let registers: Vec<String> = registers.iter().map(|r| (*r).to_owned()).collect();
    let mut query = entries::table
        .filter(entries::register.eq_any(registers))
        .filter(entries::id.gt(after))
        .order(entries::id)
        .limit(limit)
        .select((
            entries::id,
            entries::register,
            entries::code,
            entries::name,
            entries::department_id,
            entries::within_id,
            entries::stage,
            entries::present,
            entries::attributes,
        ))
        .into_boxed();
    if let Some(since) = since {
        // The revisions are in the order of the change sets.
        let changed = revisions::table
            .filter(revisions::seq.gt(since))
            .select(revisions::entry_id);
        query = query.filter(entries::id.eq_any(changed));
    }
    Ok(query.load(conn)?)
}
