//! `departments`: load the organisation, or list it.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::Context;
use crate::cli::output::table;
use crate::error::Result;
use crate::org::directory::Directory;
use crate::org::load;

#[derive(Debug, Args)]
pub struct Departments {
    /// 机构名录（工作簿或 CSV）: 单位全称，可有代码、简称、曾用名、统一社会信用代码、行政区划、上级单位、类别
    file: Option<PathBuf>,
}

impl Departments {
    pub fn run(&self, context: &Context) -> Result<u8> {
        let mut conn = context.app.database.open()?;
        if let Some(file) = &self.file {
            let loaded = load::load(&mut conn, &context.app.parser, &context.app.catalogue, file)?;
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
        let directory = Directory::load(&mut conn)?;
        if context.out.is_json() {
            let rows: Vec<_> = directory
                .all()
                .iter()
                .map(|d| json!({ "code": d.code, "name": d.name, "credit_code": d.credit_code, "region": d.region, "category": d.category, "provisional": d.provisional }))
                .collect();
            context.out.object(&rows);
            return Ok(0);
        }
        let mut lines = vec![
            ["代码", "单位全称", "行政区划", "类别"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for d in directory.all() {
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
