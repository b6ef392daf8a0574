//! The child's side: the only place where workbook libraries run, under limits, with nothing but two pipes.

use super::cell::{Cell, HEAD_ROWS, Row, SheetHead};
use super::fault::SheetFault;
use super::limits::Limits;
use super::ole::WholeBook;
use super::package::Kept;
use super::scan::{self, Facts, Scan};
use super::sniff::{self, Container};
use super::source::{Source, ZipBook};
use super::text::TextFile;
use super::wire::{self, Message, Outbox, Piece};
use super::workbook::Format;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;

/// Runs the child: arguments are the path, the name for a CSV's sheet, and the limits as JSON.
pub fn run(mut args: impl Iterator<Item = OsString>) -> ExitCode {
    const WRONG_USAGE: u8 = 2;
    let (Some(path), Some(name), Some(limits)) = (args.next(), args.next(), args.next()) else {
        return ExitCode::from(WRONG_USAGE);
    };
    let Some(limits) = limits
        .to_str()
        .and_then(|text| serde_json::from_str::<Limits>(text).ok())
    else {
        return ExitCode::from(WRONG_USAGE);
    };
    if confine(&limits).is_err() {
        return ExitCode::FAILURE;
    }
    let mut out = Outbox::new(io::stdout().lock());
    let done = match open(&path, &name.to_string_lossy(), &limits) {
        Ok(mut source) => serve(source.as_mut(), &limits, &mut out, &mut io::stdin().lock()),
        Err(fault) => Err(Stop::Fault(fault)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Fault(fault)) => match out.say(&Message::Refused(fault)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        // The parent is gone or lost interest: nobody is left to tell.
        Err(Stop::Gone) => ExitCode::FAILURE,
    }
}

/// Gives up what a parser does not need: memory, time, writing files, core dumps.
#[cfg(unix)]
fn confine(limits: &Limits) -> io::Result<()> {
    use rlimit::Resource;
    Resource::AS.set(limits.memory_bytes, limits.memory_bytes)?;
    Resource::CPU.set(limits.cpu_seconds, limits.cpu_seconds.saturating_add(2))?;
    Resource::FSIZE.set(0, 0)?;
    Resource::CORE.set(0, 0)
}

#[cfg(not(unix))]
fn confine(_: &Limits) -> io::Result<()> {
    Ok(())
}

enum Stop {
    Fault(SheetFault),
    Gone,
}

impl From<SheetFault> for Stop {
    fn from(fault: SheetFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<io::Error> for Stop {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

fn open(path: &OsString, name: &str, limits: &Limits) -> Result<Box<dyn Source>, SheetFault> {
    let mut file = File::open(path).map_err(SheetFault::unreadable)?;
    let mut start = Vec::new();
    let enough = u64::try_from(sniff::ENOUGH).unwrap_or(u64::MAX);
    (&mut file)
        .take(enough)
        .read_to_end(&mut start)
        .map_err(SheetFault::unreadable)?;
    file.rewind().map_err(SheetFault::unreadable)?;
    match sniff::container(&start)? {
        Container::Zip => open_zip(file, limits),
        Container::Ole => {
            let mut bytes = Vec::new();
            (&mut file)
                .take(limits.file_bytes)
                .read_to_end(&mut bytes)
                .map_err(SheetFault::unreadable)?;
            sniff::check_ole(&bytes)?;
            drop(bytes);
            file.rewind().map_err(SheetFault::unreadable)?;
            Ok(Box::new(WholeBook::xls(BufReader::new(file), limits)?))
        }
        Container::Text => Ok(Box::new(TextFile::open(file, name)?)),
    }
}

fn open_zip(mut file: File, limits: &Limits) -> Result<Box<dyn Source>, SheetFault> {
    let mut scan: Scan = scan::scan(BufReader::new(&mut file), limits)?;
    file.rewind().map_err(SheetFault::unreadable)?;
    let kept: &Kept = &scan.kept;
    let file = BufReader::new(file);
    Ok(match sniff::zip_format(kept, scan.parts.keys())? {
        Format::Xlsb => Box::new(ZipBook::xlsb(file, &mut scan, limits)?),
        Format::Ods => {
            let tables = match scan.parts.remove("content.xml") {
                Some(Facts::Xml(facts)) => facts.tables.all,
                _ => Vec::new(),
            };
            Box::new(WholeBook::ods(file, tables, limits)?)
        }
        _ => Box::new(ZipBook::xlsx(file, &mut scan, limits)?),
    })
}

fn serve(
    source: &mut dyn Source,
    limits: &Limits,
    out: &mut Outbox<impl Write>,
    input: &mut impl Read,
) -> Result<(), Stop> {
    let count = source.sheets().len();
    check_count(count, limits)?;
    for index in 0..count {
        let head = head(source, index, limits)?;
        out.say(&Message::Head(head))?;
    }
    out.say(&Message::Opened {
        format: source.format(),
        notes: source.notes(),
    })?;
    let Some(order) = wire::asked(input)? else {
        return Err(Stop::Gone);
    };
    for index in order {
        out.say(&Message::Sheet(index))?;
        let rows = send(source, index, limits, out)?;
        out.say(&Message::SheetEnd { index, rows })?;
    }
    out.say(&Message::End)?;
    Ok(())
}

fn check_count(count: usize, limits: &Limits) -> Result<(), SheetFault> {
    if count == 0 {
        return Err(SheetFault::new(
            "no_sheets",
            "工作簿里没有可以读取的工作表",
            "请确认文件内容，另存为 .xlsx 后重新上传。",
        ));
    }
    if count > limits.sheets {
        return Err(SheetFault::new(
            "too_many_sheets",
            format!("工作簿有 {count} 个工作表，超过上限 {} 个", limits.sheets),
            "请把需要的工作表拆成几个文件后上传。",
        ));
    }
    Ok(())
}

fn head(source: &mut dyn Source, index: usize, limits: &Limits) -> Result<SheetHead, SheetFault> {
    let mut head = Vec::new();
    source.stream(index, limits, &mut |number, cells| {
        head.push(Row {
            number,
            cells: cells.iter().map(owned).collect(),
        });
        Ok(if head.len() < HEAD_ROWS {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    let facts = source
        .sheets()
        .get(index)
        .cloned()
        .ok_or_else(|| SheetFault::corrupt(index))?;
    Ok(SheetHead {
        index,
        name: facts.name,
        shown: facts.shown,
        merges: facts.merges,
        hidden_rows: facts.hidden_rows,
        head,
    })
}

fn send(
    source: &mut dyn Source,
    index: usize,
    limits: &Limits,
    out: &mut Outbox<impl Write>,
) -> Result<u32, Stop> {
    let mut rows = 0_u32;
    let mut gone = false;
    source.stream(index, limits, &mut |number, cells| {
        rows += 1;
        gone = out.row(number, cells).is_err();
        Ok(if gone {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    if gone { Err(Stop::Gone) } else { Ok(rows) }
}

fn owned(piece: &Piece<'_>) -> Cell {
    match piece {
        Piece::Empty => Cell::Empty,
        Piece::Text(text) => Cell::Text(text.to_string()),
        Piece::Number(number) => Cell::Number(*number),
        Piece::Date(serial) => Cell::Date(*serial),
        Piece::Bool(value) => Cell::Bool(*value),
        Piece::Error(error) => Cell::Error(error.clone()),
        Piece::NoValue => Cell::NoValue,
    }
}
