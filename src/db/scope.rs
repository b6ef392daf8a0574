//! Where every read of entries starts: only what the viewer may see.
//!
//! An entry is in reach by its owner or, where it has one, by its party (the consumer of a link).
//!
//! Two doors. [`visible`] gives entries the viewer sees in full; [`summaries`] adds what is published to
//! everyone signed in, and whoever uses it must cut the fields by `Viewer::sight` (`ledger::sight`). Behind the doors of
//! `doors.rs` everything is known, and nothing of it is shown.

mod doors;

use diesel::dsl::{Filter, auto_type};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::auth::{Reach, Right, Viewer};
use crate::db::fragment::Fragment;
use crate::db::schema::{entries, review_opinions};

pub use doors::{
    Between, Comparable, Dependence, End, Standing, Tied, between, comparable, dependences,
    standing, tied,
};

/// Published, and so is what it belongs to.
const PUBLISHED: &str = "(entries.published AND entries.present AND (entries.within_id IS NULL OR EXISTS \
     (SELECT 1 FROM entries AS above WHERE above.id = entries.within_id AND above.published AND above.present)))";

/// Entries cut to a scope.
pub type Scoped = Filter<entries::table, Fragment<Bool>>;

/// The condition that an entry is of one of these departments.
///
/// Unless `indexed`, the engine is kept from looking them up by their index, so that it can follow an order instead.
#[must_use]
pub fn of_any(departments: &[i64], indexed: bool) -> Fragment<Bool> {
    // The plus changes nothing but that no index fits.
    let owner = Fragment::sql(if indexed {
        "entries.department_id"
    } else {
        "+entries.department_id"
    });
    match departments {
        [one] => owner.then(" = ").number(*one),
        many => owner.then(" IN ").numbers(many),
    }
}

/// The condition that one end of an entry is one of these departments: its owner, or its party.
///
/// `indexed` as for [`of_any`].
#[must_use]
pub fn of_either(departments: &[i64], indexed: bool) -> Fragment<Bool> {
    let party = if indexed {
        " OR entries.party_id IN "
    } else {
        " OR +entries.party_id IN "
    };
    Fragment::sql("(")
        .append(of_any(departments, indexed))
        .then(party)
        .numbers(departments)
        .then(")")
}

/// Entries that the viewer sees in full, removed ones included.
#[must_use]
pub fn visible(viewer: &Viewer) -> Scoped {
    entries::table.filter(match viewer.reach(Right::SeeOwn) {
        Reach::Everything => Fragment::sql("TRUE"),
        Reach::Departments(ids) => of_either(ids, true),
    })
}

/// The same as [`visible`], of one register; quick where few departments are in reach.
#[must_use]
pub fn visible_of(viewer: &Viewer, register: &str) -> Scoped {
    entries::table.filter(seen_of(viewer, register))
}

/// Up to so many departments, their entries are looked up; beyond, a register is walked.
const FEW: usize = 16;

/// The condition of [`visible_of`], for statements that it cannot begin.
///
/// `SQLite` keeps no statistics and would walk the register rather than follow the indexes of owner and party: here
/// it has no choice, and `PostgreSQL` comes to the same. The text behind `ended.register` keeps its index out.
#[must_use]
pub fn seen_of(viewer: &Viewer, register: &str) -> Fragment<Bool> {
    match viewer.reach(Right::SeeOwn) {
        Reach::Everything => Fragment::sql("entries.register = ").text(register),
        Reach::Departments(ids) if ids.len() <= FEW => {
            Fragment::sql("entries.id IN (SELECT own.id FROM entries AS own WHERE own.register = ")
                .text(register)
                .then(" AND own.department_id IN ")
                .numbers(ids)
                .then(" UNION ALL SELECT ended.id FROM entries AS ended WHERE ended.party_id IN ")
                .numbers(ids)
                .then(" AND ended.register || '' = ")
                .text(register)
                .then(")")
        }
        Reach::Departments(ids) => of_either(ids, true)
            .then(" AND entries.register = ")
            .text(register),
    }
}

/// The same, of a register without a party.
#[must_use]
pub fn owned(viewer: &Viewer) -> Scoped {
    entries::table.filter(match viewer.reach(Right::SeeOwn) {
        Reach::Everything => Fragment::sql("TRUE"),
        Reach::Departments(ids) => of_any(ids, true),
    })
}

/// Entries that the viewer sees at least in part: those in reach, and the published ones of everybody else.
#[must_use]
pub fn summaries(viewer: &Viewer) -> Scoped {
    // Amounts are the least that lets one see what is not published.
    entries::table.filter(match viewer.reach(Right::SeeMoney) {
        Reach::Everything => Fragment::sql("TRUE"),
        Reach::Departments(ids) => Fragment::sql("(")
            .append(of_either(ids, true))
            .then(" OR ")
            .then(PUBLISHED)
            .then(")"),
    })
}

/// The same, of a register without a party.
#[must_use]
pub fn owned_summaries(viewer: &Viewer) -> Scoped {
    entries::table.filter(match viewer.reach(Right::SeeMoney) {
        Reach::Everything => Fragment::sql("TRUE"),
        Reach::Departments(ids) => Fragment::sql("(")
            .append(of_any(ids, true))
            .then(" OR ")
            .then(PUBLISHED)
            .then(")"),
    })
}

/// The same as [`visible`] or [`summaries`], as it is asked of each entry of a list that is walked in its order: no
/// index is used for it.
#[must_use]
pub fn walked(viewer: &Viewer, fully: Fully) -> Scoped {
    let right = match fully {
        Fully::Yes => Right::SeeOwn,
        Fully::No => Right::SeeMoney,
    };
    entries::table.filter(match (viewer.reach(right), fully) {
        (Reach::Everything, _) => Fragment::sql("TRUE"),
        (Reach::Departments(ids), Fully::Yes) => of_either(ids, false),
        (Reach::Departments(ids), Fully::No) => Fragment::sql("(")
            .append(of_either(ids, false))
            .then(" OR ")
            .then(PUBLISHED)
            .then(")"),
    })
}

/// Whether only entries seen in full are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fully {
    /// Those alone.
    Yes,
    /// Those seen in part as well.
    No,
}

/// Of [`summaries`], those of some departments.
///
/// Where all of them are in reach, nothing else has to be asked of an entry. `indexed` as for [`of_any`].
#[must_use]
pub fn summaries_of(viewer: &Viewer, departments: &[i64], indexed: bool) -> Scoped {
    let of_these = of_any(departments, indexed);
    let reach = viewer.reach(Right::SeeMoney);
    entries::table.filter(match reach {
        Reach::Departments(ids) if !departments.iter().all(|d| reach.covers(*d)) => of_these
            .then(" AND (")
            .append(of_any(ids, false))
            .then(" OR ")
            .then(PUBLISHED)
            .then(")"),
        _ => of_these,
    })
}

/// Entries that a paper of a department may name, whoever holds it: its own, and what is published to everyone.
#[must_use]
pub fn printed(department: i64) -> Scoped {
    let own = Fragment::sql("(").append(of_either(&[department], true));
    entries::table.filter(own.then(" OR ").then(PUBLISHED).then(")"))
}

#[auto_type]
#[expect(
    clippy::let_with_type_underscore,
    reason = "auto_type derives the type from it"
)]
fn asked_for(whom: Fragment<Bool>) -> _ {
    let open: _ = review_opinions::table
        .filter(whom)
        .filter(review_opinions::open.eq(true))
        .select(review_opinions::entry_id);
    entries::table.filter(entries::id.eq_any(open))
}

/// Opinions that the viewer is asked for himself, or gives for his department; none without an account.
#[must_use]
pub fn asked_of(viewer: &Viewer) -> Option<Fragment<Bool>> {
    let account = viewer.account()?;
    let himself = if viewer.can_anywhere(Right::GiveOpinion) {
        Fragment::sql("review_opinions.account_id = ").number(account)
    } else {
        Fragment::sql("FALSE")
    };
    let office = match viewer.reach(Right::GiveOfficeOpinion) {
        Reach::Everything => return Some(himself),
        Reach::Departments(ids) => ids,
    };
    let whom = Fragment::sql("(").append(himself);
    Some(
        whom.then(" OR review_opinions.department_id IN ")
            .numbers(office)
            .then(")"),
    )
}

/// Entries on which the viewer is asked for an opinion, in full, as long as it is open; none without an account.
///
/// A door of its own: what is assigned to an expert or an office is on none of their lists.
#[must_use]
pub fn assigned(viewer: &Viewer) -> Option<asked_for> {
    asked_of(viewer).map(asked_for)
}

/// Departments of a wish that are within a right's reach; all that are, when nothing is wished for.
///
/// `None` means no limit at all. It narrows a read that began at [`visible`] or [`summaries`], so that an
/// index on departments can serve it; it never widens one.
#[must_use]
pub fn narrowed(viewer: &Viewer, right: Right, wished: Option<&[i64]>) -> Option<Vec<i64>> {
    match (viewer.reach(right), wished) {
        (Reach::Everything, None) => None,
        (Reach::Everything, Some(wished)) => Some(wished.to_vec()),
        (Reach::Departments(ids), None) => Some(ids.clone()),
        (reach @ Reach::Departments(_), Some(wished)) => Some(
            wished
                .iter()
                .copied()
                .filter(|id| reach.covers(*id))
                .collect(),
        ),
    }
}
