//! Whole processes, timed from outside; peak memory of the process and its children from `/proc`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Median time, and the highest memory seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figure {
    /// Wall seconds.
    pub seconds: f64,
    /// Peak resident memory of process and children together, in MiB.
    pub mib: f64,
}

/// Starts this program again and again.
pub struct Runner {
    program: PathBuf,
    runs: usize,
}

impl Runner {
    /// A runner of the program that is running.
    pub fn new(runs: usize) -> std::io::Result<Self> {
        Ok(Self {
            program: std::env::current_exe()?,
            runs: runs.max(1),
        })
    }

    /// Runs something that is not measured.
    pub fn quiet(&self, args: &[&str]) -> Result<(), String> {
        let out = Command::new(&self.program)
            .args(args)
            .output()
            .map_err(|e| e.to_string())?;
        if out.status.success() {
            return Ok(());
        }
        Err(format!(
            "{args:?}: {}{}",
            String::from_utf8_lossy(&out.stdout),
            String::from_utf8_lossy(&out.stderr)
        ))
    }

    /// The median of the runs; `prepare` goes before each and is not measured.
    pub fn median(
        &self,
        args: &[String],
        prepare: impl Fn() -> Result<(), String>,
    ) -> Result<Figure, String> {
        let mut times = Vec::with_capacity(self.runs);
        let mut mib = 0.0_f64;
        for _ in 0..self.runs {
            prepare()?;
            let figure = self.once(args)?;
            times.push(figure.seconds);
            mib = mib.max(figure.mib);
        }
        times.sort_by(f64::total_cmp);
        let seconds = times.get(times.len() / 2).copied().unwrap_or_default();
        Ok(Figure { seconds, mib })
    }

    /// One run.
    pub fn once(&self, args: &[String]) -> Result<Figure, String> {
        let output = tempfile::NamedTempFile::new().map_err(|e| e.to_string())?;
        let begun = Instant::now();
        let mut child = Command::new(&self.program)
            .args(args)
            .stdout(output.reopen().map_err(|e| e.to_string())?)
            .spawn()
            .map_err(|e| e.to_string())?;
        let mut peaks: HashMap<u32, u64> = HashMap::new();
        let id = child.id();
        let status = loop {
            if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
                break status;
            }
            for process in family(id) {
                if let Some(peak) = peak_kib(process) {
                    let seen = peaks.entry(process).or_default();
                    *seen = peak.max(*seen);
                }
            }
            std::thread::sleep(Duration::from_millis(4));
        };
        let seconds = begun.elapsed().as_secs_f64();
        if !status.success() {
            return Err(format!("{args:?} ended with {status}"));
        }
        // A baseline that has to make its rows first says itself how long the rest took.
        let said = std::fs::read_to_string(output.path()).unwrap_or_default();
        let own = said
            .strip_prefix("seconds ")
            .and_then(|rest| rest.trim().parse().ok());
        let seconds = own.unwrap_or(seconds);
        let kib: u64 = peaks.values().sum();
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        Ok(Figure {
            seconds,
            mib: kib as f64 / 1024.0,
        })
    }
}

/// A process and its children.
fn family(id: u32) -> Vec<u32> {
    let children =
        std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    std::iter::once(id)
        .chain(children.split_whitespace().filter_map(|c| c.parse().ok()))
        .collect()
}

fn peak_kib(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
