//! The doors behind which everything is known, whoever owns it: for imports, the check for duplicates and what hangs
//! together. Each says what its caller must do before anybody is shown anything.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::PUBLISHED;
use crate::db::connection::Conn;
use crate::db::fragment::Fragment;
use crate::db::schema::{entries, relations, revisions};
use crate::error::Result;

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
    /// The other end, if it has one.
    pub party: Option<i64>,
    /// What it belongs to.
    pub within: Option<i64>,
    /// Not removed.
    pub present: bool,
    /// Whether [`super::summaries`] gives it to everyone.
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
            entries::party_id,
            entries::within_id,
            entries::present,
            Fragment::<Bool>::sql(PUBLISHED),
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
/// The index is never shown. A hit is told only after its entry was read again through [`super::summaries`].
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

/// Which end of a reference the entries asked about are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The one that is named.
    Named,
    /// The one that holds it.
    Holding,
}

/// A reference with its other end, as far as dependence must know it, whoever owns it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Dependence {
    /// The entry asked about.
    pub end: i64,
    /// Key of the reference field.
    pub field: String,
    /// The entry at the other end.
    pub other: i64,
    /// Its register.
    pub register: String,
    /// What it belongs to.
    pub within: Option<i64>,
}

/// References of some fields between some entries and others that are present and not out of use: the fifth door, for
/// what breaks when an entry is switched off.
///
/// What breaks is counted whoever owns it; the caller names an entry only after it was read again through
/// [`super::summaries`]. In the order of the entries asked about.
///
/// # Errors
/// When the database fails.
pub fn dependences(
    conn: &mut Conn,
    ids: &[i64],
    fields: &[String],
    end: End,
) -> Result<Vec<Dependence>> {
    let ids = ids.to_vec();
    let live = relations::until_seq
        .is_null()
        .and(relations::field.eq_any(fields.to_vec()));
    let in_use = entries::present.eq(true).and(entries::stage.ne("retired"));
    Ok(match end {
        End::Named => relations::table
            .inner_join(entries::table.on(entries::id.eq(relations::from_id)))
            .filter(relations::to_id.eq_any(ids))
            .filter(live)
            .filter(in_use)
            .order((relations::to_id, relations::field, relations::from_id))
            .select((
                relations::to_id,
                relations::field,
                relations::from_id,
                entries::register,
                entries::within_id,
            ))
            .load(conn)?,
        End::Holding => relations::table
            .inner_join(entries::table.on(entries::id.eq(relations::to_id)))
            .filter(relations::from_id.eq_any(ids))
            .filter(live)
            .filter(in_use)
            .order((relations::from_id, relations::field, relations::to_id))
            .select((
                relations::from_id,
                relations::field,
                relations::to_id,
                entries::register,
                entries::within_id,
            ))
            .load(conn)?,
    })
}

/// A reference between two entries in use, whoever owns them.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Tied {
    /// The entry that holds it.
    pub from: i64,
    /// Key of the reference field.
    pub field: String,
    /// The entry that is named.
    pub to: i64,
}

/// References of some fields, held by entries of a register that are present and not out of use: the sixth door, for
/// the map of links.
///
/// What is not seen is counted there and left out of the drawing: the caller keeps a reference only when it has found
/// both ends through [`super::summaries`]. In no order.
///
/// # Errors
/// When the database fails.
pub fn tied(conn: &mut Conn, register: &str, fields: &[&str]) -> Result<Vec<Tied>> {
    let fields: Vec<String> = fields.iter().map(|f| (*f).to_owned()).collect();
    Ok(relations::table
        .inner_join(entries::table.on(entries::id.eq(relations::from_id)))
        .filter(entries::register.eq(register.to_owned()))
        .filter(entries::present.eq(true))
        .filter(entries::stage.ne("retired"))
        .filter(relations::until_seq.is_null())
        .filter(relations::field.eq_any(fields))
        .select((relations::from_id, relations::field, relations::to_id))
        .load(conn)?)
}

/// An entry between two departments, as far as the map of links must know it, whoever owns it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Between {
    /// Identity.
    pub id: i64,
    /// Owner.
    pub department: i64,
    /// Party.
    pub party: Option<i64>,
    /// Stage word.
    pub stage: String,
}

/// Entries of a register that are present and not out of use, by id, at most so many: goes with [`tied`].
///
/// # Errors
/// When the database fails.
pub fn between(conn: &mut Conn, register: &str, most: i64) -> Result<Vec<Between>> {
    Ok(entries::table
        .filter(entries::register.eq(register.to_owned()))
        .filter(entries::present.eq(true))
        .filter(entries::stage.ne("retired"))
        .order(entries::id)
        .limit(most)
        .select((
            entries::id,
            entries::department_id,
            entries::party_id,
            entries::stage,
        ))
        .load(conn)?)
}
