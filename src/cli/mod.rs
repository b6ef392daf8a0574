//! The command line: one file per command, all on the same core as everything else.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::app::App;
use crate::auth::Viewer;
use crate::config::{Given, Settings};
use crate::db::connection::Database;
use crate::error::{Doing, Error, Result};
use crate::register::catalogue::Catalogue;
use crate::sheet::workbook;
use crate::web::observe;

mod demo;
mod departments;
mod entries;
mod entry;
mod export;
mod import;
mod imports;
mod output;
mod people;
mod serve;
mod template;
mod upkeep;
mod users;

use output::Output;

/// 数字资源“一本账”: 把各部门的表格收进账本，也把账本交回成表格。
#[derive(Debug, Parser)]
#[command(name = "one-ledger", version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Common {
    #[arg(
        long,
        global = true,
        env = "DATABASE_URL",
        hide_env_values = true,
        help = "账本位置: SQLite 文件路径，或 postgres:// 地址；环境变量也可用 ONE_LEDGER_DATABASE"
    )]
    database: Option<String>,
    /// 数据目录，默认的账本文件 one-ledger.db 在其中
    #[arg(long, global = true, env = "ONE_LEDGER_DATA")]
    data: Option<PathBuf>,
    /// 本地登记簿、字段和代码表所在目录
    #[arg(long, global = true, env = "ONE_LEDGER_DEFINITIONS")]
    definitions: Option<PathBuf>,
    /// 配置文件（TOML）
    #[arg(long, global = true, env = "ONE_LEDGER_CONFIG")]
    config: Option<PathBuf>,
    /// 输出 JSON
    #[arg(long, global = true)]
    json: bool,
    /// 记入变更历史的操作人，默认是当前系统用户
    #[arg(long, global = true, env = "ONE_LEDGER_ACTOR")]
    actor: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 启动网页和接口服务
    Serve(serve::Serve),
    /// 导入表格
    Import(import::Import),
    /// 列出导入记录
    Imports(imports::Imports),
    /// 整体撤销一次导入
    Undo(imports::Undo),
    /// 导出登记簿，或一个部门的全部账目
    Export(export::Export),
    /// 生成填报模板
    Template(template::Template),
    /// 列出条目
    Entries(entries::Entries),
    /// 查看一个条目
    Entry(entry::Entry),
    /// 载入机构名录；不带文件时列出
    Departments(departments::Departments),
    /// 管理账号、角色和令牌
    Users(users::Users),
    /// 导入或导出人员名单；不带文件时列出
    People(people::People),
    /// 升级数据库结构
    Migrate,
    /// 校验历史链条、审计日志和检查点，或一份备份
    Verify(upkeep::Verify),
    /// 把整个账本备份到一个文件，服务可以照常运行
    Backup(upkeep::Backup),
    /// 用备份恢复账本，先整体核验再替换
    Restore(upkeep::Restore),
    /// 现在就记一个签名检查点
    Checkpoint,
    /// 用自带的样表建一个演示账本
    Demo(demo::Demo),
}

/// Everything a command is given.
struct Context {
    app: App,
    settings: Settings,
    viewer: Viewer,
    out: Output,
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    if let Some(code) = child() {
        return code;
    }
    let cli = Cli::parse();
    match &cli.command {
        Command::Serve(command) => serve::log(command.log_json()),
        Command::Demo(_) => serve::log(false),
        _ => observe::start_log(false, "warn"),
    }
    let out = Output::new(cli.common.json);
    match run(cli, out) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            out.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// The hidden commands: this binary started again, in a cage, for one hostile file.
fn child() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    let command = args.next()?;
    let rest: Vec<std::ffi::OsString> = args.collect();
    match command.to_str()? {
        workbook::CHILD_COMMAND => Some(crate::sheet::child::run(rest.into_iter())),
        crate::sheet::annotate::COMMAND => {
            Some(ExitCode::from(crate::sheet::annotate::child_main(&rest)))
        }
        _ => None,
    }
}

fn run(cli: Cli, out: Output) -> Result<u8> {
    let Common {
        database,
        data,
        definitions,
        config,
        actor,
        ..
    } = cli.common;
    let given = Given {
        config,
        database: database.or_else(|| std::env::var("ONE_LEDGER_DATABASE").ok()),
        data,
        definitions,
    };
    let settings = Settings::gather(given)?;
    let catalogue = Catalogue::load(settings.definitions.as_deref())
        .map_err(|e| Error::Usage(e.to_string()))?;
    let mut parser = workbook::Parser::current().doing("查找程序文件")?;
    parser.limits = settings.limits.clone();
    let actor = actor
        .or_else(|| std::env::var("USER").ok())
        .unwrap_or_else(|| "operator".to_owned());
    let context = Context {
        app: App {
            catalogue,
            database: Database::at(&settings.database)?,
            organisation: settings.organisation,
            reminders: settings.reminders.clone(),
            issues: settings.issues.clone(),
            reconcile: settings.reconcile,
            mail: settings.mail.clone(),
            sharing: settings.sharing,
            checkpoints: settings.checkpoints.clone(),
            parser,
            data: settings.data.clone(),
        },
        viewer: Viewer::operator(&actor),
        settings,
        out,
    };
    match cli.command {
        Command::Serve(command) => command.run(context),
        Command::Import(command) => command.run(&context),
        Command::Imports(command) => command.run(&context),
        Command::Undo(command) => command.run(&context),
        Command::Export(command) => command.run(&context),
        Command::Template(command) => command.run(&context),
        Command::Entries(command) => command.run(&context),
        Command::Entry(command) => command.run(&context),
        Command::Departments(command) => command.run(&context),
        Command::Users(command) => command.run(&context),
        Command::People(command) => command.run(&context),
        Command::Migrate => upkeep::migrate(&context),
        Command::Verify(command) => command.run(&context),
        Command::Backup(command) => command.run(&context),
        Command::Restore(command) => command.run(&context),
        Command::Checkpoint => upkeep::checkpoint(&context),
        Command::Demo(command) => command.run(context),
    }
}
