//! Who did what beside the ledger's own changes: a chain of its own that only grows.
//!
//! A line is written in the same transaction as the act, so neither can be there without the other
//! (GB/T 22239-2019 8.1.4, 安全审计). Times are UTC.

mod chain;
mod read;
pub mod words;

pub use chain::{Broken, Checked, verify};
pub use read::{Filter, Line, page};

use diesel::prelude::*;

use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{audit_head, audit_log};
use crate::error::Result;

/// How an act ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
}

impl Outcome {
    /// The word it is stored as.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// One act.
#[derive(Clone, Debug)]
pub struct Event {
    /// What kind: `sign_in`, `grant_role`, `export`, … (letters, digits and `_`).
    pub action: &'static str,
    /// What it was done to, in words people read.
    pub object: String,
    /// The department it concerns.
    pub department: Option<i64>,
    /// How it ended.
    pub outcome: Outcome,
    /// More, as a JSON object; never a secret.
    pub detail: serde_json::Value,
}

impl Event {
    /// An act that was done, without more to say.
    #[must_use]
    pub fn done(action: &'static str, object: &str) -> Self {
        Self {
            action,
            object: object.to_owned(),
            department: None,
            outcome: Outcome::Done,
            detail: serde_json::json!({}),
        }
    }

    /// An act that was refused.
    #[must_use]
    pub fn refused(action: &'static str, object: &str) -> Self {
        Self {
            outcome: Outcome::Refused,
            ..Self::done(action, object)
        }
    }

    /// The same act, about this department.
    #[must_use]
    pub fn of(mut self, department: Option<i64>) -> Self {
        self.department = department;
        self
    }

    /// The same act, with more to say.
    #[must_use]
    pub fn with(mut self, detail: serde_json::Value) -> Self {
        self.detail = detail;
        self
    }
}

/// Writes one line. Call it inside the transaction of the act; it takes the lock of the audit chain.
///
/// # Errors
/// When the database fails; the act must fail with it.
pub fn record(conn: &mut Conn, viewer: &Viewer, event: &Event) -> Result<()> {
    conn.transaction(|conn| {
        diesel::update(audit_head::table.find(1))
            .set(audit_head::seq.eq(audit_head::seq + 1))
            .execute(conn)?;
        let (seq, prev): (i64, Vec<u8>) = audit_head::table
            .find(1)
            .select((audit_head::seq, audit_head::hash))
            .first(conn)?;
        let origin = viewer.origin();
        let line = Line {
            seq,
            at: clock::now(),
            account_id: viewer.account(),
            actor: viewer.name().to_owned(),
            action: event.action.to_owned(),
            object: event.object.clone(),
            department_id: event.department,
            result: event.outcome.word().to_owned(),
            detail: event.detail.to_string(),
            address: origin.address.clone(),
            request_id: origin.request_id.clone(),
        };
        let hash = chain::hash(&line, &prev).to_vec();
        diesel::insert_into(audit_log::table)
            .values((&line, audit_log::prev.eq(&prev), audit_log::hash.eq(&hash)))
            .execute(conn)?;
        diesel::update(audit_head::table.find(1))
            .set(audit_head::hash.eq(&hash))
            .execute(conn)?;
        Ok(())
    })
}
