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
use crate::org::directory::Department;
use crate::org::filing;
use crate::org::form::{Form, Need};
use crate::org::lock;
use crate::org::person::{self, Person};

mod read;
mod undo;

pub use read::{Term, of_department, of_person, on};
pub(super) use undo::{note_change, refuse_holder, refuse_move, take_back};

/// The roles that are filed.
pub const ROLES: [Role; 3] = [Role::Cdo, Role::Specialist, Role::Liaison];

/// What people call a filed role in full.
#[must_use]
pub fn role_label(role: Role) -> &'static str {
    match role {
        Role::Cdo => "首席数据代表(官)",
        other => other.label(),
    }
}

/// A filed role from its word or from what people call it.
#[must_use]
pub fn role_named(text: &str) -> Option<Role> {
    match text {
        "cdo"
        | "CDO"
        | "首席数据代表(官)"
        | "首席数据代表（官）"
        | "首席数据代表"
        | "首席数据官"
        | "首席代表" => Some(Role::Cdo),
        "specialist" | "数据专员" | "专员" => Some(Role::Specialist),
        "liaison" | "数据联络员" | "联络员" => Some(Role::Liaison),
        _ => None,
    }
}

/// Kind of a change of staffing (变动类型).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// 新任.
    New,
    /// 调整.
    Adjusted,
    /// 免任.
    Dismissed,
}

impl Change {
    /// The word it is stored as.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Adjusted => "adjusted",
            Self::Dismissed => "dismissed",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::New, Self::Adjusted, Self::Dismissed]
            .into_iter()
            .find(|change| change.word() == word)
    }

    /// What people read.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::New => "新任",
            Self::Adjusted => "调整",
            Self::Dismissed => "免任",
        }
    }
}

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

/// An appointment of a department whose people the viewer keeps, in the state that was seen.
fn held(conn: &mut Conn, viewer: &Viewer, seen: Seen) -> Result<Appointment> {
    let row: Option<Appointment> = appointments::table
        .find(seen.id)
        .select(Appointment::as_select())
        .first(conn)
        .optional()?;
    let row = row.ok_or_else(|| Error::NotFound("该任职记录".to_owned()))?;
    viewer.may(Right::ManagePeople, row.department_id)?;
    if row.revision != seen.revision {
        return Err(Error::Stale("该任职记录".to_owned()));
    }
    Ok(row)
}

fn check(
    conn: &mut Conn,
    form: &mut Form,
    department: &Department,
    who: &Person,
    wish: &Wish,
) -> Result<()> {
    if !ROLES.contains(&wish.role) {
        form.problem(
            "role",
            "not_filed",
            "该角色不属于备案的三类人员",
            "请选择首席数据代表(官)、数据专员或数据联络员",
        );
    }
    if department.is_over() {
        let message = format!("“{}”已经撤销或并入其他单位", department.name);
        form.problem("department", "ended", &message, "请选择现有的单位");
    }
    if !who.active {
        let message = format!("“{}”已经离任", who.name);
        form.problem("person", "left", &message, "请先恢复该人员");
    }
    if !works_for(conn, who, department.id)? {
        let message = format!("“{}”不是“{}”或其下属单位的人员", who.name, department.name);
        form.problem("person", "elsewhere", &message, "请先更正该人员的单位");
    }
    form.day("from", "任职起始日", wish.from);
    if wish.from > clock::today() + chrono::Duration::days(366) {
        let message = format!("任职起始日 {} 在一年以后", wish.from);
        form.problem("from", "too_far", &message, "请核对日期");
    }
    if let Some(until) = wish.until {
        form.day("until", "任职截止日", until);
        if until < wish.from {
            form.problem("until", "before_from", "任职截止日早于起始日", "请核对日期");
        }
    }
    Ok(())
}

/// Whether a person works in a department or in a unit that reports through it.
fn works_for(conn: &mut Conn, who: &Person, department: i64) -> Result<bool> {
    let mut next = Some(who.department_id);
    for _ in 0..64 {
        match next {
            Some(at) if at == department => return Ok(true),
            Some(at) => next = change::one(conn, at)?.parent_id,
            None => break,
        }
    }
    Ok(false)
}

/// Terms of a role, or of a person in the department, that share a day with these.
fn overlapping(
    conn: &mut Conn,
    department: i64,
    from: NaiveDate,
    until: Option<NaiveDate>,
) -> Result<Vec<Appointment>> {
    let rows: Vec<Appointment> = appointments::table
        .filter(appointments::department_id.eq(department))
        .filter(appointments::void.eq(false))
        .filter(
            appointments::until_on
                .is_null()
                .or(appointments::until_on.ge(from)),
        )
        .order(appointments::from_on)
        .select(Appointment::as_select())
        .load(conn)?;
    Ok(rows
        .into_iter()
        .filter(|row| until.is_none_or(|until| row.from_on <= until))
        .collect())
}

/// The open term that the new one ends; any other overlap is a problem.
fn predecessor(conn: &mut Conn, form: &mut Form, wish: &Wish) -> Result<Option<Appointment>> {
    let rows = overlapping(conn, wish.department, wish.from, wish.until)?;
    let mut former = None;
    for row in rows {
        let who = person::one(conn, row.person_id)?;
        let same_role = row.role == wish.role.word();
        let term = read::term_words(&row);
        if row.person_id == wish.person {
            let leads =
                |word: &str| matches!(Role::from_word(word), Some(Role::Cdo | Role::Specialist));
            if same_role {
                let message = format!("“{}”在此期间已担任该角色（{term}）", who.name);
                form.problem("person", "holds_it", &message, "无需重复登记");
            } else if leads(&row.role) && leads(wish.role.word()) {
                // 首席数据代表(官)是分管负责同志，数据专员是牵头内设机构的主要负责同志：方案要求两人各负其责。
                let message = format!("“{}”已担任{}", who.name, row.role().map(role_label)?);
                form.problem(
                    "person",
                    "holds_other",
                    &message,
                    "首席数据代表(官)与数据专员不能由同一人担任",
                );
            }
        } else if same_role && wish.role != Role::Liaison {
            let open = row.until_on.is_none() && row.from_on < wish.from;
            if open && former.is_none() {
                former = Some(row);
            } else {
                let label = role_label(wish.role);
                let message = format!("“{}”的{label}任期为 {term}，与所填日期重叠", who.name);
                form.problem("from", "overlap", &message, "请调整起止日期，或先将其免任");
            }
        }
    }
    Ok(former)
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
