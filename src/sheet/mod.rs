//! Workbooks and CSV in, workbooks out. Pure: no ledger, no database.

pub mod annotate;
pub mod cell;
pub mod export;
pub mod guard;
pub mod look;
pub mod template;

/// Header of the column that an annotated workbook carries for each row's outcome; ignored on import.
pub const RESULT_HEADER: &str = "结果（一本账）";
/// Header of the column that explains it; ignored on import.
pub const REMARK_HEADER: &str = "说明（一本账）";
/// Name of the sheet of totals in an annotated workbook; skipped on import.
pub const TOTALS_SHEET: &str = "导入结果（一本账）";
