//! Reminders of the statutory clocks, once a working day: whoever's move it is, and once it is late, further up.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::clock::{Clock, Reckoner, Standing, all_running};
use super::{Ground, Request, tell};
use crate::auth::Role;
use crate::db::connection::Conn;
use crate::db::schema::share_clocks;
use crate::error::Result;

/// Days late from which the bureau is told.
const ESCALATES: i64 = 3;

/// Whether there is a running clock of which nobody was reminded on this day yet.
///
/// # Errors
/// When the database fails.
pub fn is_due(conn: &mut Conn, today: NaiveDate) -> Result<bool> {
    let waiting: i64 = share_clocks::table
        .filter(share_clocks::done_on.is_null())
        .filter(share_clocks::void.eq(false))
        .filter(
            share_clocks::reminded_on
                .is_null()
                .or(share_clocks::reminded_on.lt(today).assume_not_null()),
        )
        .count()
        .get_result(conn)?;
    Ok(waiting > 0)
}

/// Reminds, once a day; returns how many notices were sent. Where people are not to be reminded at all, and on days
/// not worked, the day passes in silence.
///
/// # Errors
/// When the database fails; then nothing was done.
pub fn remind(
    conn: &mut Conn,
    ground: Ground<'_>,
    today: NaiveDate,
    reminds: bool,
) -> Result<usize> {
    conn.transaction(|conn| {
        let turned = diesel::update(share_clocks::table.filter(share_clocks::done_on.is_null()))
            .filter(
                share_clocks::reminded_on
                    .is_null()
                    .or(share_clocks::reminded_on.lt(today).assume_not_null()),
            )
            .set(share_clocks::reminded_on.eq(today))
            .execute(conn)?;
        let reckoner = Reckoner::new(conn, ground, today)?;
        if turned == 0 || !reminds || !reckoner.almanac.calendar.is_working(today) {
            return Ok(0);
        }
        let mut sent = 0;
        for (kept, row) in all_running(conn)? {
            sent += one(conn, ground, &reckoner.show(&kept), &row)?;
        }
        Ok(sent)
    })
}

/// Reminds of one clock: soon, on the day, and once for each step up when it is late.
fn one(conn: &mut Conn, ground: Ground<'_>, clock: &Clock, row: &Request) -> Result<usize> {
    let late = -clock.left.unwrap_or(0);
    let step = match clock.standing {
        Standing::Soon => "soon",
        Standing::Overdue if late >= ESCALATES => "escalated",
        Standing::Overdue => "late",
        _ => return Ok(0),
    };
    let due = clock.due_on.map(|d| d.to_string()).unwrap_or_default();
    let text = format!(
        "“{}”共享申请{}的{}（{}）: {}，到期日 {due}",
        row.dataset_name,
        row.number(),
        clock.kind.label(),
        clock.kind.article(),
        clock.left_words()
    );
    let key = format!("clock:{}:{due}:{step}", clock.id);
    let about = (text.as_str(), key.as_str(), row.id);
    let provider = clock.department_id;
    let held: &[Role] = if step == "soon" {
        &[Role::Liaison, Role::Specialist]
    } else {
        &[Role::Specialist, Role::Cdo]
    };
    let mut sent = tell::roles(conn, None, (held, provider), about)?;
    if step != "soon" {
        // Whoever waits may ask for coordination (art. 28).
        let waits = [Role::Specialist, Role::Cdo];
        sent += tell::roles(conn, None, (&waits, row.consumer_id), about)?;
    }
    if step == "escalated"
        && let Some(bureau) = row.bureau_id
    {
        let told = format!("{}: {text}", ground.name(provider));
        let about = (told.as_str(), key.as_str(), row.id);
        sent += tell::roles(conn, None, (&[Role::Bureau], bureau), about)?;
    }
    Ok(sent)
}
