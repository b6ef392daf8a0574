//! A person at a desk: sends files, waits for the workers, decides.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use one_ledger::app::App;
use one_ledger::auth::{Role, Viewer};
use one_ledger::db::schema::{entries, revisions};
use one_ledger::error::Result;
use one_ledger::intake::correct::{Correction, Which};
use one_ledger::intake::preview::{self, Filter, PreviewRow};
use one_ledger::intake::upload::options::Options;
use one_ledger::intake::upload::receive::{Incoming, Received, Submission};
use one_ledger::intake::upload::{State, Upload, see, steps};
use one_ledger::jobs::{Runner, Who, imports};
use one_ledger::org::tree::Tree;
use one_ledger::register::value::Value;
use one_ledger::sheet::annotate::Outcome;

use crate::app::{Ledger, catalogue};

/// How long a test waits for the workers.
const PATIENCE: Duration = Duration::from_secs(60);

/// One person, with the workers of a service behind.
pub struct Desk<'l> {
    /// The program.
    pub app: Arc<App>,
    /// The person.
    pub viewer: Viewer,
    /// The workers.
    pub runner: Runner,
    ledger: &'l Ledger,
}

/// The accounts of these tests: number, department, role.
pub const PEOPLE: [(i64, i64, Role); 6] = [
    (1, 1, Role::Liaison),
    (2, 2, Role::Liaison),
    (3, 15, Role::Bureau),
    (4, 1, Role::Specialist),
    (5, 1, Role::AuditAdmin),
    (6, 1, Role::Oversight),
];

/// The viewer that an account is.
pub fn person(ledger: &Ledger, account: i64) -> Viewer {
    let (id, department, role) = PEOPLE[usize::try_from(account).unwrap() - 1];
    let tree = Tree::load(&mut ledger.conn(), catalogue().regions()).unwrap();
    let held = [(role, Some(department), tree.extents(department))];
    Viewer::signed_in(
        id,
        &format!("{}{id}", role.label()),
        Some(department),
        &held,
    )
}

fn app(ledger: &Ledger) -> Arc<App> {
    Arc::new(App {
        catalogue: ledger.app.catalogue.clone(),
        database: ledger.app.database.clone(),
        parser: ledger.app.parser.clone(),
        organisation: ledger.app.organisation,
        reminders: ledger.app.reminders.clone(),
        issues: one_ledger::issue::Rules::default(),
        mail: None,
        sharing: ledger.app.sharing,
        reconcile: Default::default(),
        checkpoints: Default::default(),
        data: ledger.app.data.clone(),
    })
}

fn who() -> Who {
    Arc::new(|app, conn, account| {
        if account == 99 {
            return Ok(everybody());
        }
        let (id, department, role) = PEOPLE[usize::try_from(account).unwrap() - 1];
        let tree = Tree::load(conn, app.catalogue.regions())?;
        let held = [(role, Some(department), tree.extents(department))];
        Ok(Viewer::signed_in(id, role.label(), Some(department), &held))
    })
}

/// Somebody who holds a role in every department of the sample organisation.
fn everybody() -> Viewer {
    let held: Vec<_> = (1..=15)
        .map(|department| {
            let extents = one_ledger::auth::viewer::Extents {
                own: vec![department],
                ..Default::default()
            };
            (Role::Specialist, Some(department), extents)
        })
        .collect();
    Viewer::signed_in(99, "填报员", Some(1), &held)
}

impl<'l> Desk<'l> {
    /// Somebody who may write for every department, with two workers.
    pub fn open(ledger: &'l Ledger) -> Self {
        Self::of(ledger, everybody(), 2)
    }

    /// The same person while no worker works.
    pub fn idle(ledger: &'l Ledger) -> Self {
        let app = app(ledger);
        let runner = idle_runner(&app, ledger);
        Self {
            app,
            viewer: everybody(),
            runner,
            ledger,
        }
    }

    /// This person, with workers.
    pub fn of(ledger: &'l Ledger, viewer: Viewer, workers: usize) -> Self {
        let app = app(ledger);
        let runner = Runner::start(Arc::clone(&app), who(), workers);
        Self {
            app,
            viewer,
            runner,
            ledger,
        }
    }

    /// Goes home.
    pub fn close(self) {
        self.runner.stop();
    }

    /// What is asked for when nothing special is.
    pub fn options(&self) -> Options {
        Options::default()
    }

    /// Sends a file.
    pub fn send(&self, file: &Path, options: Options, key: &str) -> Result<Received> {
        let mut incoming = Incoming::begin(&self.app)?;
        for bytes in std::fs::read(file).unwrap().chunks(1_000) {
            incoming.write(bytes)?;
        }
        let submission = Submission {
            incoming,
            name: file.file_name().unwrap().to_string_lossy().into_owned(),
            options,
            key: key.to_owned(),
        };
        let received =
            imports::submit(&self.app, &mut self.ledger.conn(), &self.viewer, submission)?;
        self.runner.wake();
        Ok(received)
    }

    /// Sends a file, which must be taken.
    pub fn upload(&self, file: &Path) -> i64 {
        self.upload_with(file, self.options())
    }

    /// Sends a file with these options.
    pub fn upload_with(&self, file: &Path, options: Options) -> i64 {
        self.send(file, options, "").unwrap().import
    }

    /// The import as it is.
    pub fn look(&self, import: i64) -> Upload {
        see(&mut self.ledger.conn(), &self.viewer, import).unwrap()
    }

    /// Waits until nothing is being done with it.
    pub fn wait(&self, import: i64) -> Upload {
        self.until(import, |upload| !upload.state().is_busy())
    }

    /// Waits for a state.
    pub fn wait_for(&self, import: i64, state: State) -> Upload {
        self.until(import, |upload| upload.state() == state)
    }

    fn until(&self, import: i64, done: impl Fn(&Upload) -> bool) -> Upload {
        let begun = Instant::now();
        loop {
            let upload = self.look(import);
            if done(&upload) {
                return upload;
            }
            let job = imports::last_job(&mut self.ledger.conn(), import).unwrap();
            assert!(begun.elapsed() < PATIENCE, "{:?} {job:?}", upload.state());
            std::thread::sleep(Duration::from_millis(15));
        }
    }

    /// Corrects.
    pub fn correct(&self, import: i64, correction: &Correction) {
        imports::correct(
            &mut self.ledger.conn(),
            &self.viewer,
            import,
            correction,
            None,
        )
        .unwrap();
        self.runner.wake();
    }

    /// Applies.
    pub fn apply(&self, import: i64, partial: bool) {
        imports::apply(&mut self.ledger.conn(), &self.viewer, import, partial, None).unwrap();
        self.runner.wake();
    }

    /// Takes back.
    pub fn undo(&self, import: i64) {
        imports::undo(&mut self.ledger.conn(), &self.viewer, import, "填错了").unwrap();
        self.runner.wake();
    }

    /// Decides against.
    pub fn discard(&self, import: i64) -> Result<()> {
        steps::discard(
            &self.app,
            &mut self.ledger.conn(),
            &self.viewer,
            import,
            None,
        )
    }
}

/// A runner of another ledger, which has nothing to do.
fn idle_runner(app: &App, ledger: &Ledger) -> Runner {
    let path = ledger.file("idle.db");
    let idle = App {
        catalogue: app.catalogue.clone(),
        database: one_ledger::db::connection::Database::at(path.to_str().unwrap()).unwrap(),
        parser: app.parser.clone(),
        organisation: app.organisation,
        reminders: app.reminders.clone(),
        issues: one_ledger::issue::Rules::default(),
        mail: None,
        sharing: app.sharing,
        reconcile: Default::default(),
        checkpoints: Default::default(),
        data: app.data.clone(),
    };
    idle.database.open().unwrap();
    Runner::start_with(Arc::new(idle), who(), 1, Vec::new())
}

/// One cell's correction: row and column as numbers, 0 = A.
pub fn cell(sheet: u32, line: u32, place: u16, said: &str, text: &str) -> Correction {
    Correction {
        sheet,
        place,
        which: Which::Cell { line },
        said: said.to_owned(),
        text: text.to_owned(),
    }
}

/// The rows of a preview with this outcome.
pub fn rows(ledger: &Ledger, upload: &Upload, outcome: Outcome) -> Vec<PreviewRow> {
    let filter = Filter {
        outcome: Some(outcome),
        ..Filter::default()
    };
    let at = (upload.id, upload.round);
    preview::page(&mut ledger.conn(), at, &filter, None, 10_000).unwrap()
}

/// Uploads a file, keeps its preview, applies the right rows, and holds the ledger against the preview.
pub fn holds_what_it_showed(ledger: &Ledger, desk: &Desk<'_>, file: &Path) {
    let import = desk.upload(file);
    let seen = desk.wait(import);
    if seen.state() == State::Rejected {
        return;
    }
    assert_eq!(seen.state(), State::Previewed, "{}", seen.message);
    let mut shown = rows(ledger, &seen, Outcome::New);
    shown.extend(rows(ledger, &seen, Outcome::Changed));
    assert_eq!(
        u64::try_from(shown.len()).unwrap(),
        seen.rows().new + seen.rows().changed
    );
    if shown.is_empty() {
        return;
    }
    desk.apply(import, true);
    let done = desk.wait(import);
    assert_eq!(done.state(), State::Applied, "{}", done.message);
    assert_eq!(done.rows(), seen.rows());
    let mut conn = ledger.conn();
    let written: Vec<(String, String, String, String)> = revisions::table
        .inner_join(entries::table.on(entries::id.eq(revisions::entry_id)))
        .filter(revisions::seq.eq(done.change_set.unwrap()))
        .select((
            entries::register,
            entries::code,
            entries::name,
            entries::attributes,
        ))
        .load(&mut conn)
        .unwrap();
    assert_eq!(written.len(), shown.len());
    let directory = one_ledger::org::directory::Directory::load(&mut conn).unwrap();
    for row in &shown {
        let found = written
            .iter()
            .find(|w| w.0 == row.register && w.1 == row.code);
        let (register, _, name, attributes) = found.unwrap_or_else(|| panic!("{row:?}"));
        assert_eq!(*name, row.name);
        let register = ledger.app.catalogue.register(register).unwrap();
        let document = one_ledger::ledger::entry::parse(attributes);
        for cell in &row.cells {
            let now = match (register.field(&cell.field), document.get(&cell.field)) {
                (Some(field), Some(value)) => field.show(&ledger.app.catalogue, &directory, value),
                (None, Some(Value::Text(text))) => text.clone(),
                _ => String::new(),
            };
            assert_eq!(now, cell.new, "{row:?}");
        }
    }
}
