//! Loading the organisation from a list: workbook or CSV, as a bureau keeps it.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use diesel::prelude::*;
use serde::Serialize;

use crate::db::connection::Conn;
use crate::db::schema::departments;
use crate::error::Result;
use crate::org::directory::{self, Department, Directory, Found};
use crate::org::list::{self, Column, Line};
use crate::register::catalogue::Catalogue;
use crate::register::credit_code;
use crate::register::words;
use crate::sheet::workbook::Parser;

/// A row that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Row as Excel shows it.
    pub row: u32,
    /// What is wrong and what to write, in Chinese.
    pub message: String,
}

/// What loading came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Loaded {
    /// Departments added.
    pub new: usize,
    /// Departments that changed.
    pub changed: usize,
    /// Departments that stayed.
    pub same: usize,
    /// Rows left out. With any, nothing is loaded.
    pub problems: Vec<Problem>,
}

/// Loads a list; all of it or, when a row is wrong, nothing.
///
/// # Errors
/// When the file cannot be read or has no column of names; whatever the database says.
pub fn load(
    conn: &mut Conn,
    parser: &Parser,
    catalogue: &Catalogue,
    file: &Path,
) -> Result<Loaded> {
    let lines = list::read(parser, file)?;
    conn.transaction(|conn| {
        let mut list = List {
            directory: Directory::load(conn)?,
            catalogue,
            out: Loaded::default(),
            named: HashSet::new(),
        };
        let mut rows: Vec<(Department, &Line)> = Vec::new();
        let mut next = list.directory.next_id();
        for line in &lines {
            if let Some(row) = list.department(line, &mut next) {
                rows.push((row, line));
            }
        }
        list.link(&mut rows);
        if list.out.problems.is_empty() {
            list.store(conn, &rows)?;
        }
        Ok(list.out)
    })
}

struct List<'l> {
    directory: Directory,
    catalogue: &'l Catalogue,
    out: Loaded,
    named: HashSet<String>,
}

impl List<'_> {
    fn problem(&mut self, row: u32, message: String) {
        self.out.problems.push(Problem { row, message });
    }

    /// The department of a line, matched with the one that is there by code or name.
    fn department(&mut self, line: &Line, next: &mut i64) -> Option<Department> {
        let Some(name) = line.get(Column::Name) else {
            self.problem(line.row, "缺少单位全称".to_owned());
            return None;
        };
        if !self.named.insert(words::name_key(name)) {
            self.problem(
                line.row,
                format!("“{name}”在名录中出现了不止一次，请合并或用全称区分"),
            );
            return None;
        }
        let credit = line.get(Column::Credit).map(str::to_uppercase);
        if let Some(credit) = credit.as_deref().filter(|c| !credit_code::is_valid(c)) {
            self.problem(
                line.row,
                format!("统一社会信用代码“{credit}”校验不通过，请核对（列请设为文本格式）"),
            );
        }
        let region = line
            .get(Column::Region)
            .and_then(|text| self.region(line.row, text));
        let by_code = line
            .get(Column::Code)
            .and_then(|c| self.directory.by_code(c))
            .cloned();
        let standing = by_code.or_else(|| match self.directory.find(name) {
            Found::One(id) => self.directory.get(id).cloned(),
            Found::Many(_) | Found::None(_) => None,
        });
        let id = standing.as_ref().map_or_else(
            || {
                *next += 1;
                *next - 1
            },
            |d| d.id,
        );
        let code = line.get(Column::Code).map(str::to_owned);
        let code = standing
            .as_ref()
            .map(|d| d.code.clone())
            .or(code)
            .unwrap_or_else(|| format!("D{id:06}"));
        let keep = |new: Option<String>, old: fn(&Department) -> Option<String>| {
            new.or_else(|| standing.as_ref().and_then(old))
        };
        Some(Department {
            id,
            code,
            name: name.to_owned(),
            name_key: words::name_key(name),
            credit_code: keep(credit, |d| d.credit_code.clone()),
            region: keep(region, |d| d.region.clone()),
            parent_id: standing.as_ref().and_then(|d| d.parent_id),
            category: keep(line.get(Column::Category).map(str::to_owned), |d| {
                d.category.clone()
            }),
            sort: line
                .get(Column::Sort)
                .and_then(|s| s.parse().ok())
                .unwrap_or_else(|| i64::from(line.row)),
            provisional: false,
        })
    }

    fn region(&mut self, row: u32, text: &str) -> Option<String> {
        match self.catalogue.regions().find(text).as_slice() {
            [region] => Some(region.code.clone()),
            [] => {
                self.problem(row, format!("没有找到行政区划“{text}”，请填写代码或全称"));
                None
            }
            _ => {
                self.problem(
                    row,
                    format!("行政区划“{text}”不止一个，请写明上级，如“济南市市中区”"),
                );
                None
            }
        }
    }

    /// Parents by name or code, in the list or in the ledger.
    fn link(&mut self, rows: &mut [(Department, &Line)]) {
        let listed: HashMap<String, i64> = rows
            .iter()
            .flat_map(|(d, _)| [(d.name_key.clone(), d.id), (words::name_key(&d.code), d.id)])
            .collect();
        for (department, line) in rows {
            let Some(text) = line.get(Column::Parent) else {
                continue;
            };
            let parent = listed.get(&words::name_key(text)).copied().or_else(|| {
                match self.directory.find(text) {
                    Found::One(id) => Some(id),
                    Found::Many(_) | Found::None(_) => None,
                }
            });
            match parent {
                Some(id) if id != department.id => department.parent_id = Some(id),
                _ => self.problem(line.row, format!("上级单位“{text}”不在名录中")),
            }
        }
    }

    fn store(&mut self, conn: &mut Conn, rows: &[(Department, &Line)]) -> Result<()> {
        for (row, _) in rows {
            match self.directory.get(row.id) {
                None => {
                    self.out.new += 1;
                    directory::insert(
                        conn,
                        std::slice::from_ref(&Department {
                            parent_id: None,
                            ..row.clone()
                        }),
                    )?;
                }
                Some(old) if old == row => self.out.same += 1,
                Some(old) => {
                    self.out.changed += 1;
                    if old.name_key != row.name_key {
                        directory::remember(conn, row.id, &old.name, "former")?;
                    }
                }
            }
        }
        for (row, line) in rows {
            update(conn, row)?;
            let split = |t: &str| {
                t.split(['、', '，', ',', ';', '；', '|'])
                    .map(words::clean)
                    .collect::<Vec<_>>()
            };
            for (column, kind) in [(Column::Short, "short"), (Column::Former, "former")] {
                for alias in line
                    .get(column)
                    .map(split)
                    .unwrap_or_default()
                    .iter()
                    .filter(|a| !a.is_empty())
                {
                    directory::remember(conn, row.id, alias, kind)?;
                }
            }
        }
        Ok(())
    }
}

fn update(conn: &mut Conn, row: &Department) -> Result<()> {
    diesel::update(departments::table.find(row.id))
        .set((
            departments::name.eq(&row.name),
            departments::name_key.eq(&row.name_key),
            departments::credit_code.eq(&row.credit_code),
            departments::region.eq(&row.region),
            departments::parent_id.eq(row.parent_id),
            departments::category.eq(&row.category),
            departments::sort.eq(row.sort),
            departments::provisional.eq(row.provisional),
        ))
        .execute(conn)?;
    Ok(())
}
