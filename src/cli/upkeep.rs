//! `migrate` and `verify`: looking after the ledger.

use serde_json::json;

use crate::cli::Context;
use crate::db::connection;
use crate::error::Result;
use crate::ledger::verify;

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

pub fn verify(context: &Context) -> Result<u8> {
    let mut conn = context.app.database.open()?;
    let bar = context.out.progress("正在校验");
    let found = verify::verify(&mut conn);
    bar.finish_and_clear();
    let found = found?;
    if context.out.is_json() {
        context.out.object(&found);
    } else {
        context.out.line(&format!(
            "变更 {} 个，条目 {} 个，链头 {}",
            found.change_sets, found.entries, found.head
        ));
        match &found.broken {
            None => context.out.line("历史完整，未发现改动"),
            Some(broken) => context.out.line(&format!(
                "历史被改动: 变更 {} {}",
                broken.seq, broken.reason
            )),
        }
    }
    Ok(u8::from(found.broken.is_some()))
}
