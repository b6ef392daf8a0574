//! Separated text in whatever encoding Chinese offices save it: which one, and its characters in chunks.
//!
//! Byte order mark, then UTF-16 without one, then strict UTF-8, then strict GB18030; anything else is refused with the
//! line named. The file is never held: one pass decides, the next ones decode.

use super::assemble::Sink;
use super::cell::Shown;
use super::delimited::{self, Machine};
use super::fault::SheetFault;
use super::limits::Limits;
use super::source::{SheetFacts, Source, note};
use super::workbook::{Format, Note};
use encoding_rs::{DecoderResult, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::ControlFlow;

const CHUNK: usize = 64 * 1024;
/// Characters beyond ASCII after which a broken byte means a damaged UTF-8 file and no other encoding: a GB18030 file
/// passes as UTF-8 for two or three characters at most.
const SURELY_UTF8: usize = 8;

/// A text file whose encoding and separator are known.
pub(super) struct TextFile {
    file: File,
    encoding: &'static Encoding,
    mark: u64,
    delimiter: u8,
    sheets: [SheetFacts; 1],
}

impl TextFile {
    pub(super) fn open(mut file: File, name: &str) -> Result<Self, SheetFault> {
        let mut start = vec![0_u8; CHUNK];
        let got = fill(&mut file, &mut start)?;
        start.truncate(got);
        let (encoding, mark) = match start.as_slice() {
            [0xEF, 0xBB, 0xBF, ..] => (UTF_8, 3),
            [0xFF, 0xFE, ..] => (UTF_16LE, 2),
            [0xFE, 0xFF, ..] => (UTF_16BE, 2),
            bytes => (wide(bytes).unwrap_or(UTF_8), 0),
        };
        let encoding = settle(&mut file, encoding, mark)?;
        let mut head = String::new();
        decode(&mut file, encoding, mark, &mut |text| {
            head.push_str(text);
            Ok(if head.len() < CHUNK {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        let sheet = SheetFacts {
            name: name.to_owned(),
            shown: Shown::Visible,
            merges: Vec::new(),
            hidden_rows: 0,
        };
        Ok(Self {
            file,
            encoding,
            mark,
            delimiter: delimited::sniff(&head),
            sheets: [sheet],
        })
    }
}

impl Source for TextFile {
    fn format(&self) -> Format {
        Format::Csv
    }

    fn notes(&self) -> Vec<Note> {
        let name = if self.encoding == GB18030 {
            "GBK/GB18030"
        } else {
            self.encoding.name()
        };
        let delimiter = match self.delimiter {
            b'\t' => "制表符",
            b';' => "分号",
            b'|' => "竖线",
            _ => "逗号",
        };
        vec![note(
            "encoding",
            format!("文本编码：{name}；分隔符：{delimiter}"),
        )]
    }

    fn sheets(&self) -> &[SheetFacts] {
        &self.sheets
    }

    fn stream(&mut self, _: usize, limits: &Limits, sink: &mut Sink<'_>) -> Result<(), SheetFault> {
        let [sheet] = &self.sheets;
        let mut machine = Machine::new(self.delimiter, &sheet.name, limits, sink);
        let mut stopped = false;
        decode(&mut self.file, self.encoding, self.mark, &mut |text| {
            let flow = machine.feed(text)?;
            stopped |= flow.is_break();
            Ok(flow)
        })?;
        if stopped { Ok(()) } else { machine.finish() }
    }
}

/// UTF-16 without a mark: its separators and line ends have a zero half, and zeros stand on that side only.
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    let units = || {
        bytes
            .chunks_exact(2)
            .filter_map(|unit| <[u8; 2]>::try_from(unit).ok())
    };
    let like = |halves: &dyn Fn([u8; 2]) -> (u8, u8)| {
        let (mut separators, mut zeros) = (0_usize, 0_usize);
        for (low, high) in units().map(halves) {
            if low == 0 {
                return false;
            }
            if matches!(low, b',' | b'\t' | b';' | b'|' | b'\r' | b'\n') {
                separators += 1;
                zeros += usize::from(high == 0);
            }
        }
        zeros > 0 && zeros * 2 > separators
    };
    if like(&|[first, second]| (first, second)) {
        Some(UTF_16LE)
    } else if like(&|[first, second]| (second, first)) {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Reads the whole file once: strict in the encoding supposed, else strict in GB18030.
fn settle(
    file: &mut File,
    encoding: &'static Encoding,
    mark: u64,
) -> Result<&'static Encoding, SheetFault> {
    let mut beyond_ascii = 0;
    let mut count = |text: &str| {
        if beyond_ascii < SURELY_UTF8 {
            beyond_ascii += text.chars().filter(|c| !c.is_ascii()).count();
        }
        Ok(ControlFlow::Continue(()))
    };
    let first = match decode(file, encoding, mark, &mut count) {
        Ok(()) => return Ok(encoding),
        Err(fault) if fault.code != "encoding" => return Err(fault),
        Err(fault) => fault,
    };
    if encoding != UTF_8 || mark > 0 || beyond_ascii >= SURELY_UTF8 {
        return Err(first);
    }
    decode(file, GB18030, 0, &mut |_| Ok(ControlFlow::Continue(())))?;
    Ok(GB18030)
}

/// Decodes the file from its mark on, chunk by chunk.
fn decode(
    file: &mut File,
    encoding: &'static Encoding,
    mark: u64,
    take: &mut dyn FnMut(&str) -> Result<ControlFlow<()>, SheetFault>,
) -> Result<(), SheetFault> {
    file.seek(SeekFrom::Start(mark))
        .map_err(SheetFault::unreadable)?;
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut bytes = vec![0_u8; CHUNK];
    let mut text = String::with_capacity(CHUNK * 3 + 16);
    let mut line = 1_usize;
    loop {
        let got = fill(file, &mut bytes)?;
        let last = got < CHUNK;
        let mut rest = bytes.get(..got).unwrap_or_default();
        loop {
            let (result, read) =
                decoder.decode_to_string_without_replacement(rest, &mut text, last);
            rest = rest.get(read..).unwrap_or_default();
            let lines = memchr::memchr_iter(b'\n', text.as_bytes()).count();
            let flow = take(&text)?;
            if let DecoderResult::Malformed(..) = result {
                return Err(strange(encoding, line + lines));
            }
            if flow.is_break() {
                return Ok(());
            }
            line += lines;
            text.clear();
            if result == DecoderResult::InputEmpty {
                break;
            }
        }
        if last {
            return Ok(());
        }
    }
}

fn fill(file: &mut File, bytes: &mut [u8]) -> Result<usize, SheetFault> {
    let mut got = 0;
    while let Some(space) = bytes.get_mut(got..).filter(|s| !s.is_empty()) {
        match file.read(space) {
            Ok(0) => break,
            Ok(more) => got += more,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(SheetFault::unreadable(error)),
        }
    }
    Ok(got)
}

fn strange(encoding: &'static Encoding, line: usize) -> SheetFault {
    SheetFault::new(
        "encoding",
        format!(
            "第 {line} 行有无法识别的字符（按 {} 编码读取）",
            encoding.name()
        ),
        "请用 Excel 或 WPS 打开，另存为“CSV UTF-8（逗号分隔）”或 .xlsx 后重新上传。",
    )
}
