//! Civil dates with the precision that was given: a year, half, quarter, month or day.
//!
//! 2024年3月 is not 2024-03-01; showing it as such is an error in the eyes of who wrote it.

use std::fmt;

use chrono::{Datelike, Days, Months, NaiveDate};

use super::date_words::{self, Outcome};
use super::value::{Fault, Note, Reading, Value};

/// A date as precise as it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartialDate {
    /// 2024
    Year(i32),
    /// 2024-H1
    Half(i32, u32),
    /// 2024-Q3
    Quarter(i32, u32),
    /// 2024-03
    Month(i32, u32),
    /// 2024-03-05
    Day(NaiveDate),
}

impl PartialDate {
    /// Reads the canonical form, as stored.
    #[must_use]
    pub fn parse(canonical: &str) -> Option<Self> {
        let (year, rest) = canonical.split_at_checked(4)?;
        let year = digits(year)?;
        let rest = match rest.strip_prefix('-') {
            None if rest.is_empty() => return Self::year_of(year),
            None => return None,
            Some(rest) => rest,
        };
        match rest.as_bytes() {
            [b'H', h @ b'1'..=b'2'] => Self::half(year, u32::from(h - b'0')),
            [b'Q', q @ b'1'..=b'4'] => Self::quarter(year, u32::from(q - b'0')),
            [_, _] => Self::month(year, digits(rest)?),
            [_, _, b'-', _, _] => {
                let (month, day) = rest.split_once('-')?;
                Self::day(year, digits(month)?, digits(day)?)
            }
            _ => None,
        }
    }

    /// A year of the ledger's time, 1900 to 2100.
    #[must_use]
    pub fn year_of(year: u32) -> Option<Self> {
        good_year(year).map(Self::Year)
    }

    /// A half of a year.
    #[must_use]
    pub fn half(year: u32, half: u32) -> Option<Self> {
        let year = good_year(year)?;
        (1..=2).contains(&half).then_some(Self::Half(year, half))
    }

    /// A quarter of a year.
    #[must_use]
    pub fn quarter(year: u32, quarter: u32) -> Option<Self> {
        let year = good_year(year)?;
        (1..=4)
            .contains(&quarter)
            .then_some(Self::Quarter(year, quarter))
    }

    /// A month.
    #[must_use]
    pub fn month(year: u32, month: u32) -> Option<Self> {
        let year = good_year(year)?;
        (1..=12)
            .contains(&month)
            .then_some(Self::Month(year, month))
    }

    /// A day.
    #[must_use]
    pub fn day(year: u32, month: u32, day: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(good_year(year)?, month, day).map(Self::Day)
    }

    /// The year it lies in.
    #[must_use]
    pub fn year(self) -> i32 {
        match self {
            Self::Year(y) | Self::Half(y, _) | Self::Quarter(y, _) | Self::Month(y, _) => y,
            Self::Day(d) => d.year(),
        }
    }

    /// The first day it may mean.
    #[must_use]
    pub fn first_day(self) -> NaiveDate {
        let month = match self {
            Self::Year(_) => 1,
            Self::Half(_, h) => h * 6 - 5,
            Self::Quarter(_, q) => q * 3 - 2,
            Self::Month(_, m) => m,
            Self::Day(d) => return d,
        };
        NaiveDate::from_ymd_opt(self.year(), month, 1).unwrap_or_default()
    }

    /// The last day it may mean.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        let months = match self {
            Self::Year(_) => 12,
            Self::Half(..) => 6,
            Self::Quarter(..) => 3,
            Self::Month(..) => 1,
            Self::Day(d) => return d,
        };
        let first = self.first_day();
        let next = first.checked_add_months(Months::new(months));
        next.and_then(|d| d.pred_opt()).unwrap_or(first)
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(y) => write!(f, "{y:04}"),
            Self::Half(y, h) => write!(f, "{y:04}-H{h}"),
            Self::Quarter(y, q) => write!(f, "{y:04}-Q{q}"),
            Self::Month(y, m) => write!(f, "{y:04}-{m:02}"),
            Self::Day(d) => write!(f, "{:04}-{:02}-{:02}", d.year(), d.month(), d.day()),
        }
    }
}

fn good_year(year: u32) -> Option<i32> {
    i32::try_from(year)
        .ok()
        .filter(|y| (1900..=2100).contains(y))
}

/// A run of one to eight ASCII digits.
pub(super) fn digits(text: &str) -> Option<u32> {
    let good = (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if good { text.parse().ok() } else { None }
}

const HOW: &str = "请写成 2024、2024-03 或 2024-03-05";

/// Reads a date from text that is not blank.
pub(super) fn read(label: &str, raw: &str, clean: &str) -> Reading {
    if let Some(date) = PartialDate::parse(clean) {
        let note = (raw != clean).then(|| Note::normalised(raw, clean));
        return Reading::Value(Value::Text(date.to_string()), note);
    }
    // A sheet of numbers saved as text has lost the 0 of 2024.10 as well.
    if clean.len() == 6
        && clean.ends_with(".1")
        && clean.bytes().take(4).all(|b| b.is_ascii_digit())
    {
        return typed_month(label, clean);
    }
    match date_words::understand(clean) {
        Outcome::Date(date, doubt) => {
            let shown = date.to_string();
            let note = match doubt {
                None => Note::normalised(raw, &shown),
                Some((code, why)) => Note::warning(code, format!("“{raw}” 读作 {shown}，{why}")),
            };
            Reading::Value(Value::Text(shown), Some(note))
        }
        Outcome::Nothing => Reading::Blank(None),
        Outcome::OpenEnded => Reading::Blank(Some(Note::warning(
            "open_ended",
            format!("{label}“{raw}”没有确切日期，按未填处理"),
        ))),
        Outcome::Wrong(code, why) => {
            Reading::Fault(Fault::new(code, format!("{label}“{raw}”{why}"), HOW))
        }
        Outcome::Unknown => match parse_range(clean) {
            Some((from, to)) => Reading::Fault(Fault::new(
                "date_range",
                format!("{label}“{raw}”是一段时间"),
                format!("这里只能填一个日期，请写明是 {from} 还是 {to}"),
            )),
            None => Reading::Fault(Fault::new(
                "not_a_date",
                format!("{label}“{raw}”不是日期"),
                HOW,
            )),
        },
    }
}

/// Both ends of a span of time such as 2023.5-2024.6 or 2023年5月至2024年6月.
#[must_use]
pub fn parse_range(text: &str) -> Option<(PartialDate, PartialDate)> {
    let clean = super::text::cleaned(text);
    let one = |part: &str| match date_words::understand(part.trim()) {
        Outcome::Date(date, _) => Some(date),
        _ => PartialDate::parse(part.trim()),
    };
    for (i, mark) in clean.match_indices(['至', '到', '~', '—', '–', '-']) {
        let (left, right) = clean.split_at_checked(i)?;
        let right = right.strip_prefix(mark).unwrap_or(right);
        let right = right.trim_start_matches(['—', '-', '–']);
        let Some(from) = one(left) else { continue };
        // 2023年5月至12月: the second end borrows the year.
        let borrowed = || {
            right
                .contains('月')
                .then(|| format!("{}年{right}", from.year()))
                .and_then(|t| one(&t))
        };
        if let Some(to) = one(right).or_else(borrowed)
            && from.first_day() <= to.last_day()
        {
            return Some((from, to));
        }
    }
    None
}

/// The day of an Excel serial in the 1900 system.
///
/// # Errors
/// When the serial is outside 1900 to 2100, or is the 29 February 1900 that never was.
pub fn from_serial(serial: f64) -> Result<PartialDate, Fault> {
    let fault = |why: &str| Fault::new("bad_serial", format!("日期单元格的值 {serial} {why}"), HOW);
    let day = serial.floor();
    // 73415 is 2100-12-31.
    if !(1.0..=73_415.0).contains(&day) {
        return Err(fault("不在 1900 年至 2100 年之间"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to lie between 1 and 73415"
    )]
    let day = day as u64;
    if day == 60 {
        return Err(fault("是并不存在的 1900-02-29"));
    }
    // Excel counts that day, so days after it are one too many.
    let start = if day < 60 { 31 } else { 30 };
    NaiveDate::from_ymd_opt(1899, 12, start)
        .and_then(|d| d.checked_add_days(Days::new(day)))
        .map(PartialDate::Day)
        .ok_or_else(|| fault("不是日期"))
}

/// A whole day as people write it: 2024-03-05, 2024年3月5日, 2024/3/5, or the serial of a date cell.
///
/// # Errors
/// What is wrong with the text, in Chinese, when it is not one certain day.
pub fn whole_day(label: &str, text: &str) -> Result<NaiveDate, String> {
    let clean = super::text::cleaned(text);
    let reading = match clean.parse::<f64>() {
        Ok(n) if clean.len() < 8 => read_number(label, n),
        _ => read(label, text, &clean),
    };
    match reading {
        Reading::Value(Value::Text(date), _) => match PartialDate::parse(&date) {
            Some(PartialDate::Day(day)) => Ok(day),
            _ => Err(format!("{label}“{text}”请写明年、月、日，如 2024-03-05")),
        },
        Reading::Fault(fault) => Err(format!("{}，{}", fault.message, fault.suggestion)),
        _ => Err(format!("{label}“{text}”不是日期，请写成 2024-03-05")),
    }
}

/// Reads a number cell in a date column: a typed 2024.3, 202403, 20240301, or a bare serial.
pub(super) fn read_number(label: &str, n: f64) -> Reading {
    let text = super::number::plain(n);
    if n.fract() != 0.0 && (1900.0..2101.0).contains(&n) {
        return typed_month(label, &text);
    }
    if (20_000.0..=73_415.0).contains(&n) {
        return match from_serial(n) {
            Ok(date) => {
                let shown = date.to_string();
                let note = Note::normalised(&text, &shown);
                Reading::Value(Value::Text(shown), Some(note))
            }
            Err(fault) => Reading::Fault(fault),
        };
    }
    read(label, &text, &text)
}

/// 2024.3 in a number cell; 2024.1 may have been 2024.10, so it is asked back, in text as well.
fn typed_month(label: &str, text: &str) -> Reading {
    let (year, month) = text.split_once('.').unwrap_or((text, ""));
    if month == "1" {
        return Reading::Fault(Fault::new(
            "ambiguous_month",
            format!("{label}“{text}”看不出是 1 月还是 10 月（Excel 会丢掉数值末尾的 0）"),
            format!("请写成 {year}-01 或 {year}-10"),
        ));
    }
    let date = digits(year)
        .zip(digits(month).filter(|_| month.len() <= 2))
        .and_then(|(y, m)| PartialDate::month(y, m));
    match date {
        Some(date) => {
            let shown = date.to_string();
            let note = Note::warning(
                "typed_month",
                format!("数值“{text}” 读作 {shown}，请核对月份"),
            );
            Reading::Value(Value::Text(shown), Some(note))
        }
        None => Reading::Fault(Fault::new(
            "not_a_date",
            format!("{label}“{text}”不是日期"),
            HOW,
        )),
    }
}
