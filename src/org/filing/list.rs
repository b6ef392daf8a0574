//! Which filings there are: a department's own, and those a bureau has to answer.

use diesel::prelude::*;

use super::Filing;
use crate::auth::{Reach, Right, Role, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::{appointments, filings, people};
use crate::error::Result;
use crate::org::steps::State;

/// Which filings are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of these departments.
    pub departments: Option<Vec<i64>>,
    /// Only what the viewer's own bureau has been sent.
    pub to_answer: bool,
    /// Only in this state.
    pub state: Option<State>,
    /// Only where somebody still has to do something.
    pub open: bool,
    /// Only of this role.
    pub role: Option<Role>,
    /// Only before this id (the cursor).
    pub before: Option<i64>,
}

/// A filing with the name of whom it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The filing.
    pub filing: Filing,
    /// The person's id.
    pub person: i64,
    /// The person's name.
    pub name: String,
}

/// Filings that fit and that the viewer may see, newest first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub fn list(conn: &mut Conn, viewer: &Viewer, filter: &Filter, limit: i64) -> Result<Vec<Listed>> {
    let mut query = filings::table
        .inner_join(appointments::table.on(appointments::id.eq(filings::appointment_id)))
        .inner_join(people::table.on(people::id.eq(appointments::person_id)))
        .order(filings::id.desc())
        .limit(limit)
        .select((Filing::as_select(), people::id, people::name))
        .into_boxed();
    let bureaus: Vec<Option<i64>> = viewer
        .roles()
        .iter()
        .filter(|(role, at)| *role == Role::Bureau && at.is_some())
        .map(|(_, at)| *at)
        .collect();
    let addressed = filings::bureau_id.eq_any(bureaus);
    let everything = *viewer.reach(Right::SeeContacts) == Reach::Everything;
    if filter.to_answer {
        query = query.filter(filings::state.eq(State::Submitted.word()));
        if !everything {
            query = query.filter(addressed.assume_not_null());
        }
    } else if let Reach::Departments(own) = viewer.reach(Right::SeeContacts) {
        query = query.filter(
            filings::department_id
                .eq_any(own.clone())
                .or(addressed.assume_not_null()),
        );
    }
    if let Some(departments) = &filter.departments {
        query = query.filter(filings::department_id.eq_any(departments.clone()));
    }
    if let Some(state) = filter.state {
        query = query.filter(filings::state.eq(state.word()));
    }
    if filter.open {
        let words: Vec<&str> = State::ALL
            .into_iter()
            .filter(|s| s.is_open())
            .map(State::word)
            .collect();
        query = query.filter(filings::state.eq_any(words));
    }
    if let Some(role) = filter.role {
        query = query.filter(filings::role.eq(role.word()));
    }
    if let Some(before) = filter.before {
        query = query.filter(filings::id.lt(before));
    }
    let rows: Vec<(Filing, i64, String)> = query.load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(filing, person, name)| Listed {
            filing,
            person,
            name,
        })
        .collect())
}

/// The filings of an appointment that are still open.
///
/// # Errors
/// When the database fails.
pub fn of_appointment(conn: &mut Conn, appointment: i64) -> Result<Vec<Filing>> {
    Ok(filings::table
        .filter(filings::appointment_id.eq(appointment))
        .order(filings::id)
        .select(Filing::as_select())
        .load(conn)?)
}

/// Open filings about a person.
///
/// # Errors
/// When the database fails.
pub fn open_of_person(conn: &mut Conn, person: i64) -> Result<Vec<Filing>> {
    let rows: Vec<Filing> = filings::table
        .inner_join(appointments::table.on(appointments::id.eq(filings::appointment_id)))
        .filter(appointments::person_id.eq(person))
        .order(filings::id)
        .select(Filing::as_select())
        .load(conn)?;
    Ok(rows.into_iter().filter(|f| f.state().is_open()).collect())
}
