//! The graph as numbers for a drawing: a column for each distance, boxes in it, lines between.
//!
//! Nothing here is a style: the page's own sheet says how boxes and lines look.

use super::{Impact, Place};

/// More entries than this are not drawn: the list says it better.
pub const DRAWN: usize = 60;

const BOX: (usize, usize) = (184, 42);
const GAP: (usize, usize) = (56, 12);
const EDGE: usize = 10;
/// Characters of a name and of an owner that fit into a box.
const FIT: (usize, usize) = (13, 15);

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Left, in pixels.
    pub x: usize,
    /// Top.
    pub y: usize,
    /// Its entry; `None` for one that is not seen.
    pub place: Option<Place>,
    /// Its name, cut to fit.
    pub name: String,
    /// Below it, cut to fit.
    pub below: String,
    /// How many dependences away; 0 is the entry asked about.
    pub distance: usize,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// As the `d` of a path.
    pub path: String,
    /// What it stands for.
    pub via: String,
}

/// A drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// Width, in pixels.
    pub width: usize,
    /// Height.
    pub height: usize,
    /// Boxes, the entry asked about first.
    pub shapes: Vec<Shape>,
    /// Lines from what is depended on to what depends.
    pub lines: Vec<Line>,
}

impl Drawing {
    /// Width of a box.
    #[must_use]
    pub fn box_width(&self) -> usize {
        BOX.0
    }

    /// Height of a box.
    #[must_use]
    pub fn box_height(&self) -> usize {
        BOX.1
    }
}

/// Cuts a text to so many characters.
fn fitted(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(most.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// Lays an impact out; `None` when there is nothing to draw or too much.
#[must_use]
pub fn draw(own: &Place, impact: &Impact, owner: impl Fn(i64) -> String) -> Option<Drawing> {
    let count = impact.nodes.len();
    if count == 0 || count > DRAWN || impact.cut {
        return None;
    }
    let columns = impact.nodes.iter().map(|n| n.distance).max()? + 1;
    let tall = |d: usize| impact.nodes.iter().filter(|n| n.distance == d).count();
    let most = (1..columns).map(tall).max()?;
    let height = |boxes: usize| boxes * BOX.1 + boxes.saturating_sub(1) * GAP.1;
    // Columns begin at the top, so that the entry asked about is what one sees first.
    let shape = |distance: usize, row: usize, place: Option<&Place>| {
        let (name, below) = match place {
            Some(place) => (place.name.clone(), owner(place.department_id)),
            None => ("无权查看的条目".to_owned(), String::new()),
        };
        Shape {
            x: EDGE + distance * (BOX.0 + GAP.0),
            y: EDGE + row * (BOX.1 + GAP.1),
            place: place.cloned(),
            name: fitted(&name, FIT.0),
            below: fitted(&below, FIT.1),
            distance,
        }
    };
    let mut shapes = vec![shape(0, 0, Some(own))];
    let mut lines = Vec::with_capacity(count);
    let mut row = (0, 0);
    for node in &impact.nodes {
        row = if row.0 == node.distance {
            (row.0, row.1 + 1)
        } else {
            (node.distance, 0)
        };
        let to = shape(node.distance, row.1, node.place.as_ref());
        // The entry asked about is the first shape, so a parent stands one further on.
        if let Some(from) = shapes.get(node.parent.map_or(0, |p| p + 1)) {
            lines.push(Line {
                path: curve(from, &to),
                via: node.via.clone(),
            });
        }
        shapes.push(to);
    }
    Some(Drawing {
        width: 2 * EDGE + columns * BOX.0 + (columns - 1) * GAP.0,
        height: 2 * EDGE + height(most),
        shapes,
        lines,
    })
}

fn curve(from: &Shape, to: &Shape) -> String {
    let (x, y) = (from.x + BOX.0, from.y + BOX.1 / 2);
    let (end, there) = (to.x, to.y + BOX.1 / 2);
    let half = x + end.saturating_sub(x) / 2;
    format!("M{x} {y}C{half} {y} {half} {there} {end} {there}")
}

#[cfg(test)]
mod tests {
    use super::super::Node;
    use super::*;

    fn place(id: i64) -> Place {
        Place {
            id,
            register: "information_system".to_owned(),
            code: format!("S{id}"),
            name: format!("系统{id}"),
            department_id: 1,
            stage: "operation".to_owned(),
        }
    }

    fn node(id: i64, parent: Option<usize>, distance: usize) -> Node {
        Node {
            place: Some(place(id)),
            parent,
            distance,
            via: "对接系统清单".to_owned(),
        }
    }

    #[test]
    fn no_two_boxes_meet_and_every_line_ends_at_its_box() {
        let mut nodes: Vec<Node> = (0..DRAWN - 20).map(|n| node(n as i64, None, 1)).collect();
        nodes.extend((0..20).map(|n| node(100 + n as i64, Some(n), 2)));
        let impact = Impact { nodes, cut: false };
        let drawing = draw(&place(-1), &impact, |_| "示例市教育局".to_owned()).unwrap();
        assert_eq!(drawing.shapes.len(), DRAWN + 1);
        assert_eq!(drawing.lines.len(), DRAWN);
        for (n, a) in drawing.shapes.iter().enumerate() {
            assert!(a.x + BOX.0 + EDGE <= drawing.width && a.y + BOX.1 + EDGE <= drawing.height);
            for b in drawing.shapes.iter().skip(n + 1) {
                assert!(a.x.abs_diff(b.x) >= BOX.0 || a.y.abs_diff(b.y) >= BOX.1);
            }
        }
        for (line, to) in drawing.lines.iter().zip(drawing.shapes.iter().skip(1)) {
            let end = format!("{} {}", to.x, to.y + BOX.1 / 2);
            assert!(line.path.ends_with(&end), "{}", line.path);
        }
    }

    #[test]
    fn nothing_and_too_much_are_not_drawn() {
        let own = place(-1);
        assert!(draw(&own, &Impact::default(), |_| String::new()).is_none());
        let nodes = (0..=DRAWN).map(|n| node(n as i64, None, 1)).collect();
        let impact = Impact { nodes, cut: false };
        assert!(draw(&own, &impact, |_| String::new()).is_none());
    }
}
