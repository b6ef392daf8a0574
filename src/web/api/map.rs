//! The map of links as data, and its table as a file; the page asks for it in the same words.

mod body;

use actix_web::{HttpResponse, get, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::Right;
use crate::error::{Error, Problem, Result};
use crate::ledger::entry::stage_word;
use crate::org::directory::Directory;
use crate::org::tree::Tree;
use crate::register::field::Stage;
use crate::sharing::LINKS;
use crate::sharing::map::{self, DATASET, Filter, Map, SYSTEM, Standing, View, Wish};
use crate::sheet::export::ExportFormat;
use crate::web::answer::{Failure, ProblemBody};
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Desk, Outgoing};
use crate::web::fields;

use body::{MapBody, body};

type Answer = std::result::Result<HttpResponse, Failure>;

/// Steps to each side unless told.
const STEPS: usize = 1;
/// As many steps as there are.
const ALL: &str = "all";

/// What is wanted of the map.
#[derive(Clone, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
pub(in crate::web) struct MapQuery {
    /// What stands for a point: `department`, `system`, `dataset`; by default what fits `around`.
    pub view: String,
    /// Around this point: `department:code`, `information_system:code`, `dataset:code`, or a name. Everything when absent.
    pub around: String,
    /// Steps against the data, 0 to 9 or `all`; 1 when absent. Of no meaning without `around`.
    pub up: String,
    /// Steps with the data, 0 to 9 or `all`; 1 when absent.
    pub down: String,
    /// Only links with an end in this department or its units, by code.
    pub department: String,
    /// Only links with an end in this region or below, by code.
    pub region: String,
    /// Only links that go this way, by code of the list `share_mode`.
    pub mode: String,
    /// Only links at this stage: `application`, `build`, `acceptance`, `operation`.
    pub stage: String,
    /// Only links standing so: `confirmed`, `pending`, `disputed`.
    pub standing: String,
    /// `links` leaves out the references that systems and datasets hold themselves.
    pub only: String,
    /// Of a file: `xlsx` (the default) or `csv`.
    pub format: String,
}

/// What was understood of it.
pub(in crate::web) struct Asked {
    /// What is asked of the map.
    pub wish: Wish,
    /// Steps as they were asked for.
    pub steps: [String; 2],
}

fn wrong(field: &str, message: &str, suggestion: &str) -> Problem {
    Problem::new(field, "unknown_value", message, suggestion)
}

/// One of some words; the first when nothing is said.
fn word<T: Copy>(
    (field, given): (&str, &str),
    all: &[(&str, T)],
    problems: &mut Vec<Problem>,
) -> Option<T> {
    if given.is_empty() {
        return None;
    }
    let found = all.iter().find(|(w, _)| *w == given).map(|(_, v)| *v);
    if found.is_none() {
        let words: Vec<&str> = all.iter().map(|(w, _)| *w).collect();
        problems.push(wrong(
            field,
            &format!("{field} 的取值不对"),
            &format!("请填 {} 之一", words.join("、")),
        ));
    }
    found
}

fn steps(field: &str, given: &str, problems: &mut Vec<Problem>) -> usize {
    match given {
        "" => STEPS,
        ALL => usize::MAX,
        text => match text.parse() {
            Ok(n @ 0..=9) => n,
            _ => {
                problems.push(wrong(field, "步数不对", "请填 0 到 9，或 all 表示全部"));
                STEPS
            }
        },
    }
}

impl MapQuery {
    /// Understands it.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong; when the database fails.
    pub(in crate::web) fn asked(&self, ask: &mut Ask<'_>, desk: &Desk<'_>) -> Result<Asked> {
        fields::plain(&[
            ("around", Some(&self.around)),
            ("department", Some(&self.department)),
            ("region", Some(&self.region)),
            ("mode", Some(&self.mode)),
        ])?;
        let definitions = desk.definitions()?;
        let mut problems = Vec::new();
        let views = View::ALL.map(|v| (v.word(), v));
        let view = word(("view", &self.view), &views, &mut problems);
        let stages = [
            Stage::Application,
            Stage::Build,
            Stage::Acceptance,
            Stage::Operation,
        ];
        let stages = stages.map(|s| (stage_word(s), s));
        let standings = Standing::ALL.map(|s| (s.word(), s));
        let only = word(("only", &self.only), &[("links", ())], &mut problems);
        let modes = definitions.catalogue.list("share_mode");
        let mode = Some(self.mode.clone()).filter(|m| !m.is_empty());
        if let Some(mode) = &mode
            && modes.is_none_or(|l| l.item(mode).is_none())
        {
            problems.push(wrong(
                "mode",
                "没有这种对接方式",
                "请填对接方式清单中的代码",
            ));
        }
        let around = self.around.trim();
        let spot = if around.is_empty() {
            None
        } else {
            map::find(ask.conn, &ask.viewer, definitions, around)?
        };
        if spot.is_none() && !around.is_empty() {
            problems.push(wrong(
                "around",
                "没有找到这个单位、系统或数据，或者同名的不止一个",
                "请填单位全称，或系统、数据资源的编码",
            ));
        }
        let wish = Wish {
            view: view.unwrap_or_else(|| fitting(around)),
            around: spot,
            up: steps("up", &self.up, &mut problems),
            down: steps("down", &self.down, &mut problems),
            filter: Filter {
                departments: self.departments(ask, definitions.directory, &mut problems)?,
                mode,
                stage: word(("stage", &self.stage), &stages, &mut problems),
                standing: word(("standing", &self.standing), &standings, &mut problems),
                only_links: only.is_some(),
            },
        };
        if problems.is_empty() {
            let or = |text: &str| {
                if text.is_empty() {
                    STEPS.to_string()
                } else {
                    text.to_owned()
                }
            };
            return Ok(Asked {
                wish,
                steps: [or(&self.up), or(&self.down)],
            });
        }
        Err(Error::Invalid(problems))
    }

    /// The departments asked for; those in both when a region is asked for as well.
    fn departments(
        &self,
        ask: &mut Ask<'_>,
        directory: &Directory,
        problems: &mut Vec<Problem>,
    ) -> Result<Option<Vec<i64>>> {
        if self.department.is_empty() && self.region.is_empty() {
            return Ok(None);
        }
        let tree = Tree::load(ask.conn, ask.app.catalogue.regions())?;
        let mut out: Option<Vec<i64>> = None;
        if !self.department.is_empty() {
            let found = directory.by_code(&self.department);
            if found.is_none() {
                problems.push(wrong("department", "没有这个单位", "请填单位代码"));
            }
            out = Some(found.map(|d| tree.own(d.id)).unwrap_or_default());
        }
        if !self.region.is_empty() {
            if ask.app.catalogue.regions().get(&self.region).is_none() {
                problems.push(wrong("region", "没有这个行政区划", "请填 6 位行政区划代码"));
            }
            let mut all = tree.of_region(&self.region, true);
            if let Some(own) = &out {
                all.retain(|id| own.contains(id));
            }
            out = Some(all);
        }
        Ok(out)
    }

    /// As what a file is wanted.
    fn format(&self) -> Result<ExportFormat> {
        match self.format.as_str() {
            "" | "xlsx" => Ok(ExportFormat::Xlsx),
            "csv" => Ok(ExportFormat::Csv),
            _ => Err(Error::Invalid(vec![wrong(
                "format",
                "format 应为 xlsx 或 csv",
                "",
            )])),
        }
    }
}

/// The view that shows what a text names.
fn fitting(around: &str) -> View {
    match around.split_once(':').map(|(register, _)| register) {
        Some(SYSTEM) => View::System,
        Some(DATASET) => View::Dataset,
        _ => View::Department,
    }
}

/// The map as asked for.
pub(in crate::web) fn drawn(ask: &mut Ask<'_>, query: &MapQuery) -> Result<(Asked, Map)> {
    ask.viewer.may_anywhere(Right::SeeSummary)?;
    let desk = Desk::of(ask, LINKS)?;
    let asked = query.asked(ask, &desk)?;
    let map = map::of(ask.conn, &ask.viewer, desk.definitions()?, &asked.wish)?;
    Ok((asked, map))
}

/// The table of the map as a file.
pub(in crate::web) fn file(ask: &mut Ask<'_>, query: &MapQuery) -> Result<Outgoing> {
    let format = query.format()?;
    let (asked, map) = drawn(ask, query)?;
    let desk = Desk::of(ask, LINKS)?;
    let extension = format.extension();
    let path = desk::passing(ask.app, extension)?;
    let about = (asked.wish.view, &map);
    let out = (format, path.as_path());
    map::export(ask.conn, &ask.viewer, desk.definitions()?, about, out)?;
    Ok(Outgoing {
        path,
        name: format!("对接关系-{}.{extension}", asked.wish.view.label()),
        media_type: format.media_type().to_owned(),
        passing: true,
    })
}

/// Links in use as a graph: by department, by system, by dataset; around one point or everything.
///
/// What you may not see is counted. More than 200 points become their departments.
#[utoipa::path(tag = "links", params(MapQuery), security(("bearer" = [])),
    responses((status = 200, body = MapBody), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("see_summary")), ("x-scope" = json!("all"))))]
#[get("/map")]
async fn get_map(caller: Caller, query: web::Query<MapQuery>) -> Answer {
    let done = caller.read(move |ask| {
        let (asked, map) = drawn(ask, &query)?;
        let directory = ask.directory()?;
        Ok(body(&directory, asked.wish.view, map))
    });
    Ok(HttpResponse::Ok().json(done.await?))
}

/// The table of the map, a line for each pair of points, as xlsx or csv.
#[utoipa::path(tag = "links", params(MapQuery), security(("bearer" = [])),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("see_summary")), ("x-scope" = json!("all"))))]
#[get("/map/export")]
async fn export_map(caller: Caller, query: web::Query<MapQuery>) -> Answer {
    let out = caller.change(move |ask| file(ask, &query)).await?;
    Ok(desk::send(&out)?)
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(get_map).service(export_map);
}
