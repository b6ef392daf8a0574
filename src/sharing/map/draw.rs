//! The map as numbers for a drawing. Nothing here is a style: the page's own sheet says how points and ties look.
//!
//! Two layouts. A small map around a point stands in columns (`columns.rs`): what gives on the left, what uses on the
//! right. Everything else stands on two rails (`rails.rs`): names outside, one beneath the other by department, so that
//! two hundred can be read and none covers another; ties run between the rails.

mod columns;
mod order;
mod rails;

use super::{Edge, Map, Node, Standing};

/// A point in the drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Position of the node.
    pub node: usize,
    /// Left of what can be pressed.
    pub x: usize,
    /// Top of it.
    pub y: usize,
    /// Its width.
    pub width: usize,
    /// Its height.
    pub height: usize,
    /// Where ties meet it from the left and from the right, and how far down.
    pub meets: (usize, usize, usize),
    /// It is a box; otherwise a dot with a name beside it.
    pub boxed: bool,
    /// The name stands left of the dot.
    pub turned: bool,
    /// Its name, cut to fit.
    pub name: String,
    /// Below the name in a box, cut to fit.
    pub below: String,
}

/// A tie in the drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Position of the edge.
    pub edge: usize,
    /// As the `d` of a path.
    pub path: String,
    /// Its standing as a word; `reference` where no link says it.
    pub word: &'static str,
    /// Width in pixels, by the number of links.
    pub weight: usize,
}

/// A department beside the names of what is its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Where its name begins, or ends when turned.
    pub x: usize,
    /// Top of its names.
    pub y: usize,
    /// Bottom of them.
    pub end: usize,
    /// Left of the line that holds them together.
    pub bar: usize,
    /// The name ends at `x`.
    pub turned: bool,
    /// Its name, cut to fit.
    pub name: String,
    /// Its name in full.
    pub full: String,
}

/// A drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// Width, in pixels.
    pub width: usize,
    /// Height.
    pub height: usize,
    /// How small the letters are: `l`, `m`, `s`.
    pub size: &'static str,
    /// Points, in the order of the nodes.
    pub shapes: Vec<Shape>,
    /// Ties.
    pub lines: Vec<Line>,
    /// Departments; none where each point is one.
    pub groups: Vec<Group>,
}

/// Lays a map out; `None` when there is nothing to draw. `owner` names a department.
#[must_use]
pub fn draw(map: &Map, owner: impl Fn(i64) -> String) -> Option<Drawing> {
    if map.nodes.is_empty() {
        return None;
    }
    if columns::fits(map) {
        return Some(columns::lay(map, owner));
    }
    Some(rails::lay(map, owner))
}

/// Cuts a text to a width, in halves of a Chinese character.
fn fitted(text: &str, most: usize) -> String {
    let wide = |c: char| if c.is_ascii() { 1 } else { 2 };
    if text.chars().map(wide).sum::<usize>() <= most {
        return text.to_owned();
    }
    let mut left = most.saturating_sub(2);
    let mut out: String = text
        .chars()
        .take_while(|c| {
            let fits = left >= wide(*c);
            left = left.saturating_sub(wide(*c));
            fits
        })
        .collect();
    out.push('…');
    out
}

fn weight(links: usize) -> usize {
    match links {
        0 | 1 => 1,
        2..5 => 2,
        5..20 => 3,
        _ => 5,
    }
}

/// The lines of a map between its shapes, which stand in the order of the nodes.
fn lines(map: &Map, shapes: &[Shape], way: impl Fn(&Shape, &Shape) -> String) -> Vec<Line> {
    let mut out: Vec<Line> = map
        .edges
        .iter()
        .enumerate()
        .filter_map(|(n, edge)| {
            Some(Line {
                edge: n,
                path: way(shapes.get(edge.from)?, shapes.get(edge.to)?),
                word: edge.standing().map_or("reference", Standing::word),
                weight: weight(edge.count()),
            })
        })
        .collect();
    // What needs looking at lies on top.
    let rank = |word: &str| {
        ["reference", "confirmed", "pending", "disputed"]
            .iter()
            .position(|w| *w == word)
    };
    out.sort_by_key(|l| (rank(l.word), l.edge));
    out
}

#[cfg(test)]
mod tests;
