//! Accounts made and kept: created without a role, renamed, deactivated, given a new password, unlocked.

use chrono::Duration;
use diesel::prelude::*;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::grants::{self, demand};
use super::row::{self, AccountRow, next_id};
use super::{Service, attempts, input, password};
use crate::audit::{self, Event};
use crate::auth::{Right, Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::accounts;
use crate::error::{Error, Problem, Result};

/// An account that is to be made.
#[derive(Clone, Default)]
pub struct NewAccount {
    /// Its login; never changes and is never given again.
    pub login: String,
    /// The person's (or machine's) name.
    pub name: String,
    /// The department it belongs to.
    pub department: Option<i64>,
    /// A chosen password; without one, one is made and shown once.
    pub password: Option<String>,
    /// The password need not be changed at the first sign-in; only the operator may say so.
    pub keep_password: bool,
}

/// An account just made, or given a new password.
#[derive(Clone, Serialize, ToSchema)]
pub struct Made {
    /// Its number.
    pub id: i64,
    /// The password made for it; it is not shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// Who may read lists of accounts: those who make them and those who give roles.
pub(super) fn may_see(viewer: &Viewer) -> Result<()> {
    if viewer.can_anywhere(Right::GrantRoles) {
        return Ok(());
    }
    Ok(viewer.may_anywhere(Right::ManageAccounts)?)
}

impl Service {
    /// Makes an account, without any role.
    ///
    /// # Errors
    /// [`Error::Refused`] without the right; [`Error::Invalid`] naming each field that is wrong.
    pub fn create(&self, conn: &mut Conn, viewer: &Viewer, new: &NewAccount) -> Result<Made> {
        if let Err(refusal) = viewer.may_anywhere(Right::ManageAccounts) {
            return grants::refuse(conn, viewer, "create_account", "账号", refusal.rule);
        }
        let ready = self.prepare(conn, viewer, new)?;
        row::write(conn, |conn| {
            let id = insert(conn, viewer, &ready)?;
            Ok(Made {
                id,
                password: ready.made.clone(),
            })
        })
    }

    /// Checks everything about a new account and hashes its password, before the lock is taken.
    pub(super) fn prepare(
        &self,
        conn: &mut Conn,
        viewer: &Viewer,
        new: &NewAccount,
    ) -> Result<Prepared> {
        let mut problems = Vec::new();
        let login = input::login(&new.login, &mut problems);
        let name = input::name("name", "姓名", &new.name, &mut problems);
        if !login.is_empty() && row::by_login(conn, &login)?.is_some() {
            problems.push(taken());
        }
        if let Some(department) = new.department
            && !grants::is_department(conn, department)?
        {
            problems.push(Problem::new(
                "department",
                "unknown_department",
                "没有这个部门",
                "",
            ));
        }
        if let Some(password) = &new.password {
            problems.extend(password::problems(
                &self.rules,
                "password",
                password,
                &login,
                &name,
            ));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let made = if new.password.is_none() {
            Some(password::made()?)
        } else {
            None
        };
        let chosen = new
            .password
            .as_ref()
            .or(made.as_ref())
            .cloned()
            .unwrap_or_default();
        Ok(Prepared {
            login,
            name,
            department: new.department,
            hash: self.hasher.hash(&chosen)?,
            must_change: made.is_some() || !(new.keep_password && viewer.account().is_none()),
            made,
        })
    }

    /// Changes the name and the department of an account.
    ///
    /// # Errors
    /// [`Error::Refused`] without the right; [`Error::Stale`] when it has changed since `version`; [`Error::Invalid`].
    pub fn update(
        &self,
        conn: &mut Conn,
        viewer: &Viewer,
        account: i64,
        version: i64,
        name: &str,
        department: Option<i64>,
    ) -> Result<()> {
        demand(
            conn,
            viewer,
            Right::ManageAccounts,
            "update_account",
            account,
        )?;
        let mut problems = Vec::new();
        let name = input::name("name", "姓名", name, &mut problems);
        if let Some(department) = department
            && !grants::is_department(conn, department)?
        {
            problems.push(Problem::new(
                "department",
                "unknown_department",
                "没有这个部门",
                "",
            ));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        row::write(conn, |conn| {
            let before = row::account(conn, account)?;
            let same =
                accounts::table.filter(accounts::id.eq(account).and(accounts::version.eq(version)));
            let done = diesel::update(same)
                .set((
                    accounts::name.eq(&name),
                    accounts::department_id.eq(department),
                    accounts::version.eq(version + 1),
                ))
                .execute(conn)?;
            if done != 1 {
                return Err(Error::Stale("账号".to_owned()));
            }
            let event = Event::done("update_account", &before.title())
                .of(department)
                .with(json!({
                    "name": [before.name, name],
                    "department": [before.department_id, department],
                }));
            audit::record(conn, viewer, &event)
        })
    }

    /// Deactivates or reactivates an account. Deactivation ends its sessions and tokens at once.
    ///
    /// # Errors
    /// [`Error::Refused`] without the right, and for oneself; [`Error::Conflict`] when it is so already, or when
    /// nobody could manage accounts or roles any more.
    pub fn set_active(
        &self,
        conn: &mut Conn,
        viewer: &Viewer,
        account: i64,
        active: bool,
    ) -> Result<()> {
        let action = if active {
            "reactivate_account"
        } else {
            "deactivate_account"
        };
        demand(conn, viewer, Right::ManageAccounts, action, account)?;
        row::write(conn, |conn| {
            let owner = row::account(conn, account)?;
            if !active {
                let roles: Vec<Role> = row::held(conn, account)?
                    .into_iter()
                    .map(|(_, role, _)| role)
                    .collect();
                grants::keep_one(conn, viewer, &owner, &roles)?;
            }
            let other =
                accounts::table.filter(accounts::id.eq(account).and(accounts::active.eq(!active)));
            let done = diesel::update(other)
                .set(accounts::active.eq(active))
                .execute(conn)?;
            if done != 1 {
                let state = if active { "启用" } else { "停用" };
                return Err(Error::Conflict(format!("账号已经{state}")));
            }
            row::raise_epoch(conn, account)?;
            audit::record(
                conn,
                viewer,
                &Event::done(action, &owner.title()).of(owner.department_id),
            )
        })
    }

    /// Gives an account a new password, shown once, to be changed at the first sign-in. Ends its sessions and tokens.
    ///
    /// An administrator's password is reset at the command line only: otherwise whoever makes accounts could
    /// become whoever gives roles.
    ///
    /// # Errors
    /// [`Error::Refused`] without the right, for oneself and for administrators.
    pub fn reset_password(&self, conn: &mut Conn, viewer: &Viewer, account: i64) -> Result<Made> {
        demand(
            conn,
            viewer,
            Right::ManageAccounts,
            "reset_password",
            account,
        )?;
        let owner = row::account(conn, account)?;
        let separated = row::held(conn, account)?
            .iter()
            .any(|(_, role, _)| role.is_administrator());
        if separated && viewer.account().is_some() {
            let rule = "三员的密码只能由运维人员在服务器上用命令行重置（one-ledger users reset），以免一员冒用另一员".to_owned();
            return grants::refuse(conn, viewer, "reset_password", &owner.title(), rule);
        }
        let made = password::made()?;
        let hash = self.hasher.hash(&made)?;
        self.take_password(conn, viewer, &owner, &hash, true, "reset_password")?;
        Ok(Made {
            id: account,
            password: Some(made),
        })
    }

    /// Lifts the lock that failed sign-ins have put on an account.
    ///
    /// # Errors
    /// [`Error::Refused`] without the right; [`Error::Conflict`] when it is not locked.
    pub fn unlock(&self, conn: &mut Conn, viewer: &Viewer, account: i64) -> Result<()> {
        demand(conn, viewer, Right::GrantRoles, "unlock", account)?;
        row::write(conn, |conn| {
            let owner = row::account(conn, account)?;
            if !attempts::forgive(conn, &owner.login)? {
                return Err(Error::Conflict("账号没有被锁定".to_owned()));
            }
            audit::record(
                conn,
                viewer,
                &Event::done("unlock", &owner.title()).of(owner.department_id),
            )
        })
    }

    /// Lifts the lock on a network address.
    ///
    /// # Errors
    /// [`Error::Refused`] without the right; [`Error::Conflict`] when it is not locked.
    pub fn unlock_address(&self, conn: &mut Conn, viewer: &Viewer, address: &str) -> Result<()> {
        viewer.may_anywhere(Right::GrantRoles)?;
        row::write(conn, |conn| {
            if !attempts::forgive_address(conn, address)? {
                return Err(Error::Conflict("这个地址没有被锁定".to_owned()));
            }
            audit::record(conn, viewer, &Event::done("unlock", address))
        })
    }

    /// Makes a new signing key. With `forget` the old ones stop checking, which ends all access tokens.
    ///
    /// # Errors
    /// [`Error::Refused`] without the right; when the file cannot be written.
    pub fn rotate_key(&self, conn: &mut Conn, viewer: &Viewer, forget: bool) -> Result<String> {
        viewer.may_anywhere(Right::ManageSettings)?;
        row::write(conn, |conn| {
            let event = Event::done("rotate_key", "签名密钥").with(json!({ "forget": forget }));
            audit::record(conn, viewer, &event)?;
            self.keys.rotate(forget)
        })
    }
}

/// A new account, checked.
pub(super) struct Prepared {
    pub login: String,
    pub name: String,
    pub department: Option<i64>,
    pub hash: String,
    pub must_change: bool,
    pub made: Option<String>,
}

fn taken() -> Problem {
    Problem::new(
        "login",
        "login_taken",
        "这个账号名已被使用过；账号名停用后也不再分给他人",
        "请另取一个",
    )
}

/// Writes a new account inside a transaction.
pub(super) fn insert(conn: &mut Conn, viewer: &Viewer, ready: &Prepared) -> Result<i64> {
    if row::by_login(conn, &ready.login)?.is_some() {
        return Err(Error::Invalid(vec![taken()]));
    }
    let id = next_id!(conn, accounts);
    let now = clock::now();
    let row = AccountRow {
        id,
        login: ready.login.clone(),
        name: ready.name.clone(),
        department_id: ready.department,
        password_hash: ready.hash.clone(),
        password_set_at: now,
        must_change: ready.must_change,
        totp_secret: None,
        totp_confirmed: false,
        totp_step: 0,
        active: true,
        epoch: 1,
        version: 1,
        created_at: now,
        created_by: viewer.name().to_owned(),
        last_sign_in_at: None,
    };
    diesel::insert_into(accounts::table)
        .values(&row)
        .execute(conn)?;
    audit::record(
        conn,
        viewer,
        &Event::done("create_account", &row.title()).of(row.department_id),
    )?;
    Ok(id)
}

/// From when on an account counts as idle.
pub(super) fn idle_since() -> chrono::NaiveDateTime {
    clock::now() - Duration::days(super::list::IDLE_DAYS)
}
