//! What follows from what ends of links say: the other end is told, a dispute becomes an issue, an agreement heals it.
//!
//! Statements are made where entries are written, below this room. Each is marked until it was followed, so none is
//! lost and none is followed twice.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use crate::auth::{Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{entries, ledger_head};
use crate::db::scope::visible;
use crate::error::Result;
use crate::issue::{self, NewIssue};
use crate::ledger::as_of::Definitions;
use crate::ledger::ends::{self, Act, Pair, Side, Standing, Told};
use crate::ledger::entry::{EntryRow, stage_word};
use crate::notice::{self, Message, To};
use crate::org::directory::Directory;
use crate::register::field::Stage;

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
    let mut letters = Letters::new();
    loop {
        let mut news = ends::untold(conn, MOST)?;
        if news.is_empty() {
            break;
        }
        let ids: Vec<i64> = news.iter().map(|n| n.id).collect();
        let mine = ends::mark_told(conn, &ids)?;
        // The others are somebody else's to follow, who is at it.
        news.retain(|n| mine.contains(&n.id));
        if news.is_empty() {
            break;
        }
        batch(conn, directory, &news, &mut letters)?;
    }
    for ((department, kind), links) in &letters {
        send(conn, *department, *kind, links)?;
    }
    Ok(())
}

/// Does work that may write into entries of a register; what ends of links say by it is followed in the same
/// transaction.
///
/// # Errors
/// Whatever the work says, then nothing was done; when the database fails.
pub fn heard<T>(
    conn: &mut Conn,
    definitions: Definitions<'_>,
    work: impl FnOnce(&mut Conn) -> Result<T>,
) -> Result<T> {
    if definitions.register.keys.party.is_none() {
        return work(conn);
    }
    conn.transaction(|conn| {
        // SQLite lets nobody wait for the ledger's lock who has read before.
        diesel::update(ledger_head::table.find(1))
            .set(ledger_head::writes.eq(ledger_head::writes + 1))
            .execute(conn)?;
        let done = work(conn)?;
        tell(conn, definitions.directory)?;
        Ok(done)
    })
}

/// What a department is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    Waiting,
    Withdrawn,
    Disputed,
    Confirmed,
}

impl News {
    /// The word that tells letters apart.
    fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Withdrawn => "withdrawn",
            Self::Disputed => "disputed",
            Self::Confirmed => "confirmed",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Waiting => "待贵单位确认",
            Self::Withdrawn => "对方已撤回异议",
            Self::Disputed => "双方说法不一致",
            Self::Confirmed => "对方已确认",
        }
    }
}

/// A link that a department is told of, with the last statement about it.
struct Letter {
    name: String,
    href: String,
    said: i64,
    note: String,
}

/// Whom to tell of what: department and kind of news, and the links by their number.
type Letters = BTreeMap<(i64, News), BTreeMap<i64, Letter>>;

fn batch(
    conn: &mut Conn,
    directory: &Directory,
    news: &[Told],
    letters: &mut Letters,
) -> Result<()> {
    let ids: BTreeSet<i64> = news.iter().map(|n| n.entry).collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    let rows: Vec<EntryRow> = visible(&Viewer::operator("系统"))
        .filter(entries::id.eq_any(ids.clone()))
        .order(entries::id)
        .select(EntryRow::as_select())
        .load(conn)?;
    let mut pairs = ends::load(conn, Some(&ids))?;
    for row in rows {
        let pair = pairs.remove(&row.id).unwrap_or_default();
        let mut said = news.iter().filter(|n| n.entry == row.id);
        let Some(last) = said.rfind(|n| n.act != Act::Overtake.word()) else {
            continue;
        };
        settle_issue(conn, directory, &row, &pair, last)?;
        let Some(to) = addressed(&row, &pair, last) else {
            continue;
        };
        let letter = Letter {
            href: format!("/registers/{}/{}", row.register, row.code),
            name: row.name,
            said: last.id,
            note: last.note.clone(),
        };
        letters.entry(to).or_default().insert(row.id, letter);
    }
    Ok(())
}

fn department(row: &EntryRow, side: Side) -> Option<i64> {
    match side {
        Side::Provider => Some(row.department_id),
        Side::Consumer => row.party_id,
    }
}

/// Whether there is still anything to settle between the ends.
fn is_live(row: &EntryRow) -> bool {
    row.present && row.stage != stage_word(Stage::Retired)
}

/// The department that hears of a statement, and what kind of news it is.
fn addressed(row: &EntryRow, pair: &Pair, said: &Told) -> Option<(i64, News)> {
    if !is_live(row) || said.act == Act::TakeBack.word() {
        return None;
    }
    let speaker = Side::from_word(&said.side)?;
    let (side, news) = match pair.standing() {
        // Who speaks knows that it is his own move.
        Standing::Waiting(side) if side == speaker => (speaker.other(), News::Withdrawn),
        Standing::Waiting(side) => (side, News::Waiting),
        Standing::Disputed => (speaker.other(), News::Disputed),
        Standing::Confirmed if said.act == Act::Agree.word() => return None,
        Standing::Confirmed => (speaker.other(), News::Confirmed),
    };
    department(row, side).map(|d| (d, news))
}

fn send(conn: &mut Conn, department: i64, news: News, links: &BTreeMap<i64, Letter>) -> Result<()> {
    let (what, kind) = (news.label(), news.word());
    let mut letters: Vec<(String, String, String)> = Vec::new();
    if links.len() > ONE_BY_ONE {
        let first = links.values().next().map_or("", |l| l.name.as_str());
        let last = links.values().map(|l| l.said).max().unwrap_or(0);
        letters.push((
            format!("“{first}”等 {} 条对接{what}", links.len()),
            "/links".to_owned(),
            format!("links:{last}:{kind}"),
        ));
    } else {
        for link in links.values() {
            let note = if link.note.is_empty() {
                String::new()
            } else {
                format!(": {}", link.note)
            };
            letters.push((
                format!("对接“{}”{what}{note}", link.name),
                link.href.clone(),
                format!("link:{}:{kind}", link.said),
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
    if pair.standing() != Standing::Disputed || !is_live(row) {
        let note = if !row.present {
            "该对接已移除"
        } else if is_live(row) {
            "双方说法已不再冲突"
        } else {
            "该对接已终止"
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
