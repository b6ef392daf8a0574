//! Who has issues in hand, for the bureau that watches.

use std::collections::BTreeMap;

use super::{Filter, load};
use crate::auth::Viewer;
use crate::calendar::WorkCalendar;
use crate::clock;
use crate::db::connection::Conn;
use crate::error::Result;

/// A department on the board: what it has in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The department whose move it is.
    pub department: i64,
    /// So many.
    pub open: usize,
    /// Of those, past their day.
    pub overdue: usize,
    /// Working days of the oldest.
    pub oldest: u32,
}

/// Issues on the board at most.
const ON_BOARD: usize = 5_000;

/// Whose move open issues are, by department: the most overdue first.
///
/// # Errors
/// When the database fails.
pub fn board(conn: &mut Conn, viewer: &Viewer, calendar: &WorkCalendar) -> Result<Vec<Line>> {
    let today = clock::today();
    let open = load(conn, viewer, &Filter::default(), None, ON_BOARD)?;
    let mut lines: BTreeMap<i64, Line> = BTreeMap::new();
    for row in &open {
        let Some(department) = row.mover() else {
            continue;
        };
        let line = lines.entry(department).or_insert(Line {
            department,
            open: 0,
            overdue: 0,
            oldest: 0,
        });
        line.open += 1;
        line.overdue += usize::from(row.due_on < today);
        line.oldest = line.oldest.max(row.age(calendar, today));
    }
    let mut out: Vec<Line> = lines.into_values().collect();
    out.sort_by_key(|l| (std::cmp::Reverse((l.overdue, l.open)), l.department));
    Ok(out)
}
