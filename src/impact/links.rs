//! Who would be cut off at once: the live links of an entry, reference by reference.

use std::collections::HashMap;

use super::found::{Place, seen, steps};
use super::rules::Rules;
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::error::Result;
use crate::ledger::entry::EntryRow;
use crate::register::catalogue::Catalogue;

/// How many links are told one by one.
const TOLD: usize = 500;

/// One live link of an entry, seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkEnd {
    /// The entry that would be cut off.
    pub place: Place,
    /// Key of the reference.
    pub field: String,
    /// What people call it.
    pub via: String,
    /// The reference stands in that entry; otherwise in the one asked about.
    pub holds: bool,
}

/// The live links of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Those that the viewer sees.
    pub told: Vec<LinkEnd>,
    /// How many others there are.
    pub hidden: usize,
    /// There are more than are told.
    pub cut: bool,
}

impl Standing {
    /// Whether anybody would be cut off.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.told.is_empty() && self.hidden == 0 && !self.cut
    }
}

/// The entries in use that depend directly on an entry. What belongs to it goes with it and is no link.
///
/// # Errors
/// When the database fails.
pub fn links(
    conn: &mut Conn,
    viewer: &Viewer,
    catalogue: &Catalogue,
    row: &EntryRow,
) -> Result<Standing> {
    let rules = Rules::of(catalogue);
    let known = HashMap::from([(row.id, row.register.as_str())]);
    let mut found = steps(conn, &rules, &known)?;
    found.retain(|s| s.by != row.id && s.about.within != Some(row.id));
    let mut ids: Vec<i64> = found.iter().map(|s| s.by).collect();
    ids.sort_unstable();
    ids.dedup();
    let places = seen(conn, viewer, &ids)?;
    let hidden = ids.iter().filter(|id| !places.contains_key(id)).count();
    let mut told: Vec<LinkEnd> = found
        .into_iter()
        .filter_map(|s| {
            Some(LinkEnd {
                place: places.get(&s.by)?.clone(),
                field: s.about.field,
                via: s.about.via,
                holds: s.about.holds,
            })
        })
        .collect();
    told.sort_by(|a, b| (a.place.id, &a.field, !a.holds).cmp(&(b.place.id, &b.field, !b.holds)));
    let cut = told.len() > TOLD;
    told.truncate(TOLD);
    Ok(Standing { told, hidden, cut })
}
