//! The organisation as a tree: what a role held in a department extends to.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;

use crate::auth::viewer::Extents;
use crate::db::connection::Conn;
use crate::db::schema::{departments, ledger_head};
use crate::error::Result;
use crate::register::region::Regions;

/// Departments by parent and by region, as of one version of the organisation.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    version: i64,
    units: HashMap<i64, Vec<i64>>,
    region_of: HashMap<i64, Option<String>>,
    by_region: HashMap<String, Vec<i64>>,
    below: HashMap<String, Vec<String>>,
}

/// The version of the organisation that is stored now; a [`Tree`] of another version is stale.
///
/// # Errors
/// When the database fails.
pub fn version(conn: &mut Conn) -> Result<i64> {
    Ok(ledger_head::table
        .select(ledger_head::organisation)
        .first(conn)?)
}

impl Tree {
    /// Reads the tree.
    ///
    /// # Errors
    /// When the database fails.
    pub fn load(conn: &mut Conn, regions: &Regions) -> Result<Self> {
        // The version first: a change in between makes this tree stale, never wrongly fresh.
        let version = version(conn)?;
        let rows: Vec<(i64, Option<i64>, Option<String>)> = departments::table
            .order(departments::id)
            .select((departments::id, departments::parent_id, departments::region))
            .load(conn)?;
        let mut out = Self {
            version,
            ..Self::default()
        };
        for (id, parent, region) in rows {
            if let Some(parent) = parent {
                out.units.entry(parent).or_default().push(id);
            }
            if let Some(region) = &region {
                out.by_region.entry(region.clone()).or_default().push(id);
            }
            out.region_of.insert(id, region);
        }
        for region in regions.iter() {
            out.below
                .entry(region.parent.clone())
                .or_default()
                .push(region.code.clone());
        }
        Ok(out)
    }

    /// The version this tree was read at.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.version
    }

    /// The department and the units that report through it, at any depth, in order of id.
    ///
    /// Units of another region do not count: a county's office of a city department is the county's.
    #[must_use]
    pub fn own(&self, department: i64) -> Vec<i64> {
        let region = self.region_of.get(&department);
        let mut found = BTreeSet::from([department]);
        let mut open = vec![department];
        while let Some(next) = open.pop() {
            for unit in self.units.get(&next).into_iter().flatten() {
                let placed = self.region_of.get(unit);
                let here = matches!(placed, None | Some(None)) || placed == region;
                if here && found.insert(*unit) {
                    open.push(*unit);
                }
            }
        }
        found.into_iter().collect()
    }

    /// The departments of a region and, with `below`, of all regions under it, in order of id.
    ///
    /// A unit without a region of its own counts where the department it reports through is.
    #[must_use]
    pub fn of_region(&self, region: &str, below: bool) -> Vec<i64> {
        let mut regions = BTreeSet::from([region.to_owned()]);
        let mut open = vec![region.to_owned()];
        while let Some(next) = open.pop().filter(|_| below) {
            for under in self.below.get(&next).into_iter().flatten() {
                if regions.insert(under.clone()) {
                    open.push(under.clone());
                }
            }
        }
        let placed = regions
            .iter()
            .filter_map(|r| self.by_region.get(r))
            .flatten();
        let all: BTreeSet<i64> = placed.flat_map(|id| self.own(*id)).collect();
        all.into_iter().collect()
    }

    /// What a role held in this department extends to.
    #[must_use]
    pub fn extents(&self, department: i64) -> Extents {
        let region = self.region_of.get(&department).cloned().flatten();
        let of = |below| {
            region
                .as_deref()
                .map(|r| self.of_region(r, below))
                .unwrap_or_default()
        };
        Extents {
            own: self.own(department),
            level: of(false),
            subtree: of(true),
        }
    }
}
