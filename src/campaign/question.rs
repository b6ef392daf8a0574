//! “不属本单位”: the bureau moves the entry to the department it belongs to, or sends the question back.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde_json::json;

use super::open::demand_run;
use super::{Campaign, Kept, OPEN, answer::Answer, demand_open, get, judge, nowhere, scope};
use crate::audit::{self, Event};
use crate::auth::{Right, Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{campaign_departments, campaign_entries, entries, ledger_head};
use crate::db::scope::visible;
use crate::error::{Error, Problem, Result};
use crate::ledger::edit::{self, Act, Draft, Given, Source, Why};
use crate::ledger::entry::EntryRow;
use crate::notice::{self, Message, To};
use crate::review::Ground;
use crate::review::decision::text;

/// What the bureau does.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// Register key.
    pub register: String,
    /// Code of the entry.
    pub code: String,
    /// The version of the answer that was looked at.
    pub version: i64,
    /// Moves the entry to the department that was named; otherwise the department must answer again.
    pub moves: bool,
    /// What there is to say; needed to send a question back.
    pub note: String,
}

/// Settles one question.
///
/// # Errors
/// [`Error::NotFound`] when there is no such question; [`Error::Refused`]; [`Error::Invalid`]; [`Error::Conflict`]
/// once the campaign is closed, or when the owner cannot be changed; [`Error::Stale`] when it was answered anew.
pub fn settle(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    id: i64,
    wish: &Settlement,
) -> Result<()> {
    viewer.may_anywhere(Right::RunCampaign)?;
    let note = text("note", "说明", &wish.note, 500)?;
    if !wish.moves && note.is_empty() {
        let what = "退回时须写明原因";
        let problem = Problem::new("note", "required", what, "请填写说明");
        return Err(Error::Invalid(vec![problem]));
    }
    conn.transaction(|conn| {
        // The ledger's lock first: the entry is edited in this transaction.
        diesel::update(ledger_head::table.find(1))
            .set(ledger_head::writes.eq(ledger_head::writes + 1))
            .execute(conn)?;
        let (campaign, members) = get(conn, viewer, ground.directory, id)?;
        demand_run(viewer, &campaign)?;
        demand_open(&campaign)?;
        let (row, kept) = question(conn, viewer, (&campaign, &members.all()), wish)?;
        if kept.version != wish.version {
            return Err(Error::Stale(format!("“{}”的答复", row.name)));
        }
        if wish.moves {
            hand_over(conn, viewer, ground, &row, &kept)?;
        }
        let done = diesel::update(campaign_entries::table.find((id, row.id)))
            .filter(campaign_entries::version.eq(wish.version))
            .set((
                campaign_entries::reply.eq(if wish.moves { "moved" } else { "returned" }),
                campaign_entries::reply_note.eq(&note),
                campaign_entries::replied_by.eq(Some(viewer.name())),
                campaign_entries::replied_at.eq(Some(clock::now())),
                // No version is 0: what was said does not count any more.
                campaign_entries::revision.eq(0),
                campaign_entries::version.eq(campaign_entries::version + 1),
            ))
            .execute(conn)?;
        if done == 0 {
            return Err(Error::Stale(format!("“{}”的答复", row.name)));
        }
        let head = members.head(row.department_id).ok_or_else(nowhere)?;
        if !wish.moves {
            reopen(conn, id, head)?;
        }
        tell(conn, ground, (&campaign, &row, &kept), head, wish.moves, &note)?;
        let what = if wish.moves { "划转" } else { "退回" };
        let line = Event::done("settle_campaign", &format!("{what} {}", row.code))
            .of(Some(row.department_id))
            .with(json!({ "campaign": id, "entry": row.id, "to": kept.to_department_id, "reason": note }));
        audit::record(conn, viewer, &line)
    })
}

fn question(
    conn: &mut Conn,
    viewer: &Viewer,
    (campaign, departments): (&Campaign, &[i64]),
    wish: &Settlement,
) -> Result<(EntryRow, Kept)> {
    let found: Option<EntryRow> = visible(viewer)
        .filter(scope::asked(campaign, departments))
        .filter(entries::register.eq(&wish.register))
        .filter(entries::code.eq(&wish.code))
        .select(EntryRow::as_select())
        .first(conn)
        .optional()?;
    let none = || Error::NotFound(format!("“{}”不属本单位的答复", wish.code));
    let row = found.ok_or_else(none)?;
    let kept: Option<Kept> = campaign_entries::table
        .find((campaign.id, row.id))
        .select(Kept::as_select())
        .first(conn)
        .optional()?;
    let open = |k: &Kept| {
        k.answer == Answer::Elsewhere.word() && k.reply.is_empty() && judge::counts(k, &row)
    };
    let kept = kept.filter(open).ok_or_else(none)?;
    Ok((row, kept))
}

/// Writes the other department into the entry, as the bureau's own edit.
fn hand_over(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &EntryRow,
    kept: &Kept,
) -> Result<()> {
    let definitions = ground.definitions(&row.register)?;
    let owner = definitions.register.keys.owner.clone();
    let to = kept.to_department_id.and_then(|d| ground.directory.get(d));
    let (Some(owner), Some(to)) = (owner, to) else {
        let what = format!("“{}”随其所属条目归属，请划转所属的条目", row.name);
        return Err(Error::Conflict(what));
    };
    let draft = Draft {
        act: Act::Amend {
            code: row.code.clone(),
            revision: row.revision,
        },
        given: BTreeMap::from([(owner, Given::Text(to.code.clone()))]),
    };
    let why = Why {
        source: Source::Form,
        reason: format!("年度核对: 不属原单位，划转至{}", to.name),
        valid_on: None,
    };
    let done = edit::write(conn, viewer, definitions, &[draft], &why)?;
    if done
        .entries
        .iter()
        .any(|w| !w.changed || !w.held.is_empty())
    {
        let what = format!("“{}”的归属已经审定，须经变更申请改变", row.name);
        return Err(Error::Conflict(what));
    }
    Ok(())
}

/// The department has something to answer again.
fn reopen(conn: &mut Conn, campaign: i64, head: i64) -> Result<()> {
    diesel::update(campaign_departments::table.find((campaign, head)))
        .set((
            campaign_departments::state.eq(OPEN),
            campaign_departments::version.eq(campaign_departments::version + 1),
        ))
        .execute(conn)?;
    Ok(())
}

/// Tells who has to answer now.
fn tell(
    conn: &mut Conn,
    ground: Ground<'_>,
    (campaign, row, kept): (&Campaign, &EntryRow, &Kept),
    head: i64,
    moved: bool,
    note: &str,
) -> Result<()> {
    let (department, said) = match kept.to_department_id.filter(|_| moved) {
        Some(to) => (
            scope::head_of(ground.directory, to),
            format!("“{}”: “{}”已划入本单位，请核对", campaign.title, row.name),
        ),
        None => (
            head,
            format!("“{}”: “{}”退回重新答复: {note}", campaign.title, row.name),
        ),
    };
    let message = Message {
        kind: "campaign",
        text: &said,
        href: &super::board::address(ground.directory, campaign.id, department),
        dedupe: &format!(
            "campaign:{}:question:{}:{}",
            campaign.id, row.id, kept.version
        ),
    };
    for role in [Role::Liaison, Role::Specialist] {
        notice::send(conn, To::Role { role, department }, message, clock::now())?;
    }
    Ok(())
}
