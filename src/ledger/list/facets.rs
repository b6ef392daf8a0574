//! How many entries each value of a filter would leave, under everything else that is asked for.
//!
//! Few entries are read and counted. Of many, each value is counted by its own words, up to [`CAP`]: nobody reads
//! the difference between 41,207 and 41,209, and everybody waits for it.

use std::collections::BTreeMap;

use super::cursor::Start;
use super::row::Stored;
use super::{Query, drive};
use crate::auth::{Sight, Viewer};
use crate::db::connection::Conn;
use crate::error::Result;
use crate::ledger::as_of::Definitions;
use crate::ledger::entry::{self, stage_word};
use crate::ledger::{search, sight};
use crate::register::field::{Field, FieldType, Stage};
use crate::register::value::{Document, Names};

/// Counts go no further than this.
pub const CAP: usize = 500;

/// Up to this many entries are read to be counted.
const SAMPLE: usize = drive::SMALL;

/// How many are read when there are more.
const GLANCE: usize = 1_000;

/// How many values of an open-ended filter are offered.
const OFFERED: usize = 40;

/// One value of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// As the parameter spells it.
    pub value: String,
    /// As people read it.
    pub label: String,
    /// How many entries have it.
    pub count: usize,
    /// There are more than were counted.
    pub more: bool,
    /// It is asked for.
    pub chosen: bool,
}

/// One filter with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// Name of the parameter.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// The values that occur, the most frequent first (stages and lists in their own order).
    pub values: Vec<Count>,
}

/// The filters that a register offers this viewer, by parameter.
#[must_use]
pub fn facet_keys(viewer: &Viewer, definitions: Definitions<'_>) -> Vec<String> {
    let offered = |f: &&Field| f.filter && f.kind != FieldType::Reference;
    let fields = sight::fields(viewer, definitions.register).filter(offered);
    std::iter::once(search::STAGE.to_owned())
        .chain(fields.map(|f| f.key.clone()))
        .collect()
}

/// How many entries a query finds, counted up to [`CAP`]; and whether there are more.
///
/// # Errors
/// As [`super::page`].
pub fn total(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    query: &Query,
) -> Result<(usize, bool)> {
    let plan = drive::Plan::of(viewer, definitions.register, query)?;
    let found = drive::ids(conn, &plan, CAP + 1)?.len();
    Ok((found.min(CAP), found > CAP))
}

/// The values of these filters with their counts; each filter leaves itself out of account.
///
/// # Errors
/// As [`super::page`].
pub fn facets(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    query: &Query,
    keys: &[String],
) -> Result<Vec<Facet>> {
    let mut out = Vec::with_capacity(keys.len());
    // Filters that are not set all leave out nothing: they share one reading.
    let mut shared: Option<Sample> = None;
    for key in keys {
        let Some(counter) = Counter::of(viewer, definitions, query, key) else {
            continue;
        };
        let values = if counter.rest == *query {
            let rows = match shared.take() {
                Some(rows) => rows,
                None => sample(conn, viewer, definitions, query)?,
            };
            let values = counter.values(conn, &rows)?;
            shared = Some(rows);
            values
        } else {
            let rows = sample(conn, viewer, definitions, &counter.rest)?;
            counter.values(conn, &rows)?
        };
        out.push(Facet {
            key: key.clone(),
            label: counter.label().to_owned(),
            values,
        });
    }
    Ok(out)
}

fn sample(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    query: &Query,
) -> Result<Sample> {
    let plain = Query {
        sort: super::Sort::Recorded,
        ..query.clone()
    };
    let plan = drive::Plan::of(viewer, definitions.register, &plain)?;
    let from = Start {
        key: None,
        backward: false,
    };
    let mut rows = drive::rows(conn, &plan, &from, GLANCE + 1)?;
    let mut whole = rows.len() <= GLANCE;
    if !whole && drive::ids(conn, &plan, SAMPLE + 1)?.len() <= SAMPLE {
        rows = drive::rows(conn, &plan, &from, SAMPLE)?;
        whole = true;
    }
    let filtered = |key: &str| definitions.register.field(key).is_some_and(|f| f.filter);
    let read = |row: Stored| Read {
        document: entry::pick(&row.attributes, filtered),
        sight: viewer.sight(&row),
        department: row.department_id,
        stage: row.stage,
    };
    Ok(Sample {
        read: rows.into_iter().map(read).collect(),
        whole,
    })
}

/// Entries read to be counted: all that there are, or some that show which values occur.
struct Sample {
    read: Vec<Read>,
    whole: bool,
}

/// What counting needs of an entry.
struct Read {
    document: Document,
    sight: Sight,
    department: i64,
    stage: String,
}

/// One filter being counted.
struct Counter<'c> {
    viewer: &'c Viewer,
    definitions: Definitions<'c>,
    /// The query without this filter.
    rest: Query,
    key: &'c str,
    /// The field; none for stages.
    field: Option<&'c Field>,
    chosen: Vec<String>,
}

impl<'c> Counter<'c> {
    fn of(
        viewer: &'c Viewer,
        definitions: Definitions<'c>,
        query: &Query,
        key: &'c str,
    ) -> Option<Self> {
        let register = definitions.register;
        let mut rest = query.clone();
        let field = register.field(key).filter(|f| f.filter);
        let chosen = if key == search::STAGE && field.is_none() {
            let stages = std::mem::take(&mut rest.stages);
            stages
                .into_iter()
                .map(|s| stage_word(s).to_owned())
                .collect()
        } else if register.keys.owner.as_deref() == Some(key) {
            let ids = std::mem::take(&mut rest.departments);
            let code = |id: i64| definitions.directory.get(id).map(|d| d.code.clone());
            ids.into_iter().filter_map(code).collect()
        } else {
            field?;
            rest.filters.remove(key).unwrap_or_default()
        };
        Some(Self {
            viewer,
            definitions,
            rest,
            key,
            field,
            chosen,
        })
    }

    fn label(&self) -> &str {
        self.field.map_or("阶段", |f| f.label.as_str())
    }

    fn values(&self, conn: &mut Conn, sample: &Sample) -> Result<Vec<Count>> {
        let few = sample.whole;
        let seen = self.seen(&sample.read);
        let mut out = Vec::new();
        for value in self.offered(&seen) {
            let (count, more) = if few {
                (seen.get(&value).copied().unwrap_or(0), false)
            } else {
                total(conn, self.viewer, self.definitions, &self.with(&value))?
            };
            let chosen = self.chosen.contains(&value);
            if count > 0 || chosen {
                out.push(Count {
                    label: self.shown(&value),
                    value,
                    count,
                    more,
                    chosen,
                });
            }
        }
        if !self.has_order() {
            out.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
        }
        Ok(out)
    }

    /// How often each value occurs among these rows, as far as it is seen.
    fn seen(&self, rows: &[Read]) -> BTreeMap<String, usize> {
        let mut out = BTreeMap::new();
        for row in rows {
            for value in self.of_row(row) {
                *out.entry(value).or_default() += 1;
            }
        }
        out
    }

    fn of_row(&self, row: &Read) -> Vec<String> {
        let register = self.definitions.register;
        let Some(field) = self.field else {
            return vec![row.stage.clone()];
        };
        if register.keys.owner.as_deref() == Some(self.key) {
            let department = self.definitions.directory.get(row.department);
            return department.map(|d| d.code.clone()).into_iter().collect();
        }
        if !sight::shows(register, field, row.sight) {
            return Vec::new();
        }
        let value = row.document.get(self.key);
        value.map_or_else(Vec::new, |v| search::filter_values(field, v))
    }

    /// Values worth counting: those of the list, else those that occur.
    fn offered(&self, seen: &BTreeMap<String, usize>) -> Vec<String> {
        let Some(field) = self.field else {
            return Stage::ALL.map(|s| stage_word(s).to_owned()).into();
        };
        let catalogue = self.definitions.catalogue;
        let list = field.list.as_deref().and_then(|key| catalogue.list(key));
        let mut out: Vec<String> = match (field.kind, list) {
            (FieldType::Bool, _) => vec!["true".to_owned(), "false".to_owned()],
            (_, Some(list)) => list.items.iter().map(|i| i.code.clone()).collect(),
            _ => {
                let mut open: Vec<(&String, usize)> = seen.iter().map(|(v, n)| (v, *n)).collect();
                open.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
                open.into_iter()
                    .take(OFFERED)
                    .map(|(v, _)| v.clone())
                    .collect()
            }
        };
        out.extend(
            self.chosen
                .iter()
                .filter(|c| !out.contains(c))
                .cloned()
                .collect::<Vec<_>>(),
        );
        out
    }

    fn has_order(&self) -> bool {
        self.field
            .is_none_or(|f| f.list.is_some() || f.kind == FieldType::Bool)
    }

    /// The query that has this value and no other of the filter.
    fn with(&self, value: &str) -> Query {
        let mut query = self.rest.clone();
        let register = self.definitions.register;
        if self.field.is_none() {
            let is = |s: &Stage| stage_word(*s) == value;
            query.stages = Stage::ALL.into_iter().filter(is).collect();
        } else if register.keys.owner.as_deref() == Some(self.key) {
            let department = self.definitions.directory.by_code(value);
            query.departments = department.map(|d| d.id).into_iter().collect();
        } else {
            query
                .filters
                .insert(self.key.to_owned(), vec![value.to_owned()]);
        }
        query
    }

    fn shown(&self, value: &str) -> String {
        let Some(field) = self.field else {
            let is = |s: &Stage| stage_word(*s) == value;
            let stage = Stage::ALL.into_iter().find(is);
            return stage.map_or_else(|| value.to_owned(), |s| s.label().to_owned());
        };
        match field.kind {
            FieldType::Bool if value == "true" => "是".to_owned(),
            FieldType::Bool => "否".to_owned(),
            FieldType::Department => {
                let name = self.definitions.directory.department(value);
                name.unwrap_or_else(|| value.to_owned())
            }
            _ => {
                let value = crate::register::value::Value::Text(value.to_owned());
                field.show(
                    self.definitions.catalogue,
                    self.definitions.directory,
                    &value,
                )
            }
        }
    }
}
