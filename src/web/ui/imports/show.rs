//! The page of one import: progress, preview by group, decision, result.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::parts::{self, CorrectionView, KindView, Outcomes, RequestView, SheetView};
use super::row::RowView;
use super::{Choice, badge};
use crate::error::Result;
use crate::intake::ends::APART;
use crate::intake::preview::{self, Filter, Preview};
use crate::intake::upload::{State, Upload, see};
use crate::jobs::{Job, imports};
use crate::ledger::held::{KEPT, REQUESTED};
use crate::org::directory::Directory;
use crate::web::answer::Failure;
use crate::web::api::imports::place;
use crate::web::caller::{Ask, Caller};
use crate::web::page::Shell;

/// Rows of a page of the preview.
const ROWS: i64 = 50;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Query {
    group: String,
    pub(super) sheet: String,
    field: String,
    search: String,
    after: String,
    pub(super) from: Option<i64>,
}

impl Query {
    pub(super) fn href(&self, id: i64, group: &str, field: &str, after: &str) -> String {
        let coded = |t: &str| {
            percent_encoding::utf8_percent_encode(t, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let mut href = format!("/imports/{id}?group={}", coded(group));
        for (name, value) in [
            ("sheet", self.sheet.as_str()),
            ("field", field),
            ("search", self.search.as_str()),
            ("after", after),
        ] {
            if !value.is_empty() {
                href.push_str(&format!("&{name}={}", coded(value)));
            }
        }
        href
    }
}

/// One group of rows.
struct Tab {
    label: &'static str,
    count: u64,
    href: String,
    current: bool,
}

/// How far the work is.
struct Busy {
    label: &'static str,
    done: i64,
    total: Option<i64>,
}

#[derive(Template)]
#[template(path = "imports/show.html")]
struct Show {
    shell: Shell,
    id: i64,
    version: i64,
    back: String,
    state: &'static str,
    badge: &'static str,
    message: String,
    file: String,
    facts: Vec<(&'static str, String)>,
    busy: Option<Busy>,
    previewed: bool,
    rejected: bool,
    applied: bool,
    open: bool,
    has_rows: bool,
    downloadable: bool,
    refused: u64,
    writable: u64,
    tabs: Vec<Tab>,
    group: String,
    rows: Vec<RowView>,
    first: String,
    after: String,
    sheets: Vec<SheetView>,
    sheet_choices: Vec<Choice>,
    field: String,
    search: String,
    filtered: bool,
    kinds: Vec<KindView>,
    notes: Vec<String>,
    missing: u64,
    missing_names: String,
    corrections: Vec<CorrectionView>,
    outcomes: Outcomes,
    /// Change requests of entries of which the file says something else than what was approved.
    requests: Vec<RequestView>,
    undoing: bool,
    undo_failed: String,
}

async fn show(
    caller: Caller,
    path: web::Path<i64>,
    query: web::Query<Query>,
) -> std::result::Result<HttpResponse, Failure> {
    let (id, mut query) = (path.into_inner(), query.into_inner());
    if crate::web::fields::has_controls(&query.search) {
        query.search.clear();
    }
    caller.page(move |ask| page(ask, id, &query)).await
}

fn page(ask: &mut Ask<'_>, id: i64, query: &Query) -> Result<Show> {
    let upload = see(ask.conn, &ask.viewer, id)?;
    let preview = upload.preview();
    let directory = Directory::load(ask.conn)?;
    let state = upload.state();
    let counts = upload.rows();
    let work = work(ask, &upload)?;
    let mut shell = ask.shell(&format!("导入 {id}"), "/imports");
    if work.busy.is_some() {
        shell = shell.refreshing(2);
    }
    let group = chosen_group(query, &upload);
    let (rows, after) = rows(ask, &upload, &preview, &directory, &group, query)?;
    let outcomes = parts::result(ask, &upload, query)?;
    let corrections = parts::corrections(ask, &upload, &preview)?;
    let open = matches!(state, State::Previewed | State::Rejected | State::Failed);
    let filtered = !(query.sheet.is_empty() && query.field.is_empty() && query.search.is_empty());
    Ok(Show {
        back: query.href(id, &group, &query.field, &query.after),
        tabs: tabs(id, &upload, &preview, &group, query),
        requests: parts::requests(ask, &upload, &preview)?,
        first: if query.after.is_empty() {
            String::new()
        } else {
            query.href(id, &group, &query.field, "")
        },
        after: after
            .map(|a| query.href(id, &group, &query.field, &a))
            .unwrap_or_default(),
        kinds: parts::kinds(id, &preview, query),
        sheet_choices: parts::sheet_choices(&preview.report.sheets, query),
        sheets: preview
            .report
            .sheets
            .iter()
            .enumerate()
            .map(parts::sheet_view)
            .collect(),
        facts: parts::facts(&upload, &directory, ask),
        downloadable: upload.round > 0 && !upload.stored.is_empty() && state != State::Discarded,
        has_rows: upload.round > 0 && state != State::Discarded,
        missing_names: parts::missing_names(&preview),
        shell,
        id,
        version: upload.version,
        state: state.label(),
        badge: badge(state),
        message: upload.message.clone(),
        file: upload.file_name.clone(),
        busy: work.busy,
        previewed: state == State::Previewed,
        rejected: matches!(state, State::Rejected | State::Failed),
        applied: state == State::Applied,
        open,
        refused: counts.refused,
        writable: counts.new + counts.changed,
        group,
        rows,
        field: query.field.clone(),
        search: query.search.clone(),
        filtered,
        notes: preview.report.notes.clone(),
        missing: preview.report.missing,
        corrections,
        outcomes,
        undoing: work.undoing,
        undo_failed: work.failed,
    })
}

/// The work on an import.
struct Work {
    busy: Option<Busy>,
    undoing: bool,
    failed: String,
}

fn work(ask: &mut Ask<'_>, upload: &Upload) -> Result<Work> {
    let state = upload.state();
    let job = imports::last_job(ask.conn, upload.id)?;
    let applied = state == State::Applied;
    let undoing = applied && job.as_ref().is_some_and(Job::is_open);
    let failed = job.as_ref().filter(|j| applied && j.state == "failed");
    let failed = failed.map(|j| j.message.clone()).unwrap_or_default();
    let busy = (state.is_busy() || undoing).then(|| {
        let (done, total) = how_far(ask, job.as_ref());
        let label = if undoing {
            "正在撤销"
        } else {
            state.label()
        };
        Busy { label, done, total }
    });
    Ok(Work {
        busy,
        undoing,
        failed,
    })
}

/// Rows done, and of how many: from this process's own workers where they have it, else as written down.
fn how_far(ask: &Ask<'_>, job: Option<&Job>) -> (i64, Option<i64>) {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    match job.and_then(|j| ask.state.jobs.progress(j.id)) {
        Some(now) => (number(now.done), now.total.map(number)),
        None => (job.map_or(0, |j| j.done), job.and_then(|j| j.total)),
    }
}

/// The group asked for, else the one that needs somebody most.
fn chosen_group(query: &Query, upload: &Upload) -> String {
    let known = query.group == "all" || !said(&query.group).is_empty();
    if known || preview::outcome(&query.group).is_some() {
        return query.group.clone();
    }
    let rows = upload.rows();
    let first = if rows.refused > 0 {
        "refused"
    } else if rows.changed > 0 {
        "changed"
    } else if rows.new > 0 {
        "new"
    } else {
        "all"
    };
    first.to_owned()
}

/// The words that rows of a group have in common, of a group that is no outcome.
fn said(group: &str) -> &'static [&'static str] {
    match group {
        "requested" => &REQUESTED,
        "kept" => &KEPT,
        "apart" => &APART,
        _ => &[],
    }
}

fn tabs(id: i64, upload: &Upload, preview: &Preview, group: &str, query: &Query) -> Vec<Tab> {
    let rows = upload.rows();
    let report = &preview.report;
    let held = [
        ("requested", "转为变更申请", report.requests),
        ("kept", "未改（阶段由审核办理）", report.kept),
        ("apart", "记为本方说法", report.stated),
    ];
    let outcomes = [
        ("refused", "有问题", rows.refused),
        ("new", "新增", rows.new),
        ("changed", "变更", rows.changed),
        ("skipped", "跳过", rows.skipped),
        ("same", "未变", rows.same),
    ];
    // What is held back is rare: it is shown where there is some.
    let held = held.into_iter().filter(|(_, _, count)| *count > 0);
    outcomes
        .into_iter()
        .chain(held)
        .map(|(word, label, count)| Tab {
            label,
            count,
            href: query.href(id, word, "", ""),
            current: word == group,
        })
        .collect()
}

fn rows(
    ask: &mut Ask<'_>,
    upload: &Upload,
    preview: &Preview,
    directory: &Directory,
    group: &str,
    query: &Query,
) -> Result<(Vec<RowView>, Option<String>)> {
    let given = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    let filter = Filter {
        outcome: preview::outcome(group),
        doubtful: false,
        said: said(group),
        sheet: query.sheet.parse().ok(),
        field: given(&query.field),
        text: given(&query.search),
    };
    let after = place(&query.after).ok();
    let at = (upload.id, upload.round);
    let mut found = preview::page(ask.conn, at, &filter, after, ROWS + 1)?;
    let more = i64::try_from(found.len()).unwrap_or(0) > ROWS;
    found.truncate(usize::try_from(ROWS).unwrap_or(0));
    let next = found.last().map(|r| format!("{}-{}", r.sheet, r.line));
    let sheets = &preview.report.sheets;
    let views = found
        .into_iter()
        .map(|row| RowView::of(directory, sheets, row));
    Ok((views.collect(), next.filter(|_| more)))
}

/// What the page asks again and again while something is being done.
#[derive(Serialize)]
struct Progress {
    busy: bool,
    label: &'static str,
    done: i64,
    total: Option<i64>,
}

async fn progress(
    caller: Caller,
    path: web::Path<i64>,
) -> std::result::Result<HttpResponse, Failure> {
    let id = path.into_inner();
    let now = caller
        .read(move |ask| {
            let upload = see(ask.conn, &ask.viewer, id)?;
            let job = imports::last_job(ask.conn, id)?;
            let open = job.as_ref().is_some_and(Job::is_open);
            let (done, total) = how_far(ask, job.as_ref());
            Ok(Progress {
                busy: upload.state().is_busy() || open,
                label: upload.state().label(),
                done,
                total,
            })
        })
        .await?;
    Ok(HttpResponse::Ok().json(now))
}

/// Adds the routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/imports/{id:\\d+}", web::get().to(show))
        .route("/imports/{id:\\d+}/progress", web::get().to(progress));
}
