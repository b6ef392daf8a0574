//! Which account a person signs in with.

use diesel::prelude::*;

use super::refuse_administrator;
use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::{accounts, people};
use crate::error::{Error, Problem, Result};
use crate::org::change::Seen;
use crate::org::person::{self, Person};

/// Accounts of a department that no person is linked with: id, login, name.
///
/// # Errors
/// [`Error::Refused`] for who does not keep its people.
pub fn candidates(
    conn: &mut Conn,
    viewer: &Viewer,
    department: i64,
) -> Result<Vec<(i64, String, String)>> {
    viewer.may(Right::ManagePeople, department)?;
    let linked: Vec<Option<i64>> = people::table
        .filter(people::account_id.is_not_null())
        .select(people::account_id)
        .load(conn)?;
    let linked: std::collections::HashSet<i64> = linked.into_iter().flatten().collect();
    let found: Vec<(i64, String, String)> = accounts::table
        .filter(accounts::department_id.eq(department))
        .filter(accounts::active.eq(true))
        .order(accounts::login)
        .select((accounts::id, accounts::login, accounts::name))
        .load(conn)?;
    Ok(found
        .into_iter()
        .filter(|(id, _, _)| !linked.contains(id))
        .collect())
}

/// Links a person with an account of the same department, named by its login; an empty one ends the link.
///
/// # Errors
/// As [`person::link_account`]; [`Error::Invalid`] for a login that is not the department's.
pub fn link_account(conn: &mut Conn, viewer: &Viewer, seen: Seen, login: &str) -> Result<Person> {
    conn.transaction(|conn| {
        if login.is_empty() {
            return person::link_account(conn, viewer, seen, None);
        }
        let who = person::one(conn, seen.id)?;
        let found: Option<i64> = accounts::table
            .filter(accounts::login.eq(login))
            .filter(accounts::department_id.eq(who.department_id))
            .filter(accounts::active.eq(true))
            .select(accounts::id)
            .first(conn)
            .optional()?;
        let Some(account) = found else {
            return Err(Error::Invalid(vec![Problem::new(
                "login",
                "unknown_account",
                "本单位没有这个账号",
                "账号由系统管理员建立",
            )]));
        };
        refuse_administrator(conn, account)?;
        person::link_account(conn, viewer, seen, Some(account))
    })
}

/// The login of an account, for those who may know that it is linked.
///
/// # Errors
/// When the database fails.
pub fn login_of(conn: &mut Conn, account: i64) -> Result<String> {
    let found: Option<String> = accounts::table
        .find(account)
        .select(accounts::login)
        .first(conn)
        .optional()?;
    Ok(found.unwrap_or_default())
}
