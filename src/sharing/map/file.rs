//! The table of the map, as a workbook or CSV; whoever takes it is written down.

use std::path::Path;

use super::{Edge, Map, Node, Standing, View};
use crate::audit::{self, Event};
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::error::{Doing, Error, Result};
use crate::ledger::as_of::Definitions;
use crate::sheet::export::ExportFormat;
use crate::sheet::table::{self, Example, TableColumn};

/// The columns, in order.
const HEADERS: [&str; 12] = [
    "提供方",
    "提供方编码",
    "提供方单位",
    "使用方",
    "使用方编码",
    "使用方单位",
    "对接条数",
    "已确认",
    "待确认",
    "有争议",
    "对接方式",
    "对接",
];

impl Edge {
    /// How the links go, with how many go so.
    #[must_use]
    pub fn modes_told(&self) -> String {
        let told = self.modes.iter().map(|(mode, n)| {
            let mode = if mode.is_empty() {
                "未填方式"
            } else {
                mode
            };
            if self.count() == 1 {
                mode.to_owned()
            } else {
                format!("{mode} {n}")
            }
        });
        told.collect::<Vec<_>>().join("、")
    }

    /// The links by name, as many as are named, and what else says so.
    #[must_use]
    pub fn links_told(&self) -> String {
        let mut told: Vec<String> = self
            .named
            .iter()
            .map(|(code, name)| format!("{name}（{code}）"))
            .collect();
        if self.count() > self.named.len() {
            told.push(format!("等 {} 条", self.count()));
        }
        if self.references > 0 {
            told.push(format!("登记簿中登记 {} 处", self.references));
        }
        told.join("；")
    }
}

/// Writes the table. Returns the number of rows.
///
/// # Errors
/// [`Error::Usage`] for a format that is neither xlsx nor csv; when the file cannot be written or the log not kept.
/// Nothing stands at the path then.
pub fn export(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    (view, map): (View, &Map),
    (format, out): (ExportFormat, &Path),
) -> Result<usize> {
    if !matches!(format, ExportFormat::Xlsx | ExportFormat::Csv) {
        return Err(Error::Usage("导出格式只能是 xlsx 或 csv".to_owned()));
    }
    let columns = HEADERS.map(|header| TableColumn {
        header,
        help: "",
        choices: Vec::new(),
        example: "",
    });
    let owner = |node: &Node| {
        let found = definitions.directory.get(node.department_id);
        found.map(|d| d.name.clone()).unwrap_or_default()
    };
    let end = |at: usize| -> [String; 3] {
        let Some(node) = map.nodes.get(at) else {
            return Default::default();
        };
        let code = node.place.as_ref().map(|p| p.code.clone());
        [node.name.clone(), code.unwrap_or_default(), owner(node)]
    };
    let rows: Vec<Vec<String>> = map
        .edges
        .iter()
        .map(|edge| {
            let mut row: Vec<String> = end(edge.from).into_iter().chain(end(edge.to)).collect();
            row.push(edge.count().to_string());
            let told = Standing::ALL.iter().zip(edge.standings);
            row.extend(told.map(|(_, n)| n.to_string()));
            row.push(edge.modes_told());
            row.push(edge.links_told());
            row
        })
        .collect();
    table::write(format, out, "对接关系", &columns, &rows, Example::Left).doing("写入导出文件")?;
    let event = Event::done("export", "对接关系图").with(serde_json::json!({
        "view": view.word(), "rows": rows.len(), "format": format.extension(),
    }));
    if let Err(error) = audit::record(conn, viewer, &event) {
        // A list that nobody wrote down is not given out.
        let _ = std::fs::remove_file(out);
        return Err(error);
    }
    Ok(rows.len())
}
