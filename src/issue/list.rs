//! Issues by whose they are and when they are due.

mod board;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::Issue;
use super::steps::State;
use crate::auth::{Reach, Right, Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::fragment::Fragment;
use crate::db::schema::issues;
use crate::error::{Error, Problem, Result};

pub use board::{Line, board};

/// Which part of the desk is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Whose move is the viewer's.
    Mine,
    /// Raised by the viewer's departments, while the move is another's.
    Owed,
    /// At the rung of the viewer's bureau.
    Rung,
    /// Not closed.
    #[default]
    Open,
    /// Not closed, and the day is past.
    Overdue,
    /// Closed or taken back.
    Ended,
    /// All of them.
    All,
}

impl View {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Mine,
        Self::Owed,
        Self::Rung,
        Self::Open,
        Self::Overdue,
        Self::Ended,
        Self::All,
    ];

    /// The word in addresses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::Owed => "owed",
            Self::Rung => "rung",
            Self::Open => "open",
            Self::Overdue => "overdue",
            Self::Ended => "ended",
            Self::All => "all",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|v| v.word() == word)
    }

    /// What people read.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Mine => "待我推进",
            Self::Owed => "对方欠我",
            Self::Rung => "本级协调",
            Self::Open => "未办结",
            Self::Overdue => "已逾期",
            Self::Ended => "已结束",
            Self::All => "全部",
        }
    }

    /// Whether the most urgent come first; otherwise the newest.
    fn by_day(self) -> bool {
        !matches!(self, Self::Ended | Self::All)
    }
}

/// What is wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Which part.
    pub view: View,
    /// Of this kind.
    pub kind: Option<String>,
    /// In this state.
    pub state: Option<State>,
    /// At this rung.
    pub rung: Option<i32>,
    /// Raised or owed by one of these.
    pub departments: Option<Vec<i64>>,
    /// About this entry.
    pub entry: Option<i64>,
    /// With this in its title, or this number.
    pub search: String,
}

/// A page of issues.
#[derive(Clone, Debug)]
pub struct Page {
    /// The most urgent first; of what has ended, the newest.
    pub rows: Vec<Issue>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

fn among(column: &'static str, reach: &Reach) -> Fragment<Bool> {
    match reach {
        Reach::Everything => Fragment::sql("TRUE"),
        Reach::Departments(ids) => Fragment::sql(column).then(" IN ").numbers(ids),
    }
}

/// The condition that the viewer sees an issue; the same as [`super::sees`].
pub(super) fn seen(viewer: &Viewer) -> Fragment<Bool> {
    let own = viewer.reach(Right::SeeOwn);
    let rung = viewer.reach(Right::CoordinateSharing);
    Fragment::sql("(COALESCE(")
        .append(among("issues.raised_by", own))
        .then(", FALSE) OR COALESCE(")
        .append(among("issues.owed_by", own))
        .then(", FALSE) OR (issues.handler_id IS NOT NULL AND COALESCE(")
        .append(among("issues.handler_id", rung))
        .then(", FALSE)))")
}

/// The departments whose own business the viewer does, the liaison included.
fn business(viewer: &Viewer) -> Reach {
    let moves = viewer.reach(Right::HandleIssue);
    let mut ids: Vec<i64> = match moves {
        Reach::Everything => return Reach::Everything,
        Reach::Departments(ids) => ids.clone(),
    };
    let held = viewer.roles().iter();
    ids.extend(held.filter_map(|(role, at)| (*role == Role::Liaison).then_some(*at).flatten()));
    ids.sort_unstable();
    ids.dedup();
    Reach::Departments(ids)
}

/// Whose move is the viewer's.
fn mine(viewer: &Viewer) -> Fragment<Bool> {
    let moves = viewer.reach(Right::HandleIssue);
    Fragment::sql("((issues.turn = 'owed' AND ")
        .append(among("issues.owed_by", moves))
        .then(") OR (issues.turn = 'raised' AND ")
        .append(among("issues.raised_by", moves))
        .then(") OR (issues.turn = 'handler' AND ")
        .append(among(
            "issues.handler_id",
            viewer.reach(Right::CoordinateSharing),
        ))
        .then("))")
}

fn of_view(viewer: &Viewer, view: View) -> Fragment<Bool> {
    match view {
        View::Mine => Fragment::sql("issues.open AND ").append(mine(viewer)),
        View::Owed => Fragment::sql("issues.open AND issues.turn <> 'raised' AND ")
            .append(among("issues.raised_by", &business(viewer)))
            .then(" AND NOT COALESCE(")
            .append(mine(viewer))
            .then(", FALSE)"),
        View::Rung => Fragment::sql("issues.open AND issues.handler_id IS NOT NULL AND ").append(
            among("issues.handler_id", viewer.reach(Right::CoordinateSharing)),
        ),
        View::Open | View::Overdue => Fragment::sql("issues.open"),
        View::Ended => Fragment::sql("NOT issues.open"),
        View::All => Fragment::sql("TRUE"),
    }
}

/// The number in a text such as 难点-2026-0001 or 2026-1.
fn number(text: &str) -> Option<(i32, i32)> {
    let (year, ordinal) = text.trim().trim_start_matches("难点-").split_once('-')?;
    Some((year.parse().ok()?, ordinal.parse().ok()?))
}

/// Where a page begins: after this one.
#[derive(Clone, Copy, Debug)]
enum After {
    Day(NaiveDate, i64),
    Id(i64),
}

impl After {
    fn parse(view: View, text: &str) -> Result<Self> {
        let read = || -> Option<Self> {
            if !view.by_day() {
                return Some(Self::Id(text.parse().ok()?));
            }
            let (day, id) = text.split_once('_')?;
            // Years of more digits are days that PostgreSQL does not know.
            let day: NaiveDate = day.parse().ok().filter(|_| clock::is_day(day))?;
            Some(Self::Day(day, id.parse().ok()?))
        };
        read().ok_or_else(|| {
            let message = "翻页位置无效";
            let problem = Problem::new("cursor", "bad_cursor", message, "请从第一页重新查看");
            Error::Invalid(vec![problem])
        })
    }

    fn of(view: View, row: &Issue) -> String {
        if view.by_day() {
            format!("{}_{}", row.due_on, row.id)
        } else {
            row.id.to_string()
        }
    }
}

/// The most characters that are looked for; `SQLite` takes no pattern without end.
const SEARCHED: usize = 200;

/// Issues that the viewer sees, a page of them.
///
/// # Errors
/// [`Error::Invalid`] for a cursor that was never given out or a search that is too long; when the database fails.
pub fn page(
    conn: &mut Conn,
    viewer: &Viewer,
    filter: &Filter,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page> {
    if filter.search.chars().count() > SEARCHED {
        let message = format!("查找内容超过 {SEARCHED} 个字");
        let problem = Problem::new("q", "too_long", &message, "请缩短");
        return Err(Error::Invalid(vec![problem]));
    }
    let after = cursor.map(|c| After::parse(filter.view, c)).transpose()?;
    let mut rows = load(conn, viewer, filter, after, limit + 1)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more);
    Ok(Page {
        next: next.map(|row| After::of(filter.view, row)),
        rows,
    })
}

/// How many issues there are, counted up to one more than `most`.
///
/// # Errors
/// When the database fails.
pub fn count(conn: &mut Conn, viewer: &Viewer, filter: &Filter, most: usize) -> Result<usize> {
    let found = wanted(viewer, filter, None, most + 1).select(issues::id);
    Ok(found.load::<i64>(conn)?.len())
}

fn load(
    conn: &mut Conn,
    viewer: &Viewer,
    filter: &Filter,
    after: Option<After>,
    limit: usize,
) -> Result<Vec<Issue>> {
    let found = wanted(viewer, filter, after, limit).select(Issue::as_select());
    Ok(found.load(conn)?)
}

type Boxed<'a> = issues::BoxedQuery<'a, <Conn as diesel::Connection>::Backend>;

/// The issues of a filter, in its order.
fn wanted<'f>(
    viewer: &Viewer,
    filter: &'f Filter,
    after: Option<After>,
    limit: usize,
) -> Boxed<'f> {
    let mut query = issues::table
        .filter(seen(viewer))
        .filter(of_view(viewer, filter.view))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .into_boxed();
    query = if filter.view.by_day() {
        query.order((issues::due_on, issues::id))
    } else {
        query.order(issues::id.desc())
    };
    query = match after {
        Some(After::Day(day, id)) => query.filter(
            issues::due_on
                .gt(day)
                .or(issues::due_on.eq(day).and(issues::id.gt(id))),
        ),
        Some(After::Id(id)) => query.filter(issues::id.lt(id)),
        None => query,
    };
    if filter.view == View::Overdue {
        query = query.filter(issues::due_on.lt(clock::today()));
    }
    if let Some(kind) = &filter.kind {
        query = query.filter(issues::kind.eq(kind));
    }
    if let Some(state) = filter.state {
        query = query.filter(issues::state.eq(state.word()));
    }
    if let Some(rung) = filter.rung {
        query = query.filter(issues::rung.eq(rung));
    }
    if let Some(ids) = &filter.departments {
        let either = Fragment::<Bool>::sql("(issues.raised_by IN ")
            .numbers(ids)
            .then(" OR issues.owed_by IN ")
            .numbers(ids)
            .then(")");
        query = query.filter(either);
    }
    if let Some(entry) = filter.entry {
        let named = "issues.id IN (SELECT issue_id FROM issue_entries WHERE entry_id = ";
        query = query.filter(Fragment::<Bool>::sql(named).number(entry).then(")"));
    }
    let words = filter.search.trim();
    if let Some((year, ordinal)) = number(words) {
        query = query.filter(issues::year.eq(year).and(issues::ordinal.eq(ordinal)));
    } else if !words.is_empty() {
        // The signs of the pattern are looked for as they are.
        let plain = words.replace('\\', "\\\\");
        let plain = plain.replace('%', "\\%").replace('_', "\\_");
        query = query.filter(issues::title.like(format!("%{plain}%")).escape('\\'));
    }
    query
}

/// What waits for the viewer, in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Whose move is the viewer's.
    pub mine: usize,
    /// Of those, past their day.
    pub late: usize,
    /// Raised by the viewer's departments, while the move is another's.
    pub owed: usize,
    /// At the rung of the viewer's bureau.
    pub rung: usize,
}

/// At most so many of a kind are counted.
pub const COUNTED: usize = 500;

/// Counts what waits for the viewer.
///
/// # Errors
/// When the database fails.
pub fn counts(conn: &mut Conn, viewer: &Viewer) -> Result<Counts> {
    let today = clock::today();
    let mut of = |view: View| -> Result<Vec<NaiveDate>> {
        let filter = Filter {
            view,
            ..Filter::default()
        };
        let found = wanted(viewer, &filter, None, COUNTED).select(issues::due_on);
        Ok(found.load(conn)?)
    };
    let mine = of(View::Mine)?;
    Ok(Counts {
        late: mine.iter().filter(|due| **due < today).count(),
        mine: mine.len(),
        owed: of(View::Owed)?.len(),
        rung: of(View::Rung)?.len(),
    })
}
