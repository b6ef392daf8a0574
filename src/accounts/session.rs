//! Browser sessions: opened, found by their cookie, touched, ended.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{Duration, NaiveDateTime};
use diesel::prelude::*;

use super::row::{self, AccountRow, SessionRow, next_id};
use super::{Service, secret};
use crate::audit::{self, Event};
use crate::auth::Viewer;
use crate::auth::viewer::Origin;
use crate::clock;
use crate::db::connection::{Conn, without_waiting};
use crate::db::schema::{account_sessions, accounts};
use crate::error::{Error, Result};
use crate::register::region::Regions;

/// Seconds between two notes of the last use in the database; the exact time is kept in memory.
const NOTED_EVERY: i64 = 60;

/// Days after which an ended session is forgotten.
const KEPT_DAYS: i64 = 7;

/// What a person has to do before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Must {
    /// Choose another password: it was set by somebody else, or is too old.
    ChangePassword,
    /// Set up a one-time code: the rules demand it for a role held.
    SetUpTotp,
}

/// Somebody signed in with a browser.
#[derive(Clone, Debug)]
pub struct Session {
    /// Identity of the session.
    pub id: i64,
    /// The account signed in.
    pub account: i64,
    /// Its login.
    pub login: String,
    /// Who asks.
    pub viewer: Viewer,
    /// What every form has to send back.
    pub csrf: String,
    /// What has to be done before anything else.
    pub must: Option<Must>,
}

/// What opens a session: a browser's cookie, or tokens of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Browser,
    Tokens,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Tokens => "tokens",
        }
    }
}

/// When sessions were last used, more exactly than the database notes it.
#[derive(Debug, Default)]
pub(super) struct LastUse(Mutex<HashMap<i64, NaiveDateTime>>);

impl LastUse {
    /// Notes a use now; returns the later of what was known and what is stored.
    fn touch(
        &self,
        session: i64,
        stored: NaiveDateTime,
        now: NaiveDateTime,
        idle: Duration,
    ) -> NaiveDateTime {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = known.get(&session).copied().unwrap_or(stored).max(stored);
        if now - last <= idle {
            if known.len() > 10_000 {
                known.retain(|_, at| now - *at <= idle);
            }
            known.insert(session, now);
        }
        last
    }
}

/// Opens a session inside a transaction; returns its id and secret.
pub(super) fn open(
    conn: &mut Conn,
    service: &Service,
    account: &AccountRow,
    kind: Kind,
    turn: &str,
    origin: &Origin,
) -> Result<(i64, String)> {
    let now = clock::now();
    let hours = match kind {
        Kind::Browser => service.rules.session_hours,
        Kind::Tokens => service.rules.refresh_hours,
    };
    let old = now - Duration::days(KEPT_DAYS);
    diesel::delete(account_sessions::table.filter(account_sessions::expires_at.lt(old)))
        .execute(conn)?;
    let id = next_id!(conn, account_sessions);
    let secret = secret::fresh()?;
    let epoch: i64 = accounts::table
        .find(account.id)
        .select(accounts::epoch)
        .first(conn)?;
    diesel::insert_into(account_sessions::table)
        .values(SessionRow {
            id,
            account_id: account.id,
            kind: kind.word().to_owned(),
            secret_hash: secret::hash(&secret),
            turn_hash: secret::hash(turn),
            turned_hash: String::new(),
            turned_at: now,
            epoch,
            address: origin.address.clone(),
            created_at: now,
            last_used_at: now,
            expires_at: now + Duration::hours(hours),
            ended_at: None,
        })
        .execute(conn)?;
    Ok((id, secret))
}

/// The live session with this secret, with its account: not ended, not too old, of the account's present epoch.
pub(super) fn live(
    conn: &mut Conn,
    kind: Kind,
    secret: &str,
) -> Result<Option<(SessionRow, AccountRow)>> {
    let found: Option<(SessionRow, AccountRow)> = account_sessions::table
        .inner_join(accounts::table.on(accounts::id.eq(account_sessions::account_id)))
        .filter(account_sessions::secret_hash.eq(secret::hash(secret)))
        .filter(account_sessions::kind.eq(kind.word()))
        .select((SessionRow::as_select(), AccountRow::as_select()))
        .first(conn)
        .optional()?;
    Ok(found.filter(|(session, account)| is_live(session, account)))
}

/// Whether a session is still good.
pub(super) fn is_live(session: &SessionRow, account: &AccountRow) -> bool {
    session.ended_at.is_none()
        && session.expires_at > clock::now()
        && account.active
        && session.epoch == account.epoch
}

impl Service {
    /// What an account has to do before anything else.
    pub(super) fn must(&self, account: &AccountRow, viewer: &Viewer) -> Option<Must> {
        let age = Duration::days(self.rules.password_max_age_days);
        let too_old = !age.is_zero() && clock::now() - account.password_set_at > age;
        if account.must_change || too_old {
            return Some(Must::ChangePassword);
        }
        let roles = viewer.roles().iter().map(|(role, _)| *role);
        (!account.totp_confirmed && self.rules.demands_second_factor(roles))
            .then_some(Must::SetUpTotp)
    }

    /// The session of a cookie; none when it is unknown, ended, idle for too long or from before a change of credentials.
    ///
    /// # Errors
    /// When the database fails.
    pub fn by_cookie(
        &self,
        conn: &mut Conn,
        regions: &Regions,
        secret: &str,
        origin: Origin,
    ) -> Result<Option<Session>> {
        let Some((row, account)) = live(conn, Kind::Browser, secret)? else {
            return Ok(None);
        };
        let now = clock::now();
        let idle = Duration::minutes(self.rules.idle_minutes);
        let last = self.last_use.touch(row.id, row.last_used_at, now, idle);
        if now - last > idle {
            return Ok(None);
        }
        if now - row.last_used_at >= Duration::seconds(NOTED_EVERY) {
            note_use(conn, row.id, now)?;
        }
        let viewer = self.viewer_of(conn, regions, &account)?;
        Ok(Some(self.session(&row, &account, viewer, secret, origin)))
    }

    pub(super) fn session(
        &self,
        row: &SessionRow,
        account: &AccountRow,
        viewer: Viewer,
        secret: &str,
        origin: Origin,
    ) -> Session {
        Session {
            id: row.id,
            account: account.id,
            login: account.login.clone(),
            must: self.must(account, &viewer),
            viewer: viewer.from_origin(origin),
            csrf: secret::labelled("csrf", secret),
        }
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sign_out(&self, conn: &mut Conn, session: &Session) -> Result<()> {
        row::write(conn, |conn| {
            if end(conn, session.account, session.id)? {
                audit::record(
                    conn,
                    &session.viewer,
                    &Event::done("sign_out", &session.login),
                )?;
            }
            Ok(())
        })
    }
}

/// Ends one session of an account; says whether it was open.
pub(super) fn end(conn: &mut Conn, account: i64, session: i64) -> Result<bool> {
    let open = account_sessions::table
        .filter(account_sessions::id.eq(session))
        .filter(account_sessions::account_id.eq(account))
        .filter(account_sessions::ended_at.is_null());
    Ok(diesel::update(open)
        .set(account_sessions::ended_at.eq(clock::now()))
        .execute(conn)?
        == 1)
}

/// Notes the time of use, unless somebody else is writing: a request that reads does not wait for an import.
fn note_use(conn: &mut Conn, session: i64, now: NaiveDateTime) -> Result<()> {
    let noted = without_waiting(conn, |conn| {
        diesel::update(account_sessions::table.find(session))
            .set(account_sessions::last_used_at.eq(now))
            .execute(conn)
            .map_err(Error::from)
    })?;
    let _ = noted;
    Ok(())
}
