//! The threads that do the jobs of one process, and the one that says that the process lives.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use diesel::connection::SimpleConnection as _;

use super::chores;
use super::queue::{self, Job};
use super::{Task, Who, Work};
use crate::app::App;
use crate::auth::Viewer;
use crate::auth::viewer::Origin;
use crate::clock;
use crate::db::connection::Conn;
use crate::error::{Error, Result};

/// How often a job is begun before it is given up.
const ATTEMPTS: i64 = 3;
/// How often progress is written.
const NOTED: Duration = Duration::from_millis(300);
/// How often a process says that it lives, and looks for jobs that another program put in.
const BEAT: Duration = Duration::from_secs(5);
/// A process on another machine that is silent for so long is dead.
const SILENCE: TimeDelta = TimeDelta::seconds(30);
/// How long a worker sleeps when nobody wakes it.
const NAP: Duration = Duration::from_secs(1);
/// How long a stop waits for jobs that are being done; what is left is taken up at the next start.
const PATIENCE: Duration = Duration::from_secs(20);

/// How far a job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Done so far.
    pub done: u64,
    /// Of how much, where that is known.
    pub total: Option<u64>,
}

#[derive(Default)]
struct Bell {
    /// Grows with every ring, so that none is missed.
    rings: u64,
    stopping: bool,
}

struct Shared {
    app: Arc<App>,
    who: Who,
    works: Vec<Box<dyn Work>>,
    process: String,
    bell: Mutex<Bell>,
    rung: Condvar,
    board: Mutex<HashMap<i64, Progress>>,
}

/// Holds on after a panic elsewhere: what is locked here is whole at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn is_stopping(&self) -> bool {
        lock(&self.bell).stopping
    }

    /// Waits for another ring than those heard, at most so long.
    fn wait(&self, heard: u64, at_most: Duration) {
        let quiet = |bell: &mut Bell| bell.rings == heard && !bell.stopping;
        drop(
            self.rung
                .wait_timeout_while(lock(&self.bell), at_most, quiet),
        );
    }

    fn ring(&self, stop: bool) {
        let mut bell = lock(&self.bell);
        bell.rings += 1;
        bell.stopping |= stop;
        drop(bell);
        self.rung.notify_all();
    }
}

/// Does the jobs of the queue until it is stopped.
pub struct Runner {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Runner {
    /// Starts so many workers on the program's kinds of work.
    #[must_use]
    pub fn start(app: Arc<App>, who: Who, workers: usize) -> Self {
        Self::start_with(app, who, workers, super::works())
    }

    /// Starts so many workers on these kinds of work.
    #[must_use]
    pub fn start_with(app: Arc<App>, who: Who, workers: usize, works: Vec<Box<dyn Work>>) -> Self {
        let shared = Arc::new(Shared {
            app,
            who,
            works,
            process: uuid::Uuid::now_v7().to_string(),
            bell: Mutex::default(),
            rung: Condvar::new(),
            board: Mutex::default(),
        });
        let first = Arc::clone(&shared);
        let mut threads = Vec::with_capacity(workers + 1);
        threads.extend(spawn("jobs-keeper", move || keep(&first)));
        for n in 0..workers.max(1) {
            let shared = Arc::clone(&shared);
            threads.extend(spawn(&format!("jobs-{n}"), move || labour(&shared)));
        }
        Self {
            shared,
            threads: Mutex::new(threads),
        }
    }

    /// Says that there is work.
    pub fn wake(&self) {
        self.shared.ring(false);
    }

    /// How far a job is that this process does.
    #[must_use]
    pub fn progress(&self, job: i64) -> Option<Progress> {
        lock(&self.shared.board).get(&job).copied()
    }

    /// Takes no more jobs and waits a while for those that are being done.
    pub fn stop(&self) {
        self.shared.ring(true);
        let begun = Instant::now();
        let mut unfinished = false;
        for thread in std::mem::take(&mut *lock(&self.threads)) {
            while !thread.is_finished() && begun.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(20));
            }
            if !thread.is_finished() {
                unfinished = true;
            } else if thread.join().is_err() {
                tracing::error!("a worker ended by a panic");
            }
        }
        if unfinished {
            // Whoever starts next need not wait until this process is taken for dead.
            let released = impatient(&self.shared.app)
                .and_then(|mut conn| queue::release(&mut conn, &self.shared.process));
            tracing::info!(?released, "unfinished jobs go on after the next start");
        }
    }
}

impl Drop for Runner {
    /// Nobody is left to wake it.
    fn drop(&mut self) {
        self.shared.ring(true);
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Option<JoinHandle<()>> {
    let made = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    made.inspect_err(|error| tracing::error!(%error, name, "a thread could not be started"))
        .ok()
}

/// A connection that never waits for a lock: what it writes may as well be written later.
fn impatient(app: &App) -> Result<Conn> {
    let mut conn = app.database.connect()?;
    match &mut conn {
        Conn::Sqlite(c) => c.batch_execute("PRAGMA busy_timeout = 0")?,
        Conn::Postgres(c) => c.batch_execute("SET lock_timeout = '200ms'")?,
    }
    Ok(conn)
}

/// Takes over what dead processes left, then says again and again that this one lives.
fn keep(shared: &Shared) {
    let mut conn = None;
    let mut first = true;
    let chores = shared.works.iter().any(|w| w.kind() == chores::REFRESH);
    loop {
        if conn.is_none() {
            conn = impatient(&shared.app).ok();
        }
        if let Some(c) = &mut conn {
            // A file has one service; on a server others may live, and they say so.
            let alone = first && !shared.app.database.is_server();
            let heard = if alone {
                clock::now() + TimeDelta::days(1)
            } else {
                clock::now() - SILENCE
            };
            let done = queue::beat(c, &shared.process)
                .and_then(|()| queue::take_over(c, &shared.process, heard));
            match done {
                Ok(taken) => {
                    first = false;
                    if taken > 0 {
                        tracing::info!(taken, "jobs of a process that died go on");
                        shared.ring(false);
                    }
                    match chores.then(|| chores::look(c, &shared.app)) {
                        Some(Ok(true)) => shared.ring(false),
                        Some(Err(error)) => tracing::debug!(%error, "no look at the chores"),
                        _ => {}
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "no heartbeat this time");
                    conn = None;
                }
            }
        }
        let begun = Instant::now();
        let pause = if first {
            Duration::from_millis(200)
        } else {
            BEAT
        };
        while begun.elapsed() < pause {
            if shared.is_stopping() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn labour(shared: &Shared) {
    let mut conn = None;
    while !shared.is_stopping() {
        let rings = lock(&shared.bell).rings;
        match next(shared, &mut conn) {
            Ok(Some(job)) => perform(shared, &mut conn, &job),
            Ok(None) => shared.wait(rings, NAP),
            Err(error) => {
                tracing::warn!(%error, "the queue cannot be read");
                conn = None;
                shared.wait(rings, NAP);
            }
        }
    }
}

fn next(shared: &Shared, conn: &mut Option<Conn>) -> Result<Option<Job>> {
    queue::claim(open(shared, conn)?, &shared.process)
}

fn open<'c>(shared: &Shared, conn: &'c mut Option<Conn>) -> Result<&'c mut Conn> {
    match conn {
        Some(conn) => Ok(conn),
        none => Ok(none.insert(shared.app.database.connect()?)),
    }
}

fn perform(shared: &Shared, conn: &mut Option<Conn>, job: &Job) {
    let span = tracing::info_span!("job", id = job.id, kind = job.kind, subject = job.subject);
    let _inside = span.enter();
    tracing::info!("begun");
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| attempt(shared, conn, job)));
    lock(&shared.board).remove(&job.id);
    let outcome = outcome.unwrap_or_else(|_| {
        Err(Error::Internal {
            doing: "后台处理",
            cause: "内部错误".to_owned(),
        })
    });
    let ended = conclude(shared, conn, job, outcome);
    if let Err(error) = ended {
        // The job stays claimed; after a restart it is taken up again.
        tracing::error!(%error, "what became of the job could not be written");
        *conn = None;
    }
}

fn attempt(shared: &Shared, conn: &mut Option<Conn>, job: &Job) -> Result<()> {
    if job.attempts > ATTEMPTS {
        // It took the whole process with it every time.
        return Err(Error::Conflict("多次尝试均未完成，已放弃".to_owned()));
    }
    let work = work(shared, job)?;
    let viewer = match job.account_id {
        Some(account) => (shared.who)(&shared.app, open(shared, conn)?, account)?,
        None => Viewer::operator(&job.actor),
    };
    let payload = job.payload();
    let told = |key: &str| {
        let text = payload.get("origin").and_then(|o| o.get(key));
        text.and_then(|t| t.as_str()).unwrap_or_default().to_owned()
    };
    let origin = Origin {
        address: told("address"),
        request_id: told("request_id"),
    };
    let noting = Mutex::new((Instant::now(), impatient(&shared.app).ok()));
    let progress = |done: u64, total: Option<u64>| {
        lock(&shared.board).insert(job.id, Progress { done, total });
        let mut noting = lock(&noting);
        if noting.0.elapsed() >= NOTED {
            noting.0 = Instant::now();
            if let Some(conn) = &mut noting.1 {
                let _ = queue::note(conn, &shared.process, job.id, done, total);
            }
        }
    };
    work.run(&Task {
        app: &shared.app,
        viewer: viewer.from_origin(origin),
        job,
        progress: &progress,
    })
}

fn work<'s>(shared: &'s Shared, job: &Job) -> Result<&'s dyn Work> {
    let found = shared.works.iter().find(|w| w.kind() == job.kind);
    found.map(AsRef::as_ref).ok_or_else(|| Error::Internal {
        doing: "后台处理",
        cause: format!("没有“{}”这种后台任务", job.kind),
    })
}

fn conclude(
    shared: &Shared,
    conn: &mut Option<Conn>,
    job: &Job,
    outcome: Result<()>,
) -> Result<()> {
    let process = &shared.process;
    let error = match outcome {
        Ok(()) => {
            tracing::info!("done");
            return queue::leave(open(shared, conn)?, process, job.id, queue::DONE, "");
        }
        Err(error) => error,
    };
    let may_pass = matches!(
        error,
        Error::Database(_) | Error::Internal { .. } | Error::Busy(_)
    );
    if may_pass && job.attempts < ATTEMPTS && !shared.is_stopping() {
        tracing::warn!(%error, attempts = job.attempts, "failed, to be tried again");
        *conn = None;
        std::thread::sleep(Duration::from_millis(300 * job.attempts.unsigned_abs()));
        let conn = open(shared, conn)?;
        return queue::leave(conn, process, job.id, queue::QUEUED, &error.to_string());
    }
    tracing::error!(%error, "given up");
    let conn = open(shared, conn)?;
    // People get the words that are for them, never an engine's.
    let why = match &error {
        Error::Database(_) | Error::Internal { .. } => {
            "系统内部错误，请稍后重试或联系管理员".to_owned()
        }
        other => other.to_string(),
    };
    if let Ok(work) = work(shared, job) {
        work.given_up(conn, job, &why)?;
    }
    queue::leave(conn, process, job.id, queue::FAILED, &why)
}
