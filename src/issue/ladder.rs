//! The ladder of disputes: who handles one at which rung, computed from the organisation.
//!
//! 政务数据共享条例 article 28: both sides talk; departments of one level are helped by the authority of that level, those
//! of different levels or places by the common superior one; then the people's government of its level decides.

use crate::org::directory::{Department, Directory};
use crate::register::region::Regions;

/// A rung with the bureau that has the issue in hand there; nobody has below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// 0 to 3.
    pub number: i32,
    /// The bureau, where one is found.
    pub handler: Option<i64>,
}

/// The rungs that a dispute between two departments climbs, from the ground up: three of the four.
#[must_use]
pub fn rungs(directory: &Directory, regions: &Regions, one: i64, other: i64) -> [Rung; 3] {
    let (a, b) = (
        way_up(directory, regions, one),
        way_up(directory, regions, other),
    );
    let common: Vec<&String> = a.iter().filter(|code| b.contains(code)).collect();
    let parties = [house(directory, one), house(directory, other)];
    let found = common.iter().find_map(|code| {
        let mut all = directory.all().iter();
        let bureau = all.find(|d| d.bureau && d.region.as_deref() == Some(code.as_str()))?;
        // Nobody settles a dispute of his own house.
        let apart = parties.iter().all(|house| !house.contains(&bureau.id));
        apart.then_some((bureau.id, *code))
    });
    let same_level = !a.is_empty() && a.first() == b.first();
    let own = found.is_some_and(|(_, code)| Some(code) == a.first());
    let handler = found.map(|(id, _)| id);
    let number = if same_level && own { 1 } else { 2 };
    [
        Rung {
            number: 0,
            handler: None,
        },
        Rung { number, handler },
        Rung { number: 3, handler },
    ]
}

/// The rung above one.
#[must_use]
pub fn next(rungs: &[Rung; 3], rung: i32) -> Option<Rung> {
    rungs.iter().copied().find(|r| r.number > rung)
}

/// A department and those it reports through.
pub(super) fn house(directory: &Directory, department: i64) -> Vec<i64> {
    let mut out = vec![department];
    let mut at = directory.get(department);
    // A circle, made by hand, ends as well.
    while let Some(above) = at.filter(|d| d.unit && out.len() < 64) {
        at = above.parent_id.and_then(|id| directory.get(id));
        out.extend(at.map(|d| d.id));
    }
    out
}

/// The region a department lies in, and those above it.
fn way_up(directory: &Directory, regions: &Regions, department: i64) -> Vec<String> {
    let mut out = Vec::new();
    let mut region = place(directory, directory.get(department));
    while let Some(code) = region.filter(|code| !code.is_empty() && out.len() < 8) {
        region = regions.get(&code).map(|r| r.parent.clone());
        out.push(code);
    }
    out
}

/// A department's region: its own, or that of the one it reports through.
fn place(directory: &Directory, department: Option<&Department>) -> Option<String> {
    let mut at = department?;
    for _ in 0..64 {
        if at.region.is_some() {
            break;
        }
        at = directory.get(at.parent_id?)?;
    }
    at.region.clone()
}
