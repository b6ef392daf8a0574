//! Merged areas and hidden rows of `OpenDocument` tables, which the library does not tell.

use super::cell::Merge;
use super::xml::{attr, number};

/// One table of a content part.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub merges: Vec<Merge>,
    pub hidden_rows: u32,
}

/// All tables, in order; fed with tags.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub all: Vec<Table>,
    /// The row at hand, 0-based, and how often it repeats.
    row: u64,
    repeat: u64,
    column: u64,
}

impl Tables {
    pub(super) fn tag(&mut self, name: &[u8], tag: &[u8], merges_most: usize) {
        match name {
            b"table" => {
                self.all.push(Table::default());
                self.row = 0;
                self.column = 0;
            }
            b"table-row" => {
                self.repeat = attr(tag, b"number-rows-repeated")
                    .and_then(number)
                    .unwrap_or(1);
                self.column = 0;
                if matches!(attr(tag, b"visibility"), Some(b"collapse" | b"filter")) {
                    let more = u32::try_from(self.repeat).unwrap_or(u32::MAX);
                    if let Some(table) = self.all.last_mut() {
                        table.hidden_rows = table.hidden_rows.saturating_add(more);
                    }
                }
                if tag.ends_with(b"/") {
                    self.row = self.row.saturating_add(self.repeat);
                }
            }
            b"/table-row" => self.row = self.row.saturating_add(self.repeat),
            b"table-cell" | b"covered-table-cell" => self.cell(tag, merges_most),
            _ => {}
        }
    }

    fn cell(&mut self, tag: &[u8], merges_most: usize) {
        let rows = attr(tag, b"number-rows-spanned")
            .and_then(number)
            .unwrap_or(1);
        let columns = attr(tag, b"number-columns-spanned")
            .and_then(number)
            .unwrap_or(1);
        if rows > 1 || columns > 1 {
            let merge = self.area(rows, columns);
            if let (Some(merge), Some(table)) = (merge, self.all.last_mut())
                && table.merges.len() < merges_most
            {
                table.merges.push(merge);
            }
        }
        let repeat = attr(tag, b"number-columns-repeated")
            .and_then(number)
            .unwrap_or(1);
        self.column = self.column.saturating_add(repeat);
    }

    fn area(&self, rows: u64, columns: u64) -> Option<Merge> {
        Some(Merge {
            top: u32::try_from(self.row.checked_add(1)?).ok()?,
            bottom: u32::try_from(self.row.checked_add(rows.max(1))?).ok()?,
            left: u16::try_from(self.column).ok()?,
            right: u16::try_from(self.column.checked_add(columns.max(1))?.checked_sub(1)?).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::xml::XmlScan;
    use super::*;

    #[test]
    fn spans_become_merged_areas() {
        let mut scan = XmlScan::new(10);
        scan.feed(
            concat!(
                "<table:table table:name=\"a\"><table:table-row table:number-rows-repeated=\"2\"/>",
                "<table:table-row table:visibility=\"filter\">",
                "<table:table-cell table:number-columns-repeated=\"3\"/>",
                "<table:table-cell table:number-rows-spanned=\"2\" table:number-columns-spanned=\"2\">",
                "</table:table-cell></table:table-row></table:table><table:table table:name=\"b\"/>",
            )
            .as_bytes(),
        );
        let tables = scan.finish().tables.all;
        assert_eq!(tables.len(), 2);
        assert_eq!(tables[0].hidden_rows, 1);
        assert_eq!(
            tables[0].merges,
            [Merge {
                top: 3,
                bottom: 4,
                left: 3,
                right: 4
            }]
        );
    }
}
