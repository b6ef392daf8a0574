//! Tokens for programs: access and refresh tokens, API tokens.

use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::Service;
use crate::auth::Viewer;
use crate::auth::viewer::Origin;
use crate::db::connection::Conn;
use crate::error::{Error, Result};
use crate::register::region::Regions;

/// What a program signs its requests with.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TokenPair {
    /// For the header `Authorization: Bearer …`.
    pub access_token: String,
    /// Good for one exchange against the next pair.
    pub refresh_token: String,
    /// Seconds that the access token is good for.
    pub expires_in: i64,
}

/// A program that signed its request.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// Who asks.
    pub viewer: Viewer,
    /// Only reading is allowed.
    pub read_only: bool,
    /// The family of tokens it belongs to; none for an API token.
    pub session: Option<i64>,
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
        let _ = (conn, regions, token, origin);
        Ok(None)
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
        let _ = (conn, login, password, totp, origin);
        Err(Error::WrongCredentials)
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
        let _ = (conn, refresh_token, origin);
        Err(Error::SignedOut)
    }

    /// Ends the family of tokens that a bearer belongs to.
    ///
    /// # Errors
    /// When the database fails.
    pub fn end_tokens(&self, conn: &mut Conn, bearer: &Bearer) -> Result<()> {
        let _ = (conn, bearer);
        Ok(())
    }
}
