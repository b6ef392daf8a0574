//! Signing in: login, password and, where there is one, the one-time code.

use crate::accounts::{Service, Session};
use crate::auth::viewer::Origin;
use crate::db::connection::Conn;
use crate::error::{Error, Result};
use crate::register::catalogue::Catalogue;

/// A session just opened.
#[derive(Debug)]
pub struct NewSession {
    /// The secret for the cookie; stored nowhere else.
    pub secret: String,
    /// The session.
    pub session: Session,
}

/// What a sign-in came to.
#[derive(Debug)]
pub enum SignedIn {
    /// A session is open.
    Session(Box<NewSession>),
    /// The password is right; now the one-time code is wanted, together with this ticket (good for five minutes).
    NeedsTotp(String),
}

impl Service {
    /// Signs a browser in.
    ///
    /// # Errors
    /// [`Error::WrongCredentials`], the same for an unknown login; [`Error::Locked`] after too many failures;
    /// [`Error::Busy`] when too many sign in at once.
    pub fn sign_in(
        &self,
        conn: &mut Conn,
        catalogue: &Catalogue,
        login: &str,
        password: &str,
        totp: Option<&str>,
        origin: Origin,
    ) -> Result<SignedIn> {
        let _ = (conn, catalogue, login, password, totp, origin);
        Err(Error::WrongCredentials)
    }

    /// The second step: the ticket of the first and the one-time code.
    ///
    /// # Errors
    /// As [`Service::sign_in`]; [`Error::SignedOut`] when the ticket is too old.
    pub fn finish_totp(
        &self,
        conn: &mut Conn,
        catalogue: &Catalogue,
        ticket: &str,
        totp: &str,
        origin: Origin,
    ) -> Result<SignedIn> {
        let _ = (conn, catalogue, ticket, totp, origin);
        Err(Error::WrongCredentials)
    }
}
