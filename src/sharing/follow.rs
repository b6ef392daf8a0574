//! What follows from what ends of links say: the other end is told, a dispute becomes an issue, an agreement heals it.
//!
//! Statements are made where entries are written, below this room. Each is marked until it was followed, so none is
//! lost and none is followed twice.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use crate::auth::{Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::entries;
use crate::db::scope::visible;
use crate::error::Result;
use crate::issue::{self, NewIssue};
use crate::ledger::ends::{self, Act, Pair, Side, Standing, Told};
use crate::ledger::entry::EntryRow;
use crate::notice::{self, Message, To};
use crate::org::directory::Directory;

/// Statements that are followed at once.
const MOST: i64 = 500;

/// Links of one kind of news about which a department is told one by one.
const ONE_BY_ONE: usize = 3;

/// The kind of issue that a dispute is.
const MISMATCH: &str = "mismatch";

/// The cause under which the issue of a link is known.
#[must_use]
pub fn cause(entry: i64) -> String {
    format!("link:{entry}")
}

/// Whether there is anything to follow.
///
/// # Errors
/// When the database fails.
pub fn is_behind(conn: &mut Conn) -> Result<bool> {
    Ok(!ends::untold(conn, 1)?.is_empty())
}

/// Follows what was said since the last time. Call it in the transaction of what was said, or in one of its own.
///
/// # Errors
/// When the database fails.
pub fn tell(conn: &mut Conn, directory: &Directory) -> Result<()> {
    loop {
        let news = ends::untold(conn, MOST)?;
        if news.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = news.iter().map(|n| n.id).collect();
        if ends::mark_told(conn, &ids)? != ids.len() {
            // Somebody else is at it.
            return Ok(());
        }
        batch(conn, directory, &news)?;
    }
}

/// Whom to tell of what: department, kind of news, and the links with the last statement about each.
type Letters<'n> = BTreeMap<(i64, &'static str), Vec<(EntryRow, &'n Told)>>;

fn batch(conn: &mut Conn, directory: &Directory, news: &[Told]) -> Result<()> {
    let ids: BTreeSet<i64> = news.iter().map(|n| n.entry).collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    let rows: Vec<EntryRow> = visible(&Viewer::operator("系统"))
        .filter(entries::id.eq_any(ids.clone()))
        .order(entries::id)
        .select(EntryRow::as_select())
        .load(conn)?;
    let mut pairs = ends::load(conn, Some(&ids))?;
    let mut letters = Letters::new();
    for row in rows {
        let pair = pairs.remove(&row.id).unwrap_or_default();
        let mut said = news.iter().filter(|n| n.entry == row.id);
        let Some(last) = said.rfind(|n| n.act != Act::Overtake.word()) else {
            continue;
        };
        settle_issue(conn, directory, &row, &pair, last)?;
        if let Some((department, kind)) = addressed(&row, &pair, last) {
            letters
                .entry((department, kind))
                .or_default()
                .push((row, last));
        }
    }
    for ((department, kind), links) in &letters {
        send(conn, *department, kind, links)?;
    }
    Ok(())
}

fn department(row: &EntryRow, side: Side) -> Option<i64> {
    match side {
        Side::Provider => Some(row.department_id),
        Side::Consumer => row.party_id,
    }
}

/// The department that hears of a statement, and what kind of news it is.
fn addressed(row: &EntryRow, pair: &Pair, said: &Told) -> Option<(i64, &'static str)> {
    if !row.present || said.act == Act::TakeBack.word() {
        return None;
    }
    let speaker = Side::from_word(&said.side)?;
    let (side, kind) = match pair.standing() {
        Standing::Waiting(side) if row.stage != "retired" => (side, "waiting"),
        Standing::Waiting(_) => return None,
        Standing::Disputed => (speaker.other(), "disputed"),
        Standing::Confirmed if said.act == Act::Agree.word() => return None,
        Standing::Confirmed => (speaker.other(), "confirmed"),
    };
    department(row, side).map(|d| (d, kind))
}

fn send(conn: &mut Conn, department: i64, kind: &str, links: &[(EntryRow, &Told)]) -> Result<()> {
    let what = match kind {
        "waiting" => "待贵单位确认",
        "disputed" => "双方说法不一致",
        _ => "对方已确认",
    };
    let mut letters: Vec<(String, String, String)> = Vec::new();
    if links.len() > ONE_BY_ONE {
        let first = links.iter().map(|(row, _)| row.name.as_str()).next();
        let first = first.unwrap_or_default();
        let last = links.iter().map(|(_, said)| said.id).max().unwrap_or(0);
        letters.push((
            format!("“{first}”等 {} 条对接{what}", links.len()),
            "/links".to_owned(),
            format!("links:{last}:{kind}"),
        ));
    } else {
        for (row, said) in links {
            let note = if said.note.is_empty() {
                String::new()
            } else {
                format!(": {}", said.note)
            };
            letters.push((
                format!("对接“{}”{what}{note}", row.name),
                format!("/registers/{}/{}", row.register, row.code),
                format!("link:{}:{kind}", said.id),
            ));
        }
    }
    for (text, href, dedupe) in &letters {
        for role in [Role::Specialist, Role::Cdo] {
            let message = Message {
                kind: "link",
                text,
                href,
                dedupe,
            };
            notice::send(conn, To::Role { role, department }, message, clock::now())?;
        }
    }
    Ok(())
}

/// Opens the issue of a link in dispute, heals it when it is no longer.
fn settle_issue(
    conn: &mut Conn,
    directory: &Directory,
    row: &EntryRow,
    pair: &Pair,
    said: &Told,
) -> Result<()> {
    let cause = cause(row.id);
    let actor = Viewer::operator(&said.actor);
    if pair.standing() != Standing::Disputed || !row.present {
        let note = if row.present {
            "双方说法已不再冲突"
        } else {
            "该对接已移除"
        };
        issue::heal(conn, &actor, &cause, note)?;
        return Ok(());
    }
    let speaker = Side::from_word(&said.side).unwrap_or(Side::Consumer);
    let (Some(raised_by), Some(owed_by)) =
        (department(row, speaker), department(row, speaker.other()))
    else {
        return Ok(());
    };
    let name = |id: i64| directory.get(id).map_or("", |d| d.name.as_str());
    let why = if said.note.is_empty() {
        "双方登记的对接方式、频率、数据或系统不一致".to_owned()
    } else {
        said.note.clone()
    };
    let text = format!(
        "{}与{}对“{}”（{}）的说法不一致: {why}。",
        name(raised_by),
        name(owed_by),
        row.name,
        row.code
    );
    let title: String = format!("对接说法不一致: {}", row.name)
        .chars()
        .take(100)
        .collect();
    let new = NewIssue {
        kind: MISMATCH,
        title: &title,
        text: &text,
        raised_by,
        owed_by,
        entries: &[row.id],
        cause: Some(&cause),
    };
    issue::open(conn, &actor, &new)?;
    Ok(())
}
