//! Reminders by working day: some days before the day, on it, and every working day after it.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::board::{self, Line};
use super::{Campaign, Members, OPEN};
use crate::almanac;
use crate::auth::{Role, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::campaigns;
use crate::error::Result;
use crate::notice::{self, Message, To};
use crate::org::directory::Directory;

/// Whether there is an open campaign for which nobody has been reminded on this day yet.
///
/// # Errors
/// When the database fails.
pub fn is_due(conn: &mut Conn, today: NaiveDate) -> Result<bool> {
    let waiting: i64 = campaigns::table
        .filter(campaigns::state.eq(OPEN))
        .filter(
            campaigns::reminded_on
                .is_null()
                .or(campaigns::reminded_on.lt(today).assume_not_null()),
        )
        .count()
        .get_result(conn)?;
    Ok(waiting > 0)
}

/// Reminds the departments of all open campaigns, once a day; returns how many notices were sent. Where people are not
/// to be reminded at all, the day passes in silence.
///
/// # Errors
/// When the database fails; then nothing was done.
pub fn remind(
    conn: &mut Conn,
    (today, at): (NaiveDate, NaiveDateTime),
    reminds: bool,
) -> Result<usize> {
    conn.transaction(|conn| {
        let turned = diesel::update(campaigns::table.filter(campaigns::state.eq(OPEN)))
            .filter(
                campaigns::reminded_on
                    .is_null()
                    .or(campaigns::reminded_on.lt(today).assume_not_null()),
            )
            .set(campaigns::reminded_on.eq(today))
            .execute(conn)?;
        let (calendar, _) = almanac::calendar(conn)?;
        if turned == 0 || !reminds || !calendar.is_working(today) {
            return Ok(0);
        }
        let directory = Directory::load(conn)?;
        let open: Vec<Campaign> = campaigns::table
            .filter(campaigns::state.eq(OPEN))
            .order(campaigns::id)
            .select(Campaign::as_select())
            .load(conn)?;
        let mut sent = 0;
        for campaign in &open {
            let due = calendar.working_from(campaign.due_on).date;
            let left = calendar.working_days_between(today, due);
            let soon = u32::try_from(campaign.remind_days).unwrap_or(0);
            if today < due && left > soon {
                continue;
            }
            let members = Members::load(conn, &directory, campaign)?;
            let all = Viewer::operator("系统");
            let lines = board::lines(conn, &all, &directory, (campaign, &members), today)?;
            let waiting = lines.iter().filter(|l| !l.standing.is_settled());
            for line in waiting {
                sent += one(conn, &directory, (campaign, line), (today, due), (left, at))?;
            }
        }
        Ok(sent)
    })
}

/// Reminds one department: its liaison and specialist, once it is late its CDO as well.
fn one(
    conn: &mut Conn,
    directory: &Directory,
    (campaign, line): (&Campaign, &Line),
    (today, due): (NaiveDate, NaiveDate),
    (left, at): (u32, NaiveDateTime),
) -> Result<usize> {
    let department = line.part.department_id;
    let todo = match line.open() {
        0 => "核对结果还没有提交".to_owned(),
        n => format!("还有 {n} 条没有答复"),
    };
    let (when, step) = if today > due {
        let late = (today - due).num_days();
        (format!("已逾期 {late} 天"), format!("late:{today}"))
    } else if today == due {
        ("今天截止".to_owned(), "due".to_owned())
    } else {
        (format!("还有 {left} 个工作日截止"), "before".to_owned())
    };
    let mut roles = vec![Role::Liaison, Role::Specialist];
    // Once nothing but handing in is left, it is the CDO's move.
    if today > due || line.open() == 0 {
        roles.push(Role::Cdo);
    }
    let message = Message {
        kind: "campaign",
        text: &format!("“{}”{when}，{todo}", campaign.title),
        href: &board::address(directory, campaign.id, department),
        // The day is part of it: a day that was moved is another one.
        dedupe: &format!("campaign:{}:{department}:{due}:{step}", campaign.id),
    };
    let mut sent = 0;
    for role in roles {
        sent += notice::send(conn, To::Role { role, department }, message, at)?;
    }
    Ok(sent)
}
