//! Small workbooks and CSV files, drawn in code so that a test shows what it imports.

use std::path::Path;

use rust_xlsxwriter::{Format, Workbook};

/// Lines with cells between `|`; `\n` in a cell is a line break.
pub fn cells(lines: &[&str]) -> Vec<Vec<String>> {
    lines
        .iter()
        .map(|line| line.split('|').map(|c| c.trim().to_owned()).collect())
        .collect()
}

/// A workbook being drawn; every cell is text.
pub struct Book(Workbook);

impl Book {
    /// An empty one.
    pub fn new() -> Self {
        Self(Workbook::new())
    }

    /// Adds a sheet, a line a row, cells between `|`.
    pub fn sheet(self, name: &str, lines: &[&str]) -> Self {
        self.table(name, &cells(lines))
    }

    /// Adds a sheet of these cells; empty ones stay empty.
    pub fn table(mut self, name: &str, rows: &[Vec<String>]) -> Self {
        let sheet = self.0.add_worksheet();
        sheet.set_name(name).unwrap();
        for (r, row) in (0_u32..).zip(rows) {
            for (c, cell) in (0_u16..).zip(row).filter(|(_, cell)| !cell.is_empty()) {
                sheet.write_string(r, c, cell).unwrap();
            }
        }
        self
    }

    /// Hides the sheet drawn last.
    pub fn hidden(mut self) -> Self {
        let last = self.0.worksheets().len() - 1;
        self.0.worksheets_mut()[last].set_hidden(true);
        self
    }

    /// Merges cells of the sheet drawn last, 0-based, with a text in them.
    pub fn merge(mut self, from: (u32, u16), to: (u32, u16), text: &str) -> Self {
        let last = self.0.worksheets().len() - 1;
        self.0.worksheets_mut()[last]
            .merge_range(from.0, from.1, to.0, to.1, text, &Format::new())
            .unwrap();
        self
    }

    /// Writes it.
    pub fn save(mut self, path: &Path) {
        self.0.save(path).unwrap();
    }
}

/// A CSV file in UTF-8.
pub fn csv(path: &Path, rows: &[Vec<String>]) {
    let mut out = csv::WriterBuilder::new()
        .flexible(true)
        .from_path(path)
        .unwrap();
    for row in rows {
        out.write_record(row).unwrap();
    }
    out.flush().unwrap();
}
