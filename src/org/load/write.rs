//! The organisation out again, as a list that reads back without a change.

use std::collections::HashMap;
use std::path::Path;

use diesel::prelude::*;

use super::columns::{Column, HEADERS};
use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::department_aliases;
use crate::error::{Doing, Result};
use crate::org::directory::{Alias, Department, Directory};
use crate::register::region::Regions;
use crate::sheet::export::ExportFormat;
use crate::sheet::table::{self, Example, TableColumn};

/// Columns of the list that is written, with what to fill in and an example.
const COLUMNS: [(Column, &str, &str); 12] = [
    (Column::Code, "系统内唯一，留空自动编号", "SL001"),
    (Column::Name, "必填，印章上的全称", "示例市教育局"),
    (Column::Short, "多个用顿号分开", "市教育局"),
    (Column::Former, "多个用顿号分开；按曾用名也能找到", ""),
    (Column::Credit, "18 位，列请设为文本格式", ""),
    (
        Column::Region,
        "6 位代码或全称，如 370100 或 山东省济南市",
        "370100",
    ),
    (Column::Parent, "上级单位的全称或代码", ""),
    (Column::Unit, "是否为上级单位的下属单位", "否"),
    (
        Column::Bureau,
        "是否为本地区的数据管理部门，每个地区一个",
        "否",
    ),
    (
        Column::Category,
        "如 党委机构、政府部门、事业单位",
        "政府部门",
    ),
    (Column::From, "如 2019-01-08", ""),
    (Column::Sort, "名录中的先后", "1"),
];

fn columns() -> Vec<TableColumn> {
    COLUMNS
        .iter()
        .filter_map(|(column, help, example)| {
            let (_, names) = HEADERS.iter().find(|(c, _)| c == column)?;
            let yes_no = matches!(column, Column::Unit | Column::Bureau);
            // 序号 counts the rows of the sheet itself.
            let header = if *column == Column::Sort {
                "排序"
            } else {
                names.first()?
            };
            Some(TableColumn {
                header,
                help,
                choices: if yes_no {
                    vec!["是".to_owned(), "否".to_owned()]
                } else {
                    Vec::new()
                },
                example,
            })
        })
        .collect()
}

/// Writes the empty list to fill in.
///
/// # Errors
/// When the file cannot be written.
pub fn template(out: &Path) -> Result<()> {
    let format = ExportFormat::Xlsx;
    table::write(format, out, "机构名录", &columns(), &[], Example::Shown).doing("生成机构名录模板")
}

/// Writes the departments that exist.
///
/// # Errors
/// When the viewer may not look at all, the database fails or the file cannot be written.
pub fn export(
    conn: &mut Conn,
    viewer: &Viewer,
    regions: &Regions,
    format: ExportFormat,
    out: &Path,
) -> Result<usize> {
    viewer.may_anywhere(Right::SeeSummary)?;
    let directory = Directory::load(conn)?;
    let mut names: HashMap<i64, [Vec<String>; 2]> = HashMap::new();
    let aliases: Vec<Alias> = department_aliases::table
        .order(department_aliases::alias)
        .select(Alias::as_select())
        .load(conn)?;
    for alias in aliases {
        let [short, former] = names.entry(alias.department_id).or_default();
        match alias.kind.as_str() {
            "short" => short.push(alias.alias),
            "former" => former.push(alias.alias),
            _ => {}
        }
    }
    let rows: Vec<Vec<String>> = directory
        .all()
        .iter()
        .filter(|d| !d.is_over())
        .map(|d| {
            let others = names.remove(&d.id).unwrap_or_default();
            row(&directory, regions, d, &others)
        })
        .collect();
    table::write(format, out, "机构名录", &columns(), &rows, Example::Left)
        .doing("导出机构名录")?;
    Ok(rows.len())
}

fn row(
    directory: &Directory,
    regions: &Regions,
    d: &Department,
    [short, former]: &[Vec<String>; 2],
) -> Vec<String> {
    let yes = |said: bool| if said { "是" } else { "否" }.to_owned();
    COLUMNS
        .iter()
        .map(|(column, _, _)| match column {
            Column::Code => d.code.clone(),
            Column::Name => d.name.clone(),
            Column::Short => short.join("、"),
            Column::Former => former.join("、"),
            Column::Credit => d.credit_code.clone().unwrap_or_default(),
            Column::Region => d.region.clone().map_or_else(String::new, |code| {
                // A code that is not loaded any more is written as it is.
                regions.get(&code).map_or(code.clone(), |r| r.code.clone())
            }),
            Column::Parent => d
                .parent_id
                .and_then(|id| directory.get(id))
                .map(|p| p.code.clone())
                .unwrap_or_default(),
            Column::Unit => yes(d.unit),
            Column::Bureau => yes(d.bureau),
            Column::Category => d.category.clone().unwrap_or_default(),
            Column::From => d.valid_from.map(|d| d.to_string()).unwrap_or_default(),
            Column::Sort => d.sort.to_string(),
            Column::Until => String::new(),
        })
        .collect()
}
