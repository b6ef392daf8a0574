//! What the first page shows: what waits for the viewer, and the ledger in figures.

use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Reach, Right, Viewer};
use crate::campaign;
use crate::clock;
use crate::db::connection::Conn;
use crate::deadline::{self, State as Falling};
use crate::error::Result;
use crate::intake::upload::State;
use crate::intake::upload::list as uploads;
use crate::issue;
use crate::ledger::as_of::Definitions;
use crate::ledger::list::{self, Paging, Query, Sort};
use crate::org::{board, filing, steps};
use crate::report::falling::Kind;
use crate::review::{opinion, submission};
use crate::sharing::collection::{self, Slice};
use crate::sharing::link;
use crate::sharing::request;

/// Below this share of expected fields, an entry is one to complete.
pub const INCOMPLETE_BELOW: i32 = 80;

/// How many changed entries are shown.
const RECENT: usize = 8;

/// How many of a kind are looked at.
const LOOKED_AT: usize = 100;

/// Something that waits for the viewer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Todo {
    /// What it is, as a sentence.
    pub text: String,
    /// Where it is dealt with.
    pub href: String,
    /// How many there are.
    pub count: usize,
}

/// A register in figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Figure {
    /// Register key.
    pub register: String,
    /// Its name.
    pub label: String,
    /// Entries that the viewer sees in full; nobody's, without such a right.
    pub mine: usize,
    /// Whether there are more of them than were counted.
    pub mine_capped: bool,
    /// Entries that the viewer sees at all.
    pub all: usize,
    /// Whether there are more of them than were counted.
    pub all_capped: bool,
}

/// An entry changed lately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Recent {
    /// Register key.
    pub register: String,
    /// Its name.
    pub label: String,
    /// Code of the entry.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The owning department.
    pub department: String,
    /// Number of the change set.
    pub seq: i64,
    /// When it changed, as people in China read it.
    pub at: String,
}

/// The first page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Overview {
    /// What waits.
    pub todos: Vec<Todo>,
    /// The registers.
    pub figures: Vec<Figure>,
    /// Entries in reach that changed lately, newest first.
    pub recent: Vec<Recent>,
}

/// Puts it together for a viewer.
///
/// # Errors
/// When the database fails.
pub fn overview(conn: &mut Conn, viewer: &Viewer, ground: request::Ground<'_>) -> Result<Overview> {
    let (catalogue, directory) = (ground.catalogue, ground.directory);
    let mut out = Overview {
        todos: todos(conn, viewer, ground)?,
        ..Overview::default()
    };
    let full = viewer.can_anywhere(Right::SeeOwn);
    for register in catalogue.registers() {
        let definitions = Definitions {
            catalogue,
            directory,
            register,
        };
        let mut query = Query {
            sort: Sort::Changed,
            ..Query::all(register)
        };
        let (all, all_capped) = list::total(conn, viewer, definitions, &query)?;
        query.mine = true;
        let (mine, mine_capped) = if full {
            list::total(conn, viewer, definitions, &query)?
        } else {
            (0, false)
        };
        out.figures.push(Figure {
            register: register.key.clone(),
            label: register.label.clone(),
            mine,
            mine_capped,
            all,
            all_capped,
        });
        if full {
            let paging = Paging {
                limit: RECENT,
                ..Paging::default()
            };
            let page = list::page(conn, viewer, definitions, &query, &paging)?;
            out.recent.extend(page.rows.into_iter().map(|row| {
                Recent {
                    register: register.key.clone(),
                    label: register.label.clone(),
                    department: directory
                        .get(row.department_id)
                        .map(|d| d.name.clone())
                        .unwrap_or_default(),
                    code: row.code,
                    name: row.name,
                    seq: row.changed_seq,
                    at: String::new(),
                }
            }));
        }
    }
    out.recent.sort_by_key(|r| std::cmp::Reverse(r.seq));
    out.recent.truncate(RECENT);
    date(conn, &mut out.recent)?;
    Ok(out)
}

/// Says when the change sets were made.
fn date(conn: &mut Conn, recent: &mut [Recent]) -> Result<()> {
    let seqs: Vec<i64> = recent.iter().map(|r| r.seq).collect();
    let times = crate::ledger::read::times(conn, &seqs)?;
    for entry in recent {
        if let Some(at) = times.get(&entry.seq) {
            entry.at = clock::local(*at);
        }
    }
    Ok(())
}

fn todos(conn: &mut Conn, viewer: &Viewer, ground: request::Ground<'_>) -> Result<Vec<Todo>> {
    let (catalogue, directory) = (ground.catalogue, ground.directory);
    let mut out = Vec::new();
    let mut add = |count: usize, text: &str, href: &str| {
        if count > 0 {
            out.push(Todo {
                text: text.to_owned(),
                href: href.to_owned(),
                count,
            });
        }
    };
    if viewer.can_anywhere(Right::ManageOrganisation) && directory.all().is_empty() {
        add(1, "件起步工作: 载入机构名录", "/organisation/import");
    }
    if viewer.can_anywhere(Right::Write) {
        for (state, text) in [
            (State::Previewed, "个导入已核对，等您确认"),
            (State::Rejected, "个导入没有通过核对"),
            (State::Failed, "个导入处理失败"),
        ] {
            let filter = uploads::Filter {
                state: Some(state),
                mine: true,
                ..uploads::Filter::default()
            };
            let (found, _) = uploads::page(conn, viewer, &filter, None, LOOKED_AT)?;
            add(
                found.len(),
                text,
                &format!("/imports?state={}&mine=1", state.word()),
            );
        }
    }
    // Whose move it is: the department's, and its bureau's to see to.
    if viewer.can_anywhere(Right::Write) {
        let open = [
            (Falling::Overdue, "项时限已逾期"),
            (Falling::Soon, "项时限临近到期"),
        ];
        for (state, text) in open {
            let filter = deadline::Filter {
                state: Some(state),
                ..deadline::Filter::default()
            };
            let who = (viewer, catalogue);
            let found = deadline::count(conn, who, &filter, LOOKED_AT - 1, clock::today())?;
            // The clocks of share requests are told below.
            let kind = Kind::Entry.word();
            let href = format!("/deadlines?state={}&kind={kind}", state.word());
            add(found, text, &href);
        }
    }
    for (slice, count, text) in of_collection(conn, viewer)? {
        let href = format!("/collection/datasets?is={}&mine=1", slice.word());
        add(count, text, &href);
    }
    for waiting in campaign::todo::waiting(conn, viewer, directory)? {
        add(waiting.count, &waiting.text, &waiting.href);
    }
    for (count, text, href) in of_sharing(conn, viewer, ground)? {
        add(count, text, &href);
    }
    for (queue, count) in submission::waiting(conn, viewer)? {
        add(
            count,
            queue.label(),
            &format!("/reviews?queue={}", queue.word()),
        );
    }
    let asked = opinion::asked(conn, viewer)?;
    let asked = asked.iter().filter(|(o, _)| o.given_at.is_none()).count();
    add(asked, "件送审请您提出评审意见", "/reviews");
    for (count, text) in of_people(conn, viewer)? {
        add(count, text, "/filings");
    }
    Ok(out)
}

/// Links, issues and share requests that wait.
fn of_sharing(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: request::Ground<'_>,
) -> Result<Vec<(usize, &'static str, String)>> {
    let (unconfirmed, disputed) = link::waiting(conn, viewer)?;
    let issues = issue::list::counts(conn, viewer)?;
    let known = [
        (unconfirmed, "条对接待您确认", "/links?view=mine"),
        (disputed, "条对接双方说法不一致", "/links?view=disputed"),
        (issues.mine, "个难点问题待您推进", "/issues?view=mine"),
        (
            issues.late,
            "个难点问题已逾期，轮到本方",
            "/issues?view=mine",
        ),
        (issues.owed, "个难点问题等对方办理", "/issues?view=owed"),
    ];
    let mut out: Vec<(usize, &'static str, String)> = known
        .map(|(count, text, href)| (count, text, href.to_owned()))
        .into();
    let requests = request::list::waiting(conn, viewer, ground)?;
    out.extend(requests.into_iter().map(|w| (w.count, w.text, w.href)));
    Ok(out)
}

/// Datasets that one writes for and that the platform does not have, or not in time.
fn of_collection(conn: &mut Conn, viewer: &Viewer) -> Result<Vec<(Slice, usize, &'static str)>> {
    let Reach::Departments(ids) = viewer.reach(Right::Write) else {
        return Ok(Vec::new());
    };
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = collection::by_department(conn, viewer, Some(ids), clock::today())?;
    let counts = collection::total(found.values());
    Ok(vec![
        (Slice::Overdue, counts.overdue, "个数据资源更新逾期"),
        (Slice::Uncollected, counts.uncollected, "个数据资源未汇聚"),
    ])
}

/// Filings and posts that wait.
fn of_people(conn: &mut Conn, viewer: &Viewer) -> Result<Vec<(usize, &'static str)>> {
    let limit = i64::try_from(LOOKED_AT).unwrap_or(i64::MAX);
    let mut out = Vec::new();
    if viewer.can_anywhere(Right::AnswerFiling) {
        let filter = filing::Filter {
            to_answer: true,
            ..filing::Filter::default()
        };
        let found = filing::list(conn, viewer, &filter, limit)?;
        out.push((found.len(), "件备案待受理"));
    }
    if viewer.can_anywhere(Right::ManagePeople) {
        let filter = filing::Filter {
            state: Some(steps::State::Returned),
            ..filing::Filter::default()
        };
        let found = filing::list(conn, viewer, &filter, limit)?;
        out.push((found.len(), "件备案被退回，请补正"));
        let vacant = board::vacancies(conn, viewer)?.len();
        out.push((vacant, "个首席数据代表或数据专员岗位空缺"));
    }
    Ok(out)
}
