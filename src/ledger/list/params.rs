//! What is asked for as pairs of words, as addresses, the API and saved views spell it, and back.
//!
//! Every pair is checked against the register's definition, and everything wrong is said at once.

use std::collections::BTreeMap;

use super::{Cursor, DEFAULT_LIMIT, MOST, Paging, Query, Sort, listed};
use crate::auth::Viewer;
use crate::error::{Error, Problem, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::entry::stage_word;
use crate::ledger::sight;
use crate::org::directory::{Found, department_fault};
use crate::register::field::{Field, FieldType, Stage};
use crate::register::read::ColumnContext;
use crate::register::text;
use crate::register::value::{EXTRA_PREFIX, Reading, Value};
use crate::register::words;
use crate::sheet::cell::Cell;

/// Names of parameters that are not filters.
pub const RESERVED: [&str; 8] = [
    "search",
    "sort",
    "cursor",
    "limit",
    "mine",
    "department",
    "stage",
    "fields",
];

/// The longest search.
const SEARCH_CHARS: usize = 100;

/// A query and the page of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Which entries.
    pub query: Query,
    /// Which page.
    pub paging: Paging,
}

/// Reads what is asked for; a key may be there several times.
///
/// `mine=true`, `department` (name or code), `stage` (word or label), `search`, `sort` (a word of
/// [`Sort`] or the key of a column that orders; `-` before it for downwards), `fields` (keys joined by commas, or
/// `all`), `cursor`, `limit`; any other key is the key of a field to filter by.
///
/// # Errors
/// [`Error::Invalid`] with every pair that is wrong.
pub fn ask<K: AsRef<str>, V: AsRef<str>>(
    viewer: &Viewer,
    definitions: Definitions<'_>,
    pairs: impl IntoIterator<Item = (K, V)>,
) -> Result<Asked> {
    let mut reader = Reader {
        viewer,
        definitions,
        asked: Asked::default(),
        ordered: false,
        problems: Vec::new(),
    };
    for (key, value) in pairs {
        let (key, value) = (key.as_ref(), value.as_ref());
        if value.is_empty() {
            continue;
        }
        if let Err(problem) = reader.take(key, value) {
            reader.problems.push(problem);
        }
    }
    reader.finish()
}

struct Reader<'r> {
    viewer: &'r Viewer,
    definitions: Definitions<'r>,
    asked: Asked,
    ordered: bool,
    problems: Vec<Problem>,
}

type Taken = std::result::Result<(), Problem>;

impl Reader<'_> {
    fn take(&mut self, key: &str, value: &str) -> Taken {
        if let Err(fault) = text::check(key, value) {
            return Err(Problem::new(
                key,
                fault.code,
                &fault.message,
                &fault.suggestion,
            ));
        }
        match key {
            "search" => self.search(value),
            "sort" => self.sort(value),
            "cursor" => {
                let read = Cursor::read(value);
                let cursor = read.map_err(|_| {
                    Problem::new(
                        key,
                        "invalid_cursor",
                        "翻页位置无效。",
                        "请从第一页重新开始",
                    )
                })?;
                self.asked.paging.cursor = Some(cursor);
                Ok(())
            }
            "limit" => self.limit(value),
            "mine" => {
                self.asked.query.mine = match value {
                    "true" | "1" | "on" => true,
                    "false" | "0" => false,
                    _ => {
                        return Err(Problem::new(
                            key,
                            "not_a_boolean",
                            "mine 只能是 true 或 false。",
                            "",
                        ));
                    }
                };
                Ok(())
            }
            "department" => self.department(key, value),
            "stage" => self.stage(value),
            "fields" => self.fields(value),
            _ => self.filter(key, value),
        }
    }

    fn search(&mut self, value: &str) -> Taken {
        if value.chars().count() > SEARCH_CHARS {
            let message = format!("查找的内容超过 {SEARCH_CHARS} 个字。");
            return Err(Problem::new("search", "too_long", &message, "请缩短"));
        }
        let value = words::clean(value);
        self.asked.query.search = (!value.is_empty()).then_some(value);
        Ok(())
    }

    fn sort(&mut self, value: &str) -> Taken {
        let (down, word) = match value.strip_prefix('-') {
            Some(word) => (true, word),
            None => (false, value),
        };
        let register = self.definitions.register;
        let sort = Sort::ALL.into_iter().find(|s| s.word() == word);
        let sort = sort
            .or_else(|| Sort::of_field(register, word))
            .ok_or_else(|| {
                let known: Vec<&str> = Sort::ALL.iter().map(|s| s.word()).collect();
                Problem::new(
                    "sort",
                    "unknown_sort",
                    &format!("不能按“{word}”排序。"),
                    &format!("可用: {}", known.join("、")),
                )
            })?;
        self.ordered = true;
        self.asked.query.sort = sort;
        self.asked.query.down = down;
        Ok(())
    }

    fn limit(&mut self, value: &str) -> Taken {
        let limit = value.parse().ok().filter(|n| (1..=MOST).contains(n));
        self.asked.paging.limit = limit.ok_or_else(|| {
            let message = format!("limit 应为 1 到 {MOST} 的整数。");
            Problem::new("limit", "out_of_range", &message, "")
        })?;
        Ok(())
    }

    fn department(&mut self, key: &str, value: &str) -> Taken {
        let directory = self.definitions.directory;
        match directory.find(value) {
            Found::One(id) => {
                if !self.asked.query.departments.contains(&id) {
                    self.asked.query.departments.push(id);
                }
                Ok(())
            }
            found => {
                let fault = department_fault(directory, value, &found);
                Err(Problem::new(
                    key,
                    fault.code,
                    &fault.message,
                    &fault.suggestion,
                ))
            }
        }
    }

    fn stage(&mut self, value: &str) -> Taken {
        let is = |s: &Stage| stage_word(*s) == value || s.label() == value;
        let stage = Stage::ALL.into_iter().find(is).ok_or_else(|| {
            let known = Stage::ALL.map(|s| format!("{}（{}）", stage_word(s), s.label()));
            let suggestion = format!("可用: {}", known.join("、"));
            let message = format!("没有阶段“{value}”。");
            Problem::new("stage", "unknown_stage", &message, &suggestion)
        })?;
        if !self.asked.query.stages.contains(&stage) {
            self.asked.query.stages.push(stage);
        }
        Ok(())
    }

    fn fields(&mut self, value: &str) -> Taken {
        let register = self.definitions.register;
        let known: Vec<&str> = sight::fields(self.viewer, register)
            .map(|f| f.key.as_str())
            .collect();
        let mut columns = std::mem::take(&mut self.asked.query.columns);
        for key in value.split(',').map(str::trim).filter(|k| !k.is_empty()) {
            if key == "all" {
                columns = known.iter().map(|k| (*k).to_owned()).collect();
            } else if known.contains(&key) || key.starts_with(EXTRA_PREFIX) {
                if !columns.iter().any(|c| c == key) {
                    columns.push(key.to_owned());
                }
            } else {
                let message = format!("{}没有字段“{key}”，或您无权查看。", register.label);
                return Err(Problem::new("fields", "unknown_field", &message, ""));
            }
        }
        self.asked.query.columns = columns;
        Ok(())
    }

    fn filter(&mut self, key: &str, value: &str) -> Taken {
        let register = self.definitions.register;
        if register.keys.owner.as_deref() == Some(key) {
            return self.department(key, value);
        }
        let field = register.field(key).filter(|f| f.filter).ok_or_else(|| {
            let known = register.fields.iter().filter(|f| f.filter);
            let known: Vec<&str> = known.map(|f| f.key.as_str()).collect();
            Problem::new(
                key,
                "unknown_filter",
                &format!("{}不能按“{key}”筛选。", register.label),
                &format!("可用: {}", known.join("、")),
            )
        })?;
        let canonical = canonical(self.definitions, field, value)?;
        let values = self.asked.query.filters.entry(key.to_owned()).or_default();
        if !values.contains(&canonical) {
            values.push(canonical);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Asked> {
        if !self.problems.is_empty() {
            return Err(Error::Invalid(self.problems));
        }
        let query = &mut self.asked.query;
        if !self.ordered {
            query.down = true;
        }
        if query.columns.is_empty() {
            query.columns = listed(self.definitions.register);
        }
        query.departments.sort_unstable();
        if self.asked.paging.limit == 0 {
            self.asked.paging.limit = DEFAULT_LIMIT;
        }
        Ok(self.asked)
    }
}

/// The value to filter by, read as the field reads cells.
fn canonical(
    definitions: Definitions<'_>,
    field: &Field,
    value: &str,
) -> std::result::Result<String, Problem> {
    let problem = |code: &str, message: &str, suggestion: &str| {
        Problem::new(&field.key, code, message, suggestion)
    };
    if field.kind == FieldType::Department {
        let directory = definitions.directory;
        return match directory.find(value) {
            Found::One(id) => Ok(directory
                .get(id)
                .map(|d| d.code.clone())
                .unwrap_or_default()),
            found => {
                let fault = department_fault(directory, value, &found);
                Err(problem(fault.code, &fault.message, &fault.suggestion))
            }
        };
    }
    let cell = Cell::Text(value.to_owned());
    match field.read(definitions.catalogue, &cell, &ColumnContext::default()) {
        Reading::Value(Value::Text(text), _) if field.kind == FieldType::Date => {
            Ok(text.chars().take(4).collect())
        }
        Reading::Value(Value::Text(text), _) => Ok(text),
        Reading::Value(Value::Bool(b), _) => Ok(b.to_string()),
        Reading::Value(Value::Integer(n), _) => Ok(n.to_string()),
        Reading::Value(Value::List(list), _) => match list.as_slice() {
            [one] => Ok(one.clone()),
            _ => Err(problem(
                "several_values",
                "一次请只写一个值。",
                "多个值请重复写该参数",
            )),
        },
        Reading::Fault(fault) => Err(problem(fault.code, &fault.message, &fault.suggestion)),
        Reading::Blank(_) | Reading::Clear => Err(problem(
            "empty_value",
            &format!("“{}”没有写明要找的值。", field.label),
            "",
        )),
    }
}

impl Asked {
    /// The pairs that ask for the same again, without the place in the list.
    #[must_use]
    pub fn pairs(&self, definitions: Definitions<'_>) -> Vec<(String, String)> {
        let mut out = self.query.pairs(definitions);
        if self.paging.limit != DEFAULT_LIMIT {
            out.push(("limit".to_owned(), self.paging.limit.to_string()));
        }
        out
    }
}

impl Query {
    /// The pairs that ask for this.
    #[must_use]
    pub fn pairs(&self, definitions: Definitions<'_>) -> Vec<(String, String)> {
        let mut out: Vec<(String, String)> = Vec::new();
        let mut add = |key: &str, value: String| out.push((key.to_owned(), value));
        if let Some(search) = &self.search {
            add("search", search.clone());
        }
        if self.mine {
            add("mine", "true".to_owned());
        }
        let owner = definitions.register.keys.owner.as_deref();
        for id in &self.departments {
            if let Some(department) = definitions.directory.get(*id) {
                add(owner.unwrap_or("department"), department.code.clone());
            }
        }
        for stage in &self.stages {
            add("stage", stage_word(*stage).to_owned());
        }
        let filters: &BTreeMap<String, Vec<String>> = &self.filters;
        for (key, values) in filters {
            for value in values {
                add(key, value.clone());
            }
        }
        if (self.sort, self.down) != (Sort::Recorded, true) {
            let sign = if self.down { "-" } else { "" };
            add("sort", format!("{sign}{}", self.sort.word()));
        }
        if self.columns != listed(definitions.register) {
            add("fields", self.columns.join(","));
        }
        out
    }
}
