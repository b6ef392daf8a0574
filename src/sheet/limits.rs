//! How much of a file is read at most: bytes, rows, columns, memory, time. Never a compression ratio.

use serde::{Deserialize, Serialize};

const MIB: u64 = 1024 * 1024;

/// Bounds on one file and on the process that reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Size of the file itself.
    pub file_bytes: u64,
    /// Bytes of all parts of a zip together, really inflated.
    pub inflated_bytes: u64,
    /// Rows of one sheet that hold anything.
    pub rows_per_sheet: u32,
    /// Columns of a sheet.
    pub columns: u16,
    /// Characters of one cell.
    pub cell_chars: usize,
    /// Sheets of a workbook.
    pub sheets: usize,
    /// Merged areas of one sheet.
    pub merges: usize,
    /// Entries of a zip.
    pub entries: usize,
    /// Address space of the parsing process.
    pub memory_bytes: u64,
    /// Processor time of the parsing process.
    pub cpu_seconds: u64,
    /// Time the parent waits for the parsing process, all waits together.
    pub wall_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 64 * MIB,
            inflated_bytes: 512 * MIB,
            rows_per_sheet: 200_000,
            columns: 500,
            cell_chars: 32_767,
            sheets: 200,
            merges: 200_000,
            entries: 2_000,
            memory_bytes: 512 * MIB,
            cpu_seconds: 60,
            wall_seconds: 180,
        }
    }
}
