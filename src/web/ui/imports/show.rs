//! The page of one import: progress, preview by group, decision, result.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::row::RowView;
use super::{Choice, badge};
use crate::clock;
use crate::error::Result;
use crate::intake::correct;
use crate::intake::preview::{self, Filter, Preview};
use crate::intake::report::SheetReport;
use crate::intake::upload::outcome::{self, Touched};
use crate::intake::upload::{State, Upload, see, steps};
use crate::jobs::imports;
use crate::ledger::undo::Undone;
use crate::org::directory::Directory;
use crate::web::answer::Failure;
use crate::web::api::imports::place;
use crate::web::caller::{Ask, Caller};
use crate::web::page::Shell;

/// Rows of a page of the preview.
const ROWS: i64 = 50;
/// Entries of the result that are listed.
const ENTRIES: i64 = 50;
/// Kinds of problems that are listed.
const LISTED: usize = 12;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Query {
    group: String,
    sheet: String,
    field: String,
    search: String,
    after: String,
    from: Option<i64>,
}

impl Query {
    fn href(&self, id: i64, group: &str, field: &str, after: &str) -> String {
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

/// A kind of problem, with the way to its rows.
struct KindView {
    bad: bool,
    label: String,
    message: String,
    count: u64,
    href: String,
}

/// A sheet as it was understood.
struct SheetView {
    number: usize,
    name: String,
    said: String,
    left_out: bool,
    matched: usize,
    unmatched: Vec<String>,
    unsure: Vec<String>,
    amount: String,
}

/// A correction that was made.
struct CorrectionView {
    id: i64,
    place: String,
    said: String,
    text: String,
    by: String,
}

/// What it wrote, by register.
struct WrittenView {
    label: String,
    href: String,
    created: i64,
    changed: i64,
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
    written: Vec<WrittenView>,
    entries: Vec<Touched>,
    more_entries: String,
    may_undo: bool,
    undoing: bool,
    undo_failed: String,
    undone: Option<Undone>,
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
    let job = imports::last_job(ask.conn, id)?;
    let undoing = job.as_ref().is_some_and(|j| j.is_open()) && state == State::Applied;
    let undo_failed = job
        .as_ref()
        .filter(|j| state == State::Applied && j.state == "failed")
        .map(|j| j.message.clone());
    let busy = (state.is_busy() || undoing).then(|| {
        let progress = job.as_ref().and_then(|j| ask.state.jobs.progress(j.id));
        let done = job.as_ref().map_or(0, |j| j.done);
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        Busy {
            label: if undoing {
                "正在撤销"
            } else {
                state.label()
            },
            done: progress.map_or(done, |p| number(p.done)),
            total: match progress {
                Some(p) => p.total.map(number),
                None => job.as_ref().and_then(|j| j.total),
            },
        }
    });
    let mut shell = ask.shell(&format!("导入 {id}"), "/imports");
    if busy.is_some() {
        shell = shell.refreshing(2);
    }
    let group = chosen_group(query, &upload);
    let (rows, after) = rows(ask, &upload, &preview, &directory, &group, query)?;
    let (written, entries, more_entries) = result(ask, &upload, query)?;
    let may_undo = state == State::Applied && steps::may_undo(ask.conn, &ask.viewer, id).is_ok();
    let corrections = corrections(ask, &upload, &preview)?;
    let open = matches!(state, State::Previewed | State::Rejected | State::Failed);
    let filtered = !(query.sheet.is_empty() && query.field.is_empty() && query.search.is_empty());
    Ok(Show {
        back: query.href(id, &group, &query.field, &query.after),
        tabs: tabs(id, &upload, &group, query),
        first: if query.after.is_empty() {
            String::new()
        } else {
            query.href(id, &group, &query.field, "")
        },
        after: after
            .map(|a| query.href(id, &group, &query.field, &a))
            .unwrap_or_default(),
        kinds: kinds(id, &preview, query),
        sheet_choices: sheet_choices(&preview.report.sheets, query),
        sheets: preview
            .report
            .sheets
            .iter()
            .enumerate()
            .map(sheet_view)
            .collect(),
        facts: facts(&upload, &directory, ask),
        downloadable: upload.round > 0 && !upload.stored.is_empty() && state != State::Discarded,
        has_rows: upload.round > 0 && state != State::Discarded,
        missing_names: missing_names(&preview),
        shell,
        id,
        version: upload.version,
        state: state.label(),
        badge: badge(state),
        message: upload.message.clone(),
        file: upload.file_name.clone(),
        busy,
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
        written,
        entries,
        more_entries,
        may_undo,
        undoing,
        undo_failed: undo_failed.unwrap_or_default(),
        undone: upload.undone(),
    })
}

/// The group asked for, else the one that needs somebody most.
fn chosen_group(query: &Query, upload: &Upload) -> String {
    if query.group == "all" || preview::outcome(&query.group).is_some() {
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

fn tabs(id: i64, upload: &Upload, group: &str, query: &Query) -> Vec<Tab> {
    let rows = upload.rows();
    [
        ("refused", "有问题", rows.refused),
        ("new", "新增", rows.new),
        ("changed", "变更", rows.changed),
        ("skipped", "跳过", rows.skipped),
        ("same", "未变", rows.same),
    ]
    .map(|(word, label, count)| Tab {
        label,
        count,
        href: query.href(id, word, "", ""),
        current: word == group,
    })
    .into()
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

type Outcomes = (Vec<WrittenView>, Vec<Touched>, String);

/// What was written, read back from the history.
fn result(ask: &mut Ask<'_>, upload: &Upload, query: &Query) -> Result<Outcomes> {
    let Some(seq) = upload.change_set else {
        return Ok((Vec::new(), Vec::new(), String::new()));
    };
    let written = outcome::written(ask.conn, &ask.viewer, seq)?;
    let view = |w: outcome::Written| WrittenView {
        label: ask
            .app
            .catalogue
            .register(&w.register)
            .map_or_else(|| w.register.clone(), |r| r.label.clone()),
        href: format!("/registers/{}", w.register),
        created: w.created,
        changed: w.changed,
    };
    let written = written.into_iter().map(view).collect();
    let from = query.from.unwrap_or(-1);
    let mut entries = outcome::entries_of(ask.conn, &ask.viewer, seq, from, ENTRIES + 1)?;
    let more = i64::try_from(entries.len()).unwrap_or(0) > ENTRIES;
    entries.truncate(usize::try_from(ENTRIES).unwrap_or(0));
    let next = entries.last().filter(|_| more);
    let href = next.map(|e| format!("/imports/{}?from={}#entries", upload.id, e.ordinal));
    Ok((written, entries, href.unwrap_or_default()))
}

fn kinds(id: i64, preview: &Preview, query: &Query) -> Vec<KindView> {
    let view = |kind: &preview::Kind| KindView {
        bad: kind.weight == crate::intake::spool::Weight::Problem,
        label: if kind.label.is_empty() {
            "整行".to_owned()
        } else {
            kind.label.clone()
        },
        message: kind.message.clone(),
        count: kind.count,
        href: query.href(id, "all", &kind.field, ""),
    };
    preview.summary.iter().take(LISTED).map(view).collect()
}

fn sheet_choices(sheets: &[SheetReport], query: &Query) -> Vec<Choice> {
    let taken = sheets
        .iter()
        .enumerate()
        .filter(|(_, s)| s.register.is_some());
    taken
        .map(|(n, s)| Choice {
            value: n.to_string(),
            label: s.sheet.clone(),
            chosen: query.sheet == n.to_string(),
        })
        .collect()
}

fn sheet_view((number, sheet): (usize, &SheetReport)) -> SheetView {
    let said = match (&sheet.register_label, &sheet.left_out) {
        (Some(register), _) => {
            format!("{register}，表头在第 {} 行", sheet.header_row.unwrap_or(0))
        }
        (None, why) => why.clone().unwrap_or_default(),
    };
    let unmatched = sheet
        .columns
        .iter()
        .filter(|c| c.field.is_none() && !matches!(c.how.as_str(), "ignored" | "ours"));
    let unsure = sheet.columns.iter().filter(|c| c.how == "similar");
    let name = |c: &crate::intake::report::ColumnReport| format!("{} {}", c.column, c.header);
    SheetView {
        number,
        name: sheet.sheet.clone(),
        said,
        left_out: sheet.register.is_none(),
        matched: sheet.columns.iter().filter(|c| c.field.is_some()).count(),
        unmatched: unmatched.map(name).collect(),
        unsure: unsure.map(name).collect(),
        amount: sheet
            .amount
            .clone()
            .filter(|a| a != "0")
            .unwrap_or_default(),
    }
}

fn corrections(
    ask: &mut Ask<'_>,
    upload: &Upload,
    preview: &Preview,
) -> Result<Vec<CorrectionView>> {
    let sheets = &preview.report.sheets;
    let view = |kept: correct::Kept| {
        let sheet = usize::try_from(kept.sheet).ok().and_then(|n| sheets.get(n));
        let sheet = sheet.map_or("", |s| s.sheet.as_str());
        let column = kept.column();
        CorrectionView {
            id: kept.id,
            place: if kept.line == 0 {
                format!("{sheet}!{column} 列相同内容")
            } else {
                format!("{sheet}!{column}{}", kept.line)
            },
            said: kept.said,
            text: kept.text,
            by: format!("{} {}", kept.actor, clock::local(kept.at)),
        }
    };
    Ok(correct::list(ask.conn, upload.id)?
        .into_iter()
        .map(view)
        .collect())
}

fn facts(upload: &Upload, directory: &Directory, ask: &Ask<'_>) -> Vec<(&'static str, String)> {
    let options = upload.options();
    let department = upload.department_id.and_then(|id| directory.get(id));
    let sender = match department {
        Some(department) => format!("{}（{}）", upload.actor, department.name),
        None => upload.actor.clone(),
    };
    let mut out = vec![("上传人", sender), ("上传时间", clock::local(upload.at))];
    if upload.size > 0 {
        let kib = upload.size.unsigned_abs().div_ceil(1024);
        out.push(("大小", format!("{kib} KB")));
    }
    if let Some(register) = options
        .register
        .as_deref()
        .and_then(|k| ask.app.catalogue.register(k))
    {
        out.push(("登记簿", register.label.clone()));
    }
    if let Some(department) = options.department {
        out.push(("未写单位的行归入", department));
    }
    if !options.reason.is_empty() {
        out.push(("变更原因", options.reason));
    }
    if let Some(day) = options.valid_on {
        out.push(("生效日期", day));
    }
    out.push((
        "文件摘要（SM3）",
        upload.file_digest.chars().take(16).collect(),
    ));
    out
}

fn missing_names(preview: &Preview) -> String {
    let names = preview.report.missing_entries.iter().take(5);
    let names: Vec<&str> = names.map(|m| m.name.as_str()).collect();
    names.join("、")
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
            let open = job.as_ref().is_some_and(|j| j.is_open());
            let progress = job.as_ref().and_then(|j| ask.state.jobs.progress(j.id));
            let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            Ok(Progress {
                busy: upload.state().is_busy() || open,
                label: upload.state().label(),
                done: progress.map_or(job.as_ref().map_or(0, |j| j.done), |p| number(p.done)),
                total: progress
                    .and_then(|p| p.total.map(number))
                    .or(job.as_ref().and_then(|j| j.total)),
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
