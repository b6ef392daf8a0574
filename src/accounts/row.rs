//! Rows of the accounts' tables, and the lock that all their writers share.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::auth::{Role, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::{account_grants, account_sessions, accounts, api_tokens, audit_head};
use crate::error::{Error, Result};

/// An account as it is stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = accounts, treat_none_as_default_value = false)]
pub(super) struct AccountRow {
    pub id: i64,
    pub login: String,
    pub name: String,
    pub department_id: Option<i64>,
    pub password_hash: String,
    pub password_set_at: NaiveDateTime,
    pub must_change: bool,
    pub totp_secret: Option<String>,
    pub totp_confirmed: bool,
    pub totp_step: i64,
    pub active: bool,
    pub epoch: i64,
    pub version: i64,
    pub created_at: NaiveDateTime,
    pub created_by: String,
    pub last_sign_in_at: Option<NaiveDateTime>,
}

impl AccountRow {
    /// The person, for the audit log only: without any role.
    pub fn author(&self) -> Viewer {
        Viewer::signed_in(self.id, &self.name, self.department_id, &[])
    }

    /// How the audit log calls it.
    pub fn title(&self) -> String {
        format!("{}（{}）", self.name, self.login)
    }
}

/// A role held by an account.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = account_grants, treat_none_as_default_value = false)]
pub(super) struct GrantRow {
    pub id: i64,
    pub account_id: i64,
    pub role: String,
    pub department_id: Option<i64>,
    pub granted_by: String,
    pub granted_at: NaiveDateTime,
    pub ended_by: Option<String>,
    pub ended_at: Option<NaiveDateTime>,
}

/// A session of a browser, or a family of refresh tokens.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = account_sessions, treat_none_as_default_value = false)]
pub(super) struct SessionRow {
    pub id: i64,
    pub account_id: i64,
    pub kind: String,
    pub secret_hash: String,
    pub turn_hash: String,
    pub turned_hash: String,
    pub turned_at: NaiveDateTime,
    pub epoch: i64,
    pub address: String,
    pub created_at: NaiveDateTime,
    pub last_used_at: NaiveDateTime,
    pub expires_at: NaiveDateTime,
    pub ended_at: Option<NaiveDateTime>,
}

/// An API token; its secret is stored as a hash.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_tokens, treat_none_as_default_value = false)]
pub(super) struct TokenRow {
    pub id: i64,
    pub account_id: i64,
    pub name: String,
    pub secret_hash: String,
    pub writes: bool,
    pub epoch: i64,
    pub created_at: NaiveDateTime,
    pub expires_at: NaiveDateTime,
    pub last_used_at: Option<NaiveDateTime>,
    pub revoked_at: Option<NaiveDateTime>,
}

/// The account with this id.
pub(super) fn account(conn: &mut Conn, id: i64) -> Result<AccountRow> {
    let found = accounts::table
        .find(id)
        .select(AccountRow::as_select())
        .first(conn)
        .optional()?;
    found.ok_or_else(absent)
}

/// The account with this login, in its folded form.
pub(super) fn by_login(conn: &mut Conn, login: &str) -> Result<Option<AccountRow>> {
    Ok(accounts::table
        .filter(accounts::login.eq(login))
        .select(AccountRow::as_select())
        .first(conn)
        .optional()?)
}

/// What is said of an account that is not there.
pub(super) fn absent() -> Error {
    Error::NotFound("账号".to_owned())
}

/// The roles an account holds at the moment.
pub(super) fn held(conn: &mut Conn, account: i64) -> Result<Vec<(i64, Role, Option<i64>)>> {
    let rows: Vec<(i64, String, Option<i64>)> = account_grants::table
        .filter(
            account_grants::account_id
                .eq(account)
                .and(account_grants::ended_at.is_null()),
        )
        .order(account_grants::id)
        .select((
            account_grants::id,
            account_grants::role,
            account_grants::department_id,
        ))
        .load(conn)?;
    // A word of a later version of the program is no role of this one.
    Ok(rows
        .into_iter()
        .filter_map(|(id, word, at)| Some((id, Role::from_word(&word)?, at)))
        .collect())
}

/// Runs a write as one transaction, under the lock of the audit log that each of them writes anyway.
///
/// Ids made as the greatest plus one are therefore not made twice.
pub(super) fn write<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    conn.transaction(|conn| {
        diesel::update(audit_head::table.find(1))
            .set(audit_head::seq.eq(audit_head::seq))
            .execute(conn)?;
        work(conn)
    })
}

/// Raises an account's epoch, which ends all its sessions and tokens, and its version.
pub(super) fn raise_epoch(conn: &mut Conn, account: i64) -> Result<i64> {
    diesel::update(accounts::table.find(account))
        .set((
            accounts::epoch.eq(accounts::epoch + 1),
            accounts::version.eq(accounts::version + 1),
        ))
        .execute(conn)?;
    Ok(accounts::table
        .find(account)
        .select(accounts::epoch)
        .first(conn)?)
}

/// The next id of a table, under the lock of [`write()`].
macro_rules! next_id {
    ($conn:expr, $table:ident) => {
        $crate::db::schema::$table::table
            .select(::diesel::dsl::max($crate::db::schema::$table::id))
            .first::<Option<i64>>($conn)?
            .unwrap_or(0)
            + 1
    };
}
pub(super) use next_id;
