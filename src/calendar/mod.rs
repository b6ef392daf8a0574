//! 工作日历 and 办理时限: which days are worked, what a due date is, and the table of time limits. Pure.
//!
//! The day a period begins on is not counted (民法典 article 201). A day counts when it is a make-up working day
//! (调休上班), or a weekday that is no public holiday. The State Council publishes the days of a year towards the
//! end of the year before; a due date that reaches a year not yet published is provisional.

mod days;
mod limit;

pub use days::{Line, parse, shipped as shipped_days};
pub use limit::{TimeLimit, Unit, Verified, shipped as shipped_limits};

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, Days, Months, NaiveDate, Weekday};

/// Working days that a period may have at most; more are not counted.
pub const MOST_DAYS: u32 = 5000;

/// How a day differs from what its weekday says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DayKind {
    /// 放假: not worked.
    Off,
    /// 调休上班: a Saturday or Sunday that is worked.
    Work,
}

impl DayKind {
    /// The word it is stored as.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Work => "work",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "off" => Some(Self::Off),
            "work" => Some(Self::Work),
            _ => None,
        }
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Off => "放假",
            Self::Work => "调休上班",
        }
    }
}

/// A day that differs from its weekday.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// How it differs.
    pub kind: DayKind,
    /// The holiday it belongs to.
    pub name: String,
    /// Where that is announced.
    pub source: String,
}

/// A due date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// The last day on which it is in time.
    pub date: NaiveDate,
    /// It reaches a year whose days are not published, so it may move.
    pub provisional: bool,
}

/// Which days are worked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkCalendar {
    marks: BTreeMap<NaiveDate, Mark>,
    published: BTreeSet<i32>,
}

impl WorkCalendar {
    /// The calendar as shipped: the years the State Council had published when this program was made.
    #[must_use]
    pub fn shipped() -> Self {
        let mut out = Self::default();
        for line in shipped_days() {
            out.publish(line.day.year(), true);
            out.set(line.day, Some(line.mark));
        }
        out
    }

    /// Sets how a day differs; `None` makes it an ordinary day.
    pub fn set(&mut self, day: NaiveDate, mark: Option<Mark>) {
        match mark {
            Some(mark) => self.marks.insert(day, mark),
            None => self.marks.remove(&day),
        };
    }

    /// Says whether the days of a year are published.
    pub fn publish(&mut self, year: i32, published: bool) {
        if published {
            self.published.insert(year);
        } else {
            self.published.remove(&year);
        }
    }

    /// How a day differs, if it does.
    #[must_use]
    pub fn mark(&self, day: NaiveDate) -> Option<&Mark> {
        self.marks.get(&day)
    }

    /// Whether the days of a year are published.
    #[must_use]
    pub fn is_published(&self, year: i32) -> bool {
        self.published.contains(&year)
    }

    /// The years that are published, in order.
    pub fn published(&self) -> impl Iterator<Item = i32> {
        self.published.iter().copied()
    }

    /// Whether a day is worked.
    ///
    /// Of a year not yet published only the holidays with a fixed date are known (全国年节及纪念日放假办法).
    #[must_use]
    pub fn is_working(&self, day: NaiveDate) -> bool {
        match self.marks.get(&day) {
            Some(mark) => mark.kind == DayKind::Work,
            None if is_weekend(day) => false,
            None => self.is_published(day.year()) || !is_fixed_holiday(day),
        }
    }

    /// The last day of a period of `n` working days that begins on `start`; `start` is not counted.
    ///
    /// With none to count it is the first working day from `start` on. More than [`MOST_DAYS`] count as so many.
    #[must_use]
    pub fn add_working_days(&self, start: NaiveDate, n: u32) -> Due {
        if n == 0 {
            return self.working_from(start);
        }
        let mut due = Due {
            date: start,
            provisional: false,
        };
        let mut left = n.min(MOST_DAYS);
        while left > 0 {
            let Some(next) = due.date.succ_opt() else {
                break;
            };
            due.date = next;
            due.provisional |= !self.is_published(next.year());
            left -= u32::from(self.is_working(next));
        }
        due
    }

    /// The day itself when it is worked, otherwise the next that is (民法典 article 203).
    #[must_use]
    pub fn working_from(&self, day: NaiveDate) -> Due {
        let mut due = Due {
            date: day,
            provisional: !self.is_published(day.year()),
        };
        while !self.is_working(due.date) {
            let Some(next) = due.date.succ_opt() else {
                break;
            };
            due.date = next;
            due.provisional |= !self.is_published(next.year());
        }
        due
    }

    /// Working days after `from`, up to `to` with it: what [`WorkCalendar::add_working_days`] counted.
    #[must_use]
    pub fn working_days_between(&self, from: NaiveDate, to: NaiveDate) -> u32 {
        let mut day = from;
        let mut found = 0;
        while day < to && found < MOST_DAYS {
            let Some(next) = day.succ_opt() else {
                break;
            };
            day = next;
            found += u32::from(self.is_working(day));
        }
        found
    }
}

fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// Whether somebody may be made to work on a day by a make-up day: it has to be a Saturday or a Sunday.
#[must_use]
pub fn may_be_made_up(day: NaiveDate) -> bool {
    is_weekend(day)
}

/// 元旦, 劳动节 and 国庆节 have their own dates; the others follow the moon.
fn is_fixed_holiday(day: NaiveDate) -> bool {
    matches!((day.month(), day.day()), (1, 1) | (5, 1 | 2) | (10, 1..=3))
}

/// The same day so many months later; the last of the month where it has no such day (民法典 article 202).
#[must_use]
pub fn add_months(day: NaiveDate, months: u32) -> NaiveDate {
    day.checked_add_months(Months::new(months)).unwrap_or(day)
}

/// So many days later.
#[must_use]
pub fn add_days(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_add_days(Days::new(u64::from(days)))
        .unwrap_or(day)
}

/// So many days earlier.
#[must_use]
pub fn days_before(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_sub_days(Days::new(u64::from(days)))
        .unwrap_or(day)
}
