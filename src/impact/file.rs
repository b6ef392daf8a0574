//! The list of what depends on an entry, as a workbook or CSV; whoever takes it is written down.

use std::path::Path;

use super::{Hop, Impact};
use crate::audit::{self, Event};
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::error::{Doing, Error, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::entry::EntryRow;
use crate::ledger::facts::stage_of;
use crate::sheet::export::ExportFormat;
use crate::sheet::table::{self, Example, TableColumn};

/// The columns, in order.
const HEADERS: [&str; 8] = [
    "影响",
    "层数",
    "登记簿",
    "编码",
    "名称",
    "单位",
    "阶段",
    "经由",
];

/// A way as people read it.
#[must_use]
pub fn way(impact: &Impact, at: usize) -> String {
    let hops: Vec<String> = impact
        .way(at)
        .into_iter()
        .map(|hop| match hop {
            Hop::Seen(place) => format!("{}（{}）", place.name, place.code),
            Hop::Hidden => "（无权查看的条目）".to_owned(),
            Hop::More(left) => format!("…（略去 {left} 个）"),
        })
        .collect();
    hops.join(" → ")
}

/// Writes the list. Returns the number of rows.
///
/// # Errors
/// [`Error::Usage`] for a format that is neither xlsx nor csv; when the file cannot be written or the log not kept.
/// Nothing stands at the path then.
pub fn export(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    about: (&EntryRow, &Impact),
    format: ExportFormat,
    out: &Path,
) -> Result<usize> {
    if !matches!(format, ExportFormat::Xlsx | ExportFormat::Csv) {
        return Err(Error::Usage("导出格式只能是 xlsx 或 csv".to_owned()));
    }
    let (row, impact) = about;
    let columns = HEADERS.map(|header| TableColumn {
        header,
        help: "",
        choices: Vec::new(),
        example: "",
    });
    let rows: Vec<Vec<String>> = impact
        .seen()
        .map(|(at, node, place)| {
            let register = definitions.catalogue.register(&place.register);
            let owner = definitions.directory.get(place.department_id);
            let mut way = way(impact, at);
            if way.is_empty() {
                way.clone_from(&node.via);
            }
            vec![
                if node.distance == 1 {
                    "直接"
                } else {
                    "间接"
                }
                .to_owned(),
                node.distance.to_string(),
                register.map_or(place.register.clone(), |r| r.label.clone()),
                place.code.clone(),
                place.name.clone(),
                owner.map(|d| d.name.clone()).unwrap_or_default(),
                stage_of(&place.stage).label().to_owned(),
                way,
            ]
        })
        .collect();
    table::write(format, out, "停用影响", &columns, &rows, Example::Left).doing("写入导出文件")?;
    let event = Event::done("export", &format!("停用影响 {}", row.code))
        .of(Some(row.department_id))
        .with(serde_json::json!({
            "register": row.register, "code": row.code, "rows": rows.len(), "format": format.extension(),
        }));
    if let Err(error) = audit::record(conn, viewer, &event) {
        // A list that nobody wrote down is not given out.
        let _ = std::fs::remove_file(out);
        return Err(error);
    }
    Ok(rows.len())
}
