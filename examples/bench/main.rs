//! The benchmark: imports and exports of invented inventories beside the physical limit, in one run.
//!
//! `cargo run --release --example bench -- --rows 1000,10000,100000 --runs 3 [--postgres postgres://…]`
//!
//! Every figure is a whole process, started for it; medians over the runs; ratios against a bare
//! calamine read of the same file, a bare `SQLite` insert of the same rows, a bare `rust_xlsxwriter`.
//!
//! `-- --http --rows 100000,1000000 [--keep FOLDER]` measures the service instead, on ledgers of such inventories,
//! beside a bare actix-web server of the same bytes; ledgers in the folder are used again.
//!
//! `-- --duplicates [--rows 20000]` measures the check for duplicates: building the index, one check, a batch of 60.
//!
//! `-- --sharing [--rows 10000]` measures the impact of a hub with so many links, and the map of 200 systems.

mod baseline;
mod duplicates;
mod http;
mod load;
mod measure;
mod served;
mod sharing;
mod workbooks;
mod writers;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use measure::{Figure, Runner};
use workbooks::Inventory;

const NEW: &str = "new.xlsx";
const CHANGED: &str = "changed.xlsx";
const LIST: &str = "departments.csv";
const LEDGER: &str = "ledger.db";
const SEED: u64 = 20_261_123;

struct Options {
    rows: Vec<u32>,
    runs: usize,
    postgres: Option<String>,
    http: bool,
    duplicates: bool,
    sharing: bool,
    keep: Option<PathBuf>,
}

const OPTIONS: [&str; 7] = [
    "--rows",
    "--runs",
    "--postgres",
    "--http",
    "--keep",
    "--duplicates",
    "--sharing",
];

fn main() -> ExitCode {
    let first = std::env::args().nth(1).unwrap_or_default();
    if let Some(code) = baseline::run(&first) {
        return code;
    }
    // The program under test is this binary too: same code, one build.
    if !first.is_empty() && !OPTIONS.contains(&first.as_str()) {
        return one_ledger::cli::main();
    }
    match options().and_then(|o| bench(&o)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(3)
        }
    }
}

fn options() -> Result<Options, String> {
    let mut out = Options {
        rows: vec![1_000, 10_000, 100_000],
        runs: 3,
        postgres: None,
        http: false,
        duplicates: false,
        sharing: false,
        keep: None,
    };
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        if name == "--http" {
            out.http = true;
            continue;
        }
        if name == "--duplicates" {
            out.duplicates = true;
            out.rows = vec![20_000];
            continue;
        }
        if name == "--sharing" {
            out.sharing = true;
            out.rows = vec![10_000];
            continue;
        }
        let value = args.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--rows" => {
                out.rows = value
                    .split(',')
                    .map(|r| r.parse().map_err(|_| format!("bad number {r}")))
                    .collect::<Result<_, _>>()?
            }
            "--runs" => out.runs = value.parse().map_err(|_| format!("bad number {value}"))?,
            "--keep" => out.keep = Some(PathBuf::from(value)),
            "--postgres" => out.postgres = Some(value),
            _ => return Err(format!("unknown option {name}")),
        }
    }
    Ok(out)
}

fn bench(options: &Options) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let runner = Runner::new(options.runs).map_err(|e| e.to_string())?;
    if options.http {
        let folder = options.keep.as_deref().unwrap_or(folder.path());
        std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
        let step = |rows: &u32| {
            let rows = *rows;
            let runner = &runner;
            Step {
                runner,
                folder,
                rows,
            }
            .http(options.runs)
        };
        return options.rows.iter().try_for_each(step);
    }
    if options.duplicates {
        let step = |rows: &u32| {
            Step {
                runner: &runner,
                folder: folder.path(),
                rows: *rows,
            }
            .duplicates()
        };
        return options.rows.iter().try_for_each(step);
    }
    if options.sharing {
        let step = |rows: &u32| {
            Step {
                runner: &runner,
                folder: folder.path(),
                rows: *rows,
            }
            .sharing()
        };
        return options.rows.iter().try_for_each(step);
    }
    println!(
        "{} runs each, medians; ratio = time against the baseline named",
        options.runs
    );
    println!(
        "{:<44} {:>9} {:>11} {:>8} {:>8}  against",
        "", "seconds", "µs a row", "MiB", "ratio"
    );
    let mut per_row: Vec<(u32, f64)> = Vec::new();
    for rows in &options.rows {
        let step = Step {
            runner: &runner,
            folder: folder.path(),
            rows: *rows,
        };
        step.make()?;
        let new = step.imports()?;
        step.out()?;
        per_row.push((*rows, new.seconds / f64::from(*rows)));
        if let Some(address) = &options.postgres {
            step.postgres(address, new)?;
        }
    }
    if let (Some((least, a)), Some((most, b))) = (per_row.first(), per_row.last())
        && least != most
    {
        println!(
            "cost of a new row at {most} rows against {least} rows: {:.2}",
            b / a
        );
    }
    Ok(())
}

struct Step<'s> {
    runner: &'s Runner,
    folder: &'s Path,
    rows: u32,
}

impl Step<'_> {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{}-{name}", self.rows))
    }

    fn line(&self, what: &str, figure: Figure, against: Option<(&str, Figure)>) {
        let micros = figure.seconds / f64::from(self.rows) * 1e6;
        let (ratio, name) = against.map_or((String::new(), ""), |(n, b)| {
            (format!("{:.2}", figure.seconds / b.seconds), n)
        });
        let label = format!("{:>9} rows  {what}", self.rows);
        println!(
            "{label:<44} {:>9.3} {micros:>11.1} {:>8.0} {ratio:>8}  {name}",
            figure.seconds, figure.mib
        );
    }

    /// Writes the workbooks and the list of departments.
    fn make(&self) -> Result<(), String> {
        let inventory = Inventory {
            rows: self.rows,
            seed: SEED,
            changed: false,
        };
        let changed = Inventory {
            changed: true,
            ..inventory
        };
        let books = inventory
            .write_workbook(&self.file(NEW))
            .and_then(|()| changed.write_workbook(&self.file(CHANGED)));
        books.map_err(|e| e.to_string())?;
        inventory
            .write_departments(&self.file(LIST))
            .map_err(|e| e.to_string())
    }

    /// A fresh ledger with the departments.
    fn fresh(&self) -> Result<(), String> {
        let ledger = self.file(LEDGER);
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", ledger.display()));
        }
        self.runner.quiet(&[
            "departments",
            &text(&self.file(LIST)),
            "--database",
            &text(&ledger),
        ])
    }

    fn import(&self, file: &str, database: &str) -> [String; 7] {
        let (file, limits) = (text(&self.file(file)), text(&self.limits()));
        [
            "import",
            "--json",
            &file,
            "--database",
            database,
            "--config",
            &limits,
        ]
        .map(str::to_owned)
    }

    /// Imports into `SQLite`; returns the figure of the new sheet.
    fn imports(&self) -> Result<Figure, String> {
        let ledger = text(&self.file(LEDGER));
        let read = ["bare-read", &text(&self.file(NEW))].map(str::to_owned);
        let read = self.runner.median(&read, || Ok(()))?;
        self.line("bare calamine read", read, None);
        let bare = self.file("bare.db");
        let insert = ["bare-insert", &self.rows.to_string(), &text(&bare)].map(str::to_owned);
        let insert = self.runner.median(&insert, || {
            let _ = std::fs::remove_file(&bare);
            Ok(())
        })?;
        self.line("bare SQLite insert", insert, None);
        let new = self
            .runner
            .median(&self.import(NEW, &ledger), || self.fresh())?;
        self.line("import, all new", new, Some(("bare read", read)));
        self.line("import, all new", new, Some(("bare insert", insert)));
        let same = self.runner.median(&self.import(NEW, &ledger), || Ok(()))?;
        self.line("import, nothing changed", same, Some(("bare read", read)));
        let before = self.file("before.db");
        copy(&self.file(LEDGER), &before)?;
        let one = self.runner.median(&self.import(CHANGED, &ledger), || {
            copy(&before, &self.file(LEDGER))
        })?;
        self.line("import, 1 % changed", one, Some(("bare read", read)));
        Ok(new)
    }

    /// Export and verification of the ledger that the imports left.
    fn out(&self) -> Result<(), String> {
        let ledger = text(&self.file(LEDGER));
        let bare = [
            "bare-write",
            &self.rows.to_string(),
            &text(&self.file("bare.xlsx")),
        ]
        .map(str::to_owned);
        let bare = self.runner.median(&bare, || Ok(()))?;
        self.line("bare rust_xlsxwriter, same cells", bare, None);
        let out = text(&self.file("out.xlsx"));
        let export = [
            "export",
            "--register",
            "information_system",
            "--out",
            &out,
            "--database",
            &ledger,
        ];
        let export = self.runner.median(&export.map(str::to_owned), || Ok(()))?;
        self.line("export", export, Some(("bare write", bare)));
        let verify = ["verify", "--database", &ledger].map(str::to_owned);
        let verify = self.runner.median(&verify, || Ok(()))?;
        self.line("verify", verify, None);
        Ok(())
    }

    /// The check for duplicates on a ledger of new rows and of some proposals.
    fn duplicates(&self) -> Result<(), String> {
        self.make()?;
        self.fresh()?;
        let ledger = self.file(LEDGER);
        self.runner.once(&self.import(NEW, &text(&ledger)))?;
        let inventory = Inventory {
            rows: self.rows,
            seed: SEED,
            changed: false,
        };
        duplicates::write_proposals(inventory, &self.file("proposals.csv"))?;
        self.runner
            .once(&self.import("proposals.csv", &text(&ledger)))?;
        duplicates::measure(&ledger)
    }

    /// Links of a hub on a ledger of their own.
    fn sharing(&self) -> Result<(), String> {
        let inventory = Inventory {
            rows: 1_000,
            seed: SEED,
            changed: false,
        };
        inventory
            .write_departments(&self.file(LIST))
            .map_err(|e| e.to_string())?;
        self.fresh()?;
        let ledger = self.file(LEDGER);
        sharing::write_systems(inventory, &self.file("systems.csv"))?;
        sharing::write_links(inventory, self.rows, &self.file("links.csv"))?;
        for name in ["systems.csv", "links.csv"] {
            self.runner.once(&self.import(name, &text(&ledger)))?;
        }
        let data = self.file("data");
        std::fs::create_dir_all(&data).map_err(|e| e.to_string())?;
        sharing::measure(&ledger, &data)
    }

    /// The service on a ledger of new rows, made now unless it is there.
    fn http(&self, runs: usize) -> Result<(), String> {
        let ledger = self.file(LEDGER);
        if !ledger.exists() {
            self.make()?;
            self.fresh()?;
            let new = self.runner.once(&self.import(NEW, &text(&ledger)))?;
            self.line("import, all new", new, None);
        }
        let export = if self.rows > 100_000 {
            None
        } else {
            let out = text(&self.file("out.xlsx"));
            let register = ["export", "--register", "information_system", "--out", &out];
            let args: Vec<String> = register.iter().map(|a| (*a).to_owned()).collect();
            let args = [args, vec!["--database".to_owned(), text(&ledger)]].concat();
            Some(self.runner.median(&args, || Ok(()))?.seconds)
        };
        let data = self.file("data");
        std::fs::create_dir_all(&data).map_err(|e| e.to_string())?;
        let ledger = http::Ledger {
            file: &ledger,
            folder: &data,
            rows: self.rows,
            runs,
        };
        ledger.measure(export)
    }

    fn postgres(&self, address: &str, sqlite: Figure) -> Result<(), String> {
        let list = text(&self.file(LIST));
        let new = self.runner.median(&self.import(NEW, address), || {
            self.runner.quiet(&["empty-postgres", address])?;
            self.runner
                .quiet(&["departments", &list, "--database", address])
        })?;
        self.line(
            "import into PostgreSQL, all new",
            new,
            Some(("SQLite", sqlite)),
        );
        Ok(())
    }

    /// Limits wide enough for the largest file.
    fn limits(&self) -> PathBuf {
        let path = self.file("limits.toml");
        let limits = "[limits]\nfile_bytes = 1073741824\ninflated_bytes = 8589934592\nrows_per_sheet = 1048576\ncpu_seconds = 600\nmemory_bytes = 4294967296\nwall_seconds = 1200\n";
        let _ = std::fs::write(&path, limits);
        path
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Copies a ledger that nobody has open: after the last connection closed, the file holds everything.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", to.display()));
    }
    std::fs::copy(from, to)
        .map(|_| ())
        .map_err(|e| e.to_string())
}
