//! Filings (备案): every staffing and every change of it, reported to the data bureau of the same level.
//!
//! The bureau's own staffing goes to the bureau of the region above. A filing reports and is not a permission:
//! the appointment counts from its own day. The unit that files never answers its own filing, and nobody
//! answers what he submitted.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::Serialize;

use crate::auth::{Right, Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{filing_steps, filings};
use crate::error::{Error, Result};
use crate::org::appointment::{Appointment, Change};
use crate::org::steps::{Act, State};

mod act;
mod list;

pub use act::{act, acts, addressee};
pub use list::{Filter, Listed, list, of_appointment, open_of_person};

/// One filing as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = filings, treat_none_as_default_value = false)]
pub struct Filing {
    /// Identity.
    pub id: i64,
    /// Who files.
    pub department_id: i64,
    /// The bureau it was submitted to.
    pub bureau_id: Option<i64>,
    /// What it reports.
    pub appointment_id: i64,
    /// The former holder's appointment, ended by it.
    pub former_id: Option<i64>,
    /// Word of the role.
    pub role: String,
    /// Word of the kind of change.
    pub change: String,
    /// Why.
    pub reason: String,
    /// Word of the state.
    pub state: String,
    /// The form as it was submitted, as JSON; empty before.
    pub form: String,
    /// Counts its changes.
    pub revision: i64,
    /// When it was drafted, UTC.
    pub made_at: NaiveDateTime,
    /// By whom.
    pub made_by: String,
    /// When it was last submitted, UTC.
    pub submitted_at: Option<NaiveDateTime>,
    /// By which account.
    pub submitter_id: Option<i64>,
    /// By whom.
    pub submitter: Option<String>,
    /// When it was last answered, UTC.
    pub answered_at: Option<NaiveDateTime>,
    /// By whom.
    pub answerer: Option<String>,
    /// What the bureau said.
    pub answer: String,
}

impl Filing {
    /// The number printed on the form (备案编号).
    #[must_use]
    pub fn number(&self) -> String {
        format!(
            "BA{}{:06}",
            clock::day_of(self.made_at).format("%Y"),
            self.id
        )
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        State::from_word(&self.state).unwrap_or(State::Void)
    }

    /// The kind of change it reports.
    #[must_use]
    pub fn change(&self) -> Change {
        Change::from_word(&self.change).unwrap_or(Change::Adjusted)
    }

    /// The role it is about.
    #[must_use]
    pub fn role(&self) -> Role {
        Role::from_word(&self.role).unwrap_or(Role::Liaison)
    }

    /// Whole days since it was drafted or, once submitted, since then.
    #[must_use]
    pub fn age(&self) -> i64 {
        let since = match self.state() {
            State::Submitted => self.submitted_at.unwrap_or(self.made_at),
            _ => self.made_at,
        };
        (clock::today() - clock::day_of(since)).num_days()
    }
}

/// One step that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = filing_steps, treat_none_as_default_value = false)]
pub struct Taken {
    /// Identity.
    pub id: i64,
    /// Of which filing.
    pub filing_id: i64,
    /// When, UTC.
    pub at: NaiveDateTime,
    /// Word of the act.
    pub act: String,
    /// Word of the state before.
    pub from_state: String,
    /// Word of the state after.
    pub to_state: String,
    /// By which account.
    pub account_id: Option<i64>,
    /// By whom.
    pub actor: String,
    /// What was said.
    pub note: String,
    /// The form as it stood.
    pub form: String,
}

/// A filing that the viewer may see: of a department whose people they know, or addressed to their bureau.
///
/// # Errors
/// [`Error::NotFound`], absent or not.
pub fn get(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<Filing> {
    let row: Option<Filing> = filings::table
        .find(id)
        .select(Filing::as_select())
        .first(conn)
        .optional()?;
    row.filter(|row| sees(viewer, row))
        .ok_or_else(|| Error::NotFound("该备案".to_owned()))
}

fn sees(viewer: &Viewer, row: &Filing) -> bool {
    viewer.can(Right::SeeContacts, row.department_id)
        || row
            .bureau_id
            .is_some_and(|bureau| answers_for(viewer, bureau))
}

/// Whether the viewer holds the bureau's role in this department.
fn answers_for(viewer: &Viewer, bureau: i64) -> bool {
    viewer.roles().contains(&(Role::Bureau, Some(bureau)))
}

/// The steps a filing has taken, in order.
///
/// # Errors
/// As [`get`].
pub fn history(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<Vec<Taken>> {
    get(conn, viewer, id)?;
    Ok(filing_steps::table
        .filter(filing_steps::filing_id.eq(id))
        .order(filing_steps::id)
        .select(Taken::as_select())
        .load(conn)?)
}

/// Drafts the filing of a change; the caller holds the lock. Returns its id.
pub(super) fn open(
    conn: &mut Conn,
    viewer: &Viewer,
    appointment: &Appointment,
    change: Change,
    former: Option<i64>,
    reason: &str,
) -> Result<i64> {
    let last: Option<i64> = filings::table
        .select(diesel::dsl::max(filings::id))
        .first(conn)?;
    let id = last.unwrap_or(0) + 1;
    diesel::insert_into(filings::table)
        .values(&Filing {
            id,
            department_id: appointment.department_id,
            bureau_id: None,
            appointment_id: appointment.id,
            former_id: former,
            role: appointment.role.clone(),
            change: change.word().to_owned(),
            reason: reason.to_owned(),
            state: State::Draft.word().to_owned(),
            form: String::new(),
            revision: 1,
            made_at: clock::now(),
            made_by: viewer.name().to_owned(),
            submitted_at: None,
            submitter_id: None,
            submitter: None,
            answered_at: None,
            answerer: None,
            answer: String::new(),
        })
        .execute(conn)?;
    Ok(id)
}

/// Whether the department still has a filing of this appointment in its hands, which then tells the change as well.
pub(super) fn in_hand(conn: &mut Conn, appointment: i64) -> Result<bool> {
    let words: Vec<&str> = State::ALL
        .into_iter()
        .filter(|s| s.is_editable())
        .map(State::word)
        .collect();
    let count: i64 = filings::table
        .filter(filings::appointment_id.eq(appointment))
        .filter(filings::state.eq_any(words))
        .count()
        .get_result(conn)?;
    Ok(count > 0)
}

/// Cancels what a department that ends has not submitted.
pub(super) fn cancel_open(
    conn: &mut Conn,
    viewer: &Viewer,
    department: i64,
    reason: &str,
) -> Result<()> {
    let rows: Vec<Filing> = filings::table
        .filter(filings::department_id.eq(department))
        .order(filings::id)
        .select(Filing::as_select())
        .load(conn)?;
    for row in rows.iter().filter(|r| r.state().is_editable()) {
        act::move_on(conn, viewer, row, Act::Cancel, State::Void, reason)?;
    }
    Ok(())
}
