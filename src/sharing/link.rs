//! Links between their ends: how they stand, whose move it is, and the acts of an end.

mod desk;

use super::{follow, steps};
use crate::audit;
use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::error::{Error, Problem, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::change_set::{self, Purpose, Verdict};
use crate::ledger::ends::{self, Act, Pair, Side, Standing, State};
use crate::ledger::entry::{EntryRow, stage_word};
use crate::ledger::facts;
use crate::register::field::Stage;
use crate::register::text;

pub use desk::{Counts, Page, View, at_risk, counts, page, waiting};

/// The longest note.
const NOTE_CHARS: usize = 500;

/// A link that somebody sees in full, with what its ends say.
#[derive(Clone, Debug)]
pub struct Link {
    /// The entry.
    pub row: EntryRow,
    /// What its ends say.
    pub pair: Pair,
    /// The end that the viewer answers for.
    pub mine: Option<Side>,
}

impl Link {
    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.pair.standing()
    }

    /// Its version: of the entry and of both statements together.
    #[must_use]
    pub fn version(&self) -> i32 {
        let said: i64 = Side::ALL
            .into_iter()
            .filter_map(|side| self.pair.of(side).map(|e| e.version))
            .sum();
        self.row
            .revision
            .saturating_add(i32::try_from(said).unwrap_or(i32::MAX))
    }

    /// The department at one end.
    #[must_use]
    pub fn department(&self, side: Side) -> Option<i64> {
        match side {
            Side::Provider => Some(self.row.department_id),
            Side::Consumer => self.row.party_id,
        }
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.row.stage == stage_word(Stage::Retired)
    }

    /// Whether an end has said of what is in dispute just what stands: to confirm it would say nothing.
    fn says_what_stands(&self, side: Side) -> bool {
        let Some(end) = self.pair.of(side).filter(|e| e.state == State::Stated) else {
            return false;
        };
        let apart = self.pair.differences();
        if apart.is_empty() {
            return true;
        }
        let stands = self.row.document();
        apart.iter().all(|key| end.said.get(key) == stands.get(key))
    }

    /// What the viewer may do now; nothing once the link has ended.
    #[must_use]
    pub fn acts(&self) -> Vec<Act> {
        let live = self.row.present && !self.is_ended();
        let Some(mine) = self.mine.filter(|_| live) else {
            return Vec::new();
        };
        let state = self.pair.of(mine).map(|e| e.state);
        let settled = self.says_what_stands(mine);
        [Act::Confirm, Act::Dispute, Act::Withdraw]
            .into_iter()
            .filter(|act| steps::next(state, *act).is_some())
            .filter(|act| !(settled && *act == Act::Confirm))
            .collect()
    }
}

/// What somebody does about a link.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'w> {
    /// Its code.
    pub code: &'w str,
    /// The version that was looked at.
    pub version: i32,
    /// Confirm, dispute, or withdraw a dispute.
    pub act: Act,
    /// Why, for a dispute.
    pub note: &'w str,
}

/// A link by its code, for whoever sees it in full.
///
/// # Errors
/// [`Error::NotFound`] when it is not there or out of reach; [`Error::Refused`] when only its summary is seen.
pub fn one(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    code: &str,
) -> Result<Link> {
    let row = facts::row(conn, viewer, definitions.register, code)?;
    viewer.may(Right::SeeOwn, &row)?;
    of_row(conn, viewer, row)
}

/// The same of a row that was found by the viewer.
///
/// # Errors
/// When the database fails.
pub fn of_row(conn: &mut Conn, viewer: &Viewer, row: EntryRow) -> Result<Link> {
    let pair = ends::pair(conn, row.id)?;
    Ok(joined(viewer, row, pair))
}

fn joined(viewer: &Viewer, row: EntryRow, pair: Pair) -> Link {
    let ends = (row.department_id, row.party_id);
    Link {
        mine: ends::answers_for(viewer, ends, pair.turn()),
        pair,
        row,
    }
}

/// Confirms, disputes, or withdraws a dispute for the end that the viewer answers for; tells the other end.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] by the viewer's rights; [`Error::Stale`] when the link or its ends moved
/// on; [`Error::Conflict`] when it cannot be done from where the end stands; [`Error::Invalid`] for the note.
pub fn act(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    wish: &Wish<'_>,
) -> Result<Link> {
    let seen = one(conn, viewer, definitions, wish.code)?;
    viewer.may(Right::ApproveSharing, &seen.row)?;
    let note = note(wish)?;
    let purpose = Purpose {
        source: "link",
        reason: String::new(),
        valid_on: None,
        import_id: None,
        undoes: None,
    };
    // Nothing of the entry changes: the change set is opened for its lock.
    let (_, link) = change_set::write(conn, viewer, purpose, |set| {
        let conn = set.conn();
        let link = one(conn, viewer, definitions, wish.code)?;
        if !link.row.present {
            return Err(facts::nowhere(definitions.register, wish.code));
        }
        let stale = || Error::Stale(format!("“{}”", link.row.name));
        if link.version() != wish.version {
            return Err(stale());
        }
        let side = link.mine.ok_or_else(stale)?;
        allowed(&link, side, wish.act)?;
        let stands = (link.row.id, link.row.revision);
        if wish.act == Act::Confirm {
            let said = ends::said_of(definitions.register, &link.row.document());
            ends::confirm_end(conn, viewer, stands, side, said)?;
        } else {
            ends::dispute_end(conn, viewer, stands, (side, wish.act), &note)?;
        }
        let line = audit::Event::done(
            "link_act",
            &format!("{} {}", wish.act.label(), link.row.code),
        )
        .of(link.department(side))
        .with(serde_json::json!({
            "entry": link.row.id, "side": side.word(), "act": wish.act.word(), "note": note,
        }));
        audit::record(conn, viewer, &line)?;
        follow::tell(conn, definitions.directory)?;
        Ok(Verdict::Commit(of_row(conn, viewer, link.row)?))
    })?;
    Ok(link)
}

fn allowed(link: &Link, side: Side, act: Act) -> Result<()> {
    let state = link.pair.of(side).map(|e| e.state);
    if link.acts().contains(&act) {
        return Ok(());
    }
    let stands = match (state, act) {
        _ if link.is_ended() => "已终止，不能再办理",
        (_, Act::Confirm) => "本方已经确认，无需再次确认",
        (Some(State::Disputed), _) => "本方已提出异议",
        _ => "本方没有提出异议，无需撤回",
    };
    Err(Error::Conflict(format!("“{}”{stands}", link.row.name)))
}

fn note(wish: &Wish<'_>) -> Result<String> {
    let note = wish.note.trim();
    let mut problems = Vec::new();
    if wish.act == Act::Dispute && note.is_empty() {
        let message = "提出异议须写明哪里不一致。";
        problems.push(Problem::new("note", "required", message, "请填写说明"));
    }
    if note.chars().count() > NOTE_CHARS {
        let message = format!("说明超过 {NOTE_CHARS} 个字。");
        problems.push(Problem::new("note", "too_long", &message, "请缩短"));
    }
    if let Err(fault) = text::check("说明", note) {
        let (message, hint) = (&fault.message, &fault.suggestion);
        problems.push(Problem::new("note", fault.code, message, hint));
    }
    if problems.is_empty() {
        Ok(note.to_owned())
    } else {
        Err(Error::Invalid(problems))
    }
}
