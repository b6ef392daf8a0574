//! Walks the whole chain and names the first place where history is not what was written.

use std::collections::HashMap;

use diesel::prelude::*;
use serde::Serialize;

use crate::db::connection::{self, Conn};
use crate::db::schema::{change_sets, entries, ledger_head, revisions};
use crate::error::Result;
use crate::ledger::chain::{self, Header, Rows};
use crate::ledger::change::{Delta, Op, turn_back};
use crate::ledger::entry;

/// What the walk found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// Change sets walked.
    pub change_sets: i64,
    /// Entries walked, removed ones included.
    pub entries: i64,
    /// Hash of the last change set, in hexadecimal: note it down elsewhere to notice a cut tail.
    pub head: String,
    /// The first break, if there is one.
    pub broken: Option<Break>,
}

/// Where history was altered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Break {
    /// Number of the change set.
    pub seq: i64,
    /// What does not fit, in Chinese.
    pub reason: String,
}

impl Break {
    fn at(seq: i64, reason: impl Into<String>) -> Self {
        Self {
            seq,
            reason: reason.into(),
        }
    }
}

/// Verifies every change set, every row of it, and every entry as it stands.
///
/// # Errors
/// When the database fails; a broken chain is a finding, not an error.
pub fn verify(conn: &mut Conn) -> Result<Findings> {
    connection::snapshot(conn, |conn| {
        let (head_seq, head_hash) = ledger_head::table
            .select((ledger_head::seq, ledger_head::hash))
            .first::<(i64, Vec<u8>)>(conn)?;
        let (walked, chain_break) = walk_chain(conn, head_seq, &head_hash)?;
        let (count, row_break) = walk_entries(conn)?;
        // What the links do not vouch for cannot speak for the entries.
        let broken = chain_break.or(row_break);
        Ok(Findings {
            change_sets: walked,
            entries: count,
            head: chain::hex(&head_hash),
            broken,
        })
    })
}

type Link = (Header, Vec<u8>, Vec<u8>);

fn links(conn: &mut Conn, after: i64) -> Result<Vec<Link>> {
    type Row = (
        (
            i64,
            chrono::NaiveDateTime,
            String,
            String,
            String,
            Option<String>,
        ),
        (Option<i64>, Option<i64>, i64, Vec<u8>, Vec<u8>, Vec<u8>),
    );
    use change_sets as c;
    let rows: Vec<Row> = c::table
        .filter(c::seq.gt(after))
        .order(c::seq)
        .limit(500)
        .select((
            (c::seq, c::at, c::actor, c::source, c::reason, c::valid_on),
            (
                c::import_id,
                c::undoes,
                c::entries,
                c::digest,
                c::prev,
                c::hash,
            ),
        ))
        .load(conn)?;
    let link = |(
        (seq, at, actor, source, reason, valid_on),
        (import_id, undoes, entries, digest, prev, hash),
    ): Row| {
        let header = Header {
            seq,
            at,
            actor,
            source,
            reason,
            valid_on,
            import_id,
            undoes,
            entries,
            digest,
        };
        (header, prev, hash)
    };
    Ok(rows.into_iter().map(link).collect())
}

/// Links, their order, and the digest of each one's rows. Stops at the first break.
fn walk_chain(conn: &mut Conn, head_seq: i64, head_hash: &[u8]) -> Result<(i64, Option<Break>)> {
    let mut prev = vec![0_u8; 32];
    let mut seq = 0;
    loop {
        let part = links(conn, seq)?;
        if part.is_empty() {
            break;
        }
        for (header, stored_prev, stored_hash) in part {
            if header.seq != seq + 1 {
                return Ok((seq, Some(Break::at(seq + 1, "变更记录缺失"))));
            }
            seq = header.seq;
            if stored_prev != prev {
                return Ok((seq, Some(Break::at(seq, "与前一变更的链接不符"))));
            }
            if header.hash(&prev).as_slice() != stored_hash {
                return Ok((
                    seq,
                    Some(Break::at(seq, "变更的作者、时间、原因或摘要被改动")),
                ));
            }
            if let Some(found) = check_rows(conn, &header)? {
                return Ok((seq, Some(found)));
            }
            prev = stored_hash;
        }
    }
    let tail = (seq != head_seq || prev != head_hash).then(|| {
        Break::at(
            seq.min(head_seq) + 1,
            "账本末尾与链头不符，可能有变更被截去",
        )
    });
    Ok((seq, tail))
}

fn check_rows(conn: &mut Conn, header: &Header) -> Result<Option<Break>> {
    let mut rows = Rows::default();
    let mut count = 0_i64;
    let mut last = -1_i64;
    loop {
        let part = revisions::table
            .filter(revisions::seq.eq(header.seq))
            .filter(revisions::ordinal.gt(last))
            .order(revisions::ordinal)
            .limit(5_000)
            .select((
                revisions::ordinal,
                revisions::entry_id,
                revisions::revision,
                revisions::op,
                revisions::digest,
            ))
            .load::<(i64, i64, i32, String, Vec<u8>)>(conn)?;
        let Some(end) = part.last() else { break };
        last = end.0;
        for (_, entry, revision, op, digest) in &part {
            rows.add(*entry, *revision, op, digest);
            count += 1;
        }
    }
    if count != header.entries {
        return Ok(Some(Break::at(
            header.seq,
            format!("应有 {} 条变更记录，实有 {count} 条", header.entries),
        )));
    }
    let same = rows.finish().as_slice() == header.digest.as_slice();
    Ok((!same).then(|| Break::at(header.seq, "条目变更记录被改动")))
}

struct Past {
    seq: i64,
    revision: i32,
    op: Option<Op>,
    before: Option<String>,
    digest: Vec<u8>,
}

/// Every entry as it stands, and turned back to its beginning, against the digest of each of its versions.
fn walk_entries(conn: &mut Conn) -> Result<(i64, Option<Break>)> {
    let mut after = 0;
    let mut count = 0;
    let mut first: Option<Break> = None;
    loop {
        let part = entries::table
            .filter(entries::id.gt(after))
            .order(entries::id)
            .limit(2_000)
            .select((
                entries::id,
                entries::register,
                entries::code,
                entries::present,
                entries::revision,
                entries::created_seq,
                entries::attributes,
            ))
            .load::<(i64, String, String, bool, i32, i64, String)>(conn)?;
        let end = part.last().map_or(i64::MAX, |row| row.0);
        let mut history = histories(conn, after, end)?;
        after = end;
        for (id, register, code, present, revision, created, attributes) in part {
            count += 1;
            let past = history.remove(&id).unwrap_or_default();
            let stands = Standing {
                id,
                register: &register,
                present,
                revision,
                created,
                attributes,
            };
            if let Some((seq, reason)) = stands.check(&past) {
                keep_first(
                    &mut first,
                    Break::at(seq, format!("条目“{code}”: {reason}")),
                );
            }
        }
        for (id, past) in history {
            let seq = past.iter().map(|p| p.seq).min().unwrap_or(0);
            keep_first(
                &mut first,
                Break::at(seq, format!("条目 {id} 有历史而本身缺失")),
            );
        }
        if end == i64::MAX {
            return Ok((count, first));
        }
    }
}

fn keep_first(first: &mut Option<Break>, found: Break) {
    if first.as_ref().is_none_or(|f| found.seq < f.seq) {
        *first = Some(found);
    }
}

/// History of the entries in a range of ids, newest first.
fn histories(conn: &mut Conn, after: i64, last: i64) -> Result<HashMap<i64, Vec<Past>>> {
    let rows = revisions::table
        .filter(revisions::entry_id.gt(after))
        .filter(revisions::entry_id.le(last))
        .order((revisions::entry_id, revisions::revision.desc()))
        .select((
            revisions::entry_id,
            revisions::seq,
            revisions::revision,
            revisions::op,
            revisions::before,
            revisions::digest,
        ))
        .load::<(i64, i64, i32, String, Option<String>, Vec<u8>)>(conn)?;
    let mut out: HashMap<i64, Vec<Past>> = HashMap::new();
    for (id, seq, revision, op, before, digest) in rows {
        let op = Op::from_word(&op);
        out.entry(id).or_default().push(Past {
            seq,
            revision,
            op,
            before,
            digest,
        });
    }
    Ok(out)
}

struct Standing<'e> {
    id: i64,
    register: &'e str,
    present: bool,
    revision: i32,
    created: i64,
    attributes: String,
}

impl Standing<'_> {
    fn check(mut self, past: &[Past]) -> Option<(i64, &'static str)> {
        let newest = past.first().map_or(0, |p| p.seq);
        if past.is_empty() {
            return Some((self.created, "没有历史"));
        }
        for version in past {
            if version.revision != self.revision {
                return Some((version.seq, "版本号不连续"));
            }
            let attributes = self.present.then_some(self.attributes.as_str());
            if chain::row_digest(self.id, self.register, attributes).as_slice() != version.digest {
                return Some((version.seq, "内容与记录时的摘要不符"));
            }
            self.revision -= 1;
            self.present = version.op != Some(Op::Create);
            if let Some(json) = &version.before {
                let Ok(delta) = serde_json::from_str::<Delta>(json) else {
                    return Some((version.seq, "旧值无法读取"));
                };
                let mut document = entry::parse(&self.attributes);
                turn_back(&mut document, &delta);
                self.attributes = entry::canonical(&document);
            }
        }
        (self.revision != 0).then_some((newest, "最初的版本缺失"))
    }
}
