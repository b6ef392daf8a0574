//! What happened to a department: a list that only grows, with the day each thing is true from.
//!
//! Two times are kept apart: when it was recorded, and from which day it was true.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use serde::Serialize;

use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::department_events as events;
use crate::error::Result;
use crate::org::directory::Department;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It was made.
    Made,
    /// It got another full name.
    Renamed,
    /// It got another region or another department above it.
    Moved,
    /// It was merged into another one.
    Merged,
    /// It took another one over.
    Absorbed,
    /// It ended without an heir.
    Abolished,
    /// It got one more name to be found by.
    AliasAdded,
    /// A name it was found by was taken away.
    AliasRemoved,
    /// It became the data bureau of its region.
    BureauSet,
    /// It is no longer the data bureau of its region.
    BureauEnded,
    /// Its credit code, kind, order or days were corrected.
    Amended,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Made,
        Self::Renamed,
        Self::Moved,
        Self::Merged,
        Self::Absorbed,
        Self::Abolished,
        Self::AliasAdded,
        Self::AliasRemoved,
        Self::BureauSet,
        Self::BureauEnded,
        Self::Amended,
    ];

    /// The word it is stored as.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Renamed => "renamed",
            Self::Moved => "moved",
            Self::Merged => "merged",
            Self::Absorbed => "absorbed",
            Self::Abolished => "abolished",
            Self::AliasAdded => "alias_added",
            Self::AliasRemoved => "alias_removed",
            Self::BureauSet => "bureau_set",
            Self::BureauEnded => "bureau_ended",
            Self::Amended => "amended",
        }
    }

    /// What people read.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Made => "设立",
            Self::Renamed => "更名",
            Self::Moved => "调整隶属",
            Self::Merged => "并入其他单位",
            Self::Absorbed => "并入了其他单位",
            Self::Abolished => "撤销",
            Self::AliasAdded => "增加别名",
            Self::AliasRemoved => "删除别名",
            Self::BureauSet => "指定为数据管理部门",
            Self::BureauEnded => "不再是数据管理部门",
            Self::Amended => "更正信息",
        }
    }

    /// What a stored word means to people; a general word when it is not known.
    #[must_use]
    pub fn label_of(word: &str) -> &'static str {
        Self::ALL
            .into_iter()
            .find(|kind| kind.word() == word)
            .map_or("变动", Self::label)
    }
}

/// From which day something is true, and why.
#[derive(Clone, Debug, Default)]
pub struct When {
    /// The day; none when it is not known.
    pub from: Option<NaiveDate>,
    /// Why, in the author's words.
    pub reason: String,
}

impl When {
    /// From today on.
    #[must_use]
    pub fn today(reason: &str) -> Self {
        Self::on(clock::today(), reason)
    }

    /// From this day on.
    #[must_use]
    pub fn on(day: NaiveDate, reason: &str) -> Self {
        Self {
            from: Some(day),
            reason: reason.to_owned(),
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub struct Event {
    /// Identity, in the order of recording.
    pub id: i64,
    /// To which department.
    pub department_id: i64,
    /// What: [`Kind::word`].
    pub kind: String,
    /// From which day it is true.
    pub true_from: Option<NaiveDate>,
    /// When it was recorded, UTC.
    pub recorded_at: NaiveDateTime,
    /// By which account.
    pub account_id: Option<i64>,
    /// By whom.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// What was there before, as JSON of the changed keys only.
    pub before: String,
    /// What is there since, likewise.
    pub after: String,
}

/// Everything that happened to a department, newest first.
///
/// # Errors
/// When the viewer may not look at all, or the database fails.
pub fn history(conn: &mut Conn, viewer: &Viewer, department: i64) -> Result<Vec<Event>> {
    viewer.may_anywhere(Right::SeeSummary)?;
    Ok(events::table
        .filter(events::department_id.eq(department))
        .order(events::id.desc())
        .select(Event::as_select())
        .load(conn)?)
}

/// Writes one down; the caller holds the organisation's lock.
pub(super) fn record(
    conn: &mut Conn,
    viewer: &Viewer,
    department: i64,
    kind: Kind,
    when: &When,
    (before, after): (&serde_json::Value, &serde_json::Value),
) -> Result<()> {
    let last: Option<i64> = events::table
        .select(diesel::dsl::max(events::id))
        .first(conn)?;
    diesel::insert_into(events::table)
        .values(&Event {
            id: last.unwrap_or(0) + 1,
            department_id: department,
            kind: kind.word().to_owned(),
            true_from: when.from,
            recorded_at: clock::now(),
            account_id: viewer.account(),
            actor: viewer.name().to_owned(),
            reason: when.reason.clone(),
            before: before.to_string(),
            after: after.to_string(),
        })
        .execute(conn)?;
    Ok(())
}

/// Keys that say how a row is kept, not what the department is.
const KEEPING: [&str; 4] = ["id", "name_key", "revision", "provisional"];

/// The keys that differ between two states of a department, with both values.
pub(super) fn difference(
    old: &Department,
    new: &Department,
) -> (serde_json::Value, serde_json::Value) {
    let (old, new) = (told(old), told(new));
    let mut before = serde_json::Map::new();
    let mut after = serde_json::Map::new();
    for (key, value) in &new {
        let former = old.get(key).cloned().unwrap_or_default();
        if former != *value {
            before.insert(key.clone(), former);
            after.insert(key.clone(), value.clone());
        }
    }
    (before.into(), after.into())
}

/// A department as JSON, without what is only about keeping it.
pub(super) fn told(department: &Department) -> serde_json::Map<String, serde_json::Value> {
    let Ok(serde_json::Value::Object(mut map)) = serde_json::to_value(department) else {
        return serde_json::Map::new();
    };
    for key in KEEPING {
        map.remove(key);
    }
    map
}
