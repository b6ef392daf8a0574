//! Which part of a zip holds which sheet: the library knows, but does not tell.

use super::bin::{BUNDLE_SHEET, records};
use super::xml::attr;
use memchr::memchr_iter;
use std::collections::HashMap;

/// Parts worth keeping in memory while the zip is scanned, by normalised name.
pub(super) type Kept = HashMap<String, Vec<u8>>;

/// Whether a part is one of those.
pub(super) fn is_kept(name: &str) -> bool {
    name.ends_with("workbook.xml")
        || name.ends_with("workbook.bin")
        || name.ends_with(".rels")
        || name == "mimetype"
}

/// The part names of a workbook's sheets, in the workbook's order; `None` where unknown.
pub(super) fn xlsx_sheet_parts(kept: &Kept) -> Vec<Option<String>> {
    let workbook = workbook_part(kept);
    let (folder, file) = workbook
        .rsplit_once('/')
        .map_or(("", workbook.as_str()), |(d, f)| (d, f));
    let relations = relations(kept, &join(folder, &format!("_rels/{file}.rels")));
    let part = kept.get(&workbook).map(Vec::as_slice).unwrap_or_default();
    tags(part)
        .filter(|tag| is_tag(tag, b"sheet"))
        .map(|tag| {
            attr(tag, b"id")
                .and_then(|id| relations.get(id))
                .map(|target| join(folder, target))
        })
        .collect()
}

/// The same for a binary workbook, whose places are fixed.
pub(super) fn xlsb_sheet_parts(kept: &Kept) -> Vec<Option<String>> {
    let relations = relations(kept, "xl/_rels/workbook.bin.rels");
    let part = kept
        .get("xl/workbook.bin")
        .map(Vec::as_slice)
        .unwrap_or_default();
    records(part)
        .filter(|(kind, _)| *kind == BUNDLE_SHEET)
        .filter_map(|(_, body)| {
            // Sheets without a relation (macro modules) are skipped by the library too.
            let length = u32::from_le_bytes(body.get(8..12)?.try_into().ok()?);
            if length == u32::MAX {
                return None;
            }
            let bytes = usize::try_from(length).ok()?.checked_mul(2)?;
            let id = encoding_rs::UTF_16LE
                .decode(body.get(12..bytes.checked_add(12)?)?)
                .0
                .into_owned();
            Some(
                relations
                    .get(id.as_bytes())
                    .map(|target| join("xl", target)),
            )
        })
        .collect()
}

fn workbook_part(kept: &Kept) -> String {
    let part = kept
        .get("_rels/.rels")
        .map(Vec::as_slice)
        .unwrap_or_default();
    tags(part)
        .filter(|tag| is_tag(tag, b"Relationship"))
        .find(|tag| {
            attr(tag, b"Type").is_some_and(|t| t.ends_with(b"/relationships/officeDocument"))
        })
        .and_then(|tag| attr(tag, b"Target"))
        .map_or_else(
            || "xl/workbook.xml".to_owned(),
            |target| join("", &String::from_utf8_lossy(target)),
        )
}

fn relations(kept: &Kept, name: &str) -> HashMap<Vec<u8>, String> {
    let part = kept.get(name).map(Vec::as_slice).unwrap_or_default();
    tags(part)
        .filter(|tag| is_tag(tag, b"Relationship"))
        .filter_map(|tag| {
            let target = String::from_utf8_lossy(attr(tag, b"Target")?).into_owned();
            Some((attr(tag, b"Id")?.to_vec(), target))
        })
        .collect()
}

/// A target seen from a folder, in the normal form of part names.
fn join(folder: &str, target: &str) -> String {
    let path = match target.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None if folder.is_empty() => target.to_owned(),
        None => format!("{folder}/{target}"),
    };
    normal_name(&path)
}

/// Part names compare without case, with forward slashes.
pub(super) fn normal_name(name: &str) -> String {
    name.replace('\\', "/")
        .trim_start_matches('/')
        .to_lowercase()
}

fn tags(part: &[u8]) -> impl Iterator<Item = &[u8]> {
    memchr_iter(b'<', part).filter_map(|start| {
        let rest = part.get(start + 1..)?;
        rest.get(..memchr::memchr(b'>', rest)?)
    })
}

fn is_tag(tag: &[u8], name: &[u8]) -> bool {
    let end = tag
        .iter()
        .position(|b| b.is_ascii_whitespace() || *b == b'/')
        .unwrap_or(tag.len());
    let full = tag.get(..end).unwrap_or_default();
    full.rsplit(|b| *b == b':').next() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_are_found_through_their_relations() {
        let mut kept = Kept::new();
        let rels = r#"<Relationships><Relationship Id="rId1" Type="http://x/relationships/officeDocument" Target="/xl/workbook.xml"/></Relationships>"#;
        kept.insert("_rels/.rels".to_owned(), rels.into());
        let book = r#"<workbook><sheets><sheet name="a" sheetId="1" r:id="rId2"/><sheet name="b" sheetId="2" r:id="rId9"/></sheets></workbook>"#;
        kept.insert("xl/workbook.xml".to_owned(), book.into());
        let rels = r#"<Relationships><Relationship Target="worksheets/Sheet7.xml" Id="rId2" Type="t"/></Relationships>"#;
        kept.insert("xl/_rels/workbook.xml.rels".to_owned(), rels.into());
        assert_eq!(
            xlsx_sheet_parts(&kept),
            [Some("xl/worksheets/sheet7.xml".to_owned()), None]
        );
    }
}
