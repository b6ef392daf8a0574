//! The import pipeline: match, check, compare, apply, undo, annotate.
//!
//! `run` walks it: a workbook is located and matched, its rows are planned against the ledger on one
//! thread and written on another, in one change set that is committed as a whole or not at all.

pub mod annotated;
pub mod collect;
pub mod compare;
pub mod correct;
pub mod ends;
pub mod identify;
pub mod known;
pub mod layout;
pub mod mapping;
pub mod matching;
pub mod planner;
pub mod preview;
pub mod read;
pub mod record;
pub mod report;
pub mod row;
pub mod run;
pub mod sheet_plan;
pub mod spool;
pub mod upload;
