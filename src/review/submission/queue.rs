//! Whose move it is: submissions that wait for the viewer, by what is to be done with them.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::auth::{Reach, Right, Role, Viewer};
use crate::db::connection::Conn;
use crate::db::fragment::Fragment;
use crate::db::schema::{entries, submissions};
use crate::db::scope;
use crate::error::Result;

/// What somebody has to do with a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// The specialist looks it over.
    Check,
    /// The CDO approves it.
    Approve,
    /// The bureau takes it up.
    Take,
    /// The bureau reviews and decides.
    Decide,
    /// The department mends what was returned.
    Mend,
    /// The department fills it.
    Fill,
}

impl Queue {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 6] = [
        Self::Check,
        Self::Approve,
        Self::Take,
        Self::Decide,
        Self::Mend,
        Self::Fill,
    ];

    /// The word in addresses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Approve => "approve",
            Self::Take => "take",
            Self::Decide => "decide",
            Self::Mend => "mend",
            Self::Fill => "fill",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|q| q.word() == word)
    }

    /// What waits, behind a number.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Check => "件送审待审核",
            Self::Approve => "件送审待审定",
            Self::Take => "件申报待受理",
            Self::Decide => "件申报待评审、决定",
            Self::Mend => "件送审被退回，请补正",
            Self::Fill => "件送审填报中，尚未提交",
        }
    }

    /// The condition on submissions joined with their entries.
    pub(super) fn condition(self, viewer: &Viewer) -> Fragment<Bool> {
        let state = Fragment::<Bool>::sql(match self {
            Self::Check => "submissions.state = 'checking' AND ",
            Self::Approve => "submissions.state = 'approving' AND ",
            Self::Take => "submissions.state = 'submitted' AND ",
            Self::Decide => "submissions.state IN ('form_check', 'joint_review') AND ",
            Self::Mend => "submissions.state = 'returned' AND ",
            Self::Fill => "submissions.state = 'drafting' AND ",
        });
        match self {
            Self::Check => state
                .append(reached(viewer.reach(Right::CheckSubmission)))
                .append(by_another(viewer)),
            Self::Approve => state
                .append(reached(viewer.reach(Right::ApproveSubmission)))
                .append(by_another(viewer)),
            Self::Take | Self::Decide => state.append(addressed(viewer)),
            Self::Mend | Self::Fill => state.append(within(&business(viewer))),
        }
    }
}

fn within(departments: &[i64]) -> Fragment<Bool> {
    if departments.is_empty() {
        return Fragment::sql("FALSE");
    }
    scope::of_any(departments, true)
}

fn reached(reach: &Reach) -> Fragment<Bool> {
    match reach {
        Reach::Everything => Fragment::sql("TRUE"),
        Reach::Departments(ids) => within(ids),
    }
}

/// Nobody judges what he handed in himself.
fn by_another(viewer: &Viewer) -> Fragment<Bool> {
    let me = viewer.account().unwrap_or(0);
    Fragment::sql(" AND COALESCE(submissions.submitter_id, -1) <> ").number(me)
}

/// Handed in to a bureau that the viewer works for.
fn addressed(viewer: &Viewer) -> Fragment<Bool> {
    if *viewer.reach(Right::ReviewProposals) == Reach::Everything {
        return Fragment::sql("TRUE");
    }
    let bureaus = viewer
        .roles()
        .iter()
        .filter(|(role, _)| *role == Role::Bureau);
    let bureaus: Vec<i64> = bureaus.filter_map(|(_, at)| *at).collect();
    if bureaus.is_empty() {
        return Fragment::sql("FALSE");
    }
    Fragment::sql("submissions.bureau_id IN ").numbers(&bureaus)
}

/// The departments whose own business the viewer does: what a bureau may write besides is not its to mend.
fn business(viewer: &Viewer) -> Vec<i64> {
    let held = viewer.roles().iter().filter_map(|(role, at)| match role {
        Role::Liaison | Role::Specialist | Role::Cdo => *at,
        _ => None,
    });
    let mut out: BTreeSet<i64> = held.collect();
    if let Reach::Departments(ids) = viewer.reach(Right::CheckSubmission) {
        out.extend(ids);
    }
    out.into_iter().collect()
}

/// What waits for the viewer: each queue that is not empty, with its length.
///
/// # Errors
/// When the database fails.
pub fn waiting(conn: &mut Conn, viewer: &Viewer) -> Result<Vec<(Queue, usize)>> {
    let mut out = Vec::new();
    for queue in Queue::ALL {
        let count: i64 = scope::visible(viewer)
            .inner_join(submissions::table.on(submissions::entry_id.eq(entries::id)))
            .filter(submissions::open.eq(true))
            .filter(queue.condition(viewer))
            .count()
            .get_result(conn)?;
        if count > 0 {
            out.push((queue, usize::try_from(count).unwrap_or(usize::MAX)));
        }
    }
    Ok(out)
}
