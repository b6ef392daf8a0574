//! A small map around a point: a column for each distance, data runs from left to right.

use std::collections::BTreeMap;

use super::order;
use super::{Drawing, Map, Shape, fitted, lines};

const BOX: (usize, usize) = (166, 38);
const GAP: (usize, usize) = (52, 8);
const EDGE: usize = 8;
/// Width of a name and of an owner in a box, in halves of a character.
const FIT: (usize, usize) = (23, 27);
/// So many stand beneath each other at most, and so many beside each other.
const MOST: (usize, usize) = (16, 7);

fn stacks(map: &Map) -> BTreeMap<i64, Vec<Vec<usize>>> {
    let mut out: BTreeMap<i64, Vec<Vec<usize>>> = BTreeMap::new();
    for (n, node) in map.nodes.iter().enumerate() {
        out.entry(node.distance).or_default().push(vec![n]);
    }
    out
}

/// Whether a map can stand so.
pub(super) fn fits(map: &Map) -> bool {
    let stacks = stacks(map);
    map.nodes.iter().any(|n| n.own)
        && stacks.len() <= MOST.1
        && stacks.values().all(|s| s.len() <= MOST.0)
}

/// Lays a map out.
pub(super) fn lay(map: &Map, owner: impl Fn(i64) -> String) -> Drawing {
    let mut stacks: Vec<Vec<Vec<usize>>> = stacks(map).into_values().collect();
    order::settle(&mut stacks, &order::neighbours(map.nodes.len(), &map.edges));
    let most = stacks.iter().map(Vec::len).max().unwrap_or_default();
    let tall = |boxes: usize| boxes * BOX.1 + boxes.saturating_sub(1) * GAP.1;
    let mut shapes: Vec<Option<Shape>> = vec![None; map.nodes.len()];
    for (column, stack) in stacks.iter().enumerate() {
        let x = EDGE + column * (BOX.0 + GAP.0);
        let top = EDGE + (tall(most) - tall(stack.len())) / 2;
        for (row, n) in stack.iter().flatten().enumerate() {
            let Some(node) = map.nodes.get(*n) else {
                continue;
            };
            let y = top + row * (BOX.1 + GAP.1);
            let below = match node.place {
                Some(_) => owner(node.department_id),
                None => format!("提供 {} · 使用 {}", node.links.0, node.links.1),
            };
            let shape = Shape {
                node: *n,
                x,
                y,
                width: BOX.0,
                height: BOX.1,
                meets: (x, x + BOX.0, y + BOX.1 / 2),
                boxed: true,
                turned: false,
                name: fitted(&node.name, FIT.0),
                below: fitted(&below, FIT.1),
            };
            if let Some(place) = shapes.get_mut(*n) {
                *place = Some(shape);
            }
        }
    }
    let shapes: Vec<Shape> = shapes.into_iter().flatten().collect();
    Drawing {
        // The last column bows out as the others do.
        width: 2 * EDGE + stacks.len() * BOX.0 + stacks.len() * GAP.0 - GAP.0 / 2,
        height: 2 * EDGE + tall(most),
        size: "l",
        lines: lines(map, &shapes, way),
        shapes,
        groups: Vec::new(),
    }
}

fn way(from: &Shape, to: &Shape) -> String {
    let ((left, right, y), (there_left, there_right, there)) = (from.meets, to.meets);
    if right < there_left {
        let half = right + (there_left - right) / 2;
        return format!("M{right} {y}C{half} {y} {half} {there} {there_left} {there}");
    }
    if left > there_right {
        let half = there_right + (left - there_right) / 2;
        return format!("M{left} {y}C{half} {y} {half} {there} {there_right} {there}");
    }
    // In the same column: out to the right and back.
    let out = right + GAP.0 / 2;
    format!("M{right} {y}C{out} {y} {out} {there} {there_right} {there}")
}
