//! In which order things stand beneath each other, so that what is tied stands near.

use super::Edge;

/// Rounds of putting each near its neighbours; more change little.
const ROUNDS: usize = 8;

/// Who is tied to whom, by position.
pub(super) fn neighbours(nodes: usize, edges: &[Edge]) -> Vec<Vec<usize>> {
    let mut out = vec![Vec::new(); nodes];
    for edge in edges {
        for (a, b) in [(edge.from, edge.to), (edge.to, edge.from)] {
            if let Some(own) = out.get_mut(a) {
                own.push(b);
            }
        }
    }
    out
}

/// Mean place of a node's neighbours, in thousandths; its own place when it has none.
fn mean(own: &[usize], places: &[i64], here: i64) -> i64 {
    let all: Vec<i64> = own.iter().filter_map(|n| places.get(*n).copied()).collect();
    match i64::try_from(all.len()) {
        Ok(count) if count > 0 => all.iter().sum::<i64>() / count,
        _ => here,
    }
}

/// Orders stacks of blocks of nodes: blocks within their stack, nodes within their block.
pub(super) fn settle(stacks: &mut [Vec<Vec<usize>>], ties: &[Vec<usize>]) {
    let mut places = vec![0_i64; ties.len()];
    place(stacks, &mut places);
    for _ in 0..ROUNDS {
        for at in 0..stacks.len() {
            if let Some(stack) = stacks.get_mut(at) {
                for block in stack.iter_mut() {
                    block.sort_by_key(|n| (pull(*n, ties, &places), *n));
                }
                stack.sort_by_key(|block| {
                    let all: i64 = block.iter().map(|n| pull(*n, ties, &places)).sum();
                    let count = i64::try_from(block.len()).unwrap_or(1).max(1);
                    (all / count, block.first().copied())
                });
            }
            place(stacks, &mut places);
        }
    }
}

fn pull(node: usize, ties: &[Vec<usize>], places: &[i64]) -> i64 {
    let here = places.get(node).copied().unwrap_or_default();
    ties.get(node).map_or(here, |own| mean(own, places, here))
}

/// Where each node stands: thousandths of its stack from the top.
fn place(stacks: &[Vec<Vec<usize>>], places: &mut [i64]) {
    for stack in stacks {
        let count = stack.iter().map(Vec::len).sum::<usize>().max(1);
        for (row, node) in stack.iter().flatten().enumerate() {
            if let Some(place) = places.get_mut(*node) {
                *place = i64::try_from(row * 1000 / count).unwrap_or_default();
            }
        }
    }
}
