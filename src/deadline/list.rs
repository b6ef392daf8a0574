//! The list of what falls due, within what the viewer sees in full.

use std::collections::HashSet;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::refresh::Row;
use super::rules::{rule, rules};
use crate::auth::{Reach, Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::{deadlines, entries};
use crate::db::scope;
use crate::error::Result;
use crate::register::catalogue::Catalogue;

/// How something that falls due stands on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DeadlineState)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Past its last day and not done.
    Overdue,
    /// To be dealt with soon.
    Soon,
    /// Later.
    Upcoming,
    /// Done in time, as far as is known.
    Done,
    /// Done after its last day.
    DoneLate,
}

impl State {
    /// All of them, as pages show them.
    pub const ALL: [Self; 5] = [
        Self::Overdue,
        Self::Soon,
        Self::Upcoming,
        Self::Done,
        Self::DoneLate,
    ];

    /// The word in addresses and the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Soon => "soon",
            Self::Upcoming => "upcoming",
            Self::Done => "done",
            Self::DoneLate => "done_late",
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
            Self::Overdue => "已逾期",
            Self::Soon => "临近到期",
            Self::Upcoming => "未到期",
            Self::Done => "已办结",
            Self::DoneLate => "逾期办结",
        }
    }

    fn of(row: &Row, today: NaiveDate) -> Self {
        match (row.done, row.late) {
            (true, true) => Self::DoneLate,
            (true, false) => Self::Done,
            _ if row.due_on < today => Self::Overdue,
            _ if row.warn_on <= today => Self::Soon,
            _ => Self::Upcoming,
        }
    }
}

/// What a list is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// In this state; all that is not done when none.
    pub state: Option<State>,
    /// Of this register.
    pub register: Option<String>,
    /// By this rule.
    pub rule: Option<String>,
    /// Of these departments.
    pub departments: Option<Vec<i64>>,
    /// Of this entry.
    pub entry: Option<i64>,
}

/// Where a page begins: after this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    due: NaiveDate,
    entry: i64,
    rule: String,
}

impl Cursor {
    /// Reads what [`Cursor::to_string`](ToString) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '_');
        // Years of four digits: no other is known to every database.
        let due = parts.next().filter(|day| day.len() == 10)?;
        Some(Self {
            due: NaiveDate::parse_from_str(due, "%Y-%m-%d").ok()?,
            entry: parts.next()?.parse().ok()?,
            rule: parts.next()?.to_owned(),
        })
    }

    /// The place of the last one of the page before, in the order of due dates.
    #[must_use]
    pub fn place(&self) -> (NaiveDate, i64) {
        (self.due, self.entry)
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}_{}", self.due, self.entry, self.rule)
    }
}

/// Something that falls due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Deadline)]
pub struct Listed {
    /// Register key; empty for a clock of a share request.
    pub register: String,
    /// Code of the entry, or what people call the request.
    pub code: String,
    /// Its name; of a request, the dataset's.
    pub name: String,
    /// Number of the department whose move it is: the owning one, or the provider.
    pub department_id: i64,
    /// Key of the rule.
    pub rule: String,
    /// What has to be done.
    pub label: String,
    /// Number of the time limit; empty where a field is the due date itself.
    pub limit_id: String,
    /// The event it counts from.
    pub start_on: Option<NaiveDate>,
    /// The first day on which it may be done.
    pub opens_on: Option<NaiveDate>,
    /// The last day in time.
    pub due_on: NaiveDate,
    /// The due date may move: it reaches a year whose holidays are not published.
    pub provisional: bool,
    /// How it stands today.
    pub state: State,
    /// Days to the due date; negative when it is past. None once it is done.
    pub days_left: Option<i64>,
    /// When it was done, where a date says so.
    pub done_on: Option<NaiveDate>,
    /// How many steps of the ladder of reminders were taken.
    pub level: i32,
    /// Number of the share request, for one of its clocks; none for what falls due on an entry.
    pub request: Option<i64>,
    /// Number of the entry; of a clock its own, below zero.
    #[serde(skip)]
    pub entry: i64,
}

impl Listed {
    /// Its place in the order of due dates.
    #[must_use]
    pub fn place(&self) -> (NaiveDate, i64) {
        (self.due_on, self.entry)
    }

    /// Where the next page begins when this is the last of its page.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor {
            due: self.due_on,
            entry: self.entry,
            rule: self.rule.clone(),
        }
    }
}

/// What falls due, the most urgent first; what is done, the latest first.
///
/// # Errors
/// When the database fails.
pub fn page(
    conn: &mut Conn,
    (viewer, catalogue): (&Viewer, &Catalogue),
    filter: &Filter,
    (after, limit): (Option<&Cursor>, usize),
    today: NaiveDate,
) -> Result<Vec<Listed>> {
    let done = matches!(filter.state, Some(State::Done | State::DoneLate));
    let mut query = scope::visible(viewer)
        .inner_join(deadlines::table.on(deadlines::entry_id.eq(entries::id)))
        .filter(entries::present.eq(true))
        .filter(deadlines::done.eq(done))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select((
            Row::as_select(),
            entries::register,
            entries::code,
            entries::name,
            entries::department_id,
        ))
        .into_boxed();
    let wished = filter.departments.as_deref();
    if let Some(ids) = scope::narrowed(viewer, Right::SeeOwn, wished) {
        query = query.filter(deadlines::department_id.eq_any(ids.clone()));
        query = query.filter(entries::department_id.eq_any(ids));
    }
    let lapsed = deadlines::lapse_on.lt(today).assume_not_null();
    query = match filter.state {
        Some(State::Overdue) => query
            .filter(deadlines::due_on.lt(today))
            .filter(deadlines::lapse_on.is_null().or(diesel::dsl::not(lapsed))),
        Some(State::Soon) => query
            .filter(deadlines::due_on.ge(today))
            .filter(deadlines::warn_on.le(today)),
        Some(State::Upcoming) => query.filter(deadlines::warn_on.gt(today)),
        Some(State::Done) => query.filter(deadlines::late.eq(false)),
        Some(State::DoneLate) => query.filter(deadlines::late.eq(true)),
        None => query.filter(deadlines::lapse_on.is_null().or(diesel::dsl::not(lapsed))),
    };
    if let Some(register) = &filter.register {
        query = query.filter(entries::register.eq(register.clone()));
    }
    if let Some(rule) = &filter.rule {
        query = query.filter(deadlines::rule.eq(rule.clone()));
    }
    if let Some(entry) = filter.entry {
        query = query.filter(entries::id.eq(entry));
    }
    // What tells of security detail is for those who see that.
    if let Reach::Departments(ids) = viewer.reach(Right::SeeSecurity) {
        let secret: Vec<String> = rules()
            .iter()
            .filter(|r| r.is_secret(catalogue))
            .map(|r| r.key.clone())
            .collect();
        let seen = entries::department_id.eq_any(ids.clone());
        query = query.filter(deadlines::rule.ne_all(secret).or(seen));
    }
    let (due, entry, key) = (deadlines::due_on, deadlines::entry_id, deadlines::rule);
    if let Some(c) = after {
        let tie = entry.eq(c.entry).and(key.gt(c.rule.clone()));
        query = if done {
            let later = due.eq(c.due).and(entry.gt(c.entry).or(tie));
            query.filter(due.lt(c.due).or(later))
        } else {
            let later = due.eq(c.due).and(entry.gt(c.entry).or(tie));
            query.filter(due.gt(c.due).or(later))
        };
    }
    query = if done {
        query.order((due.desc(), entry.asc(), key.asc()))
    } else {
        query.order((due.asc(), entry.asc(), key.asc()))
    };
    let rows: Vec<(Row, String, String, String, i64)> = query.load(conn)?;
    Ok(rows.into_iter().map(|row| listed(row, today)).collect())
}

fn listed(
    (row, register, code, name, department_id): (Row, String, String, String, i64),
    today: NaiveDate,
) -> Listed {
    let state = State::of(&row, today);
    Listed {
        register,
        code,
        name,
        department_id,
        label: rule(&row.rule).map_or_else(String::new, |r| r.label.clone()),
        state,
        days_left: (!row.done).then(|| (row.due_on - today).num_days()),
        rule: row.rule,
        limit_id: row.limit_id,
        start_on: row.start_on,
        opens_on: row.opens_on,
        due_on: row.due_on,
        provisional: row.provisional && !row.done,
        done_on: row.done_on,
        level: row.level,
        request: None,
        entry: row.entry_id,
    }
}

/// The most entries that are counted as overdue.
const COUNTED: usize = 10_000;

/// Entries of a register, by number, of which something is overdue, as far as the viewer sees it.
///
/// # Errors
/// When the database fails.
pub fn overdue(
    conn: &mut Conn,
    who: (&Viewer, &Catalogue),
    register: &str,
    today: NaiveDate,
) -> Result<HashSet<i64>> {
    let filter = Filter {
        state: Some(State::Overdue),
        register: Some(register.to_owned()),
        ..Filter::default()
    };
    let found = page(conn, who, &filter, (None, COUNTED), today)?;
    Ok(found.into_iter().map(|l| l.entry).collect())
}

/// How many there are, counted up to `most` and one more.
///
/// # Errors
/// When the database fails.
pub fn count(
    conn: &mut Conn,
    who: (&Viewer, &Catalogue),
    filter: &Filter,
    most: usize,
    today: NaiveDate,
) -> Result<usize> {
    Ok(page(conn, who, filter, (None, most + 1), today)?.len())
}
