//! What breaks when an entry is switched off, and what stands between it and its retirement.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::duplicates::{directory, means};
use crate::auth::Right;
use crate::error::Result;
use crate::impact::{self, Hop, Impact};
use crate::ledger::entry::EntryRow;
use crate::ledger::facts;
use crate::ledger::facts::stage_of;
use crate::org::directory::Directory;
use crate::review::zombie::{self, Sign};
use crate::review::{Ground, retire};
use crate::sheet::export::ExportFormat;
use crate::web::answer::{Failure, ProblemBody};
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Desk, Outgoing};

type Answer = std::result::Result<HttpResponse, Failure>;

/// How many entries one answer names unless told.
const USUAL: usize = 200;
/// How many at most: the file has them all.
const MOST: usize = 2_000;

/// An entry on the way to another; without a code when you may not see it.
#[derive(Serialize, ToSchema)]
struct ImpactHop {
    /// Register key.
    register: Option<String>,
    /// Code.
    code: Option<String>,
    /// Name.
    name: Option<String>,
    /// Entries that are left out here of a long way.
    omitted: usize,
}

impl From<Hop<'_>> for ImpactHop {
    fn from(hop: Hop<'_>) -> Self {
        let (place, omitted) = match hop {
            Hop::Seen(place) => (Some(place), 0),
            Hop::Hidden => (None, 0),
            Hop::More(left) => (None, left),
        };
        Self {
            register: place.map(|p| p.register.clone()),
            code: place.map(|p| p.code.clone()),
            name: place.map(|p| p.name.clone()),
            omitted,
        }
    }
}

/// An entry in use that depends on the one asked about.
#[derive(Serialize, ToSchema)]
struct ImpactItem {
    /// Register key.
    register: String,
    /// Code.
    code: String,
    /// Name.
    name: String,
    /// Name of the owner.
    department: String,
    /// Stage.
    stage: String,
    /// How many dependences away: 1 is direct.
    distance: usize,
    /// Label of the reference that ties it.
    via: String,
    /// The way to it from the entry asked about, both ends left out.
    path: Vec<ImpactHop>,
}

/// What breaks when an entry is switched off.
#[derive(Serialize, ToSchema)]
struct ImpactBody {
    /// Entries that depend on it directly, seen or not.
    direct: usize,
    /// How many of those you may not see.
    direct_hidden: usize,
    /// Entries that depend on it through others, seen or not.
    indirect: usize,
    /// How many of those you may not see.
    indirect_hidden: usize,
    /// There are more than were looked at.
    cut: bool,
    /// Those that you see, the nearest first, as many as were asked for.
    items: Vec<ImpactItem>,
}

/// How much is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ImpactQuery {
    /// How many entries are named, 1 to 2000; 200 when left out.
    limit: Option<usize>,
}

/// An entry that is seen in full, with what depends on it.
pub(in crate::web) fn found(
    ask: &mut Ask<'_>,
    desk: &Desk<'_>,
    code: &str,
) -> Result<(EntryRow, Impact)> {
    let definitions = desk.definitions()?;
    let code = desk::code(code)?;
    let row = facts::row(ask.conn, &ask.viewer, definitions.register, &code)?;
    ask.viewer.may(Right::SeeOwn, &row)?;
    let impact = impact::of(ask.conn, &ask.viewer, definitions.catalogue, &row)?;
    Ok((row, impact))
}

/// The list as a file.
pub(in crate::web) fn made(
    ask: &mut Ask<'_>,
    path: &(String, String),
    format: ExportFormat,
) -> Result<Outgoing> {
    let desk = Desk::of(ask, &path.0)?;
    let (row, impact) = found(ask, &desk, &path.1)?;
    let extension = format.extension();
    let file = desk::passing(ask.app, extension)?;
    let about = (&row, &impact);
    impact::export(
        ask.conn,
        &ask.viewer,
        desk.definitions()?,
        about,
        format,
        &file,
    )?;
    Ok(Outgoing {
        path: file,
        name: format!("停用影响-{}.{extension}", row.code),
        media_type: format.media_type().to_owned(),
        passing: true,
    })
}

fn body(directory: &Directory, impact: &Impact, limit: usize) -> ImpactBody {
    let (direct, direct_hidden) = impact.counts(true);
    let (indirect, indirect_hidden) = impact.counts(false);
    let items = impact
        .seen()
        .take(limit)
        .map(|(at, node, place)| ImpactItem {
            register: place.register.clone(),
            code: place.code.clone(),
            name: place.name.clone(),
            department: directory
                .get(place.department_id)
                .map(|d| d.name.clone())
                .unwrap_or_default(),
            stage: stage_of(&place.stage).label().to_owned(),
            distance: node.distance,
            via: node.via.clone(),
            path: impact.way(at).into_iter().map(ImpactHop::from).collect(),
        });
    ImpactBody {
        direct,
        direct_hidden,
        indirect,
        indirect_hidden,
        cut: impact.cut,
        items: items.collect(),
    }
}

/// What breaks when an entry is switched off: everything in use that depends on it, directly or through others.
#[utoipa::path(tag = "stages", security(("bearer" = [])),
    params(("register" = String, Path, description = "登记簿"), ("code" = String, Path, description = "编码"), ImpactQuery),
    responses((status = 200, body = ImpactBody), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("see_own")), ("x-scope" = json!("subtree"))))]
#[get("/entries/{register}/{code}/impact")]
async fn get_impact(
    caller: Caller,
    path: web::Path<(String, String)>,
    query: web::Query<ImpactQuery>,
) -> Answer {
    let limit = query.limit.unwrap_or(USUAL).clamp(1, MOST);
    let done = caller.read(move |ask| {
        let desk = Desk::of(ask, &path.0)?;
        let (_, impact) = found(ask, &desk, &path.1)?;
        Ok(body(desk.definitions()?.directory, &impact, limit))
    });
    Ok(HttpResponse::Ok().json(done.await?))
}

/// One thing that stands in the way of a retirement.
#[derive(Serialize, ToSchema)]
struct RetirementFault {
    /// Key of the field, or of the reference that ties a live link.
    field: String,
    /// What is missing, or who would be cut off.
    message: String,
    /// What to do.
    suggestion: String,
}

/// What stands between an entry and its retirement.
#[derive(Serialize, ToSchema)]
struct RetirementBody {
    /// Fields of the form.
    fields: Vec<String>,
    /// Everything that stands in the way; empty when it can be handed in.
    missing: Vec<RetirementFault>,
    /// Code of what takes its place.
    replacement: Option<String>,
    /// What speaks for a zombie system (僵尸系统): hints, no findings. Empty for what is no system in operation.
    signs: Vec<Sign>,
}

/// What stands between an entry and its retirement: the form's fields, everything missing, everyone who would be cut off.
#[utoipa::path(tag = "stages", security(("bearer" = [])),
    params(("register" = String, Path, description = "登记簿"), ("code" = String, Path, description = "编码")),
    responses((status = 200, body = RetirementBody), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("see_own")), ("x-scope" = json!("subtree"))))]
#[get("/entries/{register}/{code}/retirement")]
async fn get_retirement(caller: Caller, path: web::Path<(String, String)>) -> Answer {
    let done = caller.read(move |ask| {
        let directory = directory(ask)?;
        let ground = Ground {
            catalogue: &ask.app.catalogue,
            directory: &directory,
        };
        let definitions = ground.definitions(&path.0)?;
        let code = desk::code(&path.1)?;
        let row = facts::row(ask.conn, &ask.viewer, definitions.register, &code)?;
        let outlook = retire::outlook(ask.conn, &ask.viewer, ground, &row)?;
        let means = means(ask, &directory);
        let rules = ask.state.zombies;
        let signs = zombie::signs(ask.conn, &ask.viewer, means, rules, &row, true)?;
        let missing = outlook.gates.into_iter().flat_map(|g| g.missing);
        Ok(RetirementBody {
            fields: outlook.form.fields.clone(),
            missing: missing
                .map(|m| RetirementFault {
                    field: m.key,
                    message: m.message,
                    suggestion: m.suggestion,
                })
                .collect(),
            replacement: outlook.replacement.map(|r| r.code),
            signs: signs.unwrap_or_default(),
        })
    });
    Ok(HttpResponse::Ok().json(done.await?))
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(get_impact).service(get_retirement);
}
