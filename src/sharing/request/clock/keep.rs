//! Starting, stopping and ending clocks: what acts do to them.

use diesel::prelude::*;

use super::{Kept, Kind, MOST, Reckoner, answer_rule};
use crate::db::connection::Conn;
use crate::db::schema::{share_clocks, share_requests};
use crate::error::Result;
use crate::sharing::request::Request;
use crate::sharing::request::steps::State;

impl Reckoner<'_> {
    /// Starts a clock today.
    pub(in crate::sharing::request) fn start(
        &self,
        conn: &mut Conn,
        (request, correction): (&Request, Option<i64>),
        kind: Kind,
    ) -> Result<()> {
        let last: Option<i64> = share_clocks::table
            .select(diesel::dsl::max(share_clocks::id))
            .first(conn)?;
        let rule = match kind {
            Kind::Answer => answer_rule(&request.share_attr),
            Kind::Supply => "DS-06",
            Kind::Correction => "DS-07",
        };
        diesel::insert_into(share_clocks::table)
            .values(&Kept {
                id: last.unwrap_or(0) + 1,
                request_id: request.id,
                correction_id: correction,
                kind: kind.word().to_owned(),
                rule_id: rule.to_owned(),
                department_id: request.provider_id,
                start_on: self.today,
                extension: 0,
                paused: 0,
                paused_on: None,
                done_on: None,
                due_on: None,
                late: false,
                void: false,
                reminded_on: None,
            })
            .execute(conn)?;
        Ok(())
    }

    fn running(
        conn: &mut Conn,
        (request, correction): (i64, Option<i64>),
        kind: Kind,
    ) -> Result<Option<Kept>> {
        let rows: Vec<Kept> = share_clocks::table
            .filter(share_clocks::request_id.eq(request))
            .filter(share_clocks::kind.eq(kind.word()))
            .filter(share_clocks::done_on.is_null())
            .filter(share_clocks::void.eq(false))
            .order(share_clocks::id)
            .select(Kept::as_select())
            .load(conn)?;
        Ok(rows.into_iter().find(|k| k.correction_id == correction))
    }

    /// Ends a clock today: it keeps the due date that it has now. Returns whether it was late.
    pub(in crate::sharing::request) fn finish(
        &self,
        conn: &mut Conn,
        which: (i64, Option<i64>),
        kind: Kind,
    ) -> Result<bool> {
        let Some(row) = Self::running(conn, which, kind)? else {
            return Ok(false);
        };
        let due = self.due(&row).map(|d| d.date);
        let late = due.is_some_and(|due| due < self.today);
        let paused = i32::try_from(self.stood_still(&row)).unwrap_or(i32::MAX);
        diesel::update(share_clocks::table.find(row.id))
            .set((
                share_clocks::done_on.eq(self.today),
                share_clocks::due_on.eq(due),
                share_clocks::late.eq(late),
                share_clocks::paused.eq(paused),
            ))
            .execute(conn)?;
        Ok(late)
    }

    /// Notes since when papers are missing, or how long they were: the setting says whether the answer's clock stands
    /// still meanwhile, whenever it is shown.
    pub(in crate::sharing::request) fn pause(
        &self,
        conn: &mut Conn,
        request: i64,
        stand: bool,
    ) -> Result<()> {
        let Some(row) = Self::running(conn, (request, None), Kind::Answer)? else {
            return Ok(());
        };
        let paused = i32::try_from(self.without_papers(&row)).unwrap_or(i32::MAX);
        diesel::update(share_clocks::table.find(row.id))
            .set((
                share_clocks::paused.eq(paused),
                share_clocks::paused_on.eq(stand.then_some(self.today)),
            ))
            .execute(conn)?;
        Ok(())
    }

    /// Ends all clocks of a request that run, without their being done: each keeps the due date that it has now.
    fn void(&self, conn: &mut Conn, request: i64) -> Result<()> {
        let rows: Vec<Kept> = share_clocks::table
            .filter(share_clocks::request_id.eq(request))
            .filter(share_clocks::done_on.is_null())
            .filter(share_clocks::void.eq(false))
            .select(Kept::as_select())
            .load(conn)?;
        for row in rows {
            let paused = i32::try_from(self.stood_still(&row)).unwrap_or(i32::MAX);
            diesel::update(share_clocks::table.find(row.id))
                .set((
                    share_clocks::void.eq(true),
                    share_clocks::due_on.eq(self.due(&row).map(|d| d.date)),
                    share_clocks::paused.eq(paused),
                ))
                .execute(conn)?;
        }
        Ok(())
    }

    /// Adds working days to the answer's clock.
    pub(in crate::sharing::request) fn extend(
        &self,
        conn: &mut Conn,
        request: i64,
        days: i32,
    ) -> Result<()> {
        let Some(row) = Self::running(conn, (request, None), Kind::Answer)? else {
            return Ok(());
        };
        diesel::update(share_clocks::table.find(row.id))
            .set(share_clocks::extension.eq(days))
            .execute(conn)?;
        Ok(())
    }
}

/// All running clocks, whoever they are of: for reminders.
pub(in crate::sharing::request) fn all_running(conn: &mut Conn) -> Result<Vec<(Kept, Request)>> {
    Ok(share_clocks::table
        .inner_join(share_requests::table.on(share_requests::id.eq(share_clocks::request_id)))
        .filter(share_clocks::void.eq(false))
        .filter(share_clocks::done_on.is_null())
        .order(share_clocks::id)
        .limit(MOST)
        .select((Kept::as_select(), Request::as_select()))
        .load(conn)?)
}

/// What an act does to the clocks of a request that stands as `row` after it.
///
/// # Errors
/// When the database fails.
pub(in crate::sharing::request) fn tick(
    conn: &mut Conn,
    reckoner: &Reckoner<'_>,
    row: &Request,
    from: State,
) -> Result<()> {
    let which = (row.id, None);
    match (from, row.state()) {
        (State::Internal, State::Submitted) => reckoner.start(conn, (row, None), Kind::Answer)?,
        (State::PapersAsked, State::Withdrawn) => reckoner.void(conn, row.id)?,
        (_, State::PapersAsked) if from != State::PapersAsked => {
            reckoner.pause(conn, row.id, true)?
        }
        (State::PapersAsked, to) if to != State::PapersAsked => {
            reckoner.pause(conn, row.id, false)?
        }
        (_, State::Supplying) if from != State::Supplying => {
            reckoner.finish(conn, which, Kind::Answer)?;
            reckoner.start(conn, (row, None), Kind::Supply)?;
        }
        (_, State::Refused) if from != State::Refused => {
            reckoner.finish(conn, which, Kind::Answer)?;
        }
        (State::Supplying, State::InUse) => {
            reckoner.finish(conn, which, Kind::Supply)?;
        }
        (_, State::Withdrawn | State::Ended) => reckoner.void(conn, row.id)?,
        _ => {}
    }
    Ok(())
}
