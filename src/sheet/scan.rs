//! A zip is looked through before any library opens it: every part is inflated once, counted and checked.
//!
//! Caps are on bytes, entries and rows, never on the ratio: genuine workbooks compress a hundredfold. The same pass
//! checks each CRC (the library does not) and collects what the library would need a second pass for.

use super::bin::{BinFacts, BinScan};
use super::fault::SheetFault;
use super::limits::Limits;
use super::package::{Kept, is_kept, normal_name};
use super::xml::{XmlFacts, XmlScan};
use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek};
use zip::ZipArchive;
use zip::result::ZipError;

/// Rows of a sheet in the file format itself.
pub(super) const SHEET_ROWS: u64 = 1_048_576;
/// Kept parts are small; a bigger one is not kept, and its sheets count as unknown.
const KEPT_MOST: usize = 4 * 1024 * 1024;
/// By how many shared strings a writer may be wrong.
const MISCOUNT: u64 = 10_000;
const CHUNK: usize = 64 * 1024;

/// What a part says about itself.
#[derive(Debug)]
pub(super) enum Facts {
    Xml(XmlFacts),
    Bin(BinFacts),
}

/// What the pass found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub parts: HashMap<String, Facts>,
    pub kept: Kept,
    pub macros: bool,
}

/// Looks through a zip.
pub(super) fn scan(reader: impl Read + Seek, limits: &Limits) -> Result<Scan, SheetFault> {
    let mut zip = ZipArchive::new(reader).map_err(zip_fault)?;
    check_directory(&mut zip, limits)?;
    let mut scan = Scan::default();
    let mut names = HashSet::new();
    let mut left = limits.inflated_bytes;
    let mut buffer = vec![0_u8; CHUNK];
    for index in 0..zip.len() {
        let mut part = zip.by_index(index).map_err(zip_fault)?;
        if part.encrypted() {
            return Err(encrypted());
        }
        let name = normal_name(&String::from_utf8_lossy(part.name_raw()));
        if !names.insert(name.clone()) {
            return Err(SheetFault::corrupt(format!("压缩包内有重名部件 {name}")));
        }
        scan.macros |= name.ends_with("vbaproject.bin");
        let mut look = Look::new(&name, limits);
        loop {
            let got = part
                .read(&mut buffer)
                .map_err(|error| SheetFault::corrupt(format!("部件 {name} 校验失败（{error}）")))?;
            if got == 0 {
                break;
            }
            left = left
                .checked_sub(got as u64)
                .ok_or_else(|| too_much(limits))?;
            look.feed(buffer.get(..got).unwrap_or_default());
        }
        look.finish(name, &mut scan)?;
    }
    Ok(scan)
}

fn check_directory<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    limits: &Limits,
) -> Result<(), SheetFault> {
    if zip.len() > limits.entries {
        return Err(SheetFault::new(
            "too_many_entries",
            format!(
                "文件内部有 {} 个部件，超过上限 {} 个",
                zip.len(),
                limits.entries
            ),
            "请把需要的工作表复制到新建的工作簿后重新上传。",
        ));
    }
    if zip.has_duplicate_names() {
        return Err(SheetFault::corrupt("压缩包内有重名部件"));
    }
    if zip.has_overlapping_entries().map_err(zip_fault)? {
        return Err(SheetFault::corrupt("压缩包内的部件互相重叠"));
    }
    Ok(())
}

/// The look at one part, whatever it is.
struct Look {
    kind: Kind,
    kept: Option<Vec<u8>>,
    start: Vec<u8>,
}

enum Kind {
    Xml(XmlScan),
    Bin(BinScan),
    Other,
}

impl Look {
    fn new(name: &str, limits: &Limits) -> Self {
        let kind = if name.ends_with(".xml") || name.ends_with(".rels") {
            Kind::Xml(XmlScan::new(limits.merges + 1))
        } else if name.ends_with(".bin") {
            Kind::Bin(BinScan::new(limits.merges + 1))
        } else {
            Kind::Other
        };
        Self {
            kind,
            kept: is_kept(name).then(Vec::new),
            start: Vec::new(),
        }
    }

    fn feed(&mut self, chunk: &[u8]) {
        if self.start.len() < 4 {
            self.start.extend(chunk.iter().take(4));
        }
        if let Some(kept) = &mut self.kept
            && kept.len() + chunk.len() <= KEPT_MOST
        {
            kept.extend_from_slice(chunk);
        }
        match &mut self.kind {
            Kind::Xml(scan) => scan.feed(chunk),
            Kind::Bin(scan) => scan.feed(chunk),
            Kind::Other => {}
        }
    }

    fn finish(self, name: String, scan: &mut Scan) -> Result<(), SheetFault> {
        if let Some(kept) = self.kept {
            scan.kept.insert(name.clone(), kept);
        }
        match self.kind {
            Kind::Xml(look) => {
                if matches!(
                    self.start.as_slice(),
                    [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, ..] | [_, 0, ..]
                ) {
                    // A UTF-16 part would hide its tags from this scan; no office program writes one.
                    return Err(SheetFault::new(
                        "part_encoding",
                        format!("文件部件 {name} 使用了不支持的编码（UTF-16）"),
                        "请用 Excel 或 WPS 打开后另存为 .xlsx，再重新上传。",
                    ));
                }
                let facts = look.finish();
                check_xml(&name, &facts)?;
                scan.parts.insert(name, Facts::Xml(facts));
            }
            Kind::Bin(look) => {
                let facts = look.finish();
                scan.parts.insert(name, Facts::Bin(facts));
            }
            Kind::Other => {}
        }
        Ok(())
    }
}

fn check_xml(name: &str, facts: &XmlFacts) -> Result<(), SheetFault> {
    if facts.doctype {
        return Err(SheetFault::new(
            "doctype",
            format!("文件部件 {name} 含有不允许的文档类型声明（DOCTYPE）"),
            "正常的工作簿不含这种内容；请用 Excel 或 WPS 打开后另存为 .xlsx，再重新上传。",
        ));
    }
    if facts.endless_tag {
        return Err(SheetFault::corrupt(format!("部件 {name} 含有超长标记")));
    }
    // Libraries reserve memory for the number claimed. Some writers miscount a little; that is no lie.
    let believable = facts.strings.saturating_mul(2).saturating_add(MISCOUNT);
    if facts
        .strings_claimed
        .is_some_and(|claimed| claimed > believable)
    {
        return Err(SheetFault::corrupt(format!(
            "部件 {name} 声明的字符串数与实际不符"
        )));
    }
    if facts.rows > SHEET_ROWS {
        return Err(SheetFault::new(
            "too_many_rows",
            format!(
                "工作表（{name}）含有 {} 个行记录，超过 Excel 的上限 {SHEET_ROWS} 行",
                facts.rows
            ),
            "请删除数据区域以外的空白行后重新保存。",
        ));
    }
    Ok(())
}

fn too_much(limits: &Limits) -> SheetFault {
    SheetFault::new(
        "inflated_too_large",
        format!(
            "文件解压后超过上限 {} MB，已停止读取",
            limits.inflated_bytes / (1024 * 1024)
        ),
        "请删去图片和多余的工作表、空白行列，或拆成几个文件后上传。",
    )
}

/// The file asks for a password.
pub(super) fn encrypted() -> SheetFault {
    SheetFault::new(
        "encrypted",
        "文件已加密，请取消密码后再上传",
        "在 Excel 中：文件 → 信息 → 保护工作簿 → 用密码进行加密，清空密码后保存；在 WPS 中：文件 → 文档加密 → 密码加密，清空后保存。",
    )
}

fn zip_fault(error: ZipError) -> SheetFault {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            encrypted()
        }
        error => SheetFault::corrupt(format!("压缩结构无法读取（{error}）")),
    }
}
