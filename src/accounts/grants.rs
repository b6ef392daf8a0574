//! Roles given and ended: by the security administrator, never to oneself, never against the separation of the three.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::Service;
use super::row::{self, AccountRow, GrantRow, next_id};
use crate::audit::{self, Event};
use crate::auth::{Right, Role, Viewer, role};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{account_grants, accounts, departments};
use crate::error::{Error, Problem, Result};

/// A role that an account holds or held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Grant {
    /// Its number.
    pub id: i64,
    /// The role.
    pub role: Role,
    /// In which department; none for the three administrators.
    pub department_id: Option<i64>,
    /// Who gave it.
    pub granted_by: String,
    /// When, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    pub granted_at: NaiveDateTime,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// When it ended, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    pub ended_at: Option<NaiveDateTime>,
}

/// Demands a right over somebody else's account; a refusal is recorded.
pub(super) fn demand(
    conn: &mut Conn,
    viewer: &Viewer,
    right: Right,
    action: &'static str,
    account: i64,
) -> Result<()> {
    let rule = if viewer.account() == Some(account) {
        "不得对自己的账号执行管理操作，请由另一位管理员办理".to_owned()
    } else {
        match viewer.may_anywhere(right) {
            Ok(()) => return Ok(()),
            Err(refusal) => refusal.rule,
        }
    };
    refuse(conn, viewer, action, &format!("账号 {account}"), rule)
}

/// Records a refusal and returns it.
pub(super) fn refuse<T>(
    conn: &mut Conn,
    viewer: &Viewer,
    action: &'static str,
    object: &str,
    rule: String,
) -> Result<T> {
    row::write(conn, |conn| {
        audit::record(
            conn,
            viewer,
            &Event::refused(action, object).with(json!({ "rule": rule })),
        )
    })?;
    Err(Error::Refused(rule))
}

impl Service {
    /// Gives a role. Ends the account's sessions and tokens: rights begin with the next sign-in.
    ///
    /// # Errors
    /// [`Error::Refused`] without the right, and to oneself; [`Error::Invalid`] naming `role` or `department`;
    /// [`Error::Conflict`] when it is held already or cannot be held with the others.
    pub fn grant(
        &self,
        conn: &mut Conn,
        viewer: &Viewer,
        account: i64,
        role: Role,
        department: Option<i64>,
    ) -> Result<i64> {
        demand(conn, viewer, Right::GrantRoles, "grant_role", account)?;
        let given = row::write(conn, |conn| {
            let owner = row::account(conn, account)?;
            if !owner.active {
                return Err(Error::Conflict("账号已停用，不能授予角色".to_owned()));
            }
            give(conn, viewer, &owner, role, department)
        });
        match given {
            // Trying to join what is separated is worth a line in the log.
            Err(Error::Refused(rule)) => {
                refuse(conn, viewer, "grant_role", &format!("账号 {account}"), rule)
            }
            other => other,
        }
    }

    /// Ends a role. Ends the account's sessions and tokens.
    ///
    /// # Errors
    /// [`Error::Refused`] without the right, and for oneself; [`Error::NotFound`] for a role not held;
    /// [`Error::Conflict`] when nobody could manage accounts or roles any more.
    pub fn end_role(&self, conn: &mut Conn, viewer: &Viewer, grant: i64) -> Result<()> {
        let absent = || Error::NotFound("所授角色".to_owned());
        let row = account_grants::table
            .find(grant)
            .select(GrantRow::as_select())
            .first(conn)
            .optional()?;
        let row = match row {
            Some(row) => row,
            None => {
                viewer.may_anywhere(Right::GrantRoles)?;
                return Err(absent());
            }
        };
        demand(conn, viewer, Right::GrantRoles, "end_role", row.account_id)?;
        row::write(conn, |conn| {
            let owner = row::account(conn, row.account_id)?;
            let role = Role::from_word(&row.role).ok_or_else(absent)?;
            keep_one(conn, viewer, &owner, &[role])?;
            let open = account_grants::table.filter(
                account_grants::id
                    .eq(grant)
                    .and(account_grants::ended_at.is_null()),
            );
            let done = diesel::update(open)
                .set((
                    account_grants::ended_at.eq(clock::now()),
                    account_grants::ended_by.eq(viewer.name()),
                ))
                .execute(conn)?;
            if done != 1 {
                return Err(absent());
            }
            row::raise_epoch(conn, owner.id)?;
            let event = Event::done("end_role", &owner.title())
                .of(row.department_id)
                .with(json!({ "role": row.role }));
            audit::record(conn, viewer, &event)
        })
    }

    /// Roles that an account holds and held, the newest first.
    ///
    /// # Errors
    /// [`Error::Refused`] for somebody else's without a right over accounts.
    pub fn grants(&self, conn: &mut Conn, viewer: &Viewer, account: i64) -> Result<Vec<Grant>> {
        if viewer.account() != Some(account) {
            super::admin::may_see(viewer)?;
        }
        let rows: Vec<GrantRow> = account_grants::table
            .filter(account_grants::account_id.eq(account))
            .order(account_grants::id.desc())
            .limit(200)
            .select(GrantRow::as_select())
            .load(conn)?;
        let known = |row: GrantRow| {
            Some(Grant {
                role: Role::from_word(&row.role)?,
                id: row.id,
                department_id: row.department_id,
                granted_by: row.granted_by,
                granted_at: row.granted_at,
                ended_by: row.ended_by,
                ended_at: row.ended_at,
            })
        };
        Ok(rows.into_iter().filter_map(known).collect())
    }
}

/// Gives a role inside a transaction.
pub(super) fn give(
    conn: &mut Conn,
    viewer: &Viewer,
    owner: &AccountRow,
    role: Role,
    department: Option<i64>,
) -> Result<i64> {
    let held = row::held(conn, owner.id)?;
    if held
        .iter()
        .any(|(_, r, at)| (*r, *at) == (role, department))
    {
        return Err(Error::Conflict("该账号已在此担任这个角色".to_owned()));
    }
    let mut roles: Vec<Role> = held.iter().map(|(_, role, _)| *role).collect();
    roles.push(role);
    if let Some(rule) = role::conflict(&roles) {
        return Err(Error::Refused(rule.to_owned()));
    }
    place(conn, role, department)?;
    let id = next_id!(conn, account_grants);
    diesel::insert_into(account_grants::table)
        .values(GrantRow {
            id,
            account_id: owner.id,
            role: role.word().to_owned(),
            department_id: department,
            granted_by: viewer.name().to_owned(),
            granted_at: clock::now(),
            ended_by: None,
            ended_at: None,
        })
        .execute(conn)?;
    row::raise_epoch(conn, owner.id)?;
    let event = Event::done("grant_role", &owner.title())
        .of(department)
        .with(json!({ "role": role.word() }));
    audit::record(conn, viewer, &event)?;
    Ok(id)
}

/// A role is held in a department that is there; an administrator's in none; the bureau's in a bureau.
fn place(conn: &mut Conn, role: Role, department: Option<i64>) -> Result<()> {
    let wrong = |code: &str, message: &str| {
        Err(Error::Invalid(vec![Problem::new(
            "department",
            code,
            message,
            "",
        )]))
    };
    match (role.is_administrator(), department) {
        (true, None) => Ok(()),
        (true, Some(_)) => wrong("superfluous", "三员服务于整个系统，请不要填写部门"),
        (false, None) => wrong("missing", "请选择在哪个部门担任"),
        (false, Some(id)) => {
            if !is_department(conn, id)? {
                return wrong("unknown_department", "没有这个部门，或已撤销、合并");
            }
            // Only where the organisation says at all which departments are bureaus.
            let bureaus = departments::table
                .filter(departments::bureau.eq(true))
                .select(departments::id);
            let bureaus: Vec<i64> = bureaus.load(conn)?;
            if role == Role::Bureau && !bureaus.is_empty() && !bureaus.contains(&id) {
                return wrong(
                    "not_a_bureau",
                    "这个部门不是数据管理部门，请先在“机构”中标明",
                );
            }
            Ok(())
        }
    }
}

/// Whether there is such a department, and has not been merged into another or dissolved.
pub(super) fn is_department(conn: &mut Conn, id: i64) -> Result<bool> {
    let today = clock::today();
    let standing = departments::valid_until
        .is_null()
        .or(departments::valid_until.ge(today));
    let found: Option<i64> = departments::table
        .filter(
            departments::id
                .eq(id)
                .and(departments::merged_into.is_null()),
        )
        .filter(standing)
        .select(departments::id)
        .first(conn)
        .optional()?;
    Ok(found.is_some())
}

/// Refuses to take the last active holder of a role without whom nobody could make accounts or give roles.
///
/// The operator at the command line may: he can make another.
pub(super) fn keep_one(
    conn: &mut Conn,
    viewer: &Viewer,
    leaving: &AccountRow,
    roles: &[Role],
) -> Result<()> {
    if viewer.account().is_none() {
        return Ok(());
    }
    for role in roles
        .iter()
        .filter(|r| matches!(r, Role::SystemAdmin | Role::SecurityAdmin))
    {
        let others: i64 = account_grants::table
            .inner_join(accounts::table.on(accounts::id.eq(account_grants::account_id)))
            .filter(
                account_grants::role
                    .eq(role.word())
                    .and(account_grants::ended_at.is_null()),
            )
            .filter(accounts::active.eq(true).and(accounts::id.ne(leaving.id)))
            .count()
            .get_result(conn)?;
        if others == 0 {
            return Err(Error::Conflict(format!(
                "这是最后一位{}，请先指定另一位",
                role.label()
            )));
        }
    }
    Ok(())
}
