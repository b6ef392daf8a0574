//! The first start: a one-time code printed on the terminal makes the first administrators, and nothing else does.

use chrono::Duration;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::admin::{self, NewAccount};
use super::row::{self, next_id};
use super::{Service, grants, secret};
use crate::audit::{self, Event};
use crate::auth::viewer::Origin;
use crate::auth::{Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{accounts, setup_codes};
use crate::error::{Error, Problem, Result};

/// Wrong codes until the right one is dead, too.
const TRIES: i64 = 10;

/// The first administrators.
#[derive(Clone, Default)]
pub struct First {
    /// 系统管理员, with a chosen password.
    pub system: NewAccount,
    /// 安全管理员; without a chosen password one is made.
    pub security: Option<NewAccount>,
    /// 审计管理员; without a chosen password one is made.
    pub audit: Option<NewAccount>,
}

/// An administrator just made.
#[derive(Clone, Serialize, ToSchema)]
pub struct FirstMade {
    /// The role.
    pub role: Role,
    /// The login.
    pub login: String,
    /// The password made for it; it is not shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

fn is_empty(conn: &mut Conn) -> Result<bool> {
    let one: Option<i64> = accounts::table
        .select(accounts::id)
        .first(conn)
        .optional()?;
    Ok(one.is_none())
}

impl Service {
    /// Whether nobody has an account yet, so that the set-up page is offered.
    ///
    /// # Errors
    /// When the database fails.
    pub fn needs_setup(&self, conn: &mut Conn) -> Result<bool> {
        is_empty(conn)
    }

    /// Makes a set-up code, to be printed where only the operator reads it; none when there are accounts.
    /// Codes made before are dead from then on.
    ///
    /// # Errors
    /// When the database fails.
    pub fn begin_setup(&self, conn: &mut Conn) -> Result<Option<String>> {
        let code = secret::typed(4)?;
        let minutes = self.rules.setup_code_minutes;
        row::write(conn, |conn| {
            if !is_empty(conn)? {
                return Ok(None);
            }
            let now = clock::now();
            let open = setup_codes::table.filter(setup_codes::used_at.is_null());
            diesel::update(open)
                .set(setup_codes::used_at.eq(now))
                .execute(conn)?;
            let id = next_id!(conn, setup_codes);
            diesel::insert_into(setup_codes::table)
                .values((
                    setup_codes::id.eq(id),
                    setup_codes::hash.eq(secret::labelled("setup", &code)),
                    setup_codes::made_at.eq(now),
                    setup_codes::expires_at.eq(now + Duration::minutes(minutes)),
                    setup_codes::failures.eq(0),
                ))
                .execute(conn)?;
            Ok(Some(code.clone()))
        })
    }

    /// Makes the first administrators, against the code.
    ///
    /// # Errors
    /// [`Error::NotFound`] once there is an account; [`Error::Invalid`] naming `code`, or each field that is wrong
    /// (`system.login`, `security.password`, …).
    pub fn finish_setup(
        &self,
        conn: &mut Conn,
        code: &str,
        first: &First,
        origin: Origin,
    ) -> Result<Vec<FirstMade>> {
        let viewer = Viewer::nobody().from_origin(origin);
        self.try_code(conn, &viewer, code)?;
        let mut ready = Vec::new();
        let mut problems = Vec::new();
        let all = [
            ("system", Role::SystemAdmin, Some(&first.system)),
            ("security", Role::SecurityAdmin, first.security.as_ref()),
            ("audit", Role::AuditAdmin, first.audit.as_ref()),
        ];
        let mut logins = std::collections::BTreeSet::new();
        for (key, role, new) in all {
            let Some(new) = new else { continue };
            // Whoever chose the password for himself need not change it.
            let keep = NewAccount {
                keep_password: new.password.is_some() && key == "system",
                ..new.clone()
            };
            if key == "system" && new.password.as_deref().unwrap_or_default().is_empty() {
                problems.push(Problem::new("system.password", "missing", "请设置密码", ""));
            }
            if super::input::fold_login(&new.login).is_some_and(|login| !logins.insert(login)) {
                problems.push(Problem::new(
                    &format!("{key}.login"),
                    "login_taken",
                    "三个账号名不能相同",
                    "",
                ));
            }
            match self.prepare(conn, &Viewer::operator("set-up"), &keep) {
                Ok(account) => ready.push((role, account)),
                Err(Error::Invalid(found)) => {
                    problems.extend(found.into_iter().map(|p| Problem {
                        field: format!("{key}.{}", p.field),
                        ..p
                    }));
                }
                Err(other) => return Err(other),
            }
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        row::write(conn, |conn| {
            use_code(conn, code)?;
            if !is_empty(conn)? {
                return Err(over());
            }
            let mut made = Vec::new();
            for (role, account) in &ready {
                let id = admin::insert(conn, &viewer, account)?;
                let owner = row::account(conn, id)?;
                grants::give(conn, &viewer, &owner, *role, None)?;
                made.push(FirstMade {
                    role: *role,
                    login: account.login.clone(),
                    password: account.made.clone(),
                });
            }
            audit::record(conn, &viewer, &Event::done("set_up", "首次启动设置"))?;
            Ok(made)
        })
    }

    /// Whether this is the code; a wrong one is counted.
    fn try_code(&self, conn: &mut Conn, viewer: &Viewer, code: &str) -> Result<()> {
        if !is_empty(conn)? {
            return Err(over());
        }
        let right = row::write(conn, |conn| {
            let now = clock::now();
            let open: Option<(i64, String)> = setup_codes::table
                .filter(
                    setup_codes::used_at
                        .is_null()
                        .and(setup_codes::expires_at.gt(now)),
                )
                .filter(setup_codes::failures.lt(TRIES))
                .order(setup_codes::id.desc())
                .select((setup_codes::id, setup_codes::hash))
                .first(conn)
                .optional()?;
            let right = open
                .as_ref()
                .is_some_and(|(_, hash)| secret::same(hash, &hashed(code)));
            if !right {
                if let Some((id, _)) = open {
                    diesel::update(setup_codes::table.find(id))
                        .set(setup_codes::failures.eq(setup_codes::failures + 1))
                        .execute(conn)?;
                }
                audit::record(conn, viewer, &Event::refused("set_up", "首次启动设置"))?;
            }
            Ok(right)
        })?;
        if right { Ok(()) } else { Err(wrong_code()) }
    }
}

/// The code as people type it: any case, with or without the dashes.
fn hashed(code: &str) -> String {
    let letters: Vec<char> = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(64)
        .collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|g| g.iter().collect::<String>().to_ascii_uppercase())
        .collect();
    secret::labelled("setup", &groups.join("-"))
}

fn use_code(conn: &mut Conn, code: &str) -> Result<()> {
    let now = clock::now();
    let open = setup_codes::table
        .filter(
            setup_codes::hash
                .eq(hashed(code))
                .and(setup_codes::used_at.is_null()),
        )
        .filter(setup_codes::expires_at.gt(now));
    let done = diesel::update(open)
        .set(setup_codes::used_at.eq(now))
        .execute(conn)?;
    if done == 1 { Ok(()) } else { Err(wrong_code()) }
}

fn wrong_code() -> Error {
    Error::Invalid(vec![Problem::new(
        "code",
        "wrong_code",
        "设置码不正确或已失效",
        "请抄录服务启动时在终端上显示的设置码；失效后重新启动服务会得到新的",
    )])
}

/// Once anybody has an account, set-up is over; the page is as absent as any other that is not there.
fn over() -> Error {
    Error::NotFound("页面".to_owned())
}
