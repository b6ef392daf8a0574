//! The child process in which a stranger's workbook is edited, with limits on memory and time.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::sheet::export::folder;

use super::{AnnotateError, Annotated, Annotation, edit};

/// The hidden command of the binary.
pub const COMMAND: &str = "annotate-workbook";

/// How much of the child's complaint is kept.
const COMPLAINT_BYTES: u64 = 2_048;

/// What the child may use.
#[derive(Clone, Copy, Debug)]
pub struct ChildLimits {
    /// Address space in bytes.
    pub memory_bytes: u64,
    /// CPU time in seconds.
    pub cpu_seconds: u64,
    /// Time on the clock.
    pub wall: Duration,
}

impl Default for ChildLimits {
    fn default() -> Self {
        Self {
            memory_bytes: 1 << 30,
            cpu_seconds: 60,
            wall: Duration::from_secs(120),
        }
    }
}

/// Edits the user's file in a child process; `out` appears only when all went well.
///
/// # Errors
/// [`AnnotateError::Child`] when the child refused, died or took too long.
pub fn run_in_child(
    program: &Path,
    original: &Path,
    annotation: &Annotation,
    out: &Path,
    limits: ChildLimits,
) -> Result<Annotated, AnnotateError> {
    let work = tempfile::Builder::new()
        .prefix(".annotate-")
        .tempdir_in(folder(out))?;
    let told = work.path().join("annotation");
    let made = work.path().join("made.xlsx");
    let bytes = postcard::to_stdvec(annotation).map_err(|e| AnnotateError::Child(e.to_string()))?;
    fs::write(&told, bytes)?;
    let mut child = Command::new(program)
        .arg(COMMAND)
        .args([original, &told, &made])
        .arg(limits.memory_bytes.to_string())
        .arg(limits.cpu_seconds.to_string())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let complaint = child.stderr.take().map(|stderr| {
        thread::spawn(move || {
            let mut text = Vec::new();
            let mut stderr = stderr;
            let _ = (&mut stderr).take(COMPLAINT_BYTES).read_to_end(&mut text);
            // The rest is read and dropped, or a talkative child would stop at a full pipe.
            let _ = std::io::copy(&mut stderr, &mut std::io::sink());
            String::from_utf8_lossy(&text).trim().to_owned()
        })
    });
    let status = wait(&mut child, limits.wall)?;
    let complaint = complaint.and_then(|thread| thread.join().ok());
    match status {
        Some(status) if status.success() => {}
        Some(status) => return Err(AnnotateError::Child(reason(status, complaint))),
        None => return Err(AnnotateError::Child("超过时间限制".to_owned())),
    }
    let macros = has_macros(&made)?;
    fs::rename(&made, out)?;
    Ok(Annotated::OwnFile { macros })
}

/// Waits for the child up to a time, then kills it.
fn wait(child: &mut std::process::Child, wall: Duration) -> std::io::Result<Option<ExitStatus>> {
    let end = Instant::now() + wall;
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

fn reason(status: ExitStatus, complaint: Option<String>) -> String {
    match complaint {
        Some(text) if !text.is_empty() => format!("{status}：{text}"),
        _ => status.to_string(),
    }
}

fn has_macros(workbook: &Path) -> Result<bool, AnnotateError> {
    let file = std::io::BufReader::new(fs::File::open(workbook)?);
    let archive = zip::ZipArchive::new(file).map_err(std::io::Error::from)?;
    Ok(archive.index_for_name("xl/vbaProject.bin").is_some())
}

/// The child's side: `<original> <annotation> <out> <memory bytes> <cpu seconds>`.
///
/// Returns the exit code: 0 done, 1 the file could not be edited, 2 wrong arguments.
#[must_use]
pub fn child_main(args: &[OsString]) -> u8 {
    let [original, told, made, memory, cpu] = args else {
        eprintln!("usage: {COMMAND} <original> <annotation> <out> <memory bytes> <cpu seconds>");
        return 2;
    };
    let number = |text: &OsStr| text.to_str()?.parse().ok();
    let (Some(memory), Some(cpu)) = (number(memory), number(cpu)) else {
        eprintln!("the limits are not numbers");
        return 2;
    };
    match limited(memory, cpu, Path::new(told), |annotation| {
        edit(Path::new(original), annotation, Path::new(made))
    }) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{error}");
            1
        }
    }
}

/// Sets the limits before anything of the stranger's file is read.
fn limited(
    memory: u64,
    cpu: u64,
    told: &Path,
    work: impl FnOnce(&Annotation) -> Result<(), String>,
) -> Result<(), String> {
    for (resource, wanted) in [(rlimit::Resource::AS, memory), (rlimit::Resource::CPU, cpu)] {
        // Where the machine allows less already, less it is: raising a limit would be refused.
        let (_, most) = rlimit::getrlimit(resource).map_err(|e| e.to_string())?;
        let limit = wanted.min(most);
        rlimit::setrlimit(resource, limit, limit).map_err(|e| e.to_string())?;
    }
    let bytes = fs::read(told).map_err(|e| e.to_string())?;
    let annotation = postcard::from_bytes(&bytes).map_err(|e| e.to_string())?;
    work(&annotation)
}
