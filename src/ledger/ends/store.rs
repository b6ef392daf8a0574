//! Statements written: the end as it stands, a line of how it came to that, and the way back.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::kept::{EndRow, json};
use super::{End, Given, Pair, Said, Side, Standing, State, pair, stated};
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{link_acts, link_ends};
use crate::each;
use crate::error::{Error, Result};
use crate::ledger::change_set::ChangeSet;
use crate::words;

words! {
    /// How an end speaks.
    Act {
        /// By writing the entry.
        State = "state", "登记";
        /// By an agreed request.
        Agree = "agree", "经共享申请商定";
        /// By confirming what stands.
        Confirm = "confirm", "确认";
        /// By saying that it is not so.
        Dispute = "dispute", "提出异议";
        /// By no longer saying that.
        Withdraw = "withdraw", "撤回异议";
        /// It is made out of date by the other end.
        Overtake = "overtake", "因对方变更待重新确认";
        /// What an import said is taken back.
        TakeBack = "take_back", "撤销导入";
    }
}

/// What a statement came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// How the link stood.
    pub before: Standing,
    /// How it stands.
    pub after: Standing,
    /// Whether anything was said that had not been said before.
    pub changed: bool,
}

/// One end about to be written.
struct Step<'s> {
    entry: i64,
    side: Side,
    act: Act,
    note: &'s str,
    import: Option<i64>,
    change_set: Option<i64>,
}

fn put(
    conn: &mut Conn,
    viewer: &Viewer,
    step: &Step<'_>,
    old: Option<&End>,
    new: &End,
) -> Result<()> {
    let row = EndRow::of(step.entry, step.side, new);
    match old {
        None => {
            each!(conn, c => diesel::insert_into(link_ends::table).values(&row).execute(c))?;
        }
        Some(old) => {
            let hit = diesel::update(link_ends::table.find((step.entry, step.side.word())))
                .filter(link_ends::version.eq(old.version))
                .set(&row)
                .execute(conn)?;
            if hit != 1 {
                return Err(Error::Stale("这条对接".to_owned()));
            }
        }
    }
    line(conn, viewer, step, old, Some(new))
}

fn line(
    conn: &mut Conn,
    viewer: &Viewer,
    step: &Step<'_>,
    old: Option<&End>,
    new: Option<&End>,
) -> Result<()> {
    let last: Option<i64> = link_acts::table
        .select(diesel::dsl::max(link_acts::id))
        .first(conn)?;
    let word = |end: Option<&End>| end.map_or("", |e| e.state.word());
    diesel::insert_into(link_acts::table)
        .values((
            link_acts::id.eq(last.unwrap_or(0) + 1),
            link_acts::entry_id.eq(step.entry),
            link_acts::side.eq(step.side.word()),
            link_acts::act.eq(step.act.word()),
            link_acts::from_state.eq(word(old)),
            link_acts::to_state.eq(word(new)),
            link_acts::said.eq(new.map_or_else(String::new, |e| json(&e.said))),
            link_acts::note.eq(step.note),
            link_acts::before.eq(old.and_then(|e| serde_json::to_string(e).ok())),
            link_acts::version.eq(new.map_or(0, |e| e.version)),
            link_acts::import_id.eq(step.import),
            link_acts::change_set.eq(step.change_set),
            link_acts::told.eq(false),
            link_acts::account_id.eq(viewer.account()),
            link_acts::actor.eq(viewer.name()),
            link_acts::at.eq(clock::now()),
        ))
        .execute(conn)?;
    Ok(())
}

fn signed(viewer: &Viewer, revision: i32, end: End) -> End {
    End {
        revision,
        account: viewer.account(),
        actor: viewer.name().to_owned(),
        at: clock::now(),
        ..end
    }
}

/// Writes what one end says of the agreed fields by writing the entry, in the open change set. The entry is there.
///
/// The same said again is not written again.
///
/// # Errors
/// When the database fails.
pub fn state(
    set: &mut ChangeSet<'_>,
    viewer: &Viewer,
    (entry, revision): (i64, i32),
    (side, act): (Side, Act),
    given: &Given,
) -> Result<Noted> {
    set.flush()?;
    let step = Step {
        entry,
        side,
        act,
        note: "",
        import: set.import(),
        change_set: Some(set.seq()),
    };
    let conn = set.conn();
    let before = pair(conn, entry)?;
    let mut after = stated(&before, side, given);
    // What was agreed is said by both, whatever one of them disputed before.
    if act == Act::Agree
        && let Some(end) = after.slot(side)
    {
        end.state = State::Stated;
        end.note.clear();
    }
    let said = |p: &Pair| p.of(side).map(|e| (e.state, e.said.clone()));
    let changed = said(&before) != said(&after);
    if changed && let Some(end) = after.of(side) {
        let end = signed(viewer, revision, end.clone());
        put(conn, viewer, &step, before.of(side), &end)?;
        overtake(conn, viewer, &step, &before, &after)?;
    }
    Ok(Noted {
        before: before.standing(),
        after: after.standing(),
        changed,
    })
}

/// Writes that the other end's word is out of date, when it became so.
fn overtake(
    conn: &mut Conn,
    viewer: &Viewer,
    step: &Step<'_>,
    before: &Pair,
    after: &Pair,
) -> Result<()> {
    let other = step.side.other();
    let (Some(old), Some(new)) = (before.of(other), after.of(other)) else {
        return Ok(());
    };
    if old.state == new.state {
        return Ok(());
    }
    let step = Step {
        side: other,
        act: Act::Overtake,
        note: "",
        ..*step
    };
    // Who spoke and when stays: the words are still that end's.
    let new = End {
        version: old.version + 1,
        ..new.clone()
    };
    put(conn, viewer, &step, Some(old), &new)
}

/// Writes that an end says what stands; `said` are the agreed fields of the entry. Call it under the ledger's lock.
///
/// # Errors
/// When the database fails.
pub fn confirm_end(
    conn: &mut Conn,
    viewer: &Viewer,
    (entry, revision): (i64, i32),
    side: Side,
    said: Said,
) -> Result<Noted> {
    let end = (State::Stated, Some(said), "");
    speak(conn, viewer, (entry, revision), (side, Act::Confirm), end)
}

/// Writes that an end disputes, or no longer does: then it has still to confirm. Call it under the ledger's lock.
///
/// # Errors
/// When the database fails.
pub fn dispute_end(
    conn: &mut Conn,
    viewer: &Viewer,
    (entry, revision): (i64, i32),
    (side, act): (Side, Act),
    note: &str,
) -> Result<Noted> {
    let state = if act == Act::Withdraw {
        State::Outdated
    } else {
        State::Disputed
    };
    speak(
        conn,
        viewer,
        (entry, revision),
        (side, act),
        (state, None, note),
    )
}

fn speak(
    conn: &mut Conn,
    viewer: &Viewer,
    (entry, revision): (i64, i32),
    (side, act): (Side, Act),
    (state, said, note): (State, Option<Said>, &str),
) -> Result<Noted> {
    let before = pair(conn, entry)?;
    let old = before.of(side);
    let said = said.or_else(|| old.map(|e| e.said.clone()));
    let end = End {
        state,
        said: said.unwrap_or_default(),
        note: note.to_owned(),
        revision,
        version: old.map_or(0, |e| e.version) + 1,
        account: None,
        actor: String::new(),
        at: clock::now(),
    };
    let end = signed(viewer, revision, end);
    let step = Step {
        entry,
        side,
        act,
        note,
        import: None,
        change_set: None,
    };
    put(conn, viewer, &step, old, &end)?;
    let mut after = before.clone();
    *after.slot(side) = Some(end);
    Ok(Noted {
        before: before.standing(),
        after: after.standing(),
        changed: true,
    })
}

#[derive(Queryable)]
struct ActRow {
    entry: i64,
    side: String,
    version: i64,
    before: Option<String>,
}

/// Takes back what an import said, where the end has not spoken since; returns how many statements that were.
///
/// # Errors
/// When the database fails.
pub fn take_back(set: &mut ChangeSet<'_>, viewer: &Viewer, import: i64) -> Result<usize> {
    let rows: Vec<ActRow> = link_acts::table
        .filter(link_acts::import_id.eq(import))
        .filter(link_acts::act.ne(Act::TakeBack.word()))
        .order(link_acts::id.desc())
        .select((
            link_acts::entry_id,
            link_acts::side,
            link_acts::version,
            link_acts::before,
        ))
        .load(set.conn())?;
    let mut done = 0;
    for row in rows {
        done += usize::from(back(set, viewer, import, &row)?);
    }
    Ok(done)
}

fn back(set: &mut ChangeSet<'_>, viewer: &Viewer, import: i64, row: &ActRow) -> Result<bool> {
    let Some(side) = Side::from_word(&row.side) else {
        return Ok(false);
    };
    let seq = set.seq();
    let conn = set.conn();
    let stands = pair(conn, row.entry)?;
    let Some(now) = stands.of(side).filter(|e| e.version == row.version) else {
        return Ok(false);
    };
    let step = Step {
        entry: row.entry,
        side,
        act: Act::TakeBack,
        note: "",
        import: Some(import),
        change_set: Some(seq),
    };
    let before: Option<End> = row
        .before
        .as_deref()
        .and_then(|b| serde_json::from_str(b).ok());
    match before {
        None => {
            diesel::delete(link_ends::table.find((row.entry, side.word()))).execute(conn)?;
            line(conn, viewer, &step, Some(now), None)?;
        }
        // The version it had then: an earlier statement of the same import must find itself.
        Some(before) => {
            let hit = diesel::update(link_ends::table.find((row.entry, side.word())))
                .filter(link_ends::version.eq(now.version))
                .set(EndRow::of(row.entry, side, &before))
                .execute(conn)?;
            if hit != 1 {
                return Err(Error::Stale("这条对接".to_owned()));
            }
            line(conn, viewer, &step, Some(now), Some(&before))?;
        }
    }
    Ok(true)
}
