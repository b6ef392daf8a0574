//! What is tied to what in a view: links, and the references that other registers hold beside them.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::graph::{Reached, Spot};
use super::read::Link;
use super::{DATASET, Filter, SYSTEM, View};
use crate::db::scope::Tied;
use crate::impact::Place;
use crate::ledger::facts::stage_of;

/// The entries that are seen, by id.
pub(super) type Places = HashMap<i64, Place>;

/// One tie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tie {
    pub from: Spot,
    pub to: Spot,
    /// Position of the link among those read; none for a reference.
    pub link: Option<usize>,
    /// It says that both are connected, not which one gives.
    pub either: bool,
}

/// Whether a link is seen and wanted.
pub(super) fn counts(link: &Link, filter: &Filter, moded: Option<&HashSet<i64>>) -> bool {
    link.seen
        && is_of(link, filter)
        && moded.is_none_or(|ids| ids.contains(&link.id))
        && filter.stage.is_none_or(|s| stage_of(&link.stage) == s)
        && filter.standing.is_none_or(|s| link.standing == s)
}

/// Whether one of its ends is in the departments asked for.
pub(super) fn is_of(link: &Link, filter: &Filter) -> bool {
    filter.departments.as_ref().is_none_or(|all| {
        all.contains(&link.provider) || link.consumer.is_some_and(|c| all.contains(&c))
    })
}

/// The entries that may stand for the ends of a link in a view, the best first.
fn ends(view: View, link: &Link) -> ([Option<i64>; 2], Option<i64>) {
    match view {
        View::Department => ([None, None], None),
        View::System => ([link.provider_system, None], link.consumer_system),
        View::Dataset => ([link.dataset, link.provider_system], link.consumer_system),
    }
}

/// The entries that a view would name for a link.
pub(super) fn named(view: View, link: &Link) -> impl Iterator<Item = i64> {
    let ([first, second], to) = ends(view, link);
    [first.or(second), to].into_iter().flatten()
}

/// The two points of a link; none when nobody knows who uses it.
pub(super) fn points(view: View, link: &Link, places: &Places) -> Option<(Spot, Spot)> {
    let seen = |id: Option<i64>| id.filter(|id| places.contains_key(id)).map(Spot::Entry);
    let ([first, second], to) = ends(view, link);
    let from = seen(first)
        .or_else(|| seen(second))
        .unwrap_or(Spot::Department(link.provider));
    let to = seen(to).or(link.consumer.map(Spot::Department))?;
    Some((from, to))
}

/// A reference as a tie; none when an end is not seen, out of use or no part of the view.
pub(super) fn reference(view: View, tied: &Tied, places: &Places) -> Option<Tie> {
    let (holder, named) = (places.get(&tied.from)?, places.get(&tied.to)?);
    if holder.stage == "retired" || named.stage == "retired" {
        return None;
    }
    let (from, to) = match view {
        View::Department => {
            let (a, b) = (holder.department_id, named.department_id);
            (Spot::Department(a), Spot::Department(b))
        }
        View::System => (Spot::Entry(holder.id), Spot::Entry(named.id)),
        // The system gives its dataset.
        View::Dataset => (Spot::Entry(named.id), Spot::Entry(holder.id)),
    };
    (from != to).then_some(Tie {
        from,
        to,
        link: None,
        either: view != View::Dataset,
    })
}

/// The reference field that a view shows beside the links.
pub(super) fn field(view: View) -> (&'static str, &'static str) {
    match view {
        View::Department | View::System => (SYSTEM, "links"),
        View::Dataset => (DATASET, "system_id"),
    }
}

/// The ties as pairs to walk along.
pub(super) fn pairs(ties: &[Tie]) -> Vec<(Spot, Spot)> {
    ties.iter()
        .flat_map(|t| {
            let back = t.either.then_some((t.to, t.from));
            std::iter::once((t.from, t.to)).chain(back)
        })
        .collect()
}

/// Whether a register has entries that are points of a view.
fn is_shown(view: View, register: &str) -> bool {
    match view {
        View::Department => false,
        View::System => register == SYSTEM,
        View::Dataset => register == SYSTEM || register == DATASET,
    }
}

/// Where a walk begins: the point itself, or all points of its department where a view does not show it.
pub(super) fn starts(view: View, around: Spot, places: &Places, ties: &[Tie]) -> Vec<Spot> {
    let department = match around {
        Spot::Department(id) => id,
        Spot::Entry(id) => match places.get(&id) {
            Some(place) if is_shown(view, &place.register) => return vec![around],
            Some(place) => place.department_id,
            None => return Vec::new(),
        },
    };
    let mut out = vec![Spot::Department(department)];
    out.extend(ties.iter().flat_map(|t| [t.from, t.to]).filter(|s| {
        let Spot::Entry(id) = s else { return false };
        places
            .get(id)
            .is_some_and(|p| p.department_id == department)
    }));
    out.sort_unstable();
    out.dedup();
    out
}

/// How many links are not seen: of all that touch what was found, or of all there are.
pub(super) fn hidden(
    view: View,
    links: &[Link],
    filter: &Filter,
    found: Option<(&BTreeMap<Spot, Reached>, &Places)>,
) -> usize {
    let unseen = links.iter().filter(|l| !l.seen && is_of(l, filter));
    match found {
        None => unseen.count(),
        Some((found, places)) => unseen
            .filter(|l| {
                let points = points(view, l, places);
                points.is_some_and(|(a, b)| found.contains_key(&a) || found.contains_key(&b))
            })
            .count(),
    }
}
