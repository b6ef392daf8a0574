//! `demo`: the shipped sample workbooks in a fresh ledger, then the service on it with an account per role.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::app::App;
use crate::cli::import::print;
use crate::cli::{Context, serve, upkeep};
use crate::config::{self, Settings};
use crate::db::connection::{Conn, Database};
use crate::error::{Doing, Error, Result};
use crate::intake::run::{self, Mode, Request};
use crate::web::state::State;

use people::Person;
use stage::Stage;

mod people;
mod scene;
mod sharing;
mod stage;

/// The sample workbooks, as departments fill them in, compiled in.
#[derive(rust_embed::RustEmbed)]
#[folder = "demo/"]
#[include = "*.xlsx"]
#[include = "*.xls"]
#[include = "*.csv"]
struct Samples;

/// The organisation that the samples belong to.
const ORGANISATION: &str = "机构名录.csv";

#[derive(Debug, Args)]
pub struct Demo {
    /// 建好演示账本后退出，不启动服务
    #[arg(long)]
    once: bool,
    /// 监听地址和端口
    #[arg(long, default_value = "127.0.0.1:8080", env = "ONE_LEDGER_LISTEN")]
    listen: SocketAddr,
    /// 演示账本所在目录，默认是临时目录
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Demo {
    pub fn run(self, context: Context) -> Result<u8> {
        let temporary = tempfile::Builder::new()
            .prefix("one-ledger-demo-")
            .tempdir()
            .doing("建立演示目录")?;
        let folder = match &self.out {
            Some(folder) => folder.clone(),
            None => temporary.keep(),
        };
        std::fs::create_dir_all(&folder).doing("建立演示目录")?;
        let ledger = folder.join("one-ledger.db");
        if ledger.exists() {
            return Err(Error::Usage(format!(
                "{} 已经存在，演示需要一个新的目录",
                ledger.display()
            )));
        }
        let context = Context {
            app: App {
                database: Database::at(&ledger.to_string_lossy())?,
                data: folder.clone(),
                ..context.app
            },
            settings: Settings {
                data: folder.clone(),
                ..context.settings
            },
            ..context
        };
        let files = unpack(&folder)?;
        let mut conn = context.app.database.open()?;
        crate::org::load::load(
            &mut conn,
            &context.app.parser,
            &context.app.catalogue,
            &folder.join(ORGANISATION),
        )?;
        drop(conn);
        let mut reports = Vec::new();
        for file in files.iter().filter(|f| !f.ends_with(ORGANISATION)) {
            let done = run::run(&context.app, &context.viewer, &request(file), &|_| {})?;
            if !context.out.is_json() {
                print(context.out, &done.report, Mode::Whole);
            }
            reports.push(done.report);
        }
        if context.out.is_json() {
            context.out.object(&reports);
            return Ok(u8::from(reports.iter().any(|r| !r.applied)));
        }
        let code = upkeep::Verify::default().run(&context)?;
        context.out.line(&format!("演示账本: {}", ledger.display()));
        context.out.line(&format!(
            "试试: one-ledger entries --register information_system --search 医保 --database {}",
            ledger.display()
        ));
        let code = code.max(u8::from(reports.iter().any(|r| !r.applied)));
        if self.once || code != 0 {
            return Ok(code);
        }
        let out = context.out;
        let serve = config::Serve {
            listen: self.listen,
            ..context.settings.serve.clone()
        };
        serve::run(context, &serve, |state, conn, _| {
            let people = people::make(conn, &state.accounts)?;
            play(conn, state, &people)?;
            out.line("演示账号（口令只用于这次演示，登录名区分角色）:");
            for person in people {
                let (login, password) = (person.login, person.password);
                out.line(&format!(
                    "  {login:<14} {password:<28} {}（{}）",
                    person.name,
                    person.role.label()
                ));
            }
            out.line("按 Ctrl-C 结束");
            Ok(())
        })
    }
}

/// What goes on beside the workbooks: what departments do for themselves first, then what they share.
fn play(conn: &mut Conn, state: &State, people: &[Person]) -> Result<()> {
    let stage = Stage::new(conn, &state.app, &state.accounts, people)?;
    scene::play(conn, &stage)?;
    sharing::play(conn, &stage)
}

fn request(file: &Path) -> Request {
    Request {
        file: file.to_owned(),
        mode: Mode::Whole,
        reason: "演示".to_owned(),
        ..Request::default()
    }
}

/// Writes the samples into the demo's folder, where they can be opened and changed.
fn unpack(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for name in Samples::iter() {
        let Some(file) = Samples::get(&name) else {
            continue;
        };
        let path = folder.join(name.as_ref());
        std::fs::write(&path, &file.data).doing("写出样表")?;
        out.push(path);
    }
    out.sort();
    Ok(out)
}
