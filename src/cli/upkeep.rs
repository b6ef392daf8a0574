//! `migrate`, `verify`, `backup`, `restore`, `checkpoint`: looking after the ledger.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::audit;
use crate::auth::Viewer;
use crate::cli::Context;
use crate::db::connection::{self, Conn};
use crate::error::{Doing, Result};
use crate::ledger::verify;
use crate::upkeep::checkpoint::Held;
use crate::upkeep::{Seal, backup, checkpoint, restore};

pub fn migrate(context: &Context) -> Result<u8> {
    let mut conn = context.app.database.connect()?;
    let done = connection::migrate(&mut conn)?;
    if context.out.is_json() {
        context.out.object(&json!({ "applied": done }));
    } else if done.is_empty() {
        context.out.line("数据库结构已是最新");
    } else {
        context
            .out
            .line(&format!("已执行 {} 个升级步骤", done.len()));
    }
    Ok(0)
}

#[derive(Debug, Default, Args)]
pub struct Verify {
    /// 只核验这份备份，不打开账本
    #[arg(long, conflicts_with_all = ["checkpoints", "key"])]
    backup: Option<PathBuf>,
    /// 检查点文件，默认用数据目录中的；请用保存在别处的那一份
    #[arg(long)]
    checkpoints: Option<PathBuf>,
    /// 签名公钥（十六进制），默认用数据目录中的密钥
    #[arg(long)]
    key: Option<String>,
}

impl Verify {
    pub fn run(self, context: &Context) -> Result<u8> {
        match &self.backup {
            Some(file) => inspect(context, file),
            None => self.ledger(context),
        }
    }

    fn ledger(&self, context: &Context) -> Result<u8> {
        let mut conn = context.app.database.open()?;
        let bar = context.out.progress("正在校验");
        let found = verify::verify(&mut conn);
        let log = audit::verify(&mut conn, &Viewer::operator(context.viewer.name()));
        let held = self.held(context, &mut conn);
        bar.finish_and_clear();
        let (found, log, held) = (found?, log?, held?);
        let out = context.out;
        let misfit = held.as_ref().and_then(|h| h.broken.as_ref());
        let whole = found.broken.is_none() && log.broken.is_none() && misfit.is_none();
        if out.is_json() {
            let mut told = serde_json::to_value(&found).unwrap_or_default();
            if let Some(told) = told.as_object_mut() {
                told.insert("audit".to_owned(), json!(log));
                told.insert("checkpoints".to_owned(), json!(held));
            }
            out.object(&told);
            return Ok(u8::from(!whole));
        }
        out.line(&format!(
            "变更 {} 个，条目 {} 个，链头 {}",
            found.change_sets, found.entries, found.head
        ));
        match &found.broken {
            None => out.line("历史完整，未发现改动"),
            Some(broken) => out.line(&format!(
                "历史被改动: 变更 {} {}",
                broken.seq, broken.reason
            )),
        }
        match &log.broken {
            None => out.line(&format!("审计日志 {} 条，完整", log.lines)),
            Some(broken) => out.line(&format!(
                "审计日志被改动: 第 {} 条 {}",
                broken.seq, broken.message
            )),
        }
        if let Some(held) = &held {
            tell(context, held);
        }
        Ok(u8::from(!whole))
    }

    /// Holds the ledger against checkpoints, where there are any.
    fn held(&self, context: &Context, conn: &mut Conn) -> Result<Option<Held>> {
        let data = &context.settings.data;
        let path = match &self.checkpoints {
            Some(path) => path.clone(),
            None => data.join(checkpoint::FILE),
        };
        if self.checkpoints.is_none() && !path.exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path).doing("读取检查点")?;
        let key = match &self.key {
            Some(key) => key.trim().to_lowercase(),
            None => Seal::open(data)?.public(),
        };
        checkpoint::check(conn, &text, &key).map(Some)
    }
}

fn tell(context: &Context, held: &Held) {
    let out = context.out;
    match &held.broken {
        Some(misfit) => out.line(&format!("检查点第 {} 行: {}", misfit.line, misfit.reason)),
        None => out.line(&format!(
            "检查点 {} 个，相符",
            held.checkpoints - held.of_other_keys
        )),
    }
    if held.of_other_keys > 0 {
        out.line(&format!(
            "另有 {} 个检查点由其他密钥签名，未核对；请用 --key 指定其公钥",
            held.of_other_keys
        ));
    }
}

fn inspect(context: &Context, file: &std::path::Path) -> Result<u8> {
    let work = std::env::temp_dir();
    let bar = context.out.progress("正在核验备份");
    let found = restore::inspect(file, &work);
    bar.finish_and_clear();
    let manifest = found?;
    if context.out.is_json() {
        context.out.object(&manifest);
    } else {
        let said = &manifest.checkpoint.checkpoint;
        context.out.line(&format!(
            "备份完整: 变更 {} 个，链头 {}；文件 {} 个；签名公钥 {}",
            said.change_sets,
            said.head,
            manifest.parts.len(),
            manifest.checkpoint.key
        ));
    }
    Ok(0)
}

#[derive(Debug, Args)]
pub struct Backup {
    /// 备份文件（zip），不能已经存在
    out: PathBuf,
}

impl Backup {
    pub fn run(self, context: &Context) -> Result<u8> {
        let bar = context.out.progress("正在备份");
        let done = backup::write(&context.app.database, &context.settings.data, &self.out);
        bar.finish_and_clear();
        let manifest = done?;
        if context.out.is_json() {
            context.out.object(&manifest);
            return Ok(0);
        }
        let said = &manifest.checkpoint.checkpoint;
        context.out.line(&format!(
            "已备份到 {}: 变更 {} 个，链头 {}；文件 {} 个",
            self.out.display(),
            said.change_sets,
            said.head,
            manifest.parts.len()
        ));
        Ok(0)
    }
}

#[derive(Debug, Args)]
pub struct Restore {
    /// 备份文件
    from: PathBuf,
    /// 已有账本时替换它；原有文件移到旁边的目录，不删除
    #[arg(long)]
    replace: bool,
}

impl Restore {
    pub fn run(self, context: &Context) -> Result<u8> {
        let (database, data) = (&context.app.database, &context.settings.data);
        let bar = context.out.progress("正在核验备份");
        let done = restore::restore(database, data, &self.from, self.replace);
        bar.finish_and_clear();
        let done = done?;
        if context.out.is_json() {
            context.out.object(&json!({
                "manifest": done.manifest,
                "aside": done.aside,
            }));
            return Ok(0);
        }
        let said = &done.manifest.checkpoint.checkpoint;
        context.out.line(&format!(
            "已恢复: 变更 {} 个，链头 {}",
            said.change_sets, said.head
        ));
        if let Some(aside) = &done.aside {
            context
                .out
                .line(&format!("原有文件移到 {}", aside.display()));
        }
        Ok(0)
    }
}

pub fn checkpoint(context: &Context) -> Result<u8> {
    let mut conn = context.app.database.open()?;
    let signed = checkpoint::take(&mut conn, &context.settings.data, &context.app.checkpoints)?;
    if context.out.is_json() {
        context.out.object(&signed);
        return Ok(0);
    }
    let said = &signed.checkpoint;
    context.out.line(&format!(
        "检查点: 变更 {} 个，链头 {}；审计日志 {} 条，链头 {}",
        said.change_sets, said.head, said.audit_lines, said.audit_head
    ));
    context
        .out
        .line(&format!("签名公钥（请另行保存）: {}", signed.key));
    Ok(0)
}
