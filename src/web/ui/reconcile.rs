//! 对账: what is wrong with links now, and a button that has it written down as issues.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::auth::{Right, Viewer};
use crate::sharing::LINKS;
use crate::sharing::reconcile::{Finding, Kind, Last};
use crate::web::answer::Failure;
use crate::web::api::reconcile::{now, run};
use crate::web::caller::Caller;
use crate::web::desk::coded;
use crate::web::page::{Next, Shell, address};
use crate::web::posted::Posted;

type Answer = std::result::Result<HttpResponse, Failure>;

const PATH: &str = "/links/reconcile";
/// Lines of the page.
const SHOWN: usize = 300;

struct Line {
    finding: Finding,
    /// Its links: address and code.
    links: Vec<(String, String)>,
    /// Where they are merged, when they seem to be one.
    merge: String,
    raised_by: String,
    owed_by: String,
}

#[derive(Template)]
#[template(path = "sharing/reconcile.html")]
struct Show {
    shell: Shell,
    last: Last,
    stale_days: u16,
    /// Kinds with how many there are.
    counts: Vec<(&'static str, usize)>,
    all: usize,
    lines: Vec<Line>,
}

/// Where two entries are compared and merged; the first one stays unless somebody turns them round.
pub(super) fn merge_address(register: &str, [keep, drop]: [&str; 2]) -> String {
    let pairs = [("register", register), ("keep", keep), ("drop", drop)];
    address("/duplicates/merge", &pairs)
}

fn merge(viewer: &Viewer, finding: &Finding) -> String {
    // Who owes is the provider: it owns both.
    match finding.codes.as_slice() {
        [keep, drop] if viewer.can(Right::Write, finding.owed_by) => {
            merge_address(LINKS, [keep, drop])
        }
        _ => String::new(),
    }
}

fn links(codes: &[String]) -> Vec<(String, String)> {
    let address = |code: &String| format!("/registers/{LINKS}/{}", coded(code));
    codes.iter().map(|c| (address(c), c.clone())).collect()
}

/// `GET /links/reconcile`
async fn show(caller: Caller) -> Answer {
    caller
        .page(move |ask| {
            let (found, last) = now(ask)?;
            let directory = ask.directory()?;
            let name = |id: i64| {
                directory
                    .get(id)
                    .map(|d| d.name.clone())
                    .unwrap_or_default()
            };
            let counts = Kind::ALL.iter().map(|k| {
                let count = found.iter().filter(|f| f.kind == *k).count();
                (k.label(), count)
            });
            let counts: Vec<(&'static str, usize)> = counts.filter(|(_, n)| *n > 0).collect();
            Ok(Show {
                shell: ask.shell("共享对接对账", PATH),
                last,
                stale_days: ask.app.reconcile.stale_days,
                counts,
                all: found.len(),
                lines: found
                    .into_iter()
                    .take(SHOWN)
                    .map(|f| Line {
                        links: links(&f.codes),
                        merge: merge(&ask.viewer, &f),
                        raised_by: name(f.raised_by),
                        owed_by: name(f.owed_by),
                        finding: f,
                    })
                    .collect(),
            })
        })
        .await
}

/// `POST /links/reconcile`
async fn start(Posted { caller, .. }: Posted) -> Answer {
    caller
        .act(move |ask| {
            let ran = run(ask)?;
            let said = format!(
                "对账完成: 发现 {} 项，新开难点问题 {} 个，自愈办结 {} 个",
                ran.findings, ran.opened, ran.healed
            );
            Ok(Next::saying(PATH, &said))
        })
        .await
}

/// The routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route(PATH, web::get().to(show))
        .route(PATH, web::post().to(start));
}
