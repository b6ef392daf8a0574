//! Somebody who is not signed in yet, and the cookie that sign-in leaves.

use std::future::{Ready, ready};

use actix_web::cookie::Cookie;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};

use crate::auth::viewer::Origin;
use crate::db::connection::Conn;
use crate::error::{Error, Result};
use crate::web::answer::Failure;
use crate::web::caller::Caller;
use crate::web::state::State;

/// The browser's session. The prefix makes browsers insist on `Secure`, `Path=/` and this very host.
pub const SESSION_COOKIE: &str = "__Host-one-ledger";

/// Somebody who need not be signed in: for sign-in, set-up and the like.
pub struct Visitor {
    /// The caller, whose credentials nobody looks at.
    pub(super) caller: Caller,
}

impl Visitor {
    /// What every request shares.
    #[must_use]
    pub fn state(&self) -> &web::Data<State> {
        &self.caller.state
    }

    /// A message left by the page before.
    #[must_use]
    pub fn flash(&self) -> Option<&str> {
        self.caller.flash.as_deref()
    }

    /// Runs work as nobody; the closure is told where the request came from.
    ///
    /// # Errors
    /// [`Error::Refused`] for a change that another site's page made the browser send; whatever the work says.
    pub async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Conn, &State, Origin) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, Failure> {
        let caller = self.caller;
        if !caller.safe && !caller.same_site {
            let from = "请求不是从本系统页面发出，请刷新页面后重试";
            return Err(Error::Refused(from.to_owned()).into());
        }
        let state = caller.state.clone();
        let origin = caller.origin;
        let shared = state.clone();
        // While an import holds the lock, those who sign in wait here and leave connections to those who read.
        let turn = if caller.safe {
            None
        } else {
            shared.visits.acquire().await.ok()
        };
        let done = web::block(move || -> std::result::Result<T, Failure> {
            let mut conn = state.pool.lend()?;
            Ok(work(&mut conn, &state, origin)?)
        })
        .await;
        drop(turn);
        done.map_err(|e| {
            Failure::Error(Error::Internal {
                doing: "处理请求",
                cause: e.to_string(),
            })
        })?
    }
}

impl FromRequest for Visitor {
    type Error = Failure;
    type Future = Ready<std::result::Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Caller::of(request).map(|caller| Self { caller }))
    }
}

/// The cookie of a new session.
#[must_use]
pub fn session_cookie(secret: &str) -> Cookie<'static> {
    Cookie::build(SESSION_COOKIE, secret.to_owned())
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(actix_web::cookie::SameSite::Lax)
        .finish()
}

/// What ends the session in the browser.
#[must_use]
pub fn no_session_cookie() -> Cookie<'static> {
    let mut cookie = session_cookie("");
    cookie.make_removal();
    cookie
}
