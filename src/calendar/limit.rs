//! 办理时限: how long something may take, by which rule, where and since when.

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer};

use super::{Due, WorkCalendar, add_days, add_months};

/// The table as shipped; what it says of sources and of how far they were checked is shown to people.
const SHIPPED: &str = include_str!("../../import_templates/calendar/time_limits.csv");

/// What a limit is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Unit {
    /// Working days.
    #[serde(rename = "工作日")]
    WorkingDay,
    /// Calendar days.
    #[serde(rename = "日")]
    Day,
    /// Calendar months.
    #[serde(rename = "月")]
    Month,
    /// Calendar years.
    #[serde(rename = "年")]
    Year,
    /// One day for all.
    #[serde(rename = "截止日")]
    FixedDay,
}

impl Unit {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::WorkingDay,
        Self::Day,
        Self::Month,
        Self::Year,
        Self::FixedDay,
    ];

    /// The word, in files and on pages.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::WorkingDay => "工作日",
            Self::Day => "日",
            Self::Month => "月",
            Self::Year => "年",
            Self::FixedDay => "截止日",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_label(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|u| u.label() == word)
    }
}

/// How far the rule was checked against its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verified {
    /// The text was read.
    Yes,
    /// Others report it.
    Secondary,
    /// A draft for comments says so.
    Draft,
    /// Known, but not found.
    No,
}

impl Verified {
    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Yes => "已核对原文",
            Self::Secondary => "转引，未核对原文",
            Self::Draft => "征求意见稿",
            Self::No => "未核实",
        }
    }
}

/// One limit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeLimit {
    /// Number, such as `DS-04`; never changes.
    pub rule_id: String,
    /// What has to be done.
    pub topic: String,
    /// By whom.
    pub actor: String,
    /// From which event on.
    pub trigger: String,
    /// How long, in `unit`; none where the rule names no length.
    pub amount: Option<u32>,
    /// Not before so long, in `unit`.
    pub least: Option<u32>,
    /// What `amount`, `least` and `extension` are counted in.
    pub unit: Option<Unit>,
    /// The day, for [`Unit::FixedDay`].
    pub fixed_on: Option<NaiveDate>,
    /// By how much it may be prolonged.
    pub extension: Option<u32>,
    /// What prolonging takes.
    pub extension_needs: String,
    /// Article of the source.
    pub article: String,
    /// The law, rule or paper.
    pub source: String,
    /// How far that was checked.
    pub verified: Verified,
    /// Region code where it holds; empty for everywhere.
    pub region: String,
    /// First day of an event it holds for.
    pub from: Option<NaiveDate>,
    /// Last day of an event it holds for.
    pub to: Option<NaiveDate>,
    /// Whether this installation counts by it.
    #[serde(deserialize_with = "yes")]
    pub enabled: bool,
    /// What else there is to say.
    pub text: String,
}

fn yes<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(String::deserialize(from)? == "yes")
}

/// The table that is shipped.
#[must_use]
pub fn shipped() -> Vec<TimeLimit> {
    let mut rows = csv::Reader::from_reader(SHIPPED.as_bytes());
    rows.deserialize().filter_map(Result::ok).collect()
}

impl TimeLimit {
    /// Whether it holds for an event on a day, in a department of these regions (its own and those above).
    #[must_use]
    pub fn holds(&self, on: NaiveDate, regions: &[String]) -> bool {
        self.enabled
            && (self.region.is_empty() || regions.contains(&self.region))
            && self.from.is_none_or(|from| from <= on)
            && self.to.is_none_or(|to| on <= to)
    }

    /// The last day in time for an event on `start`; none where the rule names no length.
    ///
    /// A period of days, months or years that ends on a day not worked ends on the next that is (民法典 article 203).
    #[must_use]
    pub fn due(&self, calendar: &WorkCalendar, start: NaiveDate) -> Option<Due> {
        self.after(calendar, start, self.amount.unwrap_or(0))
    }

    /// The last day once it has been prolonged as far as it may be.
    #[must_use]
    pub fn extended(&self, calendar: &WorkCalendar, start: NaiveDate) -> Option<Due> {
        let whole = self.amount?.saturating_add(self.extension?);
        self.after(calendar, start, whole)
    }

    /// The first day on which it may be done, where the rule names one.
    #[must_use]
    pub fn opens(&self, calendar: &WorkCalendar, start: NaiveDate) -> Option<NaiveDate> {
        let least = self.least?;
        match self.unit? {
            Unit::WorkingDay => Some(calendar.add_working_days(start, least).date),
            Unit::Day => Some(add_days(start, least)),
            Unit::Month => Some(add_months(start, least)),
            Unit::Year => Some(add_months(start, least.saturating_mul(12))),
            Unit::FixedDay => None,
        }
    }

    fn after(&self, calendar: &WorkCalendar, start: NaiveDate, amount: u32) -> Option<Due> {
        let unit = self.unit?;
        if unit == Unit::FixedDay {
            return self.fixed_on.map(|date| Due {
                date,
                provisional: false,
            });
        }
        self.amount?;
        Some(match unit {
            Unit::WorkingDay => calendar.add_working_days(start, amount),
            Unit::Day => calendar.working_from(add_days(start, amount)),
            Unit::Month => calendar.working_from(add_months(start, amount)),
            Unit::Year => calendar.working_from(add_months(start, amount.saturating_mul(12))),
            Unit::FixedDay => return None,
        })
    }

    /// How long, in words: `10 个工作日`, `12–24 个月`, `2025-11-30 前`.
    #[must_use]
    pub fn length(&self) -> String {
        let (Some(unit), amount) = (self.unit, self.amount) else {
            return String::new();
        };
        let measure = match unit {
            Unit::WorkingDay => "个工作日",
            Unit::Day => "日",
            Unit::Month => "个月",
            Unit::Year => "年",
            Unit::FixedDay => {
                return self.fixed_on.map(|d| format!("{d} 前")).unwrap_or_default();
            }
        };
        match (self.least, amount) {
            (Some(least), Some(most)) => format!("{least}–{most} {measure}"),
            (None, Some(most)) => format!("{most} {measure}"),
            _ => String::new(),
        }
    }
}
