//! Exactly the list that is looked at, as a file: the same query, columns and sight, in the same order.

use std::path::Path;

use crate::audit::{self, Event};
use crate::auth::Viewer;
use crate::db::connection::{self, Conn};
use crate::error::{Doing, Error, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::list::{self, Query};
use crate::ledger::sight;
use crate::register::value::EXTRA_PREFIX;
use crate::sheet::export::{self, ExportFormat, SheetPlan, Showing};

/// Writes the list to a file, row by row, and writes down who took it. Returns the number of rows.
///
/// # Errors
/// As [`list::page`]; when the file cannot be written. Nothing stands at the path then.
pub fn export(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    query: &Query,
    format: ExportFormat,
    out: &Path,
) -> Result<u64> {
    if !matches!(format, ExportFormat::Xlsx | ExportFormat::Csv) {
        return Err(Error::Usage("导出格式只能是 xlsx 或 csv".to_owned()));
    }
    let register = definitions.register;
    let showing = Showing {
        catalogue: definitions.catalogue,
        names: definitions.directory,
    };
    let fields = query.columns.iter().filter_map(|key| register.field(key));
    let extra: Vec<String> = query
        .columns
        .iter()
        .filter(|key| sight::is_extra(key))
        .filter_map(|key| key.strip_prefix(EXTRA_PREFIX).map(str::to_owned))
        .collect();
    let mut file = export::create(format, out, showing).doing("建立导出文件")?;
    file.begin_plan(SheetPlan::of(register, fields, &extra))
        .doing("写入导出文件")?;
    connection::snapshot(conn, |conn| {
        list::walk(conn, viewer, definitions, query, |row| {
            file.row(&row.values.document()).doing("写入导出文件")?;
            Ok(true)
        })
    })?;
    let rows = file.finish().doing("写入导出文件")?;
    let asked = query.pairs(definitions);
    let event = Event::done("export", &format!("{}清单", register.label))
        .of(viewer.home())
        .with(serde_json::json!({
            "register": register.key,
            "rows": rows,
            "columns": query.columns,
            "query": asked,
            "format": format.extension(),
        }));
    if let Err(error) = audit::record(conn, viewer, &event) {
        // A list that nobody wrote down is not given out.
        let _ = std::fs::remove_file(out);
        return Err(error);
    }
    Ok(rows)
}
