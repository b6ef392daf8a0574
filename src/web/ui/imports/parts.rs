//! The parts of an import's page that are read and put into words one by one.

use super::Choice;
use super::show::Query;
use crate::clock;
use crate::error::Result;
use crate::intake::correct;
use crate::intake::preview::{self, Preview};
use crate::intake::report::SheetReport;
use crate::intake::upload::outcome::{self, Touched};
use crate::intake::upload::{State, Upload, steps};
use crate::ledger::held::REQUESTED;
use crate::ledger::undo::Undone;
use crate::org::directory::Directory;
use crate::review::submission;
use crate::web::caller::Ask;

/// Entries of the result that are listed.
const ENTRIES: i64 = 50;
/// Change requests that are listed.
const REQUESTS: i64 = 200;
/// Kinds of problems that are listed.
const LISTED: usize = 12;

/// A kind of problem, with the way to its rows.
pub(super) struct KindView {
    pub(super) bad: bool,
    pub(super) label: String,
    pub(super) message: String,
    pub(super) count: u64,
    pub(super) href: String,
}

/// A sheet as it was understood.
pub(super) struct SheetView {
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) said: String,
    pub(super) left_out: bool,
    pub(super) matched: usize,
    pub(super) unmatched: Vec<String>,
    pub(super) unsure: Vec<String>,
    pub(super) amount: String,
}

/// A correction that was made.
pub(super) struct CorrectionView {
    pub(super) id: i64,
    pub(super) place: String,
    pub(super) said: String,
    pub(super) text: String,
    pub(super) by: String,
}

/// What it wrote, by register.
pub(super) struct WrittenView {
    pub(super) label: String,
    pub(super) href: String,
    pub(super) created: i64,
    pub(super) changed: i64,
}

/// A change request of an entry in the file.
pub(super) struct RequestView {
    pub(super) id: i64,
    pub(super) number: String,
    pub(super) name: String,
    pub(super) code: String,
    pub(super) state: &'static str,
}

/// The change requests that an applied import led to, or added to.
pub(super) fn requests(
    ask: &mut Ask<'_>,
    upload: &Upload,
    preview: &Preview,
) -> Result<Vec<RequestView>> {
    if upload.state() != State::Applied || preview.report.requests == 0 {
        return Ok(Vec::new());
    }
    let filter = preview::Filter {
        said: &REQUESTED,
        ..preview::Filter::default()
    };
    let rows = preview::page(ask.conn, (upload.id, upload.round), &filter, None, REQUESTS)?;
    let entries: Vec<(String, String)> = rows.into_iter().map(|r| (r.register, r.code)).collect();
    let found = submission::changes_of(ask.conn, &ask.viewer, &entries)?;
    Ok(found
        .into_iter()
        .map(|l| RequestView {
            id: l.submission.id,
            number: l.submission.number(),
            name: l.entry.name,
            code: l.entry.code,
            state: l.submission.state().label(),
        })
        .collect())
}

/// What it wrote, and what taking it back came to.
pub(super) struct Outcomes {
    pub(super) written: Vec<WrittenView>,
    pub(super) entries: Vec<Touched>,
    pub(super) more: String,
    pub(super) may_undo: bool,
    pub(super) undone: Option<Undone>,
}

/// What was written, read back from the history.
pub(super) fn result(ask: &mut Ask<'_>, upload: &Upload, query: &Query) -> Result<Outcomes> {
    let state = upload.state();
    let mut out = Outcomes {
        written: Vec::new(),
        entries: Vec::new(),
        more: String::new(),
        may_undo: state == State::Applied
            && steps::may_undo(ask.conn, &ask.viewer, upload.id).is_ok(),
        undone: upload.undone(),
    };
    let Some(seq) = upload.change_set else {
        return Ok(out);
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
    out.written = written.into_iter().map(view).collect();
    let from = query.from.unwrap_or(-1);
    out.entries = outcome::entries_of(ask.conn, &ask.viewer, seq, from, ENTRIES + 1)?;
    let more = i64::try_from(out.entries.len()).unwrap_or(0) > ENTRIES;
    out.entries.truncate(usize::try_from(ENTRIES).unwrap_or(0));
    let next = out.entries.last().filter(|_| more);
    let href = next.map(|e| format!("/imports/{}?from={}#entries", upload.id, e.ordinal));
    out.more = href.unwrap_or_default();
    Ok(out)
}

pub(super) fn kinds(id: i64, preview: &Preview, query: &Query) -> Vec<KindView> {
    let view = |kind: &preview::Kind| KindView {
        bad: kind.weight == crate::intake::spool::Weight::Problem,
        label: if kind.label.is_empty() {
            "整行".to_owned()
        } else {
            kind.label.clone()
        },
        message: if kind.varies {
            format!("例如: {}", kind.message)
        } else {
            kind.message.clone()
        },
        count: kind.count,
        href: query.href(id, "all", &kind.field, ""),
    };
    preview.summary.iter().take(LISTED).map(view).collect()
}

pub(super) fn sheet_choices(sheets: &[SheetReport], query: &Query) -> Vec<Choice> {
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

pub(super) fn sheet_view((number, sheet): (usize, &SheetReport)) -> SheetView {
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

pub(super) fn corrections(
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

pub(super) fn facts(
    upload: &Upload,
    directory: &Directory,
    ask: &Ask<'_>,
) -> Vec<(&'static str, String)> {
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

pub(super) fn missing_names(preview: &Preview) -> String {
    let names = preview.report.missing_entries.iter().take(5);
    let names: Vec<&str> = names.map(|m| m.name.as_str()).collect();
    names.join("、")
}
