//! 对账: what is wrong with links now, and a button that has it written down as issues.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::sharing::reconcile::{Finding, Kind, Last};
use crate::web::answer::Failure;
use crate::web::api::reconcile::{now, run};
use crate::web::caller::Caller;
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;

type Answer = std::result::Result<HttpResponse, Failure>;

const PATH: &str = "/links/reconcile";
/// Lines of the page.
const SHOWN: usize = 300;

struct Line {
    finding: Finding,
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
