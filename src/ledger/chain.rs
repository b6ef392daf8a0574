//! The chain: SM3 (GB/T 32905) over every change set and, through it, every row of it.
//!
//! A row's digest covers its identity and its whole document after the change; a change set's digest
//! covers its rows in order; its hash covers that digest, who, when, why and the hash before it.

use chrono::NaiveDateTime;
use serde::Serialize;
use sm3::{Digest, Sm3};

use crate::clock;
pub use crate::hex::hex;

/// Version of what is hashed and how; the first byte of every input.
const VERSION: u8 = 1;

/// An SM3 hash.
pub type Hash = [u8; 32];

/// Digest of one row after a change; `None` for an entry that was removed.
#[must_use]
pub fn row_digest(id: i64, register: &str, attributes: Option<&str>) -> Hash {
    let mut sm3 = Sm3::new();
    sm3.update([VERSION]);
    sm3.update(id.to_be_bytes());
    sm3.update(register.as_bytes());
    sm3.update([0, u8::from(attributes.is_some())]);
    sm3.update(attributes.unwrap_or_default().as_bytes());
    sm3.finalize().into()
}

/// Collects the rows of a change set, in order.
pub struct Rows(Sm3);

impl Default for Rows {
    fn default() -> Self {
        let mut sm3 = Sm3::new();
        sm3.update([VERSION]);
        Self(sm3)
    }
}

impl Rows {
    /// Adds one row.
    pub fn add(&mut self, entry: i64, revision: i32, op: &str, digest: &[u8]) {
        self.0.update(entry.to_be_bytes());
        self.0.update(revision.to_be_bytes());
        self.0.update(op.as_bytes());
        self.0.update(digest);
    }

    /// The digest of all of them.
    #[must_use]
    pub fn finish(self) -> Hash {
        self.0.finalize().into()
    }
}

/// A change set's header: everything about it but its own hash.
#[derive(Clone, Debug)]
pub struct Header {
    /// Number in the chain, from 1.
    pub seq: i64,
    /// When it was recorded, UTC.
    pub at: NaiveDateTime,
    /// Author.
    pub actor: String,
    /// What kind of act: `import`, `undo`, …
    pub source: String,
    /// Why.
    pub reason: String,
    /// From which day it is true, where the author said so.
    pub valid_on: Option<String>,
    /// The import it came from.
    pub import_id: Option<i64>,
    /// The change set it takes back.
    pub undoes: Option<i64>,
    /// How many entries it touches.
    pub entries: i64,
    /// Digest of its rows.
    pub digest: Vec<u8>,
}

/// Keys in alphabetical order: the JSON is canonical as written.
#[derive(Serialize)]
struct Canonical<'h> {
    actor: &'h str,
    at: String,
    digest: String,
    entries: i64,
    import: Option<i64>,
    reason: &'h str,
    seq: i64,
    source: &'h str,
    undoes: Option<i64>,
    valid_on: Option<&'h str>,
}

impl Header {
    /// The hash of this change set, given the one before.
    #[must_use]
    pub fn hash(&self, prev: &[u8]) -> Hash {
        let canonical = Canonical {
            actor: &self.actor,
            at: clock::stamp(self.at),
            digest: hex(&self.digest),
            entries: self.entries,
            import: self.import_id,
            reason: &self.reason,
            seq: self.seq,
            source: &self.source,
            undoes: self.undoes,
            valid_on: self.valid_on.as_deref(),
        };
        let mut sm3 = Sm3::new();
        sm3.update([VERSION]);
        sm3.update(prev);
        sm3.update(serde_json::to_vec(&canonical).unwrap_or_default());
        sm3.finalize().into()
    }
}

/// SM3 of a file, in hexadecimal, read in pieces.
///
/// # Errors
/// When the file cannot be read.
pub fn file_digest(path: &std::path::Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut file = std::fs::File::open(path)?;
    let mut sm3 = Sm3::new();
    let mut buffer = vec![0_u8; 1 << 16];
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(hex(&sm3.finalize()));
        }
        sm3.update(buffer.get(..n).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GB/T 32905-2016, appendix A.1.
    #[test]
    fn sm3_is_the_standard_one() {
        let hash = Sm3::digest(b"abc");
        assert_eq!(
            hex(&hash),
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
        );
    }
}
