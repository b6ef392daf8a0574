//! The test app: a ledger of its own for every test, on each database, driven like a user drives it.

pub mod browser;
pub mod draw;
pub mod people;
pub mod random;
pub mod server;
pub mod service;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel::prelude::*;
use one_ledger::app::App;
use one_ledger::auth::Viewer;
use one_ledger::db::connection::{Conn, Database};
use one_ledger::db::schema::{change_sets, entries};
use one_ledger::intake::record;
use one_ledger::intake::report::Report;
use one_ledger::intake::run::{self, Done, Mode, Request};
use one_ledger::ledger::entry::EntryRow;
use one_ledger::ledger::undo::Undone;
use one_ledger::ledger::verify::{Findings, verify};
use one_ledger::ledger::{as_of, read};
use one_ledger::org::directory::Directory;
use one_ledger::org::load;
use one_ledger::register::catalogue::Catalogue;
use one_ledger::register::value::{Document, Value};
use one_ledger::sheet::workbook::Parser;
use serde_json::Value as Json;
use tempfile::TempDir;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_one-ledger");

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A shipped sample.
pub fn sample(name: &str) -> PathBuf {
    root().join("demo").join(name)
}

/// The organisation that the samples belong to.
pub const ORGANISATION: &str = "机构名录.csv";

/// The definitions that are compiled in; loaded once.
pub fn catalogue() -> &'static Catalogue {
    static BUILT_IN: OnceLock<Catalogue> = OnceLock::new();
    BUILT_IN.get_or_init(|| Catalogue::load(None).unwrap())
}

/// Where a test's ledger lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file of its own.
    Sqlite,
    /// A database of its own on the suite's server.
    Postgres,
}

/// The databases that are there; says loudly what is left out.
pub fn backends() -> Vec<Backend> {
    if server::address().is_some() {
        return vec![Backend::Sqlite, Backend::Postgres];
    }
    let thread = std::thread::current();
    server::left_out(thread.name().unwrap_or("a test"));
    vec![Backend::Sqlite]
}

/// Runs a test on every database, each with a fresh ledger.
pub fn on_both(test: impl Fn(&Ledger)) {
    for backend in backends() {
        eprintln!("on {backend:?}");
        test(&Ledger::new(backend));
    }
}

/// Runs a test on every database, each with a fresh ledger that knows the sample organisation.
pub fn on_both_settled(test: impl Fn(&Ledger)) {
    on_both(|ledger| {
        ledger.load_organisation(&sample(ORGANISATION));
        test(ledger);
    });
}

/// What the program answered at the command line.
#[derive(Debug)]
pub struct Said {
    /// Exit code; none when it was killed.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// Standard output as JSON.
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

/// Everything that a reader of the ledger can see at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Documents by register and code, with the owner's code.
    pub entries: BTreeMap<(String, String), (String, Document)>,
    /// Relations: from, field, to; ends as register and code.
    pub relations: BTreeSet<(String, String, String)>,
}

impl Snapshot {
    /// The only entry with this name.
    pub fn named(&self, name: &str) -> (&str, &Document) {
        let is = |d: &Document| d.values().any(|v| *v == Value::Text(name.to_owned()));
        let mut found = self.entries.iter().filter(|(_, (_, d))| is(d));
        let ((_, code), (_, document)) = found.next().unwrap_or_else(|| panic!("no {name}"));
        assert!(found.next().is_none(), "{name} twice");
        (code, document)
    }
}

/// A ledger of a test's own.
pub struct Ledger {
    /// What every command needs.
    pub app: App,
    /// On which engine.
    pub backend: Backend,
    /// Who imports.
    pub viewer: Viewer,
    folder: TempDir,
    tampered: AtomicBool,
}

impl Ledger {
    /// An empty ledger, without an organisation.
    pub fn new(backend: Backend) -> Self {
        Self::with(backend, Catalogue::load(None).unwrap())
    }

    /// An empty ledger with these definitions.
    pub fn with(backend: Backend, catalogue: Catalogue) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = match backend {
            Backend::Sqlite => folder.path().join("ledger.db").display().to_string(),
            Backend::Postgres => server::new_database(),
        };
        let app = App {
            catalogue,
            database: Database::at(&address).unwrap(),
            organisation: one_ledger::org::Rules::default(),
            reminders: one_ledger::deadline::Rules::default(),
            issues: one_ledger::issue::Rules::default(),
            reconcile: one_ledger::sharing::reconcile::Rules::default(),
            mail: None,
            sharing: one_ledger::sharing::request::Rules::default(),
            checkpoints: Default::default(),
            parser: Parser::new(PROGRAM),
            data: folder.path().join("data"),
        };
        app.database.open().unwrap();
        Self {
            app,
            backend,
            viewer: Viewer::operator("测试员"),
            folder,
            tampered: AtomicBool::new(false),
        }
    }

    /// An empty ledger on a file.
    pub fn sqlite() -> Self {
        Self::new(Backend::Sqlite)
    }

    /// An empty ledger on a file that knows the sample organisation.
    pub fn settled() -> Self {
        let ledger = Self::sqlite();
        ledger.load_organisation(&sample(ORGANISATION));
        ledger
    }

    /// Another fresh ledger beside this one, on the same engine.
    pub fn another(&self) -> Self {
        Self::new(self.backend)
    }

    /// A connection.
    pub fn conn(&self) -> Conn {
        self.app.database.connect().unwrap()
    }

    /// The test's own folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path in the test's own folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A workbook of one sheet, a line a row, cells between `|`.
    pub fn draw(&self, name: &str, lines: &[&str]) -> PathBuf {
        let path = self.file(name);
        if name.ends_with(".csv") {
            draw::csv(&path, &draw::cells(lines));
        } else {
            draw::Book::new().sheet("清单", lines).save(&path);
        }
        path
    }

    /// Loads an organisation; every row of it must be right.
    pub fn load_organisation(&self, file: &Path) {
        let loaded = load::load(
            &mut self.conn(),
            &self.app.parser,
            &self.app.catalogue,
            file,
        )
        .unwrap();
        assert_eq!(loaded.problems, []);
    }

    /// What is asked for when nothing special is.
    pub fn request(file: &Path, mode: Mode) -> Request {
        Request {
            file: file.to_owned(),
            mode,
            register: None,
            sheet: None,
            department: None,
            maps: Vec::new(),
            reason: String::new(),
            valid_on: None,
            annotate: false,
            ..Request::default()
        }
    }

    /// Runs an import as asked.
    pub fn run(&self, request: &Request) -> one_ledger::error::Result<Done> {
        run::run(&self.app, &self.viewer, request, &|_| {})
    }

    fn in_mode(&self, file: &Path, mode: Mode) -> Report {
        let done = self.run(&Self::request(file, mode));
        done.unwrap_or_else(|e| panic!("{}: {e}", file.display()))
            .report
    }

    /// Everything or nothing.
    pub fn import(&self, file: &Path) -> Report {
        self.in_mode(file, Mode::Whole)
    }

    /// Everything, and nothing may be wrong.
    pub fn import_whole(&self, file: &Path) -> Report {
        let report = self.import(file);
        assert!(report.applied, "{:#?}", report.problems);
        report
    }

    /// Only the good rows.
    pub fn partial(&self, file: &Path) -> Report {
        self.in_mode(file, Mode::Partial)
    }

    /// Only looks.
    pub fn check(&self, file: &Path) -> Report {
        self.in_mode(file, Mode::Check)
    }

    /// Takes an import back.
    pub fn undo(&self, import: i64) -> one_ledger::error::Result<(Option<i64>, Undone)> {
        record::undo(
            &mut self.conn(),
            &self.viewer,
            &self.app.catalogue,
            import,
            "",
        )
    }

    /// The program, on this ledger.
    pub fn command(&self) -> Command {
        let mut command = program();
        command.args(["--database", self.app.database.address()]);
        command.current_dir(self.folder.path());
        command
    }

    /// Runs the program on this ledger.
    pub fn cli<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Said {
        run_to_end(self.command().args(args))
    }

    /// Exports, and returns the file.
    pub fn export(&self, name: &str, args: &[&str]) -> PathBuf {
        let out = self.file(name);
        let said = self.cli(
            ["export", "--out", out.to_str().unwrap()]
                .iter()
                .chain(args),
        );
        assert_eq!(said.code, Some(0), "{said:?}");
        out
    }

    /// The ledger as it stands.
    pub fn snapshot(&self) -> Snapshot {
        let last = change_sets::table
            .select(diesel::dsl::max(change_sets::seq))
            .first::<Option<i64>>(&mut self.conn())
            .unwrap();
        let now = self.present();
        let then = self.snapshot_at(last.unwrap_or(0));
        assert_eq!(now, then.entries, "as of the last change set is not now");
        then
    }

    /// Code of the department that a row names as its owner; what belongs to an entry names none.
    fn owner(&self, directory: &Directory, row: &EntryRow) -> String {
        let register = self.app.catalogue.register(&row.register).unwrap();
        let department = register
            .keys
            .owner
            .as_ref()
            .and(directory.get(row.department_id));
        department.map(|d| d.code.clone()).unwrap_or_default()
    }

    fn present(&self) -> BTreeMap<(String, String), (String, Document)> {
        let mut conn = self.conn();
        let directory = Directory::load(&mut conn).unwrap();
        let rows = entries::table
            .filter(entries::present.eq(true))
            .select(EntryRow::as_select())
            .load(&mut conn)
            .unwrap();
        rows.into_iter()
            .map(|row| {
                let owner = self.owner(&directory, &row);
                let document = row.document();
                ((row.register, row.code), (owner, document))
            })
            .collect()
    }

    /// The ledger as it stood after a change set.
    pub fn snapshot_at(&self, seq: i64) -> Snapshot {
        let mut conn = self.conn();
        let directory = Directory::load(&mut conn).unwrap();
        let mut out = Snapshot::default();
        let mut names = BTreeMap::new();
        for register in self.app.catalogue.registers() {
            let mut after = 0;
            loop {
                let definitions = as_of::Definitions {
                    catalogue: &self.app.catalogue,
                    directory: &directory,
                    register,
                };
                let (next, rows) =
                    as_of::page(&mut conn, &self.viewer, definitions, seq, after).unwrap();
                for row in rows {
                    let owner = self.owner(&directory, &row);
                    let document = row.document();
                    names.insert(row.id, format!("{} {}", row.register, row.code));
                    out.entries
                        .insert((row.register, row.code), (owner, document));
                }
                let Some(next) = next else { break };
                after = next;
            }
        }
        for (id, from) in &names {
            for near in read::neighbours(&mut conn, &self.viewer, *id, seq).unwrap() {
                let to = names.get(&near.other).cloned();
                let to = to.unwrap_or_else(|| panic!("{from} {} leads nowhere", near.field));
                let (from, to) = if near.outgoing {
                    (from.clone(), to)
                } else {
                    (to, from.clone())
                };
                out.relations.insert((from, near.field, to));
            }
        }
        out
    }

    /// Walks the chain.
    pub fn verify(&self) -> Findings {
        verify(&mut self.conn()).unwrap()
    }

    /// Hash of the last change set.
    pub fn head(&self) -> String {
        self.verify().head
    }

    /// Runs SQL behind the program's back; the chain need not be whole any more.
    pub fn tamper(&self, sql: &str) {
        use diesel::connection::SimpleConnection as _;
        self.tampered.store(true, Ordering::Relaxed);
        let mut conn = self.conn();
        let done = match &mut conn {
            Conn::Sqlite(c) => c.batch_execute(sql),
            Conn::Postgres(c) => c.batch_execute(sql),
        };
        done.unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
}

impl Drop for Ledger {
    /// Whatever a test does, history stays whole.
    fn drop(&mut self) {
        if !std::thread::panicking() && !self.tampered.load(Ordering::Relaxed) {
            assert_eq!(self.verify().broken, None);
        }
    }
}

/// The program, without any settings of the surroundings.
pub fn program() -> Command {
    let mut command = Command::new(PROGRAM);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("ONE_LEDGER_") || name == "DATABASE_URL" {
            command.env_remove(name);
        }
    }
    command.env("ONE_LEDGER_ACTOR", "测试员");
    command.env("ONE_LEDGER_LOG", "error");
    command
}

/// Runs a command to its end.
pub fn run_to_end(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
