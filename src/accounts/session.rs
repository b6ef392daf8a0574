//! Browser sessions: found by their cookie, touched, ended.

use crate::accounts::Service;
use crate::auth::Viewer;
use crate::auth::viewer::Origin;
use crate::db::connection::Conn;
use crate::error::Result;
use crate::register::region::Regions;

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

impl Service {
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
        let _ = (conn, regions, secret, origin);
        Ok(None)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sign_out(&self, conn: &mut Conn, session: &Session) -> Result<()> {
        let _ = (conn, session);
        Ok(())
    }
}
