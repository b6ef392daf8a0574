//! The list of datasets (汇聚清单) as a workbook or CSV: exactly the view it is taken from; whoever takes it is written
//! down.

use std::path::Path;

use chrono::NaiveDate;

use super::list::{Filter, Listed, page};
use super::refresh::REGISTER;
use crate::audit::{self, Event};
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::error::{Doing, Error, Result};
use crate::ledger::as_of::Definitions;
use crate::sheet::export::ExportFormat;
use crate::sheet::table::{self, Example, TableColumn};

/// Datasets of one file at most.
const MOST: usize = 200_000;

/// The columns, in order.
const HEADERS: [&str; 12] = [
    "数据资源编码",
    "数据资源名称",
    "提供单位",
    "情况",
    "逾期天数",
    "汇聚方式",
    "汇聚起始",
    "更新周期",
    "最近更新",
    "应更新至",
    "共享",
    "开放",
];

/// Writes the datasets that the viewer sees in full, as the list has them. Returns the number of rows.
///
/// # Errors
/// [`Error::Usage`] for a format that is neither xlsx nor csv; [`Error::TooLarge`] for more datasets than one file
/// takes; when the file cannot be written or the log not kept. Nothing stands at the path then.
pub fn export(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    (filter, today): (&Filter, NaiveDate),
    (format, out): (ExportFormat, &Path),
) -> Result<usize> {
    if !matches!(format, ExportFormat::Xlsx | ExportFormat::Csv) {
        return Err(Error::Usage("导出格式只能是 xlsx 或 csv".to_owned()));
    }
    let found = page(conn, viewer, filter, (None, MOST + 1), today)?;
    if found.len() > MOST {
        let message = format!("一次最多导出 {MOST} 个数据资源，请先按单位或情况筛选");
        return Err(Error::TooLarge(message));
    }
    let columns = HEADERS.map(|header| TableColumn {
        header,
        help: "",
        choices: Vec::new(),
        example: "",
    });
    let rows: Vec<Vec<String>> = found.into_iter().map(|l| row(definitions, l)).collect();
    table::write(format, out, "汇聚清单", &columns, &rows, Example::Left).doing("写入导出文件")?;
    let event = Event::done("export", "汇聚清单").with(serde_json::json!({
        "register": REGISTER, "is": filter.slice.word(), "rows": rows.len(), "format": format.extension(),
    }));
    if let Err(error) = audit::record(conn, viewer, &event) {
        // A list that nobody wrote down is not given out.
        let _ = std::fs::remove_file(out);
        return Err(error);
    }
    Ok(rows.len())
}

fn row(definitions: Definitions<'_>, listed: Listed) -> Vec<String> {
    let word = |list: &str, code: &str| {
        let list = definitions.catalogue.list(list);
        let label = list.and_then(|l| l.label(code));
        label.unwrap_or(code).to_owned()
    };
    let owner = definitions.directory.get(listed.department_id);
    let day = |on: Option<NaiveDate>| on.map(|on| on.to_string()).unwrap_or_default();
    let yes = |is: bool| if is { "是" } else { "否" }.to_owned();
    vec![
        listed.code,
        listed.name,
        owner.map(|d| d.name.clone()).unwrap_or_default(),
        listed.state.label().to_owned(),
        listed.days_late.map(|n| n.to_string()).unwrap_or_default(),
        word("collect_mode", &listed.mode),
        listed.since,
        word("update_cycle", &listed.cycle),
        day(listed.updated),
        day(listed.due_on),
        yes(listed.shared),
        yes(listed.opened),
    ]
}
