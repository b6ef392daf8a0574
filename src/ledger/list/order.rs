//! What a list is ordered and searched by, as the database is asked for it.

use std::borrow::Cow;

use super::Sort;
use crate::error::{Error, Problem, Result};
use crate::ledger::search;
use crate::register::words;

/// The expression of an order; [`super::cursor`] knows what it gives.
fn expression(sort: Sort) -> &'static str {
    match sort {
        Sort::Recorded => "entries.id",
        Sort::Code => "entries.code",
        Sort::Name => "entries.name_key",
        Sort::Changed => "entries.changed_seq",
        Sort::Department => "entries.department_id",
        Sort::Stage => {
            "(CASE entries.stage WHEN 'application' THEN 0 WHEN 'build' THEN 1 WHEN 'acceptance' THEN 2 \
             WHEN 'operation' THEN 3 WHEN 'retired' THEN 4 ELSE 9 END)"
        }
        Sort::Completeness => "entries.completeness",
        Sort::Amount => "COALESCE(entries.amount, -9000000000000000000)",
        Sort::Year => "COALESCE(entries.year, -1)",
    }
}

/// The value of an order as text, for the cursor; the entry's own number needs no other.
pub(super) fn key(sort: Sort) -> Cow<'static, str> {
    match sort {
        Sort::Recorded => "''".into(),
        Sort::Code | Sort::Name => expression(sort).into(),
        _ => format!("CAST({} AS TEXT)", expression(sort)).into(),
    }
}

/// The comparison with a key, up to the key's first value.
pub(super) fn behind(sort: Sort, down: bool) -> String {
    let sign = if down { '<' } else { '>' };
    format!("({}, entries.id) {sign} (", expression(sort))
}

pub(super) fn order(sort: Sort, down: bool, indexed: bool) -> String {
    let way = if down { "DESC" } else { "ASC" };
    // What is no bare column cannot be read off an index: a few rows are to be sorted, not a register walked.
    match (sort, indexed) {
        (Sort::Recorded, true) => format!("entries.id {way}"),
        (Sort::Recorded, false) => format!("+entries.id {way}"),
        (Sort::Code, false) => format!("(entries.code || '') {way}, entries.id {way}"),
        _ => format!("{} {way}, entries.id {way}", expression(sort)),
    }
}

/// The words of a search, and the parts of names that the words alone do not make certain.
pub(super) fn sought(search: &str) -> Result<(Vec<String>, Vec<String>)> {
    let mut sought = Vec::new();
    let mut parts = Vec::new();
    for term in search.split_whitespace() {
        sought.extend(search::query_words(term));
        let key = words::name_key(term);
        let spelled = !key.is_ascii();
        if spelled && key.chars().count() > 2 {
            parts.push(format!("%{}%", escaped(&key)));
        }
    }
    if sought.is_empty() {
        return Err(Error::Invalid(vec![Problem::new(
            "search",
            "too_short",
            "至少需要两个字才能查找。",
            "请输入名称中相连的两个字、拼音首字母或编码",
        )]));
    }
    sought.sort_unstable();
    sought.dedup();
    Ok((sought, parts))
}

fn escaped(text: &str) -> String {
    text.replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_")
}
