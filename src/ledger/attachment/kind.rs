//! What kind of file it is, by content; its name only helps to say what was expected.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use memchr::memmem;

use crate::error::{Doing, Problem, Result};

/// The longest file name, in characters.
const NAME_CHARS: usize = 120;

/// A type of file that can be attached. Archives cannot: what is in them could not be looked at by type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// PDF.
    Pdf,
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// OFD (GB/T 33190).
    Ofd,
    /// Word.
    Docx,
    /// Excel.
    Xlsx,
}

impl Media {
    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Ofd => "application/ofd",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Pdf => &["pdf"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Png => &["png"],
            Self::Ofd => &["ofd"],
            Self::Docx => &["docx"],
            Self::Xlsx => &["xlsx"],
        }
    }

    /// The name with an extension that tells the truth.
    #[must_use]
    pub fn named(self, name: &str) -> String {
        let lower = name.to_lowercase();
        let fits = |e: &&str| lower.ends_with(&format!(".{e}"));
        if self.extensions().iter().any(fits) {
            return name.to_owned();
        }
        let extension = self.extensions().first().copied().unwrap_or_default();
        format!("{name}.{extension}")
    }
}

/// A file name without folders, control characters or signs that turn text around.
#[must_use]
pub fn clean_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let turns = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let kept: String = base
        .chars()
        .filter(|c| !c.is_control() && !turns(*c) && !"\"<>|:*?".contains(*c))
        .collect();
    let kept = kept.trim().trim_start_matches('.').to_owned();
    let length = kept.chars().count();
    if kept.is_empty() {
        "附件".to_owned()
    } else if length > NAME_CHARS {
        // The end has the extension.
        kept.chars().skip(length - NAME_CHARS).collect()
    } else {
        kept
    }
}

/// What a file is; a problem when it cannot be attached.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn look(file: &Path, limit: u64) -> Result<std::result::Result<Media, Problem>> {
    let refused =
        |code: &str, message: &str, hint: &str| Ok(Err(Problem::new("file", code, message, hint)));
    let size = std::fs::metadata(file).doing("读取附件")?.len();
    if size == 0 {
        return refused("empty_file", "文件是空的。", "请检查后重新选择");
    }
    if size > limit {
        let message = format!("文件超过 {} MB。", limit / 1024 / 1024);
        return refused("too_large", &message, "请压缩扫描分辨率，或拆分为几个文件");
    }
    let mut bytes = Vec::new();
    let mut open = File::open(file).doing("读取附件")?.take(limit);
    open.read_to_end(&mut bytes).doing("读取附件")?;
    let holds = |word: &str| memmem::find(&bytes, word.as_bytes()).is_some();
    // Names of the parts of a packed file stand in it as they are.
    Ok(Ok(if bytes.starts_with(b"%PDF-") {
        Media::Pdf
    } else if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        Media::Jpeg
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Media::Png
    } else if !bytes.starts_with(b"PK\x03\x04") {
        return refused(
            "unknown_type",
            "只接受 PDF、OFD、JPG、PNG、DOCX、XLSX 文件。",
            "请先另存为其中一种格式",
        );
    } else if holds("vbaProject.bin") {
        return refused(
            "macros",
            "文件中含有宏。",
            "请另存为不含宏的文件，或转为 PDF",
        );
    } else if holds("OFD.xml") {
        Media::Ofd
    } else if holds("word/document.xml") {
        Media::Docx
    } else if holds("xl/workbook.xml") {
        Media::Xlsx
    } else {
        return refused("archive", "不接受压缩包。", "请解压后逐个上传其中的文件");
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_is_no_name() {
        for (given, kept) in [
            ("../../etc/passwd", "passwd"),
            (r"C:\fake\批复.pdf", "批复.pdf"),
            ("a\u{202e}fdp.exe", "afdp.exe"),
            ("x\0y\r\n.pdf", "xy.pdf"),
            ("..", "附件"),
            ("\"><script>.png", "script.png"),
        ] {
            assert_eq!(clean_name(given), kept);
        }
        assert_eq!(Media::Pdf.named("合同.doc"), "合同.doc.pdf");
        assert_eq!(Media::Jpeg.named("章.JPEG"), "章.JPEG");
    }
}
