//! What a bureau looks at: which departments have nobody, and how many filings wait.

use std::collections::HashSet;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;

use crate::auth::{Reach, Right, Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{appointments, departments};
use crate::error::Result;

/// A department that lacks a role it must have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Vacancy {
    /// The department.
    pub department: i64,
    /// Its code.
    pub code: String,
    /// Its full name.
    pub name: String,
    /// What it lacks.
    pub role: Role,
    /// The last day somebody held it; none when nobody ever did.
    pub since: Option<NaiveDate>,
}

/// Departments (units aside) that have no CDO or no specialist today, in protocol order.
///
/// Only of departments whose people the viewer keeps; a bureau sees its level.
///
/// # Errors
/// When the viewer keeps nobody's people, or the database fails.
pub fn vacancies(conn: &mut Conn, viewer: &Viewer) -> Result<Vec<Vacancy>> {
    viewer.may_anywhere(Right::ManagePeople)?;
    let today = clock::today();
    let mut query = departments::table
        .filter(departments::unit.eq(false))
        .filter(departments::provisional.eq(false))
        .filter(
            departments::valid_until
                .is_null()
                .or(departments::valid_until.ge(today)),
        )
        .order((departments::sort, departments::id))
        .select((departments::id, departments::code, departments::name))
        .into_boxed();
    if let Reach::Departments(own) = viewer.reach(Right::ManagePeople) {
        query = query.filter(departments::id.eq_any(own.clone()));
    }
    let rows: Vec<(i64, String, String)> = query.load(conn)?;
    let must = [Role::Cdo, Role::Specialist];
    type Term = (i64, String, NaiveDate, Option<NaiveDate>);
    let terms: Vec<Term> = appointments::table
        .filter(appointments::void.eq(false))
        .filter(appointments::role.eq_any(must.map(Role::word)))
        .filter(appointments::from_on.le(today))
        .select((
            appointments::department_id,
            appointments::role,
            appointments::from_on,
            appointments::until_on,
        ))
        .load(conn)?;
    let held: HashSet<(i64, &str)> = terms
        .iter()
        .filter(|(_, _, _, until)| until.is_none_or(|u| u >= today))
        .map(|(id, role, _, _)| (*id, role.as_str()))
        .collect();
    let mut out = Vec::new();
    for (department, code, name) in rows {
        for role in must {
            if held.contains(&(department, role.word())) {
                continue;
            }
            let since = terms
                .iter()
                .filter(|(id, word, _, _)| *id == department && word == role.word())
                .filter_map(|(_, _, _, until)| *until)
                .max();
            out.push(Vacancy {
                department,
                code: code.clone(),
                name: name.clone(),
                role,
                since,
            });
        }
    }
    Ok(out)
}
