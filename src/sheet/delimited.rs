//! Separated text into rows, the way Excel splits it: quotes count at the start of a field, line breaks inside them stay.
//!
//! A reader of our own because row numbers must be those Excel shows, blank lines included, and because an unbalanced
//! quote must be named by its line instead of swallowing the rest of the file.

use super::assemble::{Sink, cell_too_long, check_rows, too_far_right, too_long};
use super::cell::column_letters;
use super::fault::SheetFault;
use super::guard;
use super::limits::Limits;
use super::source::words;
use super::wire::Piece;
use memchr::{memchr, memchr3};
use std::borrow::Cow;
use std::ops::ControlFlow;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the start of a field.
    Start,
    /// Inside a field without quotes, or behind its closing quote.
    Bare,
    /// Inside quotes.
    Quoted,
    /// Behind a quote inside quotes: a second one is a quote, anything else ends them.
    Quote,
}

/// Takes text in chunks, gives rows.
pub(super) struct Machine<'s, 'k> {
    delimiter: u8,
    sheet: &'s str,
    limits: &'s Limits,
    sink: &'s mut Sink<'k>,
    state: State,
    after_return: bool,
    /// The record at hand: its bytes, and where each field ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    record: u32,
    rows: u32,
    line: u64,
    quote_line: u64,
}

impl<'s, 'k> Machine<'s, 'k> {
    pub(super) fn new(
        delimiter: u8,
        sheet: &'s str,
        limits: &'s Limits,
        sink: &'s mut Sink<'k>,
    ) -> Self {
        Self {
            delimiter,
            sheet,
            limits,
            sink,
            state: State::Start,
            after_return: false,
            bytes: Vec::new(),
            ends: Vec::new(),
            record: 1,
            rows: 0,
            line: 1,
            quote_line: 0,
        }
    }

    pub(super) fn feed(&mut self, text: &str) -> Result<ControlFlow<()>, SheetFault> {
        let mut rest = text.as_bytes();
        if let Some(at) = memchr(0, rest) {
            let before = rest.get(..at).unwrap_or_default();
            return Err(nul(
                self.line + memchr::memchr_iter(b'\n', before).count() as u64
            ));
        }
        while let Some((&byte, after)) = rest.split_first() {
            if std::mem::take(&mut self.after_return) && byte == b'\n' {
                rest = after;
                continue;
            }
            if let Some(plain) = self.plain(rest) {
                rest = plain;
                self.check_length()?;
                continue;
            }
            rest = after;
            if self.byte(byte)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The last record, which needs no line end.
    pub(super) fn finish(mut self) -> Result<(), SheetFault> {
        if self.state == State::Quoted {
            return Err(unbalanced(self.quote_line));
        }
        if self.state != State::Start || !self.ends.is_empty() {
            let _ = self.end_record()?;
        }
        Ok(())
    }

    /// Takes a run of bytes that mean nothing special; `None` when the next byte does.
    fn plain<'t>(&mut self, rest: &'t [u8]) -> Option<&'t [u8]> {
        let stop = match self.state {
            State::Bare => memchr3(self.delimiter, b'\n', b'\r', rest),
            State::Quoted => memchr(b'"', rest),
            State::Start | State::Quote => return None,
        }
        .unwrap_or(rest.len());
        if stop == 0 {
            return None;
        }
        let (run, after) = rest.split_at_checked(stop)?;
        if self.state == State::Quoted {
            self.line += memchr::memchr_iter(b'\n', run).count() as u64;
        }
        self.bytes.extend_from_slice(run);
        Some(after)
    }

    fn byte(&mut self, byte: u8) -> Result<ControlFlow<()>, SheetFault> {
        match (self.state, byte) {
            (State::Start, b'"') => {
                self.state = State::Quoted;
                self.quote_line = self.line;
            }
            (State::Quoted, b'"') => self.state = State::Quote,
            (State::Quote, b'"') => {
                self.bytes.push(b'"');
                self.state = State::Quoted;
            }
            (_, b'\n' | b'\r') => {
                self.after_return = byte == b'\r';
                self.line += 1;
                return self.end_record();
            }
            (_, byte) if byte == self.delimiter => {
                self.ends.push(self.bytes.len());
                self.state = State::Start;
            }
            (_, byte) => {
                self.bytes.push(byte);
                self.state = State::Bare;
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn end_record(&mut self) -> Result<ControlFlow<()>, SheetFault> {
        self.ends.push(self.bytes.len());
        self.state = State::Start;
        let flow = self.emit()?;
        self.bytes.clear();
        self.ends.clear();
        self.record = self.record.saturating_add(1);
        Ok(flow)
    }

    fn emit(&mut self) -> Result<ControlFlow<()>, SheetFault> {
        let mut cells: Vec<Piece<'_>> =
            Vec::with_capacity(self.ends.len().min(usize::from(self.limits.columns)));
        let mut from = 0;
        for (column, end) in self.ends.iter().enumerate() {
            // Fields end at ASCII bytes, so each is whole characters.
            let text = std::str::from_utf8(self.bytes.get(from..*end).unwrap_or_default())
                .unwrap_or_default();
            from = *end;
            if text.is_empty() {
                continue;
            }
            let place = || {
                let letters =
                    u16::try_from(column).map_or_else(|_| format!("第{column}列"), column_letters);
                format!("「{}」第 {} 行的 {letters} 列", self.sheet, self.record)
            };
            if column >= usize::from(self.limits.columns) {
                if text.chars().all(char::is_whitespace) {
                    continue;
                }
                return Err(too_far_right(&place(), self.limits));
            }
            if too_long(text, self.limits) {
                return Err(cell_too_long(&place(), self.limits));
            }
            cells.resize(column, Piece::Empty);
            cells.push(words(Cow::Borrowed(guard::unguard(text))));
        }
        if cells.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        self.rows += 1;
        check_rows(self.rows, self.sheet, self.limits)?;
        (self.sink)(self.record, &cells)
    }

    /// An unclosed quote or a missing line end would otherwise gather the whole file.
    fn check_length(&self) -> Result<(), SheetFault> {
        let from = self.ends.last().copied().unwrap_or(0);
        // No character is longer than four bytes.
        if self.bytes.len().saturating_sub(from) <= self.limits.cell_chars.saturating_mul(4) {
            return Ok(());
        }
        if self.state == State::Quoted {
            return Err(unbalanced(self.quote_line));
        }
        Err(cell_too_long(
            &format!("「{}」第 {} 行的单元格", self.sheet, self.record),
            self.limits,
        ))
    }
}

/// The separator that splits the first lines most evenly.
pub(super) fn sniff(head: &str) -> u8 {
    const LINES: usize = 30;
    let mut best = (0, b',');
    for delimiter in [b',', b'\t', b';', b'|'] {
        let mut counts = Vec::new();
        let mut count = 0_usize;
        let mut quoted = false;
        for byte in head.bytes() {
            match byte {
                b'"' => quoted = !quoted,
                b'\n' if !quoted => {
                    counts.push(std::mem::take(&mut count));
                    if counts.len() == LINES {
                        break;
                    }
                }
                byte if byte == delimiter && !quoted => count += 1,
                _ => {}
            }
        }
        counts.push(count);
        let score = counts
            .iter()
            .filter(|c| **c > 0)
            .map(|c| counts.iter().filter(|d| *d == c).count() * (*c).min(20))
            .max()
            .unwrap_or(0);
        if score > best.0 {
            best = (score, delimiter);
        }
    }
    best.1
}

fn nul(line: u64) -> SheetFault {
    SheetFault::new(
        "nul_byte",
        format!("第 {line} 行含有空字符（NUL），这不是正常的文本文件"),
        "请用 Excel 或 WPS 打开确认内容，另存为 .xlsx 后重新上传。",
    )
}

fn unbalanced(line: u64) -> SheetFault {
    SheetFault::new(
        "unbalanced_quote",
        format!("第 {line} 行的双引号没有成对，后面的内容无法正确分列"),
        "请补全或删除该行多余的双引号，或另存为 .xlsx 后重新上传。",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        text: &str,
        delimiter: u8,
        chunk: usize,
    ) -> Result<Vec<(u32, Vec<String>)>, SheetFault> {
        let limits = Limits {
            columns: 5,
            cell_chars: 20,
            rows_per_sheet: 5,
            ..Limits::default()
        };
        let mut rows = Vec::new();
        let mut sink = |number: u32, cells: &[Piece<'_>]| {
            let texts = cells.iter().map(|c| match c {
                Piece::Text(t) => t.to_string(),
                _ => String::new(),
            });
            rows.push((number, texts.collect()));
            Ok(ControlFlow::Continue(()))
        };
        let mut machine = Machine::new(delimiter, "表", &limits, &mut sink);
        let chars: Vec<char> = text.chars().collect();
        for part in chars.chunks(chunk) {
            let _ = machine.feed(&part.iter().collect::<String>())?;
        }
        machine.finish()?;
        Ok(rows)
    }

    fn row(number: u32, cells: &[&str]) -> (u32, Vec<String>) {
        (number, cells.iter().map(|c| (*c).to_owned()).collect())
    }

    #[test]
    fn rows_keep_the_numbers_excel_shows() {
        let text = "a,b\r\n\r\n\"甲\n乙\",\"说\"\"好\"\"\",\n,,\n\"x\"y,z";
        for chunk in [1, 2, 3, 100] {
            let rows = read(text, b',', chunk).unwrap();
            let expected = [
                row(1, &["a", "b"]),
                row(3, &["甲\n乙", "说\"好\""]),
                row(5, &["xy", "z"]),
            ];
            assert_eq!(rows, expected, "{chunk}");
        }
    }

    #[test]
    fn the_guard_of_our_exports_is_taken_off_exactly() {
        let rows = read("'-5,'abc,''=1,'=1+1,'＝1", b',', 100).unwrap();
        assert_eq!(rows, [row(1, &["-5", "'abc", "'=1", "=1+1", "＝1"])]);
    }

    #[test]
    fn bad_text_is_named_by_its_line() {
        let fault = read("a\n\"b\nc,d", b',', 100).unwrap_err();
        assert_eq!(fault.code, "unbalanced_quote");
        assert!(fault.message.contains("第 2 行"), "{fault}");
        assert_eq!(read("a\nb\n\0", b',', 1).unwrap_err().code, "nul_byte");
        assert_eq!(
            read(&"很".repeat(21), b',', 7).unwrap_err().code,
            "cell_too_long"
        );
        assert_eq!(
            read(&"x".repeat(81), b',', 90).unwrap_err().code,
            "cell_too_long"
        );
        let fault = read("a\n1,2,3,4,5,6", b',', 100).unwrap_err();
        assert_eq!(fault.code, "too_many_columns");
        assert!(fault.message.contains("第 2 行的 F 列"), "{fault}");
        assert_eq!(
            read("1\n2\n3\n4\n5\n6", b',', 100).unwrap_err().code,
            "too_many_rows"
        );
        assert!(read("1,,,,,,,,,, ,", b',', 100).is_ok());
    }

    #[test]
    fn the_separator_is_the_one_that_splits_evenly() {
        assert_eq!(sniff("名称\t说明\n甲\ta,b,c\n乙\td\n"), b'\t');
        assert_eq!(sniff("名称;金额\n甲;1,5\n乙;2,5\n"), b';');
        assert_eq!(sniff("名称,说明\n甲,\"a;b;c\"\n"), b',');
        assert_eq!(sniff("只有一列\n甲\n"), b',');
    }
}
