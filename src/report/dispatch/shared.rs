//! What a month brought beside issues: links that both ends confirmed, and share requests received and answered.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::{entries, link_acts, share_clocks, share_requests};
use crate::db::scope::visible;
use crate::error::Result;
use crate::issue::summary::Month;
use crate::ledger::ends::{End, Pair, Side, Standing, State};
use crate::sharing::LINKS;
use crate::sharing::request::clock::Kind;

/// Statements read at once.
const PART: usize = 500;

/// The figures with what they are called, of these departments where any are named, else of all that the viewer sees.
pub(super) fn figures(
    conn: &mut Conn,
    viewer: &Viewer,
    departments: Option<&[i64]>,
    month: Month,
) -> Result<Vec<(&'static str, usize)>> {
    let (from, until) = month.span();
    let within = |id: i64| {
        viewer.can(Right::SeeOwn, id) && departments.is_none_or(|wanted| wanted.contains(&id))
    };
    let providers: Vec<i64> = share_requests::table
        .filter(share_requests::submitted_at.gt(from).assume_not_null())
        .filter(share_requests::submitted_at.le(until).assume_not_null())
        .select(share_requests::provider_id)
        .load(conn)?;
    let received = providers.iter().filter(|id| within(**id)).count();
    let answers: Vec<(i64, bool)> = share_clocks::table
        .filter(share_clocks::kind.eq(Kind::Answer.word()))
        .filter(share_clocks::void.eq(false))
        .filter(share_clocks::done_on.ge(month.first()).assume_not_null())
        .filter(share_clocks::done_on.le(month.last()).assume_not_null())
        .select((share_clocks::department_id, share_clocks::late))
        .load(conn)?;
    let answered = |late: bool| {
        let fits = answers.iter().filter(|a| a.1 == late && within(a.0));
        fits.count()
    };
    let (in_time, late) = (answered(false), answered(true));
    let confirmed = confirmed(conn, viewer, departments, (from, until))?;
    Ok(vec![
        ("本月双方确认对接", confirmed),
        ("本月收到共享申请", received),
        ("本月按期答复", in_time),
        ("本月逾期答复", late),
    ])
}

/// How many links came to be confirmed by both ends between two instants.
fn confirmed(
    conn: &mut Conn,
    viewer: &Viewer,
    departments: Option<&[i64]>,
    (from, until): (NaiveDateTime, NaiveDateTime),
) -> Result<usize> {
    let moved: Vec<i64> = link_acts::table
        .filter(link_acts::at.gt(from))
        .filter(link_acts::at.le(until))
        .filter(link_acts::to_state.eq(State::Stated.word()))
        .select(link_acts::entry_id)
        .load(conn)?;
    let moved: BTreeSet<i64> = moved.into_iter().collect();
    let moved: Vec<i64> = moved.into_iter().collect();
    let mut found = 0;
    for part in moved.chunks(PART) {
        let rows: Vec<(i64, i64, Option<i64>)> = visible(viewer)
            .filter(entries::register.eq(LINKS))
            .filter(entries::id.eq_any(part.to_vec()))
            .select((entries::id, entries::department_id, entries::party_id))
            .load(conn)?;
        let either = |owner: i64, party: Option<i64>| {
            departments.is_none_or(|wanted| {
                wanted.contains(&owner) || party.is_some_and(|id| wanted.contains(&id))
            })
        };
        let ids: Vec<i64> = rows
            .into_iter()
            .filter(|(_, owner, party)| either(*owner, *party))
            .map(|(id, ..)| id)
            .collect();
        found += agreed(conn, &ids, (from, until))?;
    }
    Ok(found)
}

/// How many of these links went from not confirmed to confirmed, by what their ends said in order.
fn agreed(
    conn: &mut Conn,
    ids: &[i64],
    (from, until): (NaiveDateTime, NaiveDateTime),
) -> Result<usize> {
    let acts: Vec<(i64, String, String, String, NaiveDateTime)> = link_acts::table
        .filter(link_acts::entry_id.eq_any(ids.to_vec()))
        .filter(link_acts::at.le(until))
        .order(link_acts::id)
        .select((
            link_acts::entry_id,
            link_acts::side,
            link_acts::to_state,
            link_acts::said,
            link_acts::at,
        ))
        .load(conn)?;
    let mut pairs: HashMap<i64, Pair> = HashMap::new();
    let mut out: BTreeSet<i64> = BTreeSet::new();
    for (id, side, state, said, at) in acts {
        let pair = pairs.entry(id).or_default();
        let before = pair.standing();
        let end = State::from_word(&state).map(|state| spoken(state, &said, at));
        match Side::from_word(&side) {
            Some(Side::Provider) => pair.provider = end,
            Some(Side::Consumer) => pair.consumer = end,
            None => {}
        }
        let became = before != Standing::Confirmed && pair.standing() == Standing::Confirmed;
        if became && at > from {
            out.insert(id);
        }
    }
    Ok(out.len())
}

/// An end as far as its standing depends on it.
fn spoken(state: State, said: &str, at: NaiveDateTime) -> End {
    End {
        state,
        said: serde_json::from_str(said).unwrap_or_default(),
        note: String::new(),
        revision: 0,
        version: 0,
        account: None,
        actor: String::new(),
        at,
    }
}
