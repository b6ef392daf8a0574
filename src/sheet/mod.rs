//! Workbooks and CSV in, workbooks out. Pure: no ledger, no database.
//!
//! In: `workbook` (the parent's side) starts `child`, which sniffs the file (`sniff`), checks a zip before any library
//! sees it (`scan`), and streams its rows over pipes (`wire`). `locate` finds the header, `rows` sorts what follows it.
//! Out: `template` makes empty workbooks from the definitions, `export` writes entries, `annotate` hands the user's own
//! workbook back; `look` and `guard` are what they share.

pub mod annotate;
pub mod cell;
pub mod child;
pub mod export;
pub mod fault;
pub mod guard;
pub mod header;
pub mod info;
pub mod limits;
pub mod locate;
pub mod look;
pub mod rows;
pub mod table;
pub mod template;
pub mod workbook;

mod assemble;
mod bin;
mod delimited;
mod marks;
mod ods;
mod ole;
mod package;
mod scan;
mod sniff;
mod source;
mod text;
mod watch;
mod wire;
mod xml;

/// Header of the column that an annotated workbook carries for each row's outcome; ignored on import.
pub const RESULT_HEADER: &str = "结果（一本账）";
/// Header of the column that explains it; ignored on import.
pub const REMARK_HEADER: &str = "说明（一本账）";
/// Name of the sheet of totals in an annotated workbook; skipped on import.
pub const TOTALS_SHEET: &str = "导入结果（一本账）";
