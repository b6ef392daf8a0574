//! Links between their ends: how they stand, whose move it is, and the acts of an end.

use diesel::prelude::*;

use super::{LINKS, follow, steps};
use crate::audit;
use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::entries;
use crate::db::scope::visible;
use crate::error::{Error, Problem, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::change_set::{self, Purpose, Verdict};
use crate::ledger::ends::{self, Act, Pair, Side, Standing, State};
use crate::ledger::entry::EntryRow;
use crate::ledger::facts;
use crate::register::text;

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

    /// What the viewer may do now.
    #[must_use]
    pub fn acts(&self) -> Vec<Act> {
        let Some(mine) = self.mine.filter(|_| self.row.present) else {
            return Vec::new();
        };
        let state = self.pair.of(mine).map(|e| e.state);
        let settled = state == Some(State::Stated) && self.pair.differences().is_empty();
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
    let waits = pair.standing().waits_for();
    let ends = (row.department_id, row.party_id);
    Ok(Link {
        mine: ends::answers_for(viewer, ends, waits),
        pair,
        row,
    })
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
    if steps::next(state, act).is_some() && link.acts().contains(&act) {
        return Ok(());
    }
    let stands = match (state, act) {
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

macro_rules! views {
    ($($variant:ident $word:literal $label:literal,)*) => {
        impl View {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word for addresses and the API.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What people read.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// Reads the word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.word() == word)
            }
        }
    };
}

/// Which links are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Those that the viewer's end has to confirm.
    #[default]
    Mine,
    /// Those that another end has to confirm.
    Others,
    /// Those in dispute.
    Disputed,
    /// Those that both confirmed.
    Confirmed,
    /// All that are not ended.
    All,
}

views! {
    Mine "mine" "待我确认",
    Others "others" "待对方确认",
    Disputed "disputed" "有争议",
    Confirmed "confirmed" "已确认",
    All "all" "全部",
}

/// A link as far as the desk must count it.
#[derive(Clone, Debug)]
struct Light {
    id: i64,
    pair: Pair,
    waits_for_me: bool,
}

impl Light {
    fn fits(&self, view: View) -> bool {
        match (view, self.pair.standing()) {
            (View::All, _) | (View::Disputed, Standing::Disputed) => true,
            (View::Confirmed, Standing::Confirmed) => true,
            (View::Mine, Standing::Waiting(_)) => self.waits_for_me,
            (View::Others, Standing::Waiting(_)) => !self.waits_for_me,
            _ => false,
        }
    }
}

/// Links in reach that are not ended, the last one first.
fn all(conn: &mut Conn, viewer: &Viewer) -> Result<Vec<Light>> {
    let rows: Vec<(i64, i64, Option<i64>)> = visible(viewer)
        .filter(entries::register.eq(LINKS))
        .filter(entries::present.eq(true))
        .filter(entries::stage.ne("retired"))
        .order(entries::id.desc())
        .select((entries::id, entries::department_id, entries::party_id))
        .load(conn)?;
    let ids: Vec<i64> = rows.iter().map(|r| r.0).collect();
    let mut pairs = ends::load(conn, Some(&ids))?;
    let light = |(id, owner, party): (i64, i64, Option<i64>)| {
        let pair = pairs.remove(&id).unwrap_or_default();
        let waits = match pair.standing().waits_for() {
            Some(Side::Provider) => Some(owner),
            Some(Side::Consumer) => party,
            None => None,
        };
        Light {
            id,
            waits_for_me: waits.is_some_and(|d| viewer.can(Right::ApproveSharing, d)),
            pair,
        }
    };
    Ok(rows.into_iter().map(light).collect())
}

/// How many links there are of each view.
pub type Counts = Vec<(View, usize)>;

/// A page of the desk.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The links, the last one first.
    pub links: Vec<Link>,
    /// How many there are of each view.
    pub counts: Counts,
    /// Behind which number the next page begins, if there is one.
    pub next: Option<i64>,
}

/// The links of a view that come before a number, the last one first.
///
/// # Errors
/// When the database fails.
pub fn page(
    conn: &mut Conn,
    viewer: &Viewer,
    view: View,
    before: Option<i64>,
    limit: usize,
) -> Result<Page> {
    let all = all(conn, viewer)?;
    let count = |view: &View| (*view, all.iter().filter(|l| l.fits(*view)).count());
    let counts = View::ALL.iter().map(count).collect();
    let mut ids: Vec<i64> = all
        .iter()
        .filter(|l| l.fits(view) && before.is_none_or(|b| l.id < b))
        .map(|l| l.id)
        .take(limit + 1)
        .collect();
    let more = ids.len() > limit;
    ids.truncate(limit);
    Ok(Page {
        links: numbered(conn, viewer, &ids)?,
        counts,
        next: ids.last().copied().filter(|_| more),
    })
}

/// The links with these numbers, in their order.
fn numbered(conn: &mut Conn, viewer: &Viewer, ids: &[i64]) -> Result<Vec<Link>> {
    let mut rows: Vec<EntryRow> = visible(viewer)
        .filter(entries::id.eq_any(ids.to_vec()))
        .order(entries::id.desc())
        .select(EntryRow::as_select())
        .load(conn)?;
    rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
    let mut links = Vec::with_capacity(rows.len());
    for row in rows {
        links.push(of_row(conn, viewer, row)?);
    }
    Ok(links)
}

/// Links at risk: those that wait for the viewer's end, then those in dispute, then those that wait for others.
///
/// # Errors
/// When the database fails.
pub fn at_risk(conn: &mut Conn, viewer: &Viewer, limit: usize) -> Result<Page> {
    let all = all(conn, viewer)?;
    let mut counts = Counts::new();
    let mut ids: Vec<i64> = Vec::new();
    for view in [View::Mine, View::Disputed, View::Others] {
        let fitting = all.iter().filter(|l| l.fits(view));
        counts.push((view, fitting.clone().count()));
        ids.extend(fitting.map(|l| l.id));
    }
    ids.truncate(limit);
    Ok(Page {
        links: numbered(conn, viewer, &ids)?,
        counts,
        next: None,
    })
}

/// How many links wait for the viewer, and how many are in dispute.
///
/// # Errors
/// When the database fails.
pub fn waiting(conn: &mut Conn, viewer: &Viewer) -> Result<(usize, usize)> {
    if !viewer.can_anywhere(Right::ApproveSharing) {
        return Ok((0, 0));
    }
    let all = all(conn, viewer)?;
    let count = |view| all.iter().filter(|l| l.fits(view)).count();
    Ok((count(View::Mine), count(View::Disputed)))
}
