//! The map of links: who gives what to whom, by department, by system, by dataset; around one point or all of it.
//!
//! `read.rs` reads links in use and the references beside them, `ties.rs` says what is tied to what in a view, `graph.rs`
//! walks and cuts, this file puts the map together; `draw.rs` lays it out, `file.rs` writes its table. A link is drawn
//! when it is seen; an end is named when it is seen, and its department stands for it otherwise. Whatever else there is
//! is counted, never named.

mod assemble;
pub mod draw;
mod file;
mod find;
pub mod graph;
mod read;
mod ties;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::scope::{self, Tied};
use crate::error::Result;
use crate::impact::{self, Place};
use crate::ledger::as_of::Definitions;
use crate::ledger::ends;
use crate::register::field::Stage;

pub use file::export;
pub use find::find;
use graph::Reached;
pub use graph::Spot;
use read::Link;
use ties::Tie;

/// The register of systems.
pub const SYSTEM: &str = "information_system";
/// The register of datasets.
pub const DATASET: &str = "dataset";
/// The most links that are looked at.
pub const MOST: usize = 200_000;
/// The most points that are drawn; more become their departments.
pub const DRAWN: usize = 200;
/// The most links of a tie that are named one by one.
const NAMED: usize = 3;

/// What stands for a point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MapView)]
pub enum View {
    /// Departments.
    #[default]
    Department,
    /// Systems; a department where a link names no system.
    System,
    /// Datasets, from the systems that hold them to the systems that use them.
    Dataset,
}

impl View {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Department, Self::System, Self::Dataset];

    /// As it is written in addresses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Department => "department",
            Self::System => "system",
            Self::Dataset => "dataset",
        }
    }

    /// As people read it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Department => "按单位",
            Self::System => "按系统",
            Self::Dataset => "按数据",
        }
    }
}

/// What both ends together say of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MapStanding)]
pub enum Standing {
    /// Both say so.
    Confirmed,
    /// One does.
    Pending,
    /// One says otherwise.
    Disputed,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Confirmed, Self::Pending, Self::Disputed];

    /// As it is written in addresses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Pending => "pending",
            Self::Disputed => "disputed",
        }
    }

    /// As people read it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Confirmed => "已确认",
            Self::Pending => "待确认",
            Self::Disputed => "有争议",
        }
    }
}

impl From<ends::Standing> for Standing {
    fn from(standing: ends::Standing) -> Self {
        match standing {
            ends::Standing::Confirmed => Self::Confirmed,
            ends::Standing::Waiting(_) => Self::Pending,
            ends::Standing::Disputed => Self::Disputed,
        }
    }
}

/// Which links count.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// With an end in one of these departments.
    pub departments: Option<Vec<i64>>,
    /// Going this way, by code.
    pub mode: Option<String>,
    /// At this stage.
    pub stage: Option<Stage>,
    /// Standing so.
    pub standing: Option<Standing>,
    /// Without the references that other registers hold.
    pub only_links: bool,
}

impl Filter {
    /// Whether it asks for what only links have.
    fn is_of_links(&self) -> bool {
        self.only_links || self.mode.is_some() || self.stage.is_some() || self.standing.is_some()
    }
}

/// What is wanted.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// What stands for a point.
    pub view: View,
    /// Around this point; everything when absent.
    pub around: Option<Spot>,
    /// So many steps against the data.
    pub up: usize,
    /// So many steps with it.
    pub down: usize,
    /// Which links count.
    pub filter: Filter,
}

/// A point of the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub spot: Spot,
    /// Its entry; none for a department.
    pub place: Option<Place>,
    /// Its department.
    pub department_id: i64,
    /// Name.
    pub name: String,
    /// Steps from the point asked about, below zero against the data; 0 also where nothing was asked about.
    pub distance: i64,
    /// It is what was asked about.
    pub own: bool,
    /// How many links it gives by, and how many it takes by.
    pub links: (usize, usize),
    /// Links inside it.
    pub inner: usize,
    /// How many points it stands for.
    pub held: usize,
}

impl Node {
    /// Its entry is out of use although links still name it.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        self.place.as_ref().is_some_and(|p| p.stage == "retired")
    }
}

/// Links from one point to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    /// Position of the point that gives.
    pub from: usize,
    /// Position of the point that takes.
    pub to: usize,
    /// How many links, by standing in the order of [`Standing::ALL`].
    pub standings: [usize; 3],
    /// How many by way, by label.
    pub modes: BTreeMap<String, usize>,
    /// Code and name of the first few.
    pub named: Vec<(String, String)>,
    /// References of other registers that say the same.
    pub references: usize,
}

impl Edge {
    /// How many links.
    #[must_use]
    pub fn count(&self) -> usize {
        self.standings.iter().sum()
    }

    /// The standing that needs looking at most; none for references alone.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        let [confirmed, pending, disputed] = self.standings;
        [
            (disputed, Standing::Disputed),
            (pending, Standing::Pending),
            (confirmed, Standing::Confirmed),
        ]
        .into_iter()
        .find(|(n, _)| *n > 0)
        .map(|(_, s)| s)
    }
}

/// A map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    /// The points, what was asked about first.
    pub nodes: Vec<Node>,
    /// What ties them, the most links first.
    pub edges: Vec<Edge>,
    /// So many points were too many and are drawn as their departments; 0 when they are not.
    pub grouped: usize,
    /// So many points are left out.
    pub left_out: usize,
    /// So many links are drawn.
    pub links: usize,
    /// So many links more are not seen.
    pub hidden: usize,
    /// So many ends are not seen or gone, and their departments stand for them.
    pub unnamed: usize,
    /// There are more links than were looked at.
    pub cut: bool,
}

/// The map as the viewer sees it.
///
/// # Errors
/// When the database fails.
pub fn of(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    wish: &Wish,
) -> Result<Map> {
    let (view, filter) = (wish.view, &wish.filter);
    let (links, cut) = read::links(conn, viewer)?;
    let moded = match &filter.mode {
        Some(mode) => Some(read::of_mode(conn, mode)?),
        None => None,
    };
    let wanted: Vec<(usize, &Link)> = links
        .iter()
        .enumerate()
        .filter(|(_, l)| ties::counts(l, filter, moded.as_ref()))
        .collect();
    let tied = references(conn, wish, &wanted)?;
    let mut ids: Vec<i64> = wanted
        .iter()
        .flat_map(|(_, l)| ties::named(view, l))
        .collect();
    ids.extend(tied.iter().flat_map(|t| [t.from, t.to]));
    if let Some(Spot::Entry(id)) = wish.around {
        ids.push(id);
    }
    ids.sort_unstable();
    ids.dedup();
    let places = impact::seen(conn, viewer, &ids)?;
    let mut ties: Vec<Tie> = wanted
        .iter()
        .filter_map(|(at, l)| {
            let (from, to) = ties::points(view, l, &places)?;
            Some(Tie {
                from,
                to,
                link: Some(*at),
                either: false,
            })
        })
        .collect();
    let inside = |spot: Spot| assemble::is_inside(filter, &places, spot);
    let beside = tied
        .iter()
        .filter_map(|t| ties::reference(view, t, &places));
    ties.extend(beside.filter(|t| inside(t.from) || inside(t.to)));
    let starts = wish.around.map(|a| ties::starts(view, a, &places, &ties));
    let found = found(&ties, starts.as_deref(), (wish.up, wish.down));
    ties.retain(|t| graph::is_drawn(&found, t.from, t.to));
    let around = starts.is_some().then_some((&found, &places));
    let hidden = ties::hidden(view, &links, filter, around);
    let unnamed: BTreeSet<i64> = ties
        .iter()
        .filter_map(|t| links.get(t.link?))
        .flat_map(|l| ties::named(view, l))
        .filter(|id| !places.contains_key(id))
        .collect();
    let read = assemble::Read {
        definitions,
        places: &places,
        links: &links,
        found: &found,
        ties: &ties,
        starts: starts.as_deref().unwrap_or_default(),
    };
    let mut map = read.map(conn, viewer)?;
    map.hidden = hidden;
    map.unnamed = unnamed.len();
    map.cut = cut;
    Ok(map)
}

/// The references beside the links; on the whole map only those of datasets that are shared.
fn references(conn: &mut Conn, wish: &Wish, wanted: &[(usize, &Link)]) -> Result<Vec<Tied>> {
    if wish.filter.is_of_links() {
        return Ok(Vec::new());
    }
    let (register, field) = ties::field(wish.view);
    let mut tied = scope::tied(conn, register, &[field])?;
    if wish.view == View::Dataset && wish.around.is_none() {
        let shared: BTreeSet<i64> = wanted.iter().filter_map(|(_, l)| l.dataset).collect();
        tied.retain(|t| shared.contains(&t.from));
    }
    Ok(tied)
}

/// What is found around some points, or everything that is tied.
fn found(ties: &[Tie], starts: Option<&[Spot]>, steps: (usize, usize)) -> BTreeMap<Spot, Reached> {
    if let Some(starts) = starts {
        return graph::reached(&ties::pairs(ties), starts, steps);
    }
    let here = Reached {
        up: Some(0),
        down: Some(0),
    };
    let all = ties.iter().flat_map(|t| [t.from, t.to]);
    all.map(|spot| (spot, here)).collect()
}
