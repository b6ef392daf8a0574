//! Tokens for programs: access and refresh tokens, API tokens.

use chrono::{Duration, NaiveDateTime};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::row::{self, AccountRow, SessionRow};
use super::session::{self, Kind, Must};
use super::sign_in::{Known, Proof};
use super::token::{self, Purpose, Subject};
use super::{Service, api_token, secret};
use crate::audit::{self, Event};
use crate::auth::Viewer;
use crate::auth::viewer::Origin;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::fragment::Fragment;
use crate::db::schema::{account_sessions, accounts};
use crate::error::{Error, Problem, Result};
use crate::register::region::Regions;

/// Seconds in which the last refresh token may come again without being taken for stolen: a client that did not
/// hear the answer asks once more, or asks twice at once. It gets nothing, but loses nothing either.
const GRACE: i64 = 10;

/// What a program signs its requests with.
#[derive(Clone, Serialize, ToSchema)]
pub struct TokenPair {
    /// For the header `Authorization: Bearer …`.
    pub access_token: String,
    /// Good for one exchange against the next pair.
    pub refresh_token: String,
    /// Seconds that the access token is good for.
    pub expires_in: i64,
}

impl std::fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenPair(***, {})", self.expires_in)
    }
}

/// A program that signed its request.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// The account.
    pub account: i64,
    /// Who asks.
    pub viewer: Viewer,
    /// Only reading is allowed.
    pub read_only: bool,
    /// The family of tokens it belongs to; none for an API token.
    pub session: Option<i64>,
    /// What everything was at, where it was asked for anyway.
    pub moment: Option<Moment>,
}

/// Counts that tell whether anything has changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Version of the account: its name, home and roles.
    pub account: i64,
    /// Version of the organisation.
    pub organisation: i64,
    /// Writes of the ledger.
    pub writes: i64,
}

impl Service {
    /// Who a bearer token (an access token or an API token) stands for; none when it is not good, or no longer.
    ///
    /// # Errors
    /// When the database fails.
    pub fn by_bearer(
        &self,
        conn: &mut Conn,
        regions: &Regions,
        token: &str,
        origin: Origin,
    ) -> Result<Option<Bearer>> {
        if token.starts_with(api_token::PREFIX) {
            return self.by_api_token(conn, regions, token, origin);
        }
        let Some(subject) = token::check(&self.keys, Purpose::Access, token) else {
            return Ok(None);
        };
        // One small question: whatever makes a token bad is asked for at once, and so is what the organisation is at.
        let found: Option<(NaiveDateTime, i64, i64, i64)> = account_sessions::table
            .inner_join(accounts::table.on(accounts::id.eq(account_sessions::account_id)))
            .filter(account_sessions::id.eq(subject.session))
            .filter(account_sessions::kind.eq(Kind::Tokens.word()))
            .filter(account_sessions::ended_at.is_null())
            .filter(account_sessions::epoch.eq(subject.epoch))
            .filter(accounts::id.eq(subject.account))
            .filter(accounts::epoch.eq(subject.epoch))
            .filter(accounts::active.eq(true))
            .select((
                account_sessions::expires_at,
                accounts::version,
                Fragment::<BigInt>::sql("(SELECT organisation FROM ledger_head)"),
                Fragment::<BigInt>::sql("(SELECT writes FROM ledger_head)"),
            ))
            .first(conn)
            .optional()?;
        let Some((_, version, organisation, writes)) =
            found.filter(|(until, ..)| *until > clock::now())
        else {
            return Ok(None);
        };
        let viewer = match self.recall(subject.account, version, organisation) {
            Some(viewer) => viewer,
            None => self.viewer(conn, regions, subject.account)?,
        };
        Ok(Some(Bearer {
            account: subject.account,
            viewer: viewer.from_origin(origin),
            read_only: false,
            session: Some(subject.session),
            moment: Some(Moment {
                account: version,
                organisation,
                writes,
            }),
        }))
    }

    /// Signs a program in.
    ///
    /// # Errors
    /// As [`Service::sign_in`]; [`Error::Invalid`] naming `totp` when a one-time code is wanted;
    /// [`Error::Refused`] while the password has to be changed first.
    pub fn tokens(
        &self,
        conn: &mut Conn,
        login: &str,
        password: &str,
        totp: Option<&str>,
        origin: Origin,
    ) -> Result<TokenPair> {
        let proof = match self.credentials(conn, login, password, totp, &origin)? {
            Known::Whole(proof) => proof,
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
        self.ready(conn, &proof)?;
        let turn = secret::fresh()?;
        let (id, secret) = self.enter(conn, &proof, Kind::Tokens, &turn, &origin)?;
        self.pair(&proof.account, id, &secret, &turn)
    }

    /// A program cannot do what has to be done first.
    fn ready(&self, conn: &mut Conn, proof: &Proof) -> Result<()> {
        let roles: Vec<_> = row::held(conn, proof.account.id)?
            .into_iter()
            .map(|(_, role, at)| (role, at, crate::auth::viewer::Extents::default()))
            .collect();
        let viewer = Viewer::signed_in(proof.account.id, "", None, &roles);
        match self.must(&proof.account, &viewer) {
            None => Ok(()),
            Some(Must::ChangePassword) => Err(Error::Refused(
                "密码由他人设置或已到期，须先修改密码（网页登录，或 POST /api/v1/sessions/password）".to_owned(),
            )),
            Some(Must::SetUpTotp) => Err(Error::Refused("按规定该角色须先在网页上启用动态口令".to_owned())),
        }
    }

    fn pair(
        &self,
        account: &AccountRow,
        session: i64,
        secret: &str,
        turn: &str,
    ) -> Result<TokenPair> {
        let seconds = self.rules.access_minutes * 60;
        let subject = Subject {
            account: account.id,
            epoch: account.epoch,
            session,
        };
        Ok(TokenPair {
            access_token: token::make(&self.keys, Purpose::Access, subject, seconds)?,
            refresh_token: format!("{secret}.{turn}"),
            expires_in: seconds,
        })
    }

    /// Exchanges a refresh token against the next pair. An old one shows theft and ends the whole family.
    ///
    /// # Errors
    /// [`Error::SignedOut`] when the token is not good, or no longer.
    pub fn refresh(
        &self,
        conn: &mut Conn,
        refresh_token: &str,
        origin: Origin,
    ) -> Result<TokenPair> {
        let (secret, turn) = refresh_token.split_once('.').ok_or(Error::SignedOut)?;
        let Some((row, account)) = session::live(conn, Kind::Tokens, secret)? else {
            return Err(Error::SignedOut);
        };
        let next = secret::fresh()?;
        let now = clock::now();
        let turned = secret::hash(turn);
        let current = account_sessions::table
            .filter(
                account_sessions::id
                    .eq(row.id)
                    .and(account_sessions::turn_hash.eq(&turned)),
            )
            .filter(account_sessions::ended_at.is_null());
        let done = diesel::update(current)
            .set((
                account_sessions::turn_hash.eq(secret::hash(&next)),
                account_sessions::turned_hash.eq(&turned),
                account_sessions::turned_at.eq(now),
                account_sessions::last_used_at.eq(now),
            ))
            .execute(conn)?;
        if done == 1 {
            return self.pair(&account, row.id, secret, &next);
        }
        self.reused(conn, row.id, &account, &turned, &origin)
    }

    /// An old refresh token came back: whoever has it, two parties hold this family.
    fn reused(
        &self,
        conn: &mut Conn,
        family: i64,
        account: &AccountRow,
        turned: &str,
        origin: &Origin,
    ) -> Result<TokenPair> {
        let viewer = account.author().from_origin(origin.clone());
        row::write(conn, |conn| {
            let row = account_sessions::table
                .find(family)
                .select(SessionRow::as_select())
                .first(conn)?;
            let just_now = clock::now() - row.turned_at <= Duration::seconds(GRACE);
            if just_now && secret::same(&row.turned_hash, turned) {
                return Ok(());
            }
            if session::end(conn, account.id, family)? {
                let event = Event::refused("refresh_reuse", &account.title())
                    .of(account.department_id)
                    .with(json!({ "session": family }));
                audit::record(conn, &viewer, &event)?;
            }
            Ok(())
        })?;
        Err(Error::SignedOut)
    }

    /// Ends the family of tokens that a bearer belongs to.
    ///
    /// # Errors
    /// [`Error::Refused`] for an API token, which is revoked instead; when the database fails.
    pub fn end_tokens(&self, conn: &mut Conn, bearer: &Bearer) -> Result<()> {
        let Some(family) = bearer.session else {
            return Err(Error::Refused(
                "接口令牌没有会话，请在“我的账号”中吊销".to_owned(),
            ));
        };
        row::write(conn, |conn| {
            if session::end(conn, bearer.account, family)? {
                audit::record(
                    conn,
                    &bearer.viewer,
                    &Event::done("sign_out", bearer.viewer.name()),
                )?;
            }
            Ok(())
        })
    }
}
