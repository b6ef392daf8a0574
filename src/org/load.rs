//! Loading the organisation from a list: workbook or CSV, as a bureau keeps it; and writing it back.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use diesel::prelude::*;
use serde::Serialize;

use crate::audit;
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::error::Result;
use crate::org::directory::{Department, Directory, Found};
use crate::org::list::{self, Line};
use crate::org::lock;
use crate::register::catalogue::Catalogue;
use crate::register::credit_code;
use crate::register::words;
use crate::sheet::workbook::Parser;
use columns::{Column, HEADERS};

mod columns;
mod store;
mod write;

pub use crate::org::list::Problem;
pub use write::{export, template};

/// What loading came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
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

/// Whether a list is taken in or only looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Says what would happen.
    Check,
    /// Does it: all of it or, when a row is wrong, nothing.
    Apply,
}

/// Loads a list, as the operator who has the database in hand.
///
/// # Errors
/// As [`take_in`].
pub fn load(
    conn: &mut Conn,
    parser: &Parser,
    catalogue: &Catalogue,
    file: &Path,
) -> Result<Loaded> {
    let operator = Viewer::operator("operator");
    take_in(conn, &operator, (parser, catalogue), file, Mode::Apply)
}

/// Loads a list; all of it or, when a row is wrong, nothing.
///
/// # Errors
/// [`crate::error::Error::Refused`]; when the file cannot be read or has no column of names; whatever the database says.
pub fn take_in(
    conn: &mut Conn,
    viewer: &Viewer,
    (parser, catalogue): (&Parser, &Catalogue),
    file: &Path,
    mode: Mode,
) -> Result<Loaded> {
    viewer.may_anywhere(Right::ManageOrganisation)?;
    let missing = "没有找到机构名录: 缺少“单位全称”列。";
    let lines = list::read(parser, file, HEADERS, &[Column::Name], missing)?;
    attempt(conn, |conn| {
        lock::organisation(conn)?;
        let mut list = List {
            directory: Directory::load(conn)?,
            catalogue,
            out: Loaded::default(),
            named: HashSet::new(),
        };
        let mut rows: Vec<(Department, &Line<Column>)> = Vec::new();
        let mut next = list.directory.next_id();
        for line in &lines {
            if let Some(row) = list.department(line, &mut next) {
                rows.push((row, line));
            }
        }
        list.link(&mut rows);
        list.one_bureau(&mut rows);
        if list.out.problems.is_empty() {
            list.store(conn, viewer, &rows)?;
        }
        let good = list.out.problems.is_empty() && mode == Mode::Apply;
        if good && list.out.new + list.out.changed > 0 {
            let told = serde_json::json!({ "new": list.out.new, "changed": list.out.changed });
            let line = audit::Event::done("load_departments", "载入机构名录").with(told);
            audit::record(conn, viewer, &line)?;
        }
        Ok((list.out, good))
    })
}

/// Runs `work` and keeps what it did only when it says so.
pub(super) fn attempt<T>(
    conn: &mut Conn,
    work: impl FnOnce(&mut Conn) -> Result<(T, bool)>,
) -> Result<T> {
    let mut answer = None;
    let done = conn.transaction::<(), diesel::result::Error, _>(|conn| {
        let outcome = work(conn);
        let keep = matches!(outcome, Ok((_, true)));
        answer = Some(outcome);
        if keep {
            Ok(())
        } else {
            Err(diesel::result::Error::RollbackTransaction)
        }
    });
    match (answer, done) {
        (Some(Ok((value, true))), Ok(())) | (Some(Ok((value, false))), Err(_)) => Ok(value),
        (Some(Err(error)), _) => Err(error),
        (_, Err(error)) => Err(error.into()),
        (_, Ok(())) => Err(diesel::result::Error::RollbackTransaction.into()),
    }
}

struct List<'l> {
    directory: Directory,
    catalogue: &'l Catalogue,
    out: Loaded,
    named: HashSet<String>,
}

impl List<'_> {
    fn problem(&mut self, line: &Line<Column>, column: Column, message: String) {
        self.out.problems.push(line.problem(column, message));
    }

    fn good<T>(&mut self, given: std::result::Result<Option<T>, Problem>) -> Option<T> {
        given.unwrap_or_else(|problem| {
            self.out.problems.push(problem);
            None
        })
    }

    /// The department of a line, matched with the one that is there by code or name.
    fn department(&mut self, line: &Line<Column>, next: &mut i64) -> Option<Department> {
        let Some(name) = line.get(Column::Name) else {
            self.problem(line, Column::Name, "缺少单位全称".to_owned());
            return None;
        };
        if !self.named.insert(words::name_key(name)) {
            let message = format!("“{name}”在名录中出现了不止一次，请合并或用全称区分");
            self.problem(line, Column::Name, message);
            return None;
        }
        let standing = self.standing(line, name)?;
        let id = standing.as_ref().map_or_else(
            || {
                *next += 1;
                *next - 1
            },
            |d| d.id,
        );
        let code = line
            .get(Column::Code)
            .map_or_else(|| format!("D{id:06}"), str::to_owned);
        let mut row = standing.unwrap_or_else(|| Department::named(id, &code, name));
        row.name = words::clean(name);
        row.name_key = words::name_key(name);
        row.provisional = false;
        self.fill(line, &mut row);
        Some(row)
    }

    /// The stored department a line means, if any; `None` when the line cannot be taken.
    fn standing(&mut self, line: &Line<Column>, name: &str) -> Option<Option<Department>> {
        let key = words::name_key(name);
        let by_code = line
            .get(Column::Code)
            .and_then(|c| self.directory.by_code(c));
        let found = match (by_code, self.directory.find(name)) {
            (Some(one), _) => Some(one),
            (None, Found::One(id)) => self.directory.get(id),
            (None, Found::Many(_) | Found::None(_)) => None,
        };
        let over = |d: &Department| d.is_over() && d.name_key == key;
        // The name of a department that ended means its heir; a list must not rename that one.
        let ended = found.is_some_and(Department::is_over) || self.directory.all().iter().any(over);
        let fresh = found.is_none_or(|d| d.name_key != key && by_code.is_none());
        if ended && (fresh || found.is_some_and(Department::is_over)) {
            let message = format!("“{name}”已经撤销或并入其他单位，请从名录中去掉这一行");
            self.problem(line, Column::Name, message);
            return None;
        }
        Some(found.cloned())
    }

    /// Takes over what the cells of a line say; what they leave open stays.
    fn fill(&mut self, line: &Line<Column>, row: &mut Department) {
        if let Some(credit) = line.get(Column::Credit).map(str::to_uppercase) {
            if !credit_code::is_valid(&credit) {
                let message =
                    format!("统一社会信用代码“{credit}”校验不通过，请核对（列请设为文本格式）");
                self.problem(line, Column::Credit, message);
            }
            row.credit_code = Some(credit);
        }
        if let Some(text) = line.get(Column::Region)
            && let Some(region) = self.region(line, text)
        {
            if row.bureau && row.region.as_ref() != Some(&region) {
                let message = format!("“{}”是原地区的数据管理部门，不能直接换地区", row.name);
                self.problem(line, Column::Region, message);
            }
            row.region = Some(region);
        }
        if let Some(category) = line.get(Column::Category) {
            row.category = Some(category.to_owned());
        }
        row.sort = line
            .get(Column::Sort)
            .and_then(|s| s.parse().ok())
            .unwrap_or_else(|| i64::from(line.row));
        let from = line.day(Column::From, "设立日期");
        row.valid_from = self.good(from).or(row.valid_from);
        let until = line.day(Column::Until, "撤销日期");
        if let Some(until) = self.good(until)
            && until < clock::today()
        {
            let message = "名录只列现有单位；撤销和合并请在“机构”中办理，以便移交其账目".to_owned();
            self.problem(line, Column::Until, message);
        }
        let bureau = line.yes(Column::Bureau, "数据管理部门");
        row.bureau = self.good(bureau).unwrap_or(row.bureau);
        if row.bureau && row.region.is_none() {
            let message = "数据管理部门须写明行政区划".to_owned();
            self.problem(line, Column::Bureau, message);
        }
    }

    fn region(&mut self, line: &Line<Column>, text: &str) -> Option<String> {
        match self.catalogue.regions().find(text).as_slice() {
            [region] => return Some(region.code.clone()),
            [] => {
                let message = format!("没有找到行政区划“{text}”，请填写代码或全称");
                self.problem(line, Column::Region, message);
            }
            _ => {
                let message = format!("行政区划“{text}”不止一个，请写明上级，如“济南市市中区”");
                self.problem(line, Column::Region, message);
            }
        }
        None
    }

    /// Parents by name or code, in the list or in the ledger; and whether that makes it a unit.
    fn link(&mut self, rows: &mut [(Department, &Line<Column>)]) {
        let listed: HashMap<String, i64> = rows
            .iter()
            .flat_map(|(d, _)| [(d.name_key.clone(), d.id), (words::name_key(&d.code), d.id)])
            .collect();
        let regions: HashMap<i64, Option<String>> =
            rows.iter().map(|(d, _)| (d.id, d.region.clone())).collect();
        for (department, line) in rows.iter_mut() {
            let former = department.parent_id;
            if let Some(text) = line.get(Column::Parent) {
                let parent = listed.get(&words::name_key(text)).copied().or_else(|| {
                    match self.directory.find(text) {
                        Found::One(id) => Some(id),
                        Found::Many(_) | Found::None(_) => None,
                    }
                });
                match parent {
                    Some(id) if id != department.id => department.parent_id = Some(id),
                    _ => self.problem(line, Column::Parent, format!("上级单位“{text}”不在名录中")),
                }
            }
            let said = line.yes(Column::Unit, "下属单位");
            let said = self.good(said);
            let above = department.parent_id.map(|id| {
                let stored = || self.directory.get(id).and_then(|d| d.region.clone());
                regions.get(&id).cloned().unwrap_or_else(stored)
            });
            department.unit = match (said, above) {
                (Some(true), None) => {
                    self.problem(line, Column::Unit, "下属单位须写明上级单位".to_owned());
                    false
                }
                (Some(said), _) => said,
                (None, None) => false,
                (None, Some(_)) if department.parent_id == former => department.unit,
                // A county's office under a city's department is the county's department, not a unit.
                (None, Some(region)) => department.region.is_none() || department.region == region,
            };
        }
        self.refuse_circles(rows);
    }

    fn refuse_circles(&mut self, rows: &[(Department, &Line<Column>)]) {
        let parents: HashMap<i64, Option<i64>> =
            rows.iter().map(|(d, _)| (d.id, d.parent_id)).collect();
        for (department, line) in rows {
            let mut at = department.parent_id;
            for _ in 0..64 {
                let Some(id) = at else { break };
                if id == department.id {
                    let message = format!("“{}”成了自己的上级，请核对上级单位", department.name);
                    self.problem(line, Column::Parent, message);
                    break;
                }
                let stored = || self.directory.get(id).and_then(|d| d.parent_id);
                at = parents.get(&id).copied().unwrap_or_else(stored);
            }
        }
    }

    /// One bureau in a region: a line that says so takes it over from the one before.
    fn one_bureau(&mut self, rows: &mut [(Department, &Line<Column>)]) {
        let mut said: HashMap<String, i64> = HashMap::new();
        for (department, line) in rows.iter().filter(|(d, _)| d.bureau) {
            let region = department.region.clone().unwrap_or_default();
            let named = line.get(Column::Bureau).is_some();
            if named && said.insert(region, department.id).is_some() {
                let message = "同一地区只能有一个数据管理部门".to_owned();
                self.problem(line, Column::Bureau, message);
            }
        }
        for (department, _) in rows.iter_mut().filter(|(d, _)| d.bureau) {
            let region = department.region.clone().unwrap_or_default();
            department.bureau = said.get(&region).is_none_or(|id| *id == department.id);
        }
    }
}
