//! `imports` and `undo`: what came in, and taking it back.

use clap::Args;
use serde_json::json;

use crate::cli::Context;
use crate::cli::output::table;
use crate::clock;
use crate::error::Result;
use crate::intake::record;
use crate::intake::upload::State;

#[derive(Debug, Args)]
pub struct Imports {
    /// 最多列出多少条
    #[arg(long, default_value_t = 50)]
    limit: u16,
}

impl Imports {
    pub fn run(&self, context: &Context) -> Result<u8> {
        let mut conn = context.app.database.open()?;
        let rows = record::list(&mut conn, i64::from(self.limit))?;
        if context.out.is_json() {
            context.out.object(&rows);
            return Ok(0);
        }
        let mut lines = vec![
            [
                "编号",
                "时间",
                "操作人",
                "文件",
                "状态",
                "新增",
                "变更",
                "一致",
                "不通过",
            ]
            .map(str::to_owned)
            .to_vec(),
        ];
        for r in &rows {
            let state = State::from_word(&r.state).map_or("", State::label);
            let numbers =
                [r.rows_new, r.rows_changed, r.rows_same, r.rows_refused].map(|n| n.to_string());
            let texts = [
                r.id.to_string(),
                clock::local(r.at),
                r.actor.clone(),
                r.file_name.clone(),
                state.to_owned(),
            ];
            lines.push(texts.into_iter().chain(numbers).collect());
        }
        table(&lines).iter().for_each(|line| context.out.line(line));
        Ok(0)
    }
}

#[derive(Debug, Args)]
pub struct Undo {
    /// 导入编号，见 imports
    import: i64,
    /// 撤销原因
    #[arg(long, default_value = "")]
    reason: String,
}

impl Undo {
    pub fn run(&self, context: &Context) -> Result<u8> {
        let mut conn = context.app.database.open()?;
        let bar = context.out.progress("正在撤销");
        let done = record::undo(
            &mut conn,
            &context.viewer,
            &context.app.catalogue,
            self.import,
            &self.reason,
        );
        bar.finish_and_clear();
        let (change_set, undone) = done?;
        if context.out.is_json() {
            context.out.object(&json!({
                "import": self.import,
                "change_set": change_set,
                "removed": undone.removed,
                "restored": undone.restored,
                "kept": undone.kept,
            }));
            return Ok(0);
        }
        context.out.line(&format!(
            "导入 {} 已撤销: 撤回新增 {}，恢复原值 {}，保留 {}",
            self.import,
            undone.removed,
            undone.restored,
            undone.kept.len()
        ));
        for kept in &undone.kept {
            context.out.line(&format!(
                "  保留 {} {}: {}",
                kept.code, kept.name, kept.reason
            ));
        }
        Ok(0)
    }
}
