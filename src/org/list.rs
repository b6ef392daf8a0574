//! Reading a list of departments: which column is what, and one line a department.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::error::{Error, Result};
use crate::register::words;
use crate::sheet::cell::Row;
use crate::sheet::locate::{self, Located};
use crate::sheet::rows::{RowKind, RowSorter};
use crate::sheet::workbook::{Event, Parser};

/// What a column of the list holds, with the headers that say so.
const COLUMNS: [(Column, &[&str]); 9] = [
    (
        Column::Name,
        &[
            "单位全称",
            "单位名称",
            "部门名称",
            "部门全称",
            "机构名称",
            "全称",
            "名称",
            "部门",
            "单位",
            "name",
            "agency_name",
        ],
    ),
    (
        Column::Code,
        &[
            "单位代码",
            "部门代码",
            "机构代码",
            "代码",
            "编码",
            "code",
            "record_id",
        ],
    ),
    (
        Column::Credit,
        &["统一社会信用代码", "信用代码", "credit_code", "uscc"],
    ),
    (
        Column::Short,
        &[
            "简称",
            "单位简称",
            "部门简称",
            "short_name",
            "acronym",
            "agency_acronym",
        ],
    ),
    (
        Column::Former,
        &[
            "曾用名",
            "别名",
            "原名称",
            "aliases",
            "alternate_or_former_names",
        ],
    ),
    (
        Column::Region,
        &["行政区划", "区划", "所属区划", "行政区划代码", "region"],
    ),
    (
        Column::Parent,
        &[
            "上级单位",
            "主管部门",
            "所属部门",
            "上级部门",
            "parent",
            "reports_to",
        ],
    ),
    (
        Column::Category,
        &[
            "类别",
            "机构类别",
            "机构类型",
            "单位类别",
            "category",
            "type_of_agency",
            "organization_type",
        ],
    ),
    (Column::Sort, &["序号", "排序", "seq"]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Column {
    Name,
    Code,
    Credit,
    Short,
    Former,
    Region,
    Parent,
    Category,
    Sort,
}

/// One row of the list.
pub(super) struct Line {
    /// Row as Excel shows it.
    pub row: u32,
    cells: HashMap<Column, String>,
}

impl Line {
    /// The text of a cell, unless it is empty.
    pub fn get(&self, column: Column) -> Option<&str> {
        self.cells
            .get(&column)
            .map(String::as_str)
            .filter(|t| !t.is_empty())
    }
}

/// The lines of a list, wherever its header stands.
pub(super) fn read(parser: &Parser, file: &Path) -> Result<Vec<Line>> {
    let known: HashSet<String> = COLUMNS
        .iter()
        .flat_map(|(_, names)| names.iter().map(|n| words::header(n).key))
        .collect();
    let workbook = parser.open(file)?;
    let heads = workbook.sheets().to_vec();
    let found = heads.iter().find_map(|head| {
        let located = locate::locate(head, &known)
            .or_else(|_| locate::locate_at(head, 1))
            .ok()?;
        let columns = columns(&located);
        columns
            .contains_key(&Column::Name)
            .then_some((head, located, columns))
    });
    let Some((head, located, columns)) = found else {
        return Err(Error::Input {
            code: "no_table".to_owned(),
            message: "没有找到机构名录: 缺少“单位全称”列。".to_owned(),
            suggestion: "请在表头写明“单位全称”".to_owned(),
        });
    };
    let mut sorter = RowSorter::new(head, &located);
    let mut lines = Vec::new();
    for event in workbook.stream(&[head.index])? {
        let Event::Row(row) = event? else { continue };
        let sorted = sorter.sort(row);
        if sorted.kind == RowKind::Data {
            lines.push(line(&sorted.row, &columns));
        }
    }
    Ok(lines)
}

fn columns(located: &Located) -> HashMap<Column, u16> {
    let mut out = HashMap::new();
    for (column, names) in COLUMNS {
        let keys: Vec<String> = names.iter().map(|n| words::header(n).key).collect();
        let rank = |path: &[String]| {
            path.last()
                .and_then(|t| keys.iter().position(|k| *k == words::header(t).key))
        };
        let best = located
            .columns
            .iter()
            .filter_map(|c| Some((rank(&c.path)?, c.index)))
            .min();
        if let Some((_, index)) = best {
            out.insert(column, index);
        }
    }
    out
}

fn line(row: &Row, columns: &HashMap<Column, u16>) -> Line {
    let cells = columns
        .iter()
        .filter_map(|(column, index)| {
            Some((
                *column,
                words::clean(&row.cells.get(usize::from(*index))?.text()),
            ))
        })
        .collect();
    Line {
        row: row.number,
        cells,
    }
}
