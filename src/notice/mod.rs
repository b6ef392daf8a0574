//! 通知: what somebody is told, in the page and by mail; the same thing once.
//!
//! Any room may send: [`send`] takes accounts, or a role in a department, and a key under which the same thing is
//! never told twice to the same person. A notice is its reader's alone.

pub mod mail;

use chrono::NaiveDateTime;
use diesel::dsl::{exists, select};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{account_grants, accounts, departments, notices, people};
use crate::each;
use crate::error::{Error, Result};

/// More unread ones than this are shown as “more than”.
pub const UNREAD_SHOWN: i64 = 99;

/// Departments that are looked at on the way up from a unit that has nobody.
const STEPS_UP: usize = 8;

/// Whom to tell.
#[derive(Clone, Copy, Debug)]
pub enum To<'t> {
    /// These accounts.
    Accounts(&'t [i64]),
    /// Whoever holds a role in a department; for a unit that has nobody, in the one it reports through.
    Role {
        /// The role.
        role: Role,
        /// The department.
        department: i64,
    },
}

/// What is told.
#[derive(Clone, Copy, Debug)]
pub struct Message<'m> {
    /// What it is about, as a word: `deadline`, `digest`, …
    pub kind: &'m str,
    /// One sentence.
    pub text: &'m str,
    /// Where it is dealt with.
    pub href: &'m str,
    /// The key under which it is told once to a person.
    pub dedupe: &'m str,
}

/// One notice.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = notices)]
pub struct Notice {
    /// Number.
    pub id: i64,
    /// When, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    pub at: NaiveDateTime,
    /// What it is about.
    pub kind: String,
    /// What it says.
    pub text: String,
    /// Where it is dealt with.
    pub href: String,
    /// When it was read, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    pub read_at: Option<NaiveDateTime>,
}

/// Tells somebody something; returns how many people had not been told before.
///
/// Call it in the transaction of what it tells about.
///
/// # Errors
/// When the database fails.
pub fn send(conn: &mut Conn, to: To<'_>, message: Message<'_>, at: NaiveDateTime) -> Result<usize> {
    let found;
    let ids = match to {
        To::Accounts(ids) => ids,
        To::Role { role, department } => {
            found = holders(conn, role, department)?;
            &found
        }
    };
    let mut told = 0;
    for id in ids {
        let row = (
            notices::account_id.eq(*id),
            notices::at.eq(at),
            notices::kind.eq(message.kind),
            notices::text.eq(message.text),
            notices::href.eq(message.href),
            notices::dedupe.eq(message.dedupe),
        );
        told += each!(conn, c => diesel::insert_into(notices::table).values(row).on_conflict_do_nothing().execute(c))?;
    }
    Ok(told)
}

/// Active accounts that hold a role in a department; for a unit that has nobody, in the one it reports through.
///
/// # Errors
/// When the database fails.
pub fn holders(conn: &mut Conn, role: Role, department: i64) -> Result<Vec<i64>> {
    let mut at = department;
    for _ in 0..STEPS_UP {
        let found: Vec<i64> = account_grants::table
            .inner_join(accounts::table.on(accounts::id.eq(account_grants::account_id)))
            .filter(accounts::active.eq(true))
            .filter(account_grants::role.eq(role.word()))
            .filter(account_grants::department_id.eq(at))
            .filter(account_grants::ended_at.is_null())
            .order(accounts::id)
            .select(accounts::id)
            .distinct()
            .load(conn)?;
        if !found.is_empty() {
            return Ok(found);
        }
        let above: Option<Option<i64>> = departments::table
            .find(at)
            .filter(departments::unit.eq(true))
            .select(departments::parent_id)
            .first(conn)
            .optional()?;
        match above.flatten() {
            Some(above) => at = above,
            None => break,
        }
    }
    Ok(Vec::new())
}

/// The address of the person an account belongs to, where there is one.
///
/// # Errors
/// When the database fails.
pub fn address(conn: &mut Conn, account: i64) -> Result<Option<String>> {
    let found: Option<String> = people::table
        .filter(people::account_id.eq(account))
        .filter(people::active.eq(true))
        .select(people::email)
        .first(conn)
        .optional()?;
    Ok(found.filter(|address| address.contains('@')))
}

/// How many an account has not read, at most one more than [`UNREAD_SHOWN`].
///
/// # Errors
/// When the database fails.
pub fn unread(conn: &mut Conn, account: i64) -> Result<i64> {
    let found: Vec<i64> = notices::table
        .filter(notices::account_id.eq(account))
        .filter(notices::read_at.is_null())
        .select(notices::id)
        .limit(UNREAD_SHOWN + 1)
        .load(conn)?;
    Ok(i64::try_from(found.len()).unwrap_or(i64::MAX))
}

fn reader(viewer: &Viewer) -> i64 {
    // The operator has no account and so no notices.
    viewer.account().unwrap_or(-1)
}

/// The viewer's own, newest first.
///
/// # Errors
/// When the database fails.
pub fn page(
    conn: &mut Conn,
    viewer: &Viewer,
    only_unread: bool,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Notice>> {
    let mut query = notices::table
        .filter(notices::account_id.eq(reader(viewer)))
        .order(notices::id.desc())
        .limit(limit)
        .select(Notice::as_select())
        .into_boxed();
    if only_unread {
        query = query.filter(notices::read_at.is_null());
    }
    if let Some(before) = before {
        query = query.filter(notices::id.lt(before));
    }
    Ok(query.load(conn)?)
}

/// Marks one of the viewer's own as read and returns it; again is the same.
///
/// # Errors
/// [`Error::NotFound`], for somebody else's as well.
pub fn mark_read(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<Notice> {
    let own = notices::table
        .find(id)
        .filter(notices::account_id.eq(reader(viewer)));
    if !select(exists(own)).get_result::<bool>(conn)? {
        return Err(Error::NotFound("这条通知".to_owned()));
    }
    diesel::update(notices::table.find(id))
        .filter(notices::account_id.eq(reader(viewer)))
        .filter(notices::read_at.is_null())
        .set(notices::read_at.eq(clock::now()))
        .execute(conn)?;
    let found = notices::table.find(id).select(Notice::as_select());
    Ok(found.first(conn)?)
}

/// Marks the viewer's own as read, up to the one with this number: later ones have not been seen.
///
/// # Errors
/// When the database fails.
pub fn mark_all_read(conn: &mut Conn, viewer: &Viewer, up_to: i64) -> Result<usize> {
    Ok(diesel::update(notices::table)
        .filter(notices::account_id.eq(reader(viewer)))
        .filter(notices::id.le(up_to))
        .filter(notices::read_at.is_null())
        .set(notices::read_at.eq(clock::now()))
        .execute(conn)?)
}
