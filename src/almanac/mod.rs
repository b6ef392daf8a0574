//! The work calendar and the time limits as they count in this installation: what is shipped, and what the
//! system administrator has changed (domain README section 12). Every change is audited.

mod days;
mod limits;

pub use days::{Taken, calendar, load, set_day, set_year};
pub use limits::{Kept, Wish, limits, one, set_limit};

use diesel::prelude::*;

use crate::calendar::{TimeLimit, WorkCalendar};
use crate::db::connection::Conn;
use crate::db::schema::almanac_head;
use crate::error::Result;

/// How often calendar and limits were changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// Of the calendar.
    pub calendar: i32,
    /// Of the limits.
    pub limits: i32,
}

/// What counts at present.
#[derive(Clone, Debug)]
pub struct Almanac {
    /// The days.
    pub calendar: WorkCalendar,
    /// The limits, those not counted by included.
    pub limits: Vec<TimeLimit>,
    /// Of which version they are.
    pub version: Version,
}

impl Almanac {
    /// The limit with this number that holds for an event on a day, in a department of these regions.
    #[must_use]
    pub fn limit(
        &self,
        rule_id: &str,
        on: chrono::NaiveDate,
        regions: &[String],
    ) -> Option<&TimeLimit> {
        let found = self.limits.iter().find(|l| l.rule_id == rule_id)?;
        found.holds(on, regions).then_some(found)
    }
}

/// Reads what counts.
///
/// # Errors
/// When the database fails.
pub fn read(conn: &mut Conn) -> Result<Almanac> {
    // The version first: what changes in between is read again, never missed.
    let version = version(conn)?;
    let kept = limits(conn)?;
    Ok(Almanac {
        calendar: calendar(conn)?.0,
        limits: kept.into_iter().map(|k| k.limit).collect(),
        version,
    })
}

/// The versions alone.
///
/// # Errors
/// When the database fails.
pub fn version(conn: &mut Conn) -> Result<Version> {
    let (calendar, limits) = almanac_head::table
        .find(1)
        .select((almanac_head::calendar, almanac_head::limits))
        .first(conn)?;
    Ok(Version { calendar, limits })
}
