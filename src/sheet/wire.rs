//! The two pipes between parent and child: length-prefixed frames, postcard inside.
//!
//! Rows travel in frames of their own kind, back to back, so that the child never builds a batch of owned rows and the
//! parent takes them out one at a time.

use super::cell::{Row, SheetHead};
use super::fault::SheetFault;
use super::workbook::{Format, Note};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io::{self, Read, Write};

/// Rows of one frame at most.
const BATCH_ROWS: u32 = 256;
/// Bytes after which a frame of rows is sent whatever it holds.
const BATCH_BYTES: usize = 256 * 1024;
/// No frame of a sane child is longer: one row of 500 cells of 32,767 characters is 49 MiB.
const FRAME_MOST: u32 = 256 * 1024 * 1024;

const KIND_MESSAGE: u8 = 1;
const KIND_ROWS: u8 = 2;

/// What the child says besides rows.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Message {
    /// One sheet introduces itself; all come before `Opened`.
    Head(SheetHead),
    /// All heads are said.
    Opened { format: Format, notes: Vec<Note> },
    /// Rows of this sheet follow.
    Sheet(usize),
    /// The sheet is read to its end.
    SheetEnd { index: usize, rows: u32 },
    /// Everything asked for was said.
    End,
    /// The file is refused as a whole.
    Refused(SheetFault),
}

/// A cell on its way out; the same shape as `Cell`, borrowed where possible.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) enum Piece<'a> {
    #[default]
    Empty,
    Text(Cow<'a, str>),
    Number(f64),
    Date(f64),
    Bool(bool),
    Error(String),
    NoValue,
}

/// A row on its way out; the same shape as `Row`.
#[derive(Serialize)]
struct RowRef<'a, 'b> {
    number: u32,
    cells: &'b [Piece<'a>],
}

/// The child's end.
pub(super) struct Outbox<W: Write> {
    out: W,
    rows: Vec<u8>,
    count: u32,
}

impl<W: Write> Outbox<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            rows: Vec::with_capacity(BATCH_BYTES * 2),
            count: 0,
        }
    }

    /// Says a message, after the rows that were put before it.
    pub(super) fn say(&mut self, message: &Message) -> io::Result<()> {
        self.flush_rows()?;
        let bytes = postcard::to_stdvec(message).map_err(io::Error::other)?;
        frame(&mut self.out, KIND_MESSAGE, &bytes)?;
        self.out.flush()
    }

    /// Puts a row into the batch.
    pub(super) fn row(&mut self, number: u32, cells: &[Piece<'_>]) -> io::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        self.rows =
            postcard::to_extend(&RowRef { number, cells }, rows).map_err(io::Error::other)?;
        self.count += 1;
        if self.count >= BATCH_ROWS || self.rows.len() >= BATCH_BYTES {
            self.flush_rows()?;
        }
        Ok(())
    }

    fn flush_rows(&mut self) -> io::Result<()> {
        if self.count > 0 {
            frame(&mut self.out, KIND_ROWS, &self.rows)?;
            self.rows.clear();
            self.count = 0;
        }
        Ok(())
    }
}

fn frame(out: &mut impl Write, kind: u8, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(&[kind])?;
    out.write_all(payload)
}

/// What arrived at the parent.
pub(super) enum Arrived {
    /// A message.
    Message(Message),
    /// Rows are waiting in [`Inbox::next_row`].
    Rows,
}

/// The parent's end.
pub(super) struct Inbox<R: Read> {
    input: R,
    buffer: Vec<u8>,
    at: usize,
}

impl<R: Read> Inbox<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            at: 0,
        }
    }

    /// Reads the next frame; an error means that the child is dead or not ours.
    pub(super) fn next(&mut self) -> io::Result<Arrived> {
        let mut head = [0_u8; 5];
        self.input.read_exact(&mut head)?;
        let [a, b, c, d, kind] = head;
        let length = u32::from_le_bytes([a, b, c, d]);
        if length > FRAME_MOST {
            return Err(io::Error::other("frame too long"));
        }
        self.buffer.clear();
        self.at = 0;
        // `take` grows the buffer with what really comes, so a lying length costs nothing.
        let got = (&mut self.input)
            .take(u64::from(length))
            .read_to_end(&mut self.buffer)?;
        if got as u64 != u64::from(length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match kind {
            KIND_ROWS => Ok(Arrived::Rows),
            KIND_MESSAGE => {
                let message = postcard::from_bytes(&self.buffer).map_err(io::Error::other)?;
                self.at = self.buffer.len();
                Ok(Arrived::Message(message))
            }
            _ => Err(io::Error::other("unknown frame")),
        }
    }

    /// Takes one row out of the frame at hand.
    pub(super) fn next_row(&mut self) -> io::Result<Option<Row>> {
        let rest = self.buffer.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        let (row, after) = postcard::take_from_bytes::<Row>(rest).map_err(io::Error::other)?;
        self.at = self.buffer.len() - after.len();
        Ok(Some(row))
    }
}

/// Parent → child: the sheets to stream, in the order wanted.
pub(super) fn ask(out: &mut impl Write, order: &[usize]) -> io::Result<()> {
    let bytes = postcard::to_stdvec(order).map_err(io::Error::other)?;
    frame(out, KIND_MESSAGE, &bytes)?;
    out.flush()
}

/// The child's side of [`ask`]; `None` when the parent lost interest.
pub(super) fn asked(input: &mut impl Read) -> io::Result<Option<Vec<usize>>> {
    let mut head = [0_u8; 5];
    if input.read_exact(&mut head).is_err() {
        return Ok(None);
    }
    let [a, b, c, d, _] = head;
    let mut bytes = Vec::new();
    input
        .take(u64::from(u32::from_le_bytes([a, b, c, d])))
        .read_to_end(&mut bytes)?;
    postcard::from_bytes(&bytes)
        .map(Some)
        .map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::cell::Cell;

    #[test]
    fn a_row_arrives_as_it_was_sent() {
        let mut out = Outbox::new(Vec::new());
        let pieces = [
            Piece::Text(Cow::Borrowed("甲")),
            Piece::Empty,
            Piece::Number(1.5),
            Piece::Date(45000.0),
            Piece::Bool(true),
            Piece::Error("#N/A".to_owned()),
            Piece::NoValue,
        ];
        out.row(7, &pieces).unwrap();
        out.say(&Message::End).unwrap();
        let mut inbox = Inbox::new(out.out.as_slice());
        assert!(matches!(inbox.next().unwrap(), Arrived::Rows));
        let row = inbox.next_row().unwrap().unwrap();
        assert_eq!(row.number, 7);
        let expected = vec![
            Cell::Text("甲".to_owned()),
            Cell::Empty,
            Cell::Number(1.5),
            Cell::Date(45000.0),
            Cell::Bool(true),
            Cell::Error("#N/A".to_owned()),
            Cell::NoValue,
        ];
        assert_eq!(row.cells, expected);
        assert!(inbox.next_row().unwrap().is_none());
        assert!(matches!(
            inbox.next().unwrap(),
            Arrived::Message(Message::End)
        ));
        assert!(inbox.next().is_err());
    }
}
