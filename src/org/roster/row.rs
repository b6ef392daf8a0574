//! One row of a list of people: who it means, and what it says that is not known yet.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::columns::Column;
use super::{Outcome, Taken, department};
use crate::auth::{Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{appointments, people};
use crate::error::{Error, Result};
use crate::org::appointment::{self, Appointment, Wish, role_label, role_named};
use crate::org::change::Seen;
use crate::org::directory::Directory;
use crate::org::list::{Line, Problem};
use crate::org::person::{self, Details, Person};
use crate::register::words;

/// Why a row cannot be taken.
pub(super) enum Wrong {
    /// These cells.
    Cells(Vec<Problem>),
    /// What the rooms below said.
    Error(Error),
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<diesel::result::Error> for Wrong {
    fn from(error: diesel::result::Error) -> Self {
        Self::Error(error.into())
    }
}

impl From<Problem> for Wrong {
    fn from(problem: Problem) -> Self {
        Self::Cells(vec![problem])
    }
}

/// Takes one row.
pub(super) fn take(
    conn: &mut Conn,
    viewer: &Viewer,
    directory: &Directory,
    line: &Line<Column>,
    out: &mut Taken,
) -> std::result::Result<Outcome, Wrong> {
    let Some(name) = line.get(Column::Name) else {
        return Err(line.problem(Column::Name, "缺少姓名".to_owned()).into());
    };
    let mut changes = Vec::new();
    let known = match line.get(Column::Code) {
        Some(code) => Some(by_code(conn, viewer, line, code)?),
        None => None,
    };
    let place = match (line.get(Column::Department), &known) {
        (Some(text), _) => department(directory, line, Column::Department, text)?,
        (None, Some(person)) => person.department_id,
        (None, None) => {
            let message = "缺少单位".to_owned();
            return Err(line.problem(Column::Department, message).into());
        }
    };
    let known = match known {
        Some(person) => Some(person),
        None => by_name(conn, line, place, name)?,
    };
    let who = match known {
        Some(old) => {
            let new = person::amend(conn, viewer, seen(&old), &details(line, place, name, &old))?;
            if new.revision != old.revision {
                out.changed += 1;
                changes.push("更正人员信息".to_owned());
            }
            new
        }
        None => {
            let empty = blank();
            let new = person::add(conn, viewer, &details(line, place, name, &empty))?;
            out.new += 1;
            changes.push("新增人员".to_owned());
            new
        }
    };
    if let Some(text) = line.get(Column::Role) {
        let Some(role) = role_named(text) else {
            let message = format!("角色“{text}”应为首席数据代表(官)、数据专员或数据联络员");
            return Err(line.problem(Column::Role, message).into());
        };
        let at = match line.get(Column::RoleDepartment) {
            Some(text) => department(directory, line, Column::RoleDepartment, text)?,
            None => place,
        };
        staff(conn, viewer, line, (&who, role, at), (out, &mut changes))?;
    }
    Ok(Outcome {
        row: line.row,
        name: who.name,
        changes,
    })
}

fn seen(person: &Person) -> Seen {
    Seen {
        id: person.id,
        revision: person.revision,
    }
}

fn details(line: &Line<Column>, department: i64, name: &str, old: &Person) -> Details {
    Details {
        name: name.to_owned(),
        department,
        post: line.or(Column::Post, &old.post),
        office: line.or(Column::Office, &old.office),
        background: line.or(Column::Background, &old.background),
        phone: line.or(Column::Phone, &old.phone),
        mobile: line.or(Column::Mobile, &old.mobile),
        email: line.or(Column::Email, &old.email),
    }
}

fn blank() -> Person {
    Person {
        id: 0,
        name: String::new(),
        name_key: String::new(),
        department_id: 0,
        post: String::new(),
        office: String::new(),
        background: String::new(),
        phone: String::new(),
        mobile: String::new(),
        email: String::new(),
        account_id: None,
        active: true,
        confirmed_on: None,
        revision: 0,
        made_at: clock::now(),
        changed_at: clock::now(),
    }
}

fn by_code(
    conn: &mut Conn,
    viewer: &Viewer,
    line: &Line<Column>,
    code: &str,
) -> std::result::Result<Person, Wrong> {
    let id = code
        .strip_prefix(['P', 'p'])
        .and_then(|digits| digits.parse().ok());
    let found = match id {
        Some(id) => person::seen(conn, viewer, id),
        None => Err(Error::NotFound("该人员".to_owned())),
    };
    match found {
        Ok(person) => Ok(person),
        Err(Error::NotFound(_)) => {
            let message = format!("没有编号为“{code}”的人员，新增人员请将编号留空");
            Err(line.problem(Column::Code, message).into())
        }
        Err(other) => Err(other.into()),
    }
}

/// The one person of this name in a department; two of one name are told apart by mobile.
fn by_name(
    conn: &mut Conn,
    line: &Line<Column>,
    department: i64,
    name: &str,
) -> std::result::Result<Option<Person>, Wrong> {
    let mut found: Vec<Person> = people::table
        .filter(people::department_id.eq(department))
        .filter(people::name_key.eq(words::name_key(name)))
        .filter(people::active.eq(true))
        .order(people::id)
        .select(Person::as_select())
        .load(conn)?;
    if found.len() > 1 {
        let mobile = line.get(Column::Mobile).unwrap_or_default();
        found.retain(|p| p.mobile == mobile);
        if found.len() != 1 {
            let message = format!("本单位有多位“{name}”，请填写人员编号");
            return Err(line.problem(Column::Name, message).into());
        }
    }
    Ok(found.pop())
}

/// The appointment a row tells: known already, ended by it, or new.
fn staff(
    conn: &mut Conn,
    viewer: &Viewer,
    line: &Line<Column>,
    (who, role, department): (&Person, Role, i64),
    (out, changes): (&mut Taken, &mut Vec<String>),
) -> std::result::Result<(), Wrong> {
    let from = line.day(Column::From, "任职起始日")?;
    let until = line.day(Column::Until, "任职截止日")?;
    let reason = line.get(Column::Reason).unwrap_or_default().to_owned();
    let label = role_label(role);
    let held = terms(conn, who.id, department, role)?;
    let today = clock::today();
    let same = match from {
        Some(from) => held.iter().find(|t| t.from_on == from),
        None => held.iter().find(|t| t.covers(today)),
    };
    let Some(term) = same else {
        if let Some(current) = held.iter().find(|t| t.covers(from.unwrap_or(today))) {
            let message = format!(
                "“{}”自 {} 起已担任{label}，与所填起始日不符",
                who.name, current.from_on
            );
            return Err(line.problem(Column::From, message).into());
        }
        let wish = Wish {
            person: who.id,
            department,
            role,
            from: from.unwrap_or(today),
            until,
            reason,
        };
        let done = appointment::appoint(conn, viewer, &wish)?;
        out.appointed += 1;
        changes.push(format!("新任{label}"));
        if done.former.is_some() {
            out.dismissed += 1;
            changes.push("前任任期结束".to_owned());
        }
        return Ok(());
    };
    end(conn, viewer, term, until, reason, (out, changes, label))
}

/// A last day that was not on file yet is a dismissal.
fn end(
    conn: &mut Conn,
    viewer: &Viewer,
    term: &Appointment,
    until: Option<NaiveDate>,
    reason: String,
    (out, changes, label): (&mut Taken, &mut Vec<String>, &str),
) -> std::result::Result<(), Wrong> {
    let Some(day) = until.filter(|day| term.until_on != Some(*day)) else {
        return Ok(());
    };
    let seen = Seen {
        id: term.id,
        revision: term.revision,
    };
    let reason = if reason.is_empty() {
        "名单注明任职截止日".to_owned()
    } else {
        reason
    };
    appointment::dismiss(conn, viewer, seen, day, &reason)?;
    out.dismissed += 1;
    changes.push(format!("免任{label}"));
    Ok(())
}

fn terms(conn: &mut Conn, person: i64, department: i64, role: Role) -> Result<Vec<Appointment>> {
    Ok(appointments::table
        .filter(appointments::person_id.eq(person))
        .filter(appointments::department_id.eq(department))
        .filter(appointments::role.eq(role.word()))
        .filter(appointments::void.eq(false))
        .order(appointments::from_on)
        .select(Appointment::as_select())
        .load(conn)?)
}
