//! One's own account: password and sessions.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::row::{self, AccountRow, SessionRow, next_id};
use super::session::{self, Kind};
use super::sign_in::{self, Known, NewSession, Proof, SignedIn};
use super::{Service, Session, password};
use crate::audit::{self, Event};
use crate::auth::viewer::Origin;
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{account_passwords, account_sessions, accounts};
use crate::error::{Error, Problem, Result};
use crate::register::region::Regions;

/// A session as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OpenSession {
    /// Its number.
    pub id: i64,
    /// `browser` or `tokens`.
    pub kind: String,
    /// Network address it was opened from.
    pub address: String,
    /// When it was opened, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    pub created_at: NaiveDateTime,
    /// When it was last used, to within a minute, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    pub last_used_at: NaiveDateTime,
    /// When it ends in any case, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    pub expires_at: NaiveDateTime,
}

/// The account of whoever asks.
pub(super) fn me(viewer: &Viewer) -> Result<i64> {
    viewer.account().ok_or(Error::SignedOut)
}

impl Service {
    /// Demands the present password again, before something that must not be done by whoever finds the screen open.
    pub(super) fn demand_password(
        &self,
        conn: &mut Conn,
        viewer: &Viewer,
        field: &str,
        given: &str,
    ) -> Result<AccountRow> {
        let account = row::account(conn, me(viewer)?)?;
        let attempt = sign_in::attempt(Some(&account.login), viewer.origin());
        if let Some(seconds) = super::attempts::locked(conn, &attempt)? {
            return Err(Error::Locked(seconds));
        }
        if self.hasher.fits(given, Some(&account.password_hash))? {
            return Ok(account);
        }
        let failed: Result<()> =
            self.fail(conn, &attempt, Some(&account), "password", viewer.origin());
        match failed {
            Err(Error::WrongCredentials) | Ok(()) => {
                let message = "当前密码不正确";
                Err(Error::Invalid(vec![Problem::new(
                    field,
                    "wrong_password",
                    message,
                    "",
                )]))
            }
            Err(other) => Err(other),
        }
    }

    /// Changes one's own password. All sessions and tokens made before end, this one included: see [`Service::renew`].
    ///
    /// # Errors
    /// [`Error::Invalid`] naming `current` or `password`, each rule that the new password breaks.
    pub fn change_password(
        &self,
        conn: &mut Conn,
        viewer: &Viewer,
        current: &str,
        new: &str,
    ) -> Result<()> {
        let account = self.demand_password(conn, viewer, "current", current)?;
        let hash = self.acceptable(conn, &account, new)?;
        self.take_password(conn, viewer, &account, &hash, false, "change_password")
    }

    /// Changes the password of an account whose password was set by somebody else, before anything can be signed.
    ///
    /// # Errors
    /// As [`Service::tokens`] and [`Service::change_password`].
    pub fn change_password_of(
        &self,
        conn: &mut Conn,
        login: &str,
        current: &str,
        totp: Option<&str>,
        new: &str,
        origin: Origin,
    ) -> Result<()> {
        let account = match self.credentials(conn, login, current, totp, &origin)? {
            Known::Whole(proof) => proof.account,
            Known::Half(_) => {
                let message = "该账号启用了动态口令，请同时提供 totp";
                return Err(Error::Invalid(vec![Problem::new(
                    "totp",
                    "totp_required",
                    message,
                    "",
                )]));
            }
        };
        let hash = self.acceptable(conn, &account, new)?;
        let viewer = account.author().from_origin(origin);
        self.take_password(conn, &viewer, &account, &hash, false, "change_password")
    }

    /// The hash of a new password for an account; refuses what breaks a rule or was used before.
    pub(super) fn acceptable(
        &self,
        conn: &mut Conn,
        account: &AccountRow,
        new: &str,
    ) -> Result<String> {
        let mut problems =
            password::problems(&self.rules, "password", new, &account.login, &account.name);
        if problems.is_empty() && self.was_used(conn, account, new)? {
            let message = format!(
                "不得与最近 {} 次用过的密码相同",
                self.rules.password_history
            );
            problems.push(Problem::new(
                "password",
                "used_before",
                &message,
                "请换一个没有用过的密码",
            ));
        }
        if problems.is_empty() {
            self.hasher.hash(new)
        } else {
            Err(Error::Invalid(problems))
        }
    }

    fn was_used(&self, conn: &mut Conn, account: &AccountRow, new: &str) -> Result<bool> {
        let earlier: Vec<String> = account_passwords::table
            .filter(account_passwords::account_id.eq(account.id))
            .order(account_passwords::id.desc())
            .limit((self.rules.password_history - 1).max(0))
            .select(account_passwords::hash)
            .load(conn)?;
        // Handing the same password back is no change at all, whatever the rules say of earlier ones.
        for hash in std::iter::once(&account.password_hash).chain(&earlier) {
            if self.hasher.fits(new, Some(hash))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Stores a new password, keeps the old one's hash, and ends everything that was signed with it.
    pub(super) fn take_password(
        &self,
        conn: &mut Conn,
        viewer: &Viewer,
        account: &AccountRow,
        hash: &str,
        must_change: bool,
        action: &'static str,
    ) -> Result<()> {
        row::write(conn, |conn| {
            let now = clock::now();
            let same = accounts::table.filter(
                accounts::id
                    .eq(account.id)
                    .and(accounts::password_hash.eq(&account.password_hash)),
            );
            let done = diesel::update(same)
                .set((
                    accounts::password_hash.eq(hash),
                    accounts::password_set_at.eq(now),
                    accounts::must_change.eq(must_change),
                ))
                .execute(conn)?;
            if done != 1 {
                return Err(Error::Conflict("密码刚刚被修改过，请重新登录".to_owned()));
            }
            row::raise_epoch(conn, account.id)?;
            let id = next_id!(conn, account_passwords);
            diesel::insert_into(account_passwords::table)
                .values((
                    account_passwords::id.eq(id),
                    account_passwords::account_id.eq(account.id),
                    account_passwords::hash.eq(&account.password_hash),
                    account_passwords::set_at.eq(account.password_set_at),
                ))
                .execute(conn)?;
            audit::record(
                conn,
                viewer,
                &Event::done(action, &account.title()).of(account.department_id),
            )
        })
    }

    /// Opens a session anew after its owner has changed the credentials through it: the old cookie is dead.
    ///
    /// # Errors
    /// [`Error::SignedOut`] when the account has been deactivated meanwhile.
    pub fn renew(&self, conn: &mut Conn, regions: &Regions, old: &Session) -> Result<NewSession> {
        let account = row::account(conn, old.account)?;
        if !account.active {
            return Err(Error::SignedOut);
        }
        let proof = Proof {
            account,
            step: None,
        };
        match self.admit(conn, regions, &proof, old.viewer.origin().clone())? {
            SignedIn::Session(new) => Ok(*new),
            SignedIn::NeedsTotp(_) => Err(Error::SignedOut),
        }
    }

    /// Sessions of an account that are open: one's own, or anybody's for the security administrator.
    ///
    /// # Errors
    /// [`Error::Refused`] for somebody else's without the right.
    pub fn sessions(
        &self,
        conn: &mut Conn,
        viewer: &Viewer,
        account: i64,
    ) -> Result<Vec<OpenSession>> {
        if viewer.account() != Some(account) {
            viewer.may_anywhere(Right::GrantRoles)?;
        }
        let owner = row::account(conn, account)?;
        let rows: Vec<SessionRow> = account_sessions::table
            .filter(
                account_sessions::account_id
                    .eq(account)
                    .and(account_sessions::epoch.eq(owner.epoch)),
            )
            .filter(account_sessions::ended_at.is_null())
            .order(account_sessions::id.desc())
            .limit(200)
            .select(SessionRow::as_select())
            .load(conn)?;
        let idle = chrono::Duration::minutes(self.rules.idle_minutes);
        let open = |row: &SessionRow| {
            session::is_live(row, &owner)
                && (row.kind != Kind::Browser.word() || clock::now() - row.last_used_at <= idle)
        };
        Ok(rows
            .into_iter()
            .filter(open)
            .map(|row| OpenSession {
                id: row.id,
                kind: row.kind,
                address: row.address,
                created_at: row.created_at,
                last_used_at: row.last_used_at,
                expires_at: row.expires_at,
            })
            .collect())
    }

    /// Ends one of one's own sessions.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not open or not one's own.
    pub fn end_session(&self, conn: &mut Conn, viewer: &Viewer, session: i64) -> Result<()> {
        let id = me(viewer)?;
        row::write(conn, |conn| {
            if !session::end(conn, id, session)? {
                return Err(Error::NotFound("会话".to_owned()));
            }
            let event =
                Event::done("end_session", viewer.name()).with(json!({ "session": session }));
            audit::record(conn, viewer, &event)
        })
    }

    /// Ends all sessions and tokens of an account: one's own, or anybody's for the security administrator.
    ///
    /// # Errors
    /// [`Error::Refused`] for somebody else's without the right.
    pub fn end_all(&self, conn: &mut Conn, viewer: &Viewer, account: i64) -> Result<()> {
        if viewer.account() != Some(account) {
            super::grants::demand(conn, viewer, Right::GrantRoles, "end_all_sessions", account)?;
        }
        row::write(conn, |conn| {
            let owner = row::account(conn, account)?;
            row::raise_epoch(conn, account)?;
            audit::record(
                conn,
                viewer,
                &Event::done("end_all_sessions", &owner.title()).of(owner.department_id),
            )
        })
    }
}
