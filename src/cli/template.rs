//! `template`: empty workbooks made from the definitions.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::Context;
use crate::error::{Doing, Error, Result};
use crate::sheet::template;

#[derive(Debug, Args)]
pub struct Template {
    /// 登记簿
    #[arg(long, required_unless_present = "all")]
    register: Option<String>,
    /// 全部登记簿，写入 --out 指定的目录
    #[arg(long, conflicts_with = "register")]
    all: bool,
    /// 输出文件，或目录
    #[arg(long)]
    out: PathBuf,
}

impl Template {
    pub fn run(&self, context: &Context) -> Result<u8> {
        let catalogue = &context.app.catalogue;
        let written = match &self.register {
            None => template::write_all(catalogue, &self.out).doing("生成模板")?,
            Some(key) => {
                let register = catalogue
                    .register(key)
                    .ok_or_else(|| Error::NotFound(format!("登记簿“{key}”")))?;
                template::write_template(catalogue, &[register], &self.out).doing("生成模板")?;
                vec![self.out.clone()]
            }
        };
        if context.out.is_json() {
            context.out.object(&json!({ "written": written }));
        } else {
            written
                .iter()
                .for_each(|path| context.out.line(&format!("已生成 {}", path.display())));
        }
        Ok(0)
    }
}
