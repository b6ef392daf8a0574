//! People out again, as a list that reads back without a change; contacts only for those who may see them.

use std::path::Path;

use diesel::Connection as _;

use super::columns::{Column, HEADERS};
use crate::audit;
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::error::{Doing, Result};
use crate::org::appointment::{ROLES, role_label};
use crate::org::directory::Directory;
use crate::org::person::{self, Filter, Glimpse, Held, Shown};
use crate::org::rules::Rules;
use crate::sheet::export::ExportFormat;
use crate::sheet::table::{self, Example, TableColumn};

/// How many people one file holds.
const MOST: i64 = 100_000;

/// Columns of the list, with what to fill in and an example.
const COLUMNS: [(Column, &str, &str); 14] = [
    (Column::Code, "更正已有人员时填写，新增留空", ""),
    (Column::Name, "必填", "王五"),
    (
        Column::Department,
        "必填，所在单位的全称或代码",
        "示例市教育局",
    ),
    (
        Column::Role,
        "首席数据代表(官)、数据专员、数据联络员；一人担任两种角色时填两行",
        "数据专员",
    ),
    (
        Column::RoleDepartment,
        "与所在单位不同时填写，如下属单位人员担任主管部门的联络员",
        "",
    ),
    (Column::Post, "如 副局长、科长", "科长"),
    (Column::Office, "分管、牵头或所在的内设机构", "信息化科"),
    (Column::Background, "联络员必填: 专业背景或经历", "计算机"),
    (Column::Phone, "如 0531-12345678", "0531-12345678"),
    (Column::Mobile, "11 位，列请设为文本格式", "13800000000"),
    (Column::Email, "如 name@example.gov.cn", ""),
    (Column::From, "如 2026-01-05；留空为今日", "2026-01-05"),
    (Column::Until, "免任时填写最后一日", ""),
    (Column::Reason, "任免的原因或文号", ""),
];

fn columns() -> Vec<TableColumn> {
    COLUMNS
        .iter()
        .filter_map(|(column, help, example)| {
            let (_, names) = HEADERS.iter().find(|(c, _)| c == column)?;
            Some(TableColumn {
                header: names.first()?,
                help,
                choices: if *column == Column::Role {
                    ROLES.iter().map(|r| role_label(*r).to_owned()).collect()
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
    table::write(format, out, "人员名单", &columns(), &[], Example::Shown).doing("生成人员名单模板")
}

/// Writes the people that fit and that the viewer may see, one row for each role held today.
///
/// # Errors
/// When the viewer may not look at all, the database fails or the file cannot be written.
pub fn export(
    conn: &mut Conn,
    viewer: &Viewer,
    rules: Rules,
    filter: &Filter,
    (format, out): (ExportFormat, &Path),
) -> Result<usize> {
    conn.transaction(|conn| {
        let told = serde_json::json!({ "departments": filter.departments, "role": filter.role });
        let line = audit::Event::done("export_people", "导出人员名单").with(told);
        audit::record(conn, viewer, &line)?;
        let people = person::find(conn, viewer, rules, filter, (MOST, Glimpse::Full))?;
        let directory = Directory::load(conn)?;
        let mut rows = Vec::new();
        for person in &people {
            if person.roles.is_empty() {
                rows.push(row(&directory, person, None));
            }
            for held in &person.roles {
                rows.push(row(&directory, person, Some(held)));
            }
        }
        table::write(format, out, "人员名单", &columns(), &rows, Example::Left)
            .doing("导出人员名单")?;
        Ok(rows.len())
    })
}

fn row(directory: &Directory, person: &Shown, held: Option<&Held>) -> Vec<String> {
    let name = |id: i64| {
        directory
            .get(id)
            .map(|d| d.name.clone())
            .unwrap_or_default()
    };
    let contacts = person.contacts.as_ref();
    COLUMNS
        .iter()
        .map(|(column, _, _)| match column {
            Column::Code => person.code.clone(),
            Column::Name => person.name.clone(),
            Column::Department => name(person.department),
            Column::Role => held
                .map(|h| role_label(h.role).to_owned())
                .unwrap_or_default(),
            Column::RoleDepartment => held
                .filter(|h| h.department != person.department)
                .map(|h| name(h.department))
                .unwrap_or_default(),
            Column::Post => person.post.clone(),
            Column::Office => person.office.clone(),
            Column::Background => person.background.clone().unwrap_or_default(),
            Column::Phone => contacts.map(|c| c.phone.clone()).unwrap_or_default(),
            Column::Mobile => contacts.map(|c| c.mobile.clone()).unwrap_or_default(),
            Column::Email => contacts.map(|c| c.email.clone()).unwrap_or_default(),
            Column::From => held.map(|h| h.from.to_string()).unwrap_or_default(),
            Column::Until => held
                .and_then(|h| h.until)
                .map(|day| day.to_string())
                .unwrap_or_default(),
            Column::Reason => String::new(),
        })
        .collect()
}
