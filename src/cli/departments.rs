//! `departments`: load the organisation, or list it.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::Context;
use crate::cli::output::table;
use crate::error::Result;
use crate::org::as_of;
use crate::org::directory::Directory;
use crate::org::load;

#[derive(Debug, Args)]
pub struct Departments {
    /// 机构名录（工作簿或 CSV）: 单位全称，可有代码、简称、曾用名、统一社会信用代码、行政区划、上级单位、类别
    file: Option<PathBuf>,
    /// 只检查，不写入
    #[arg(long, requires = "file")]
    check: bool,
    /// 导出机构名录到文件（.xlsx 或 .csv），可再载入
    #[arg(long, conflicts_with = "file")]
    out: Option<PathBuf>,
    /// 列出某一日的机构，如 2024-01-01
    #[arg(long, conflicts_with_all = ["file", "out"])]
    as_of: Option<chrono::NaiveDate>,
}

impl Departments {
    pub fn run(&self, context: &Context) -> Result<u8> {
        let mut conn = context.app.database.open()?;
        if let Some(file) = &self.file {
            let mode = if self.check {
                load::Mode::Check
            } else {
                load::Mode::Apply
            };
            let with = (&context.app.parser, &context.app.catalogue);
            let loaded = load::take_in(&mut conn, &context.viewer, with, file, mode)?;
            if context.out.is_json() {
                context.out.object(&loaded);
            } else {
                context.out.line(&format!(
                    "机构名录: 新增 {}，更新 {}，未变 {}",
                    loaded.new, loaded.changed, loaded.same
                ));
                for problem in &loaded.problems {
                    context
                        .out
                        .line(&format!("  第 {} 行: {}", problem.row, problem.message));
                }
            }
            return Ok(u8::from(!loaded.problems.is_empty()));
        }
        if let Some(out) = &self.out {
            let format = super::people::format_of(out)?;
            let regions = context.app.catalogue.regions();
            let count = load::export(&mut conn, &context.viewer, regions, format, out)?;
            context.out.line(&format!("导出 {count} 个单位"));
            return Ok(0);
        }
        let departments = match self.as_of {
            Some(day) => as_of::on(&mut conn, &context.viewer, day)?,
            None => Directory::load(&mut conn)?.all().to_vec(),
        };
        if context.out.is_json() {
            let rows: Vec<_> = departments
                .iter()
                .map(|d| json!({ "code": d.code, "name": d.name, "credit_code": d.credit_code, "region": d.region, "category": d.category, "provisional": d.provisional, "bureau": d.bureau, "unit": d.unit, "valid_from": d.valid_from, "valid_until": d.valid_until }))
                .collect();
            context.out.object(&rows);
            return Ok(0);
        }
        let mut lines = vec![
            ["代码", "单位全称", "行政区划", "类别"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for d in &departments {
            let or_dash = |t: &Option<String>| t.clone().unwrap_or_else(|| "—".to_owned());
            lines.push(vec![
                d.code.clone(),
                d.name.clone(),
                or_dash(&d.region),
                or_dash(&d.category),
            ]);
        }
        table(&lines).iter().for_each(|line| context.out.line(line));
        Ok(0)
    }
}
