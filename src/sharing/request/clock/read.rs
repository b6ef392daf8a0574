//! Clocks as lists and pages show them: of one request, of some, of all that a viewer sees.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{Clock, Kept, MOST, Reckoner};
use crate::auth::{Reach, Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::{share_clocks, share_requests};
use crate::error::Result;
use crate::sharing::request::Request;

impl Reckoner<'_> {
    /// The clocks of a request, in the order they began.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of_request(&self, conn: &mut Conn, request: i64) -> Result<Vec<Clock>> {
        let rows: Vec<Kept> = share_clocks::table
            .filter(share_clocks::request_id.eq(request))
            .order(share_clocks::id)
            .select(Kept::as_select())
            .load(conn)?;
        Ok(rows.iter().map(|row| self.show(row)).collect())
    }

    /// The clock of each of some requests that a list shows: the one that runs and is due first, else the last; none of a
    /// request that was not sent.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of_requests(&self, conn: &mut Conn, requests: &[i64]) -> Result<HashMap<i64, Clock>> {
        let rows: Vec<Kept> = share_clocks::table
            .filter(share_clocks::request_id.eq_any(requests.to_vec()))
            .order(share_clocks::id)
            .select(Kept::as_select())
            .load(conn)?;
        let mut out: HashMap<i64, Clock> = HashMap::new();
        let due = |c: &Clock| (c.due_on.is_none(), c.due_on);
        for clock in rows.iter().map(|row| self.show(row)) {
            let takes = match out.get(&clock.request_id) {
                Some(shown) if shown.standing.is_open() => {
                    clock.standing.is_open() && due(&clock) < due(shown)
                }
                _ => true,
            };
            if takes {
                out.insert(clock.request_id, clock);
            }
        }
        Ok(out)
    }

    /// Clocks of the requests that the viewer sees, with their requests, the most urgent first: those that run, or those
    /// that are over.
    ///
    /// # Errors
    /// When the database fails.
    pub fn seen(
        &self,
        conn: &mut Conn,
        viewer: &Viewer,
        running: bool,
    ) -> Result<Vec<(Clock, Request)>> {
        let mut query = share_clocks::table
            .inner_join(share_requests::table.on(share_requests::id.eq(share_clocks::request_id)))
            .filter(share_clocks::void.eq(false))
            .filter(share_clocks::done_on.is_null().eq(running))
            .limit(MOST)
            .select((Kept::as_select(), Request::as_select()))
            .into_boxed();
        if let Reach::Departments(ids) = viewer.reach(Right::SeeOwn) {
            // A clock begins when the request is sent: from then on both ends see it.
            let either = share_requests::consumer_id
                .eq_any(ids.clone())
                .or(share_requests::provider_id.eq_any(ids.clone()));
            query = query.filter(either);
        }
        // Of too many, the oldest that run and the newest that are over.
        query = if running {
            query.order(share_clocks::id.asc())
        } else {
            query.order(share_clocks::id.desc())
        };
        let rows: Vec<(Kept, Request)> = query.load(conn)?;
        let shown = rows.into_iter().map(|(k, r)| (self.show(&k), r));
        let mut out: Vec<(Clock, Request)> = shown.collect();
        out.sort_by_key(|(c, _)| (c.due_on.is_none(), c.due_on, c.id));
        Ok(out)
    }
}
