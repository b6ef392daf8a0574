//! What of an issue's proof is shown to whom: entries that the viewer does not see are said to be there, never named.

use serde::Serialize;
use utoipa::ToSchema;

use super::Ground;
use super::proof::Proof;
use super::steps::rung_label;
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::entries;
use crate::db::scope;
use crate::error::Result;
use crate::ledger::entry::EntryRow;
use crate::ledger::sight;
use diesel::prelude::*;

/// One thing that shows that an issue is settled, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = IssueProof)]
pub struct Shown {
    /// `link`, `change` or `decision`.
    pub what: &'static str,
    /// Register of the entry, where the viewer sees it.
    pub register: String,
    /// Code of the entry, where the viewer sees it.
    pub code: String,
    /// What it shows.
    pub text: String,
}

/// Puts proof into words for a viewer.
///
/// # Errors
/// When the database fails.
pub fn proofs(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    found: &[Proof],
) -> Result<Vec<Shown>> {
    let ids: Vec<i64> = found.iter().filter_map(Proof::entry).collect();
    let rows: Vec<EntryRow> = scope::summaries(viewer)
        .filter(entries::id.eq_any(ids))
        .filter(entries::present.eq(true))
        .select(EntryRow::as_select())
        .load(conn)?;
    let row = |id: i64| rows.iter().find(|r| r.id == id);
    let known = found.iter().map(|proof| match proof {
        Proof::Link { entry } => of_entry("link", ground, row(*entry), "已经两端确认"),
        Proof::Change { entry, fields, .. } => {
            let there = row(*entry);
            let text = there.map_or_else(
                || "在问题提出后已更正".to_owned(),
                |row| format!("已更正: {}", labels(viewer, ground, row, fields)),
            );
            of_entry("change", ground, there, &text)
        }
        Proof::Decision(d) => Shown {
            what: "decision",
            register: String::new(),
            code: String::new(),
            text: format!(
                "{}作出决定: {}（{}，{}）",
                rung_label(d.rung),
                d.text,
                d.number,
                d.on
            ),
        },
    });
    Ok(known.collect())
}

fn of_entry(what: &'static str, ground: Ground<'_>, row: Option<&EntryRow>, text: &str) -> Shown {
    let Some(row) = row else {
        return Shown {
            what,
            register: String::new(),
            code: String::new(),
            text: format!("（无权查看的条目）{text}"),
        };
    };
    let register = ground.catalogue.register(&row.register);
    let label = register.map_or("", |r| r.label.as_str());
    Shown {
        what,
        register: row.register.clone(),
        code: row.code.clone(),
        text: format!("{label}“{}”{text}", row.name),
    }
}

/// The fields that the viewer sees, by label; the others are counted.
fn labels(viewer: &Viewer, ground: Ground<'_>, row: &EntryRow, fields: &[String]) -> String {
    let Some(register) = ground.catalogue.register(&row.register) else {
        return format!("{} 个字段", fields.len());
    };
    let seen = viewer.sight(row);
    let shown: Vec<&str> = fields
        .iter()
        .filter(|key| sight::shows_key(register, key, seen))
        .map(|key| {
            register
                .field(key)
                .map_or(key.as_str(), |f| f.label.as_str())
        })
        .collect();
    match (shown.is_empty(), fields.len() - shown.len()) {
        (true, hidden) => format!("{hidden} 个字段"),
        (false, 0) => shown.join("、"),
        (false, hidden) => format!("{}，另有 {hidden} 个字段", shown.join("、")),
    }
}
