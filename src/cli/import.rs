//! `import`: the whole pipeline from a file to the ledger.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Context;
use crate::cli::output::{Output, short, table};
use crate::error::{Error, Result};
use crate::intake::annotated;
use crate::intake::mapping::MapFile;
use crate::intake::report::{Counts, Problem, Report};
use crate::intake::run::{self, Mode, Request};

/// How many changed entries are printed for people; `--json` has them all.
const SHOWN: usize = 30;
/// How many problems of one kind in one field are printed.
const SHOWN_ALIKE: usize = 5;

#[derive(Debug, Args)]
pub struct Import {
    /// 要导入的文件: xlsx、xlsm、xlsb、xls、et、ods、csv、txt
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// 登记簿，默认按表头识别
    #[arg(long)]
    register: Option<String>,
    /// 表中没有写明部门的行归入此部门（名称或代码）
    #[arg(long)]
    department: Option<String>,
    /// 只导入此工作表
    #[arg(long)]
    sheet: Option<String>,
    /// 列对应文件（JSON）；应用后会记住
    #[arg(long)]
    map: Option<PathBuf>,
    /// 只检查，不写入
    #[arg(long)]
    check: bool,
    /// 有问题的行留下，其余照常写入
    #[arg(long, conflicts_with = "check")]
    partial: bool,
    /// 把结果标注在原文件的副本上
    #[arg(long)]
    annotate: Option<PathBuf>,
    /// 变更原因
    #[arg(long, default_value = "")]
    reason: String,
    /// 实际生效日期（YYYY-MM-DD）
    #[arg(long)]
    valid_on: Option<chrono::NaiveDate>,
}

impl Import {
    pub fn run(self, context: &Context) -> Result<u8> {
        let map = self.map.as_deref().map(MapFile::read).transpose()?;
        if self.annotate.is_some() && self.files.len() > 1 {
            return Err(Error::Usage("--annotate 一次只能用于一个文件".to_owned()));
        }
        if let (Some(out), Some(file)) = (&self.annotate, self.files.first()) {
            annotated::check_target(file, out)?;
        }
        let mut worst = 0;
        for file in &self.files {
            let outcome = self.one(context, file, map.clone());
            let code = match outcome {
                Ok(code) => code,
                Err(error) if self.files.len() > 1 => {
                    context.out.error(&error);
                    error.exit_code()
                }
                Err(error) => return Err(error),
            };
            worst = worst.max(code);
        }
        Ok(worst)
    }

    fn one(&self, context: &Context, file: &Path, map: Option<MapFile>) -> Result<u8> {
        let mode = match (self.check, self.partial) {
            (true, _) => Mode::Check,
            (_, true) => Mode::Partial,
            _ => Mode::Whole,
        };
        let request = Request {
            file: file.to_owned(),
            mode,
            register: self.register.clone(),
            sheet: self.sheet.clone(),
            department: self.department.clone(),
            maps: map.into_iter().collect(),
            reason: self.reason.clone(),
            valid_on: self.valid_on.map(|d| d.to_string()),
            annotate: self.annotate.is_some(),
            ..Request::default()
        };
        let bar = context.out.progress("正在核对");
        let done = run::run(&context.app, &context.viewer, &request, &|rows| {
            bar.set_position(rows)
        });
        bar.finish_and_clear();
        let done = done?;
        if context.out.is_json() {
            context.out.object(&done.report);
        } else {
            print(context.out, &done.report, mode);
        }
        let code = u8::from(done.report.problems_total > 0);
        if let Some(out) = &self.annotate {
            let written = annotated::write(&context.app, file, done, out)?;
            if !context.out.is_json() {
                context
                    .out
                    .line(&format!("标注后的副本: {}", written.display()));
            }
        }
        Ok(code)
    }
}

/// Tells a person what was found and done.
pub fn print(out: Output, report: &Report, mode: Mode) {
    out.line(&format!("文件: {}（{}）", report.file, report.format));
    for note in &report.notes {
        out.line(&format!("  {note}"));
    }
    for sheet in &report.sheets {
        match (&sheet.register_label, &sheet.left_out) {
            (Some(register), _) => {
                let c = sheet.rows;
                let amount = sheet
                    .amount
                    .as_deref()
                    .filter(|a| *a != "0")
                    .map(|a| format!("，金额合计 {a} 万元"))
                    .unwrap_or_default();
                out.line(&format!(
                    "  工作表“{}” → {register}，表头在第 {} 行: 新增 {}，变更 {}，一致 {}，不通过 {}，跳过 {}{amount}",
                    sheet.sheet,
                    sheet.header_row.unwrap_or(0),
                    c.new,
                    c.changed,
                    c.same,
                    c.refused,
                    c.skipped,
                ));
                columns(out, sheet);
            }
            (None, why) => out.line(&format!(
                "  工作表“{}”未导入: {}",
                sheet.sheet,
                why.as_deref().unwrap_or_default()
            )),
        }
    }
    problems(out, "问题", &report.problems, report.problems_total);
    problems(out, "提醒", &report.warnings, report.warnings_total);
    if report.normalised_total > 0 {
        out.line(&format!(
            "  另有 {} 处按规范写法读取，内容未变（--json 可逐项查看）",
            report.normalised_total
        ));
    }
    changes(out, report);
    if report.missing > 0 {
        let names: Vec<&str> = report
            .missing_entries
            .iter()
            .take(5)
            .map(|m| m.name.as_str())
            .collect();
        out.line(&format!(
            "  账本中另有 {} 个条目不在本文件中（不会删除）: {} …",
            report.missing,
            names.join("、")
        ));
    }
    out.line(&verdict(report, mode));
}

fn columns(out: Output, sheet: &crate::intake::report::SheetReport) {
    let mut by_kind: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for column in &sheet.columns {
        let said = match (&column.field, column.how.as_str()) {
            (None, "ignored" | "ours") => continue,
            (None, "secret") => ("不保存的列", format!("{} {}", column.column, column.header)),
            (None, _) => (
                "没有对应字段、原样保留的列",
                format!("{} {}", column.column, column.header),
            ),
            (Some(field), "similar") => (
                "按相似度对应、请核对的列",
                format!(
                    "{} {} → {field}（{:.0}%）",
                    column.column,
                    column.header,
                    column.confidence * 100.0
                ),
            ),
            _ => continue,
        };
        by_kind.entry(said.0).or_default().push(said.1);
    }
    for (kind, columns) in by_kind {
        out.line(&format!("    {kind}: {}", columns.join("、")));
    }
}

/// Problems one by one; the same warning at many rows in one line.
fn problems(out: Output, what: &str, list: &[Problem], total: u64) {
    if total == 0 {
        return;
    }
    out.line(&format!("  {what} {total} 处:"));
    let mut kinds: Vec<(&str, Option<&str>, Vec<&Problem>)> = Vec::new();
    for p in list {
        let field = p.field.as_deref();
        match kinds
            .iter_mut()
            .find(|(code, f, _)| *code == p.code && *f == field)
        {
            Some((_, _, same)) => same.push(p),
            None => kinds.push((&p.code, field, vec![p])),
        }
    }
    for (_, _, same) in kinds {
        for p in same.iter().take(SHOWN_ALIKE) {
            out.line(&format!(
                "    {}!{}{} {}",
                p.sheet,
                p.column,
                p.row,
                said(p)
            ));
        }
        if same.len() > SHOWN_ALIKE {
            out.line(&format!(
                "      同类 {} 处，逐项请用 --json 或 --annotate 查看",
                same.len()
            ));
        }
    }
}

/// What is wrong and what to do, as one sentence.
fn said(problem: &Problem) -> String {
    let joint = match problem.message.chars().last() {
        _ if problem.suggestion.is_empty() => "",
        Some('。' | '？' | '；') => "",
        _ => "；",
    };
    format!("{}{joint}{}", problem.message, problem.suggestion)
}

fn changes(out: Output, report: &Report) {
    let mut rows = Vec::new();
    for change in report.changes.iter().take(SHOWN) {
        for cell in &change.cells {
            rows.push(vec![
                format!("    {}!{}{}", change.sheet, cell.column, change.row),
                short(&change.name, 24),
                cell.label.clone(),
                format!("{} → {}", short(&cell.old, 24), short(&cell.new, 24)),
            ]);
        }
    }
    if !rows.is_empty() {
        out.line("  变更的单元格:");
        table(&rows).iter().for_each(|line| out.line(line));
    }
}

fn verdict(report: &Report, mode: Mode) -> String {
    let Counts { new, changed, .. } = report.rows();
    match (report.import, mode) {
        (Some(id), _) if report.change_set.is_none() => format!(
            "导入 {id}: 与账本一致，没有变化（{} 毫秒）",
            report.elapsed_ms
        ),
        (Some(id), _) => format!(
            "导入 {id} 已写入: 新增 {new}，变更 {changed}（{} 毫秒）；如需撤销: one-ledger undo {id}",
            report.elapsed_ms
        ),
        (None, Mode::Check) => format!("仅检查，账本未改动（{} 毫秒）", report.elapsed_ms),
        (None, _) => {
            "有问题未解决，账本未改动。改正后再导入，或用 --partial 只写入没有问题的行".to_owned()
        }
    }
}
