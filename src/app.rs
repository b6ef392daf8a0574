//! What every command needs: the definitions, the ledger's address, the workbook parser.

use std::path::PathBuf;

use crate::db::connection::Database;
use crate::register::catalogue::Catalogue;
use crate::sheet::workbook::Parser;

/// The program as configured.
pub struct App {
    /// Registers, lists, regions.
    pub catalogue: Catalogue,
    /// Where the ledger lives.
    pub database: Database,
    /// How workbooks are opened.
    pub parser: Parser,
    /// Where files are kept.
    pub data: PathBuf,
}
