//! The import pipeline: from a workbook to a change of the ledger.

pub mod matching;
