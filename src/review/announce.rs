//! Where acts of reviews and stages are made known.

use crate::audit;
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::error::Result;

/// An act that people should hear of.
#[derive(Clone, Debug)]
pub struct Announced<'a> {
    /// Word of the audit log: `submission_act`, `stage_act`, `finding`, `review_opinion`.
    pub action: &'static str,
    /// What was done to what, in words people read.
    pub object: String,
    /// The department it concerns.
    pub department: i64,
    /// The submission, when it is about one.
    pub submission: Option<i64>,
    /// The entry.
    pub entry: i64,
    /// Word of the act.
    pub act: &'a str,
    /// More, for the log.
    pub detail: serde_json::Value,
}

/// Makes an act known, in its own transaction: the audit log has it from here.
///
/// # Errors
/// When the database fails; the act must fail with it.
pub fn announce(conn: &mut Conn, viewer: &Viewer, said: &Announced<'_>) -> Result<()> {
    let line = audit::Event::done(said.action, &said.object)
        .of(Some(said.department))
        .with(serde_json::json!({
            "submission": said.submission, "entry": said.entry, "act": said.act, "said": said.detail,
        }));
    audit::record(conn, viewer, &line)
}
