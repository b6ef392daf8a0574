//! The one place that asks for the time; instants are UTC, civil dates are China's.

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, Utc};

/// China keeps one zone without summer time: UTC+8.
const CHINA_HOURS: i64 = 8;

/// Now, in UTC, cut to microseconds as both databases keep it.
#[must_use]
pub fn now() -> NaiveDateTime {
    let now = Utc::now().timestamp_micros();
    DateTime::from_timestamp_micros(now)
        .unwrap_or_default()
        .naive_utc()
}

/// Today's date in China.
#[must_use]
pub fn today() -> NaiveDate {
    day_of(now())
}

/// The Chinese day an instant lies in.
#[must_use]
pub fn day_of(at: NaiveDateTime) -> NaiveDate {
    (at + Duration::hours(CHINA_HOURS)).date()
}

/// An instant as the chain spells it: fixed width, UTC.
#[must_use]
pub fn stamp(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// An instant as people in China read it.
#[must_use]
pub fn local(at: NaiveDateTime) -> String {
    (at + Duration::hours(CHINA_HOURS))
        .format("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// The last instant of a Chinese day, in UTC.
#[must_use]
pub fn end_of_day(day: NaiveDate) -> NaiveDateTime {
    let midnight = day.succ_opt().unwrap_or(day).and_time(NaiveTime::MIN);
    midnight - Duration::hours(CHINA_HOURS) - Duration::microseconds(1)
}

/// Reads a moment: a day (its end is meant), or a local date and time.
#[must_use]
pub fn moment(text: &str) -> Option<NaiveDateTime> {
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(end_of_day(day));
    }
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"]
        .iter()
        .find_map(|f| NaiveDateTime::parse_from_str(text, f).ok())
        .map(|at| at - Duration::hours(CHINA_HOURS))
}

/// Whether a text is a day, spelled `2026-03-31`.
#[must_use]
pub fn is_day(text: &str) -> bool {
    text.len() == 10 && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

/// An instant in JSON: `#[serde(with = "crate::clock::utc")]` writes RFC 3339, the zone included.
pub mod utc {
    use chrono::NaiveDateTime;
    use serde::Serializer;

    /// Writes an instant.
    ///
    /// # Errors
    /// Whatever the serializer says.
    pub fn serialize<S: Serializer>(at: &NaiveDateTime, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&super::stamp(*at))
    }
}

/// The same for an instant that may be missing.
pub mod utc_option {
    use chrono::NaiveDateTime;
    use serde::Serializer;

    /// Writes an instant, or null.
    ///
    /// # Errors
    /// Whatever the serializer says.
    pub fn serialize<S: Serializer>(at: &Option<NaiveDateTime>, out: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => out.serialize_str(&super::stamp(*at)),
            None => out.serialize_none(),
        }
    }
}
