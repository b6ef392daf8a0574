//! Who holds which of the three filed roles, from which day to which.
//!
//! A department has exactly one 首席数据代表(官) and one 数据专员 on any day, and any number of 数据联络员.
//! A new holder ends the one before on the day before; where days already settled would overlap otherwise
//! (a limited term, a term that begins later), the appointment is refused: days on file are not moved silently.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use serde::Serialize;

use crate::audit;
use crate::auth::{Right, Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::appointments;
use crate::error::{Error, Result};
use crate::org::change::{self, Seen};
use crate::org::filing;
use crate::org::form::{Form, Need};
use crate::org::lock;
use crate::org::person::{self, Person};

mod check;
mod read;
mod undo;
mod words;

use check::{check, overlapping, predecessor, works_for};

pub use read::{Term, of_department, of_person, on};
pub use words::{Change, ROLES, role_label, role_named};

pub(super) use undo::{note_change, refuse_holder, refuse_move, take_back};

/// One appointment as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = appointments, treat_none_as_default_value = false)]
pub struct Appointment {
    /// Identity.
    pub id: i64,
    /// Who.
    pub person_id: i64,
    /// For which department.
    pub department_id: i64,
    /// Word of the role.
    pub role: String,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day; open when none.
    pub until_on: Option<NaiveDate>,
    /// Word of the kind of change it began with.
    pub change: String,
    /// Why it began.
    pub reason: String,
    /// Word of the kind of change it ended with.
    pub end_change: Option<String>,
    /// Why it ended.
    pub end_reason: String,
    /// The appointment that ended it.
    pub ended_by: Option<i64>,
    /// Taken back: it never was.
    pub void: bool,
    /// Counts its changes.
    pub revision: i64,
    /// When it was recorded, UTC.
    pub made_at: NaiveDateTime,
    /// By whom.
    pub made_by: String,
}

impl Appointment {
    /// The role.
    ///
    /// # Errors
    /// When the stored word is not one of the roles.
    pub fn role(&self) -> Result<Role> {
        Role::from_word(&self.role).ok_or_else(|| Error::Internal {
            doing: "读取任职记录",
            cause: format!("role {}", self.role),
        })
    }

    /// Whether the role is held on a day.
    #[must_use]
    pub fn covers(&self, day: NaiveDate) -> bool {
        !self.void && self.from_on <= day && self.until_on.is_none_or(|until| day <= until)
    }
}

/// An appointment as it is asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Who.
    pub person: i64,
    /// For which department.
    pub department: i64,
    /// Which of [`ROLES`].
    pub role: Role,
    /// First day.
    pub from: NaiveDate,
    /// Last day, when the term is limited.
    pub until: Option<NaiveDate>,
    /// Why.
    pub reason: String,
}

/// What an appointment brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appointed {
    /// The appointment.
    pub appointment: Appointment,
    /// The filing that reports it, still to be submitted.
    pub filing: i64,
    /// The former holder's appointment, which it ended.
    pub former: Option<i64>,
}

/// Appoints a person, ends the former holder's term on the day before, and drafts the filing.
///
/// # Errors
/// [`Error::Refused`] without the right over the department; [`Error::Invalid`] with every problem.
pub fn appoint(conn: &mut Conn, viewer: &Viewer, wish: &Wish) -> Result<Appointed> {
    conn.transaction(|conn| {
        lock::people(conn)?;
        let department = change::one(conn, wish.department)?;
        viewer.may(Right::ManagePeople, department.id)?;
        let who = person::seen(conn, viewer, wish.person)?;
        let mut form = Form::default();
        let reason = form.text("reason", "变动原因", &wish.reason, 500, Need::May);
        check(conn, &mut form, &department, &who, wish)?;
        let former = predecessor(conn, &mut form, wish)?;
        form.done()?;
        let last: Option<i64> = appointments::table
            .select(diesel::dsl::max(appointments::id))
            .first(conn)?;
        let row = Appointment {
            id: last.unwrap_or(0) + 1,
            person_id: who.id,
            department_id: department.id,
            role: wish.role.word().to_owned(),
            from_on: wish.from,
            until_on: wish.until,
            change: Change::New.word().to_owned(),
            reason: reason.clone(),
            end_change: None,
            end_reason: String::new(),
            ended_by: None,
            void: false,
            revision: 1,
            made_at: clock::now(),
            made_by: viewer.name().to_owned(),
        };
        diesel::insert_into(appointments::table)
            .values(&row)
            .execute(conn)?;
        if let Some(former) = &former {
            let day = wish.from.pred_opt().unwrap_or(wish.from);
            let end = End {
                day,
                reason: "由他人接任",
                by: Some(row.id),
            };
            finish(conn, former, &end)?;
        }
        let former = former.map(|f| f.id);
        let filing = filing::open(conn, viewer, &row, Change::New, former, &reason)?;
        tell(conn, viewer, "appoint", Change::New, &row, &who)?;
        Ok(Appointed {
            appointment: row,
            filing,
            former,
        })
    })
}

/// Ends an appointment after its last day, and drafts the filing; returns the filing.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`], [`Error::Stale`], [`Error::Conflict`] when it has ended already.
pub fn dismiss(
    conn: &mut Conn,
    viewer: &Viewer,
    seen: Seen,
    last_day: NaiveDate,
    reason: &str,
) -> Result<i64> {
    conn.transaction(|conn| {
        lock::people(conn)?;
        let row = held(conn, viewer, seen)?;
        let who = person::one(conn, row.person_id)?;
        if row.void || row.until_on.is_some_and(|until| until < clock::today()) {
            return Err(Error::Conflict("该任职已经结束".to_owned()));
        }
        let mut form = Form::default();
        let reason = form.text("reason", "变动原因", reason, 500, Need::Must);
        form.day("until", "任职截止日", last_day);
        if last_day < row.from_on {
            let message = format!("任职截止日 {last_day} 早于起始日 {}", row.from_on);
            form.problem(
                "until",
                "before_from",
                &message,
                "如系误登，请作废相应的备案",
            );
        }
        if row.until_on.is_some_and(|until| until < last_day) {
            let message = "任职截止日晚于已登记的任期";
            form.problem("until", "after_until", message, "请另行办理新任");
        }
        form.done()?;
        let end = End {
            day: last_day,
            reason: &reason,
            by: None,
        };
        let row = finish(conn, &row, &end)?;
        let filing = filing::open(conn, viewer, &row, Change::Dismissed, None, &reason)?;
        tell(conn, viewer, "dismiss", Change::Dismissed, &row, &who)?;
        Ok(filing)
    })
}

/// How a term ends.
struct End<'e> {
    day: NaiveDate,
    reason: &'e str,
    by: Option<i64>,
}

fn finish(conn: &mut Conn, row: &Appointment, end: &End<'_>) -> Result<Appointment> {
    let row = Appointment {
        until_on: Some(end.day),
        end_change: Some(Change::Dismissed.word().to_owned()),
        end_reason: end.reason.to_owned(),
        ended_by: end.by,
        ..row.clone()
    };
    store(conn, row)
}

/// Writes a row over the revision it was read at.
fn store(conn: &mut Conn, row: Appointment) -> Result<Appointment> {
    let done = diesel::update(
        appointments::table
            .find(row.id)
            .filter(appointments::revision.eq(row.revision)),
    )
    .set((
        appointments::until_on.eq(row.until_on),
        appointments::end_change.eq(&row.end_change),
        appointments::end_reason.eq(&row.end_reason),
        appointments::ended_by.eq(row.ended_by),
        appointments::void.eq(row.void),
        appointments::revision.eq(row.revision + 1),
    ))
    .execute(conn)?;
    if done != 1 {
        return Err(Error::Stale("该任职记录".to_owned()));
    }
    Ok(Appointment {
        revision: row.revision + 1,
        ..row
    })
}

/// Ends every term of a department on a day; those that had not begun never were.
pub(super) fn end_all(
    conn: &mut Conn,
    viewer: &Viewer,
    department: i64,
    last_day: NaiveDate,
    reason: &str,
) -> Result<usize> {
    let rows: Vec<Appointment> = appointments::table
        .filter(appointments::department_id.eq(department))
        .filter(appointments::void.eq(false))
        .filter(
            appointments::until_on
                .is_null()
                .or(appointments::until_on.gt(last_day)),
        )
        .select(Appointment::as_select())
        .load(conn)?;
    for row in &rows {
        let end = End {
            day: last_day.max(row.from_on),
            reason,
            by: None,
        };
        let ended = finish(conn, row, &end)?;
        if row.from_on > last_day {
            store(
                conn,
                Appointment {
                    void: true,
                    ..ended
                },
            )?;
        }
        let who = person::one(conn, row.person_id)?;
        tell(conn, viewer, "dismiss", Change::Dismissed, row, &who)?;
    }
    Ok(rows.len())
}

/// An appointment of a department whose people the viewer keeps.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`].
pub fn kept(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<Appointment> {
    let row: Option<Appointment> = appointments::table
        .find(id)
        .select(Appointment::as_select())
        .first(conn)
        .optional()?;
    let row = row.ok_or_else(|| Error::NotFound("该任职记录".to_owned()))?;
    viewer.may(Right::ManagePeople, row.department_id)?;
    Ok(row)
}

/// The same, in the state that was seen.
fn held(conn: &mut Conn, viewer: &Viewer, seen: Seen) -> Result<Appointment> {
    let row = kept(conn, viewer, seen.id)?;
    if row.revision != seen.revision {
        return Err(Error::Stale("该任职记录".to_owned()));
    }
    Ok(row)
}

fn tell(
    conn: &mut Conn,
    viewer: &Viewer,
    action: &'static str,
    change: Change,
    row: &Appointment,
    who: &Person,
) -> Result<()> {
    let label = row.role().map(role_label)?;
    let line = audit::Event::done(action, &format!("{} {label} {}", change.label(), who.name))
        .of(Some(row.department_id))
        .with(serde_json::json!({
            "appointment": row.id, "person": who.code(), "role": row.role,
            "from": row.from_on, "until": row.until_on,
        }));
    audit::record(conn, viewer, &line)
}
