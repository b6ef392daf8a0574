//! Raising an issue.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::{Answer, HERE, grounded, kinds};
use crate::auth::Right;
use crate::error::{Error, Problem, Result};
use crate::issue::{self, Ground, Raise};
use crate::ledger::facts;
use crate::web::caller::{Ask, Caller};
use crate::web::fields::{self, Fields};
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;

#[derive(Template)]
#[template(path = "issues/new.html")]
struct New {
    shell: Shell,
    problems: Vec<Problem>,
    kinds: Vec<(String, String)>,
    /// Code and name of the departments one may raise for.
    own: Vec<(String, String)>,
    /// Names of the others.
    others: Vec<String>,
    kind: String,
    title: String,
    text: String,
    raised_by: String,
    owed_by: String,
    entries: String,
}

/// What the form is opened with.
#[derive(Default, Deserialize)]
#[serde(default)]
struct About {
    register: String,
    code: String,
}

fn own(ask: &Ask<'_>, ground: Ground<'_>) -> Vec<(String, String)> {
    let all = ground.directory.all().iter();
    all.filter(|d| !d.is_over() && issue::raises_for(&ask.viewer, d.id))
        .map(|d| (d.code.clone(), d.name.clone()))
        .collect()
}

fn form(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    wish: &Raise,
    (entries, problems): (String, Vec<Problem>),
) -> Result<New> {
    ask.viewer.may_anywhere(Right::Write)?;
    let all = ground.directory.all().iter();
    Ok(New {
        problems,
        kinds: kinds(ground),
        own: own(ask, ground),
        others: all
            .filter(|d| !d.is_over())
            .map(|d| d.name.clone())
            .collect(),
        kind: wish.kind.clone(),
        title: wish.title.clone(),
        text: wish.text.clone(),
        raised_by: wish.raised_by.clone(),
        owed_by: wish.owed_by.clone(),
        entries,
        shell: ask.shell("提出难点问题", HERE),
    })
}

/// `GET /issues/new`
async fn new(caller: Caller, about: web::Query<About>) -> Answer {
    let page = caller.page(move |ask| {
        let about = about.into_inner();
        fields::plain(&[("code", Some(&about.code))])?;
        grounded(ask, |ask, ground| {
            let mut wish = Raise::default();
            let home = ask.viewer.home().and_then(|id| ground.directory.get(id));
            wish.raised_by = home.map(|d| d.code.clone()).unwrap_or_default();
            // An entry that is not seen is not taken over either; its owner owes, as far as is known.
            if let Some(register) = ground.catalogue.register(&about.register)
                && let Ok(row) = facts::row(ask.conn, &ask.viewer, register, &about.code)
            {
                let owner = ground.directory.get(row.department_id);
                let owner = owner.filter(|d| ask.viewer.home() != Some(d.id));
                wish.owed_by = owner.map(|d| d.name.clone()).unwrap_or_default();
            }
            form(ask, ground, &wish, (about.code, Vec::new()))
        })
    });
    page.await
}

/// The entries of a form: codes, one a line, in whatever register they are.
pub(super) fn entries(
    ask: &mut Ask<'_>,
    ground: Ground<'_>,
    fields: &Fields,
) -> Result<Vec<(String, String)>> {
    let text = fields.get("entries").unwrap_or_default();
    let codes = text.split(|c: char| c.is_whitespace() || "、，,;；".contains(c));
    let codes = codes.filter(|c| !c.is_empty()).take(200).map(str::to_owned);
    let codes: Vec<String> = codes.collect();
    let places = issue::registers_of(ask.conn, &ask.viewer, ground, &codes)?;
    // One that is nowhere is told by the act.
    let place = |code: String| (places.get(&code).cloned().unwrap_or_default(), code);
    Ok(codes.into_iter().map(place).collect())
}

/// `POST /issues`
async fn raise(Posted { caller, fields }: Posted) -> Answer {
    let done = caller.act(move |ask| {
        ask.viewer.may_anywhere(Right::Write)?;
        grounded(ask, |ask, ground| {
            let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
            let wish = Raise {
                kind: text("kind"),
                title: text("title"),
                text: text("text"),
                raised_by: text("raised_by"),
                owed_by: text("owed_by"),
                entries: entries(ask, ground, &fields)?,
            };
            match issue::raise(ask.conn, &ask.viewer, ground, &wish) {
                Ok(row) => {
                    let to = format!("/issues/{}", row.id);
                    let said = format!("已提出{}，并通知责任单位", row.number());
                    Ok(Next::saying(&to, &said))
                }
                Err(Error::Invalid(problems)) => {
                    let sent = (text("entries"), problems);
                    Next::again(&form(ask, ground, &wish, sent)?)
                }
                Err(other) => Err(other),
            }
        })
    });
    done.await
}

/// The routes.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/issues/new", web::get().to(new))
        .route("/issues", web::post().to(raise));
}
