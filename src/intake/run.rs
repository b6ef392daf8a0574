//! Walks the pipeline: open, lay out, then plan on one thread and write on another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Instant;

mod prepare;

use crate::app::App;
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::error::{Doing, Error, Result};
use crate::intake::collect::{Collector, RowNotes};
use crate::intake::correct::Corrections;
use crate::intake::layout::{self, Wanted};
use crate::intake::mapping::{MapFile, Remembered};
use crate::intake::planner::Planner;
use crate::intake::read::Reader;
use crate::intake::record::{self, File};
use crate::intake::report::Report;
use crate::intake::sheet_plan::SheetPlan;
use crate::intake::spool::{Ranges, Spool, SpooledRow};
use crate::ledger::chain;
use crate::ledger::change::Change;
use crate::ledger::change_set::{self, ChangeSet, Purpose, Verdict};
use crate::ledger::reindex;
use crate::org::directory;
use crate::sharing::follow;
use crate::sheet::cell::SheetHead;
use crate::sheet::fault::SheetFault;
use crate::sheet::workbook::Rows;

/// How far an import goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Only look.
    #[default]
    Check,
    /// Everything or nothing.
    Whole,
    /// The rows that are right.
    Partial,
}

/// An import that is recorded already, and about to be applied.
#[derive(Clone, Debug)]
pub struct Staged {
    /// Its number.
    pub import: i64,
    /// The digest of what its preview showed; nothing else may be written.
    pub plan: String,
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The file.
    pub file: PathBuf,
    /// Its name as people know it, when it lies under another.
    pub name: Option<String>,
    /// Cells that somebody corrected.
    pub corrections: Corrections,
    /// The import that is applied; none when it is recorded only with the result.
    pub staged: Option<Staged>,
    /// How far to go.
    pub mode: Mode,
    /// Only this register.
    pub register: Option<String>,
    /// Only this sheet.
    pub sheet: Option<String>,
    /// Owner of rows that name none: name or code.
    pub department: Option<String>,
    /// Mappings given with the file.
    pub maps: Vec<MapFile>,
    /// Why.
    pub reason: String,
    /// From which day it is true.
    pub valid_on: Option<String>,
    /// Keep a note for every row, for the annotated copy.
    pub annotate: bool,
}

/// The result, with the notes for the annotated copy by sheet number and row.
pub struct Done {
    /// The report.
    pub report: Report,
    /// Notes by row.
    pub notes: RowNotes,
    /// The sheets as the file has them, for the annotated copy.
    pub heads: Vec<SheetHead>,
    /// Digest of everything that was, or would be, written; only for previews and what is staged.
    pub plan: String,
    /// Rows that change nothing, by sheet; only for previews.
    pub same: BTreeMap<usize, Ranges>,
    /// Departments that the rows speak of.
    pub touched: BTreeSet<i64>,
    /// What was staged is not what would be written now: nothing was.
    pub moved: bool,
}

/// Takes the decided rows of a preview.
pub type Sink<'s> = &'s mut dyn FnMut(Vec<SpooledRow>) -> Result<()>;

/// Told how many rows have been read.
pub type Progress<'p> = &'p (dyn Fn(u64) + Sync);

impl From<SheetFault> for Error {
    fn from(fault: SheetFault) -> Self {
        Self::Input {
            code: fault.code.to_string(),
            message: fault.message,
            suggestion: fault.suggestion,
        }
    }
}

/// Runs an import.
///
/// # Errors
/// [`Error::Input`] when the file cannot be read to its end; whatever the database says. The ledger is
/// untouched then. Problems in rows are no error: they are in the report.
pub fn run(app: &App, viewer: &Viewer, request: &Request, progress: Progress<'_>) -> Result<Done> {
    run_into(app, viewer, request, progress, None)
}

/// Runs an import; with a sink, the rows of a check go there as they are decided.
///
/// # Errors
/// As [`run`]; and whatever the sink says.
pub fn run_into(
    app: &App,
    viewer: &Viewer,
    request: &Request,
    progress: Progress<'_>,
    sink: Option<Sink<'_>>,
) -> Result<Done> {
    let begun = Instant::now();
    if !request.file.is_file() {
        let path = request.file.display();
        return Err(Error::Usage(format!("没有找到文件“{path}”，请核对路径")));
    }
    let mut conn = app.database.open()?;
    reindex::refresh(&mut conn, &app.catalogue)?;
    let file = file(request)?;
    let stem = Path::new(&file.name)
        .file_stem()
        .map(|s| s.to_string_lossy().into_owned());
    let workbook = app
        .parser
        .open_as(&request.file, &stem.unwrap_or_default())?;
    let heads = workbook.sheets().to_vec();
    let remembered = Remembered::load(&mut conn)?;
    let wanted = Wanted {
        register: request.register.as_deref(),
        sheet: request.sheet.as_deref(),
        maps: &request.maps,
        home: viewer.home(),
        remembered: &remembered,
    };
    let mut collector = Collector::new(request.annotate);
    if sink.is_some() || request.staged.is_some() {
        collector = collector.spooling(Spool::new(sink.is_some()));
    }
    collector.report.file.clone_from(&file.name);
    collector.report.format = workbook.format().to_string();
    let notes = workbook.notes().iter().map(|n| n.message.clone());
    collector.report.notes = notes.collect();
    let mut plans = Vec::new();
    for sheet in layout::plan(&app.catalogue, &heads, wanted)? {
        collector.sheet(sheet.report);
        plans.extend(sheet.plan);
    }
    if plans.is_empty() && sink.is_none() {
        return Err(nothing_found(&collector.report));
    }
    let rank = |p: &SheetPlan<'_>| {
        app.catalogue
            .registers()
            .iter()
            .position(|r| r.key == p.register.key)
    };
    plans.sort_by_key(|p| (rank(p), p.index));
    let order: Vec<usize> = plans.iter().map(|p| p.index).collect();
    let job = Job {
        app,
        viewer,
        request,
        plans: &plans,
        heads: &heads,
        file: &file,
        progress,
    };
    let rows = workbook.stream(&order)?;
    let mut done = job.carry_out(&mut conn, rows, collector, sink)?;
    done.report.elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    done.heads = heads;
    Ok(done)
}

fn file(request: &Request) -> Result<File> {
    let own = || request.file.file_name().map(|n| n.to_string_lossy());
    Ok(File {
        name: request
            .name
            .clone()
            .unwrap_or_else(|| own().unwrap_or_default().into_owned()),
        digest: chain::file_digest(&request.file).doing("读取文件")?,
    })
}

pub(crate) fn nothing_found(report: &Report) -> Error {
    let why: Vec<String> = report
        .sheets
        .iter()
        .map(|s| {
            format!(
                "“{}”: {}",
                s.sheet,
                s.left_out.as_deref().unwrap_or_default()
            )
        })
        .collect();
    Error::Input {
        code: "no_table".to_owned(),
        message: format!("没有找到可以导入的表。{}。", why.join("；")),
        suggestion: "请确认表头包含系统名称、主管部门等列名；表头特殊时请指明每一列是什么（网页“调整列对应”，命令行 --map）"
            .to_owned(),
    }
}

pub(super) struct Job<'j> {
    app: &'j App,
    viewer: &'j Viewer,
    request: &'j Request,
    plans: &'j [SheetPlan<'j>],
    heads: &'j [SheetHead],
    file: &'j File,
    progress: Progress<'j>,
}

impl<'j> Job<'j> {
    fn carry_out(
        &self,
        conn: &mut Conn,
        rows: Rows,
        collector: Collector,
        sink: Option<Sink<'_>>,
    ) -> Result<Done> {
        if self.request.mode == Mode::Check {
            let next_entry = change_set::next_entry(conn)?;
            let mut planner = self.planner(conn, next_entry, collector)?;
            let mut nowhere = |_| Ok(());
            self.feed(&mut planner, rows, |_| true, sink.unwrap_or(&mut nowhere))?;
            return planner.into_done();
        }
        let purpose = Purpose {
            source: "import",
            reason: self.request.reason.clone(),
            valid_on: self.request.valid_on.clone(),
            import_id: None,
            undoes: None,
        };
        let mut import = None;
        let (change_set, mut done) = change_set::write(conn, self.viewer, purpose, |set| {
            self.fill(set, rows, collector, &mut import)
        })?;
        done.report.change_set = change_set;
        done.report.import = import;
        done.report.applied = import.is_some();
        Ok(done)
    }

    /// Plans on a second thread while this one writes what is planned.
    fn fill(
        &self,
        set: &mut ChangeSet<'_>,
        rows: Rows,
        collector: Collector,
        import: &mut Option<i64>,
    ) -> Result<Verdict<Done>> {
        let staged = self.request.staged.as_ref();
        let id = match staged {
            Some(staged) => staged.import,
            None => record::next_id(set.conn())?,
        };
        set.belongs_to_import(id);
        let next_entry = set.next_entry();
        let mut planner = self.planner(set.conn(), next_entry, collector)?;
        let (sender, receiver) = mpsc::sync_channel::<Vec<Change>>(8);
        let whole = self.request.mode == Mode::Whole;
        let planned = std::thread::scope(|scope| -> Result<Planner<'_>> {
            let planning = scope.spawn(move || -> Result<Planner<'_>> {
                let hand_over = |batch| sender.send(batch).is_ok();
                self.feed(&mut planner, rows, hand_over, &mut |_| Ok(()))?;
                Ok(planner)
            });
            let mut writing = Ok(());
            for batch in receiver {
                for change in batch {
                    if writing.is_ok() {
                        writing = set.add(change);
                    }
                }
            }
            let planner = planning.join().map_err(|_| Error::Internal {
                doing: "核对数据",
                cause: "内部错误".to_owned(),
            })??;
            writing?;
            Ok(planner)
        })?;
        let refused = planned.collector.report.problems_total > 0;
        let new_departments = planned.new_departments.clone();
        let held = planned.held.clone();
        let statements = planned.statements.clone();
        let mut done = planned.into_done()?;
        done.moved = staged.is_some_and(|s| s.plan != done.plan);
        if done.moved || (whole && refused) {
            return Ok(Verdict::Rollback(done));
        }
        directory::insert(set.conn(), &new_departments)?;
        self.remember(set.conn())?;
        self.propose(set, &held)?;
        self.state(set, &statements)?;
        if !statements.is_empty() {
            let directory = directory::Directory::load(set.conn())?;
            follow::tell(set.conn(), &directory)?;
        }
        let change_set = set.has_changes().then(|| set.seq());
        let came_to = record::CameTo {
            change_set,
            rows: done.report.rows(),
            touched: &done.touched,
        };
        match staged {
            Some(_) => record::applied(set.conn(), id, self.viewer, self.file, &came_to)?,
            None => record::add(set.conn(), id, self.viewer, self.file, &came_to)?,
        }
        *import = Some(id);
        Ok(Verdict::Commit(done))
    }

    /// Plans the file; `hand_over` takes each batch of prepared changes. Cells are read on a thread of their own.
    fn feed(
        &self,
        planner: &mut Planner<'j>,
        rows: Rows,
        mut hand_over: impl FnMut(Vec<Change>) -> bool,
        sink: Sink<'_>,
    ) -> Result<()> {
        let (sender, receiver) = mpsc::sync_channel(8);
        let reader = Reader {
            catalogue: &self.app.catalogue,
            plans: self.plans,
            heads: self.heads,
            corrections: &self.request.corrections,
            with_texts: planner.collector.is_previewing(),
        };
        std::thread::scope(|scope| {
            let reading = scope.spawn(move || reader.run(rows, |batch| sender.send(batch).is_ok()));
            let mut planned = 0_u64;
            for batch in receiver {
                planned += u64::try_from(batch.len()).unwrap_or(0);
                for line in batch {
                    planner.line(line)?;
                }
                (self.progress)(planned);
                let decided = planner.collector.spool().map(Spool::take);
                if let Some(decided) = decided.filter(|d| !d.is_empty()) {
                    sink(decided)?;
                }
                let changes = planner.take();
                if !changes.is_empty() && !hand_over(changes) {
                    return Ok(());
                }
            }
            reading.join().map_err(|_| Error::Internal {
                doing: "读取文件",
                cause: "内部错误".to_owned(),
            })??;
            planner.finish()?;
            if let Some(spool) = planner.collector.spool() {
                sink(spool.take())?;
            }
            hand_over(planner.take());
            Ok(())
        })
    }
}
