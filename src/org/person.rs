//! People: who they are, where they work, how they are reached.
//!
//! Everyone signed in sees names, posts and roles of the appointed. Contacts are shown masked to those who
//! keep them, in full when asked for (and that is written down), and not at all to everybody else.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use serde::Serialize;

use crate::audit;
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::people;
use crate::error::{Error, Result};
use crate::org::appointment;
use crate::org::change::{self, Seen};
use crate::org::lock;
use crate::register::words;

mod check;
mod sight;

pub(in crate::org) use sight::find;
pub use sight::{Contacts, Filter, Glimpse, Held, Shown, list, look, stale};

/// One person as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = people, treat_none_as_default_value = false)]
pub struct Person {
    /// Identity.
    pub id: i64,
    /// 姓名.
    pub name: String,
    /// Name in the form that is compared.
    pub name_key: String,
    /// Where this person works.
    pub department_id: i64,
    /// 职务.
    pub post: String,
    /// 内设机构.
    pub office: String,
    /// 专业背景.
    pub background: String,
    /// 办公电话.
    pub phone: String,
    /// 手机.
    pub mobile: String,
    /// 电子邮箱.
    pub email: String,
    /// The account this person signs in with.
    pub account_id: Option<i64>,
    /// Still works there.
    pub active: bool,
    /// When the contacts were last said to be right.
    pub confirmed_on: Option<NaiveDate>,
    /// Counts the changes from 1.
    pub revision: i64,
    /// When it was recorded, UTC.
    pub made_at: NaiveDateTime,
    /// When it was last changed, UTC.
    pub changed_at: NaiveDateTime,
}

impl Person {
    /// The code in files and the API.
    #[must_use]
    pub fn code(&self) -> String {
        code(self.id)
    }
}

/// The code of a person with this id.
#[must_use]
pub fn code(id: i64) -> String {
    format!("P{id:06}")
}

/// What is written down of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// 姓名.
    pub name: String,
    /// Where this person works.
    pub department: i64,
    /// 职务.
    pub post: String,
    /// 内设机构.
    pub office: String,
    /// 专业背景.
    pub background: String,
    /// 办公电话.
    pub phone: String,
    /// 手机.
    pub mobile: String,
    /// 电子邮箱.
    pub email: String,
}

impl From<&Person> for Details {
    fn from(p: &Person) -> Self {
        Self {
            name: p.name.clone(),
            department: p.department_id,
            post: p.post.clone(),
            office: p.office.clone(),
            background: p.background.clone(),
            phone: p.phone.clone(),
            mobile: p.mobile.clone(),
            email: p.email.clone(),
        }
    }
}

/// Records a person.
///
/// # Errors
/// [`Error::Refused`] without the right over the department; [`Error::Invalid`] with every problem.
pub fn add(conn: &mut Conn, viewer: &Viewer, details: &Details) -> Result<Person> {
    conn.transaction(|conn| {
        lock::people(conn)?;
        let department = change::one(conn, details.department)?;
        viewer.may(Right::ManagePeople, department.id)?;
        let details = check::details(conn, &department, None, details)?;
        let last: Option<i64> = people::table
            .select(diesel::dsl::max(people::id))
            .first(conn)?;
        let now = clock::now();
        let reachable = check::has_contacts(&details);
        let row = Person {
            id: last.unwrap_or(0) + 1,
            name_key: words::name_key(&details.name),
            name: details.name,
            department_id: department.id,
            post: details.post,
            office: details.office,
            background: details.background,
            phone: details.phone,
            mobile: details.mobile,
            email: details.email,
            account_id: None,
            active: true,
            confirmed_on: reachable.then(clock::today),
            revision: 1,
            made_at: now,
            changed_at: now,
        };
        diesel::insert_into(people::table)
            .values(&row)
            .execute(conn)?;
        tell(conn, viewer, "add_person", "登记人员", &row, &[])?;
        Ok(row)
    })
}

/// Corrects what is written down; a change of an appointed person makes a filing.
///
/// # Errors
/// As [`add`]; [`Error::Stale`].
pub fn amend(conn: &mut Conn, viewer: &Viewer, seen: Seen, details: &Details) -> Result<Person> {
    conn.transaction(|conn| {
        lock::people(conn)?;
        let old = held(conn, viewer, seen)?;
        let department = change::one(conn, details.department)?;
        viewer.may(Right::ManagePeople, department.id)?;
        let wanted = check::details(conn, &department, Some(old.id), details)?;
        if department.id != old.department_id {
            appointment::refuse_move(conn, &old, &department)?;
        }
        let changed = check::changed(&Details::from(&old), &wanted);
        if changed.is_empty() {
            return Ok(old);
        }
        let contacts = changed.iter().any(|label| check::CONTACTS.contains(label));
        let new = Person {
            name_key: words::name_key(&wanted.name),
            name: wanted.name,
            department_id: department.id,
            post: wanted.post,
            office: wanted.office,
            background: wanted.background,
            phone: wanted.phone,
            mobile: wanted.mobile,
            email: wanted.email,
            confirmed_on: if contacts {
                Some(clock::today())
            } else {
                old.confirmed_on
            },
            ..old.clone()
        };
        let new = keep(conn, new)?;
        appointment::note_change(conn, viewer, &new, &changed)?;
        tell(conn, viewer, "change_person", "更正人员", &new, &changed)?;
        Ok(new)
    })
}

/// Says that the contacts are right as they stand.
///
/// # Errors
/// As [`amend`].
pub fn confirm(conn: &mut Conn, viewer: &Viewer, seen: Seen) -> Result<Person> {
    alter(
        conn,
        viewer,
        seen,
        ("confirm_contacts", "确认联系方式"),
        |p| {
            p.confirmed_on = Some(clock::today());
            Ok(())
        },
    )
}

/// Says whether a person still works there; who holds a role has to be dismissed first.
///
/// # Errors
/// As [`amend`]; [`Error::Conflict`] while a role is held.
pub fn set_active(conn: &mut Conn, viewer: &Viewer, seen: Seen, active: bool) -> Result<Person> {
    conn.transaction(|conn| {
        lock::people(conn)?;
        if !active {
            appointment::refuse_holder(conn, seen.id)?;
        }
        let told = if active {
            ("return_person", "恢复人员")
        } else {
            ("retire_person", "人员离任")
        };
        alter(conn, viewer, seen, told, |p| {
            p.active = active;
            Ok(())
        })
    })
}

/// Links a person with the account used to sign in, or ends the link.
///
/// # Errors
/// As [`amend`]; [`Error::Conflict`] when another person has that account.
pub fn link_account(
    conn: &mut Conn,
    viewer: &Viewer,
    seen: Seen,
    account: Option<i64>,
) -> Result<Person> {
    conn.transaction(|conn| {
        lock::people(conn)?;
        if let Some(account) = account {
            let other: Option<String> = people::table
                .filter(people::account_id.eq(account))
                .filter(people::id.ne(seen.id))
                .select(people::name)
                .first(conn)
                .optional()?;
            if let Some(other) = other {
                return Err(Error::Conflict(format!("该账号已关联“{other}”")));
            }
        }
        alter(conn, viewer, seen, ("link_account", "关联账号"), |p| {
            p.account_id = account;
            Ok(())
        })
    })
}

fn alter(
    conn: &mut Conn,
    viewer: &Viewer,
    seen: Seen,
    (action, label): (&'static str, &str),
    change: impl FnOnce(&mut Person) -> Result<()>,
) -> Result<Person> {
    conn.transaction(|conn| {
        lock::people(conn)?;
        let mut row = held(conn, viewer, seen)?;
        change(&mut row)?;
        let row = keep(conn, row)?;
        tell(conn, viewer, action, label, &row, &[])?;
        Ok(row)
    })
}

/// The person with this account.
///
/// # Errors
/// When the database fails.
pub fn of_account(conn: &mut Conn, account: i64) -> Result<Option<Person>> {
    Ok(people::table
        .filter(people::account_id.eq(account))
        .select(Person::as_select())
        .first(conn)
        .optional()?)
}

/// A person by id, whoever asks: for the rooms above, which check for themselves.
///
/// # Errors
/// [`Error::NotFound`].
pub fn one(conn: &mut Conn, id: i64) -> Result<Person> {
    people::table
        .find(id)
        .select(Person::as_select())
        .first(conn)
        .optional()?
        .ok_or_else(|| Error::NotFound("该人员".to_owned()))
}

/// A person of a department whose people the viewer keeps.
///
/// # Errors
/// [`Error::NotFound`] for somebody not to be seen, [`Error::Refused`] for somebody else's.
pub fn kept(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<Person> {
    let row = self::seen(conn, viewer, id)?;
    viewer.may(Right::ManagePeople, row.department_id)?;
    Ok(row)
}

/// A person whom the viewer may see at all.
pub(super) fn seen(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<Person> {
    let row = one(conn, id)?;
    sight::may_see(conn, viewer, &row)?;
    Ok(row)
}

/// A person whom the viewer keeps, in the state that was seen.
pub(super) fn held(conn: &mut Conn, viewer: &Viewer, seen: Seen) -> Result<Person> {
    let row = kept(conn, viewer, seen.id)?;
    if row.revision != seen.revision {
        return Err(Error::Stale(format!("“{}”的信息", row.name)));
    }
    Ok(row)
}

fn keep(conn: &mut Conn, row: Person) -> Result<Person> {
    let row = Person {
        revision: row.revision + 1,
        changed_at: clock::now(),
        ..row
    };
    let done = diesel::update(
        people::table
            .find(row.id)
            .filter(people::revision.eq(row.revision - 1)),
    )
    .set((
        people::name.eq(&row.name),
        people::name_key.eq(&row.name_key),
        people::department_id.eq(row.department_id),
        people::post.eq(&row.post),
        people::office.eq(&row.office),
        people::background.eq(&row.background),
        people::phone.eq(&row.phone),
        people::mobile.eq(&row.mobile),
        people::email.eq(&row.email),
        people::account_id.eq(row.account_id),
        people::active.eq(row.active),
        people::confirmed_on.eq(row.confirmed_on),
        people::revision.eq(row.revision),
        people::changed_at.eq(row.changed_at),
    ))
    .execute(conn)?;
    if done == 1 {
        Ok(row)
    } else {
        Err(Error::Stale(format!("“{}”的信息", row.name)))
    }
}

/// The audit line names what was changed, never the contacts themselves.
fn tell(
    conn: &mut Conn,
    viewer: &Viewer,
    action: &'static str,
    label: &str,
    person: &Person,
    changed: &[&str],
) -> Result<()> {
    let line = audit::Event::done(action, &format!("{label} {}", person.name))
        .of(Some(person.department_id))
        .with(serde_json::json!({ "person": person.code(), "changed": changed }));
    audit::record(conn, viewer, &line)
}
