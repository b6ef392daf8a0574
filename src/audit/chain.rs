//! The audit log's own chain: SM3 over every line and the hash before it.

use diesel::prelude::*;
use serde::Serialize;
use sm3::{Digest, Sm3};

use super::read::Line;
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::{Conn, snapshot};
use crate::db::schema::{audit_head, audit_log};
use crate::error::Result;
use crate::hex::hex;

/// Version of what is hashed and how; the first byte of every input.
const VERSION: u8 = 1;

/// How many lines are read at once.
const PAGE: i64 = 2_000;

/// Hash of one line on top of the hash before it.
pub(super) fn hash(line: &Line, prev: &[u8]) -> [u8; 32] {
    let told = serde_json::json!([
        line.seq,
        clock::stamp(line.at),
        line.account_id,
        line.actor,
        line.action,
        line.object,
        line.department_id,
        line.result,
        line.detail,
        line.address,
        line.request_id,
    ]);
    let mut sm3 = Sm3::new();
    sm3.update([VERSION]);
    sm3.update(prev);
    sm3.update(told.to_string());
    sm3.finalize().into()
}

/// Where the chain does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The first line that does not fit.
    pub seq: i64,
    /// What is wrong with it, in Chinese.
    pub message: String,
}

/// What checking the chain came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Lines that were read.
    pub lines: i64,
    /// Hash of the last line, in hexadecimal: to be noted down elsewhere, because a cut tail shows only so.
    pub head: String,
    /// The first line that does not fit.
    pub broken: Option<Broken>,
}

/// Recomputes the whole chain.
///
/// # Errors
/// [`crate::error::Error::Refused`] without the right to see the log; when the database fails.
pub fn verify(conn: &mut Conn, viewer: &Viewer) -> Result<Checked> {
    viewer.may_anywhere(Right::SeeAudit)?;
    snapshot(conn, |conn| {
        let mut prev = vec![0_u8; 32];
        let mut last = 0_i64;
        let broken = |seq: i64, message: &str, head: &[u8]| Checked {
            lines: seq,
            head: hex(head),
            broken: Some(Broken {
                seq,
                message: message.to_owned(),
            }),
        };
        loop {
            let lines: Vec<(Line, Vec<u8>, Vec<u8>)> = audit_log::table
                .filter(audit_log::seq.gt(last))
                .order(audit_log::seq)
                .limit(PAGE)
                .select((Line::as_select(), audit_log::prev, audit_log::hash))
                .load(conn)?;
            if lines.is_empty() {
                break;
            }
            for (line, claimed, stored) in lines {
                if line.seq != last + 1 {
                    return Ok(broken(last + 1, "这一条缺失", &prev));
                }
                if claimed != prev || hash(&line, &prev)[..] != stored[..] {
                    return Ok(broken(line.seq, "内容与链条不符，可能被改动过", &prev));
                }
                last = line.seq;
                prev = stored;
            }
        }
        let (seq, head): (i64, Vec<u8>) = audit_head::table
            .find(1)
            .select((audit_head::seq, audit_head::hash))
            .first(conn)?;
        if seq != last || head != prev {
            return Ok(broken(
                last + 1,
                "链条末尾与记录的链头不符，可能被截断",
                &prev,
            ));
        }
        Ok(Checked {
            lines: last,
            head: hex(&prev),
            broken: None,
        })
    })
}
