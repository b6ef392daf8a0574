//! Entries with their whole history: change sets, revisions, relations, the chain, as-of reads.
//!
//! One door: every change of an entry goes through [`change_set`], whether it comes from an
//! import, a form, an undo or a job, so that history, scope and chain cannot disagree.

pub mod as_of;
pub mod chain;
pub mod change;
pub mod change_set;
pub mod entry;
pub mod read;
pub mod search;
pub mod undo;
pub mod verify;
