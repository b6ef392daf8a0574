//! The life of the parsing process as its parent sees it: started, timed, killed, and why it died.

use super::fault::SheetFault;
use super::limits::Limits;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often the watchdog looks; a hung child lives at most this much longer than allowed.
const TICK: Duration = Duration::from_millis(250);
/// How long a child that closed its pipe may take to leave.
const LEAVE: Duration = Duration::from_secs(2);

#[derive(Debug)]
struct Shared {
    child: Mutex<Child>,
    started: Instant,
    /// Milliseconds after `started` at which the present wait is over; 0 while nobody waits.
    deadline: AtomicU64,
    expired: AtomicBool,
}

/// Owns the child; kills it when dropped.
#[derive(Debug)]
pub(super) struct Guard {
    shared: Arc<Shared>,
    left: Duration,
    // Dropped with the guard: the watchdog's channel closes and its thread ends.
    _stop: Sender<()>,
}

impl Guard {
    pub(super) fn new(child: Child, limits: &Limits) -> Self {
        let shared = Arc::new(Shared {
            child: Mutex::new(child),
            started: Instant::now(),
            deadline: AtomicU64::new(0),
            expired: AtomicBool::new(false),
        });
        let (stop, stopped) = mpsc::channel::<()>();
        let watched = Arc::clone(&shared);
        thread::spawn(move || {
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                watched.check();
            }
        });
        Self {
            shared,
            left: Duration::from_secs(limits.wall_seconds),
            _stop: stop,
        }
    }

    /// Runs a blocking read under the clock; only waiting counts, not what the caller does between.
    pub(super) fn wait_for<T>(&mut self, read: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let until = self.shared.started.elapsed() + self.left;
        let until = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
        self.shared.deadline.store(until.max(1), Ordering::Release);
        let out = read();
        self.shared.deadline.store(0, Ordering::Release);
        self.left = self.left.saturating_sub(began.elapsed());
        out
    }

    /// Why the pipe ended before the child said so.
    pub(super) fn obituary(&self, limits: &Limits) -> SheetFault {
        if self.shared.expired.load(Ordering::Acquire) {
            return SheetFault::new(
                "parser_timeout",
                format!("读取文件用时超过 {} 秒，已停止", limits.wall_seconds),
                "请删去多余的工作表和空白行列，或拆成几个文件后重新上传。",
            );
        }
        died(self.shared.last_status(), limits)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.shared.end();
    }
}

impl Shared {
    fn check(&self) {
        let deadline = self.deadline.load(Ordering::Acquire);
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        if deadline != 0 && now > deadline {
            self.expired.store(true, Ordering::Release);
            self.end();
        }
    }

    fn end(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        // Both fail only when the child is gone already, which is what is wanted.
        let _ = child.kill();
        let _ = child.wait();
    }

    fn last_status(&self) -> Option<ExitStatus> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let until = Instant::now() + LEAVE;
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(5)),
                _ => return None,
            }
        }
    }
}

#[cfg(unix)]
fn signal(status: Option<ExitStatus>) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt;
    status.and_then(|s| s.signal())
}

#[cfg(not(unix))]
fn signal(_: Option<ExitStatus>) -> Option<i32> {
    None
}

fn died(status: Option<ExitStatus>, limits: &Limits) -> SheetFault {
    const ABORTED: i32 = 6;
    const KILLED: i32 = 9;
    const PROCESSOR_TIME: i32 = 24;
    match signal(status) {
        Some(ABORTED) => SheetFault::new(
            "parser_memory",
            format!(
                "读取文件所需内存超过上限（{} MB），或文件结构异常",
                limits.memory_bytes / (1024 * 1024)
            ),
            "请把需要的工作表复制到新建的工作簿，删去多余内容后另存为 .xlsx 重新上传。",
        ),
        Some(PROCESSOR_TIME | KILLED) => SheetFault::new(
            "parser_cpu",
            format!(
                "读取文件所需的计算时间超过上限（{} 秒）",
                limits.cpu_seconds
            ),
            "请删去多余的工作表和空白行列，或拆成几个文件后重新上传。",
        ),
        _ => SheetFault::new(
            "parser_died",
            "文件结构异常，无法读取",
            "请用 Excel 或 WPS 打开确认无误，另存为 .xlsx 后重新上传。",
        ),
    }
}
