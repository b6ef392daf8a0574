//! How providers keep the law's time: what is overdue, was late or was refused, for the bureau and for both ends.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::Ground;
use super::clock::{Reckoner, Standing};
use super::list::{Filter, Tab, list};
use super::steps::State;
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::error::Result;

/// Requests that are counted at most.
const MOST: i64 = 10_000;

/// One provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ShareBoardLine)]
pub struct Line {
    /// Number of the department.
    pub provider_id: i64,
    /// Its name.
    pub provider: String,
    /// Requests that it received.
    pub received: usize,
    /// Those that it has to answer or to supply.
    pub owed: usize,
    /// Clocks that are overdue now.
    pub overdue: usize,
    /// Clocks that were done late.
    pub late: usize,
    /// Clocks that were done in time.
    pub in_time: usize,
    /// Requests that it refused.
    pub refused: usize,
    /// Requests in use.
    pub served: usize,
}

/// The providers of requests that the viewer sees; the most overdue first.
///
/// # Errors
/// [`crate::error::Error::Refused`] without the right to coordinate; when the database fails.
pub fn lines(conn: &mut Conn, viewer: &Viewer, ground: Ground<'_>) -> Result<Vec<Line>> {
    viewer.may_anywhere(Right::CoordinateSharing)?;
    let filter = Filter {
        tab: Tab::All,
        ..Filter::default()
    };
    let found = list(conn, viewer, ground, &filter, MOST)?;
    let mut lines: BTreeMap<i64, Line> = BTreeMap::new();
    let coordinates =
        |d: i64| viewer.can(Right::CoordinateSharing, d) || viewer.can(Right::SeeOwn, d);
    for row in found
        .iter()
        .filter(|r| r.submitted_at.is_some() && coordinates(r.provider_id))
    {
        let line = lines.entry(row.provider_id).or_default();
        line.received += 1;
        match row.state() {
            State::Refused => line.refused += 1,
            s if s.is_served() => line.served += 1,
            s if s.is_open() => line.owed += 1,
            _ => {}
        }
    }
    let reckoner = Reckoner::new(conn, ground, clock::today())?;
    for running in [true, false] {
        for (clock, _) in reckoner.seen(conn, viewer, running)? {
            if let Some(line) = lines.get_mut(&clock.department_id) {
                match clock.standing {
                    Standing::Overdue => line.overdue += 1,
                    Standing::DoneLate => line.late += 1,
                    Standing::Done => line.in_time += 1,
                    _ => {}
                }
            }
        }
    }
    let mut out: Vec<Line> = lines
        .into_iter()
        .map(|(id, line)| Line {
            provider_id: id,
            provider: ground.name(id),
            ..line
        })
        .collect();
    out.sort_by_key(|l| {
        (
            std::cmp::Reverse((l.overdue, l.late, l.refused)),
            l.provider_id,
        )
    });
    Ok(out)
}
