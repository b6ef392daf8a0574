//! 检查点: where both chains stood, signed, to be kept where the ledger's own administrators cannot reach.
//!
//! One line of JSON each, appended to a file in the data folder and to further files that the settings name, and to
//! the log. Whoever holds an old line can later prove that a chain was cut or written anew (D13).

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::seal::{Seal, is_signed};
use crate::clock;
use crate::db::connection::{self, Conn};
use crate::db::schema::{audit_head, audit_log, change_sets, ledger_head};
use crate::error::{Doing, Result};
use crate::hex::hex;

/// Name of the file in the data folder.
pub const FILE: &str = "checkpoints";

/// Where checkpoints go besides the data folder.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Files, best on another machine: a mounted share, a drive that is taken away.
    pub also: Vec<PathBuf>,
}

/// Where both chains stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// When, UTC, as the chain spells it.
    pub at: String,
    /// Change sets of the ledger.
    pub change_sets: i64,
    /// Hash of the last one, in hexadecimal.
    pub head: String,
    /// Lines of the audit log.
    pub audit_lines: i64,
    /// Hash of the last one, in hexadecimal.
    pub audit_head: String,
}

/// A checkpoint with its signature: one line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// The public key, in hexadecimal.
    pub key: String,
    /// The signature, in hexadecimal.
    pub signature: String,
}

impl Checkpoint {
    /// Where both chains stand now.
    ///
    /// # Errors
    /// When the database fails.
    pub fn now(conn: &mut Conn) -> Result<Self> {
        connection::snapshot(conn, |conn| {
            let (change_sets, head): (i64, Vec<u8>) = ledger_head::table
                .select((ledger_head::seq, ledger_head::hash))
                .first(conn)?;
            let (audit_lines, audit): (i64, Vec<u8>) = audit_head::table
                .select((audit_head::seq, audit_head::hash))
                .first(conn)?;
            Ok(Self {
                at: clock::stamp(clock::now()),
                change_sets,
                head: hex(&head),
                audit_lines,
                audit_head: hex(&audit),
            })
        })
    }

    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Signs it.
    #[must_use]
    pub fn signed(self, seal: &Seal) -> Signed {
        Signed {
            signature: seal.sign(&self.bytes()),
            key: seal.public(),
            checkpoint: self,
        }
    }
}

impl Signed {
    /// Whether the signature is that of the key it names.
    #[must_use]
    pub fn is_good(&self) -> bool {
        is_signed(&self.key, &self.checkpoint.bytes(), &self.signature)
    }
}

/// Takes a checkpoint now and writes it everywhere it goes.
///
/// # Errors
/// When the database fails, or the file in the data folder cannot be written. A further file that cannot be written
/// is a warning in the log: the share may be away for a day.
pub fn take(conn: &mut Conn, data: &Path, rules: &Rules) -> Result<Signed> {
    let signed = Checkpoint::now(conn)?.signed(&Seal::open(data)?);
    let line = serde_json::to_string(&signed).unwrap_or_default();
    append(&data.join(FILE), &line)?;
    for path in &rules.also {
        if let Err(error) = append(path, &line) {
            tracing::warn!(path = %path.display(), %error, "a checkpoint was not written");
        }
    }
    let said = &signed.checkpoint;
    tracing::info!(
        change_sets = said.change_sets,
        head = said.head,
        audit_lines = said.audit_lines,
        audit_head = said.audit_head,
        "checkpoint"
    );
    Ok(signed)
}

fn append(path: &Path, line: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    let options = options.append(true).create(true).mode(0o600);
    let mut file = options.open(path).doing("写入检查点")?;
    file.write_all(format!("{line}\n").as_bytes())
        .doing("写入检查点")?;
    file.sync_all().doing("写入检查点")
}

/// Whether none was taken on this day yet.
///
/// # Errors
/// When the file cannot be read.
pub fn is_due(data: &Path, today: NaiveDate) -> Result<bool> {
    let text = match fs::read_to_string(data.join(FILE)) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(true),
        text => text.doing("读取检查点")?,
    };
    let last = text.lines().next_back().and_then(parse);
    let at = last.and_then(|s| {
        NaiveDateTime::parse_from_str(&s.checkpoint.at, "%Y-%m-%dT%H:%M:%S%.fZ").ok()
    });
    Ok(at.is_none_or(|at| clock::day_of(at) < today))
}

fn parse(line: &str) -> Option<Signed> {
    serde_json::from_str(line).ok()
}

/// What holding a ledger against checkpoints came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Checkpoints that were looked at.
    pub checkpoints: usize,
    /// Signed by another key than the one asked for; they prove nothing here.
    pub of_other_keys: usize,
    /// The first line that does not fit.
    pub broken: Option<Misfit>,
}

/// A checkpoint that the ledger does not bear out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Misfit {
    /// Line of the file, from 1.
    pub line: usize,
    /// What does not fit, in Chinese.
    pub reason: String,
}

/// Holds a ledger against the lines of a file; `key` is the public key that counts, in hexadecimal.
///
/// # Errors
/// When the database fails; what does not fit is a finding, not an error.
pub fn check(conn: &mut Conn, text: &str, key: &str) -> Result<Held> {
    connection::snapshot(conn, |conn| {
        let mut out = Held::default();
        let mut before = (0_i64, 0_i64);
        for (number, line) in text.lines().enumerate() {
            out.checkpoints += 1;
            let misfit = |reason: &str| {
                Some(Misfit {
                    line: number + 1,
                    reason: reason.to_owned(),
                })
            };
            let Some(signed) = parse(line) else {
                out.broken = misfit("不是检查点");
                return Ok(out);
            };
            if !signed.is_good() {
                out.broken = misfit("签名不符，检查点被改动");
                return Ok(out);
            }
            if signed.key != key {
                out.of_other_keys += 1;
                continue;
            }
            let said = &signed.checkpoint;
            if said.change_sets < before.0 || said.audit_lines < before.1 {
                out.broken = misfit("比前一个检查点还少，账本曾被换成旧的");
                return Ok(out);
            }
            before = (said.change_sets, said.audit_lines);
            if let Some(reason) = differs(conn, said)? {
                out.broken = misfit(reason);
                return Ok(out);
            }
        }
        Ok(out)
    })
}

/// What of a checkpoint the ledger does not bear out.
fn differs(conn: &mut Conn, said: &Checkpoint) -> Result<Option<&'static str>> {
    let change: Option<Vec<u8>> = change_sets::table
        .find(said.change_sets)
        .select(change_sets::hash)
        .first(conn)
        .optional()?;
    if !stands(said.change_sets, &said.head, change.as_deref()) {
        return Ok(Some("账本的变更链与检查点不符，可能被截去或整体改写"));
    }
    let line: Option<Vec<u8>> = audit_log::table
        .find(said.audit_lines)
        .select(audit_log::hash)
        .first(conn)
        .optional()?;
    if !stands(said.audit_lines, &said.audit_head, line.as_deref()) {
        return Ok(Some("审计日志与检查点不符，可能被截去或整体改写"));
    }
    Ok(None)
}

/// An empty chain has no last link.
fn stands(count: i64, head: &str, found: Option<&[u8]>) -> bool {
    match found {
        Some(hash) => hex(hash) == head,
        None => count == 0,
    }
}
