//! The monthly 工作调度: issues of a department or a region, for the page, the paper and the workbook.

use std::path::Path;

use crate::audit::{self, Event};
use crate::auth::{Right, Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::error::{Doing as _, Error, Result};
use crate::issue::steps::rung_label;
use crate::issue::summary::{self, Figures, Month, Summary};
use crate::issue::{Ground, KINDS};
use crate::sheet::table::{self, Sheet};

mod shared;

/// A month, with whose it is.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// Whose.
    pub whose: String,
    /// The month.
    pub summary: Summary,
    /// The figures with what they are called.
    pub figures: Vec<(&'static str, usize)>,
    /// The same of links and share requests.
    pub sharing: Vec<(&'static str, usize)>,
}

/// Puts a month together for what the viewer answers for, or one department of it.
///
/// # Errors
/// [`Error::Refused`] for who answers for no department; [`Error::NotFound`] for a department out of reach; when the
/// database fails.
pub fn dispatch(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    department: Option<i64>,
    month: Month,
) -> Result<Dispatch> {
    viewer.may_anywhere(Right::SeeOwn)?;
    if let Some(id) = department
        && !viewer.can(Right::SeeOwn, id)
    {
        return Err(Error::NotFound("该单位".to_owned()));
    }
    let ids = department.map(|id| vec![id]);
    let summary = summary::month(conn, viewer, ids.as_deref(), month)?;
    Ok(Dispatch {
        whose: whose(viewer, ground, department),
        figures: figures(&summary.figures),
        sharing: shared::figures(conn, viewer, ids.as_deref(), month)?,
        summary,
    })
}

fn whose(viewer: &Viewer, ground: Ground<'_>, department: Option<i64>) -> String {
    let name = |id: i64| ground.directory.get(id).map(|d| d.name.clone());
    if let Some(id) = department {
        return name(id).unwrap_or_default();
    }
    if viewer.is(Role::Bureau) || viewer.account().is_none() {
        let region = viewer
            .home()
            .and_then(|id| ground.directory.get(id))
            .and_then(|d| d.region.clone())
            .and_then(|code| ground.catalogue.regions().full_name(&code));
        return region.unwrap_or_else(|| "全部单位".to_owned());
    }
    viewer.home().and_then(name).unwrap_or_default()
}

fn figures(f: &Figures) -> Vec<(&'static str, usize)> {
    vec![
        ("本月新提出", f.opened),
        ("本月确认办结", f.closed),
        ("本月自愈办结", f.healed),
        ("本月撤回", f.withdrawn),
        ("本月重新打开", f.reopened),
        ("本月升级", f.escalated),
        ("期末未办结", f.standing),
        ("其中逾期", f.overdue),
    ]
}

const HEADERS: [&str; 12] = [
    "编号",
    "标题",
    "类型",
    "提出单位",
    "责任单位",
    "状态",
    "层级",
    "下一步",
    "期限",
    "逾期",
    "历时（工作日）",
    "最近进展",
];

/// Writes the month as a workbook of two sheets; whoever takes it is written down.
///
/// # Errors
/// When the file cannot be written or the log not kept. Nothing stands at the path then.
pub fn export(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    found: &Dispatch,
    out: &Path,
) -> Result<()> {
    let name = |id: i64| {
        let known = ground.directory.get(id);
        known.map(|d| d.name.clone()).unwrap_or_default()
    };
    let mut facts: Vec<Vec<String>> = vec![
        vec!["单位".to_owned(), found.whose.clone()],
        vec!["月份".to_owned(), found.summary.month.label()],
        vec!["制表日期".to_owned(), clock::today().to_string()],
    ];
    let counted = found.figures.iter().chain(&found.sharing);
    facts.extend(counted.map(|(label, n)| vec![(*label).to_owned(), n.to_string()]));
    if found.summary.more {
        let told = format!("问题过多，只统计和列出前 {} 个", found.summary.lines.len());
        facts.push(vec!["说明".to_owned(), told]);
    }
    let rows = found.summary.lines.iter().map(|line| {
        let i = &line.issue;
        let late = if line.late { "是" } else { "" };
        vec![
            i.number(),
            i.title.clone(),
            kind_label(ground, &i.kind),
            name(i.raised_by),
            name(i.owed_by),
            line.state.label().to_owned(),
            rung_label(line.rung).to_owned(),
            line.mover.map(name).unwrap_or_default(),
            line.due_on.to_string(),
            late.to_owned(),
            line.age.to_string(),
            line.last.clone(),
        ]
    });
    let sheets = [
        Sheet {
            name: "工作调度",
            headers: vec!["事项", "内容"],
            rows: facts,
        },
        Sheet {
            name: "难点问题",
            headers: HEADERS.to_vec(),
            rows: rows.collect(),
        },
    ];
    table::write_sheets(out, &sheets).doing("写入导出文件")?;
    let month = found.summary.month.word();
    let event = Event::done("issue_summary", &format!("{} {month}", found.whose))
        .of(viewer.home())
        .with(serde_json::json!({"rows": found.summary.lines.len()}));
    if let Err(error) = audit::record(conn, viewer, &event) {
        // A list that nobody wrote down is not given out.
        let _ = std::fs::remove_file(out);
        return Err(error);
    }
    Ok(())
}

/// What people call a kind of issue.
#[must_use]
pub fn kind_label(ground: Ground<'_>, kind: &str) -> String {
    let list = ground.catalogue.list(KINDS);
    let label = list.and_then(|l| l.label(kind));
    label.unwrap_or(kind).to_owned()
}
