//! The parts of a list's page: heads that order, cells that lead on, filters and what takes them back.

use super::super::address;
use super::Pairs;
use crate::ledger::as_of::Definitions;
use crate::ledger::facts::stage_of;
use crate::ledger::list::{self, Facet, Query, Row, Sort};
use crate::register::field::FieldType;
use crate::web::desk::query_string;

/// A head of the table.
pub(super) struct Head {
    pub(super) label: String,
    /// Empty when the column does not order.
    pub(super) href: String,
    /// `ascending`, `descending` or empty.
    pub(super) sorted: &'static str,
    pub(super) number: bool,
}

pub(super) struct Cell {
    pub(super) text: String,
    pub(super) href: String,
    /// How it is set: numbers to the right, dates in one line, names with room; empty for the rest.
    pub(super) class: &'static str,
}

pub(super) struct Line {
    pub(super) cells: Vec<Cell>,
    pub(super) stage: &'static str,
    pub(super) completeness: Option<i32>,
}

pub(super) struct Choice {
    pub(super) label: String,
    pub(super) count: String,
    pub(super) href: String,
    pub(super) chosen: bool,
}

pub(super) struct Filter {
    pub(super) label: String,
    pub(super) choices: Vec<Choice>,
    pub(super) open: bool,
}

pub(super) struct Chip {
    pub(super) label: String,
    pub(super) href: String,
}

pub(super) struct Column {
    pub(super) key: String,
    pub(super) label: String,
    pub(super) shown: bool,
}

pub(super) struct View {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) href: String,
    pub(super) shared: bool,
    pub(super) own: bool,
}

/// The list with these pairs instead of its own.
pub(super) struct Links<'l> {
    pub(super) register: &'l str,
    pub(super) pairs: Pairs,
}

impl Links<'_> {
    pub(super) fn to(&self, pairs: &[(String, String)]) -> String {
        let query = query_string(pairs);
        if query.is_empty() {
            format!("/registers/{}", self.register)
        } else {
            format!("/registers/{}?{query}", self.register)
        }
    }

    pub(super) fn without(&self, key: &str) -> Pairs {
        self.pairs
            .iter()
            .filter(|(k, _)| k != key)
            .cloned()
            .collect()
    }

    /// With one value of a key taken out.
    pub(super) fn less(&self, key: &str, value: &str) -> String {
        let kept = self.pairs.iter().filter(|(k, v)| k != key || v != value);
        self.to(&kept.cloned().collect::<Pairs>())
    }

    /// With one more value of a key.
    pub(super) fn more(&self, key: &str, value: &str) -> String {
        let mut pairs = self.pairs.clone();
        pairs.push((key.to_owned(), value.to_owned()));
        self.to(&pairs)
    }

    /// With this as the only value of a key.
    pub(super) fn set(&self, key: &str, value: &str) -> String {
        let mut pairs = self.without(key);
        pairs.push((key.to_owned(), value.to_owned()));
        self.to(&pairs)
    }
}

pub(super) fn heads(definitions: Definitions<'_>, query: &Query, links: &Links<'_>) -> Vec<Head> {
    let register = definitions.register;
    let head = |key: &String| {
        let field = register.field(key);
        let sort = Sort::of_field(register, key);
        let here = sort == Some(query.sort);
        let href = sort.map(|s| {
            let sign = if here && !query.down { "-" } else { "" };
            links.set("sort", &format!("{sign}{}", s.word()))
        });
        let unit = field
            .and_then(|f| f.unit.as_ref())
            .map(|u| format!("（{u}）"));
        Head {
            label: field.map_or(key.as_str(), |f| f.label.as_str()).to_owned()
                + unit.as_deref().unwrap_or_default(),
            href: href.unwrap_or_default(),
            sorted: match (here, query.down) {
                (false, _) => "",
                (true, false) => "ascending",
                (true, true) => "descending",
            },
            number: field.is_some_and(|f| is_number(f.kind)),
        }
    };
    query.columns.iter().map(head).collect()
}

fn class(kind: Option<FieldType>, is_name: bool) -> &'static str {
    match kind {
        _ if is_name => "ol-name",
        Some(FieldType::Date) => "ol-nowrap",
        Some(kind) if is_number(kind) => "ol-number",
        _ => "",
    }
}

fn is_number(kind: FieldType) -> bool {
    matches!(
        kind,
        FieldType::Integer | FieldType::Decimal | FieldType::Money
    )
}

pub(super) fn line(definitions: Definitions<'_>, query: &Query, row: &Row) -> Line {
    let register = definitions.register;
    let values = row.values.document();
    let cell = |key: &String| {
        let field = register.field(key);
        let value = values.get(key);
        let text = match (field, value) {
            (Some(f), Some(v)) => f.show(definitions.catalogue, definitions.directory, v),
            (None, Some(crate::register::value::Value::Text(t))) => t.clone(),
            _ => String::new(),
        };
        let leads = *key == register.keys.name || *key == register.keys.code;
        Cell {
            text: if text.chars().count() > 80 {
                text.chars().take(79).chain(['…']).collect()
            } else {
                text
            },
            href: if leads {
                address(&register.key, &row.code)
            } else {
                String::new()
            },
            class: class(field.map(|f| f.kind), *key == register.keys.name),
        }
    };
    Line {
        cells: query.columns.iter().map(cell).collect(),
        stage: stage_of(&row.stage).label(),
        completeness: row.completeness,
    }
}

pub(super) fn filter(facet: &Facet, links: &Links<'_>) -> Filter {
    let choice = |c: &list::Count| Choice {
        label: c.label.clone(),
        count: format!("{}{}", if c.more { "≥" } else { "" }, c.count),
        href: if c.chosen {
            links.less(&facet.key, &c.value)
        } else {
            links.more(&facet.key, &c.value)
        },
        chosen: c.chosen,
    };
    Filter {
        label: facet.label.clone(),
        open: facet.values.iter().any(|v| v.chosen),
        choices: facet.values.iter().map(choice).collect(),
    }
}

pub(super) fn chips(facets: &[Facet], links: &Links<'_>) -> Vec<Chip> {
    let mut out = Vec::new();
    for facet in facets {
        for value in facet.values.iter().filter(|v| v.chosen) {
            out.push(Chip {
                label: format!("{}: {}", facet.label, value.label),
                href: links.less(&facet.key, &value.value),
            });
        }
    }
    out
}
