//! The parent's side of a workbook: opens it in a child process and takes rows from it.
//!
//! Parsers die on hostile files, and an allocation abort cannot be caught, so no workbook library ever runs in the
//! process that serves people. Nothing of a file counts until [`Event::End`].

use super::cell::{Row, SheetHead};
use super::fault::SheetFault;
use super::limits::Limits;
use super::watch::Guard;
use super::wire::{self, Arrived, Inbox, Message};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

/// First argument that turns the binary into a parsing child.
pub const CHILD_COMMAND: &str = "parse-workbook";

/// What kind of file it is, by content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Office Open XML, with or without macros.
    Xlsx,
    /// Binary Office Open XML.
    Xlsb,
    /// `OpenDocument`.
    Ods,
    /// Excel 97–2003 and WPS `.et`.
    Xls,
    /// Separated text: comma, tab, semicolon or bar.
    Csv,
}

/// Something worth telling that is no fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Stable word for programs, such as `macros`.
    pub code: String,
    /// The same for people, in Chinese.
    pub message: String,
}

/// Opens workbooks.
#[derive(Clone, Debug)]
pub struct Parser {
    /// The binary that is started again as the child.
    pub program: PathBuf,
    /// Bounds.
    pub limits: Limits,
}

impl Parser {
    /// A parser that starts `program`, with the default limits.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            limits: Limits::default(),
        }
    }

    /// A parser that starts the program which is running.
    ///
    /// # Errors
    /// When the system cannot say where that program lies.
    pub fn current() -> io::Result<Self> {
        std::env::current_exe().map(Self::new)
    }

    /// Opens the file at `path`; a CSV's sheet is named after the file.
    ///
    /// # Errors
    /// When the file is refused.
    pub fn open(&self, path: &Path) -> Result<Workbook, SheetFault> {
        let name = path.file_stem().map(|s| s.to_string_lossy().into_owned());
        self.open_as(path, &name.unwrap_or_default())
    }

    /// Opens the file at `path`; a CSV's sheet is named `name`.
    ///
    /// # Errors
    /// When the file is refused.
    pub fn open_as(&self, path: &Path, name: &str) -> Result<Workbook, SheetFault> {
        self.check_size(path)?;
        let mut feed = self.start(path, name)?;
        let mut sheets = Vec::new();
        loop {
            match feed.next()? {
                Arrived::Message(Message::Head(head)) => sheets.push(head),
                Arrived::Message(Message::Opened { format, notes }) => {
                    return Ok(Workbook {
                        feed,
                        format,
                        sheets,
                        notes,
                    });
                }
                Arrived::Message(Message::Refused(fault)) => return Err(fault),
                _ => return Err(out_of_step()),
            }
        }
    }

    fn check_size(&self, path: &Path) -> Result<(), SheetFault> {
        let about = std::fs::metadata(path).map_err(SheetFault::unreadable)?;
        if !about.is_file() {
            return Err(SheetFault::unreadable("这不是一个文件"));
        }
        if about.len() == 0 {
            return Err(SheetFault::new(
                "file_empty",
                "文件是空的（0 字节）",
                "请重新保存工作簿，确认文件大小不为 0 后上传。",
            ));
        }
        if about.len() > self.limits.file_bytes {
            return Err(SheetFault::new(
                "file_too_large",
                format!(
                    "文件大小 {} MB，超过上限 {} MB",
                    about.len().div_ceil(1024 * 1024),
                    self.limits.file_bytes / (1024 * 1024)
                ),
                "请删去图片和多余的工作表，或拆成几个文件后上传。",
            ));
        }
        Ok(())
    }

    fn start(&self, path: &Path, name: &str) -> Result<Feed, SheetFault> {
        let limits = serde_json::to_string(&self.limits).map_err(not_started)?;
        let mut child = Command::new(&self.program)
            .arg(CHILD_COMMAND)
            .arg(path)
            .arg(name)
            .arg(limits)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(not_started)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let guard = Guard::new(child, &self.limits);
        let (stdin, stdout) = pipes.ok_or_else(|| not_started("no pipe"))?;
        Ok(Feed {
            guard,
            inbox: Inbox::new(stdout),
            stdin,
            limits: self.limits.clone(),
        })
    }
}

fn not_started(error: impl std::fmt::Display) -> SheetFault {
    SheetFault::new(
        "parser_start",
        format!("无法启动文件解析进程：{error}"),
        "请联系系统管理员检查程序文件和系统资源。",
    )
}

fn out_of_step() -> SheetFault {
    SheetFault::new(
        "parser_protocol",
        "文件解析进程返回了无法识别的内容",
        "请重试；若仍出现，请联系系统管理员确认程序版本一致。",
    )
}

struct Feed {
    // First, so that the child is killed before its pipes close.
    guard: Guard,
    inbox: Inbox<ChildStdout>,
    stdin: ChildStdin,
    limits: Limits,
}

impl Feed {
    fn next(&mut self) -> Result<Arrived, SheetFault> {
        let inbox = &mut self.inbox;
        let arrived = self.guard.wait_for(|| inbox.next());
        arrived.map_err(|_| self.guard.obituary(&self.limits))
    }
}

/// A file that introduced itself.
pub struct Workbook {
    feed: Feed,
    format: Format,
    sheets: Vec<SheetHead>,
    notes: Vec<Note>,
}

impl std::fmt::Debug for Workbook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workbook")
            .field("format", &self.format)
            .field("sheets", &self.sheets.len())
            .finish()
    }
}

impl Workbook {
    /// The format found in the content.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// All worksheets in order; `sheets()[i].index == i`.
    #[must_use]
    pub fn sheets(&self) -> &[SheetHead] {
        &self.sheets
    }

    /// What is worth telling about the file.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Streams the sheets named, in that order, every row from the first.
    ///
    /// # Errors
    /// When a sheet does not exist or the child is gone.
    pub fn stream(mut self, order: &[usize]) -> Result<Rows, SheetFault> {
        if order.iter().any(|index| *index >= self.sheets.len()) {
            return Err(SheetFault::new(
                "no_such_sheet",
                "工作簿里没有指定的工作表",
                "请重新选择工作表。",
            ));
        }
        if wire::ask(&mut self.feed.stdin, order).is_err() {
            return Err(self.feed.guard.obituary(&self.feed.limits));
        }
        Ok(Rows {
            feed: self.feed,
            sheet: None,
            seen: 0,
            done: false,
        })
    }
}

/// One thing a stream says.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// Rows of this sheet follow.
    Sheet(usize),
    /// A row of the sheet at hand.
    Row(Row),
    /// All sheets asked for were read to their ends: only now the rows count.
    End,
}

/// Rows on their way from the child.
pub struct Rows {
    feed: Feed,
    sheet: Option<usize>,
    seen: u32,
    done: bool,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows")
            .field("sheet", &self.sheet)
            .field("seen", &self.seen)
            .finish()
    }
}

impl Rows {
    fn step(&mut self) -> Result<Event, SheetFault> {
        loop {
            if let Some(row) = self.feed.inbox.next_row().map_err(|_| out_of_step())? {
                self.seen += 1;
                return Ok(Event::Row(row));
            }
            match self.feed.next()? {
                Arrived::Rows if self.sheet.is_some() => {}
                Arrived::Message(Message::Sheet(index)) if self.sheet.is_none() => {
                    self.sheet = Some(index);
                    self.seen = 0;
                    return Ok(Event::Sheet(index));
                }
                Arrived::Message(Message::SheetEnd { index, rows })
                    if self.sheet == Some(index) && self.seen == rows =>
                {
                    self.sheet = None;
                }
                Arrived::Message(Message::End) if self.sheet.is_none() => {
                    self.done = true;
                    return Ok(Event::End);
                }
                Arrived::Message(Message::Refused(fault)) => return Err(fault),
                _ => return Err(out_of_step()),
            }
        }
    }
}

impl Iterator for Rows {
    type Item = Result<Event, SheetFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let step = self.step();
        self.done |= step.is_err();
        Some(step)
    }
}
