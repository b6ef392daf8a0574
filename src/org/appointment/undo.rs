//! Taking an appointment or a dismissal back, and what a change of a person's record means for the roles held.

use diesel::prelude::*;

use super::{Appointment, Change, overlapping, store, tell};
use crate::auth::{Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::appointments;
use crate::error::{Error, Result};
use crate::org::directory::Department;
use crate::org::filing;
use crate::org::form::Form;
use crate::org::person::{self, Person};

/// Takes back what a filing reports: the appointment never was, the dismissal did not happen.
pub(in crate::org) fn take_back(
    conn: &mut Conn,
    viewer: &Viewer,
    appointment: i64,
    change: Change,
) -> Result<()> {
    let row: Appointment = appointments::table
        .find(appointment)
        .select(Appointment::as_select())
        .first(conn)?;
    let who = person::one(conn, row.person_id)?;
    match change {
        Change::Adjusted => return Ok(()),
        Change::New => {
            let gone = Appointment {
                void: true,
                ..row.clone()
            };
            store(conn, gone)?;
            let former: Option<Appointment> = appointments::table
                .filter(appointments::ended_by.eq(row.id))
                .select(Appointment::as_select())
                .first(conn)
                .optional()?;
            if let Some(former) = former {
                reopen(conn, former)?;
            }
        }
        Change::Dismissed => {
            reopen(conn, row.clone())?;
        }
    }
    tell(conn, viewer, "take_back_appointment", change, &row, &who)
}

/// Opens a term again, unless somebody else has the role meanwhile.
fn reopen(conn: &mut Conn, row: Appointment) -> Result<()> {
    let until = row.until_on;
    if row.role()? != Role::Liaison
        && let Some(next) = until.and_then(|day| day.succ_opt())
    {
        let after = overlapping(conn, row.department_id, next, None)?;
        if let Some(other) = after.iter().find(|o| o.role == row.role && o.id != row.id) {
            let who = person::one(conn, other.person_id)?;
            return Err(Error::Conflict(format!(
                "“{}”已接任，不能恢复前任；请先作废其任职的备案",
                who.name
            )));
        }
    }
    store(
        conn,
        Appointment {
            until_on: None,
            end_change: None,
            end_reason: String::new(),
            ended_by: None,
            ..row
        },
    )?;
    Ok(())
}

fn current(conn: &mut Conn, person: i64) -> Result<Vec<Appointment>> {
    let today = clock::today();
    Ok(appointments::table
        .filter(appointments::person_id.eq(person))
        .filter(appointments::void.eq(false))
        .filter(
            appointments::until_on
                .is_null()
                .or(appointments::until_on.ge(today)),
        )
        .order(appointments::id)
        .select(Appointment::as_select())
        .load(conn)?)
}

/// A change of an appointed person's record is an 调整 to be filed, once for each role.
pub(in crate::org) fn note_change(
    conn: &mut Conn,
    viewer: &Viewer,
    person: &Person,
    changed: &[&str],
) -> Result<()> {
    let reason = format!("{}变更", changed.join("、"));
    for row in current(conn, person.id)? {
        if !filing::in_hand(conn, row.id)? {
            filing::open(conn, viewer, &row, Change::Adjusted, None, &reason)?;
        }
    }
    Ok(())
}

/// Who holds a role stays on the books until dismissed.
pub(in crate::org) fn refuse_holder(conn: &mut Conn, person: i64) -> Result<()> {
    let today = clock::today();
    let held = current(conn, person)?;
    // A term whose last day is today ends with the person's leaving.
    let open = held
        .iter()
        .find(|row| row.until_on.is_none_or(|until| until > today));
    match open {
        None => Ok(()),
        Some(row) => Err(Error::Conflict(format!(
            "该人员仍担任{}，请先免任或办理移交",
            row.role().map(super::role_label)?
        ))),
    }
}

/// Who holds a role may only move within the department that gave it.
pub(in crate::org) fn refuse_move(conn: &mut Conn, person: &Person, to: &Department) -> Result<()> {
    let moved = Person {
        department_id: to.id,
        ..person.clone()
    };
    for row in current(conn, person.id)? {
        if !super::works_for(conn, &moved, row.department_id)? {
            let mut form = Form::default();
            let label = row.role().map(super::role_label)?;
            let message = format!("“{}”仍担任原单位的{label}", person.name);
            form.problem("department", "holds_role", &message, "请先免任，再调整单位");
            return form.done();
        }
    }
    Ok(())
}
