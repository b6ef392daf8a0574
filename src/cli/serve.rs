//! `serve`: the service, until it is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::web::Data;
use clap::Args;

use crate::accounts;
use crate::cli::Context;
use crate::cli::output::Output;
use crate::config;
use crate::db::connection::Conn;
use crate::error::Result;
use crate::intake::upload::receive;
use crate::upkeep::serving;
use crate::web::state::State;
use crate::web::{self, observe};

#[derive(Debug, Args)]
pub struct Serve {
    /// 监听地址和端口，默认 127.0.0.1:8080
    #[arg(long, env = "ONE_LEDGER_LISTEN")]
    listen: Option<SocketAddr>,
    /// 前面有提供 HTTPS 的代理，来源地址取自 X-Forwarded-For
    #[arg(long, env = "ONE_LEDGER_BEHIND_PROXY")]
    behind_proxy: bool,
    /// 日志用 JSON
    #[arg(long, env = "ONE_LEDGER_LOG_JSON")]
    log_json: bool,
    /// 每个来源地址每秒平均请求数上限，0 为不限
    #[arg(long, env = "ONE_LEDGER_RATE")]
    rate: Option<u32>,
    /// 数据库连接数上限
    #[arg(long, env = "ONE_LEDGER_CONNECTIONS")]
    connections: Option<u32>,
    /// 台账未变时可重复给出的应答最多占多少 MiB，0 为不保留
    #[arg(long, env = "ONE_LEDGER_KEPT_ANSWERS")]
    kept_answers: Option<usize>,
    /// 应答请求的线程数
    #[arg(long, env = "ONE_LEDGER_WORKERS")]
    workers: Option<usize>,
    /// 后台处理的线程数
    #[arg(long, env = "ONE_LEDGER_JOBS")]
    jobs: Option<usize>,
    /// 同时接收的上传数上限
    #[arg(long, env = "ONE_LEDGER_UPLOADS")]
    uploads: Option<usize>,
    /// 一次上传最多多少秒
    #[arg(long, env = "ONE_LEDGER_UPLOAD_SECONDS")]
    upload_seconds: Option<u64>,
}

impl Serve {
    /// Whether the log is JSON.
    pub fn log_json(&self) -> bool {
        self.log_json
    }

    fn over(&self, mut serve: config::Serve) -> config::Serve {
        serve.listen = self.listen.unwrap_or(serve.listen);
        serve.behind_proxy |= self.behind_proxy;
        serve.rate_per_second = self.rate.unwrap_or(serve.rate_per_second);
        serve.connections = self.connections.unwrap_or(serve.connections);
        serve.kept_answers_mib = self.kept_answers.unwrap_or(serve.kept_answers_mib);
        serve.workers = self.workers.unwrap_or(serve.workers);
        serve.jobs = self.jobs.unwrap_or(serve.jobs);
        serve.uploads = self.uploads.unwrap_or(serve.uploads);
        serve.upload_seconds = self.upload_seconds.unwrap_or(serve.upload_seconds);
        serve
    }

    pub fn run(self, context: Context) -> Result<u8> {
        let serve = self.over(context.settings.serve.clone());
        serve.check()?;
        drop(context.app.database.open()?);
        let out = context.out;
        run(context, &serve, |state, conn, address| {
            offer_set_up(out, &state.accounts, conn, address)
        })
    }
}

/// Serves the context's ledger; `ready` is told the address once it listens.
pub fn run(
    context: Context,
    serve: &config::Serve,
    ready: impl FnOnce(&State, &mut Conn, SocketAddr) -> Result<()>,
) -> Result<u8> {
    // A file has one service; a server may have several.
    let alone = !context.app.database.is_server();
    let _hold = alone
        .then(|| serving::hold(&context.settings.data))
        .transpose()?;
    let accounts =
        accounts::Service::open(&context.settings.data, context.settings.accounts.clone())?;
    let out = context.out;
    let mut conn = context.app.database.open()?;
    crate::ledger::reindex::refresh(&mut conn, &context.app.catalogue)?;
    let swept = receive::sweep(&context.app, &mut conn)?;
    if swept > 0 {
        tracing::info!(swept, "files of broken uploads were removed");
    }
    let rules = (context.settings.duplicates, context.settings.zombies);
    let state = Data::new(State::open(Arc::new(context.app), accounts, serve, rules)?);
    actix_web::rt::System::new().block_on(async move {
        let listening = web::listen(state.clone(), serve)?;
        out.line(&format!("一本账服务已启动: http://{}/", listening.address));
        ready(&state, &mut conn, listening.address)?;
        drop(conn);
        let served = listening.run().await;
        state.jobs.stop();
        served
    })?;
    tracing::info!("stopped");
    Ok(0)
}

/// An empty ledger is set up in the browser, by whoever reads the code here.
fn offer_set_up(
    out: Output,
    accounts: &accounts::Service,
    conn: &mut Conn,
    address: SocketAddr,
) -> Result<()> {
    if let Some(code) = accounts.begin_setup(conn)? {
        out.line(&format!(
            "首次使用: 请在浏览器打开 http://{address}/set-up ，输入一次性设置码 {code}"
        ));
    }
    Ok(())
}

/// Starts the log of the service.
pub fn log(json: bool) {
    observe::start_log(json, "warn,one_ledger=info");
}
