//! The form of a request: a new one, or a draft.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::{Answer, HERE};
use crate::auth::Right;
use crate::clock as time;
use crate::error::{Error, Problem, Result};
use crate::sharing::request::clock::{NOT_SHARED, Reckoner, answer_rule};
use crate::sharing::request::open::{self, ATTRIBUTES, Asked, MODES, Wish};
use crate::sharing::request::steps::State;
use crate::sharing::request::{self, Ground};
use crate::web::api::requests::grounded;
use crate::web::caller::{Ask, Caller};
use crate::web::fields::Fields;
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;

/// What the catalogue says of the dataset.
struct Catalogued {
    name: String,
    code: String,
    provider: String,
    attr: String,
    modes: String,
    condition: String,
    basis: String,
    not_shared: bool,
    limit: String,
}

#[derive(Template)]
#[template(path = "requests/form.html")]
struct Form {
    shell: Shell,
    problems: Vec<Problem>,
    action: String,
    version: i64,
    wish: Wish,
    until: String,
    catalogued: Option<Catalogued>,
    consumers: Vec<(String, String)>,
    modes: Vec<(String, String, bool)>,
}

fn catalogued(ground: Ground<'_>, reckoner: &Reckoner<'_>, asked: &Asked) -> Catalogued {
    let rule = answer_rule(&asked.attr);
    let limit = reckoner.limit(rule, reckoner.today, asked.row.department_id);
    let modes: Vec<String> = asked.modes.iter().map(|m| ground.label(MODES, m)).collect();
    Catalogued {
        name: asked.row.name.clone(),
        code: asked.row.code.clone(),
        provider: ground.name(asked.row.department_id),
        attr: ground.label(ATTRIBUTES, &asked.attr),
        modes: modes.join("、"),
        condition: asked.condition.clone(),
        basis: asked.basis.clone(),
        not_shared: asked.attr == NOT_SHARED,
        limit: limit
            .map(|l| format!("{}内答复", l.length()))
            .unwrap_or_default(),
    }
}

/// Which form it is: a new one, or of a draft with its version.
#[derive(Clone, Copy)]
struct Of(Option<(i64, i64)>);

fn form(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    of: Of,
    wish: Wish,
    until: String,
    problems: Vec<Problem>,
) -> Result<Form> {
    ask.viewer.may_anywhere(Right::Write)?;
    let asked = match open::dataset(ask.conn, &ask.viewer, ground, &wish.dataset) {
        Ok(asked) => Some(asked),
        Err(Error::NotFound(_)) => None,
        Err(other) => return Err(other),
    };
    let chosen = |code: &str| {
        let only = asked.as_ref().and_then(|a| match a.modes.as_slice() {
            [one] => Some(one.as_str()),
            _ => None,
        });
        let given = Some(wish.share_mode.as_str()).filter(|m| !m.is_empty());
        given.or(only) == Some(code)
    };
    let list = ground.catalogue.list(MODES).map(|l| l.items.as_slice());
    let modes = list
        .unwrap_or_default()
        .iter()
        .map(|i| (i.code.clone(), i.label.clone(), chosen(&i.code)));
    let reckoner = Reckoner::new(ask.conn, ground, time::today())?;
    let consumers = open::consumers(&ask.viewer, ground);
    let named = consumers.iter().filter_map(|id| ground.directory.get(*id));
    Ok(Form {
        problems,
        action: match of.0 {
            None => HERE.to_owned(),
            Some((id, _)) => format!("{HERE}/{id}/edit"),
        },
        version: of.0.map_or(0, |(_, version)| version),
        modes: modes.collect(),
        consumers: named.map(|d| (d.code.clone(), d.name.clone())).collect(),
        catalogued: asked.as_ref().map(|a| catalogued(ground, &reckoner, a)),
        shell: ask.shell(
            if of.0.is_some() {
                "修改共享申请"
            } else {
                "申请共享"
            },
            HERE,
        ),
        until,
        wish,
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct About {
    dataset: String,
}

/// `GET /requests/new`
async fn new(caller: Caller, about: web::Query<About>) -> Answer {
    caller
        .page(move |ask| {
            let dataset = about.into_inner().dataset;
            crate::web::fields::plain(&[("dataset", Some(&dataset))])?;
            grounded(ask, |ask, ground| {
                let wish = Wish {
                    dataset,
                    ..Wish::default()
                };
                form(ask, ground, Of(None), wish, String::new(), Vec::new())
            })
        })
        .await
}

/// A form as it was sent; a day that is none is a problem.
fn sent(fields: &Fields) -> (Wish, String, Vec<Problem>) {
    let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
    let until = text("valid_until");
    let day = until.parse();
    let mut problems = Vec::new();
    if !until.is_empty() && day.is_err() {
        problems.push(Problem::new(
            "valid_until",
            "date",
            "使用时限不是日期",
            "如 2027-12-31",
        ));
    }
    let wish = Wish {
        dataset: text("dataset"),
        consumer: text("consumer"),
        consumer_system: text("consumer_system"),
        items: text("items"),
        basis: text("basis"),
        scene: text("scene"),
        use_scope: text("use_scope"),
        share_mode: text("share_mode"),
        valid_until: day.ok(),
        contact: text("contact"),
        contact_phone: text("contact_phone"),
        argument: text("argument"),
    };
    (wish, until, problems)
}

/// `POST /requests`
async fn make(Posted { caller, fields }: Posted) -> Answer {
    caller
        .act(move |ask| {
            grounded(ask, |ask, ground| {
                ask.viewer.may_anywhere(Right::Write)?;
                let (wish, until, wrong) = sent(&fields);
                let done = if wrong.is_empty() {
                    open::draft(ask.conn, &ask.viewer, ground, &wish)
                } else {
                    Err(Error::Invalid(wrong))
                };
                match done {
                    Ok(made) => {
                        let said = "已保存草稿，核对后提交内部审批";
                        Ok(Next::saying(&format!("{HERE}/{}", made.id), said))
                    }
                    Err(Error::Invalid(problems)) => {
                        let page = form(ask, ground, Of(None), wish, until, problems)?;
                        Next::again(&page)
                    }
                    Err(other) => Err(other),
                }
            })
        })
        .await
}

/// `GET /requests/{id}/edit`
async fn edit(caller: Caller, id: web::Path<i64>) -> Answer {
    caller
        .page(move |ask| {
            grounded(ask, |ask, ground| {
                let row = request::get(ask.conn, &ask.viewer, *id)?;
                if row.state() != State::Draft {
                    return Err(Error::Conflict("已提交的申请不能修改".to_owned()));
                }
                if !request::answers_for(&ask.viewer, ground.directory, row.consumer_id) {
                    let what = "共享申请由需求部门的人员修改";
                    return Err(Error::Refused(what.to_owned()));
                }
                let asked = open::dataset_of(ask.conn, &ask.viewer, &row)?;
                let code = ground
                    .directory
                    .get(row.consumer_id)
                    .map(|d| d.code.clone());
                let until = row.valid_until.map(|d| d.to_string()).unwrap_or_default();
                let of = Of(Some((row.id, row.version)));
                let wish = Wish {
                    dataset: asked.map(|a| a.row.code).unwrap_or_default(),
                    consumer: code.unwrap_or_default(),
                    consumer_system: row.consumer_system,
                    items: row.items,
                    basis: row.basis,
                    scene: row.scene,
                    use_scope: row.use_scope,
                    share_mode: row.share_mode,
                    valid_until: row.valid_until,
                    contact: row.contact,
                    contact_phone: row.contact_phone,
                    argument: row.argument,
                };
                form(ask, ground, of, wish, until, Vec::new())
            })
        })
        .await
}

/// `POST /requests/{id}/edit`
async fn change(Posted { caller, fields }: Posted, id: web::Path<i64>) -> Answer {
    caller
        .act(move |ask| {
            grounded(ask, |ask, ground| {
                let (wish, until, wrong) = sent(&fields);
                let version = fields
                    .get("version")
                    .and_then(|v| v.parse().ok())
                    .unwrap_or(-1);
                let which = (*id, version);
                let done = if wrong.is_empty() {
                    open::edit(ask.conn, &ask.viewer, ground, which, &wish)
                } else {
                    Err(Error::Invalid(wrong))
                };
                let problems = match done {
                    Ok(_) => return Ok(Next::saying(&format!("{HERE}/{id}"), "已保存")),
                    Err(Error::Invalid(problems)) => problems,
                    Err(error @ (Error::Stale(_) | Error::Conflict(_))) => {
                        vec![Problem::new("", error.code(), &error.to_string(), "")]
                    }
                    Err(other) => return Err(other),
                };
                Next::again(&form(ask, ground, Of(Some(which)), wish, until, problems)?)
            })
        })
        .await
}

/// The routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/requests", web::post().to(make))
        .route("/requests/new", web::get().to(new))
        .route("/requests/{id}/edit", web::get().to(edit))
        .route("/requests/{id}/edit", web::post().to(change));
}
