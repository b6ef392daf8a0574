//! Who hears of an act: whoever's move it is, and the other end; the audit log.

use diesel::prelude::*;

use super::catalogue::Update;
use super::catalogue::extension::{ASKED, Extension};
use super::clock::Kind;
use super::steps::{Act, Side, State, whose_move};
use super::{Ground, Request};
use crate::audit::{self, Event};
use crate::auth::{Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::accounts;
use crate::error::Result;
use crate::notice::{self, Message, To};

/// What notices of this room are about.
pub(super) const KIND: &str = "sharing";

const HEADS: &[Role] = &[Role::Specialist, Role::Cdo];

/// Writes an act into the audit log.
pub(super) fn log(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &Request,
    what: &str,
    said: &str,
) -> Result<()> {
    let line = Event::done("share_request", &format!("{what} {}", row.number()))
        .of(Some(row.consumer_id))
        .with(serde_json::json!({ "request": row.id, "after": row.state, "said": said }));
    audit::record(conn, viewer, &line)
}

/// Tells everybody who holds one of some roles in a department, but not the one who acts; returns how many were told.
pub(super) fn roles(
    conn: &mut Conn,
    viewer: Option<&Viewer>,
    (roles, department): (&[Role], i64),
    (text, dedupe, request): (&str, &str, i64),
) -> Result<usize> {
    let ids = holders(conn, roles, department)?;
    people(conn, viewer, &ids, (text, dedupe, request))
}

fn holders(conn: &mut Conn, roles: &[Role], department: i64) -> Result<Vec<i64>> {
    let mut ids = Vec::new();
    for role in roles {
        ids.extend(notice::holders(conn, *role, department)?);
    }
    Ok(ids)
}

/// Tells accounts that are still active, but not the one who acts.
pub(super) fn people(
    conn: &mut Conn,
    viewer: Option<&Viewer>,
    ids: &[i64],
    (text, dedupe, request): (&str, &str, i64),
) -> Result<usize> {
    send(
        conn,
        viewer,
        ids,
        (text, dedupe, &format!("/requests/{request}")),
    )
}

fn send(
    conn: &mut Conn,
    viewer: Option<&Viewer>,
    ids: &[i64],
    (text, dedupe, href): (&str, &str, &str),
) -> Result<usize> {
    let me = viewer.and_then(Viewer::account);
    let ids: Vec<i64> = accounts::table
        .filter(accounts::id.eq_any(ids.to_vec()))
        .filter(accounts::active.eq(true))
        .order(accounts::id)
        .select(accounts::id)
        .load(conn)?;
    let ids: Vec<i64> = ids.into_iter().filter(|id| Some(*id) != me).collect();
    let message = Message {
        kind: KIND,
        text,
        href,
        dedupe,
    };
    notice::send(conn, To::Accounts(&ids), message, clock::now())
}

fn key(row: &Request) -> String {
    format!("request:{}:{}", row.id, row.version)
}

fn about(row: &Request) -> String {
    format!("“{}”共享申请{}", row.dataset_name, row.number())
}

/// Tells of an act: whoever has to move now, and the other end of what concerns it.
pub(super) fn moved(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    (row, drafter): (&Request, Option<i64>),
    act: Act,
) -> Result<()> {
    let key = key(row);
    let about = about(row);
    let next = whose_move(row.state());
    let who = next.map(|side| match side {
        Side::Consumer | Side::ConsumerHead => (row.consumer_id, HEADS),
        Side::Bureau => (row.bureau_id.unwrap_or(-1), &[Role::Bureau][..]),
        _ => (row.provider_id, HEADS),
    });
    let state = row.state();
    let text = match act {
        Act::AskExtension => return prolonging(conn, viewer, ground, row),
        // What becomes of a drafted answer is the provider's own.
        Act::Redo => return redo(conn, viewer, row, drafter),
        Act::Consent => format!("{about}: 主管部门已同意提供部门延期答复"),
        Act::Decline => format!("{about}: 主管部门不同意延期答复"),
        Act::Escalate => format!("{about}: 已升级为对接难点问题"),
        _ => format!("{about}: {}，现为“{}”", act.label(), state.label()),
    };
    if let Some((department, held)) = who {
        let told = format!(
            "{text}，待{}办理",
            next.map(Side::label).unwrap_or_default()
        );
        roles(
            conn,
            Some(viewer),
            (held, department),
            (&told, &key, row.id),
        )?;
    }
    if state == State::Draft {
        // Sent back: whoever wrote it mends it.
        let maker: Vec<i64> = row.maker_id.into_iter().collect();
        people(conn, Some(viewer), &maker, (&text, &key, row.id))?;
    }
    if state.is_in_hand() || row.submitted_at.is_none() || act == Act::DraftAnswer {
        return Ok(());
    }
    // Both ends know of it; who was told already that it is his move is not told again.
    roles(
        conn,
        Some(viewer),
        (HEADS, row.consumer_id),
        (&text, &key, row.id),
    )?;
    roles(
        conn,
        Some(viewer),
        (HEADS, row.provider_id),
        (&text, &key, row.id),
    )?;
    // Filings, disputes, refusals and ends are the bureau's to know.
    let known = matches!(state, State::Filed | State::Disagreed | State::Refused)
        || matches!(act, Act::End | Act::Escalate);
    if let Some(bureau) = row.bureau_id.filter(|_| known) {
        roles(
            conn,
            Some(viewer),
            (&[Role::Bureau], bureau),
            (&text, &key, row.id),
        )?;
    }
    Ok(())
}

/// A drafted answer is sent back: whoever drafted it mends it, and the heads know.
fn redo(conn: &mut Conn, viewer: &Viewer, row: &Request, drafter: Option<i64>) -> Result<()> {
    let key = key(row);
    let text = format!("{}: 答复已{}，待重新拟定", about(row), Act::Redo.label());
    let drafter: Vec<i64> = drafter.into_iter().collect();
    let told = (text.as_str(), key.as_str(), row.id);
    people(conn, Some(viewer), &drafter, told)?;
    roles(conn, Some(viewer), (HEADS, row.provider_id), told)?;
    Ok(())
}

/// An extension is asked for: the bureau decides, the consumer is told (art. 21).
fn prolonging(conn: &mut Conn, viewer: &Viewer, ground: Ground<'_>, row: &Request) -> Result<()> {
    let key = key(row);
    let text = format!(
        "“{}”申请延期答复“{}”共享申请{}",
        ground.name(row.provider_id),
        row.dataset_name,
        row.number()
    );
    if let Some(bureau) = row.bureau_id {
        let told = format!("{text}，请决定");
        roles(
            conn,
            Some(viewer),
            (&[Role::Bureau], bureau),
            (&told, &key, row.id),
        )?;
    }
    roles(
        conn,
        Some(viewer),
        (HEADS, row.consumer_id),
        (&text, &key, row.id),
    )?;
    Ok(())
}

/// Tells the other end of what was done in a correction thread, and whoever raised it of the answer.
pub(super) fn correction(
    conn: &mut Conn,
    viewer: &Viewer,
    row: &Request,
    (id, version): (i64, i64),
    (raiser, what): (Option<i64>, &str),
    to: Side,
) -> Result<()> {
    let text = format!(
        "“{}”共享申请{}的{}: {what}",
        row.dataset_name,
        row.number(),
        Kind::Correction.label()
    );
    let key = format!("correction:{id}:{version}");
    let told = (text.as_str(), key.as_str(), row.id);
    if to == Side::Provider {
        roles(conn, Some(viewer), (HEADS, row.provider_id), told)?;
        return Ok(());
    }
    let raiser: Vec<i64> = raiser.into_iter().collect();
    people(conn, Some(viewer), &raiser, told)?;
    roles(conn, Some(viewer), (HEADS, row.consumer_id), told)?;
    Ok(())
}

/// An extension of a catalogue update (art. 17): tells the bureau that it was asked, or the department what was decided,
/// and writes it into the audit log.
pub(super) fn extension(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    update: &Update,
    row: &Extension,
) -> Result<()> {
    let department = update.department_id;
    let about = format!("“{}”（{}）目录更新", update.name, update.code);
    let (what, text, said) = if row.state == ASKED {
        let who = ground.name(department);
        let text = format!("“{who}”申请延长{about}的期限，请决定");
        ("申请目录更新延期", text, &row.reason)
    } else {
        let text = format!("{about}: 主管部门{}", row.label());
        ("决定目录更新延期", text, &row.note)
    };
    let ids = if row.state == ASKED {
        holders(conn, &[Role::Bureau], row.bureau_id)?
    } else {
        let mut ids = holders(conn, HEADS, department)?;
        ids.extend(row.asker_id);
        ids
    };
    let key = format!("catalogue-extension:{}:{}", row.submission_id, row.state);
    send(
        conn,
        Some(viewer),
        &ids,
        (&text, &key, "/requests/clocks#updates"),
    )?;
    let line = Event::done("catalogue_extension", &format!("{what} {}", update.code))
        .of(Some(department))
        .with(serde_json::json!({ "submission": row.submission_id, "after": row.label(), "said": said }));
    audit::record(conn, viewer, &line)
}
