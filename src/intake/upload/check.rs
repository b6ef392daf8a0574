//! Checking an uploaded file: the pipeline as a preview, its rows stored, its result put beside the import.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{State, Upload, load};
use crate::app::App;
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{imports, ledger_head};
use crate::error::{Doing, Error, Result};
use crate::intake::correct::Corrections;
use crate::intake::preview::{self, Head, Kind, Preview};
use crate::intake::report::Report;
use crate::intake::run::{self, Done, Mode, Progress, Request};
use crate::intake::spool::{SpooledRow, Weight};
use crate::sheet::cell::SheetHead;

/// Problems, warnings and missing entries that are kept in the report; rows have them all.
const LISTED: usize = 500;
/// Kinds of problems that are told apart.
const KINDS: usize = 200;
/// Rows, columns and characters of what is shown of a sheet's beginning.
const SHOWN: (usize, usize, usize) = (12, 40, 60);
/// How often a check begins anew because the ledger moved while it ran.
const TRIES: usize = 3;

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// There is a preview.
    Previewed {
        /// Rows that cannot go in.
        refused: u64,
    },
    /// The file cannot be taken; its import says why.
    Rejected,
    /// Somebody changed what is asked for meanwhile, or decided already: nothing was noted.
    Overtaken,
}

/// Checks an import that waits for it; a note about why it is checked again goes with the result.
///
/// # Errors
/// When the environment fails; the import stays as it is, to be checked again.
pub fn check(
    app: &App,
    viewer: &Viewer,
    id: i64,
    note: &str,
    progress: Progress<'_>,
) -> Result<Checked> {
    let mut conn = app.database.connect()?;
    let Some(upload) = begin(&mut conn, id)? else {
        return Ok(Checked::Overtaken);
    };
    let mut tries = 0;
    let outcome = loop {
        let head: i64 = ledger_head::table
            .select(ledger_head::seq)
            .first(&mut conn)?;
        let looked = look(app, &mut conn, viewer, &upload, progress);
        tries += 1;
        match looked {
            Err(Error::Conflict(_)) if tries < TRIES => {
                let round = upload.rounds;
                preview::sweep_round(&mut conn, id, round)?;
            }
            Err(Error::Conflict(said)) => {
                return Err(Error::Internal {
                    doing: "核对导入",
                    cause: said,
                });
            }
            Ok((done, kinds)) => break Ok((done, kinds, head)),
            Err(error) => break Err(error),
        }
    };
    let checked = match outcome {
        Ok((done, kinds, head)) => conclude(&mut conn, &upload, done, kinds, head, note)?,
        Err(
            error @ (Error::Input { .. }
            | Error::Usage(_)
            | Error::NotFound(_)
            | Error::Invalid(_)
            | Error::Refused(_)
            | Error::TooLarge(_)),
        ) => reject(&mut conn, &upload, &error.to_string())?,
        Err(error) => return Err(error),
    };
    match checked {
        Checked::Overtaken => preview::sweep_round(&mut conn, id, upload.rounds)?,
        _ => preview::sweep(&mut conn, id, upload.rounds)?,
    }
    Ok(checked)
}

/// Takes the import for a round of checking of its own.
fn begin(conn: &mut Conn, id: i64) -> Result<Option<Upload>> {
    let waiting = [State::Received, State::Checking].map(State::word);
    let taken = diesel::update(imports::table.find(id))
        .filter(imports::state.eq_any(waiting))
        .set((
            imports::state.eq(State::Checking.word()),
            imports::rounds.eq(imports::rounds + 1),
        ))
        .execute(conn)?;
    if taken == 1 { load(conn, id) } else { Ok(None) }
}

/// The request that an import stands for.
pub(super) fn request(app: &App, conn: &mut Conn, upload: &Upload, mode: Mode) -> Result<Request> {
    let options = upload.options();
    let file = upload.path(app).ok_or_else(|| Error::Input {
        code: "file_gone".to_owned(),
        message: "上传的文件已不在服务器上".to_owned(),
        suggestion: "请重新上传".to_owned(),
    })?;
    let reason = if options.reason.is_empty() {
        format!("导入 {}", upload.file_name)
    } else {
        options.reason
    };
    Ok(Request {
        file,
        name: Some(upload.file_name.clone()),
        corrections: Corrections::load(conn, upload.id)?,
        staged: None,
        mode,
        register: options.register,
        sheet: options.sheet,
        department: options.department,
        maps: options.sheets,
        reason,
        valid_on: options.valid_on,
        annotate: false,
    })
}

type Kinds = BTreeMap<(u8, String, String), Kind>;

fn look(
    app: &App,
    conn: &mut Conn,
    viewer: &Viewer,
    upload: &Upload,
    progress: Progress<'_>,
) -> Result<(Done, Kinds)> {
    let request = request(app, conn, upload, Mode::Check)?;
    let mut kinds = Kinds::new();
    let mut spool = |rows: Vec<SpooledRow>| {
        for row in &rows {
            count(&mut kinds, row);
        }
        preview::write(conn, upload.id, upload.rounds, rows)
    };
    let done = run::run_into(app, viewer, &request, progress, Some(&mut spool))?;
    Ok((done, kinds))
}

fn count(kinds: &mut Kinds, row: &SpooledRow) {
    for problem in &row.problems {
        let weight = match problem.weight {
            Weight::Problem => 0,
            Weight::Warning => 1,
            Weight::Normalised => continue,
        };
        let field = problem.field.clone().unwrap_or_default();
        let key = (weight, field.clone(), problem.code.clone());
        if let Some(kind) = kinds.get_mut(&key) {
            kind.count += 1;
            kind.varies |= kind.message != problem.message;
        } else if kinds.len() < KINDS {
            let kind = Kind {
                weight: problem.weight,
                field,
                label: problem.label.clone(),
                code: problem.code.clone(),
                message: problem.message.clone(),
                varies: false,
                count: 1,
            };
            kinds.insert(key, kind);
        }
    }
}

fn conclude(
    conn: &mut Conn,
    upload: &Upload,
    done: Done,
    kinds: Kinds,
    head: i64,
    note: &str,
) -> Result<Checked> {
    let rows = done.report.rows();
    let empty = done.report.sheets.iter().all(|s| s.register.is_none());
    let (state, message) = if empty {
        (
            State::Rejected,
            run::nothing_found(&done.report).to_string(),
        )
    } else {
        (State::Previewed, note.to_owned())
    };
    let mut summary: Vec<Kind> = kinds.into_values().collect();
    summary.sort_by_key(|k| (k.weight != Weight::Problem, std::cmp::Reverse(k.count)));
    let preview = Preview {
        heads: done.heads.iter().map(beginning).collect(),
        report: shortened(done.report),
        same: done.same,
        summary,
    };
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let hit = diesel::update(imports::table.find(upload.id))
        .filter(imports::state.eq(State::Checking.word()))
        .filter(imports::version.eq(upload.version))
        .set((
            (
                imports::state.eq(state.word()),
                imports::message.eq(message),
                imports::changed_at.eq(clock::now()),
                imports::version.eq(imports::version + 1),
                imports::round.eq(upload.rounds),
                imports::head_seq.eq(head),
                imports::plan_digest.eq(done.plan),
                imports::report.eq(serde_json::to_string(&preview).doing("记录预览")?),
                imports::touched.eq(serde_json::to_string(&done.touched).doing("记录预览")?),
            ),
            (
                imports::rows_new.eq(number(rows.new)),
                imports::rows_changed.eq(number(rows.changed)),
                imports::rows_same.eq(number(rows.same)),
                imports::rows_refused.eq(number(rows.refused)),
                imports::rows_skipped.eq(number(rows.skipped)),
            ),
        ))
        .execute(conn)?;
    Ok(match (hit, state) {
        (1, State::Previewed) => Checked::Previewed {
            refused: rows.refused,
        },
        (1, _) => Checked::Rejected,
        _ => Checked::Overtaken,
    })
}

fn reject(conn: &mut Conn, upload: &Upload, why: &str) -> Result<Checked> {
    let hit = diesel::update(imports::table.find(upload.id))
        .filter(imports::state.eq(State::Checking.word()))
        .filter(imports::version.eq(upload.version))
        .set((
            imports::state.eq(State::Rejected.word()),
            imports::message.eq(why),
            imports::changed_at.eq(clock::now()),
            imports::version.eq(imports::version + 1),
            imports::round.eq(upload.rounds),
        ))
        .execute(conn)?;
    Ok(if hit == 1 {
        Checked::Rejected
    } else {
        Checked::Overtaken
    })
}

/// The report without what the rows say anyway.
fn shortened(mut report: Report) -> Report {
    report.changes = Vec::new();
    report.normalised = Vec::new();
    report.problems.truncate(LISTED);
    report.warnings.truncate(LISTED);
    report.missing_entries.truncate(LISTED);
    report
}

fn beginning(head: &SheetHead) -> Head {
    let (rows, columns, characters) = SHOWN;
    let text = |cell: &crate::sheet::cell::Cell| cell.text().chars().take(characters).collect();
    let shown = head.head.iter().take(rows);
    Head {
        rows: shown
            .map(|row| {
                (
                    row.number,
                    row.cells.iter().take(columns).map(text).collect(),
                )
            })
            .collect(),
    }
}
