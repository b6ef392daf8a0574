//! The service: pages for people, JSON for machines, both on the same rooms as the command line.
//!
//! A handler takes a [`Caller`](caller::Caller), asks it to run one closure with a connection and the
//! viewer, and answers with a page, JSON or a redirect. ARCHITECTURE.md says how a page is made.

use std::net::TcpListener;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App as ActixApp, HttpServer, web};
use utoipa_actix_web::AppExt as _;

use crate::config::Serve;
use crate::error::{Doing, Result};

pub mod answer;
pub mod api;
pub mod assets;
pub mod caller;
pub mod desk;
pub mod fields;
pub mod gate;
pub mod kept;
pub mod limits;
pub mod methods;
pub mod observe;
pub mod once;
pub mod origin;
pub mod page;
pub mod posted;
pub mod state;
pub mod ui;
pub mod upload;
pub mod version;
pub mod visitor;

use state::State;

/// Header of a request may take this long; a slow client is cut off after it.
const HEADER_SECONDS: u64 = 5;

/// A service that listens.
pub struct Listening {
    /// Where.
    pub address: std::net::SocketAddr,
    server: actix_web::dev::Server,
}

/// Binds the address and prepares the service; nothing is answered before [`Listening::run`].
///
/// # Errors
/// When the address is taken or not allowed.
pub fn listen(state: web::Data<State>, serve: &Serve) -> Result<Listening> {
    serve.check()?;
    let listener = TcpListener::bind(serve.listen).doing("监听地址")?;
    let address = listener.local_addr().doing("监听地址")?;
    let limits = limits::Limits::new(serve);
    let document = web::Data::new(api::Written::default());
    let body = serve.body_bytes;
    let server = HttpServer::new(move || {
        let (app, _) = ActixApp::new()
            .into_utoipa_app()
            .app_data(state.clone())
            .app_data(document.clone())
            .app_data(web::PayloadConfig::new(body))
            .app_data(fields::json(body))
            .app_data(fields::query())
            .app_data(fields::path())
            .configure(api::configure)
            .split_for_parts();
        app.configure(api::plain)
            .configure(assets::configure)
            .configure(ui::configure)
            .default_service(web::to(methods::nowhere))
            .app_data(web::Data::new(limits.clone()))
            .wrap(from_fn(limits::enforce))
            .wrap(from_fn(gate::enforce))
    })
    .workers(serve.workers.max(1))
    .client_request_timeout(std::time::Duration::from_secs(HEADER_SECONDS))
    .shutdown_timeout(serve.drain_seconds)
    .server_hostname(address.to_string())
    .listen(listener)
    .doing("监听地址")?;
    Ok(Listening {
        address,
        server: server.run(),
    })
}

impl Listening {
    /// What stops it from elsewhere.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Answers until SIGTERM or SIGINT; running requests are finished first.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run(self) -> Result<()> {
        self.server.await.doing("运行服务")
    }
}
