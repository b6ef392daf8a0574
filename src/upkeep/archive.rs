//! What a backup is: a zip with the database, the files beside it, and a manifest with the digest of each.
//!
//! Keys are never in it: they stay beside the database, so that a stolen backup signs nothing.

use serde::{Deserialize, Serialize};

use super::checkpoint::Signed;

/// Version of the format.
pub const FORMAT: u32 = 1;

/// The manifest's name in the archive.
pub const MANIFEST: &str = "manifest.json";

/// The database's name in the archive.
pub const DATABASE: &str = "one-ledger.db";

/// Folders of the data folder that belong to a ledger.
pub const FOLDERS: [&str; 2] = ["attachments", "uploads"];

/// One file of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its name, with `/` between folders.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// SM3, in hexadecimal.
    pub sm3: String,
}

/// What an archive says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the format.
    pub format: u32,
    /// Version of the program that made it.
    pub program: String,
    /// Where both chains stood, signed.
    pub checkpoint: Signed,
    /// Everything else in the archive.
    pub parts: Vec<Part>,
}

/// Whether a name is one that backups make: nothing else is ever written to a disk.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    if name == DATABASE || name == super::checkpoint::FILE {
        return true;
    }
    let mut steps = name.split('/');
    let known = steps.next().is_some_and(|first| FOLDERS.contains(&first));
    let plain = |step: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        !step.is_empty() && step.len() <= 100 && step.bytes().all(fits)
    };
    let rest: Vec<&str> = steps.collect();
    known && (1..=2).contains(&rest.len()) && rest.into_iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn only_names_that_backups_make_are_taken() {
        for good in [
            "one-ledger.db",
            "checkpoints",
            "attachments/ab/ab12",
            "uploads/5-01a227ae-4169",
        ] {
            assert!(is_ours(good), "{good}");
        }
        for bad in [
            "",
            "signing-keys",
            "/etc/passwd",
            "attachments",
            "attachments/",
            "attachments/../x",
            "attachments/a/b/c",
            "uploads/..",
            "uploads/a\\b",
            "uploads/文件",
            "manifest.json",
        ] {
            assert!(!is_ours(bad), "{bad}");
        }
    }
}
