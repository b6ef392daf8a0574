//! Entries with their whole history: change sets, revisions, relations, the chain, as-of reads.
//!
//! One door: every change of an entry goes through [`change_set`], whether it comes from an
//! import, a form, an undo or a job, so that history, scope and chain cannot disagree.

pub mod amend;
pub mod as_of;
pub mod attachment;
pub mod chain;
pub mod change;
pub mod change_set;
pub mod changes;
pub mod edit;
pub mod ends;
pub mod entry;
pub mod facts;
pub mod held;
pub mod list;
pub mod merge;
pub mod read;
pub mod refer;
pub mod reindex;
pub mod saved;
pub mod search;
pub mod sight;
pub mod undo;
pub mod verify;
pub mod walk;
