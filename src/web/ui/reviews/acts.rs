//! What is sent from the review desk.

use actix_web::web;

use super::{Answer, page_of, place};
use crate::error::{Error, Problem, Result};
use crate::review::Ground;
use crate::review::decision::{CutItem, Decision};
use crate::review::finding::{self, FindingAct};
use crate::review::opinion::{self, Said, Whom};
use crate::review::steps::Act;
use crate::review::submission::{self, Wish};
use crate::web::api::duplicates::means;
use crate::web::caller::Ask;
use crate::web::fields::Fields;
use crate::web::page::Next;
use crate::web::posted::Posted;

/// How many items of a cut the form has.
const CUTS: usize = 8;

fn number(fields: &Fields, name: &str) -> i64 {
    fields.get(name).and_then(|n| n.parse().ok()).unwrap_or(-1)
}

fn texts(fields: &Fields, name: &str) -> Vec<String> {
    fields.all(name).map(str::to_owned).collect()
}

/// The items of a cut that are filled in at all.
fn cuts(fields: &Fields) -> Vec<CutItem> {
    let all = (0..CUTS).map(|n| {
        let one = |part: &str| {
            let name = format!("cut_{part}_{n}");
            fields.get(&name).unwrap_or_default().to_owned()
        };
        CutItem {
            item: one("item"),
            amount: one("amount"),
            reason: one("reason"),
        }
    });
    all.filter(|c| !(c.item.is_empty() && c.amount.is_empty() && c.reason.is_empty()))
        .collect()
}

/// After a form: the desk with a word, or the desk with what is wrong.
pub(super) fn after<T>(ask: &mut Ask<'_>, id: i64, done: Result<T>, said: &str) -> Result<Next> {
    let wrong = match done {
        Ok(_) => {
            let (row, _) = match submission::get(ask.conn, &ask.viewer, id) {
                // Whoever gave away what he saw by this act goes back to his list.
                Err(Error::NotFound(_)) => return Ok(Next::saying("/reviews", said)),
                other => other?,
            };
            return Ok(Next::saying(&place(&row), said));
        }
        Err(Error::Invalid(problems)) => problems,
        Err(error @ (Error::Conflict(_) | Error::Stale(_))) => {
            vec![Problem::new("", error.code(), &error.to_string(), "")]
        }
        Err(other) => return Err(other),
    };
    Next::again(&page_of(ask, id, wrong)?)
}

/// `POST /reviews/{id}/acts/{act}`
async fn act(Posted { caller, fields }: Posted, path: web::Path<(i64, String)>) -> Answer {
    caller
        .act(move |ask| {
            let (id, word) = path.into_inner();
            let act =
                Act::from_word(&word).ok_or_else(|| Error::NotFound("这个地址".to_owned()))?;
            let directory = ask.state.directory.get(ask.conn)?;
            let into = fields.get("into_code").filter(|c| !c.is_empty());
            let register = fields.get("into_register").unwrap_or("project");
            let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
            let wish = Wish {
                id,
                version: number(&fields, "version"),
                act,
                opinion: text("opinion"),
                reason_class: text("reason_class"),
                decision: Decision {
                    number: text("number"),
                    cuts: if act == Act::Cut {
                        cuts(&fields)
                    } else {
                        Vec::new()
                    },
                    into: into.map(|code| (register.to_owned(), code.to_owned())),
                },
            };
            let means = means(ask, &directory);
            let done = submission::act(ask.conn, &ask.viewer, means, &wish);
            after(ask, id, done, &format!("已{}", act.label()))
        })
        .await
}

/// `POST /reviews/{id}/findings`
async fn raise(Posted { caller, fields }: Posted, id: web::Path<i64>) -> Answer {
    caller
        .act(move |ask| {
            let directory = ask.state.directory.get(ask.conn)?;
            let ground = Ground {
                catalogue: &ask.app.catalogue,
                directory: &directory,
            };
            let field = fields.get("field").unwrap_or_default();
            let text = fields.get("text").unwrap_or_default();
            let done = finding::raise(ask.conn, &ask.viewer, ground, *id, field, text);
            after(ask, *id, done, "已提出问题")
        })
        .await
}

/// `POST /reviews/{id}/findings/{finding}`
async fn answer(Posted { caller, fields }: Posted, path: web::Path<(i64, i64)>) -> Answer {
    caller
        .act(move |ask| {
            let act = match fields.get("act") {
                Some("answer") => FindingAct::Answer,
                Some("settle") => FindingAct::Settle,
                Some("reopen") => FindingAct::Reopen,
                _ => return Err(Error::NotFound("这个地址".to_owned())),
            };
            let text = fields.get("text").unwrap_or_default();
            let which = (path.1, number(&fields, "version"));
            let done = finding::act(ask.conn, &ask.viewer, which, act, text);
            after(ask, path.0, done, &format!("已{}", act.label()))
        })
        .await
}

/// `POST /reviews/{id}/opinions`
async fn assign(Posted { caller, fields }: Posted, id: web::Path<i64>) -> Answer {
    caller
        .act(move |ask| {
            let logins: Vec<String> = texts(&fields, "logins")
                .iter()
                .flat_map(|l| l.split([' ', ',', '，', '、', '\n', '\r', ';', '；']))
                .filter(|l| !l.is_empty())
                .map(str::to_owned)
                .collect();
            let offices = fields.all("departments").filter_map(|d| d.parse().ok());
            let whom = Whom {
                departments: offices.collect(),
                logins,
            };
            let about = (*id, number(&fields, "version"));
            let directory = ask.state.directory.get(ask.conn)?;
            let done = opinion::assign(ask.conn, &ask.viewer, &directory, about, &whom);
            after(ask, *id, done, "已邀请评审")
        })
        .await
}

/// `POST /reviews/{id}/opinion`
async fn give(Posted { caller, fields }: Posted, id: web::Path<i64>) -> Answer {
    caller
        .act(move |ask| {
            let score = fields.get("score").and_then(|s| s.parse().ok());
            let said = Said {
                version: number(&fields, "version"),
                score: score.unwrap_or(-1),
                verdict: fields.get("verdict").unwrap_or_default().to_owned(),
                opinion: fields.get("opinion").unwrap_or_default().to_owned(),
            };
            let done = opinion::give(ask.conn, &ask.viewer, *id, &said);
            after(ask, *id, done, "已提交评审意见")
        })
        .await
}

/// `POST /reviews/{id}/opinions/{opinion}/release`
async fn release(Posted { caller, .. }: Posted, path: web::Path<(i64, i64)>) -> Answer {
    caller
        .act(move |ask| {
            let done = opinion::release(ask.conn, &ask.viewer, path.0, path.1);
            after(ask, path.0, done, "已收回邀请")
        })
        .await
}

/// The routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/reviews/{id}/acts/{act}", web::post().to(act))
        .route("/reviews/{id}/findings", web::post().to(raise))
        .route("/reviews/{id}/findings/{finding}", web::post().to(answer))
        .route("/reviews/{id}/opinions", web::post().to(assign))
        .route("/reviews/{id}/opinion", web::post().to(give))
        .route(
            "/reviews/{id}/opinions/{opinion}/release",
            web::post().to(release),
        );
}
