//! 下线办理: the form of a retirement, what stands in its way, the live links and what becomes of each.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::address;
use super::edit::revision;
use super::form::{Control, changed, sections};
use crate::auth::{Right, Viewer};
use crate::error::{Error, Problem, Result};
use crate::impact::LinkEnd;
use crate::ledger::edit::{self, Act, Draft, Source, Why};
use crate::ledger::entry::EntryRow;
use crate::ledger::facts;
use crate::review::Ground;
use crate::review::retire::{self, LinkWish, Outlook};
use crate::review::zombie::{self, Sign};
use crate::web::answer::Failure;
use crate::web::api::duplicates::means;
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Desk};
use crate::web::fields::Fields;
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;
use crate::web::ui::stages::{self, Way};

type Answer = std::result::Result<HttpResponse, Failure>;

/// A live link as the page shows it.
struct Linked {
    href: String,
    register: String,
    register_key: String,
    code: String,
    name: String,
    department: String,
    via: String,
    field: String,
    holds: bool,
    /// Version of the entry that holds the reference, where the viewer may write it.
    revision: Option<i32>,
}

/// A gate on the way out.
struct Barrier {
    label: String,
    version: u32,
    basis: String,
    missing: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "registers/retire.html")]
struct Page {
    shell: Shell,
    register: String,
    register_label: String,
    href: String,
    code: String,
    revision: i32,
    may_write: bool,
    problems: Vec<Problem>,
    controls: Vec<Control>,
    links: Vec<Linked>,
    hidden: usize,
    replacement: String,
    gates: Vec<Barrier>,
    signs: Vec<Sign>,
    source: &'static str,
    way: Option<Way>,
}

/// What was sent and refused.
#[derive(Default)]
struct Sent {
    fields: Option<Fields>,
    problems: Vec<Problem>,
}

/// `GET /registers/{register}/{code}/retire`
pub(super) async fn show(caller: Caller, path: web::Path<(String, String)>) -> Answer {
    caller
        .page(move |ask| drawn(ask, &path, Sent::default()))
        .await
}

fn drawn(ask: &mut Ask<'_>, path: &(String, String), sent: Sent) -> Result<Page> {
    let desk = Desk::of(ask, &path.0)?;
    let definitions = desk.definitions()?;
    let ground = Ground {
        catalogue: definitions.catalogue,
        directory: definitions.directory,
    };
    let code = desk::code(&path.1)?;
    let viewer = ask.viewer.clone();
    let row = facts::row(ask.conn, &viewer, definitions.register, &code)?;
    let outlook = retire::outlook(ask.conn, &viewer, ground, &row)?;
    let means = means(ask, definitions.directory);
    let signs = zombie::signs(ask.conn, &viewer, means, ask.state.zombies, &row, true)?;
    let way = stages::way(ask.conn, &viewer, definitions, &row)?;
    let may_write = viewer.can(Right::Write, row.department_id) && row.present;
    let links = linked(ask, &viewer, ground, &row, &outlook)?;
    let entry = facts::seen(&viewer, definitions, row.clone());
    let all = sections(
        definitions,
        entry.sight,
        &entry.document,
        sent.fields.as_ref(),
        &sent.problems,
        false,
    );
    let mut controls: Vec<Control> = all.into_iter().flat_map(|s| s.controls).collect();
    let place = |key: &str| outlook.form.fields.iter().position(|f| f == key);
    controls.retain(|c| place(&c.key).is_some());
    controls.sort_by_key(|c| place(&c.key));
    Ok(Page {
        shell: ask.shell(
            &format!("下线办理 {}", row.name),
            &format!("/registers/{}", path.0),
        ),
        register: path.0.clone(),
        register_label: definitions.register.label.clone(),
        href: address(&path.0, &code),
        revision: row.revision,
        may_write,
        problems: sent.problems,
        controls,
        links,
        hidden: outlook.links.hidden,
        replacement: outlook
            .replacement
            .map(|r| format!("“{}”（{}）", r.name, r.code))
            .unwrap_or_default(),
        gates: outlook
            .gates
            .into_iter()
            .map(|g| Barrier {
                label: g.label,
                version: g.version,
                basis: g.basis,
                missing: g
                    .missing
                    .into_iter()
                    .map(|m| (m.message, m.suggestion))
                    .collect(),
            })
            .collect(),
        signs: signs.unwrap_or_default(),
        source: zombie::SOURCE,
        way,
        code,
    })
}

fn linked(
    ask: &mut Ask<'_>,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &EntryRow,
    outlook: &Outlook<'_>,
) -> Result<Vec<Linked>> {
    let mut out = Vec::new();
    for LinkEnd {
        place,
        field,
        via,
        holds,
    } in &outlook.links.told
    {
        let holder = if *holds {
            place.department_id
        } else {
            row.department_id
        };
        let revision = match (viewer.can(Right::Write, holder), holds) {
            (false, _) => None,
            (true, false) => Some(row.revision),
            (true, true) => {
                let register = ground.definitions(&place.register)?.register;
                Some(facts::row(ask.conn, viewer, register, &place.code)?.revision)
            }
        };
        let register = ground.catalogue.register(&place.register);
        let owner = ground.directory.get(place.department_id);
        out.push(Linked {
            href: address(&place.register, &place.code),
            register: register.map_or(place.register.clone(), |r| r.label.clone()),
            code: place.code.clone(),
            name: place.name.clone(),
            department: owner.map(|d| d.name.clone()).unwrap_or_default(),
            via: via.clone(),
            field: field.clone(),
            holds: *holds,
            revision,
            register_key: place.register.clone(),
        });
    }
    Ok(out)
}

/// `POST /registers/{register}/{code}/retire`
pub(super) async fn save(
    Posted { caller, fields }: Posted,
    path: web::Path<(String, String)>,
) -> Answer {
    let work = move |ask: &mut Ask<'_>| {
        let desk = Desk::of(ask, &path.0)?;
        let definitions = desk.definitions()?;
        let code = desk::code(&path.1)?;
        let entry = facts::entry(ask.conn, &ask.viewer, definitions, &code, None)?;
        ask.viewer.may(Right::Write, entry.department_id)?;
        let model = definitions.catalogue.lifecycle(&path.0);
        let form = model
            .and_then(|m| m.retirement.as_ref())
            .ok_or_else(|| Error::NotFound("下线表单".to_owned()))?;
        let mut given = changed(definitions, entry.sight, &entry.document, &fields);
        given.retain(|key, _| form.fields.contains(key));
        let act = Act::Amend {
            code: code.clone(),
            revision: revision(&fields)?,
        };
        let why = Why {
            source: Source::Form,
            reason: "下线办理".to_owned(),
            valid_on: None,
        };
        let draft = Draft { act, given };
        let problems = match edit::write(ask.conn, &ask.viewer, definitions, &[draft], &why) {
            Ok(_) => {
                let to = format!("{}/retire", address(&path.0, &code));
                return Ok(Next::saying(&to, "已保存"));
            }
            Err(Error::Invalid(problems)) => problems,
            Err(stale @ Error::Stale(_)) => {
                let hint = "请核对他人的修改后再保存";
                vec![Problem::new("", "stale", &stale.to_string(), hint)]
            }
            Err(other) => return Err(other),
        };
        let sent = Sent {
            fields: Some(fields),
            problems,
        };
        Next::again(&drawn(ask, &path, sent)?)
    };
    caller.act(work).await
}

/// `POST /registers/{register}/{code}/links`
pub(super) async fn link(
    Posted { caller, fields }: Posted,
    path: web::Path<(String, String)>,
) -> Answer {
    let work = move |ask: &mut Ask<'_>| {
        let desk = Desk::of(ask, &path.0)?;
        let definitions = desk.definitions()?;
        let ground = Ground {
            catalogue: definitions.catalogue,
            directory: definitions.directory,
        };
        let code = desk::code(&path.1)?;
        let other = desk::code(fields.need("code", "编码")?)?;
        let wish = LinkWish {
            entry: (&path.0, &code),
            other: (fields.need("register", "登记簿")?, &other),
            field: fields.need("field", "关联")?,
            holds: fields.get("holds") == Some("true"),
            revision: revision(&fields)?,
            to_replacement: fields.get("to") == Some("replacement"),
        };
        let to = format!("{}/retire#links", address(&path.0, &code));
        let said = match retire::move_link(ask.conn, &ask.viewer, ground, &wish) {
            Ok(done) if done.entries.iter().any(|e| e.request.is_some()) => {
                "对方内容已审定，已转为变更申请，批准后生效".to_owned()
            }
            Ok(_) if wish.to_replacement => format!("{other} 已改接"),
            Ok(_) => format!("{other} 已终止对接"),
            Err(Error::Invalid(problems)) => {
                let all: Vec<String> = problems
                    .into_iter()
                    .map(|p| format!("{}（{}）", p.message, p.suggestion))
                    .collect();
                format!("没有办理: {}", all.join("；"))
            }
            Err(stale @ Error::Stale(_)) => stale.to_string(),
            Err(other) => return Err(other),
        };
        Ok(Next::saying(&to, &said))
    };
    caller.act(work).await
}
