//! Whether a person may be appointed as asked, and whose term that ends.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::{Appointment, ROLES, Wish, role_label};
use crate::auth::Role;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::appointments;
use crate::error::Result;
use crate::org::change;
use crate::org::directory::Department;
use crate::org::form::Form;
use crate::org::person::{self, Person};

pub(super) fn check(
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
pub(super) fn works_for(conn: &mut Conn, who: &Person, department: i64) -> Result<bool> {
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
pub(super) fn overlapping(
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
pub(super) fn predecessor(
    conn: &mut Conn,
    form: &mut Form,
    wish: &Wish,
) -> Result<Option<Appointment>> {
    let rows = overlapping(conn, wish.department, wish.from, wish.until)?;
    let mut former = None;
    for row in rows {
        let who = person::one(conn, row.person_id)?;
        let same_role = row.role == wish.role.word();
        let term = super::read::term_words(&row);
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
