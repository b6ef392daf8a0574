//! When someone leaves: what hangs on them, and the one form that hands it over.

use actix_web::web;
use askama::Template;

use super::{Answer, name};
use crate::clock;
use crate::error::{Error, Problem, Result};
use crate::handover::{self, Hanging, Leaving};
use crate::org::change::Seen;
use crate::org::directory::Directory;
use crate::org::person::{self, Filter, Person};
use crate::web::caller::{Ask, Caller};
use crate::web::fields::Fields;
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;
use crate::web::ui::organisation::day;

/// Colleagues offered as successors.
const OFFERED: i64 = 500;

#[derive(Template)]
#[template(path = "people/leave.html")]
struct Leave {
    shell: Shell,
    who: Person,
    department: String,
    hanging: Vec<Hanging>,
    colleagues: Vec<(i64, String)>,
    last_day: String,
    to: String,
    reason: String,
    problems: Vec<Problem>,
}

fn page(ask: &mut Ask<'_>, id: i64, sent: &Fields, problems: Vec<Problem>) -> Result<Leave> {
    let who = person::kept(ask.conn, &ask.viewer, id)?;
    let hanging = handover::what_hangs_on(ask.conn, &ask.viewer, id)?;
    let directory = Directory::load(ask.conn)?;
    let filter = Filter {
        departments: Some(vec![who.department_id]),
        ..Filter::default()
    };
    let rules = ask.app.organisation;
    let all = person::list(ask.conn, &ask.viewer, rules, &filter, OFFERED)?;
    let text = |name: &str| sent.get(name).unwrap_or_default().to_owned();
    let given = text("last_day");
    Ok(Leave {
        shell: ask.shell(&format!("{} 离任与移交", who.name), "/people"),
        department: name(&directory, who.department_id),
        hanging,
        colleagues: all
            .into_iter()
            .filter(|p| p.id != id)
            .map(|p| (p.id, format!("{} {}", p.name, p.post)))
            .collect(),
        last_day: if given.is_empty() {
            clock::today().to_string()
        } else {
            given
        },
        to: text("to"),
        reason: text("reason"),
        problems,
        who,
    })
}

async fn show(caller: Caller, id: web::Path<i64>) -> Answer {
    caller
        .page(move |ask| page(ask, *id, &Fields::default(), Vec::new()))
        .await
}

async fn hand_over(Posted { caller, fields }: Posted, id: web::Path<i64>) -> Answer {
    caller
        .act(move |ask| {
            let id = *id;
            person::kept(ask.conn, &ask.viewer, id)?;
            let number = |name: &str| fields.get(name).and_then(|t| t.parse::<i64>().ok());
            let leaving = Leaving {
                person: Seen {
                    id,
                    revision: number("version").unwrap_or(-1),
                },
                to: number("to"),
                last_day: fields
                    .get("last_day")
                    .and_then(day)
                    .unwrap_or(chrono::NaiveDate::MAX),
                reason: fields.get("reason").unwrap_or_default().to_owned(),
            };
            let catalogue = &ask.app.catalogue;
            match handover::hand_over(ask.conn, &ask.viewer, catalogue, &leaving) {
                Ok(done) => {
                    let account = if done.account_closed {
                        "，账号已停用"
                    } else {
                        ""
                    };
                    let message = format!(
                        "已办理离任: 免任 {} 项，接任 {} 项，改联系人 {} 个条目{account}；请提交备案",
                        done.roles, done.taken, done.entries
                    );
                    Ok(Next::saying(&format!("/people/{id}"), &message))
                }
                Err(Error::Invalid(problems)) => {
                    Next::again(&page(ask, id, &fields, problems)?)
                }
                Err(said @ (Error::Conflict(_) | Error::Stale(_))) => {
                    let problem = Problem::new("", said.code(), &said.to_string(), "");
                    Next::again(&page(ask, id, &fields, vec![problem])?)
                }
                Err(other) => Err(other),
            }
        })
        .await
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/people/{id}/leave", web::get().to(show))
        .route("/people/{id}/leave", web::post().to(hand_over));
}
