//! `people`: take a list of people in, write it out, or show who holds which role.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::Context;
use crate::cli::output::table;
use crate::error::{Error, Result};
use crate::org::appointment::role_label;
use crate::org::directory::Directory;
use crate::org::load::Mode;
use crate::org::person::{self, Filter};
use crate::org::roster;
use crate::sheet::export::ExportFormat;

#[derive(Debug, Args)]
pub struct People {
    /// 人员名单（工作簿或 CSV）: 姓名、单位，可有角色、职务、内设机构、专业背景、联系方式、任职起止日
    file: Option<PathBuf>,
    /// 只检查，不写入
    #[arg(long, requires = "file")]
    check: bool,
    /// 导出人员名单到文件（.xlsx 或 .csv）
    #[arg(long, conflicts_with = "file")]
    out: Option<PathBuf>,
    /// 生成空白名单
    #[arg(long, conflicts_with_all = ["file", "out"])]
    template: Option<PathBuf>,
}

impl People {
    pub fn run(&self, context: &Context) -> Result<u8> {
        if let Some(out) = &self.template {
            roster::template(out)?;
            return Ok(0);
        }
        let mut conn = context.app.database.open()?;
        if let Some(file) = &self.file {
            let mode = if self.check { Mode::Check } else { Mode::Apply };
            let parser = &context.app.parser;
            let taken = roster::take_in(&mut conn, &context.viewer, parser, file, mode)?;
            print(context, &taken);
            return Ok(u8::from(!taken.problems.is_empty()));
        }
        let rules = context.app.organisation;
        let filter = Filter::default();
        if let Some(out) = &self.out {
            let format = format_of(out)?;
            let viewer = &context.viewer;
            let count = roster::export(&mut conn, viewer, rules, &filter, (format, out))?;
            context.out.line(&format!("导出 {count} 行"));
            return Ok(0);
        }
        let people = person::list(&mut conn, &context.viewer, rules, &filter, 100_000)?;
        if context.out.is_json() {
            context.out.object(&people);
            return Ok(0);
        }
        let directory = Directory::load(&mut conn)?;
        let heads = ["编号", "姓名", "单位", "职务", "角色"];
        let mut lines = vec![heads.map(str::to_owned).to_vec()];
        for p in people {
            let department = directory.get(p.department).map(|d| d.name.clone());
            let roles: Vec<&str> = p.roles.iter().map(|h| role_label(h.role)).collect();
            lines.push(vec![
                p.code,
                p.name,
                department.unwrap_or_default(),
                p.post,
                roles.join("、"),
            ]);
        }
        table(&lines).iter().for_each(|line| context.out.line(line));
        Ok(0)
    }
}

fn print(context: &Context, taken: &roster::Taken) {
    if context.out.is_json() {
        context.out.object(&json!(taken));
        return;
    }
    context.out.line(&format!(
        "人员名单: 新增 {}，更正 {}，未变 {}；任职 {}，免任 {}{}",
        taken.new,
        taken.changed,
        taken.same,
        taken.appointed,
        taken.dismissed,
        if taken.applied { "" } else { "（未写入）" }
    ));
    for problem in &taken.problems {
        let column = problem.column.as_deref().unwrap_or_default();
        context.out.line(&format!(
            "  第 {} 行{column}: {}",
            problem.row, problem.message
        ));
    }
}

/// The format that a file's name asks for.
pub(super) fn format_of(out: &std::path::Path) -> Result<ExportFormat> {
    let extension = out.extension().and_then(|e| e.to_str()).unwrap_or_default();
    match ExportFormat::named(&extension.to_lowercase()) {
        Some(format @ (ExportFormat::Xlsx | ExportFormat::Csv)) => Ok(format),
        _ => Err(Error::Usage("请把文件名写成 .xlsx 或 .csv".to_owned())),
    }
}
