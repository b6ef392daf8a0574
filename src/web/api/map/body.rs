//! The map as it is answered.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::ledger::facts::stage_of;
use crate::org::directory::Directory;
use crate::sharing::map::{Map, Node, Spot, View};

/// A point of the map.
#[derive(Serialize, ToSchema)]
pub(super) struct MapPoint {
    /// Register key, or `department`.
    kind: String,
    /// Code.
    code: String,
    /// Name.
    name: String,
    /// Name of its department.
    department: String,
    /// Stage; none for a department.
    stage: Option<String>,
    /// Steps from what was asked about, below zero against the data.
    distance: i64,
    /// It is what was asked about.
    own: bool,
    /// How many of the links drawn it gives by.
    gives: usize,
    /// How many it takes by.
    takes: usize,
    /// Links inside it.
    inner: usize,
    /// How many points it stands for.
    held: usize,
}

/// Links from one point to another.
#[derive(Serialize, ToSchema)]
pub(super) struct MapTie {
    /// Position in `nodes` of who gives.
    from: usize,
    /// Position of who takes.
    to: usize,
    /// How many links; 0 for references alone.
    links: usize,
    /// Of them, those that both ends say.
    confirmed: usize,
    /// Those that one end says.
    pending: usize,
    /// Those that one end disputes.
    disputed: usize,
    /// How many by way.
    modes: BTreeMap<String, usize>,
    /// Codes of the first few.
    codes: Vec<String>,
    /// References of other registers that say the same.
    references: usize,
}

/// A map.
#[derive(Serialize, ToSchema)]
pub(super) struct MapBody {
    /// What stands for a point.
    view: View,
    /// The points, what was asked about first.
    nodes: Vec<MapPoint>,
    /// What ties them, the most links first.
    edges: Vec<MapTie>,
    /// How many links are drawn.
    links: usize,
    /// How many links more you may not see.
    hidden: usize,
    /// How many ends you may not see, or are gone; their departments stand for them.
    unnamed: usize,
    /// So many points were too many and became their departments; 0 when they did not.
    grouped: usize,
    /// So many points are left out.
    left_out: usize,
    /// There are more links than were looked at.
    cut: bool,
}

fn point(directory: &Directory, node: &Node) -> MapPoint {
    let department = directory.get(node.department_id);
    let (kind, code) = match (&node.place, node.spot) {
        (Some(place), _) => (place.register.clone(), place.code.clone()),
        (None, Spot::Department(_) | Spot::Entry(_)) => (
            "department".to_owned(),
            department.map(|d| d.code.clone()).unwrap_or_default(),
        ),
    };
    MapPoint {
        kind,
        code,
        name: node.name.clone(),
        department: department.map(|d| d.name.clone()).unwrap_or_default(),
        stage: node
            .place
            .as_ref()
            .map(|p| stage_of(&p.stage).label().to_owned()),
        distance: node.distance,
        own: node.own,
        gives: node.links.0,
        takes: node.links.1,
        inner: node.inner,
        held: node.held,
    }
}

/// The map as it is answered.
pub(super) fn body(directory: &Directory, view: View, map: Map) -> MapBody {
    let edges = map.edges.into_iter().map(|e| {
        let [confirmed, pending, disputed] = e.standings;
        MapTie {
            from: e.from,
            to: e.to,
            links: e.count(),
            confirmed,
            pending,
            disputed,
            modes: e.modes,
            codes: e.named.into_iter().map(|(code, _)| code).collect(),
            references: e.references,
        }
    });
    MapBody {
        view,
        edges: edges.collect(),
        nodes: map.nodes.iter().map(|n| point(directory, n)).collect(),
        links: map.links,
        hidden: map.hidden,
        unnamed: map.unnamed,
        grouped: map.grouped,
        left_out: map.left_out,
        cut: map.cut,
    }
}
