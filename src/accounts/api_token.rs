//! API tokens: long-lived, for machines; shown once, stored as a hash.

use chrono::{Duration, NaiveDateTime};
use diesel::prelude::*;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::row::{self, AccountRow, TokenRow, next_id};
use super::{Bearer, Service, input, own, secret};
use crate::audit::{self, Event};
use crate::auth::viewer::Origin;
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::{Conn, without_waiting};
use crate::db::schema::{accounts, api_tokens};
use crate::error::{Error, Problem, Result};
use crate::register::region::Regions;

/// What every API token begins with, so that people and scanners know one when they see it.
pub(super) const PREFIX: &str = "olt_";

/// Seconds between two notes of the last use.
const NOTED_EVERY: i64 = 300;

/// Tokens that one account may have at a time.
const MOST: usize = 20;

/// What an API token is to be.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// Whether it may change anything.
    pub writes: bool,
    /// Days until it ends.
    pub days: i64,
}

/// A token just made.
#[derive(Clone, Serialize, ToSchema)]
pub struct MadeToken {
    /// Its number.
    pub id: i64,
    /// The token; it is not shown again.
    pub token: String,
    /// When it ends, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    pub expires_at: NaiveDateTime,
}

/// An API token as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApiToken {
    /// Its number.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// Whether it may change anything.
    pub writes: bool,
    /// When it was made, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    pub created_at: NaiveDateTime,
    /// When it ends, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    pub expires_at: NaiveDateTime,
    /// When it was last used, to within five minutes, UTC.
    #[serde(serialize_with = "crate::clock::utc_option::serialize")]
    pub last_used_at: Option<NaiveDateTime>,
    /// Whether it is good: not revoked, not expired, made since the last change of credentials or roles.
    pub good: bool,
}

impl Service {
    pub(super) fn by_api_token(
        &self,
        conn: &mut Conn,
        regions: &Regions,
        token: &str,
        origin: Origin,
    ) -> Result<Option<Bearer>> {
        let found: Option<(TokenRow, AccountRow)> = api_tokens::table
            .inner_join(accounts::table.on(accounts::id.eq(api_tokens::account_id)))
            .filter(api_tokens::secret_hash.eq(secret::hash(token)))
            .select((TokenRow::as_select(), AccountRow::as_select()))
            .first(conn)
            .optional()?;
        let now = clock::now();
        let Some((row, account)) = found.filter(|(row, account)| is_good(row, account, now)) else {
            return Ok(None);
        };
        let noted = row
            .last_used_at
            .is_some_and(|at| now - at < Duration::seconds(NOTED_EVERY));
        if !noted {
            without_waiting(conn, |conn| {
                diesel::update(api_tokens::table.find(row.id))
                    .set(api_tokens::last_used_at.eq(now))
                    .execute(conn)
                    .map_err(Error::from)
            })?;
        }
        Ok(Some(Bearer {
            account: account.id,
            viewer: self.viewer_of(conn, regions, &account)?.from_origin(origin),
            read_only: !row.writes,
            session: None,
            moment: None,
        }))
    }

    /// Makes a token for one's own account.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming `name` or `days`; [`Error::Conflict`] when there are too many.
    pub fn create_token(
        &self,
        conn: &mut Conn,
        viewer: &Viewer,
        new: &NewToken,
    ) -> Result<MadeToken> {
        let id = own::me(viewer)?;
        self.create_token_for(conn, viewer, id, new)
    }

    /// Makes a token for an account; for others than oneself only the operator may.
    ///
    /// # Errors
    /// As [`Service::create_token`].
    pub fn create_token_for(
        &self,
        conn: &mut Conn,
        viewer: &Viewer,
        account: i64,
        new: &NewToken,
    ) -> Result<MadeToken> {
        if viewer.account().is_some_and(|me| me != account) {
            return Err(Error::Refused("接口令牌只能由本人建立".to_owned()));
        }
        let mut problems = Vec::new();
        let name = input::name("name", "令牌名称", &new.name, &mut problems);
        if !(1..=self.rules.api_token_days).contains(&new.days) {
            let message = format!("有效期应为 1 至 {} 天", self.rules.api_token_days);
            problems.push(Problem::new("days", "out_of_range", &message, ""));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let token = format!("{PREFIX}{}", secret::fresh()?);
        let now = clock::now();
        let expires_at = now + Duration::days(new.days);
        row::write(conn, |conn| {
            let owner = row::account(conn, account)?;
            let of_account = of_account(conn, account)?;
            let good = of_account.iter().filter(|t| is_good(t, &owner, now));
            if !owner.active {
                return Err(Error::Conflict("账号已停用".to_owned()));
            }
            if good.count() >= MOST {
                return Err(Error::Conflict(format!(
                    "每个账号至多有 {MOST} 个有效令牌，请先吊销不用的"
                )));
            }
            let id = next_id!(conn, api_tokens);
            diesel::insert_into(api_tokens::table)
                .values(TokenRow {
                    id,
                    account_id: account,
                    name: name.clone(),
                    secret_hash: secret::hash(&token),
                    writes: new.writes,
                    epoch: owner.epoch,
                    created_at: now,
                    expires_at,
                    last_used_at: None,
                    revoked_at: None,
                })
                .execute(conn)?;
            let event = Event::done("create_token", &owner.title())
                .of(owner.department_id)
                .with(json!({ "token": id, "name": name, "writes": new.writes, "days": new.days }));
            audit::record(conn, viewer, &event)?;
            Ok(MadeToken {
                id,
                token,
                expires_at,
            })
        })
    }

    /// The tokens of an account that are not revoked, the newest first: one's own, or anybody's for the security administrator.
    ///
    /// # Errors
    /// [`Error::Refused`] for somebody else's without the right.
    pub fn api_tokens(
        &self,
        conn: &mut Conn,
        viewer: &Viewer,
        account: i64,
    ) -> Result<Vec<ApiToken>> {
        if viewer.account() != Some(account) {
            viewer.may_anywhere(Right::GrantRoles)?;
        }
        let owner = row::account(conn, account)?;
        let now = clock::now();
        let rows = of_account(conn, account)?;
        Ok(rows
            .into_iter()
            .filter(|row| row.revoked_at.is_none())
            .map(|row| ApiToken {
                good: is_good(&row, &owner, now),
                id: row.id,
                name: row.name,
                writes: row.writes,
                created_at: row.created_at,
                expires_at: row.expires_at,
                last_used_at: row.last_used_at,
            })
            .collect())
    }

    /// Revokes a token: one's own, or anybody's for the security administrator.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a token that is not there, revoked, or not one's own.
    pub fn revoke_token(&self, conn: &mut Conn, viewer: &Viewer, token: i64) -> Result<()> {
        let anybody = viewer.can_anywhere(Right::GrantRoles);
        row::write(conn, |conn| {
            let absent = || Error::NotFound("接口令牌".to_owned());
            let found: Option<TokenRow> = api_tokens::table
                .find(token)
                .select(TokenRow::as_select())
                .first(conn)
                .optional()?;
            let found = found
                .filter(|t| anybody || viewer.account() == Some(t.account_id))
                .ok_or_else(absent)?;
            let open = api_tokens::table.filter(
                api_tokens::id
                    .eq(token)
                    .and(api_tokens::revoked_at.is_null()),
            );
            let done = diesel::update(open)
                .set(api_tokens::revoked_at.eq(clock::now()))
                .execute(conn)?;
            if done != 1 {
                return Err(absent());
            }
            let owner = row::account(conn, found.account_id)?;
            let event = Event::done("revoke_token", &owner.title())
                .of(owner.department_id)
                .with(json!({ "token": token, "name": found.name }));
            audit::record(conn, viewer, &event)
        })
    }
}

fn of_account(conn: &mut Conn, account: i64) -> Result<Vec<TokenRow>> {
    Ok(api_tokens::table
        .filter(api_tokens::account_id.eq(account))
        .order(api_tokens::id.desc())
        .limit(200)
        .select(TokenRow::as_select())
        .load(conn)?)
}

fn is_good(row: &TokenRow, account: &AccountRow, now: NaiveDateTime) -> bool {
    row.revoked_at.is_none() && row.expires_at > now && account.active && row.epoch == account.epoch
}
