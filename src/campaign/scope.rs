//! Which departments take part: each with the units that report through it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;

use super::Campaign;
use crate::db::connection::Conn;
use crate::db::fragment::Fragment;
use crate::db::schema::{campaign_departments, campaign_units};
use crate::error::Result;
use crate::org::directory::Directory;
use diesel::sql_types::Bool;

/// Steps from a unit up to its department at most.
const STEPS_UP: usize = 8;

/// The department that answers for this one: itself, or for a unit the one it reports through.
///
/// A unit of another region is that region's.
#[must_use]
pub(super) fn head_of(directory: &Directory, department: i64) -> i64 {
    let mut at = department;
    for _ in 0..STEPS_UP {
        let Some(here) = directory.get(at).filter(|d| d.unit) else {
            break;
        };
        let Some(above) = here.parent_id.and_then(|id| directory.get(id)) else {
            break;
        };
        if here.region.is_some() && here.region != above.region {
            break;
        }
        at = above.id;
    }
    at
}

/// The departments of a campaign, each with its units.
#[derive(Clone, Debug, Default)]
pub struct Members {
    heads: BTreeMap<i64, BTreeSet<i64>>,
    head: HashMap<i64, i64>,
}

impl Members {
    /// Those of a campaign: as the organisation is while it is open, as they were frozen once it is closed.
    pub(super) fn load(
        conn: &mut Conn,
        directory: &Directory,
        campaign: &Campaign,
    ) -> Result<Self> {
        let heads: Vec<i64> = campaign_departments::table
            .filter(campaign_departments::campaign_id.eq(campaign.id))
            .order(campaign_departments::department_id)
            .select(campaign_departments::department_id)
            .load(conn)?;
        let pairs: Vec<(i64, i64)> = if campaign.is_open() {
            let all = directory.all().iter();
            all.map(|d| (d.id, head_of(directory, d.id))).collect()
        } else {
            campaign_units::table
                .filter(campaign_units::campaign_id.eq(campaign.id))
                .select((campaign_units::department_id, campaign_units::head_id))
                .load(conn)?
        };
        let mut out = Self::default();
        for head in heads {
            out.heads.insert(head, BTreeSet::from([head]));
            out.head.insert(head, head);
        }
        for (department, head) in pairs {
            if let Some(units) = out.heads.get_mut(&head) {
                units.insert(department);
                out.head.insert(department, head);
            }
        }
        Ok(out)
    }

    /// The departments that answer, by id.
    #[must_use]
    pub fn heads(&self) -> Vec<i64> {
        self.heads.keys().copied().collect()
    }

    /// A department with its units, by id; none when it takes no part.
    #[must_use]
    pub fn of(&self, head: i64) -> Vec<i64> {
        let found = self.heads.get(&head);
        found.into_iter().flatten().copied().collect()
    }

    /// All departments and units, by id.
    #[must_use]
    pub fn all(&self) -> Vec<i64> {
        self.heads.values().flatten().copied().collect()
    }

    /// The department that answers for this one.
    #[must_use]
    pub fn head(&self, department: i64) -> Option<i64> {
        self.head.get(&department).copied()
    }
}

/// Entries that are to be declared: present, of these registers, of these departments.
pub(super) fn asked(campaign: &Campaign, departments: &[i64]) -> Fragment<Bool> {
    let mut out = Fragment::sql("entries.present AND entries.department_id IN ")
        .numbers(departments)
        .then(" AND entries.register IN (");
    let mut before = "";
    for register in campaign.registers() {
        out = out.then(before).text(register);
        before = ", ";
    }
    out.then(")")
}

/// Entries that may have been asked for when a campaign was closed after a change set: of these departments today, or
/// answered for by them.
pub(super) fn was_asked(campaign: &Campaign, departments: &[i64], seq: i64) -> Fragment<Bool> {
    let mut out = Fragment::sql("entries.created_seq <= ")
        .number(seq)
        .then(" AND (entries.department_id IN ")
        .numbers(departments)
        .then(" OR ")
        .then(ANSWER)
        .number(campaign.id)
        .then(" AND said.department_id IN ")
        .numbers(departments)
        .then(")) AND entries.register IN (");
    let mut before = "";
    for register in campaign.registers() {
        out = out.then(before).text(register);
        before = ", ";
    }
    out.then(")")
}

const ANSWER: &str = "EXISTS (SELECT 1 FROM campaign_entries AS said WHERE said.entry_id = entries.id AND said.campaign_id = ";

/// An answer counts: it speaks of the entry as it stands, and the department that gave it still owns it.
pub(super) fn is_answered(campaign: i64) -> Fragment<Bool> {
    Fragment::sql(ANSWER).number(campaign).then(
        " AND said.revision = entries.revision AND said.department_id = entries.department_id)",
    )
}

/// Its owner answered, and it changed afterwards.
pub(super) fn is_changed(campaign: i64) -> Fragment<Bool> {
    Fragment::sql(ANSWER).number(campaign).then(
        " AND said.revision > 0 AND said.revision <> entries.revision AND said.department_id = entries.department_id)",
    )
}

/// Its owner says that it is another's, and the bureau has not said anything yet.
pub(super) fn is_question(campaign: i64) -> Fragment<Bool> {
    Fragment::sql(ANSWER).number(campaign).then(
        " AND said.revision = entries.revision AND said.department_id = entries.department_id \
         AND said.answer = 'elsewhere' AND said.reply = '')",
    )
}

/// Not.
pub(super) fn is_not(condition: Fragment<Bool>) -> Fragment<Bool> {
    Fragment::sql("NOT ").append(condition)
}
