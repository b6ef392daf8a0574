//! One look at a part's XML while it is inflated: counts, merged areas, formulas without result, forbidden prologs.
//!
//! A byte scan of tags, no parser: it costs a tenth of one, survives any input, and saves the library's second pass for
//! merged areas. It may be cut anywhere between two chunks.

use memchr::memchr;

use super::cell::Merge;
use super::ods::Tables;

/// A tag longer than this is nothing an office program writes.
const TAG_MOST: usize = 1024 * 1024;
/// Formulas without result that are remembered, per sheet.
const BARE_MOST: usize = 500_000;

/// What a part says about itself.
#[derive(Debug, Default)]
pub(super) struct XmlFacts {
    /// `<row>` elements.
    pub rows: u64,
    /// Of these, hidden.
    pub hidden_rows: u32,
    /// Merged areas, at most as many as asked for.
    pub merges: Vec<Merge>,
    /// All merged areas.
    pub merge_count: usize,
    /// `<si>` elements.
    pub strings: u64,
    /// The `uniqueCount` claimed.
    pub strings_claimed: Option<u64>,
    /// Cells with a formula and no result: 0-based (row, column), sorted.
    pub bare_formulas: Vec<(u32, u32)>,
    /// A document type or entity declaration is present.
    pub doctype: bool,
    /// A tag is longer than any sane tag.
    pub endless_tag: bool,
    /// Tables of an `OpenDocument` content part.
    pub tables: Tables,
}

/// The scanner; feed it chunks, then take its facts.
#[derive(Debug)]
pub(super) struct XmlScan {
    facts: XmlFacts,
    carry: Vec<u8>,
    text: usize,
    cell: Vec<u8>,
    formula: bool,
    value: bool,
    merges_most: usize,
}

impl XmlScan {
    pub(super) fn new(merges_most: usize) -> Self {
        Self {
            facts: XmlFacts::default(),
            carry: Vec::new(),
            text: 0,
            cell: Vec::new(),
            formula: false,
            value: false,
            merges_most,
        }
    }

    pub(super) fn feed(&mut self, chunk: &[u8]) {
        let mut rest = chunk;
        if !self.carry.is_empty() {
            let Some(end) = memchr(b'>', rest) else {
                self.carry.extend_from_slice(rest);
                self.facts.endless_tag |= self.carry.len() > TAG_MOST;
                if self.facts.endless_tag {
                    self.carry.clear();
                }
                return;
            };
            let mut tag = std::mem::take(&mut self.carry);
            tag.extend_from_slice(rest.get(..end).unwrap_or_default());
            self.tag(tag.get(1..).unwrap_or_default());
            tag.clear();
            self.carry = tag;
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        while let Some(start) = memchr(b'<', rest) {
            self.text += start;
            let from = rest.get(start..).unwrap_or_default();
            let Some(end) = memchr(b'>', from) else {
                self.carry.extend_from_slice(from);
                return;
            };
            self.tag(from.get(1..end).unwrap_or_default());
            rest = from.get(end + 1..).unwrap_or_default();
        }
        self.text += rest.len();
    }

    pub(super) fn finish(mut self) -> XmlFacts {
        self.facts.bare_formulas.sort_unstable();
        self.facts
    }

    /// `tag` is what stands between `<` and `>`.
    fn tag(&mut self, tag: &[u8]) {
        let text = std::mem::take(&mut self.text);
        match local_name(tag) {
            b"c" => {
                self.cell.clear();
                self.cell.extend_from_slice(tag);
                self.formula = false;
                self.value = false;
            }
            b"f" => self.formula = true,
            // A formula whose result is an empty text is written `t="str"` with an empty value.
            b"v" => self.value |= self.formula && attr(&self.cell, b"t") == Some(b"str"),
            b"/v" => self.value |= text > 0,
            b"is" => self.value = true,
            b"/c" => self.cell_ends(),
            b"row" => {
                self.facts.rows += 1;
                if matches!(attr(tag, b"hidden"), Some(b"1" | b"true")) {
                    self.facts.hidden_rows = self.facts.hidden_rows.saturating_add(1);
                }
            }
            b"mergeCell" => self.merge(tag),
            b"si" => self.facts.strings += 1,
            b"sst" => {
                self.facts.strings_claimed = attr(tag, b"uniqueCount").and_then(number);
            }
            b"!DOCTYPE" | b"!ENTITY" => self.facts.doctype = true,
            name => self.facts.tables.tag(name, tag, self.merges_most),
        }
    }

    fn cell_ends(&mut self) {
        if self.formula
            && !self.value
            && self.facts.bare_formulas.len() < BARE_MOST
            && let Some(place) = attr(&self.cell, b"r").and_then(place)
        {
            self.facts.bare_formulas.push(place);
        }
        self.formula = false;
    }

    fn merge(&mut self, tag: &[u8]) {
        let Some(merge) = attr(tag, b"ref").and_then(area) else {
            return;
        };
        self.facts.merge_count += 1;
        if self.facts.merges.len() < self.merges_most {
            self.facts.merges.push(merge);
        }
    }
}

/// The tag's name without prefix; a closing tag keeps its slash.
fn local_name(tag: &[u8]) -> &[u8] {
    let end = tag
        .iter()
        .position(|b| matches!(b, b' ' | b'/' | b'\t' | b'\n' | b'\r'));
    let (closing, name) = match (end, tag.split_first()) {
        (Some(0), Some((b'/', inner))) => (true, inner),
        (Some(end), _) => (false, tag.get(..end).unwrap_or_default()),
        (None, _) => (false, tag),
    };
    match memchr(b':', name) {
        // `</x:c>`: only the names looked for matter, so the slash is put back by hand.
        Some(colon) => match (closing, name.get(colon + 1..).unwrap_or_default()) {
            (true, b"c") => b"/c",
            (true, b"v") => b"/v",
            (true, b"table-row") => b"/table-row",
            (true, _) => b"/",
            (false, local) => local,
        },
        None if closing => tag,
        None => name,
    }
}

/// The value of the attribute with this local name.
pub(super) fn attr<'t>(tag: &'t [u8], wanted: &[u8]) -> Option<&'t [u8]> {
    let mut rest = tag;
    loop {
        let equals = memchr(b'=', rest)?;
        let before = rest.get(..equals)?.trim_ascii();
        let name = before
            .rsplit(|b| b.is_ascii_whitespace() || *b == b':')
            .next()?;
        let after = rest.get(equals + 1..)?.trim_ascii_start();
        let (quote, inner) = after.split_first()?;
        let end = memchr(*quote, inner)?;
        if name == wanted {
            return inner.get(..end);
        }
        rest = inner.get(end + 1..)?;
    }
}

pub(super) fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}

/// `B12` → 0-based (row, column).
fn place(text: &[u8]) -> Option<(u32, u32)> {
    let mut column = 0_u32;
    let mut row = 0_u32;
    for byte in text.iter().filter(|b| **b != b'$') {
        match byte {
            b'A'..=b'Z' => {
                column = column
                    .checked_mul(26)?
                    .checked_add(u32::from(byte - b'A') + 1)?
            }
            b'a'..=b'z' => {
                column = column
                    .checked_mul(26)?
                    .checked_add(u32::from(byte - b'a') + 1)?
            }
            b'0'..=b'9' => row = row.checked_mul(10)?.checked_add(u32::from(byte - b'0'))?,
            _ => return None,
        }
    }
    Some((row.checked_sub(1)?, column.checked_sub(1)?))
}

/// `A1:B2` → the area, when it is one.
fn area(text: &[u8]) -> Option<Merge> {
    let colon = memchr(b':', text)?;
    let (top, left) = place(text.get(..colon)?)?;
    let (bottom, right) = place(text.get(colon + 1..)?)?;
    if top > bottom || left > right {
        return None;
    }
    Some(Merge {
        top: top.checked_add(1)?,
        bottom: bottom.checked_add(1)?,
        left: u16::try_from(left).ok()?,
        right: u16::try_from(right).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHEET: &str = concat!(
        r#"<?xml version="1.0"?><x:worksheet><x:sheetData><x:row r="1" hidden="1"><x:c r="A1" t="s"><x:v>0</x:v></x:c>"#,
        r#"<x:c r="B1"><x:f>1+1</x:f></x:c><x:c r="C1" t="str"><x:f>""</x:f><x:v></x:v></x:c></x:row>"#,
        r#"<row r="2"><c r="AA2"><f>A1</f><v/></c><c r="B2"><f>A1</f><v>3</v></c></row></x:sheetData>"#,
        r#"<mergeCells count="2"><mergeCell ref="A1:B2" /><mergeCell ref="$C$3:$D$3"/></mergeCells></x:worksheet>"#,
    );

    fn facts(size: usize) -> XmlFacts {
        let mut scan = XmlScan::new(10);
        SHEET.as_bytes().chunks(size).for_each(|c| scan.feed(c));
        scan.finish()
    }

    #[test]
    fn chunk_borders_change_nothing() {
        for size in [1, 2, 3, 7, 64, 10_000] {
            let facts = facts(size);
            assert_eq!(facts.rows, 2, "{size}");
            assert_eq!(facts.hidden_rows, 1, "{size}");
            assert_eq!(facts.bare_formulas, [(0, 1), (1, 26)], "{size}");
            let first = Merge {
                top: 1,
                bottom: 2,
                left: 0,
                right: 1,
            };
            let second = Merge {
                top: 3,
                bottom: 3,
                left: 2,
                right: 3,
            };
            assert_eq!(facts.merges, [first, second], "{size}");
            assert!(!facts.doctype);
        }
    }

    #[test]
    fn a_document_type_is_seen() {
        let mut scan = XmlScan::new(10);
        scan.feed(b"<?xml version='1.0'?>\n<!DOC");
        scan.feed(b"TYPE a [<!ENTITY b \"c\">]><a/>");
        assert!(scan.finish().doctype);
    }

    #[test]
    fn a_claimed_count_is_read() {
        let mut scan = XmlScan::new(10);
        scan.feed(br#"<sst count="2" uniqueCount="4294967295"><si><t>a</t></si></sst>"#);
        let facts = scan.finish();
        assert_eq!(
            (facts.strings, facts.strings_claimed),
            (1, Some(4_294_967_295))
        );
    }
}
