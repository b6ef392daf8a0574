//! What every command needs: the definitions, the ledger's address, the workbook parser.

use std::path::PathBuf;

use crate::db::connection::Database;
use crate::deadline;
use crate::issue;
use crate::notice::mail;
use crate::org::Rules;
use crate::register::catalogue::Catalogue;
use crate::sharing::reconcile;
use crate::sharing::request;
use crate::sheet::workbook::Parser;
use crate::upkeep::checkpoint;

/// The program as configured.
pub struct App {
    /// Registers, lists, regions.
    pub catalogue: Catalogue,
    /// Where the ledger lives.
    pub database: Database,
    /// How workbooks are opened.
    pub parser: Parser,
    /// Rules for people and filings.
    pub organisation: Rules,
    /// Who is reminded of what falls due, and when.
    pub reminders: deadline::Rules,
    /// How long issues may take, and who is reminded when.
    pub issues: issue::Rules,
    /// What links are compared by.
    pub reconcile: reconcile::Rules,
    /// The mail server; without one nothing is mailed.
    pub mail: Option<mail::Settings>,
    /// How sharing is done.
    pub sharing: request::Rules,
    /// Where signed checkpoints go besides the data folder.
    pub checkpoints: checkpoint::Rules,
    /// Where files are kept.
    pub data: PathBuf,
}
