//! 审核: what waits for whom, the review desk, proposals of a season side by side, printed sheets and their check.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::auth::Right;
use crate::clock;
use crate::error::{Problem, Result};
use crate::ledger::facts as ledger_facts;
use crate::org::directory::Directory;
use crate::review::opinion;
use crate::review::steps::{Act, State};
use crate::review::submission::{self, Filter, Listed, Queue, Submission};
use crate::review::{Ground, facts, money};
use crate::web::answer::Failure;
use crate::web::caller::{Ask, Caller};
use crate::web::page::{Shell, address};

mod acts;
mod checked;
mod desk;
mod parts;
mod sheet;

use acts::after;

type Answer = std::result::Result<HttpResponse, Failure>;

/// Submissions on one page.
const PAGE: usize = 50;
/// Submissions that stand side by side at most.
const BESIDE: usize = 6;

/// One submission in a list.
struct Row {
    id: i64,
    number: String,
    kind: String,
    name: String,
    department: String,
    season: String,
    amount: String,
    state: &'static str,
    badge: &'static str,
    days: i64,
    mine: String,
}

/// The colour of a state.
fn badge(state: State) -> &'static str {
    match state {
        State::Passed | State::Cut => "ol-badge--good",
        State::Rejected | State::Returned => "ol-badge--bad",
        State::Drafting | State::Withdrawn => "ol-badge--warn",
        State::Merged => "",
        _ => "ol-badge--brand",
    }
}

fn department(directory: &Directory, id: i64) -> String {
    directory
        .get(id)
        .map(|d| d.name.clone())
        .unwrap_or_default()
}

fn row(ask: &mut Ask<'_>, ground: Ground<'_>, listed: &Listed) -> Result<Row> {
    let s = &listed.submission;
    let acts = submission::acts(ask.conn, &ask.viewer, ground, s, &listed.entry)?;
    let mine = acts
        .iter()
        .filter(|a| **a != Act::Withdraw && **a != Act::SendBack);
    let mine: Vec<&str> = mine.map(|a| a.label()).collect();
    let model = ground.model(&listed.entry.register)?;
    Ok(Row {
        id: s.id,
        number: s.number(),
        kind: model
            .kind(&s.kind)
            .map_or(s.kind.clone(), |k| k.label.clone()),
        name: listed.entry.name.clone(),
        department: department(ground.directory, listed.entry.department_id),
        season: s.season.clone(),
        amount: listed.entry.amount.map(money::wan).unwrap_or_default(),
        state: s.state().label(),
        badge: badge(s.state()),
        days: s.days(),
        mine: mine.join("、"),
    })
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Query {
    view: String,
    queue: String,
    season: String,
    cursor: Option<i64>,
}

#[derive(Template)]
#[template(path = "reviews/list.html")]
struct List {
    shell: Shell,
    rows: Vec<Row>,
    /// What the viewer is asked an opinion on: submission, number, and whether it has been given.
    asked: Vec<(i64, String, bool)>,
    query: Query,
    full: bool,
    /// What waits for the viewer: word, label and number.
    waiting: Vec<(&'static str, &'static str, usize)>,
    next: String,
}

/// `GET /reviews`
async fn list(caller: Caller, query: web::Query<Query>) -> Answer {
    caller
        .page(move |ask| {
            let query = query.into_inner();
            let directory = ask.state.directory.get(ask.conn)?;
            let ground = Ground {
                catalogue: &ask.app.catalogue,
                directory: &directory,
            };
            let asked = opinion::asked(ask.conn, &ask.viewer)?;
            let full = ask.viewer.can_anywhere(Right::SeeOwn);
            let filter = Filter {
                open: match query.view.as_str() {
                    "all" => None,
                    "done" => Some(false),
                    _ => Some(true),
                },
                queue: Queue::from_word(&query.queue),
                season: Some(query.season.clone()).filter(|s| !s.is_empty()),
                before: query.cursor,
                ..Filter::default()
            };
            let most = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
            let mut found = submission::list(ask.conn, &ask.viewer, &filter, most)?;
            let more = found.len() > PAGE;
            found.truncate(PAGE);
            let next = found.last().filter(|_| more).map(|l| {
                let cursor = l.submission.id.to_string();
                let pairs = [
                    ("view", query.view.as_str()),
                    ("queue", &query.queue),
                    ("season", &query.season),
                    ("cursor", &cursor),
                ];
                address("/reviews", &pairs)
            });
            let mut rows = Vec::with_capacity(found.len());
            for listed in &found {
                rows.push(row(ask, ground, listed)?);
            }
            if query.view.is_empty() {
                // What waits for the viewer comes first.
                rows.sort_by_key(|r| r.mine.is_empty());
            }
            Ok(List {
                shell: ask.shell("审核", "/reviews"),
                rows,
                asked: asked
                    .iter()
                    .map(|(o, s)| (s.id, s.number(), o.given_at.is_some()))
                    .collect(),
                query,
                waiting: submission::waiting(ask.conn, &ask.viewer)?
                    .into_iter()
                    .map(|(q, n)| (q.word(), q.label(), n))
                    .collect(),
                full,
                next: next.unwrap_or_default(),
            })
        })
        .await
}

/// One line of the comparison: a label, and what each says.
struct Line {
    label: String,
    texts: Vec<String>,
    differ: bool,
}

#[derive(Template)]
#[template(path = "reviews/beside.html")]
struct Beside {
    shell: Shell,
    heads: Vec<Row>,
    lines: Vec<Line>,
}

/// `GET /reviews/beside?id=1&id=2`
async fn beside(caller: Caller, request: actix_web::HttpRequest) -> Answer {
    let pairs = crate::web::desk::pairs(request.query_string())?;
    caller
        .page(move |ask| {
            let directory = ask.state.directory.get(ask.conn)?;
            let ground = Ground {
                catalogue: &ask.app.catalogue,
                directory: &directory,
            };
            let ids = pairs.iter().filter(|(k, _)| k == "id");
            let ids = ids.filter_map(|(_, v)| v.parse::<i64>().ok());
            let mut heads = Vec::new();
            let mut said: Vec<Vec<(String, String)>> = Vec::new();
            for id in ids.take(BESIDE) {
                let (s, entry) = submission::get(ask.conn, &ask.viewer, id)?;
                let shown = facts::shown(&ask.viewer, ground, &entry)?;
                let groups = ledger_facts::groups(ground.definitions(&entry.register)?, &shown);
                let all = groups.into_iter().flat_map(|g| g.facts);
                said.push(all.map(|f| (f.label, f.text)).collect());
                let listed = Listed {
                    submission: s,
                    entry,
                };
                heads.push(row(ask, ground, &listed)?);
            }
            Ok(Beside {
                shell: ask.shell("并排比较", "/reviews"),
                lines: lines(&said),
                heads,
            })
        })
        .await
}

/// What at least one of them says, label by label in the order of the first that has it.
fn lines(said: &[Vec<(String, String)>]) -> Vec<Line> {
    let mut labels: Vec<&String> = Vec::new();
    for (label, _) in said.iter().flatten() {
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let text = |facts: &Vec<(String, String)>, label: &String| {
        let found = facts.iter().find(|(l, _)| l == label);
        found.map(|(_, t)| t.clone()).unwrap_or_default()
    };
    labels
        .into_iter()
        .map(|label| {
            let texts: Vec<String> = said.iter().map(|facts| text(facts, label)).collect();
            Line {
                differ: texts.windows(2).any(|pair| pair.first() != pair.last()),
                label: label.clone(),
                texts,
            }
        })
        .filter(|line| line.texts.iter().any(|t| !t.is_empty()))
        .collect()
}

/// When and by whom, for people.
fn when(at: chrono::NaiveDateTime, who: &str) -> String {
    format!("{} {who}", clock::local(at))
}

/// The problems of a form that was not accepted, or none.
type Wrong = Vec<Problem>;

/// The page of a submission, with what was wrong with the last form.
fn page_of(ask: &mut Ask<'_>, id: i64, wrong: Wrong) -> Result<desk::Desk> {
    desk::desk(ask, id, wrong)
}

/// A submission and where its page is.
fn place(row: &Submission) -> String {
    format!("/reviews/{}", row.id)
}

/// The routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/reviews", web::get().to(list))
        .route("/reviews/beside", web::get().to(beside))
        .configure(sheet::configure)
        .configure(acts::configure)
        .configure(checked::configure)
        .configure(desk::configure);
}
