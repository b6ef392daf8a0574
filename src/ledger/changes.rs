//! The links of the chain as a list: who changed what, when and why, for whoever watches over the ledger.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::change_sets;
use crate::error::Result;
use crate::ledger::chain;

/// One change set, without its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChangeSetLine {
    /// Number in the chain, from 1.
    pub seq: i64,
    /// When, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    pub at: NaiveDateTime,
    /// Who.
    pub actor: String,
    /// What kind of act: `import`, `edit`, `undo`, …
    pub source: String,
    /// Why, in the author's words.
    pub reason: String,
    /// How many entries it touched.
    pub entries: i64,
    /// The change set it takes back.
    pub undoes: Option<i64>,
    /// Its link of the chain, in hexadecimal.
    pub hash: String,
}

type Row = (
    i64,
    NaiveDateTime,
    String,
    String,
    String,
    i64,
    Option<i64>,
    Vec<u8>,
);

/// Change sets, newest first, at most `limit`; those before a number when one is given.
///
/// # Errors
/// [`crate::error::Error::Refused`] without the right to see the log; when the database fails.
pub fn page(
    conn: &mut Conn,
    viewer: &Viewer,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<ChangeSetLine>> {
    viewer.may_anywhere(Right::SeeAudit)?;
    let rows: Vec<Row> = change_sets::table
        .filter(change_sets::seq.lt(before.unwrap_or(i64::MAX)))
        .order(change_sets::seq.desc())
        .limit(limit)
        .select((
            change_sets::seq,
            change_sets::at,
            change_sets::actor,
            change_sets::source,
            change_sets::reason,
            change_sets::entries,
            change_sets::undoes,
            change_sets::hash,
        ))
        .load(conn)?;
    let line = |(seq, at, actor, source, reason, entries, undoes, hash): Row| ChangeSetLine {
        seq,
        at,
        actor,
        source,
        reason,
        entries,
        undoes,
        hash: chain::hex(&hash),
    };
    Ok(rows.into_iter().map(line).collect())
}
