//! One entry: facts by group, stage, completeness, relations, the last changes, files.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::address;
use crate::auth::{Right, Sight};
use crate::clock;
use crate::deadline::{self, Listed, State};
use crate::error::Result;
use crate::ledger::as_of::Definitions;
use crate::ledger::attachment::{self, KINDS};
use crate::ledger::facts::{self, Entry, Group, Relation, Relations, Step, Version, stage_of};
use crate::ledger::merge;
use crate::review::duplicate::kept::sort_of;
use crate::review::zombie::{self, Sign};
use crate::sharing::request::{self, answers_for};
use crate::sharing::{LINKS, map};
use crate::web::answer::Failure;
use crate::web::api::attachments::{keep, outgoing, take};
use crate::web::api::duplicates::means;
use crate::web::api::entries::past::seq;
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Desk};
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;
use crate::web::ui::links::{self, EndsView};
use crate::web::ui::stages::{self, Way};

/// How many versions the page shows.
const RECENT: usize = 5;

/// Which moment is asked for.
#[derive(Deserialize)]
pub(super) struct Moment {
    #[serde(default)]
    as_of: String,
}

struct Near {
    label: String,
    arrow: &'static str,
    register: String,
    href: String,
    code: String,
    name: String,
    department: String,
    stage: &'static str,
}

struct Paper {
    id: i64,
    kind: String,
    name: String,
    size: String,
    digest: String,
    actor: String,
    at: String,
}

/// A version as pages show it.
pub(super) struct Told {
    pub revision: i32,
    pub op: &'static str,
    pub at: String,
    pub actor: String,
    pub reason: String,
    pub changes: Vec<facts::Diff>,
    pub hidden: usize,
}

/// A version for a page.
pub(super) fn told(version: Version) -> Told {
    Told {
        revision: version.revision,
        op: match version.op.as_str() {
            "create" => "录入",
            "remove" => "移除",
            _ => "变更",
        },
        at: clock::local(version.at),
        actor: version.actor,
        reason: version.reason,
        changes: version.changes,
        hidden: version.hidden,
    }
}

#[derive(Template)]
#[template(path = "registers/entry.html")]
struct Show {
    shell: Shell,
    register: String,
    register_label: String,
    href: String,
    code: String,
    department: String,
    steps: [Step; 5],
    groups: Vec<Group>,
    completeness: Option<i32>,
    missing: Vec<String>,
    relations: Vec<Near>,
    hidden: i64,
    more: bool,
    versions: Vec<Told>,
    papers: Vec<Paper>,
    deadlines: Vec<Listed>,
    way: Option<Way>,
    /// What both ends of a link say.
    ends: Option<EndsView>,
    kinds: Vec<(String, String)>,
    revision: i32,
    present: bool,
    full: bool,
    may_write: bool,
    /// Whether the viewer may raise an issue about it.
    raises: bool,
    as_of: String,
    /// It can be checked for duplicates.
    compared: bool,
    /// It has a place on the map of links.
    mapped: bool,
    merges: Vec<Merged>,
    /// Its data can be asked for by the viewer's department.
    shared: bool,
    /// It has a form of retirement.
    retires: bool,
    /// What speaks for a zombie system.
    signs: Vec<Sign>,
    source: &'static str,
}

/// A merge that the entry was part of.
struct Merged {
    id: i64,
    into: bool,
    href: String,
    name: String,
    code: String,
    at: String,
    actor: String,
    reason: String,
}

fn merges(ask: &mut Ask<'_>, id: i64) -> Result<Vec<Merged>> {
    let found = merge::of_entry(ask.conn, &ask.viewer, id)?;
    let merged = found.into_iter().map(|(merge, other)| Merged {
        id: merge.id,
        into: merge.dropped_id == id,
        href: address(&other.register, &other.code),
        name: other.name,
        code: other.code,
        at: clock::local(merge.at),
        actor: merge.actor,
        reason: merge.reason,
    });
    Ok(merged.collect())
}

/// `GET /registers/{register}/{code}`
pub(super) async fn show(
    caller: Caller,
    path: web::Path<(String, String)>,
    moment: web::Query<Moment>,
) -> std::result::Result<HttpResponse, Failure> {
    caller
        .page(move |ask| shown(ask, &path.0, &path.1, &moment.as_of))
        .await
}

fn shown(ask: &mut Ask<'_>, register: &str, code: &str, as_of: &str) -> Result<Show> {
    let desk = Desk::of(ask, register)?;
    let definitions = desk.definitions()?;
    let code = desk::code(code)?;
    let viewer = ask.viewer.clone();
    let seq = seq(ask.conn, Some(as_of))?;
    let entry = facts::entry(ask.conn, &viewer, definitions, &code, seq)?;
    let near = facts::relations(ask.conn, &viewer, &entry, seq)?;
    let full = entry.sight >= Sight::Own;
    let mut versions = Vec::new();
    let mut papers = Vec::new();
    let mut deadlines = Vec::new();
    let mut way = None;
    let mut ends = None;
    let mut signs = Vec::new();
    if full && seq.is_none() {
        let row = facts::row(ask.conn, &viewer, definitions.register, &code)?;
        let mut all = facts::history(ask.conn, &viewer, definitions, &row)?;
        all.truncate(RECENT);
        versions = all.into_iter().map(told).collect();
        let held = attachment::of_entry(ask.conn, &viewer, definitions, &code)?;
        papers = held.into_iter().map(|a| paper(definitions, a)).collect();
        let filter = deadline::Filter {
            entry: Some(row.id),
            ..deadline::Filter::default()
        };
        let who = (&viewer, &ask.app.catalogue);
        let most = deadline::rules().len();
        deadlines = deadline::page(ask.conn, who, &filter, (None, most), clock::today())?;
        ends = links::ends_of(ask.conn, &viewer, definitions, &row)?;
        way = stages::way(ask.conn, &viewer, definitions, &row)?;
        let means = means(ask, definitions.directory);
        signs = zombie::signs(ask.conn, &viewer, means, ask.state.zombies, &row, false)?
            .unwrap_or_default();
        signs.retain(|s| !s.signs.is_empty());
    }
    let merges = full.then(|| merges(ask, entry.id)).transpose()?;
    let shell = ask.shell(&entry.name, &format!("/registers/{register}"));
    let may_write = seq.is_none() && viewer.can(Right::Write, &entry);
    Ok(Show {
        href: address(register, &code),
        register: register.to_owned(),
        register_label: definitions.register.label.clone(),
        department: name(definitions, entry.department_id),
        steps: facts::steps(entry.stage),
        groups: facts::groups(definitions, &entry),
        completeness: entry.completeness,
        missing: missing(definitions, &entry),
        hidden: near.hidden,
        more: near.more,
        relations: nears(definitions, &entry, near),
        versions,
        papers,
        deadlines,
        way,
        ends,
        kinds: kinds(definitions),
        revision: entry.revision,
        present: entry.present,
        full,
        may_write,
        raises: seq.is_none() && viewer.can_anywhere(Right::Write),
        as_of: as_of.to_owned(),
        compared: sort_of(register).is_some(),
        shared: register == request::DATASET
            && viewer.can_anywhere(Right::Write)
            && !answers_for(&viewer, definitions.directory, entry.department_id),
        mapped: [LINKS, map::SYSTEM, map::DATASET].contains(&register),
        merges: merges.unwrap_or_default(),
        retires: definitions
            .catalogue
            .lifecycle(register)
            .is_some_and(|m| m.retirement.is_some()),
        signs,
        source: zombie::SOURCE,
        code,
        shell,
    })
}

fn name(definitions: Definitions<'_>, department: i64) -> String {
    let found = definitions.directory.get(department);
    found.map(|d| d.name.clone()).unwrap_or_default()
}

fn missing(definitions: Definitions<'_>, entry: &Entry) -> Vec<String> {
    let label = |key: &String| definitions.register.field(key).map(|f| f.label.clone());
    entry.missing.iter().filter_map(label).collect()
}

fn nears(definitions: Definitions<'_>, entry: &Entry, relations: Relations) -> Vec<Near> {
    let near = |r: Relation| {
        let other = definitions.catalogue.register(&r.register);
        // The field stands in the entry that the relation starts from.
        let from = if r.outgoing {
            Some(definitions.register)
        } else {
            other
        };
        let field = from.and_then(|f| f.field(&r.field));
        Near {
            label: field.map_or(r.field.clone(), |f| f.label.clone()),
            arrow: if r.outgoing { "→" } else { "←" },
            register: other.map_or(r.register.clone(), |o| o.label.clone()),
            href: address(&r.register, &r.code),
            department: name(definitions, r.department_id),
            stage: stage_of(&r.stage).label(),
            code: r.code,
            name: r.name,
        }
    };
    let _ = entry;
    relations.seen.into_iter().map(near).collect()
}

fn kinds(definitions: Definitions<'_>) -> Vec<(String, String)> {
    let list = definitions.catalogue.list(KINDS);
    list.map(|l| {
        l.items
            .iter()
            .map(|i| (i.code.clone(), i.label.clone()))
            .collect()
    })
    .unwrap_or_default()
}

fn paper(definitions: Definitions<'_>, attachment: attachment::Attachment) -> Paper {
    let list = definitions.catalogue.list(KINDS);
    let kind = list.and_then(|l| l.label(&attachment.kind));
    Paper {
        id: attachment.id,
        kind: kind.unwrap_or(&attachment.kind).to_owned(),
        name: attachment.file_name,
        size: size(attachment.size),
        digest: attachment.digest,
        actor: attachment.actor,
        at: clock::local(attachment.at),
    }
}

fn size(bytes: i64) -> String {
    if bytes >= 1024 * 1024 {
        format!(
            "{}.{} MB",
            bytes / 1024 / 1024,
            bytes % (1024 * 1024) * 10 / 1024 / 1024
        )
    } else {
        format!("{} KB", (bytes + 1023) / 1024)
    }
}

/// `POST /registers/{register}/{code}/attachments`
pub(super) async fn attach(
    request: HttpRequest,
    caller: Caller,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> std::result::Result<HttpResponse, Failure> {
    let sent = take(&request, payload, &path).await?;
    let caller = caller.with_csrf(sent.csrf());
    let work = move |ask: &mut Ask<'_>| {
        let kept = keep(ask, &path.0, &path.1, &sent)?;
        let to = format!("{}#attachments", address(&path.0, &path.1));
        Ok(Next::saying(&to, &format!("已上传“{}”", kept.file_name)))
    };
    caller.act(work).await
}

/// `GET /registers/{register}/{code}/attachments/{id}`
pub(super) async fn download(
    caller: Caller,
    path: web::Path<(String, String, i64)>,
) -> std::result::Result<HttpResponse, Failure> {
    let out = caller.change(move |ask| outgoing(ask, &path.0, &path.1, path.2));
    Ok(desk::send(&out.await?)?)
}

/// `POST /registers/{register}/{code}/attachments/{id}/delete`
pub(super) async fn detach(
    Posted { caller, .. }: Posted,
    path: web::Path<(String, String, i64)>,
) -> std::result::Result<HttpResponse, Failure> {
    let work = move |ask: &mut Ask<'_>| {
        let desk = Desk::of(ask, &path.0)?;
        let code = desk::code(&path.1)?;
        attachment::detach(ask.conn, &ask.viewer, desk.definitions()?, &code, path.2)?;
        let to = format!("{}#attachments", address(&path.0, &code));
        Ok(Next::saying(&to, "已移除附件"))
    };
    caller.act(work).await
}
