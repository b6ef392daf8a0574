//! Who sees which people, and how much of them.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;

use super::Person;
use crate::audit;
use crate::auth::{Reach, Right, Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{appointments, people};
use crate::error::{Error, Result};
use crate::org::rules::Rules;
use crate::register::words;

/// How a person is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Contacts {
    /// 办公电话.
    pub phone: String,
    /// 手机.
    pub mobile: String,
    /// 电子邮箱.
    pub email: String,
    /// Whether the middle of each is hidden.
    pub masked: bool,
}

/// A role held today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = PersonRole)]
pub struct Held {
    /// The appointment.
    pub appointment: i64,
    /// Which role.
    pub role: Role,
    /// In which department.
    pub department: i64,
    /// Since when.
    pub from: NaiveDate,
    /// Up to which day, when it is limited.
    pub until: Option<NaiveDate>,
}

/// A person as this viewer sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Identity.
    pub id: i64,
    /// Code in files and the API.
    pub code: String,
    /// 姓名.
    pub name: String,
    /// Where this person works.
    pub department: i64,
    /// 职务.
    pub post: String,
    /// 内设机构.
    pub office: String,
    /// 专业背景; only for those who see the contacts.
    pub background: Option<String>,
    /// How to reach them; none for those who may not know.
    pub contacts: Option<Contacts>,
    /// When the contacts were last confirmed; likewise.
    pub confirmed_on: Option<NaiveDate>,
    /// Whether they have to be confirmed anew; likewise.
    pub stale: bool,
    /// Whether an account is linked; likewise.
    pub account: Option<i64>,
    /// Still works there.
    pub active: bool,
    /// Counts the changes.
    pub revision: i64,
    /// Roles held today.
    pub roles: Vec<Held>,
}

/// How closely contacts are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glimpse {
    /// With the middle hidden.
    Masked,
    /// In full; it is written down who looked.
    Full,
}

/// Which people are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of these departments.
    pub departments: Option<Vec<i64>>,
    /// Only those who hold this role today.
    pub role: Option<Role>,
    /// Only whose name or post holds this.
    pub word: String,
    /// Only those whose contacts are stale.
    pub stale: bool,
    /// Those who left as well.
    pub with_former: bool,
    /// Only after this id (the cursor).
    pub after: i64,
}

/// Whether contacts confirmed on this day have to be confirmed anew.
#[must_use]
pub fn stale(rules: Rules, confirmed_on: Option<NaiveDate>, today: NaiveDate) -> bool {
    let limit = chrono::Duration::days(i64::from(rules.contact_days));
    confirmed_on.is_none_or(|day| today - day > limit)
}

/// People that fit, by id, at most `limit`; contacts masked.
///
/// # Errors
/// When the viewer may not look at all, or the database fails.
pub fn list(
    conn: &mut Conn,
    viewer: &Viewer,
    rules: Rules,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Shown>> {
    find(conn, viewer, rules, filter, (limit, Glimpse::Masked))
}

/// People that fit; contacts in full only for a file whose export is written down.
pub(in crate::org) fn find(
    conn: &mut Conn,
    viewer: &Viewer,
    rules: Rules,
    filter: &Filter,
    (limit, glimpse): (i64, Glimpse),
) -> Result<Vec<Shown>> {
    viewer.may_anywhere(Right::SeeSummary)?;
    let today = clock::today();
    let appointed = || {
        appointments::table
            .filter(appointments::void.eq(false))
            .filter(appointments::from_on.le(today))
            .filter(
                appointments::until_on
                    .is_null()
                    .or(appointments::until_on.ge(today)),
            )
    };
    let mut query = people::table
        .filter(people::id.gt(filter.after))
        .order(people::id)
        .limit(limit)
        .select(Person::as_select())
        .into_boxed();
    // Who holds no role is known only to those who keep the department's people.
    if let Reach::Departments(own) = viewer.reach(Right::SeeContacts) {
        let known = people::id.eq_any(appointed().select(appointments::person_id));
        query = query.filter(known.or(people::department_id.eq_any(own.clone())));
    }
    if let Some(departments) = &filter.departments {
        let there = appointed().filter(appointments::department_id.eq_any(departments.clone()));
        query = query.filter(
            people::department_id
                .eq_any(departments.clone())
                .or(people::id.eq_any(there.select(appointments::person_id))),
        );
    }
    if let Some(role) = filter.role {
        let holders = appointed().filter(appointments::role.eq(role.word()));
        query = query.filter(people::id.eq_any(holders.select(appointments::person_id)));
    }
    if !filter.with_former {
        query = query.filter(people::active.eq(true));
    }
    if filter.stale {
        let last = today - chrono::Duration::days(i64::from(rules.contact_days));
        let unsure = people::confirmed_on.is_null();
        query = query.filter(unsure.or(people::confirmed_on.lt(last)));
        // Whether contacts are stale is told only where the contacts are.
        if let Reach::Departments(own) = viewer.reach(Right::SeeContacts) {
            query = query.filter(people::department_id.eq_any(own.clone()));
        }
    }
    if !filter.word.is_empty() {
        let like = format!("%{}%", escaped(&filter.word));
        let called = people::name.like(like.clone()).escape('\\');
        query = query.filter(called.or(people::post.like(like).escape('\\')));
    }
    let rows: Vec<Person> = query.load(conn)?;
    let mut held = roles(conn, &rows, today)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let roles = held.remove(&row.id).unwrap_or_default();
            show(viewer, rules, row, roles, glimpse)
        })
        .collect())
}

/// A word as `LIKE` takes it literally.
fn escaped(word: &str) -> String {
    words::clean(word)
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}

/// One person.
///
/// # Errors
/// [`Error::NotFound`] for somebody absent or not to be seen; [`Error::Refused`] for contacts in full without the right.
pub fn look(
    conn: &mut Conn,
    viewer: &Viewer,
    rules: Rules,
    id: i64,
    glimpse: Glimpse,
) -> Result<Shown> {
    conn.transaction(|conn| {
        let row = super::one(conn, id)?;
        may_see(conn, viewer, &row)?;
        if glimpse == Glimpse::Full {
            viewer.may(Right::SeeContacts, row.department_id)?;
            let line = audit::Event::done("see_contacts", &format!("查看 {} 的联系方式", row.name))
                .of(Some(row.department_id))
                .with(serde_json::json!({ "person": row.code() }));
            audit::record(conn, viewer, &line)?;
        }
        let rows = [row];
        let mut held = roles(conn, &rows, clock::today())?;
        let [row] = rows;
        let roles = held.remove(&row.id).unwrap_or_default();
        Ok(show(viewer, rules, row, roles, glimpse))
    })
}

/// Somebody who may be seen: appointed, or of a department whose people the viewer knows.
pub(super) fn may_see(conn: &mut Conn, viewer: &Viewer, row: &Person) -> Result<()> {
    viewer.may_anywhere(Right::SeeSummary)?;
    if viewer.can(Right::SeeContacts, row.department_id) {
        return Ok(());
    }
    let held = roles(conn, std::slice::from_ref(row), clock::today())?;
    if held.contains_key(&row.id) {
        return Ok(());
    }
    Err(Error::NotFound("该人员".to_owned()))
}

/// Roles held on a day, by person.
fn roles(conn: &mut Conn, rows: &[Person], day: NaiveDate) -> Result<HashMap<i64, Vec<Held>>> {
    let mut out: HashMap<i64, Vec<Held>> = HashMap::new();
    for part in rows.chunks(500) {
        let ids: Vec<i64> = part.iter().map(|p| p.id).collect();
        type Row = (i64, i64, String, i64, NaiveDate, Option<NaiveDate>);
        let found: Vec<Row> = appointments::table
            .filter(appointments::person_id.eq_any(ids))
            .filter(appointments::void.eq(false))
            .filter(appointments::from_on.le(day))
            .filter(
                appointments::until_on
                    .is_null()
                    .or(appointments::until_on.ge(day)),
            )
            .order(appointments::id)
            .select((
                appointments::person_id,
                appointments::id,
                appointments::role,
                appointments::department_id,
                appointments::from_on,
                appointments::until_on,
            ))
            .load(conn)?;
        for (person, appointment, role, department, from, until) in found {
            let Some(role) = Role::from_word(&role) else {
                continue;
            };
            out.entry(person).or_default().push(Held {
                appointment,
                role,
                department,
                from,
                until,
            });
        }
    }
    Ok(out)
}

fn show(viewer: &Viewer, rules: Rules, row: Person, roles: Vec<Held>, glimpse: Glimpse) -> Shown {
    let known = viewer.can(Right::SeeContacts, row.department_id);
    let cover = |text: &str, first: usize, last: usize| match glimpse {
        Glimpse::Full => text.to_owned(),
        Glimpse::Masked => mask(text, first, last),
    };
    let contacts = known.then(|| Contacts {
        phone: cover(&row.phone, 5, 2),
        mobile: cover(&row.mobile, 3, 4),
        email: match row.email.split_once('@') {
            Some((user, host)) if glimpse == Glimpse::Masked => {
                format!("{}@{host}", mask(user, 1, 0))
            }
            _ => row.email.clone(),
        },
        masked: glimpse == Glimpse::Masked,
    });
    Shown {
        id: row.id,
        code: row.code(),
        name: row.name,
        department: row.department_id,
        post: row.post,
        office: row.office,
        background: known.then_some(row.background),
        contacts,
        stale: known && stale(rules, row.confirmed_on, clock::today()),
        confirmed_on: row.confirmed_on.filter(|_| known),
        account: row.account_id.filter(|_| known),
        active: row.active,
        revision: row.revision,
        roles,
    }
}

/// The text with all but its ends as stars; short texts as stars alone.
fn mask(text: &str, first: usize, last: usize) -> String {
    let count = text.chars().count();
    if count == 0 {
        return String::new();
    }
    if count <= first + last {
        return "*".repeat(count);
    }
    let hidden = count - first - last;
    text.chars()
        .enumerate()
        .map(|(i, c)| {
            if i < first || i >= first + hidden {
                c
            } else {
                '*'
            }
        })
        .collect()
}
