//! Accounts as lists and their own pages show them, with what the reviewer of accounts looks for.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admin::{idle_since, may_see};
use super::row::{self, AccountRow};
use super::{Service, attempts};
use crate::auth::{Role, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::{account_grants, accounts};
use crate::error::Result;

diesel::define_sql_function! { fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text; }

/// Days without a sign-in after which an account is reported (GB/T 22239-2019: no stale accounts).
pub const IDLE_DAYS: i64 = 90;

/// A role held now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AccountRole)]
pub struct Held {
    /// Number of the grant.
    pub grant: i64,
    /// The role.
    pub role: Role,
    /// In which department; none for the three administrators.
    pub department_id: Option<i64>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Account {
    /// Its number.
    pub id: i64,
    /// Its login.
    pub login: String,
    /// Name of the person or machine.
    pub name: String,
    /// The department it belongs to.
    pub department_id: Option<i64>,
    /// Whether it may sign in.
    pub active: bool,
    /// Whether the password has to be changed at the next sign-in.
    pub must_change: bool,
    /// Whether one-time codes are in use.
    pub totp: bool,
    /// Roles held now.
    pub roles: Vec<Held>,
    /// When it was made, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    pub created_at: NaiveDateTime,
    /// Who made it.
    pub created_by: String,
    /// The last sign-in, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    pub last_sign_in_at: Option<NaiveDateTime>,
    /// Active, and not signed in for 90 days.
    pub idle: bool,
    /// Locked by failed sign-ins until then, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    pub locked_until: Option<NaiveDateTime>,
    /// Goes up with every change: the `ETag`.
    pub version: i64,
}

/// Which state of an account is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = AccountState)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// May sign in.
    Active,
    /// May not.
    Inactive,
    /// Locked by failed sign-ins.
    Locked,
    /// Active, and not signed in for 90 days.
    Idle,
    /// Active, without any role.
    WithoutRole,
}

/// Which accounts are wanted; empty means all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Login or name holds this.
    pub search: Option<String>,
    /// Holds this role now.
    pub role: Option<Role>,
    /// Belongs to this department, or holds a role there.
    pub department: Option<i64>,
    /// In this state.
    pub state: Option<State>,
    /// After this login (the cursor).
    pub after: Option<String>,
}

/// A lock on a login or an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Lock {
    /// `login` or `address`.
    pub scope: String,
    /// The login or the address.
    pub subject: String,
    /// Until when, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    pub until: NaiveDateTime,
}

impl Service {
    /// Accounts that fit, by login, at most `limit`.
    ///
    /// # Errors
    /// [`crate::error::Error::Refused`] without a right over accounts.
    pub fn list(
        &self,
        conn: &mut Conn,
        viewer: &Viewer,
        filter: &Filter,
        limit: i64,
    ) -> Result<Vec<Account>> {
        may_see(viewer)?;
        let locked = locked_logins(conn)?;
        let mut query = accounts::table
            .order(accounts::login)
            .limit(limit)
            .select(AccountRow::as_select())
            .into_boxed();
        if let Some(after) = &filter.after {
            query = query.filter(accounts::login.gt(after));
        }
        if let Some(search) = filter
            .search
            .as_deref()
            .map(str::trim)
            .filter(|s| !s.is_empty())
        {
            let escaped = search
                .replace('\\', "\\\\")
                .replace('%', "\\%")
                .replace('_', "\\_");
            let like = format!("%{}%", escaped.to_ascii_lowercase());
            // One engine tells the cases apart, the other does not.
            query = query.filter(
                lower(accounts::login)
                    .like(like.clone())
                    .escape('\\')
                    .or(lower(accounts::name).like(like).escape('\\')),
            );
        }
        if filter.role.is_some() || filter.department.is_some() {
            let ids = holders(conn, filter)?;
            query = match filter.department {
                Some(department) if filter.role.is_none() => query.filter(
                    accounts::id
                        .eq_any(ids)
                        .or(accounts::department_id.eq(department)),
                ),
                _ => query.filter(accounts::id.eq_any(ids)),
            };
        }
        query = match filter.state {
            None => query,
            Some(State::Active) => query.filter(accounts::active.eq(true)),
            Some(State::Inactive) => query.filter(accounts::active.eq(false)),
            Some(State::Locked) => {
                query.filter(accounts::login.eq_any(locked.keys().cloned().collect::<Vec<_>>()))
            }
            Some(State::Idle) => query.filter(accounts::active.eq(true)).filter(
                accounts::last_sign_in_at
                    .lt(idle_since())
                    .or(accounts::last_sign_in_at
                        .is_null()
                        .and(accounts::created_at.lt(idle_since()))),
            ),
            Some(State::WithoutRole) => {
                let with = holders(conn, &Filter::default())?;
                query.filter(accounts::active.eq(true).and(accounts::id.ne_all(with)))
            }
        };
        let rows = query.load(conn)?;
        shown(conn, rows, &locked)
    }

    /// One account: one's own, or anybody's with a right over accounts.
    ///
    /// # Errors
    /// [`crate::error::Error::Refused`] without a right over accounts; [`crate::error::Error::NotFound`].
    pub fn account(&self, conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<Account> {
        if viewer.account() != Some(id) {
            may_see(viewer)?;
        }
        let found = row::account(conn, id)?;
        let locked = locked_logins(conn)?;
        shown(conn, vec![found], &locked)?
            .pop()
            .ok_or_else(row::absent)
    }

    /// The number of the account with this login.
    ///
    /// # Errors
    /// As [`Service::account`].
    pub fn find(&self, conn: &mut Conn, viewer: &Viewer, login: &str) -> Result<Account> {
        may_see(viewer)?;
        let folded = super::input::fold_login(login).ok_or_else(row::absent)?;
        let found = row::by_login(conn, &folded)?.ok_or_else(row::absent)?;
        self.account(conn, viewer, found.id)
    }

    /// Logins and addresses that are locked now.
    ///
    /// # Errors
    /// [`crate::error::Error::Refused`] without a right over accounts.
    pub fn locks(&self, conn: &mut Conn, viewer: &Viewer) -> Result<Vec<Lock>> {
        may_see(viewer)?;
        let all = attempts::all_locked(conn)?;
        Ok(all
            .into_iter()
            .map(|(scope, subject, until)| Lock {
                scope,
                subject,
                until,
            })
            .collect())
    }
}

fn locked_logins(conn: &mut Conn) -> Result<HashMap<String, NaiveDateTime>> {
    let all = attempts::all_locked(conn)?;
    Ok(all
        .into_iter()
        .filter(|(scope, _, _)| scope == "login")
        .map(|(_, login, until)| (login, until))
        .collect())
}

/// Accounts that hold the role asked for, in the department asked for.
fn holders(conn: &mut Conn, filter: &Filter) -> Result<Vec<i64>> {
    let mut query = account_grants::table
        .filter(account_grants::ended_at.is_null())
        .select(account_grants::account_id)
        .distinct()
        .into_boxed();
    if let Some(role) = filter.role {
        query = query.filter(account_grants::role.eq(role.word()));
    }
    if let Some(department) = filter.department {
        query = query.filter(account_grants::department_id.eq(department));
    }
    Ok(query.load(conn)?)
}

fn shown(
    conn: &mut Conn,
    rows: Vec<AccountRow>,
    locked: &HashMap<String, NaiveDateTime>,
) -> Result<Vec<Account>> {
    let ids: Vec<i64> = rows.iter().map(|r| r.id).collect();
    let held: Vec<(i64, i64, String, Option<i64>)> = account_grants::table
        .filter(
            account_grants::account_id
                .eq_any(ids)
                .and(account_grants::ended_at.is_null()),
        )
        .order(account_grants::id)
        .select((
            account_grants::account_id,
            account_grants::id,
            account_grants::role,
            account_grants::department_id,
        ))
        .load(conn)?;
    let mut of: HashMap<i64, Vec<Held>> = HashMap::new();
    for (account, grant, word, department_id) in held {
        if let Some(role) = Role::from_word(&word) {
            of.entry(account).or_default().push(Held {
                grant,
                role,
                department_id,
            });
        }
    }
    let since = idle_since();
    let show = |row: AccountRow| Account {
        roles: of.remove(&row.id).unwrap_or_default(),
        idle: row.active && row.last_sign_in_at.unwrap_or(row.created_at) < since,
        locked_until: locked.get(&row.login).copied(),
        id: row.id,
        login: row.login,
        name: row.name,
        department_id: row.department_id,
        active: row.active,
        must_change: row.must_change,
        totp: row.totp_confirmed,
        created_at: row.created_at,
        created_by: row.created_by,
        last_sign_in_at: row.last_sign_in_at,
        version: row.version,
    };
    Ok(rows.into_iter().map(show).collect())
}
