//! `export`: the ledger as workbooks, CSV or JSON.

use std::path::PathBuf;
use std::sync::mpsc;

use clap::Args;
use serde_json::json;

use crate::auth::Viewer;
use crate::cli::Context;
use crate::cli::entries::{Walk, department, moment, register};
use crate::db::connection::{self, Conn};
use crate::error::{Doing, Error, Result};
use crate::intake::record;
use crate::ledger::as_of::Definitions;
use crate::org::directory::Directory;
use crate::register::field::Register;
use crate::register::value::Document;
use crate::sheet::export::{self, ExportFormat, Showing};

/// How many entries are handed over together.
const BATCH: usize = 500;

#[derive(Debug, Args)]
pub struct Export {
    /// 登记簿
    #[arg(long, required_unless_present = "all")]
    register: Option<String>,
    /// 全部登记簿，一个工作簿
    #[arg(long, conflicts_with = "register")]
    all: bool,
    /// 只导出此部门（名称或代码）
    #[arg(long)]
    department: Option<String>,
    /// 过去某一时刻的账目（YYYY-MM-DD，或到秒）
    #[arg(long)]
    as_of: Option<String>,
    /// 格式: xlsx、csv、json；默认按文件扩展名
    #[arg(long)]
    format: Option<String>,
    /// 输出文件
    #[arg(long)]
    out: PathBuf,
}

impl Export {
    pub fn run(&self, context: &Context) -> Result<u8> {
        let format = self.format()?;
        let registers: Vec<&Register> = match &self.register {
            Some(key) => vec![register(context, key)?],
            None => context.app.catalogue.registers().iter().collect(),
        };
        let mut conn = context.app.database.open()?;
        let directory = Directory::load(&mut conn)?;
        let department = department(&directory, self.department.as_deref())?;
        let seq = moment(&mut conn, self.as_of.as_deref())?;
        let showing = Showing {
            catalogue: &context.app.catalogue,
            names: &directory,
        };
        let bar = context.out.progress("正在导出");
        let mut file = export::create(format, &self.out, showing).doing("建立导出文件")?;
        connection::snapshot(&mut conn, |conn| {
            for register in registers {
                let extra = record::extra_headers(conn, &register.key)?;
                file.begin(register, &extra).doing("写入导出文件")?;
                let walk = Walk {
                    definitions: Definitions {
                        catalogue: &context.app.catalogue,
                        directory: &directory,
                        register,
                    },
                    department,
                    seq,
                    search: None,
                };
                copy(&walk, conn, &context.viewer, |document| {
                    bar.inc(1);
                    file.row(document).doing("写入导出文件")
                })?;
            }
            Ok(())
        })?;
        let rows = file.finish().doing("写入导出文件")?;
        bar.finish_and_clear();
        if context.out.is_json() {
            context
                .out
                .object(&json!({ "rows": rows, "out": self.out }));
        } else {
            context
                .out
                .line(&format!("已导出 {rows} 条到 {}", self.out.display()));
        }
        Ok(0)
    }

    fn format(&self) -> Result<ExportFormat> {
        let extension = self
            .out
            .extension()
            .map(|e| e.to_string_lossy().into_owned());
        let name = self
            .format
            .clone()
            .or(extension)
            .unwrap_or_else(|| "xlsx".to_owned());
        let format = ExportFormat::named(&name).ok_or_else(|| {
            Error::Usage(format!("不支持的导出格式“{name}”，可选 xlsx、csv、json"))
        })?;
        if self.all && format == ExportFormat::Csv {
            return Err(Error::Usage(
                "CSV 一个文件只能放一种登记簿，请改用 xlsx，或用 --register 逐个导出".to_owned(),
            ));
        }
        Ok(if self.all && format == ExportFormat::Json {
            ExportFormat::JsonByRegister
        } else {
            format
        })
    }
}

/// Reads entries on one thread and writes them on this one.
fn copy(
    walk: &Walk<'_>,
    conn: &mut Conn,
    viewer: &Viewer,
    mut write: impl FnMut(&Document) -> Result<()>,
) -> Result<()> {
    let (sender, receiver) = mpsc::sync_channel::<Vec<Document>>(4);
    std::thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let mut batch = Vec::with_capacity(BATCH);
            walk.run(conn, viewer, |row| {
                batch.push(row.document());
                Ok(batch.len() < BATCH || sender.send(std::mem::take(&mut batch)).is_ok())
            })?;
            // Nobody listens when writing failed; that failure is the one to tell.
            let _ = sender.send(batch);
            Ok(())
        });
        for batch in receiver {
            for document in &batch {
                write(document)?;
            }
        }
        reading.join().map_err(|_| Error::Internal {
            doing: "读取账本",
            cause: "内部错误".to_owned(),
        })?
    })
}
