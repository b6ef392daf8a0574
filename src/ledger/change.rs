//! One entry's change, prepared outside the transaction, ready to be written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ledger::chain::{self, Hash};
use crate::ledger::entry::{self, EntryRow};
use crate::ledger::search;
use crate::register::field::Register;
use crate::register::value::{Document, Value};

/// What happened to an entry in a change set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// It was made, or came back after a removal.
    Create,
    /// Values changed.
    Change,
    /// It was taken out; its history stays.
    Remove,
}

impl Op {
    /// The word it is stored as.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Remove => "remove",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Create, Self::Change, Self::Remove]
            .into_iter()
            .find(|op| op.word() == word)
    }
}

/// Old values of what changed, by key; `None` where there was none. Turns a document back.
pub type Delta = BTreeMap<String, Option<Value>>;

/// What must be put back into `after` to get `before`.
#[must_use]
pub fn delta(before: &Document, after: &Document) -> Delta {
    let mut out = Delta::new();
    for (key, value) in before {
        if after.get(key) != Some(value) {
            out.insert(key.clone(), Some(value.clone()));
        }
    }
    for key in after.keys() {
        if !before.contains_key(key) {
            out.insert(key.clone(), None);
        }
    }
    out
}

/// Turns a document back to what it was before the change that left this delta.
pub fn turn_back(document: &mut Document, delta: &Delta) {
    for (key, value) in delta {
        match value {
            Some(value) => document.insert(key.clone(), value.clone()),
            None => document.remove(key),
        };
    }
}

/// Where one reference field of an entry points, as it will stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edges {
    /// Key of the reference field.
    pub field: String,
    /// The entries it points to; none when the field was cleared.
    pub to: Vec<i64>,
}

/// A prepared change of one entry.
#[derive(Clone, Debug)]
pub struct Change {
    /// What happens.
    pub op: Op,
    /// The entry as it will stand; `revision` is the new one.
    pub row: EntryRow,
    /// What turns it back, as JSON; `None` for the first revision.
    pub before: Option<String>,
    /// Digest of the row as it will stand.
    pub digest: Hash,
    /// Search words, when they change.
    pub words: Option<String>,
    /// Edges of the reference fields that change; a removal ends all of them.
    pub edges: Vec<Edges>,
}

impl Change {
    /// A new entry.
    #[must_use]
    pub fn create(
        register: &Register,
        document: &Document,
        row: EntryRow,
        edges: Vec<Edges>,
    ) -> Self {
        Self {
            op: Op::Create,
            digest: chain::row_digest(row.id, &row.register, Some(&row.attributes)),
            words: Some(search::entry_words(register, &row, document)),
            edges,
            before: None,
            row,
        }
    }

    /// New values for an entry that stood as `old`; makes a removed one present again.
    #[must_use]
    pub fn amend(
        register: &Register,
        old: &EntryRow,
        mut row: EntryRow,
        edges: Vec<Edges>,
    ) -> Self {
        let (stood, stands) = (entry::parse(&old.attributes), entry::parse(&row.attributes));
        let before = delta(&stood, &stands);
        row.revision = old.revision + 1;
        row.created_seq = old.created_seq;
        row.present = true;
        let renamed = !old.present || old.name != row.name || old.code != row.code;
        let values = |stage: &str, document: &Document| {
            let mut out = String::new();
            search::value_words(register, stage, document, &mut out);
            out
        };
        let words = (renamed || values(&old.stage, &stood) != values(&row.stage, &stands))
            .then(|| search::entry_words(register, &row, &stands));
        Self {
            op: if old.present { Op::Change } else { Op::Create },
            digest: chain::row_digest(row.id, &row.register, Some(&row.attributes)),
            words,
            edges,
            before: serde_json::to_string(&before).ok(),
            row,
        }
    }

    /// Takes an entry out; the typed columns stay, so that its code is not given out again.
    #[must_use]
    pub fn remove(old: &EntryRow) -> Self {
        let mut row = old.clone();
        row.revision = old.revision + 1;
        row.present = false;
        row.attributes = "{}".to_owned();
        let before = delta(&entry::parse(&old.attributes), &Document::new());
        Self {
            op: Op::Remove,
            digest: chain::row_digest(row.id, &row.register, None),
            words: Some(String::new()),
            edges: Vec::new(),
            before: serde_json::to_string(&before).ok(),
            row,
        }
    }
}
