//! What is sent from the page of a request.

use actix_web::web;
use chrono::NaiveDate;

use super::{Answer, HERE, show};
use crate::error::{Error, Problem, Result};
use crate::sharing::request::act::{self, Wish};
use crate::sharing::request::correction::{self, Act as Word};
use crate::sharing::request::steps::Act;
use crate::sharing::request::{Ground, uses};
use crate::web::api::requests::grounded;
use crate::web::caller::Ask;
use crate::web::fields::Fields;
use crate::web::page::Next;
use crate::web::posted::Posted;

fn number<T: std::str::FromStr>(fields: &Fields, name: &str) -> Option<T> {
    fields.get(name).and_then(|n| n.parse().ok())
}

fn text(fields: &Fields, name: &str) -> String {
    fields.get(name).unwrap_or_default().to_owned()
}

/// The page again: with a word, or with what is wrong.
fn after<T>(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    (id, sent): (i64, &str),
    done: Result<T>,
    said: &str,
) -> Result<Next> {
    let problems = match done {
        Ok(_) => return Ok(Next::saying(&format!("{HERE}/{id}"), said)),
        // Problems lead to the fields of the act that was tried.
        Err(Error::Invalid(problems)) => problems
            .into_iter()
            .map(|p| Problem {
                field: format!("{sent}-{}", p.field),
                ..p
            })
            .collect(),
        Err(error @ (Error::Conflict(_) | Error::Stale(_))) => {
            vec![Problem::new("", error.code(), &error.to_string(), "")]
        }
        Err(other) => return Err(other),
    };
    Next::again(&show::page(ask, ground, id, (sent, problems))?)
}

/// `POST /requests/{id}/acts/{act}`
async fn do_it(Posted { caller, fields }: Posted, path: web::Path<(i64, String)>) -> Answer {
    caller
        .act(move |ask| {
            grounded(ask, |ask, ground| {
                let (id, word) = (path.0, path.1.as_str());
                let Some(act) = Act::from_word(word) else {
                    return Err(Error::NotFound("这个地址".to_owned()));
                };
                let wish = Wish {
                    id,
                    version: number(&fields, "version").unwrap_or(-1),
                    act,
                    note: text(&fields, "note"),
                    verdict: text(&fields, "verdict"),
                    basis: text(&fields, "basis"),
                    days: number(&fields, "days"),
                    kind: text(&fields, "kind"),
                    disposal: text(&fields, "disposal"),
                };
                let done = act::act(ask.conn, &ask.viewer, ground, &wish);
                let said = format!("已办理: {}", act.label());
                after(ask, ground, (id, word), done, &said)
            })
        })
        .await
}

/// `POST /requests/{id}/corrections`
async fn raise(Posted { caller, fields }: Posted, id: web::Path<i64>) -> Answer {
    caller
        .act(move |ask| {
            grounded(ask, |ask, ground| {
                let subject = text(&fields, "subject");
                let done = correction::raise(ask.conn, &ask.viewer, ground, *id, &subject);
                after(
                    ask,
                    ground,
                    (*id, "correction"),
                    done,
                    "已提出校核申请，10 个工作日内答复",
                )
            })
        })
        .await
}

/// `POST /requests/{id}/corrections/{correction}`
async fn answer(Posted { caller, fields }: Posted, path: web::Path<(i64, i64)>) -> Answer {
    caller
        .act(move |ask| {
            grounded(ask, |ask, ground| {
                let Some(word) = fields.get("act").and_then(Word::from_word) else {
                    return Err(Error::NotFound("这个地址".to_owned()));
                };
                let version = number(&fields, "version").unwrap_or(-1);
                let which = (path.0, path.1, version);
                let said = text(&fields, "text");
                let done = correction::act(ask.conn, &ask.viewer, ground, which, (word, &said));
                let sent = format!("correction-{}", path.1);
                after(ask, ground, (path.0, &sent), done, "已办理校核申请")
            })
        })
        .await
}

/// `POST /requests/{id}/uses`
async fn record(Posted { caller, fields }: Posted, id: web::Path<i64>) -> Answer {
    caller
        .act(move |ask| {
            grounded(ask, |ask, ground| {
                let day = fields.get("used_on").map(str::parse::<NaiveDate>);
                if let Some(Err(_)) = day {
                    let hint = "如 2027-12-31；不填为今天";
                    let wrong = Problem::new("used_on", "date", "使用日期不是日期", hint);
                    let done: Result<()> = Err(Error::Invalid(vec![wrong]));
                    return after(ask, ground, (*id, "use"), done, "");
                }
                let wish = uses::Wish {
                    used_on: day.and_then(std::result::Result::ok),
                    scene: text(&fields, "scene"),
                    process: text(&fields, "process"),
                    outcome: text(&fields, "outcome"),
                    storage: text(&fields, "storage"),
                    disposal: text(&fields, "disposal"),
                };
                let done = uses::add(ask.conn, &ask.viewer, ground, *id, &wish);
                after(ask, ground, (*id, "use"), done, "已登记使用记录")
            })
        })
        .await
}

/// `POST /requests/{id}/uses/{record}/delete`
async fn erase(Posted { caller, .. }: Posted, path: web::Path<(i64, i64)>) -> Answer {
    caller
        .act(move |ask| {
            grounded(ask, |ask, ground| {
                let done = uses::remove(ask.conn, &ask.viewer, ground, (path.0, path.1));
                after(
                    ask,
                    ground,
                    (path.0, "use"),
                    done,
                    "已删除保存期满的使用记录",
                )
            })
        })
        .await
}

/// The routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/requests/{id}/acts/{act}", web::post().to(do_it))
        .route("/requests/{id}/corrections", web::post().to(raise))
        .route(
            "/requests/{id}/corrections/{correction}",
            web::post().to(answer),
        )
        .route("/requests/{id}/uses", web::post().to(record))
        .route("/requests/{id}/uses/{record}/delete", web::post().to(erase));
}
