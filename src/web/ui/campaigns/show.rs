//! The board of a campaign, for the bureau and, cut to their own, for departments.

use actix_web::web;
use askama::Template;

use super::{Answer, HERE, badge, grounded, name, register_label};
use crate::campaign::answer::Answer as Said;
use crate::campaign::board::{self, Line};
use crate::campaign::list::{self, Item, View};
use crate::campaign::{self, Campaign};
use crate::clock;
use crate::error::{Doing as _, Problem, Result};
use crate::review::Ground;
use crate::web::caller::{Ask, Caller};
use crate::web::page::Shell;
use crate::web::ui::lists::download;

/// Questions on the board at most.
const QUESTIONS: usize = 100;

struct Row {
    line: Line,
    href: String,
    badge: &'static str,
}

impl Row {
    fn count(&self, word: &str) -> usize {
        Said::from_word(word).map_or(0, |answer| self.line.count(answer))
    }
}

struct Question {
    item: Item,
    register: String,
    from: String,
    to: String,
    note: String,
    version: i64,
}

/// The board.
#[derive(Template)]
#[template(path = "campaigns/board.html")]
pub(super) struct Board {
    shell: Shell,
    problems: Vec<Problem>,
    c: Campaign,
    bureau: String,
    due: String,
    provisional: bool,
    registers: Vec<String>,
    runs: bool,
    rows: Vec<Row>,
    settled: usize,
    late: usize,
    total: usize,
    answered: usize,
    open_questions: usize,
    questions: Vec<Question>,
    closed: String,
}

/// Puts the board together.
pub(super) fn page(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    id: i64,
    problems: Vec<Problem>,
) -> Result<Board> {
    let (c, members) = campaign::get(ask.conn, &ask.viewer, ground.directory, id)?;
    let pair = (&c, &members);
    let today = clock::today();
    let lines = board::lines(ask.conn, &ask.viewer, ground.directory, pair, today)?;
    let runs = campaign::runs(&ask.viewer, &c);
    let due = c.due(ask.conn)?;
    let found = if runs && c.is_open() {
        let wanted = (members.heads(), View::Questions);
        let wanted = (wanted.0.as_slice(), wanted.1);
        list::page(ask.conn, &ask.viewer, ground, pair, wanted, (0, QUESTIONS))?.items
    } else {
        Vec::new()
    };
    let questions = found.into_iter().map(|item| {
        let kept = item.kept.as_ref();
        let to = kept.and_then(|k| k.to_department_id);
        Question {
            register: register_label(ground.catalogue, &item.row.register),
            from: name(ground.directory, item.row.department_id),
            to: to.map(|id| name(ground.directory, id)).unwrap_or_default(),
            note: kept.map(|k| k.note.clone()).unwrap_or_default(),
            version: item.version(),
            item,
        }
    });
    let keys = c.registers();
    Ok(Board {
        problems,
        bureau: name(ground.directory, c.bureau_id),
        due: due.date.to_string(),
        provisional: due.provisional,
        registers: keys
            .iter()
            .map(|key| register_label(ground.catalogue, key))
            .collect(),
        runs,
        settled: lines.iter().filter(|l| l.standing.is_settled()).count(),
        late: lines.iter().filter(|l| l.late).count(),
        total: lines.iter().map(|l| l.total).sum(),
        answered: lines.iter().map(Line::answered).sum(),
        open_questions: lines.iter().map(|l| l.questions).sum(),
        questions: questions.collect(),
        closed: c.closed_at.map(clock::local).unwrap_or_default(),
        rows: lines
            .into_iter()
            .map(|line| Row {
                href: board::address(ground.directory, id, line.part.department_id),
                badge: badge(&line),
                line,
            })
            .collect(),
        shell: ask.shell(&c.title, HERE),
        c,
    })
}

/// `GET /campaigns/{id}`
async fn show(caller: Caller, id: web::Path<i64>) -> Answer {
    caller
        .page(move |ask| grounded(ask, |ask, ground| page(ask, ground, *id, Vec::new())))
        .await
}

/// A cell that a spreadsheet program must not take for a formula.
fn tame(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

const HEAD: [&str; 14] = [
    "单位代码",
    "单位",
    "状态",
    "逾期",
    "条目",
    "待答复",
    "无变化",
    "已变更",
    "已停用",
    "不属本单位",
    "答复后又有变更",
    "其间移除",
    "提交人",
    "提交时间",
];

fn sheet(lines: &[Line]) -> Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    out.write_record(HEAD).doing("写出核对进度")?;
    for line in lines {
        let late = if line.late { "是" } else { "" };
        let mut cells = vec![
            tame(&line.code),
            tame(&line.name),
            line.standing.label().to_owned(),
            late.to_owned(),
            line.total.to_string(),
            line.open().to_string(),
        ];
        cells.extend(Said::ALL.map(|answer| line.count(answer).to_string()));
        cells.extend([
            line.changed.to_string(),
            line.removed.to_string(),
            tame(line.part.submitted_by.as_deref().unwrap_or_default()),
            line.part.submitted_at.map(clock::local).unwrap_or_default(),
        ]);
        out.write_record(cells).doing("写出核对进度")?;
    }
    out.into_inner().doing("写出核对进度")
}

/// `GET /campaigns/{id}/board.csv`
async fn export(caller: Caller, id: web::Path<i64>) -> Answer {
    let bytes = caller.read(move |ask| {
        grounded(ask, |ask, ground| {
            let (c, members) = campaign::get(ask.conn, &ask.viewer, ground.directory, *id)?;
            let pair = (&c, &members);
            let today = clock::today();
            let lines = board::lines(ask.conn, &ask.viewer, ground.directory, pair, today)?;
            sheet(&lines)
        })
    });
    let media = "text/csv; charset=utf-8";
    Ok(download("核对进度.csv", media, bytes.await?))
}

/// The routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/campaigns/{id}", web::get().to(show))
        .route("/campaigns/{id}/board.csv", web::get().to(export));
}
