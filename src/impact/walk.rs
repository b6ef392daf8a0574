//! The walk itself: breadth first, each entry once, by the shortest way. Pure.

use std::collections::HashMap;

/// One dependence: `by` stops working without `on`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<T> {
    /// What is depended on.
    pub on: i64,
    /// What depends on it.
    pub by: i64,
    /// What is known of the dependence.
    pub about: T,
}

/// An entry that was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached<T> {
    /// Identity.
    pub id: i64,
    /// Where the shortest way to it comes from, as a position in the list; `None` from the start itself.
    pub parent: Option<usize>,
    /// How many dependences away, from 1.
    pub distance: usize,
    /// The last dependence of the way.
    pub about: T,
}

/// What was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk<T> {
    /// The entries, the nearest first; a parent always stands before its children.
    pub reached: Vec<Reached<T>>,
    /// There are more, and they were not looked at.
    pub cut: bool,
}

/// Walks from `start` until nothing new is found or `most` entries are; `level` gives all dependences on some entries,
/// on the start itself when it is asked about none.
///
/// Of several shortest ways the one that `level` names first counts, so equal answers give equal walks.
///
/// # Errors
/// What `level` says.
pub fn walk<T, E>(
    start: i64,
    most: usize,
    mut level: impl FnMut(&[&Reached<T>]) -> Result<Vec<Step<T>>, E>,
) -> Result<Walk<T>, E> {
    let mut places: HashMap<i64, Option<usize>> = HashMap::from([(start, None)]);
    let mut out = Walk {
        reached: Vec::new(),
        cut: false,
    };
    let mut steps = level(&[])?;
    let mut distance = 1;
    loop {
        let from = out.reached.len();
        // Ways on stand in the order of what they come from, so that a layer keeps the order of the one before.
        steps.sort_by_key(|s| places.get(&s.on).copied().flatten());
        for step in steps {
            let Some(parent) = places.get(&step.on).copied() else {
                continue;
            };
            if places.contains_key(&step.by) {
                continue;
            }
            if out.reached.len() >= most {
                out.cut = true;
                return Ok(out);
            }
            places.insert(step.by, Some(out.reached.len()));
            out.reached.push(Reached {
                id: step.by,
                parent,
                distance,
                about: step.about,
            });
        }
        let fresh: Vec<&Reached<T>> = out.reached.iter().skip(from).collect();
        if fresh.is_empty() {
            return Ok(out);
        }
        steps = level(&fresh)?;
        distance += 1;
    }
}
