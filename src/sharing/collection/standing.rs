//! From what a dataset says to how it stands: collected or not, and by when its next update is expected.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ledger::entry::text;
use crate::register::date::PartialDate;
use crate::register::value::{Document, Value};

/// Fields of a dataset that are read here.
pub(super) mod key {
    /// Whether it is collected.
    pub const COLLECTED: &str = "is_collected";
    /// How.
    pub const MODE: &str = "collect_mode";
    /// Since when.
    pub const SINCE: &str = "collected_since";
    /// The last update on the platform.
    pub const UPDATED: &str = "collect_updated";
    /// The last update at the source.
    pub const SOURCE_UPDATED: &str = "last_updated";
    /// How often it is to be updated.
    pub const CYCLE: &str = "update_cycle";
    /// Whether it is shared.
    pub const SHARE: &str = "share_attr";
    /// Whether it is open to the public.
    pub const OPEN: &str = "open_attr";
    /// All of them.
    pub const ALL: [&str; 8] = [
        COLLECTED,
        MODE,
        SINCE,
        UPDATED,
        SOURCE_UPDATED,
        CYCLE,
        SHARE,
        OPEN,
    ];
}

/// How long after an update the next one is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// Code of the list `update_cycle`.
    pub code: &'static str,
    /// The longest a cycle may be, in days.
    pub days: u64,
    /// Days on top before anybody calls it late.
    pub grace: u64,
}

const fn cycle(code: &'static str, days: u64, grace: u64) -> Cycle {
    Cycle { code, days, grace }
}

/// The cycles that bind.
///
/// Updates are known by the day, so what is quicker than a day is judged like a daily one, and two
/// days of grace carry it over a weekend; a month has up to 31 days, and ten more are given (domain README 4.7 rule 3).
/// 不定期, 其他 and 不更新 are not here: nothing is ever late by them.
pub const CYCLES: [Cycle; 9] = [
    cycle("1", 1, 2),    // 实时
    cycle("2", 1, 2),    // 每小时
    cycle("3", 1, 2),    // 每日
    cycle("4", 7, 3),    // 每周
    cycle("5", 11, 4),   // 每旬
    cycle("6", 31, 10),  // 每月
    cycle("7", 92, 15),  // 每季度
    cycle("8", 184, 20), // 每半年
    cycle("9", 366, 30), // 每年
];

/// Codes of cycles by which nothing is ever late: 不定期, 其他, 不更新.
const UNBOUND: [&str; 3] = ["10", "11", "12"];

/// How a dataset stands, apart from the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Collected, and the next update is awaited by a day.
    Timed,
    /// Collected, but its cycle or its last update is not known.
    Undated,
    /// Collected, and by its cycle never late.
    Untimed,
    /// Not collected.
    Uncollected,
    /// Nobody has said.
    Unstated,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Timed,
        Self::Undated,
        Self::Untimed,
        Self::Uncollected,
        Self::Unstated,
    ];

    /// The word in the table.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Timed => "timed",
            Self::Undated => "undated",
            Self::Untimed => "untimed",
            Self::Uncollected => "uncollected",
            Self::Unstated => "unstated",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }

    /// Whether it is collected.
    #[must_use]
    pub fn is_collected(self) -> bool {
        matches!(self, Self::Timed | Self::Undated | Self::Untimed)
    }

    /// How it stands on a day, when the next update was due then.
    #[must_use]
    pub fn on(self, due: Option<NaiveDate>, today: NaiveDate) -> State {
        match self {
            Self::Timed if due.is_some_and(|due| due < today) => State::Overdue,
            Self::Timed => State::UpToDate,
            Self::Undated => State::Unknown,
            Self::Untimed => State::Untimed,
            Self::Uncollected => State::Uncollected,
            Self::Unstated => State::Unstated,
        }
    }
}

/// How a dataset stands on a day.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[schema(as = CollectionState)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Collected and updated in time.
    UpToDate,
    /// Collected, and its update is late.
    Overdue,
    /// Collected, but whether it is in time is not known.
    Unknown,
    /// Collected, and never late by its cycle.
    Untimed,
    /// Not collected.
    Uncollected,
    /// Nobody has said whether it is collected.
    Unstated,
}

impl State {
    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::UpToDate => "更新及时",
            Self::Overdue => "更新逾期",
            Self::Unknown => "更新情况不明",
            Self::Untimed => "无固定周期",
            Self::Uncollected => "未汇聚",
            Self::Unstated => "未填报",
        }
    }
}

/// What a dataset's values come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub shared: bool,
    pub opened: bool,
    pub standing: Standing,
    pub mode: String,
    pub cycle: String,
    pub since: String,
    pub updated: Option<NaiveDate>,
    pub due: Option<NaiveDate>,
}

/// Reads a dataset's values.
pub(super) fn facts(document: &Document) -> Facts {
    let word = |key: &str| text(document, key).unwrap_or_default().to_owned();
    // 无条件 and 有条件 both are shared, or open.
    let given = |key: &str| matches!(text(document, key), Some("1" | "2"));
    let cycle = word(key::CYCLE);
    let updated = day(document, key::UPDATED).or_else(|| day(document, key::SOURCE_UPDATED));
    let due = updated.and_then(|on| due(&cycle, on));
    let standing = match document.get(key::COLLECTED) {
        Some(Value::Bool(true)) if UNBOUND.contains(&cycle.as_str()) => Standing::Untimed,
        Some(Value::Bool(true)) if due.is_some() => Standing::Timed,
        Some(Value::Bool(true)) => Standing::Undated,
        Some(_) => Standing::Uncollected,
        None => Standing::Unstated,
    };
    Facts {
        shared: given(key::SHARE),
        opened: given(key::OPEN),
        due: due.filter(|_| standing == Standing::Timed),
        standing,
        mode: word(key::MODE),
        cycle,
        since: word(key::SINCE),
        updated,
    }
}

/// Where the day is not known, the last it may mean: nobody is called late who may be in time.
fn day(document: &Document, key: &str) -> Option<NaiveDate> {
    Some(PartialDate::parse(text(document, key)?)?.last_day())
}

/// The last day on which the next update is in time; none by a cycle that does not bind.
pub(super) fn due(cycle: &str, updated: NaiveDate) -> Option<NaiveDate> {
    let found = CYCLES.iter().find(|c| c.code == cycle)?;
    updated.checked_add_days(Days::new(found.days + found.grace))
}

/// Says that the table of cycles has changed since: what was derived by another is derived anew.
pub(super) fn fingerprint() -> String {
    let cycles = CYCLES
        .iter()
        .map(|c| format!("{}:{}+{}", c.code, c.days, c.grace));
    cycles.collect::<Vec<_>>().join(" ")
}
