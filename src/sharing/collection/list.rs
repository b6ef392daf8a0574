//! Exactly the datasets behind a number: the list that rates and counts lead to.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::refresh::{REGISTER, Row};
use super::standing::{Standing, State};
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{dataset_collection as table, entries};
use crate::db::scope;
use crate::error::Result;

/// A part of the datasets, by how they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CollectionSlice)]
#[serde(rename_all = "snake_case")]
pub enum Slice {
    /// All in the catalogue.
    #[default]
    All,
    /// Shared, with or without conditions.
    Shared,
    /// Not shared, or nothing is said.
    NotShared,
    /// Open to the public, with or without conditions.
    Opened,
    /// Not open, or nothing is said.
    NotOpened,
    /// Collected.
    Collected,
    /// Not collected, or nothing is said.
    NotCollected,
    /// Said not to be collected.
    Uncollected,
    /// Nothing is said.
    Unstated,
    /// Collected, but for those that are never late by their cycle.
    Periodic,
    /// Updated in time.
    UpToDate,
    /// Their update is late.
    Overdue,
    /// Whether they are in time is not known.
    Unknown,
    /// Never late by their cycle.
    Untimed,
}

impl Slice {
    /// All of them, as pages show them.
    pub const ALL: [Self; 14] = [
        Self::All,
        Self::Overdue,
        Self::Uncollected,
        Self::Unstated,
        Self::Unknown,
        Self::UpToDate,
        Self::Untimed,
        Self::NotCollected,
        Self::Collected,
        Self::Periodic,
        Self::Shared,
        Self::NotShared,
        Self::Opened,
        Self::NotOpened,
    ];

    /// The word in addresses and the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Shared => "shared",
            Self::NotShared => "not_shared",
            Self::Opened => "opened",
            Self::NotOpened => "not_opened",
            Self::Collected => "collected",
            Self::NotCollected => "not_collected",
            Self::Uncollected => "uncollected",
            Self::Unstated => "unstated",
            Self::Periodic => "periodic",
            Self::UpToDate => "up_to_date",
            Self::Overdue => "overdue",
            Self::Unknown => "unknown",
            Self::Untimed => "untimed",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::All => "全部在用",
            Self::Shared => "已共享（无条件、有条件）",
            Self::NotShared => "不予共享或未填",
            Self::Opened => "已开放（无条件、有条件）",
            Self::NotOpened => "不予开放或未填",
            Self::Collected => "已汇聚",
            Self::NotCollected => "未汇聚或未填报",
            Self::Uncollected => "未汇聚",
            Self::Unstated => "未填报汇聚情况",
            Self::Periodic => "已汇聚且有固定周期",
            Self::UpToDate => "更新及时",
            Self::Overdue => "更新逾期",
            Self::Unknown => "更新情况不明",
            Self::Untimed => "已汇聚、无固定周期",
        }
    }

    /// How those in it stand; none where that does not matter.
    fn standings(self) -> Option<Vec<String>> {
        let some: &[Standing] = match self {
            Self::All | Self::Shared | Self::NotShared | Self::Opened | Self::NotOpened => {
                return None;
            }
            Self::Collected => &[Standing::Timed, Standing::Undated, Standing::Untimed],
            Self::NotCollected => &[Standing::Uncollected, Standing::Unstated],
            Self::Uncollected => &[Standing::Uncollected],
            Self::Unstated => &[Standing::Unstated],
            Self::Periodic => &[Standing::Timed, Standing::Undated],
            Self::UpToDate | Self::Overdue => &[Standing::Timed],
            Self::Unknown => &[Standing::Undated],
            Self::Untimed => &[Standing::Untimed],
        };
        Some(some.iter().map(|s| s.word().to_owned()).collect())
    }
}

/// What a list is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// This part.
    pub slice: Slice,
    /// Of these departments.
    pub departments: Option<Vec<i64>>,
}

/// Where a page begins: after this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    due: Option<NaiveDate>,
    entry: i64,
}

impl Cursor {
    /// Reads what [`Cursor::to_string`](ToString) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (entry, due) = match text.split_once('_') {
            None => (text, None),
            Some((entry, due)) => {
                // Years of more digits are days that PostgreSQL does not know.
                let due: NaiveDate = due.parse().ok().filter(|_| clock::is_day(due))?;
                (entry, Some(due))
            }
        };
        Some(Self {
            due,
            entry: entry.parse().ok()?,
        })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.due {
            Some(due) => write!(f, "{}_{due}", self.entry),
            None => write!(f, "{}", self.entry),
        }
    }
}

/// A dataset in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CollectedDataset)]
pub struct Listed {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Number of the owning department.
    pub department_id: i64,
    /// How it stands today.
    pub state: State,
    /// Whether it is shared, with or without conditions.
    pub shared: bool,
    /// Whether it is open to the public, with or without conditions.
    pub opened: bool,
    /// How it is collected: a code of the list `collect_mode`; empty when nothing is said.
    pub mode: String,
    /// How often it is to be updated: a code of the list `update_cycle`; empty when nothing is said.
    pub cycle: String,
    /// Since when it is collected, as exactly as it was said; empty when nothing is said.
    pub since: String,
    /// Its last update on the platform, or at the source where the platform has said nothing.
    pub updated: Option<NaiveDate>,
    /// The last day on which the next update is in time.
    pub due_on: Option<NaiveDate>,
    /// Days since then; none unless it is late.
    pub days_late: Option<i64>,
    #[serde(skip)]
    entry: i64,
}

impl Listed {
    fn of((row, code, name, department_id): Read, today: NaiveDate) -> Self {
        let standing = Standing::from_word(&row.standing).unwrap_or(Standing::Unstated);
        let state = standing.on(row.due_on, today);
        let late = row.due_on.filter(|_| state == State::Overdue);
        Self {
            code,
            name,
            department_id,
            state,
            shared: row.shared,
            opened: row.opened,
            mode: row.mode,
            cycle: row.cycle,
            since: row.since,
            updated: row.updated_on,
            due_on: row.due_on,
            days_late: late.map(|due| (today - due).num_days()),
            entry: row.entry_id,
        }
    }

    /// Where the next page begins when this is the last of its page.
    #[must_use]
    pub fn cursor(&self, filter: &Filter) -> Cursor {
        Cursor {
            due: self.due_on.filter(|_| filter.slice == Slice::Overdue),
            entry: self.entry,
        }
    }
}

/// A row with code, name and owner of its entry.
type Read = (Row, String, String, i64);

/// A page of datasets that the viewer sees in full; those that are late, the latest first.
///
/// # Errors
/// When the database fails.
pub fn page(
    conn: &mut Conn,
    viewer: &Viewer,
    filter: &Filter,
    (after, limit): (Option<&Cursor>, usize),
    today: NaiveDate,
) -> Result<Vec<Listed>> {
    let mut query = scope::visible(viewer)
        .inner_join(table::table.on(table::entry_id.eq(entries::id)))
        .filter(entries::present.eq(true))
        .filter(entries::register.eq(REGISTER))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select((
            Row::as_select(),
            entries::code,
            entries::name,
            entries::department_id,
        ))
        .into_boxed();
    let wished = filter.departments.as_deref();
    if let Some(ids) = scope::narrowed(viewer, Right::SeeOwn, wished) {
        query = query.filter(table::department_id.eq_any(ids));
    }
    if let Some(standings) = filter.slice.standings() {
        query = query.filter(table::standing.eq_any(standings));
    }
    query = match filter.slice {
        Slice::Shared => query.filter(table::shared.eq(true)),
        Slice::NotShared => query.filter(table::shared.eq(false)),
        Slice::Opened => query.filter(table::opened.eq(true)),
        Slice::NotOpened => query.filter(table::opened.eq(false)),
        Slice::Overdue => query.filter(table::due_on.lt(today).assume_not_null()),
        Slice::UpToDate => query.filter(table::due_on.ge(today).assume_not_null()),
        _ => query,
    };
    if let Some(c) = after {
        query = match c.due.filter(|_| filter.slice == Slice::Overdue) {
            Some(due) => {
                let tie = table::due_on.eq(due).and(table::entry_id.gt(c.entry));
                query.filter(table::due_on.gt(due).or(tie).assume_not_null())
            }
            None => query.filter(table::entry_id.gt(c.entry)),
        };
    }
    let rows: Vec<Read> = if filter.slice == Slice::Overdue {
        query.order((table::due_on, table::entry_id)).load(conn)?
    } else {
        query.order(table::entry_id).load(conn)?
    };
    Ok(rows.into_iter().map(|row| Listed::of(row, today)).collect())
}
