//! The statutory clocks of a request: answer (art. 21), supply (art. 22), correction (art. 26).
//!
//! The day of the event is not counted. A due date is computed from the start whenever it is shown, so a calendar that
//! is published later moves it; what is done keeps the date it had. Both ends are shown the same.

mod keep;
mod read;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::Ground;
use crate::almanac::{self, Almanac};
use crate::calendar::{Due, TimeLimit};
use crate::db::connection::Conn;
use crate::db::schema::share_clocks;
use crate::error::Result;
use crate::org::directory::Directory;
use crate::register::region::Regions;

pub(super) use keep::{all_running, tick};

/// Code of 无条件共享 in the list `share_attr`.
pub const UNCONDITIONAL: &str = "1";
/// Code of 不予共享.
pub const NOT_SHARED: &str = "3";
/// Clocks that are looked at together at most.
const MOST: i64 = 10_000;

/// What a clock is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ShareClockKind)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Answering a request.
    Answer,
    /// Supplying what was agreed.
    Supply,
    /// Answering a correction request.
    Correction,
}

impl Kind {
    /// The word it is stored as.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Supply => "supply",
            Self::Correction => "correction",
        }
    }

    /// What people read.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Answer => "答复",
            Self::Supply => "实际共享",
            Self::Correction => "校核答复",
        }
    }

    /// The article that sets it.
    #[must_use]
    pub fn article(self) -> &'static str {
        match self {
            Self::Answer => "第二十一条",
            Self::Supply => "第二十二条",
            Self::Correction => "第二十六条",
        }
    }

    fn from_word(word: &str) -> Self {
        match word {
            "supply" => Self::Supply,
            "correction" => Self::Correction,
            _ => Self::Answer,
        }
    }
}

/// The rule of the answer to a request for data of a share attribute.
#[must_use]
pub fn answer_rule(share_attr: &str) -> &'static str {
    if share_attr == UNCONDITIONAL {
        "DS-03"
    } else {
        "DS-04"
    }
}

/// A clock as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = share_clocks, treat_none_as_default_value = false)]
pub(super) struct Kept {
    pub id: i64,
    pub request_id: i64,
    pub correction_id: Option<i64>,
    pub kind: String,
    pub rule_id: String,
    pub department_id: i64,
    pub start_on: NaiveDate,
    pub extension: i32,
    pub paused: i32,
    pub paused_on: Option<NaiveDate>,
    pub done_on: Option<NaiveDate>,
    pub due_on: Option<NaiveDate>,
    pub late: bool,
    pub void: bool,
    pub reminded_on: Option<NaiveDate>,
}

/// How a clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ShareClockStanding)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Past its last day and not done.
    Overdue,
    /// Today is its last day, or the working day before.
    Soon,
    /// Running.
    Running,
    /// It stands still while papers are missing.
    Paused,
    /// Done in time.
    Done,
    /// Done after its last day.
    DoneLate,
    /// It ended with the request.
    Void,
}

impl Standing {
    /// What people read.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Overdue => "已逾期",
            Self::Soon => "临近到期",
            Self::Running => "计时中",
            Self::Paused => "补正停表",
            Self::Done => "按期办结",
            Self::DoneLate => "逾期办结",
            Self::Void => "已终止计时",
        }
    }

    /// Whether somebody still owes something.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(
            self,
            Self::Overdue | Self::Soon | Self::Running | Self::Paused
        )
    }
}

/// A clock as both ends see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ShareClock)]
pub struct Clock {
    /// What it is about.
    pub kind: Kind,
    /// The correction thread, for one of those.
    pub correction_id: Option<i64>,
    /// Number of the time limit.
    pub rule_id: String,
    /// How long the rule gives, in words.
    pub length: String,
    /// Number of the department that must act.
    pub department_id: i64,
    /// The day of the event; not counted.
    pub start_on: NaiveDate,
    /// Working days added by an extension.
    pub extension: i32,
    /// Working days it stood still.
    pub paused: i32,
    /// The last day in time; none where the installation counts by no such limit.
    pub due_on: Option<NaiveDate>,
    /// The due date may move: it reaches a year whose days are not published.
    pub provisional: bool,
    /// When it was done.
    pub done_on: Option<NaiveDate>,
    /// How it stands today.
    pub standing: Standing,
    /// Working days that are left; negative: days it is late. None once it is over.
    pub left: Option<i64>,
    /// Identity.
    #[serde(skip)]
    pub id: i64,
    #[serde(skip)]
    pub(super) request_id: i64,
}

impl Clock {
    /// What is left, in words.
    #[must_use]
    pub fn left_words(&self) -> String {
        match (self.standing, self.left, self.done_on) {
            (Standing::Paused, ..) => "停表".to_owned(),
            (Standing::Void, ..) => Standing::Void.label().to_owned(),
            (_, Some(0), _) => "今天到期".to_owned(),
            (_, Some(n), _) if n < 0 => format!("逾期 {} 天", -n),
            (_, Some(n), _) => format!("还有 {n} 个工作日"),
            (_, None, Some(on)) => format!("{on} 办结"),
            (_, None, None) => "未设时限".to_owned(),
        }
    }
}

/// Computes clocks, with the almanac of the moment.
pub struct Reckoner<'r> {
    /// What counts at present.
    pub almanac: Almanac,
    pub(super) ground: Ground<'r>,
    /// The day it is looked at.
    pub today: NaiveDate,
}

/// The regions of a department, own first: where a limit may hold.
fn places(directory: &Directory, regions: &Regions, department: i64) -> Vec<String> {
    let mut at = directory.get(department);
    let mut own = None;
    for _ in 0..8 {
        own = at.and_then(|d| d.region.clone());
        match at.and_then(|d| d.parent_id).filter(|_| own.is_none()) {
            Some(parent) => at = directory.get(parent),
            None => break,
        }
    }
    let mut out: Vec<String> = Vec::new();
    let mut next = own.filter(|code| !code.is_empty());
    while let Some(code) = next.filter(|code| out.len() < 6 && !out.contains(code)) {
        let above = regions.get(&code).map(|r| r.parent.clone());
        next = above.filter(|c| !c.is_empty());
        out.push(code);
    }
    out
}

impl<'r> Reckoner<'r> {
    /// With what counts now.
    ///
    /// # Errors
    /// When the database fails.
    pub fn new(conn: &mut Conn, ground: Ground<'r>, today: NaiveDate) -> Result<Self> {
        Ok(Self {
            almanac: almanac::read(conn)?,
            ground,
            today,
        })
    }

    /// A limit as it counts for a department and an event on a day.
    #[must_use]
    pub fn limit(&self, rule: &str, on: NaiveDate, department: i64) -> Option<&TimeLimit> {
        let regions = self.ground.catalogue.regions();
        let places = places(self.ground.directory, regions, department);
        self.almanac.limit(rule, on, &places)
    }

    fn due(&self, row: &Kept) -> Option<Due> {
        let limit = self.limit(&row.rule_id, row.start_on, row.department_id)?;
        let calendar = &self.almanac.calendar;
        let base = limit.due(calendar, row.start_on)?;
        let extra = u32::try_from(row.extension).unwrap_or(0) + self.stood_still(row);
        if extra == 0 {
            return Some(base);
        }
        let due = calendar.add_working_days(base.date, extra);
        Some(Due {
            provisional: due.provisional || base.provisional,
            ..due
        })
    }

    /// Working days on which papers were missing, those until today included.
    ///
    /// Days not worked are nobody's: the time begins and ends on the working day that is next. Whoever still had the day
    /// on which it began has the day on which it ends.
    fn without_papers(&self, row: &Kept) -> u32 {
        let past = u32::try_from(row.paused).unwrap_or(0);
        let calendar = &self.almanac.calendar;
        let worked = |day| calendar.working_from(day).date;
        let now = row
            .paused_on
            .map(|from| calendar.working_days_between(worked(from), worked(self.today)));
        past + now.unwrap_or(0)
    }

    /// Working days that a clock stands still: none where missing papers stop no clock.
    fn stood_still(&self, row: &Kept) -> u32 {
        if row.void || row.done_on.is_some() {
            // What is over keeps what it was given.
            return u32::try_from(row.paused).unwrap_or(0);
        }
        if self.ground.rules.pause_for_papers {
            self.without_papers(row)
        } else {
            0
        }
    }

    /// A clock as it is shown.
    pub(super) fn show(&self, row: &Kept) -> Clock {
        let limit = self.limit(&row.rule_id, row.start_on, row.department_id);
        let due = self.due(row);
        let over = row.void || row.done_on.is_some();
        let date = if over {
            row.due_on
        } else {
            due.map(|d| d.date)
        };
        let left = date.filter(|_| !over).map(|date| {
            if date < self.today {
                (date - self.today).num_days()
            } else {
                i64::from(self.almanac.calendar.working_days_between(self.today, date))
            }
        });
        let pauses = self.ground.rules.pause_for_papers;
        let standing = match (row.void, row.done_on, left) {
            (true, ..) => Standing::Void,
            (_, Some(_), _) if row.late => Standing::DoneLate,
            (_, Some(_), _) => Standing::Done,
            // Whoever was late already does not become less so by asking for papers.
            (.., Some(n)) if n < 0 => Standing::Overdue,
            _ if pauses && row.paused_on.is_some() => Standing::Paused,
            (.., Some(n)) if n <= 1 => Standing::Soon,
            _ => Standing::Running,
        };
        Clock {
            kind: Kind::from_word(&row.kind),
            correction_id: row.correction_id,
            rule_id: row.rule_id.clone(),
            length: limit.map(TimeLimit::length).unwrap_or_default(),
            department_id: row.department_id,
            start_on: row.start_on,
            extension: row.extension,
            paused: i32::try_from(self.stood_still(row)).unwrap_or(i32::MAX),
            due_on: date,
            provisional: !over && due.is_some_and(|d| d.provisional),
            done_on: row.done_on,
            standing,
            left,
            id: row.id,
            request_id: row.request_id,
        }
    }
}
