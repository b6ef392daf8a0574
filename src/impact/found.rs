//! The walk over the ledger, and what of it a viewer sees: others are counted, never named.

use std::collections::HashMap;

use diesel::prelude::*;

use super::MOST;
use super::rules::Rules;
use super::walk::{Reached, Step, Walk, walk};
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::entries;
use crate::db::scope::{self, End, summaries};
use crate::error::Result;
use crate::ledger::entry::EntryRow;
use crate::register::catalogue::Catalogue;

/// Entries asked for at once.
const PART: usize = 500;
/// The longest way that is told in full.
const HOPS: usize = 8;

/// An entry as others are told of it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Place {
    /// Identity.
    pub id: i64,
    /// Register key.
    pub register: String,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Owner.
    pub department_id: i64,
    /// Stage word.
    pub stage: String,
}

/// What is known of a dependence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct About {
    /// Register of the entry that depends.
    pub register: String,
    /// Label of the reference.
    pub via: String,
    /// Key of the reference.
    pub field: String,
    /// The reference stands in the entry that depends.
    pub holds: bool,
    /// What the entry that depends belongs to.
    pub within: Option<i64>,
}

/// An entry that depends on the one asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The entry; `None` when the viewer may not see it.
    pub place: Option<Place>,
    /// Where the shortest way to it comes from, as a position in [`Impact::nodes`]; `None` from the entry itself.
    pub parent: Option<usize>,
    /// How many dependences away, from 1: 1 is direct.
    pub distance: usize,
    /// Label of the reference that ties it.
    pub via: String,
}

/// One entry on a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hop<'i> {
    /// One that is seen.
    Seen(&'i Place),
    /// One that is not.
    Hidden,
    /// Several that are left out of a long way.
    More(usize),
}

/// Everything that depends on an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// The entries, the nearest first; a parent always stands before its children.
    pub nodes: Vec<Node>,
    /// There are more than were looked at.
    pub cut: bool,
}

impl Impact {
    /// Those that the viewer sees, with their positions.
    pub fn seen(&self) -> impl Iterator<Item = (usize, &Node, &Place)> {
        let all = self.nodes.iter().enumerate();
        all.filter_map(|(at, node)| Some((at, node, node.place.as_ref()?)))
    }

    /// How many there are, direct or not, and how many of them are not seen.
    #[must_use]
    pub fn counts(&self, direct: bool) -> (usize, usize) {
        let of = self.nodes.iter().filter(|n| (n.distance == 1) == direct);
        of.fold((0, 0), |(all, hidden), n| {
            (all + 1, hidden + usize::from(n.place.is_none()))
        })
    }

    /// The way from the entry asked about to what stands just before this one; empty for a direct one.
    #[must_use]
    pub fn way(&self, at: usize) -> Vec<Hop<'_>> {
        let mut out = Vec::new();
        let mut next = self.nodes.get(at).and_then(|n| n.parent);
        while let Some(node) = next.and_then(|at| self.nodes.get(at)) {
            if out.len() >= HOPS {
                out.push(Hop::More(node.distance));
                break;
            }
            out.push(match &node.place {
                Some(place) => Hop::Seen(place),
                None => Hop::Hidden,
            });
            next = node.parent;
        }
        out.reverse();
        out
    }
}

/// Everything in use that depends on an entry, directly or through others.
///
/// # Errors
/// When the database fails.
pub fn of(
    conn: &mut Conn,
    viewer: &Viewer,
    catalogue: &Catalogue,
    row: &EntryRow,
) -> Result<Impact> {
    let rules = Rules::of(catalogue);
    // The database is asked once for each part of a level, never once for each entry.
    let found: Walk<About> = walk(row.id, MOST, |fresh: &[&Reached<About>]| {
        let mut known: HashMap<i64, &str> = fresh
            .iter()
            .map(|r| (r.id, r.about.register.as_str()))
            .collect();
        if known.is_empty() {
            known.insert(row.id, row.register.as_str());
        }
        steps(conn, &rules, &known)
    })?;
    let ids: Vec<i64> = found.reached.iter().map(|r| r.id).collect();
    let mut places = seen(conn, viewer, &ids)?;
    let nodes = found.reached.into_iter().map(|r| Node {
        place: places.remove(&r.id),
        parent: r.parent,
        distance: r.distance,
        via: r.about.via,
    });
    Ok(Impact {
        nodes: nodes.collect(),
        cut: found.cut,
    })
}

/// All dependences on some entries, whoever owns what depends.
pub(super) fn steps(
    conn: &mut Conn,
    rules: &Rules<'_>,
    known: &HashMap<i64, &str>,
) -> Result<Vec<Step<About>>> {
    let mut ids: Vec<i64> = known.keys().copied().collect();
    ids.sort_unstable();
    let mut out = Vec::new();
    for (holds, end) in [(true, End::Named), (false, End::Holding)] {
        let fields = rules.fields(holds);
        if fields.is_empty() {
            continue;
        }
        for part in ids.chunks(PART) {
            for edge in scope::dependences(conn, part, &fields, end)? {
                let holder = if holds {
                    edge.register.as_str()
                } else {
                    known.get(&edge.end).copied().unwrap_or_default()
                };
                let Some(via) = rules.label(holder, &edge.field, holds) else {
                    continue;
                };
                out.push(Step {
                    on: edge.end,
                    by: edge.other,
                    about: About {
                        via: via.to_owned(),
                        field: edge.field,
                        holds,
                        within: edge.within,
                        register: edge.register,
                    },
                });
            }
        }
    }
    Ok(out)
}

/// Those of some entries that the viewer sees at least in part.
///
/// # Errors
/// When the database fails.
pub fn seen(conn: &mut Conn, viewer: &Viewer, ids: &[i64]) -> Result<HashMap<i64, Place>> {
    let mut out = HashMap::with_capacity(ids.len());
    for part in ids.chunks(PART) {
        let rows: Vec<Place> = summaries(viewer)
            .filter(entries::id.eq_any(part.to_vec()))
            .select((
                entries::id,
                entries::register,
                entries::code,
                entries::name,
                entries::department_id,
                entries::stage,
            ))
            .load(conn)?;
        out.extend(rows.into_iter().map(|p| (p.id, p)));
    }
    Ok(out)
}
