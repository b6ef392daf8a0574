//! Who calls: credentials as they came, and the one way to turn them into work on the ledger.
//!
//! A handler gets no connection and no viewer of its own. It gives a closure to [`Caller::read`],
//! [`Caller::change`], [`Caller::page`] or [`Caller::act`], which identify the caller from the live
//! database first (D10), so nothing can be touched by nobody.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};

use crate::accounts::{Bearer, Must, Session};
use crate::app::App;
use crate::auth::Viewer;
use crate::auth::viewer::Origin;
use crate::db::connection::Conn;
use crate::db::pool::WAIT;
use crate::error::{Error, Result};
use crate::notice;
use crate::org::directory::Directory;
use crate::web::answer::Failure;
use crate::web::gate::RequestId;
use crate::web::origin;
use crate::web::page::{self, Shell};
use crate::web::state::State;
use crate::web::visitor;

mod reply;

/// The header in which scripts send the token that forms carry in the field `csrf`.
pub const CSRF_HEADER: &str = "x-csrf-token";

#[derive(Clone)]
enum Credentials {
    None,
    Cookie(String),
    Bearer(String),
}

/// Who calls, identified.
struct Known {
    viewer: Viewer,
    session: Option<Session>,
    bearer: Option<Bearer>,
}

/// Who calls, not yet identified.
pub struct Caller {
    pub(super) state: web::Data<State>,
    credentials: Credentials,
    csrf: Option<String>,
    pub(super) safe: bool,
    pub(super) same_site: bool,
    pub(super) origin: Origin,
    path: String,
    pub(super) flash: Option<String>,
}

/// What a closure is given: the connection, who asks, and what every request shares.
pub struct Ask<'a> {
    /// A connection, for this request alone.
    pub conn: &'a mut Conn,
    /// Who asks.
    pub viewer: Viewer,
    /// Definitions, database, parser.
    pub app: &'a App,
    /// What every request shares.
    pub state: &'a State,
    /// The browser's session; none for machines.
    pub session: Option<Session>,
    /// The machine's token; none for browsers.
    pub bearer: Option<Bearer>,
    path: String,
    flash: Option<String>,
    unread: i64,
}

impl Ask<'_> {
    /// The frame of a page: its title, and which item of the navigation it belongs to.
    #[must_use]
    pub fn shell(&self, title: &str, here: &str) -> Shell {
        let csrf = self.session.as_ref().map(|s| s.csrf.clone());
        Shell::new(
            &self.app.catalogue,
            &self.viewer,
            title,
            here,
            csrf.unwrap_or_default(),
            self.flash.clone(),
        )
        .with_unread(self.unread)
    }

    /// The organisation of the moment.
    ///
    /// # Errors
    /// When the database fails.
    pub fn directory(&mut self) -> Result<Arc<Directory>> {
        match self.bearer.as_ref().and_then(|b| b.moment) {
            Some(moment) => self.state.directory.at(self.conn, moment.organisation),
            None => self.state.directory.get(self.conn),
        }
    }

    /// The address asked for, without its query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl Caller {
    pub(super) fn of(request: &HttpRequest) -> std::result::Result<Self, Failure> {
        let state = request
            .app_data::<web::Data<State>>()
            .cloned()
            .ok_or_else(|| {
                Failure::Error(Error::Internal {
                    doing: "处理请求",
                    cause: "no shared state".to_owned(),
                })
            })?;
        let header_text = |name: &str| {
            let value = request.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let bearer = header_text("authorization")
            .and_then(|v| v.strip_prefix("Bearer ").map(|t| t.trim().to_owned()));
        let cookie = || {
            request
                .cookie(visitor::SESSION_COOKIE)
                .map(|c| c.value().to_owned())
        };
        let credentials = match bearer {
            Some(token) => Credentials::Bearer(token),
            None => cookie().map_or(Credentials::None, Credentials::Cookie),
        };
        let id = request.extensions().get::<RequestId>().map(|r| r.0.clone());
        Ok(Self {
            origin: Origin {
                address: origin::address(request, state.behind_proxy)
                    .map(|a| a.to_string())
                    .unwrap_or_default(),
                request_id: id.unwrap_or_default(),
            },
            state,
            credentials,
            csrf: header_text(CSRF_HEADER),
            safe: request.method().is_safe(),
            same_site: origin::is_same_site(request),
            path: request.path().to_owned(),
            flash: page::flash(request),
        })
    }

    /// The same caller, with the token that a form carried.
    #[must_use]
    pub fn with_csrf(mut self, token: Option<&str>) -> Self {
        self.csrf = token.map(str::to_owned).or(self.csrf);
        self
    }

    /// What every request shares.
    #[must_use]
    pub fn state(&self) -> &web::Data<State> {
        &self.state
    }

    /// Where the request came from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Runs reading work as the caller.
    ///
    /// # Errors
    /// [`Error::SignedOut`]; whatever the work says.
    pub async fn read<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Ask<'_>) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, Failure> {
        self.run(false, work).await
    }

    /// Runs changing work as the caller; on `SQLite` one at a time.
    ///
    /// # Errors
    /// [`Error::SignedOut`], [`Error::Refused`] without the form's token; whatever the work says.
    pub async fn change<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Ask<'_>) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, Failure> {
        self.run(true, work).await
    }

    async fn run<T: Send + 'static>(
        self,
        writes: bool,
        work: impl FnOnce(&mut Ask<'_>) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, Failure> {
        // Nobody without a credential takes a turn or a connection from those who have one.
        if matches!(self.credentials, Credentials::None) {
            return Err(Error::SignedOut.into());
        }
        let state = self.state.clone();
        let turn = match &state.writers {
            Some(writers) if writes => Some(writers.lock().await),
            _ => None,
        };
        let connection = tokio::time::timeout(WAIT, state.turns.acquire()).await;
        let connection = connection.map_err(|_| Error::Busy(WAIT.as_secs()))?;
        let done = web::block(move || -> std::result::Result<T, Failure> {
            let mut conn = self.state.pool.lend()?;
            let known = self.identify(&mut conn)?;
            let unread = match (&known.session, known.viewer.account()) {
                (Some(_), Some(account)) if !self.path.starts_with("/api/") => {
                    notice::unread(&mut conn, account)?
                }
                _ => 0,
            };
            let mut ask = Ask {
                conn: &mut conn,
                viewer: known.viewer,
                app: &self.state.app,
                state: &self.state,
                session: known.session,
                bearer: known.bearer,
                path: self.path,
                flash: self.flash,
                unread,
            };
            Ok(work(&mut ask)?)
        })
        .await;
        drop((connection, turn));
        done.map_err(|e| {
            Failure::Error(Error::Internal {
                doing: "处理请求",
                cause: e.to_string(),
            })
        })?
    }

    fn identify(&self, conn: &mut Conn) -> std::result::Result<Known, Failure> {
        let accounts = &self.state.accounts;
        let regions = self.state.app.catalogue.regions();
        let origin = self.origin.clone();
        match &self.credentials {
            Credentials::None => Err(Error::SignedOut.into()),
            Credentials::Bearer(token) => {
                let bearer = accounts
                    .by_bearer(conn, regions, token, origin)?
                    .ok_or(Error::SignedOut)?;
                if bearer.read_only && !self.safe {
                    return Err(Error::Refused("这个令牌只能读取".to_owned()).into());
                }
                Ok(Known {
                    viewer: bearer.viewer.clone(),
                    session: None,
                    bearer: Some(bearer),
                })
            }
            Credentials::Cookie(secret) => {
                let session = accounts
                    .by_cookie(conn, regions, secret, origin)?
                    .ok_or(Error::SignedOut)?;
                self.check_form(&session)?;
                self.check_duty(&session)?;
                Ok(Known {
                    viewer: session.viewer.clone(),
                    session: Some(session),
                    bearer: None,
                })
            }
        }
    }

    /// A change by cookie must come from one of our own pages, with the session's token.
    fn check_form(&self, session: &Session) -> Result<()> {
        use subtle::ConstantTimeEq as _;
        if self.safe {
            return Ok(());
        }
        let given = self.csrf.as_deref().unwrap_or_default();
        let fits: bool = given.as_bytes().ct_eq(session.csrf.as_bytes()).into();
        if fits && self.same_site {
            return Ok(());
        }
        Err(Error::Refused(
            "页面已过期或请求不是从本系统页面发出，请刷新页面后重试".to_owned(),
        ))
    }

    /// What must be done before anything else: a set password changed, a second factor set up.
    fn check_duty(&self, session: &Session) -> std::result::Result<(), Failure> {
        let Some(must) = &session.must else {
            return Ok(());
        };
        // `/accounts` is another desk.
        let own = self.path == "/account" || self.path.starts_with("/account/");
        if own || self.path == "/sign-out" {
            return Ok(());
        }
        if self.path.starts_with("/api/") {
            let first = "请先登录网页，完成修改初始密码等必要操作";
            return Err(Error::Refused(first.to_owned()).into());
        }
        Err(Failure::Elsewhere(
            match must {
                Must::ChangePassword => "/account/password",
                Must::SetUpTotp => "/account/second-factor",
            }
            .to_owned(),
        ))
    }
}

impl FromRequest for Caller {
    type Error = Failure;
    type Future = Ready<std::result::Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}
