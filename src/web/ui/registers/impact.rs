//! 停用影响: what breaks when an entry is switched off, as a graph and as a list, and the list as a file.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::address;
use crate::error::{Error, Result};
use crate::impact::draw::{self, Drawing};
use crate::impact::{self, Impact, Place};
use crate::ledger::as_of::Definitions;
use crate::ledger::facts::stage_of;
use crate::sheet::export::ExportFormat;
use crate::web::answer::Failure;
use crate::web::api::impact::{found, made};
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Desk};
use crate::web::page::Shell;

/// How many entries the page names; the file has them all.
const SHOWN: usize = 300;

/// An entry that would be hit.
pub(super) struct Hit {
    pub href: String,
    pub name: String,
    pub code: String,
    pub register: String,
    pub department: String,
    pub stage: &'static str,
    pub distance: usize,
    pub via: String,
    pub way: String,
}

#[derive(Template)]
#[template(path = "registers/impact.html")]
struct Show {
    shell: Shell,
    register: String,
    register_label: String,
    href: String,
    code: String,
    name: String,
    /// Directly: all, and those not seen; then through others.
    direct: (usize, usize),
    indirect: (usize, usize),
    cut: bool,
    hits: Vec<Hit>,
    /// More are seen than the page names.
    more: bool,
    drawing: Option<Drawing>,
    retires: bool,
}

fn owner(definitions: Definitions<'_>, department: i64) -> String {
    let found = definitions.directory.get(department);
    found.map(|d| d.name.clone()).unwrap_or_default()
}

fn hits(definitions: Definitions<'_>, impact: &Impact) -> Vec<Hit> {
    let seen = impact.seen().take(SHOWN);
    seen.map(|(at, node, place)| {
        let register = definitions.catalogue.register(&place.register);
        Hit {
            href: address(&place.register, &place.code),
            name: place.name.clone(),
            code: place.code.clone(),
            register: register.map_or(place.register.clone(), |r| r.label.clone()),
            department: owner(definitions, place.department_id),
            stage: stage_of(&place.stage).label(),
            distance: node.distance,
            via: node.via.clone(),
            way: impact::way(impact, at),
        }
    })
    .collect()
}

/// `GET /registers/{register}/{code}/impact`
pub(super) async fn show(
    caller: Caller,
    path: web::Path<(String, String)>,
) -> std::result::Result<HttpResponse, Failure> {
    caller.page(move |ask| shown(ask, &path)).await
}

fn shown(ask: &mut Ask<'_>, path: &(String, String)) -> Result<Show> {
    let desk = Desk::of(ask, &path.0)?;
    let (row, impact) = found(ask, &desk, &path.1)?;
    let definitions = desk.definitions()?;
    let own = Place {
        id: row.id,
        register: row.register.clone(),
        code: row.code.clone(),
        name: row.name.clone(),
        department_id: row.department_id,
        stage: row.stage,
    };
    let model = definitions.catalogue.lifecycle(&path.0);
    Ok(Show {
        shell: ask.shell(
            &format!("停用影响 {}", row.name),
            &format!("/registers/{}", path.0),
        ),
        register: path.0.clone(),
        register_label: definitions.register.label.clone(),
        href: address(&path.0, &row.code),
        direct: impact.counts(true),
        indirect: impact.counts(false),
        cut: impact.cut,
        hits: hits(definitions, &impact),
        more: impact.seen().count() > SHOWN,
        drawing: draw::draw(&own, &impact, |id| owner(definitions, id)),
        retires: model.is_some_and(|m| m.retirement.is_some()) && row.present,
        code: row.code,
        name: row.name,
    })
}

/// As what the list is wanted.
#[derive(Deserialize)]
pub(super) struct As {
    #[serde(default)]
    format: String,
}

/// `GET /registers/{register}/{code}/impact/export`
pub(super) async fn export(
    caller: Caller,
    path: web::Path<(String, String)>,
    wanted: web::Query<As>,
) -> std::result::Result<HttpResponse, Failure> {
    let work = move |ask: &mut Ask<'_>| {
        let format = match wanted.format.as_str() {
            "csv" => ExportFormat::Csv,
            "xlsx" | "" => ExportFormat::Xlsx,
            _ => return Err(Error::Usage("导出格式只能是 xlsx 或 csv".to_owned())),
        };
        made(ask, &path, format)
    };
    let out = caller.change(work).await?;
    Ok(desk::send(&out)?)
}
