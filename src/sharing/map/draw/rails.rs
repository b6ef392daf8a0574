//! A large map: names on two rails, by department, what mostly gives on the left and what mostly uses on the right.

use std::collections::BTreeMap;

use super::order;
use super::{Drawing, Group, Map, Node, Shape, fitted, lines};
use crate::sharing::map::Spot;

/// Width of the whole.
const WIDTH: usize = 1_080;
const EDGE: usize = 6;
/// Between departments.
const GAP: usize = 5;
/// Width of the departments' names and of the points' names where both are told.
const COLUMNS: (usize, usize) = (118, 162);
/// Width of names where each point is a department.
const WIDE: usize = 226;
/// Size of a box in the middle.
const BOX: (usize, usize) = (150, 40);
/// How far down the middle begins at most, so that it is on the first screen.
const HIGH: usize = 260;
/// More points than this asked about are not drawn in the middle.
const MIDDLE: usize = 3;

/// How a drawing is measured.
struct Measure {
    /// Height of a name.
    row: usize,
    /// How small the letters are.
    size: &'static str,
    /// Width of half a character, in tenths of a pixel.
    half: usize,
    /// Width of names, and of departments' names beside them.
    columns: (usize, usize),
}

impl Measure {
    fn of(rows: usize, is_grouped: bool) -> Self {
        let (row, size, half) = match rows {
            0..=24 => (24, "l", 65),
            25..=44 => (18, "m", 60),
            _ => (14, "s", 55),
        };
        let columns = if is_grouped {
            (COLUMNS.1, COLUMNS.0)
        } else {
            (WIDE, 0)
        };
        Self {
            row,
            size,
            half,
            columns,
        }
    }

    /// Where the dots stand on a rail.
    fn dot(&self, right: bool) -> usize {
        let inset = EDGE + self.columns.0 + self.columns.1 + 8;
        if right { WIDTH - inset } else { inset }
    }

    fn fit(&self, width: usize) -> usize {
        width * 10 / self.half
    }
}

/// Blocks of nodes on the two rails.
fn split(map: &Map, middle: &[usize]) -> [Vec<Vec<usize>>; 2] {
    let mut blocks: BTreeMap<(i64, Option<Spot>), Vec<usize>> = BTreeMap::new();
    for (n, node) in map.nodes.iter().enumerate() {
        if !middle.contains(&n) {
            // A department that stands for itself is a block of its own beside its entries.
            let alone = node.place.is_none().then_some(node.spot);
            let around = middle.is_empty().then_some(()).is_none();
            let side = if around { node.distance.signum() } else { 0 };
            let key = node.department_id * 3 + side;
            blocks.entry((key, alone)).or_default().push(n);
        }
    }
    let mut blocks: Vec<Vec<usize>> = blocks.into_values().collect();
    blocks.sort_by_key(|block| (lean(map, block), block.first().copied()));
    let total: usize = blocks.iter().map(Vec::len).sum();
    let mut out = [Vec::new(), Vec::new()];
    let mut rows = 0;
    let [left, right] = &mut out;
    for block in blocks {
        let count = block.len();
        if rows + count / 2 < total.div_ceil(2) {
            left.push(block);
        } else {
            right.push(block);
        }
        rows += count;
    }
    out
}

/// How much a block uses rather than gives, in thousandths; around a point, how far it is.
fn lean(map: &Map, block: &[usize]) -> (i64, i64) {
    let nodes: Vec<&Node> = block.iter().filter_map(|n| map.nodes.get(*n)).collect();
    let side = nodes.first().map_or(0, |n| n.distance.signum());
    let sum = |of: fn(&Node) -> usize| -> i64 {
        let all: usize = nodes.iter().map(|n| of(n)).sum();
        i64::try_from(all).unwrap_or(i64::MAX)
    };
    let (gives, takes) = (sum(|n| n.links.0), sum(|n| n.links.1));
    (side, (takes - gives) * 1000 / (takes + gives).max(1))
}

/// Lays a map out.
pub(super) fn lay(map: &Map, owner: impl Fn(i64) -> String) -> Drawing {
    let asked: Vec<usize> = (0..map.nodes.len())
        .filter(|n| map.nodes.get(*n).is_some_and(|d| d.own))
        .collect();
    let middle: &[usize] = if asked.len() <= MIDDLE { &asked } else { &[] };
    let mut stacks = split(map, middle);
    order::settle(&mut stacks, &order::neighbours(map.nodes.len(), &map.edges));
    let is_grouped = map.nodes.iter().any(|n| n.place.is_some());
    let rows = |stack: &[Vec<usize>]| stack.iter().map(Vec::len).sum::<usize>();
    let most = stacks.iter().map(|s| rows(s)).max().unwrap_or_default();
    let measure = Measure::of(most, is_grouped);
    let mut shapes: Vec<Option<Shape>> = vec![None; map.nodes.len()];
    let mut groups = Vec::new();
    let mut height = 0;
    for (stack, right) in stacks.iter().zip([false, true]) {
        let mut y = EDGE;
        for block in stack {
            let begin = y;
            for n in block {
                if let (Some(place), Some(node)) = (shapes.get_mut(*n), map.nodes.get(*n)) {
                    *place = Some(beside(&measure, (*n, node), y, right));
                }
                y += measure.row;
            }
            let first = block.first().and_then(|n| map.nodes.get(*n));
            if let Some(first) = first.filter(|f| f.place.is_some()) {
                groups.push(group(
                    &measure,
                    owner(first.department_id),
                    (begin, y),
                    right,
                ));
            }
            if is_grouped {
                y += GAP;
            }
        }
        height = height.max(y);
    }
    let mut top = (height.saturating_sub(middle.len() * (BOX.1 + 12)) / 2).min(HIGH);
    for n in middle {
        if let (Some(place), Some(node)) = (shapes.get_mut(*n), map.nodes.get(*n)) {
            let below = if node.place.is_some() {
                owner(node.department_id)
            } else {
                format!("提供 {} · 使用 {}", node.links.0, node.links.1)
            };
            *place = Some(centre((*n, node), &below, EDGE + top));
            top += BOX.1 + 12;
        }
    }
    let shapes: Vec<Shape> = shapes.into_iter().flatten().collect();
    Drawing {
        width: WIDTH,
        height: (height + EDGE).max(EDGE + top + BOX.1),
        size: measure.size,
        lines: lines(map, &shapes, way),
        shapes,
        groups,
    }
}

fn beside(measure: &Measure, (n, node): (usize, &Node), y: usize, right: bool) -> Shape {
    let dot = measure.dot(right);
    let width = measure.columns.0 + 8;
    Shape {
        node: n,
        x: if right { dot - 4 } else { dot + 4 - width },
        y,
        width,
        height: measure.row,
        meets: (dot, dot, y + measure.row / 2),
        boxed: false,
        turned: !right,
        name: fitted(&node.name, measure.fit(measure.columns.0 - 8)),
        below: String::new(),
    }
}

fn centre((n, node): (usize, &Node), below: &str, y: usize) -> Shape {
    let x = (WIDTH - BOX.0) / 2;
    Shape {
        node: n,
        x,
        y,
        width: BOX.0,
        height: BOX.1,
        meets: (x, x + BOX.0, y + BOX.1 / 2),
        boxed: true,
        turned: false,
        name: fitted(&node.name, 20),
        below: fitted(below, 24),
    }
}

fn group(measure: &Measure, full: String, (y, end): (usize, usize), right: bool) -> Group {
    let edge = EDGE + measure.columns.1;
    let (x, bar) = if right {
        (WIDTH - edge + 4, WIDTH - edge)
    } else {
        (edge - 4, edge)
    };
    Group {
        x,
        y,
        end,
        bar,
        turned: !right,
        name: fitted(&full, measure.fit(measure.columns.1 - 6)),
        full,
    }
}

/// Between the rails an S, along one of them a bow; the further, the wider.
fn way(from: &Shape, to: &Shape) -> String {
    let middle = WIDTH / 2;
    let (y, there) = (from.meets.2, to.meets.2);
    let side = |s: &Shape| match (s.boxed, s.meets.0 < middle) {
        (true, _) => 0,
        (false, true) => -1,
        (false, false) => 1,
    };
    let (a, b) = (side(from), side(to));
    // A box is met on the side that faces the other end.
    let at = |s: &Shape, other: i32| if other < 0 { s.meets.0 } else { s.meets.1 };
    let (x, end) = (at(from, b), at(to, a));
    if a == b {
        let bow = 30 + (y.abs_diff(there) / 6).min(210);
        let out = if a < 0 {
            x + bow
        } else {
            x.saturating_sub(bow)
        };
        return format!("M{x} {y}C{out} {y} {out} {there} {end} {there}");
    }
    // The arrow's head needs a little room before the dot.
    let end = if end > x { end - 3 } else { end + 3 };
    let half = (x + end) / 2;
    format!("M{x} {y}C{half} {y} {half} {there} {end} {there}")
}
