//! What is sent from the board and from a department's list.

use actix_web::web;

use super::department::{self, Query};
use super::{Answer, HERE, department_of, grounded, show};
use crate::campaign::answer::{self, Answer as Said, Given};
use crate::campaign::question::{self, Settlement};
use crate::campaign::{board, close, open, submit};
use crate::error::{Error, Problem, Result};
use crate::review::Ground;
use crate::web::caller::Ask;
use crate::web::fields::Fields;
use crate::web::page::{Next, address};
use crate::web::posted::Posted;

fn number<T: std::str::FromStr>(fields: &Fields, name: &str) -> Option<T> {
    fields.get(name).and_then(|n| n.parse().ok())
}

fn version(fields: &Fields) -> i64 {
    number(fields, "version").unwrap_or(-1)
}

/// What is wrong, for the page to say; other failures go on.
fn wrong(error: Error) -> Result<Vec<Problem>> {
    match error {
        Error::Invalid(problems) => Ok(problems),
        Error::Conflict(_) | Error::Stale(_) => {
            Ok(vec![Problem::new("", error.code(), &error.to_string(), "")])
        }
        other => Err(other),
    }
}

/// After an act on the board: the board with a word, or with what is wrong.
fn after<T>(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    id: i64,
    done: Result<T>,
    said: &str,
) -> Result<Next> {
    match done {
        Ok(_) => Ok(Next::saying(&format!("{HERE}/{id}"), said)),
        Err(error) => {
            let problems = wrong(error)?;
            Next::again(&show::page(ask, ground, id, problems)?)
        }
    }
}

/// After an act on a department's list.
fn back<T>(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    (id, code): (i64, &str),
    query: &Query,
    (done, said, given): (Result<T>, &str, &[Given]),
) -> Result<Next> {
    match done {
        Ok(_) => {
            let head = department_of(ground, code)?;
            let here = board::address(ground.directory, id, head);
            Ok(Next::saying(
                &address(&here, &[("view", &query.view)]),
                said,
            ))
        }
        Err(error) => {
            let problems = wrong(error)?;
            let page = department::page(ask, ground, (id, code), query, (problems, given))?;
            Next::again(&page)
        }
    }
}

fn query(fields: &Fields) -> Query {
    Query {
        view: fields.get("view").unwrap_or_default().to_owned(),
        cursor: number(fields, "cursor").unwrap_or(0),
    }
}

/// The rows of the form on which an answer was chosen, each with its place.
fn given(fields: &Fields) -> Vec<(usize, Given)> {
    let mut out = Vec::new();
    let mut place = 0_usize;
    while let Some(code) = fields.raw(&format!("code-{place}")) {
        let text = |name: &str| {
            let found = fields.get(&format!("{name}-{place}"));
            found.unwrap_or_default().to_owned()
        };
        if let Some(answer) = Said::from_word(&text("answer")) {
            let one = Given {
                register: text("register"),
                code: code.to_owned(),
                revision: text("revision").parse().unwrap_or(-1),
                version: text("version").parse().unwrap_or(-1),
                answer,
                note: text("note"),
                to: text("to"),
            };
            out.push((place, one));
        }
        place += 1;
    }
    out
}

/// Problems named by the place of their row on the page.
fn placed(problems: Vec<Problem>, places: &[usize]) -> Vec<Problem> {
    let place = |field: &str| {
        let (number, name) = field.strip_prefix("answers[")?.split_once("].")?;
        let place = places.get(number.parse::<usize>().ok()?)?;
        Some(format!("{name}-{place}"))
    };
    problems
        .into_iter()
        .map(|p| Problem {
            field: place(&p.field).unwrap_or_default(),
            ..p
        })
        .collect()
}

/// `POST /campaigns/{id}/departments/{department}/answers`
async fn answer(Posted { caller, fields }: Posted, path: web::Path<(i64, String)>) -> Answer {
    caller
        .act(move |ask| {
            grounded(ask, |ask, ground| {
                let which = (path.0, path.1.as_str());
                let (places, given): (Vec<usize>, Vec<Given>) = given(&fields).into_iter().unzip();
                let done = if given.is_empty() {
                    let what = "没有选择任何答复";
                    Err(Error::Invalid(vec![Problem::new("", "required", what, "")]))
                } else {
                    answer::answer(ask.conn, &ask.viewer, ground, path.0, &given)
                };
                let done = done.map_err(|error| match error {
                    Error::Invalid(problems) => Error::Invalid(placed(problems, &places)),
                    other => other,
                });
                let said = format!("已保存 {} 条答复", given.len());
                back(ask, ground, which, &query(&fields), (done, &said, &given))
            })
        })
        .await
}

/// `POST /campaigns/{id}/departments/{department}/confirm`
async fn confirm(Posted { caller, fields }: Posted, path: web::Path<(i64, String)>) -> Answer {
    caller
        .act(move |ask| {
            grounded(ask, |ask, ground| {
                let head = department_of(ground, &path.1)?;
                let done = answer::confirm(ask.conn, &ask.viewer, ground, (path.0, head));
                let said = done.as_ref().map_or_else(
                    |_| String::new(),
                    |c| {
                        let more = if c.more {
                            "，条目较多，请再次确认"
                        } else {
                            ""
                        };
                        format!(
                            "已确认无变化 {} 条、已变更或停用 {} 条，另有 {} 条尚不完整{more}",
                            c.unchanged, c.changed, c.incomplete
                        )
                    },
                );
                let which = (path.0, path.1.as_str());
                back(ask, ground, which, &query(&fields), (done, &said, &[]))
            })
        })
        .await
}

/// `POST /campaigns/{id}/departments/{department}/submit`
async fn hand_in(Posted { caller, fields }: Posted, path: web::Path<(i64, String)>) -> Answer {
    caller
        .act(move |ask| {
            grounded(ask, |ask, ground| {
                let head = department_of(ground, &path.1)?;
                let which = (path.0, head, version(&fields));
                let none = fields.get("none") == Some("true");
                let done = submit::submit(ask.conn, &ask.viewer, ground, which, none);
                let which = (path.0, path.1.as_str());
                let told = (done, "已提交本单位的核对结果", &[][..]);
                back(ask, ground, which, &query(&fields), told)
            })
        })
        .await
}

/// `POST /campaigns/{id}/settlements`
async fn settle(Posted { caller, fields }: Posted, id: web::Path<i64>) -> Answer {
    caller
        .act(move |ask| {
            grounded(ask, |ask, ground| {
                let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
                let moves = match fields.get("act") {
                    Some("move") => true,
                    Some("return") => false,
                    _ => return Err(Error::NotFound("这个地址".to_owned())),
                };
                let wish = Settlement {
                    register: text("register"),
                    code: text("code"),
                    version: version(&fields),
                    moves,
                    note: text("note"),
                };
                let done = question::settle(ask.conn, &ask.viewer, ground, *id, &wish);
                let said = if moves {
                    "已划转"
                } else {
                    "已退回重新答复"
                };
                after(ask, ground, *id, done, said)
            })
        })
        .await
}

/// `POST /campaigns/{id}/due`
async fn reschedule(Posted { caller, fields }: Posted, id: web::Path<i64>) -> Answer {
    caller
        .act(move |ask| {
            grounded(ask, |ask, ground| {
                let done = match super::make::day(&fields, "due_on", "截止日") {
                    Ok(day) => {
                        let which = (*id, version(&fields));
                        open::reschedule(ask.conn, &ask.viewer, ground, which, day)
                    }
                    Err(problem) => Err(Error::Invalid(vec![problem])),
                };
                after(ask, ground, *id, done, "已调整截止日")
            })
        })
        .await
}

/// `POST /campaigns/{id}/close`
async fn finish(Posted { caller, fields }: Posted, id: web::Path<i64>) -> Answer {
    caller
        .act(move |ask| {
            grounded(ask, |ask, ground| {
                let wish = close::Wish {
                    version: version(&fields),
                    force: fields.get("force") == Some("true"),
                    reason: fields.get("reason").unwrap_or_default().to_owned(),
                };
                let done = close::close(ask.conn, &ask.viewer, ground, *id, &wish);
                after(ask, ground, *id, done, "已结束，账目快照已冻结")
            })
        })
        .await
}

/// The routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    let list = "/campaigns/{id}/departments/{department}";
    config
        .route(&format!("{list}/answers"), web::post().to(answer))
        .route(&format!("{list}/confirm"), web::post().to(confirm))
        .route(&format!("{list}/submit"), web::post().to(hand_in))
        .route("/campaigns/{id}/settlements", web::post().to(settle))
        .route("/campaigns/{id}/due", web::post().to(reschedule))
        .route("/campaigns/{id}/close", web::post().to(finish));
}
