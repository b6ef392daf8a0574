//! What a file is, by its first bytes; names lie.

use super::fault::SheetFault;
use super::package::Kept;
use super::workbook::Format;

/// How much of the file is enough to tell.
pub(super) const ENOUGH: usize = 8 * 1024;

/// The container a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    Zip,
    Ole,
    Text,
}

/// Tells the container, or names what the file is instead.
pub(super) fn container(start: &[u8]) -> Result<Container, SheetFault> {
    const OLE: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
    if start.starts_with(b"PK\x03\x04") {
        return Ok(Container::Zip);
    }
    if start.starts_with(OLE) {
        return Ok(Container::Ole);
    }
    if start.len() < OLE.len() && (OLE.starts_with(start) || b"PK\x03\x04".starts_with(start)) {
        return Err(SheetFault::corrupt("文件不完整"));
    }
    if let Some((_, what)) = FOREIGN.iter().find(|(magic, _)| start.starts_with(magic)) {
        return Err(not_a_workbook(what));
    }
    check_markup(start)?;
    Ok(Container::Text)
}

const FOREIGN: [(&[u8], &str); 12] = [
    (b"%PDF", "PDF 文档"),
    (b"\x89PNG", "图片（PNG）"),
    (b"\xFF\xD8\xFF", "图片（JPEG）"),
    (b"GIF8", "图片（GIF）"),
    (b"Rar!", "RAR 压缩包"),
    (b"7z\xBC\xAF\x27\x1C", "7z 压缩包"),
    (b"\x1F\x8B", "gzip 压缩包"),
    (b"{\\rtf", "RTF 文档"),
    (b"\x7FELF", "程序文件"),
    (b"MZ\x90", "程序文件"),
    (b"PK\x05\x06", "空压缩包"),
    (b"SQLite format 3", "数据库文件"),
];

/// A refusal of something that is no table at all.
pub(super) fn not_a_workbook(what: &str) -> SheetFault {
    SheetFault::new(
        "not_a_workbook",
        format!("这不是表格文件，而是{what}"),
        "请上传 Excel/WPS 工作簿（.xlsx、.xls、.et、.ods）或 CSV 文件。",
    )
}

/// Web systems export HTML or XML under the name `.xls`; Excel opens it with a warning, we say how to save it.
fn check_markup(start: &[u8]) -> Result<(), SheetFault> {
    // Every second byte of UTF-16 Latin text is zero: without them the words can be looked for in any encoding.
    let text: Vec<u8> = start
        .iter()
        .filter(|b| **b != 0)
        .map(u8::to_ascii_lowercase)
        .collect();
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text);
    let text = text
        .strip_prefix(b"\xFF\xFE")
        .or(text.strip_prefix(b"\xFE\xFF"))
        .unwrap_or(text);
    let text = text.trim_ascii_start();
    let has = |word: &[u8]| memchr::memmem::find(text, word).is_some();
    let what = if text.starts_with(b"<")
        && [&b"<html"[..], b"<table", b"<!doctype html", b"<body"]
            .iter()
            .any(|w| has(w))
    {
        "网页（HTML）"
    } else if text.starts_with(b"<?xml") || text.starts_with(b"<workbook") {
        "XML 文本"
    } else if text.starts_with(b"mime-version:") {
        "单文件网页（MHT）"
    } else if matches!(
        start,
        [0x09, 0x00 | 0x02 | 0x04 | 0x08, 0x04..=0x08, 0x00, ..]
    ) {
        "很旧的 Excel 格式（Excel 4.0 及更早）"
    } else {
        return Ok(());
    };
    Err(SheetFault::new(
        "markup",
        format!("文件内容是{what}，不是 Excel 工作簿，只是用了表格的扩展名"),
        "请用 Excel 或 WPS 打开它，选择“另存为”，类型选“Excel 工作簿 (*.xlsx)”，再上传新文件。",
    ))
}

/// The format of a zip, by its parts.
pub(super) fn zip_format<'n>(
    kept: &Kept,
    mut names: impl Iterator<Item = &'n String>,
) -> Result<Format, SheetFault> {
    if kept.contains_key("xl/workbook.bin") {
        return Ok(Format::Xlsb);
    }
    if kept.keys().any(|name| name.ends_with("workbook.xml")) {
        return Ok(Format::Xlsx);
    }
    if let Some(mime) = kept.get("mimetype") {
        if mime.starts_with(b"application/vnd.oasis.opendocument.spreadsheet") {
            return Ok(Format::Ods);
        }
        return Err(not_a_workbook("其他类型的 OpenDocument 文档"));
    }
    Err(not_a_workbook(
        match names.find_map(|name| {
            name.split('/')
                .next()
                .filter(|d| matches!(*d, "word" | "ppt"))
        }) {
            Some("word") => " Word 文档",
            Some(_) => " PowerPoint 演示文稿",
            None => "普通压缩包（ZIP）",
        },
    ))
}

/// Whether a compound file holds a workbook; anything else is named.
pub(super) fn check_ole(bytes: &[u8]) -> Result<(), SheetFault> {
    let has = |name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        memchr::memmem::find(bytes, &wide).is_some()
    };
    if has("EncryptedPackage") {
        return Err(super::scan::encrypted());
    }
    if has("Workbook") || has("Book") || has("WORKBOOK") || has("BOOK") {
        return Ok(());
    }
    Err(not_a_workbook(if has("WordDocument") {
        " Word 文档"
    } else if has("PowerPoint Document") {
        " PowerPoint 演示文稿"
    } else {
        "其他类型的文件"
    }))
}
