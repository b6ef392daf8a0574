//! The map as a graph: what is tied to what in each view, who is reached from where, and how many fit. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// A point of the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spot {
    /// A department, by id.
    Department(i64),
    /// An entry, by id.
    Entry(i64),
}

/// How a point is reached, in steps; 0 is where one stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Against the data: it provides, directly or through others.
    pub up: Option<usize>,
    /// With the data: it uses, directly or through others.
    pub down: Option<usize>,
}

impl Reached {
    /// Steps away with a sign: below zero against the data. The nearer side counts, with the data when both are equal.
    #[must_use]
    pub fn distance(self) -> i64 {
        let signed = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        match (self.up, self.down) {
            (Some(up), Some(down)) if up < down => -signed(up),
            (_, Some(down)) => signed(down),
            (Some(up), None) => -signed(up),
            (None, None) => 0,
        }
    }
}

/// Distances from some points along ties, breadth first, as far as `most` steps.
fn spread(
    ties: impl Iterator<Item = (Spot, Spot)>,
    starts: &[Spot],
    most: usize,
) -> HashMap<Spot, usize> {
    let mut next: HashMap<Spot, Vec<Spot>> = HashMap::new();
    for (from, to) in ties {
        next.entry(from).or_default().push(to);
    }
    let mut found: HashMap<Spot, usize> = starts.iter().map(|s| (*s, 0)).collect();
    let mut open: VecDeque<Spot> = starts.iter().copied().collect();
    while let Some(here) = open.pop_front() {
        let distance = found.get(&here).copied().unwrap_or_default();
        if distance >= most {
            continue;
        }
        for there in next.get(&here).into_iter().flatten() {
            if !found.contains_key(there) {
                found.insert(*there, distance + 1);
                open.push_back(*there);
            }
        }
    }
    found
}

/// What is reached from some points within so many steps against the data and with it.
#[must_use]
pub fn reached(
    ties: &[(Spot, Spot)],
    starts: &[Spot],
    (up, down): (usize, usize),
) -> BTreeMap<Spot, Reached> {
    let mut out: BTreeMap<Spot, Reached> = BTreeMap::new();
    for (spot, n) in spread(ties.iter().map(|(from, to)| (*to, *from)), starts, up) {
        out.entry(spot).or_default().up = Some(n);
    }
    for (spot, n) in spread(ties.iter().copied(), starts, down) {
        out.entry(spot).or_default().down = Some(n);
    }
    out
}

/// Whether a tie is drawn: both its ends are found on the same side.
#[must_use]
pub fn is_drawn(found: &BTreeMap<Spot, Reached>, from: Spot, to: Spot) -> bool {
    let (Some(a), Some(b)) = (found.get(&from), found.get(&to)) else {
        return false;
    };
    (a.up.is_some() && b.up.is_some()) || (a.down.is_some() && b.down.is_some())
}

/// The points that are kept when there are more than `most`: the nearest, of those the ones with the most ties.
#[must_use]
pub fn nearest(
    found: &BTreeMap<Spot, Reached>,
    ties: &[(Spot, Spot)],
    most: usize,
) -> BTreeSet<Spot> {
    let mut degree: HashMap<Spot, usize> = HashMap::new();
    for (from, to) in ties {
        for end in [from, to] {
            *degree.entry(*end).or_default() += 1;
        }
    }
    let mut all: Vec<(&Spot, &Reached)> = found.iter().collect();
    all.sort_by_key(|(spot, reached)| {
        let ties = degree.get(*spot).copied().unwrap_or_default();
        (
            reached.distance().unsigned_abs(),
            std::cmp::Reverse(ties),
            **spot,
        )
    });
    all.into_iter().take(most).map(|(s, _)| *s).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spot(n: i64) -> Spot {
        if n % 3 == 0 {
            Spot::Department(n)
        } else {
            Spot::Entry(n)
        }
    }

    /// Distances by relaxing every tie until nothing changes.
    fn naive(ties: &[(Spot, Spot)], starts: &[Spot], most: usize) -> BTreeMap<Spot, usize> {
        let mut out: BTreeMap<Spot, usize> = starts.iter().map(|s| (*s, 0)).collect();
        loop {
            let before = out.clone();
            for (from, to) in ties {
                if let Some(n) = before.get(from).filter(|n| **n < most) {
                    let known = out.entry(*to).or_insert(n + 1);
                    *known = (*known).min(n + 1);
                }
            }
            if out == before {
                return out;
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn who_is_reached_is_what_a_naive_search_finds(
            pairs in prop::collection::vec((0..14_i64, 0..14_i64), 0..50),
            starts in prop::collection::vec(0..14_i64, 1..3),
            up in 0..6_usize,
            down in prop_oneof![0..6_usize, Just(usize::MAX)],
        ) {
            let ties: Vec<(Spot, Spot)> = pairs.iter().map(|(a, b)| (spot(*a), spot(*b))).collect();
            let back: Vec<(Spot, Spot)> = ties.iter().map(|(a, b)| (*b, *a)).collect();
            let starts: Vec<Spot> = starts.into_iter().map(spot).collect();
            let found = reached(&ties, &starts, (up, down));
            let side = |pick: fn(&Reached) -> Option<usize>| -> BTreeMap<Spot, usize> {
                found.iter().filter_map(|(s, r)| Some((*s, pick(r)?))).collect()
            };
            prop_assert_eq!(side(|r| r.up), naive(&back, &starts, up));
            prop_assert_eq!(side(|r| r.down), naive(&ties, &starts, down));
            for (from, to) in &ties {
                let both = found.contains_key(from) && found.contains_key(to);
                prop_assert!(both || !is_drawn(&found, *from, *to));
            }
            let kept = nearest(&found, &ties, 5);
            prop_assert_eq!(kept.len(), found.len().min(5));
            let far = kept.iter().filter_map(|s| found.get(s)).map(|r| r.distance().unsigned_abs()).max();
            for (spot, r) in &found {
                prop_assert!(kept.contains(spot) || Some(r.distance().unsigned_abs()) >= far);
            }
        }
    }
}
