//! Finding a department by any of its names, and the organisation as a whole in memory.
//!
//! A department is known by its code, its full name, its credit code and its aliases (short name,
//! former names, names somebody matched before). Names that are not known are never guessed.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::db::connection::Conn;
use crate::db::schema::{department_aliases, departments};
use crate::each;
use crate::error::{Error, Result};
use crate::register::value::{Fault, Names};
use crate::register::words;

/// A department.
#[derive(
    Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize, Deserialize,
)]
#[diesel(table_name = departments, treat_none_as_default_value = false)]
pub struct Department {
    /// Identity.
    pub id: i64,
    /// Code in values, files and the API; never changes.
    pub code: String,
    /// Full name.
    pub name: String,
    /// Full name in the form that is compared.
    pub name_key: String,
    /// 统一社会信用代码.
    pub credit_code: Option<String>,
    /// Region code.
    pub region: Option<String>,
    /// The department it belongs to.
    pub parent_id: Option<i64>,
    /// Kind of body.
    pub category: Option<String>,
    /// Protocol order.
    pub sort: i64,
    /// Named by an import while no organisation had been loaded.
    pub provisional: bool,
    /// The data bureau (数据管理部门) of its region; one in each.
    pub bureau: bool,
    /// A subordinate unit, which reports through the department above it.
    pub unit: bool,
    /// First day it exists; unknown when none.
    pub valid_from: Option<NaiveDate>,
    /// Last day it existed.
    pub valid_until: Option<NaiveDate>,
    /// The department that took it over.
    pub merged_into: Option<i64>,
    /// Counts its changes from 1.
    pub revision: i64,
}

impl Department {
    /// A department with a name and nothing else.
    #[must_use]
    pub fn named(id: i64, code: &str, name: &str) -> Self {
        let name = words::clean(name);
        Self {
            id,
            code: code.to_owned(),
            name_key: words::name_key(&name),
            name,
            credit_code: None,
            region: None,
            parent_id: None,
            category: None,
            sort: id,
            provisional: false,
            bureau: false,
            unit: false,
            valid_from: None,
            valid_until: None,
            merged_into: None,
            revision: 1,
        }
    }

    /// Whether it exists on a day.
    #[must_use]
    pub fn exists_on(&self, day: NaiveDate) -> bool {
        self.valid_from.is_none_or(|from| from <= day)
            && self.valid_until.is_none_or(|until| day <= until)
    }

    /// Whether it has been merged or abolished.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.valid_until.is_some() || self.merged_into.is_some()
    }
}

/// Another name of a department.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = department_aliases)]
pub struct Alias {
    /// The alias in the form that is compared.
    pub alias_key: String,
    /// Whose it is.
    pub department_id: i64,
    /// As written.
    pub alias: String,
    /// `short`, `former` or `matched`.
    pub kind: String,
}

/// What a name came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// This department, by id.
    One(i64),
    /// More than one is called so.
    Many(Vec<i64>),
    /// Nobody is called so; the most similar full names.
    None(Vec<String>),
}

/// The organisation.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    departments: Vec<Department>,
    by_id: HashMap<i64, usize>,
    by_code: HashMap<String, usize>,
    by_key: HashMap<String, Vec<i64>>,
}

impl Directory {
    /// Reads the whole organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub fn load(conn: &mut Conn) -> Result<Self> {
        let rows: Vec<Department> = departments::table
            .order((departments::sort, departments::id))
            .select(Department::as_select())
            .load(conn)?;
        let aliases: Vec<Alias> = department_aliases::table
            .select(Alias::as_select())
            .load(conn)?;
        let mut out = Self::of(rows);
        for alias in aliases {
            let id = out.heir(alias.department_id);
            out.name(alias.alias_key, id);
        }
        Ok(out)
    }

    /// The organisation of these departments, without aliases.
    #[must_use]
    pub(super) fn of(rows: Vec<Department>) -> Self {
        let mut out = Self::default();
        for row in rows {
            out.place(row);
        }
        let named: Vec<(i64, Vec<String>)> = out
            .departments
            .iter()
            .map(|d| (d.id, own_keys(d)))
            .collect();
        for (id, keys) in named {
            // What a merged department was called now means the one that took it over.
            let id = out.heir(id);
            keys.into_iter().for_each(|key| out.name(key, id));
        }
        out
    }

    /// The department itself, or the one that took it over.
    #[must_use]
    pub fn heir(&self, id: i64) -> i64 {
        let mut id = id;
        // A chain of mergers is short; a circle, made by hand, ends as well.
        for _ in 0..64 {
            match self.get(id).and_then(|d| d.merged_into) {
                Some(into) => id = into,
                None => break,
            }
        }
        id
    }

    fn place(&mut self, row: Department) {
        let index = self.departments.len();
        self.by_id.insert(row.id, index);
        self.by_code.insert(row.code.clone(), index);
        self.departments.push(row);
    }

    fn take(&mut self, row: Department) {
        let id = row.id;
        own_keys(&row)
            .into_iter()
            .for_each(|key| self.name(key, id));
        self.place(row);
    }

    fn name(&mut self, key: String, id: i64) {
        let ids = self.by_key.entry(key).or_default();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }

    /// All departments in protocol order.
    #[must_use]
    pub fn all(&self) -> &[Department] {
        &self.departments
    }

    /// A department by id.
    #[must_use]
    pub fn get(&self, id: i64) -> Option<&Department> {
        self.departments.get(*self.by_id.get(&id)?)
    }

    /// A department by its code.
    #[must_use]
    pub fn by_code(&self, code: &str) -> Option<&Department> {
        self.departments.get(*self.by_code.get(code)?)
    }

    /// Whether an organisation has been loaded; until then imports may name departments.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.departments.iter().any(|d| !d.provisional)
    }

    /// The department that a name means.
    #[must_use]
    pub fn find(&self, text: &str) -> Found {
        match self.by_key.get(&words::name_key(text)).map(Vec::as_slice) {
            Some([one]) => Found::One(*one),
            Some(many) if !many.is_empty() => Found::Many(many.to_vec()),
            _ => Found::None(self.similar(text)),
        }
    }

    /// Full names of the departments with the most similar name of any kind.
    fn similar(&self, text: &str) -> Vec<String> {
        let wanted = words::name_key(text);
        let mut best: HashMap<i64, f64> = HashMap::new();
        for (key, ids) in &self.by_key {
            let score = likeness(&wanted, key);
            for id in ids.iter().filter(|_| score > 0.5) {
                let held = best.entry(*id).or_default();
                *held = held.max(score);
            }
        }
        let mut scored: Vec<(f64, &Department)> = best
            .iter()
            .filter_map(|(id, score)| Some((*score, self.get(*id)?)))
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.sort.cmp(&b.1.sort)));
        scored.iter().take(3).map(|(_, d)| d.name.clone()).collect()
    }

    /// Adds a department that an import named, before any organisation was loaded.
    ///
    pub fn add_provisional(&mut self, id: i64, name: &str) {
        self.take(Department {
            provisional: true,
            ..Department::named(id, &format!("D{id:06}"), name)
        });
    }

    /// Takes another name of a department, in memory only.
    pub fn learn(&mut self, alias: &str, id: i64) {
        self.name(words::name_key(alias), id);
    }

    /// The next free id.
    #[must_use]
    pub fn next_id(&self) -> i64 {
        self.departments.iter().map(|d| d.id).max().unwrap_or(0) + 1
    }
}

/// The names a department's own row gives it, in the form that is compared.
fn own_keys(row: &Department) -> Vec<String> {
    let mut keys = vec![row.name_key.clone(), words::name_key(&row.code)];
    keys.extend(row.credit_code.as_deref().map(words::name_key));
    keys
}

/// 1 for equal names; a name that the other one contains counts as close (水利局 in 示例市水利局).
#[must_use]
pub fn likeness(a: &str, b: &str) -> f64 {
    let contained =
        (a.chars().count() >= 2 && b.contains(a)) || (b.chars().count() >= 2 && a.contains(b));
    let edit = strsim::normalized_levenshtein(a, b);
    if contained { edit.max(0.8) } else { edit }
}

impl Names for Directory {
    fn department(&self, code: &str) -> Option<String> {
        self.by_code(code).map(|d| d.name.clone())
    }
}

/// Stores departments that were added in memory.
///
/// # Errors
/// When the database fails.
pub fn insert(conn: &mut Conn, rows: &[Department]) -> Result<()> {
    for row in rows {
        each!(conn, c => diesel::insert_into(departments::table).values(row).execute(c))?;
    }
    Ok(())
}

/// Remembers that a department is also called so; a name it already has is left alone.
///
/// # Errors
/// When the database fails.
pub fn remember(conn: &mut Conn, department: i64, alias: &str, kind: &str) -> Result<()> {
    let row = Alias {
        alias_key: words::name_key(alias),
        department_id: department,
        alias: alias.to_owned(),
        kind: kind.to_owned(),
    };
    each!(conn, c => diesel::insert_into(department_aliases::table).values(&row).on_conflict_do_nothing().execute(c))?;
    Ok(())
}

/// The department that a person named outside a file, at the command line or in a setting.
///
/// # Errors
/// [`Error::Usage`] with candidates when it is unknown or shared.
pub fn named_department(directory: &Directory, text: &str) -> Result<i64> {
    match directory.find(text) {
        Found::One(id) => Ok(id),
        found => {
            let fault = department_fault(directory, text, &found);
            let said = format!("{} {}", fault.message, fault.suggestion);
            Err(Error::Usage(said))
        }
    }
}

/// The fault of a department name that is unknown or shared.
#[must_use]
pub fn department_fault(directory: &Directory, text: &str, found: &Found) -> Fault {
    let (code, message, names) = match found {
        Found::Many(ids) => {
            let names: Vec<String> = ids
                .iter()
                .filter_map(|id| directory.get(*id))
                .map(|d| format!("{}（{}）", d.name, d.code))
                .collect();
            (
                "ambiguous_department",
                format!("有多个单位都叫“{}”。", words::clean(text)),
                names,
            )
        }
        Found::None(similar) => (
            "unknown_department",
            format!("机构名录中没有“{}”。", words::clean(text)),
            similar.clone(),
        ),
        Found::One(_) => ("unknown_department", String::new(), Vec::new()),
    };
    let suggestion = if names.is_empty() {
        "请填写单位全称，或先把该单位加入机构名录".to_owned()
    } else {
        format!("是否为: {}？请改用全称或代码", names.join("、"))
    };
    Fault {
        code,
        message,
        suggestion,
    }
}
