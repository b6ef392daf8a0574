//! Who holds a role, who held it on a day, and what a person has held.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;

use super::{Appointment, Change};
use crate::auth::{Right, Role, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::{appointments, people};
use crate::error::Result;

/// A term with the name of who served it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Term {
    /// The appointment.
    pub id: i64,
    /// Who.
    pub person: i64,
    /// Name.
    pub name: String,
    /// 职务, as it is now.
    pub post: String,
    /// For which department.
    pub department: i64,
    /// Which role.
    pub role: Role,
    /// First day.
    pub from: NaiveDate,
    /// Last day; open when none.
    pub until: Option<NaiveDate>,
    /// How it began.
    pub change: Change,
    /// Why it began.
    pub reason: String,
    /// Why it ended.
    pub end_reason: String,
    /// Counts its changes.
    pub revision: i64,
}

/// Who held the roles of a department on a day: CDO, specialist, then liaisons.
///
/// # Errors
/// When the viewer may not look at all, or the database fails.
pub fn on(conn: &mut Conn, viewer: &Viewer, department: i64, day: NaiveDate) -> Result<Vec<Term>> {
    let mut all = of_department(conn, viewer, department)?;
    all.retain(|t| t.from <= day && t.until.is_none_or(|until| day <= until));
    all.sort_by_key(|t| (super::ROLES.iter().position(|r| *r == t.role), t.from, t.id));
    Ok(all)
}

/// Every term served for a department, the latest first.
///
/// # Errors
/// When the viewer may not look at all, or the database fails.
pub fn of_department(conn: &mut Conn, viewer: &Viewer, department: i64) -> Result<Vec<Term>> {
    viewer.may_anywhere(Right::SeeSummary)?;
    let rows: Vec<Appointment> = appointments::table
        .filter(appointments::department_id.eq(department))
        .filter(appointments::void.eq(false))
        .order((appointments::from_on.desc(), appointments::id.desc()))
        .select(Appointment::as_select())
        .load(conn)?;
    named(conn, rows)
}

/// Every term a person served, the latest first.
///
/// # Errors
/// When the viewer may not look at all, or the database fails.
pub fn of_person(conn: &mut Conn, viewer: &Viewer, person: i64) -> Result<Vec<Term>> {
    viewer.may_anywhere(Right::SeeSummary)?;
    let rows: Vec<Appointment> = appointments::table
        .filter(appointments::person_id.eq(person))
        .filter(appointments::void.eq(false))
        .order((appointments::from_on.desc(), appointments::id.desc()))
        .select(Appointment::as_select())
        .load(conn)?;
    named(conn, rows)
}

fn named(conn: &mut Conn, rows: Vec<Appointment>) -> Result<Vec<Term>> {
    let mut names: HashMap<i64, (String, String)> = HashMap::new();
    for part in rows.chunks(500) {
        let ids: Vec<i64> = part.iter().map(|r| r.person_id).collect();
        let found: Vec<(i64, String, String)> = people::table
            .filter(people::id.eq_any(ids))
            .select((people::id, people::name, people::post))
            .load(conn)?;
        names.extend(found.into_iter().map(|(id, name, post)| (id, (name, post))));
    }
    rows.into_iter()
        .map(|row| {
            let (name, post) = names.get(&row.person_id).cloned().unwrap_or_default();
            Ok(Term {
                id: row.id,
                person: row.person_id,
                name,
                post,
                department: row.department_id,
                role: row.role()?,
                from: row.from_on,
                until: row.until_on,
                change: Change::from_word(&row.change).unwrap_or(Change::New),
                reason: row.reason,
                end_reason: row.end_reason,
                revision: row.revision,
            })
        })
        .collect()
}

/// The days of a term, in words.
pub(super) fn term_words(row: &Appointment) -> String {
    match row.until_on {
        Some(until) => format!("{} 至 {until}", row.from_on),
        None => format!("{} 起", row.from_on),
    }
}
