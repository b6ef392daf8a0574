//! The check for duplicates (查重): what is like a proposal, why, and what the reviewer answers to each hit.
//!
//! `text.rs` takes texts apart, `score.rs` compares, `index.rs` finds, `kept.rs` keeps the index up to date, `check.rs`
//! asks, `tell.rs` says why and what a viewer may see, `store.rs` keeps runs, `answer.rs` their answers; `batch.rs`, `near.rs`,
//! `lists.rs` and `listed.rs` are built on them.

pub mod answer;
pub mod batch;
pub mod check;
pub mod index;
pub mod kept;
mod lexicon;
pub mod listed;
pub mod lists;
pub mod near;
pub mod score;
pub mod store;
pub mod tell;
pub mod text;

pub use answer::{Verdict, answer, may_answer};
pub use check::{Form, Means, Report, What, check, check_batch};
pub use kept::Kept;
pub use lexicon::Lexicon;
pub use score::Rules;
pub use store::{answers, is_current, last_run, run, unanswered};
pub use tell::Hit;
