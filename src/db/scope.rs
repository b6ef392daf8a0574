//! Where every read of entries starts: only what the viewer may see.
//!
//! An entry is in reach by its owner or, where it has one, by its party (the consumer of a link).
//!
//! Two doors. [`visible`] gives entries the viewer sees in full; [`summaries`] adds what is published to
//! everyone signed in, and whoever uses it must cut the fields by `Viewer::sight` (`ledger::sight`).

use diesel::dsl::{Filter, auto_type};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::auth::{Reach, Right, Viewer};
use crate::db::connection::Conn;
use crate::db::fragment::Fragment;
use crate::db::schema::{entries, relations, review_opinions, revisions};
use crate::error::Result;

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
/// Few entries have a party: they are found by an index of their own, once. `indexed` as for [`of_any`].
#[must_use]
pub fn of_either(departments: &[i64], indexed: bool) -> Fragment<Bool> {
    let number = if indexed { "entries.id" } else { "+entries.id" };
    Fragment::sql("(")
        .append(of_any(departments, indexed))
        .then(" OR ")
        .then(number)
        .then(" IN (SELECT ended.id FROM entries AS ended WHERE ended.party_id IN ")
        .numbers(departments)
        .then("))")
}

/// Entries that the viewer sees in full, removed ones included.
#[must_use]
pub fn visible(viewer: &Viewer) -> Scoped {
    entries::table.filter(match viewer.reach(Right::SeeOwn) {
        Reach::Everything => Fragment::sql("TRUE"),
        Reach::Departments(ids) => of_either(ids, true),
    })
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

/// An entry as far as an import must know it, whoever owns it.
#[derive(Clone, Debug, Queryable)]
pub struct Standing {
    /// Identity.
    pub id: i64,
    /// Code, unique in its register.
    pub code: String,
    /// Name in the form that is compared.
    pub name_key: String,
    /// Owner.
    pub department: i64,
    /// The other end, if it has one.
    pub party: Option<i64>,
    /// What it belongs to.
    pub within: Option<i64>,
    /// Not removed.
    pub present: bool,
    /// Whether [`summaries`] gives it to everyone.
    pub published: bool,
}

/// All entries of a register by id, after the given one: the third door, for imports alone.
///
/// A code is unique whoever has it, so an import must know of codes that its viewer may not see. The caller lets
/// nothing of such an entry out but that its code is taken.
///
/// # Errors
/// When the database fails.
pub fn standing(conn: &mut Conn, register: &str, after: i64, limit: i64) -> Result<Vec<Standing>> {
    Ok(entries::table
        .filter(entries::register.eq(register.to_owned()))
        .filter(entries::id.gt(after))
        .order(entries::id)
        .limit(limit)
        .select((
            entries::id,
            entries::code,
            entries::name_key,
            entries::department_id,
            entries::party_id,
            entries::within_id,
            entries::present,
            Fragment::<Bool>::sql(PUBLISHED),
        ))
        .load(conn)?)
}

/// An entry as far as the check for duplicates compares it, whoever owns it.
#[derive(Clone, Debug, Queryable)]
pub struct Comparable {
    /// Identity.
    pub id: i64,
    /// Register key.
    pub register: String,
    /// Code.
    pub code: String,
    /// Name as written.
    pub name: String,
    /// Owner.
    pub department: i64,
    /// What it belongs to.
    pub within: Option<i64>,
    /// Stage word.
    pub stage: String,
    /// Not removed.
    pub present: bool,
    /// Canonical JSON of the document.
    pub attributes: String,
}

/// Entries of some registers by id, after the given one, that changed after a change set: the fourth door, for the
/// index of the check for duplicates alone.
///
/// The index is never shown. A hit is told only after its entry was read again through [`summaries`].
///
/// # Errors
/// When the database fails.
pub fn comparable(
    conn: &mut Conn,
    registers: &[&str],
    since: Option<i64>,
    after: i64,
    limit: i64,
) -> Result<Vec<Comparable>> {
    let registers: Vec<String> = registers.iter().map(|r| (*r).to_owned()).collect();
    let mut query = entries::table
        .filter(entries::register.eq_any(registers))
        .filter(entries::id.gt(after))
        .order(entries::id)
        .limit(limit)
        .select((
            entries::id,
            entries::register,
            entries::code,
            entries::name,
            entries::department_id,
            entries::within_id,
            entries::stage,
            entries::present,
            entries::attributes,
        ))
        .into_boxed();
    if let Some(since) = since {
        // The revisions are in the order of the change sets.
        let changed = revisions::table
            .filter(revisions::seq.gt(since))
            .select(revisions::entry_id);
        query = query.filter(entries::id.eq_any(changed));
    }
    Ok(query.load(conn)?)
}

/// Which end of a reference the entries asked about are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The one that is named.
    Named,
    /// The one that holds it.
    Holding,
}

/// A reference with its other end, as far as dependence must know it, whoever owns it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Dependence {
    /// The entry asked about.
    pub end: i64,
    /// Key of the reference field.
    pub field: String,
    /// The entry at the other end.
    pub other: i64,
    /// Its register.
    pub register: String,
    /// What it belongs to.
    pub within: Option<i64>,
}

/// References of some fields between some entries and others that are present and not out of use: the fifth door, for
/// what breaks when an entry is switched off.
///
/// What breaks is counted whoever owns it; the caller names an entry only after it was read again through
/// [`summaries`]. In the order of the entries asked about.
///
/// # Errors
/// When the database fails.
pub fn dependences(
    conn: &mut Conn,
    ids: &[i64],
    fields: &[String],
    end: End,
) -> Result<Vec<Dependence>> {
    let ids = ids.to_vec();
    let live = relations::until_seq
        .is_null()
        .and(relations::field.eq_any(fields.to_vec()));
    let in_use = entries::present.eq(true).and(entries::stage.ne("retired"));
    Ok(match end {
        End::Named => relations::table
            .inner_join(entries::table.on(entries::id.eq(relations::from_id)))
            .filter(relations::to_id.eq_any(ids))
            .filter(live)
            .filter(in_use)
            .order((relations::to_id, relations::field, relations::from_id))
            .select((
                relations::to_id,
                relations::field,
                relations::from_id,
                entries::register,
                entries::within_id,
            ))
            .load(conn)?,
        End::Holding => relations::table
            .inner_join(entries::table.on(entries::id.eq(relations::to_id)))
            .filter(relations::from_id.eq_any(ids))
            .filter(live)
            .filter(in_use)
            .order((relations::from_id, relations::field, relations::to_id))
            .select((
                relations::from_id,
                relations::field,
                relations::to_id,
                entries::register,
                entries::within_id,
            ))
            .load(conn)?,
    })
}
