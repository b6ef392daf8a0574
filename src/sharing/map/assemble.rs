//! The map put together from what was read and found: points, grouped when they are too many, and what ties them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::graph::{self, Reached, Spot};
use super::read::{self, Link};
use super::ties::{self, Places, Tie};
use super::{DRAWN, Edge, Filter, Map, NAMED, Node, Standing};
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::error::Result;
use crate::ledger::as_of::Definitions;

/// What the map is put together from.
pub(super) struct Read<'r> {
    pub definitions: Definitions<'r>,
    pub places: &'r Places,
    pub links: &'r [Link],
    pub found: &'r BTreeMap<Spot, Reached>,
    pub ties: &'r [Tie],
    pub starts: &'r [Spot],
}

/// The department of a point; none for an entry that is not seen.
fn department(places: &Places, spot: Spot) -> Option<i64> {
    match spot {
        Spot::Department(id) => Some(id),
        Spot::Entry(id) => places.get(&id).map(|p| p.department_id),
    }
}

/// Whether a point is of the departments asked for.
pub(super) fn is_inside(filter: &Filter, places: &Places, spot: Spot) -> bool {
    filter.departments.as_ref().is_none_or(|all| {
        department(places, spot).is_some_and(|department| all.contains(&department))
    })
}

/// What is gathered of an edge.
#[derive(Default)]
struct Gathered {
    standings: [usize; 3],
    links: Vec<usize>,
    references: usize,
}

/// What is drawn: points with what they stand for, and what was lost on the way.
struct Kept {
    found: BTreeMap<Spot, Reached>,
    held: BTreeMap<Spot, usize>,
    is_grouped: bool,
    left_out: usize,
}

impl Read<'_> {
    /// Where a point is drawn.
    fn drawn(&self, spot: Spot, is_grouped: bool) -> Spot {
        match department(self.places, spot) {
            Some(id) if is_grouped => Spot::Department(id),
            _ => spot,
        }
    }

    /// Cuts what was found to what can be drawn.
    fn kept(&self) -> Kept {
        let is_grouped =
            self.found.len() > DRAWN && self.found.keys().any(|s| matches!(s, Spot::Entry(_)));
        let mut found: BTreeMap<Spot, Reached> = BTreeMap::new();
        let mut held: BTreeMap<Spot, usize> = BTreeMap::new();
        let nearer = |a: Option<usize>, b: Option<usize>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        for (spot, reached) in self.found {
            let at = self.drawn(*spot, is_grouped);
            let known = found.entry(at).or_default();
            known.up = nearer(known.up, reached.up);
            known.down = nearer(known.down, reached.down);
            *held.entry(at).or_default() += 1;
        }
        let left_out = found.len().saturating_sub(DRAWN);
        if left_out > 0 {
            let pairs: Vec<(Spot, Spot)> = ties::pairs(self.ties)
                .into_iter()
                .map(|(a, b)| (self.drawn(a, is_grouped), self.drawn(b, is_grouped)))
                .collect();
            let kept: BTreeSet<Spot> = graph::nearest(&found, &pairs, DRAWN);
            found.retain(|spot, _| kept.contains(spot));
        }
        Kept {
            found,
            held,
            is_grouped,
            left_out,
        }
    }

    fn name(&self, department: i64) -> String {
        let found = self.definitions.directory.get(department);
        found.map(|d| d.name.clone()).unwrap_or_default()
    }

    fn node(&self, spot: Spot, kept: &Kept, own: &BTreeSet<Spot>) -> Node {
        let place = match spot {
            Spot::Department(_) => None,
            Spot::Entry(id) => self.places.get(&id).cloned(),
        };
        let department_id = department(self.places, spot).unwrap_or_default();
        let reached = kept.found.get(&spot).copied().unwrap_or_default();
        Node {
            spot,
            name: place
                .as_ref()
                .map_or_else(|| self.name(department_id), |p| p.name.clone()),
            place,
            department_id,
            distance: reached.distance(),
            own: own.contains(&spot),
            links: (0, 0),
            inner: 0,
            held: kept.held.get(&spot).copied().unwrap_or_default(),
        }
    }

    /// The map without what only the caller knows.
    pub(super) fn map(&self, conn: &mut Conn, viewer: &Viewer) -> Result<Map> {
        let kept = self.kept();
        let own: BTreeSet<Spot> = self
            .starts
            .iter()
            .map(|s| self.drawn(*s, kept.is_grouped))
            .collect();
        let mut nodes: Vec<Node> = kept
            .found
            .keys()
            .map(|spot| self.node(*spot, &kept, &own))
            .collect();
        nodes.sort_by(|a, b| {
            let key = |n: &Node| {
                (
                    !n.own,
                    n.distance.unsigned_abs(),
                    n.distance,
                    n.department_id,
                )
            };
            (key(a), &a.name, a.spot).cmp(&(key(b), &b.name, b.spot))
        });
        let gathered = self.gather(&kept, &mut nodes);
        let edges = self.edges(conn, viewer, gathered)?;
        let mut map = Map {
            links: edges.iter().map(Edge::count).sum::<usize>()
                + nodes.iter().map(|n| n.inner).sum::<usize>(),
            grouped: if kept.is_grouped { self.found.len() } else { 0 },
            left_out: kept.left_out,
            ..Map::default()
        };
        map.nodes = nodes;
        map.edges = edges;
        Ok(map)
    }

    /// The ties by the points they are drawn between.
    fn gather(&self, kept: &Kept, nodes: &mut [Node]) -> BTreeMap<(usize, usize), Gathered> {
        let at: HashMap<Spot, usize> = nodes.iter().enumerate().map(|(n, d)| (d.spot, n)).collect();
        let mut out: BTreeMap<(usize, usize), Gathered> = BTreeMap::new();
        // References last, so that they find the links they say again.
        let (links, others): (Vec<&Tie>, Vec<&Tie>) =
            self.ties.iter().partition(|t| t.link.is_some());
        for tie in links.into_iter().chain(others) {
            let place = |spot| at.get(&self.drawn(spot, kept.is_grouped)).copied();
            let (Some(from), Some(to)) = (place(tie.from), place(tie.to)) else {
                continue;
            };
            let link = tie.link.and_then(|n| Some((n, self.links.get(n)?)));
            if from == to {
                if let Some(node) = nodes.get_mut(from) {
                    node.inner += usize::from(link.is_some());
                }
                continue;
            }
            let turned =
                tie.either && !out.contains_key(&(from, to)) && out.contains_key(&(to, from));
            let key = if turned { (to, from) } else { (from, to) };
            let edge = out.entry(key).or_default();
            let Some((n, link)) = link else {
                edge.references += 1;
                continue;
            };
            edge.links.push(n);
            let standing = Standing::ALL.iter().position(|s| *s == link.standing);
            if let Some(count) = standing.and_then(|s| edge.standings.get_mut(s)) {
                *count += 1;
            }
            if let Some(node) = nodes.get_mut(from) {
                node.links.0 += 1;
            }
            if let Some(node) = nodes.get_mut(to) {
                node.links.1 += 1;
            }
        }
        out
    }

    fn edges(
        &self,
        conn: &mut Conn,
        viewer: &Viewer,
        gathered: BTreeMap<(usize, usize), Gathered>,
    ) -> Result<Vec<Edge>> {
        let modes = read::modes(conn, self.definitions)?;
        let id = |n: &usize| self.links.get(*n).map(|l| l.id);
        let first = gathered.values().flat_map(|g| g.links.iter().take(NAMED));
        let ids: Vec<i64> = first.filter_map(id).collect();
        let names = read::names(conn, viewer, &ids)?;
        let mut out: Vec<Edge> = gathered
            .into_iter()
            .map(|((from, to), g)| {
                let mut edge = Edge {
                    from,
                    to,
                    standings: g.standings,
                    references: g.references,
                    ..Edge::default()
                };
                for id in g.links.iter().filter_map(id) {
                    let mode = modes.get(&id).cloned();
                    *edge.modes.entry(mode.unwrap_or_default()).or_default() += 1;
                }
                let first = g.links.iter().take(NAMED).filter_map(id);
                edge.named = first.filter_map(|id| names.get(&id).cloned()).collect();
                edge
            })
            .collect();
        out.sort_by_key(|e| (std::cmp::Reverse(e.count()), e.from, e.to));
        Ok(out)
    }
}
