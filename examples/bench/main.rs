//! The benchmark: imports and exports of invented inventories beside the physical limit, in one run.
//!
//! `cargo run --release --example bench -- --rows 1000,10000,100000 --runs 3 [--postgres postgres://…]`
//!
//! Every figure is a whole process, started for it; medians over the runs; ratios against a bare
//! calamine read of the same file, a bare `SQLite` insert of the same rows, a bare `rust_xlsxwriter`.

mod baseline;
mod measure;
mod workbooks;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use measure::{Figure, Runner};
use workbooks::Inventory;

const SEED: u64 = 20_261_123;

struct Options {
    rows: Vec<u32>,
    runs: usize,
    postgres: Option<String>,
}

fn main() -> ExitCode {
    let first = std::env::args().nth(1).unwrap_or_default();
    if let Some(code) = baseline::run(&first) {
        return code;
    }
    // The program under test is this binary too: same code, one build.
    if !first.is_empty() && first != "--rows" && first != "--runs" && first != "--postgres" {
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
    };
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        let value = args.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--rows" => {
                out.rows = value
                    .split(',')
                    .map(|r| r.parse().map_err(|_| format!("bad number {r}")))
                    .collect::<Result<_, _>>()?
            }
            "--runs" => out.runs = value.parse().map_err(|_| format!("bad number {value}"))?,
            "--postgres" => out.postgres = Some(value),
            _ => return Err(format!("unknown option {name}")),
        }
    }
    Ok(out)
}

fn bench(options: &Options) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let runner = Runner::new(options.runs).map_err(|e| e.to_string())?;
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
        let new = step.sqlite()?;
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

    fn sqlite(&self) -> Result<Figure, String> {
        let (sheet, changed, list) = (
            self.file("new.xlsx"),
            self.file("changed.xlsx"),
            self.file("departments.csv"),
        );
        let inventory = Inventory {
            rows: self.rows,
            seed: SEED,
            changed: false,
        };
        inventory
            .write_workbook(&sheet)
            .map_err(|e| e.to_string())?;
        Inventory {
            changed: true,
            ..inventory
        }
        .write_workbook(&changed)
        .map_err(|e| e.to_string())?;
        inventory
            .write_departments(&list)
            .map_err(|e| e.to_string())?;
        let ledger = self.file("ledger.db");
        let fresh = || -> Result<(), String> {
            for end in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{end}", ledger.display()));
            }
            self.runner
                .quiet(&["departments", &text(&list), "--database", &text(&ledger)])
        };
        let import = |file: &Path| {
            vec![
                "import".to_owned(),
                "--json".to_owned(),
                text(file),
                "--database".to_owned(),
                text(&ledger),
                "--config".to_owned(),
                text(&self.limits()),
            ]
        };
        let read = self
            .runner
            .median(&["bare-read".to_owned(), text(&sheet)], || Ok(()))?;
        self.line("bare calamine read", read, None);
        let insert = self.runner.median(
            &[
                "bare-insert".to_owned(),
                self.rows.to_string(),
                text(&self.file("bare.db")),
            ],
            || {
                let _ = std::fs::remove_file(self.file("bare.db"));
                Ok(())
            },
        )?;
        self.line("bare SQLite insert", insert, None);
        let new = self.runner.median(&import(&sheet), fresh)?;
        self.line("import, all new", new, Some(("bare read", read)));
        self.line("import, all new", new, Some(("bare insert", insert)));
        let same = self.runner.median(&import(&sheet), || Ok(()))?;
        self.line("import, nothing changed", same, Some(("bare read", read)));
        let before = self.file("before.db");
        self.runner
            .quiet(&["migrate", "--database", &text(&ledger)])?;
        copy(&ledger, &before)?;
        let one = self
            .runner
            .median(&import(&changed), || copy(&before, &ledger))?;
        self.line("import, 1 % changed", one, Some(("bare read", read)));
        let out = self.file("out.xlsx");
        let bare = self.runner.median(
            &[
                "bare-write".to_owned(),
                self.rows.to_string(),
                text(&self.file("bare.xlsx")),
            ],
            || Ok(()),
        )?;
        self.line("bare rust_xlsxwriter, same cells", bare, None);
        let export = [
            "export",
            "--register",
            "information_system",
            "--out",
            &text(&out),
            "--database",
            &text(&ledger),
        ]
        .map(str::to_owned);
        let export = self.runner.median(&export, || Ok(()))?;
        self.line("export", export, Some(("bare write", bare)));
        let verify = self.runner.median(
            &["verify", "--database", &text(&ledger)].map(str::to_owned),
            || Ok(()),
        )?;
        self.line("verify", verify, None);
        Ok(new)
    }

    fn postgres(&self, address: &str, sqlite: Figure) -> Result<(), String> {
        let list = text(&self.file("departments.csv"));
        let sheet = text(&self.file("new.xlsx"));
        let import = [
            "import",
            "--json",
            &sheet,
            "--database",
            address,
            "--config",
            &text(&self.limits()),
        ]
        .map(str::to_owned);
        let new = self.runner.median(&import, || {
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
        let limits = "[limits]\nfile_bytes = 1073741824\ninflated_bytes = 8589934592\nrows_per_sheet = 1048576\ncpu_seconds = 600\nwall_seconds = 1200\n";
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
