//! Correction requests (校核, art. 26): the consumer doubts data, the provider checks, corrects and answers in time.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::clock::{Kind, Reckoner};
use super::judge::own;
use super::steps::Side;
use super::{Ground, Request, checked, get, locked, note, settled, tell};
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{share_correction_notes, share_corrections};
use crate::error::{Error, Problem, Result};

/// A correction request, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize, ToSchema)]
#[diesel(table_name = share_corrections, treat_none_as_default_value = false)]
#[schema(as = ShareCorrection)]
pub struct Correction {
    /// Identity.
    pub id: i64,
    /// The request.
    pub request_id: i64,
    /// `open`, `answered` or `closed`.
    pub state: String,
    /// Counts its changes from 1.
    pub version: i64,
    /// What is doubted.
    pub subject: String,
    /// When, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    pub raised_at: NaiveDateTime,
    /// By whom.
    pub raised_by: String,
}

impl Correction {
    /// What people read for the state.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self.state.as_str() {
            "open" => "待提供部门答复",
            "answered" => "已答复待确认",
            _ => "已办结",
        }
    }
}

/// One thing that was said in a thread.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize, ToSchema)]
#[diesel(table_name = share_correction_notes, treat_none_as_default_value = false)]
#[schema(as = ShareCorrectionNote)]
pub struct Note {
    /// Identity.
    #[serde(skip)]
    pub id: i64,
    /// The correction request.
    #[serde(skip)]
    pub correction_id: i64,
    /// When, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    pub at: NaiveDateTime,
    /// `raise`, `answer`, `confirm` or `reopen`.
    pub act: String,
    /// By which account.
    #[serde(skip)]
    pub account_id: Option<i64>,
    /// By whom.
    pub actor: String,
    /// What.
    pub text: String,
}

impl Note {
    /// What people read for the act.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self.act.as_str() {
            "raise" => "提出校核",
            "answer" => "核实答复",
            "confirm" => "确认办结",
            _ => "要求再核",
        }
    }
}

/// What may be done in a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, Serialize, ToSchema)]
#[schema(as = ShareCorrectionAct)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// The provider has checked, and corrected or explained.
    Answer,
    /// The consumer is content.
    Confirm,
    /// The consumer is not: another ten working days begin.
    Reopen,
}

impl Act {
    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "answer" => Some(Self::Answer),
            "confirm" => Some(Self::Confirm),
            "reopen" => Some(Self::Reopen),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Confirm => "confirm",
            Self::Reopen => "reopen",
        }
    }

    /// From which state to which.
    fn arrow(self) -> (&'static str, &'static str) {
        match self {
            Self::Answer => ("open", "answered"),
            Self::Confirm => ("answered", "closed"),
            Self::Reopen => ("answered", "open"),
        }
    }
}

/// The correction requests of a request that the viewer sees, each with what was said.
///
/// # Errors
/// [`Error::NotFound`]; when the database fails.
pub fn all(conn: &mut Conn, viewer: &Viewer, request: i64) -> Result<Vec<(Correction, Vec<Note>)>> {
    get(conn, viewer, request)?;
    let rows: Vec<Correction> = share_corrections::table
        .filter(share_corrections::request_id.eq(request))
        .order(share_corrections::id)
        .select(Correction::as_select())
        .load(conn)?;
    let ids: Vec<i64> = rows.iter().map(|r| r.id).collect();
    let said: Vec<Note> = share_correction_notes::table
        .filter(share_correction_notes::correction_id.eq_any(ids))
        .order(share_correction_notes::id)
        .select(Note::as_select())
        .load(conn)?;
    let mut notes: HashMap<i64, Vec<Note>> = HashMap::new();
    for note in said {
        notes.entry(note.correction_id).or_default().push(note);
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let said = notes.remove(&row.id).unwrap_or_default();
            (row, said)
        })
        .collect())
}

fn say(conn: &mut Conn, viewer: &Viewer, correction: i64, act: &str, text: &str) -> Result<()> {
    let last: Option<i64> = share_correction_notes::table
        .select(diesel::dsl::max(share_correction_notes::id))
        .first(conn)?;
    diesel::insert_into(share_correction_notes::table)
        .values(&Note {
            id: last.unwrap_or(0) + 1,
            correction_id: correction,
            at: clock::now(),
            act: act.to_owned(),
            account_id: viewer.account(),
            actor: viewer.name().to_owned(),
            text: text.to_owned(),
        })
        .execute(conn)?;
    Ok(())
}

fn text(field: &str, given: &str, needed: bool) -> Result<String> {
    let mut problems = Vec::new();
    let tidy = checked(&mut problems, (field, "校核内容"), given, 2_000);
    if tidy.is_empty() && needed && problems.is_empty() {
        let hint = "写明哪些数据有疑义，或核实的结果";
        problems.push(Problem::new(field, "required", "请填写校核内容", hint));
    }
    settled(problems)?;
    Ok(tidy)
}

/// Raises a correction request about data in use; its clock begins today.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`], [`Error::Conflict`] when nothing is in use, [`Error::Invalid`].
pub fn raise(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    request: i64,
    subject: &str,
) -> Result<Correction> {
    locked(conn, viewer, |conn| {
        let row = get(conn, viewer, request)?;
        own(viewer, ground, row.consumer_id, "需求部门")?;
        if !row.state().is_served() {
            let what = "数据在用的，才能申请校核（第二十六条）";
            return Err(Error::Conflict(what.to_owned()));
        }
        let subject = text("subject", subject, true)?;
        let last: Option<i64> = share_corrections::table
            .select(diesel::dsl::max(share_corrections::id))
            .first(conn)?;
        let made = Correction {
            id: last.unwrap_or(0) + 1,
            request_id: request,
            state: "open".to_owned(),
            version: 1,
            subject,
            raised_at: clock::now(),
            raised_by: viewer.name().to_owned(),
        };
        diesel::insert_into(share_corrections::table)
            .values(&made)
            .execute(conn)?;
        say(conn, viewer, made.id, "raise", &made.subject)?;
        let reckoner = Reckoner::new(conn, ground, clock::today())?;
        reckoner.start(conn, (&row, Some(made.id)), Kind::Correction)?;
        let what = ("提出校核申请", Side::Provider);
        told(conn, viewer, &row, &made, what, &made.subject)?;
        Ok(made)
    })
}

fn told(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &Request,
    correction: &Correction,
    (what, to): (&str, Side),
    said: &str,
) -> Result<()> {
    let state = row.state.clone();
    let words = if said.is_empty() {
        what.to_owned()
    } else {
        format!("{what}: {said}")
    };
    note(conn, viewer, row, ("correction", &state), &words)?;
    let which = (correction.id, correction.version);
    let raiser: Option<Option<i64>> = share_correction_notes::table
        .filter(share_correction_notes::correction_id.eq(correction.id))
        .order(share_correction_notes::id)
        .select(share_correction_notes::account_id)
        .first(conn)
        .optional()?;
    tell::correction(conn, viewer, row, which, (raiser.flatten(), what), to)?;
    tell::log(conn, viewer, row, what, said)
}

/// Does something in a thread.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`], [`Error::Conflict`], [`Error::Stale`], [`Error::Invalid`].
pub fn act(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    (request, id, version): (i64, i64, i64),
    (act, said): (Act, &str),
) -> Result<Correction> {
    locked(conn, viewer, |conn| {
        let row = get(conn, viewer, request)?;
        let found: Option<Correction> = share_corrections::table
            .find(id)
            .filter(share_corrections::request_id.eq(request))
            .select(Correction::as_select())
            .first(conn)
            .optional()?;
        let found = found.ok_or_else(|| Error::NotFound("该校核申请".to_owned()))?;
        match act {
            Act::Answer => own(viewer, ground, row.provider_id, "提供部门")?,
            Act::Confirm | Act::Reopen => own(viewer, ground, row.consumer_id, "需求部门")?,
        }
        if found.version != version {
            return Err(Error::Stale("该校核申请".to_owned()));
        }
        let (from, to) = act.arrow();
        if !row.open {
            let what = format!("共享申请{}{}，不再校核", row.number(), row.state().label());
            return Err(Error::Conflict(what));
        }
        if found.state != from {
            return Err(Error::Conflict(format!("该校核申请{}", found.label())));
        }
        let said = text("text", said, act != Act::Confirm)?;
        let new = Correction {
            state: to.to_owned(),
            version: found.version + 1,
            ..found
        };
        let done = diesel::update(
            share_corrections::table
                .find(id)
                .filter(share_corrections::version.eq(version)),
        )
        .set((
            share_corrections::state.eq(&new.state),
            share_corrections::version.eq(new.version),
        ))
        .execute(conn)?;
        if done != 1 {
            return Err(Error::Stale("该校核申请".to_owned()));
        }
        say(conn, viewer, id, act.word(), &said)?;
        let reckoner = Reckoner::new(conn, ground, clock::today())?;
        let which = (request, Some(id));
        match act {
            Act::Answer => {
                reckoner.finish(conn, which, Kind::Correction)?;
            }
            Act::Reopen => reckoner.start(conn, (&row, Some(id)), Kind::Correction)?,
            Act::Confirm => {}
        }
        let what = match act {
            Act::Answer => ("核实并答复校核申请", Side::Consumer),
            Act::Confirm => ("确认校核办结", Side::Provider),
            Act::Reopen => ("要求再次核实", Side::Provider),
        };
        told(conn, viewer, &row, &new, what, &said)?;
        Ok(new)
    })
}
