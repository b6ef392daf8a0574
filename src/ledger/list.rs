//! A page of a register: what is asked for, in which order, cut to what the viewer sees.
//!
//! One query type serves the page, the API, saved views, counts and exports, so that they cannot disagree.
//! No filter and no order ever uses a value that the viewer does not see: such entries are left out.

mod cursor;
mod drive;
mod facets;
mod numbers;
mod order;
mod params;
mod row;

use std::collections::BTreeMap;

use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::error::Result;
use crate::ledger::as_of::Definitions;
use crate::ledger::sight;
use crate::register::field::{Register, Stage};

pub use cursor::Cursor;
pub(super) use drive::named;
pub use facets::{CAP, Count, Facet, facet_keys, facets, total};
pub use params::{Asked, RESERVED, ask};
pub use row::{Row, Values};

/// How many rows a page has when nothing is said.
pub const DEFAULT_LIMIT: usize = 50;

/// The most rows of a page.
pub const MOST: usize = 500;

/// What a list is ordered by; the entry's number decides between equals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sort {
    /// When it was first recorded.
    #[default]
    Recorded,
    /// Its code.
    Code,
    /// Its name.
    Name,
    /// The last change.
    Changed,
    /// The owning department.
    Department,
    /// The stage.
    Stage,
    /// How complete it is.
    Completeness,
    /// The amount.
    Amount,
    /// The year.
    Year,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Recorded,
        Self::Code,
        Self::Name,
        Self::Changed,
        Self::Department,
        Self::Stage,
        Self::Completeness,
        Self::Amount,
        Self::Year,
    ];

    /// The word for it in addresses and the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Code => "code",
            Self::Name => "name",
            Self::Changed => "changed",
            Self::Department => "department",
            Self::Stage => "stage",
            Self::Completeness => "completeness",
            Self::Amount => "amount",
            Self::Year => "year",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Recorded => "录入先后",
            Self::Code => "编码",
            Self::Name => "名称",
            Self::Changed => "最近变更",
            Self::Department => "部门",
            Self::Stage => "阶段",
            Self::Completeness => "完整度",
            Self::Amount => "金额",
            Self::Year => "年度",
        }
    }

    /// The order that a column stands for, if it has one.
    #[must_use]
    pub fn of_field(register: &Register, key: &str) -> Option<Self> {
        let keys = &register.keys;
        let is = |k: &Option<String>| k.as_deref() == Some(key);
        if key == keys.code {
            Some(Self::Code)
        } else if key == keys.name {
            Some(Self::Name)
        } else if is(&keys.owner) {
            Some(Self::Department)
        } else if is(&keys.status) {
            Some(Self::Stage)
        } else if is(&keys.amount) {
            Some(Self::Amount)
        } else if is(&keys.year) {
            Some(Self::Year)
        } else {
            None
        }
    }

    /// The right it takes to see what this orders by.
    fn needs(self, register: &Register) -> Option<Right> {
        let of = |key: &Option<String>| {
            let field = key.as_deref().and_then(|k| register.field(k));
            field.and_then(|f| sight::needs(register, f))
        };
        match self {
            // What is missing tells of fields that are not in the summary.
            Self::Completeness => Some(Right::SeeOwn),
            Self::Amount => of(&register.keys.amount),
            Self::Year => of(&register.keys.year),
            _ => None,
        }
    }
}

/// Which entries of a register are wanted, in which order and with which columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Words of names and codes, or pinyin initials.
    pub search: Option<String>,
    /// Canonical values by field key; any of a field's values will do, every field must fit.
    pub filters: BTreeMap<String, Vec<String>>,
    /// Only of these departments, by id; empty means of all.
    pub departments: Vec<i64>,
    /// Only entries seen in full: those of the viewer's own reach.
    pub mine: bool,
    /// Only in these stages; empty means in all.
    pub stages: Vec<Stage>,
    /// The order.
    pub sort: Sort,
    /// From the greatest down.
    pub down: bool,
    /// Keys of the columns to give.
    pub columns: Vec<String>,
}

impl Query {
    /// Everything the viewer sees, newest first, with the register's own columns.
    #[must_use]
    pub fn all(register: &Register) -> Self {
        Self {
            down: true,
            columns: listed(register),
            ..Self::default()
        }
    }

    /// Whether anything narrows it beside whose entries they are.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        self.search.is_some()
            || !self.filters.is_empty()
            || !self.departments.is_empty()
            || !self.stages.is_empty()
    }
}

/// The register's default columns.
#[must_use]
pub fn listed(register: &Register) -> Vec<String> {
    let listed = register.fields.iter().filter(|f| f.listed);
    listed.map(|f| f.key.clone()).collect()
}

/// Where in the list a page begins, and how long it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    /// From here; `None` is the first page.
    pub cursor: Option<Cursor>,
    /// Rows, at most [`MOST`].
    pub limit: usize,
}

impl Default for Paging {
    fn default() -> Self {
        Self {
            cursor: None,
            limit: DEFAULT_LIMIT,
        }
    }
}

/// A page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where the page behind it begins, if there is one.
    pub next: Option<Cursor>,
    /// Where the page before it begins, if there is one.
    pub previous: Option<Cursor>,
}

/// One page of a list.
///
/// # Errors
/// [`crate::error::Error::Invalid`] for a search that finds nothing to look for or a cursor of another order;
/// when the database fails.
pub fn page(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    query: &Query,
    paging: &Paging,
) -> Result<Page> {
    let limit = paging.limit.clamp(1, MOST);
    let from = cursor::Start::of(query, paging.cursor.as_ref())?;
    let plan = drive::Plan::of(viewer, definitions.register, query)?;
    let mut found = drive::rows(conn, &plan, &from, limit + 1)?;
    let more = found.len() > limit;
    found.truncate(limit);
    if from.backward {
        found.reverse();
    }
    let here = |row: Option<&row::Stored>, backward: bool| {
        row.map(|row| Cursor::at(query.sort, row, backward))
    };
    let (before, behind) = if from.backward {
        (more, from.key.is_some())
    } else {
        (from.key.is_some(), more)
    };
    let previous = here(found.first(), true).filter(|_| before);
    let next = here(found.last(), false).filter(|_| behind);
    let columns = row::Columns::of(definitions.register, &query.columns);
    let seen = |row| Row::seen(viewer, &columns, row);
    Ok(Page {
        rows: found.into_iter().map(seen).collect(),
        next,
        previous,
    })
}

/// How many rows of a walk are read at once.
const STRIDE: usize = 2_000;

/// Hands every entry of a list to `each`, in order, until it says stop; the rows of the pages, one after another.
///
/// # Errors
/// As [`page`], and whatever `each` says.
pub fn walk(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    query: &Query,
    mut each: impl FnMut(Row) -> Result<bool>,
) -> Result<()> {
    let plan = drive::Plan::of(viewer, definitions.register, query)?;
    let columns = row::Columns::of(definitions.register, &query.columns);
    let mut from = cursor::Start::of(query, None)?;
    loop {
        let found = drive::rows(conn, &plan, &from, STRIDE)?;
        let ended = found.len() < STRIDE;
        if let Some(last) = found.last() {
            from = cursor::Start::of(query, Some(&Cursor::at(query.sort, last, false)))?;
        }
        for row in found {
            let row = Row::seen(viewer, &columns, row);
            if !each(row)? {
                return Ok(());
            }
        }
        if ended {
            return Ok(());
        }
    }
}
