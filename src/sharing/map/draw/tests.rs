//! That nothing covers anything, however many there are.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::graph::Spot;
use super::*;
use crate::impact::Place;

fn map(count: usize, departments: usize, pairs: &[(usize, usize)], around: bool) -> Map {
    let node = |n: usize| {
        let id = i64::try_from(n).unwrap();
        let department_id = i64::try_from(n % departments).unwrap();
        Node {
            spot: Spot::Entry(id),
            place: Some(Place {
                id,
                register: "information_system".to_owned(),
                code: format!("S{n}"),
                name: format!("业务协同管理信息系统第{n}号"),
                department_id,
                stage: "operation".to_owned(),
            }),
            department_id,
            name: format!("业务协同管理信息系统第{n}号"),
            distance: if around { id % 5 - 2 } else { 0 },
            own: around && n == 2,
            links: (n % 7, n % 3),
            inner: 0,
            held: 1,
        }
    };
    let edges = pairs
        .iter()
        .filter(|(a, b)| a != b && *a < count && *b < count);
    Map {
        nodes: (0..count).map(node).collect(),
        edges: edges
            .map(|(from, to)| Edge {
                from: *from,
                to: *to,
                standings: [1, 0, 0],
                ..Edge::default()
            })
            .collect(),
        ..Map::default()
    }
}

fn check(map: &Map) {
    let drawing = draw(map, |id| format!("示例市第{id}局")).unwrap();
    let nodes: BTreeSet<usize> = drawing.shapes.iter().map(|s| s.node).collect();
    assert_eq!(nodes.len(), map.nodes.len(), "each once");
    for (n, shape) in drawing.shapes.iter().enumerate() {
        assert_eq!(shape.node, n, "in the order of the nodes");
        assert!(shape.x + shape.width <= drawing.width && shape.y + shape.height <= drawing.height);
        for other in drawing.shapes.iter().skip(n + 1) {
            let apart =
                |a: usize, size: usize, b: usize, other: usize| a + size <= b || b + other <= a;
            assert!(
                apart(shape.x, shape.width, other.x, other.width)
                    || apart(shape.y, shape.height, other.y, other.height),
                "{shape:?} {other:?}"
            );
        }
    }
    for group in &drawing.groups {
        assert!(group.y < group.end && group.end <= drawing.height);
    }
    assert_eq!(drawing.lines.len(), map.edges.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn nothing_covers_anything(
        count in 1..201_usize,
        departments in 1..60_usize,
        pairs in prop::collection::vec((0..200_usize, 0..200_usize), 0..400),
        around in any::<bool>(),
    ) {
        check(&map(count, departments, &pairs, around && count > 2));
    }
}

#[test]
fn an_empty_map_is_not_drawn_and_long_names_are_cut() {
    assert!(draw(&Map::default(), |_| String::new()).is_none());
    assert_eq!(fitted("示例市教育局", 12), "示例市教育局");
    assert_eq!(fitted("示例市教育局", 11), "示例市教…");
    assert_eq!(fitted("abc系统", 6), "abc…");
}
