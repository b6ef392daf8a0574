//! Making and changing departments; every form keeps what was typed when something is wrong with it.

use actix_web::web;
use askama::Template;

use super::{Answer, coded, day};
use crate::auth::Right;
use crate::clock;
use crate::error::{Error, Problem, Result};
use crate::handover;
use crate::org::change::{self, AliasKind, Details, Draft, Placement, Seen};
use crate::org::directory::{Department, Directory, Found};
use crate::org::event::When;
use crate::web::caller::{Ask, Caller};
use crate::web::fields::Fields;
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;

/// Departments offered while typing.
const OFFERED: usize = 3_000;

#[derive(Template)]
#[template(path = "organisation/edit.html")]
struct Edit {
    shell: Shell,
    d: Department,
    above: String,
    regions: Vec<(String, String)>,
    names: Vec<String>,
    problems: Vec<Problem>,
    act: String,
    sent: Fields,
    today: String,
}

impl Edit {
    /// What stands in a field: what was typed into the same form, or what is stored.
    fn value(&self, act: &str, name: &str, stored: &str) -> String {
        if self.act == act {
            self.sent.get(name).unwrap_or_default().to_owned()
        } else {
            stored.to_owned()
        }
    }

    /// What is wrong with this form.
    fn wrong(&self, act: &str) -> &[Problem] {
        if self.act == act { &self.problems } else { &[] }
    }

    /// The first day, as a field shows it.
    fn set_up(&self) -> String {
        self.d
            .valid_from
            .map(|day| day.to_string())
            .unwrap_or_default()
    }
}

#[derive(Template)]
#[template(path = "organisation/new.html")]
struct New {
    shell: Shell,
    regions: Vec<(String, String)>,
    names: Vec<String>,
    problems: Vec<Problem>,
    sent: Fields,
}

impl New {
    fn value(&self, name: &str) -> String {
        self.sent.get(name).unwrap_or_default().to_owned()
    }
}

fn regions(ask: &Ask<'_>) -> Vec<(String, String)> {
    let regions = ask.app.catalogue.regions();
    let named = |code: &str| regions.full_name(code).unwrap_or_default();
    let all = regions.iter();
    all.map(|r| (r.code.clone(), named(&r.code))).collect()
}

fn names(directory: &Directory) -> Vec<String> {
    let standing = directory.all().iter().filter(|d| !d.is_over());
    standing.take(OFFERED).map(|d| d.name.clone()).collect()
}

fn edit_page(
    ask: &mut Ask<'_>,
    code: &str,
    act: &str,
    sent: Fields,
    problems: Vec<Problem>,
) -> Result<Edit> {
    ask.viewer.may_anywhere(Right::ManageOrganisation)?;
    let (directory, d) = coded(ask, code)?;
    let above = d.parent_id.and_then(|id| directory.get(id));
    Ok(Edit {
        shell: ask.shell(&format!("变更 {}", d.name), "/organisation"),
        above: above.map(|a| a.name.clone()).unwrap_or_default(),
        regions: regions(ask),
        names: names(&directory),
        problems,
        act: act.to_owned(),
        sent,
        today: clock::today().to_string(),
        d,
    })
}

async fn edit(caller: Caller, code: web::Path<String>) -> Answer {
    caller
        .page(move |ask| edit_page(ask, &code, "", Fields::default(), Vec::new()))
        .await
}

fn new_page(ask: &mut Ask<'_>, sent: Fields, problems: Vec<Problem>) -> Result<New> {
    ask.viewer.may_anywhere(Right::ManageOrganisation)?;
    let directory = Directory::load(ask.conn)?;
    Ok(New {
        shell: ask.shell("设立单位", "/organisation"),
        regions: regions(ask),
        names: names(&directory),
        problems,
        sent,
    })
}

async fn new(caller: Caller) -> Answer {
    caller
        .page(|ask| new_page(ask, Fields::default(), Vec::new()))
        .await
}

fn text(fields: &Fields, name: &str) -> Option<String> {
    fields.get(name).map(str::to_owned)
}

/// The department that was typed by any of its names.
fn typed(directory: &Directory, fields: &Fields, field: &str) -> Result<Option<i64>> {
    let Some(text) = fields.get(field) else {
        return Ok(None);
    };
    match directory.find(text) {
        Found::One(id) => Ok(Some(id)),
        found => {
            let fault = crate::org::directory::department_fault(directory, text, &found);
            let problem = Problem::new(field, fault.code, &fault.message, &fault.suggestion);
            Err(Error::Invalid(vec![problem]))
        }
    }
}

/// A day that was typed; one that cannot be read is a problem, not silence.
fn dated(fields: &Fields, field: &str, label: &str) -> Result<Option<chrono::NaiveDate>> {
    let Some(text) = fields.get(field) else {
        return Ok(None);
    };
    match day(text) {
        Some(day) => Ok(Some(day)),
        None => Err(Error::Invalid(vec![Problem::new(
            field,
            "bad_date",
            &format!("{label}“{text}”不是日期"),
            "请写成 2024-03-05",
        )])),
    }
}

fn made(ask: &mut Ask<'_>, fields: &Fields) -> Result<Department> {
    let directory = Directory::load(ask.conn)?;
    let draft = Draft {
        code: text(fields, "code"),
        name: text(fields, "name").unwrap_or_default(),
        short: text(fields, "short"),
        credit_code: text(fields, "credit_code"),
        place: placed(&directory, fields)?,
        category: text(fields, "category"),
        sort: fields.get("sort").and_then(|s| s.parse().ok()),
        valid_from: dated(fields, "valid_from", "设立日期")?,
    };
    let reason = fields.get("reason").unwrap_or_default();
    let regions = ask.app.catalogue.regions();
    change::create(ask.conn, &ask.viewer, regions, &draft, reason)
}

fn placed(directory: &Directory, fields: &Fields) -> Result<Placement> {
    Ok(Placement {
        region: text(fields, "region"),
        parent: typed(directory, fields, "parent")?,
        unit: fields.get("unit").is_some(),
    })
}

async fn create(Posted { caller, fields }: Posted) -> Answer {
    caller
        .act(move |ask| match made(ask, &fields) {
            Ok(d) => Ok(Next::saying(
                &format!("/organisation/{}", d.code),
                "单位已设立",
            )),
            Err(Error::Invalid(problems)) => Next::again(&new_page(ask, fields, problems)?),
            Err(other) => Err(other),
        })
        .await
}

/// Carries out one change; says what it came to.
fn done(ask: &mut Ask<'_>, code: &str, act: &str, fields: &Fields) -> Result<String> {
    ask.viewer.may_anywhere(Right::ManageOrganisation)?;
    let (directory, d) = coded(ask, code)?;
    let revision = fields.get("version").and_then(|v| v.parse().ok());
    let at = Seen {
        id: d.id,
        revision: revision.unwrap_or(-1),
    };
    let when = When {
        from: dated(fields, "from", "生效日期")?,
        reason: text(fields, "reason").unwrap_or_default(),
    };
    let regions = ask.app.catalogue.regions();
    let (conn, viewer) = (&mut *ask.conn, &ask.viewer);
    match act {
        "rename" => {
            let name = fields.get("name").unwrap_or_default();
            change::rename(conn, viewer, at, name, &when)?;
        }
        "relocate" => {
            let to = placed(&directory, fields)?;
            change::relocate(conn, viewer, regions, at, &to, &when)?;
        }
        "amend" => {
            let details = Details {
                credit_code: text(fields, "credit_code"),
                category: text(fields, "category"),
                sort: fields
                    .get("sort")
                    .and_then(|s| s.parse().ok())
                    .unwrap_or(d.sort),
                valid_from: dated(fields, "valid_from", "设立日期")?,
            };
            let when = When::today(&when.reason);
            change::amend(conn, viewer, at, &details, &when)?;
        }
        "bureau" => drop(change::set_bureau(conn, viewer, at, &when)?),
        "alias" => {
            let kind = fields.get("kind").and_then(AliasKind::from_word);
            let alias = fields.get("alias").unwrap_or_default();
            let kind = kind.unwrap_or(AliasKind::Other);
            change::add_alias(conn, viewer, at, (alias, kind), &When::today(""))?;
        }
        "remove-alias" => {
            let alias = fields.get("alias").unwrap_or_default();
            change::remove_alias(conn, viewer, at, alias, &When::today(""))?;
        }
        "abolish" => drop(handover::abolish(conn, viewer, at, &when)?),
        "merge" => {
            let into = typed(&directory, fields, "into")?.ok_or_else(|| {
                let problem = Problem::new("into", "required", "请填写并入的单位", "");
                Error::Invalid(vec![problem])
            })?;
            let catalogue = &ask.app.catalogue;
            let moved = handover::merge(conn, viewer, catalogue, at, into, &when)?;
            return Ok(format!(
                "已并入: 划转条目 {} 个、下属单位 {} 个、人员 {} 人、账号 {} 个",
                moved.entries, moved.ended.units, moved.ended.people, moved.accounts
            ));
        }
        _ => return Err(Error::NotFound("这个地址".to_owned())),
    }
    Ok("已保存，并记入单位沿革".to_owned())
}

async fn act(Posted { caller, fields }: Posted, path: web::Path<(String, String)>) -> Answer {
    let (code, act) = path.into_inner();
    caller
        .act(move |ask| match done(ask, &code, &act, &fields) {
            Ok(said) => Ok(Next::saying(&format!("/organisation/{code}"), &said)),
            Err(Error::Invalid(problems)) => {
                Next::again(&edit_page(ask, &code, &act, fields, problems)?)
            }
            // Said where the form stands, with what was typed, so that nothing is lost.
            Err(said @ (Error::Conflict(_) | Error::Stale(_))) => {
                let problem = Problem::new("", said.code(), &said.to_string(), "");
                Next::again(&edit_page(ask, &code, &act, fields, vec![problem])?)
            }
            Err(other) => Err(other),
        })
        .await
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/organisation/new", web::get().to(new))
        .route("/organisation/new", web::post().to(create))
        .route("/organisation/{code}/edit", web::get().to(edit))
        .route("/organisation/{code}/act/{act}", web::post().to(act));
}
