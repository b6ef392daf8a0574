//! What falls due, of entries and of share requests, in one list.
//!
//! The two are kept apart below: what falls due on entries is a derived table, while a clock of a share request is computed
//! whenever it is shown, and both ends see it. Here they are put into one order, so that pages, counts and files agree.

use std::cmp::Reverse;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::deadline::{self, Cursor, Listed, State};
use crate::error::Result;
use crate::sharing::request::catalogue::{self, Update};
use crate::sharing::request::clock::{Clock, Kind as Ticks, Reckoner, Standing};
use crate::sharing::request::{DATASET, Ground, Request};

/// What something that falls due belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DeadlineKind)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An entry of the ledger.
    Entry,
    /// A share request or an update of the catalogue (政务数据共享条例 articles 17, 21, 22, 26).
    Share,
}

impl Kind {
    /// Both of them, as pages show them.
    pub const ALL: [Self; 2] = [Self::Entry, Self::Share];

    /// The word in addresses and the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Share => "share",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.word() == word)
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Entry => "条目时限",
            Self::Share => "共享时限",
        }
    }

    /// Of which kind a line is.
    #[must_use]
    pub fn of(listed: &Listed) -> Self {
        if is_clock(&listed.rule) {
            Self::Share
        } else {
            Self::Entry
        }
    }
}

/// The clocks of sharing as rules of the list: key and what has to be done.
pub const CLOCKS: [(&str, &str); 5] = [
    ("share_answer", "共享申请答复"),
    ("share_supply", "实际共享"),
    ("share_correction", "校核答复"),
    ("catalogue_update", "目录更新报送"),
    ("catalogue_publish", "目录审核发布"),
];

fn is_clock(rule: &str) -> bool {
    CLOCKS.iter().any(|(key, _)| *key == rule)
}

fn rule(kind: Ticks) -> (&'static str, &'static str) {
    let [answer, supply, correction, ..] = CLOCKS;
    match kind {
        Ticks::Answer => answer,
        Ticks::Supply => supply,
        Ticks::Correction => correction,
    }
}

/// What the list is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this kind.
    pub kind: Option<Kind>,
    /// What else; a register or an entry leaves no clocks of requests.
    pub of: deadline::Filter,
}

impl Filter {
    fn wants(&self, kind: Kind) -> bool {
        let by_rule = self.of.rule.as_deref().map(is_clock);
        // Of the clocks, only those of the catalogue are of a register.
        let register = self.of.register.as_deref();
        let registered = register.is_none_or(|r| r == DATASET);
        let fits = match kind {
            Kind::Entry => by_rule != Some(true),
            Kind::Share => by_rule != Some(false) && registered && self.of.entry.is_none(),
        };
        fits && self.kind.is_none_or(|k| k == kind)
    }

    fn takes(&self, clock: &Listed) -> bool {
        let departments = self.of.departments.as_ref();
        self.of.state.is_none_or(|s| s == clock.state)
            && self.of.rule.as_ref().is_none_or(|r| *r == clock.rule)
            && self
                .of
                .register
                .as_ref()
                .is_none_or(|r| *r == clock.register)
            && departments.is_none_or(|ids| ids.contains(&clock.department_id))
    }
}

/// None for a clock that ended without being done.
fn state(standing: Standing) -> Option<State> {
    Some(match standing {
        Standing::Overdue => State::Overdue,
        Standing::Soon => State::Soon,
        Standing::Running | Standing::Paused => State::Upcoming,
        Standing::Done => State::Done,
        Standing::DoneLate => State::DoneLate,
        Standing::Void => return None,
    })
}

/// Numbers from here down are those of updates of the catalogue, below all clocks of requests.
const UPDATES: i64 = i64::MIN / 2;

/// An update of the catalogue as a line of the list.
fn update_line(update: Update, today: NaiveDate) -> Option<Listed> {
    let [.., hand_in, publish] = CLOCKS;
    let (rule, label) = if update.rule_id == catalogue::HAND_IN {
        hand_in
    } else {
        publish
    };
    Some(Listed {
        register: DATASET.to_owned(),
        code: update.code,
        name: update.name,
        department_id: update.bureau_id.unwrap_or(update.department_id),
        rule: rule.to_owned(),
        label: label.to_owned(),
        limit_id: update.rule_id,
        start_on: Some(update.start_on),
        opens_on: None,
        due_on: update.due_on,
        provisional: update.provisional,
        state: state(update.standing)?,
        days_left: Some((update.due_on - today).num_days()),
        done_on: None,
        level: 0,
        request: None,
        entry: UPDATES - update.submission,
    })
}

/// A clock as a line of the list; none where no limit counts.
fn line(clock: &Clock, request: Request, today: NaiveDate) -> Option<Listed> {
    let due_on = clock.due_on?;
    let state = state(clock.standing)?;
    let (key, label) = rule(clock.kind);
    let label = if clock.standing == Standing::Paused {
        format!("{label}（{}）", Standing::Paused.label())
    } else {
        label.to_owned()
    };
    Some(Listed {
        register: String::new(),
        code: request.number(),
        name: request.dataset_name,
        department_id: clock.department_id,
        rule: key.to_owned(),
        label,
        limit_id: clock.rule_id.clone(),
        start_on: Some(clock.start_on),
        opens_on: None,
        due_on,
        provisional: clock.provisional,
        state,
        days_left: clock
            .standing
            .is_open()
            .then(|| (due_on - today).num_days()),
        done_on: clock.done_on,
        level: 0,
        request: Some(request.id),
        // Below zero: clocks stand before the entries of the same day, and a cursor tells them apart.
        entry: -clock.id,
    })
}

fn clocks(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    running: bool,
    today: NaiveDate,
) -> Result<Vec<Listed>> {
    let reckoner = Reckoner::new(conn, ground, today)?;
    let found = reckoner.seen(conn, viewer, running)?.into_iter();
    let mut out: Vec<Listed> = found
        .filter_map(|(clock, request)| line(&clock, request, today))
        .collect();
    if running {
        let updates = catalogue::updates(conn, viewer, &reckoner)?.into_iter();
        out.extend(updates.filter_map(|u| update_line(u, today)));
    }
    Ok(out)
}

/// What falls due, the most urgent first; what is done, the latest first.
///
/// # Errors
/// When the database fails.
pub fn page(
    conn: &mut Conn,
    (viewer, ground): (&Viewer, Ground<'_>),
    filter: &Filter,
    (after, limit): (Option<&Cursor>, usize),
    today: NaiveDate,
) -> Result<Vec<Listed>> {
    let done = matches!(filter.of.state, Some(State::Done | State::DoneLate));
    let mut out = Vec::new();
    if filter.wants(Kind::Entry) {
        let who = (viewer, ground.catalogue);
        out = deadline::page(conn, who, &filter.of, (after, limit), today)?;
    }
    if filter.wants(Kind::Share) {
        let follows = |l: &Listed| {
            after.is_none_or(|cursor| {
                let (mine, last) = (l.place(), cursor.place());
                if done {
                    (Reverse(mine.0), mine.1) > (Reverse(last.0), last.1)
                } else {
                    mine > last
                }
            })
        };
        let all = clocks(conn, viewer, ground, !done, today)?.into_iter();
        out.extend(all.filter(|l| filter.takes(l) && follows(l)));
    }
    // Stable: what falls due on one entry on one day keeps the order of the database.
    if done {
        out.sort_by_key(|l| (Reverse(l.due_on), l.entry));
    } else {
        out.sort_by_key(Listed::place);
    }
    out.truncate(limit);
    Ok(out)
}

/// How many there are in each of some states that are not done, of entries counted up to `most` and one more.
///
/// # Errors
/// When the database fails.
pub fn counts(
    conn: &mut Conn,
    (viewer, ground): (&Viewer, Ground<'_>),
    filter: &Filter,
    (states, most): (&[State], usize),
    today: NaiveDate,
) -> Result<Vec<usize>> {
    let running = if filter.wants(Kind::Share) {
        clocks(conn, viewer, ground, true, today)?
    } else {
        Vec::new()
    };
    let mut out = Vec::with_capacity(states.len());
    for state in states {
        let of = deadline::Filter {
            state: Some(*state),
            ..filter.of.clone()
        };
        let filter = Filter {
            kind: filter.kind,
            of,
        };
        let mut count = running.iter().filter(|l| filter.takes(l)).count();
        if filter.wants(Kind::Entry) {
            let who = (viewer, ground.catalogue);
            count += deadline::count(conn, who, &filter.of, most, today)?;
        }
        out.push(count);
    }
    Ok(out)
}
