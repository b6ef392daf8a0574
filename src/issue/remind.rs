//! Overdue issues, once a day: 专员 → 首席数据代表 → 数据管理部门, each told once while nothing is done.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::settings::Rules;
use super::steps::Turn;
use super::{Issue, tell};
use crate::almanac;
use crate::auth::Role;
use crate::db::connection::Conn;
use crate::db::schema::{issue_head, issues};
use crate::error::Result;
use crate::notice::{self, Message, To};
use crate::org::directory::Directory;
use crate::org::filing;
use crate::register::region::Regions;

/// Whether nobody has been reminded on this day yet, and something is overdue.
///
/// # Errors
/// When the database fails.
pub fn is_due(conn: &mut Conn, today: NaiveDate) -> Result<bool> {
    let last: Option<NaiveDate> = issue_head::table
        .find(1)
        .select(issue_head::reminded_on)
        .first(conn)?;
    if last.is_some_and(|last| last >= today) {
        return Ok(false);
    }
    let late: i64 = issues::table
        .filter(issues::open.eq(true))
        .filter(issues::due_on.lt(today))
        .count()
        .get_result(conn)?;
    Ok(late > 0)
}

/// Reminds of everything overdue, once a day; returns how many notices were sent. Where people are not to be reminded
/// at all, and on days that are not worked, the day passes in silence.
///
/// # Errors
/// When the database fails; then nothing was done.
pub fn remind(
    conn: &mut Conn,
    (rules, regions): (&Rules, &Regions),
    (today, at): (NaiveDate, NaiveDateTime),
    reminds: bool,
) -> Result<usize> {
    conn.transaction(|conn| {
        let turned = diesel::update(issue_head::table.find(1))
            .filter(
                issue_head::reminded_on
                    .is_null()
                    .or(issue_head::reminded_on.lt(today).assume_not_null()),
            )
            .set(issue_head::reminded_on.eq(today))
            .execute(conn)?;
        let (calendar, _) = almanac::calendar(conn)?;
        if turned == 0 || !reminds || !calendar.is_working(today) {
            return Ok(0);
        }
        let directory = Directory::load(conn)?;
        let late: Vec<Issue> = issues::table
            .filter(issues::open.eq(true))
            .filter(issues::due_on.lt(today))
            .order(issues::id)
            .select(Issue::as_select())
            .load(conn)?;
        let mut sent = 0;
        for row in &late {
            let days = calendar.working_days_between(row.due_on, today);
            for (role, department) in whom(conn, rules, (&directory, regions), row, days)? {
                let message = Message {
                    kind: tell::KIND,
                    text: &format!(
                        "难点问题{}“{}”已逾期 {days} 个工作日（期限 {}）",
                        row.number(),
                        row.title,
                        row.due_on
                    ),
                    href: &tell::href(row),
                    // The day is part of it: a day that was moved is another one. So is whose move it was.
                    dedupe: &format!(
                        "issue:{}:late:{}:{}:{}",
                        row.id,
                        row.due_on,
                        row.turn,
                        role.word()
                    ),
                };
                sent += notice::send(conn, To::Role { role, department }, message, at)?;
            }
        }
        Ok(sent)
    })
}

/// Who is told of an issue that is so many working days late.
fn whom(
    conn: &mut Conn,
    rules: &Rules,
    (directory, regions): (&Directory, &Regions),
    row: &Issue,
    days: u32,
) -> Result<Vec<(Role, i64)>> {
    let Some(mover) = row.mover() else {
        return Ok(Vec::new());
    };
    if row.turn() == Turn::Handler {
        return Ok(vec![(Role::Bureau, mover)]);
    }
    let mut out = vec![(Role::Specialist, mover)];
    if days >= u32::from(rules.cdo_after) {
        out.push((Role::Cdo, mover));
    }
    if days >= u32::from(rules.bureau_after) {
        let bureau = match (row.handler_id, directory.get(mover)) {
            (Some(handler), _) => Some(handler),
            (None, Some(department)) => filing::addressee(conn, regions, department)?.map(|b| b.id),
            (None, None) => None,
        };
        out.extend(bureau.map(|bureau| (Role::Bureau, bureau)));
    }
    Ok(out)
}
