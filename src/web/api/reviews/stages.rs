//! Stages of entries: the ways on with what their gates miss, stage acts, the board of a register.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Answer, directory};
use crate::auth::Right;
use crate::error::{Error, Result};
use crate::ledger::facts;
use crate::review::stage::{self, Moved, StageWish, Way};
use crate::review::{Ground, board};
use crate::web::answer::ProblemBody;
use crate::web::caller::{Ask, Caller};
use crate::web::desk;
use crate::web::version::{Version, tagged};

/// One thing that a gate misses.
#[derive(Serialize, ToSchema)]
struct MissingBody {
    /// `field`, `attachment` or `related`.
    what: String,
    /// Key of the field, or code of the kind of attachment.
    key: String,
    /// What is missing.
    message: String,
    /// What to do.
    suggestion: String,
}

/// A way on from where an entry stands.
#[derive(Serialize, ToSchema)]
struct WayBody {
    /// Key of the arrow.
    arrow: String,
    /// What people press.
    label: String,
    /// Where it leads.
    to: String,
    /// Whether you may take it.
    allowed: bool,
    /// Whether it needs a word of why.
    needs_note: bool,
    /// The gate on it; empty without one.
    gate: String,
    /// The gate's version in force.
    gate_version: Option<u32>,
    /// Everything that the gate misses; empty when it opens.
    missing: Vec<MissingBody>,
}

impl From<Way<'_>> for WayBody {
    fn from(way: Way<'_>) -> Self {
        let (gate, gate_version, missing) = match way.gate {
            Some(g) => (g.gate, Some(g.version), g.missing),
            None => (String::new(), None, Vec::new()),
        };
        Self {
            arrow: way.arrow.key.clone(),
            label: way.arrow.label.clone(),
            to: way.arrow.to.clone(),
            allowed: way.allowed,
            needs_note: way.arrow.note,
            gate,
            gate_version,
            missing: missing
                .into_iter()
                .map(|m| MissingBody {
                    what: m.what.to_owned(),
                    key: m.key,
                    message: m.message,
                    suggestion: m.suggestion,
                })
                .collect(),
        }
    }
}

/// A step that an entry took.
#[derive(Serialize, ToSchema)]
struct StageStepBody {
    /// When, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    at: chrono::NaiveDateTime,
    /// Key of the arrow.
    arrow: String,
    /// Where it stood.
    from_step: String,
    /// Where it went.
    to_step: String,
    /// The gate that judged it.
    gate: String,
    /// Its version.
    gate_version: Option<i64>,
    /// The submission that moved it.
    submission_id: Option<i64>,
    /// By whom.
    actor: String,
    /// What was said.
    note: String,
    /// The change set.
    change_set: i64,
}

/// Where an entry stands.
#[derive(Serialize, ToSchema)]
struct StagesBody {
    /// Its status.
    step: String,
    /// It came in from elsewhere beyond the first step (存量): nothing before that was reviewed here.
    stock: bool,
    /// The ways on; none while a submission is under way.
    ways: Vec<WayBody>,
    /// The steps it took.
    history: Vec<StageStepBody>,
    /// Version of the entry, for `If-Match`.
    revision: i32,
}

fn standing(ask: &mut Ask<'_>, path: &(String, String)) -> Result<StagesBody> {
    let directory = directory(ask)?;
    let ground = Ground {
        catalogue: &ask.app.catalogue,
        directory: &directory,
    };
    let definitions = ground.definitions(&path.0)?;
    let code = desk::code(&path.1)?;
    let row = facts::row(ask.conn, &ask.viewer, definitions.register, &code)?;
    ask.viewer.may(Right::SeeOwn, &row)?;
    let document = row.document();
    let history = stage::history(ask.conn, &ask.viewer, &row)?;
    let ways = stage::ways(ask.conn, &ask.viewer, ground, &row)?;
    Ok(StagesBody {
        step: crate::ledger::held::step_of(definitions.register, &document).to_owned(),
        stock: stage::is_stock(ask.conn, ground, &row)?,
        ways: ways.into_iter().map(WayBody::from).collect(),
        history: history
            .into_iter()
            .map(|s| StageStepBody {
                at: s.at,
                arrow: s.arrow,
                from_step: s.from_step,
                to_step: s.to_step,
                gate: s.gate,
                gate_version: s.gate_version,
                submission_id: s.submission_id,
                actor: s.actor,
                note: s.note,
                change_set: s.change_set,
            })
            .collect(),
        revision: row.revision,
    })
}

/// Where an entry stands, where it can go, and what is missing for that.
#[utoipa::path(tag = "stages", security(("bearer" = [])),
    params(("register" = String, Path, description = "登记簿"), ("code" = String, Path, description = "编码")),
    responses((status = 200, body = StagesBody), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("see_own")), ("x-scope" = json!("subtree"))))]
#[get("/entries/{register}/{code}/stages")]
async fn get_stages(caller: Caller, path: web::Path<(String, String)>) -> Answer {
    let body = caller.read(move |ask| standing(ask, &path)).await?;
    Ok(tagged(&body, body.revision))
}

/// A stage act.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StageBody {
    /// Key of the arrow.
    arrow: String,
    /// Why.
    #[serde(default)]
    note: String,
    /// Whether the systems of a project move along; they do unless said otherwise.
    #[serde(default = "yes")]
    carry: bool,
}

fn yes() -> bool {
    true
}

/// An entry that moved along, or could not.
#[derive(Serialize, ToSchema)]
struct AlongBody {
    /// Its register.
    register: String,
    /// Its code.
    code: String,
    /// Where it stands now; absent when it did not move.
    step: Option<String>,
    /// Why it did not move.
    why: String,
}

/// What a stage act came to.
#[derive(Serialize, ToSchema)]
struct StageMovedBody {
    /// Where the entry stands now.
    step: String,
    /// Its version now.
    revision: i32,
    /// Entries that moved along, and those that could not.
    along: Vec<AlongBody>,
}

impl From<Moved> for StageMovedBody {
    fn from(moved: Moved) -> Self {
        let gone = moved
            .carried
            .into_iter()
            .map(|(register, code, step)| AlongBody {
                register,
                code,
                step: Some(step),
                why: String::new(),
            });
        let stayed = moved.stayed.into_iter().map(|s| AlongBody {
            register: s.register,
            code: s.code,
            step: None,
            why: s.why,
        });
        Self {
            step: moved.step,
            revision: moved.revision,
            along: gone.chain(stayed).collect(),
        }
    }
}

/// Takes an entry along an arrow of its model; `If-Match` says from which version.
#[utoipa::path(tag = "stages", security(("bearer" = [])), request_body = StageBody,
    params(("register" = String, Path, description = "登记簿"), ("code" = String, Path, description = "编码"), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = StageMovedBody), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("see_own")), ("x-scope" = json!("subtree"))))]
#[post("/entries/{register}/{code}/stages")]
async fn take_stage(
    caller: Caller,
    path: web::Path<(String, String)>,
    version: Version,
    body: web::Json<StageBody>,
) -> Answer {
    let done = caller.change(move |ask| {
        let directory = directory(ask)?;
        let ground = Ground {
            catalogue: &ask.app.catalogue,
            directory: &directory,
        };
        let definitions = ground.definitions(&path.0)?;
        let code = desk::code(&path.1)?;
        let row = facts::row(ask.conn, &ask.viewer, definitions.register, &code)?;
        ask.viewer.may(Right::SeeOwn, &row)?;
        let wish = StageWish {
            register: &path.0,
            code: &code,
            revision: version.need()?,
            arrow: &body.arrow,
            note: &body.note,
            carry: body.carry,
        };
        stage::act(ask.conn, &ask.viewer, ground, &wish)
    });
    let moved = StageMovedBody::from(done.await?);
    Ok(tagged(&moved, moved.revision))
}

/// One step of a stage board.
#[derive(Serialize, ToSchema)]
struct BoardStepBody {
    /// Its key.
    step: String,
    /// What people read.
    label: String,
    /// Entries that you see in full there.
    count: usize,
    /// How many of them are past a time limit.
    due: usize,
    /// How many days an entry usually stays.
    days: Option<u32>,
    /// How many have stood longer since they came there in this ledger.
    overdue: usize,
}

/// The stage board of a register: how many where, and how many too long.
#[utoipa::path(tag = "stages", security(("bearer" = [])), params(("register" = String, Path, description = "登记簿")),
    responses((status = 200, body = Vec<BoardStepBody>), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("see_own")), ("x-scope" = json!("subtree"))))]
#[get("/stages/{register}")]
async fn get_board(caller: Caller, register: web::Path<String>) -> Answer {
    let found = caller.read(move |ask| {
        ask.viewer.may_anywhere(Right::SeeOwn)?;
        let directory = directory(ask)?;
        let ground = Ground {
            catalogue: &ask.app.catalogue,
            directory: &directory,
        };
        if ask.app.catalogue.register(&register).is_none() {
            return Err(Error::NotFound("这个登记簿".to_owned()));
        }
        board::board(ask.conn, &ask.viewer, ground, &register)
    });
    let steps: Vec<BoardStepBody> = found
        .await?
        .into_iter()
        .map(|s| BoardStepBody {
            step: s.key,
            label: s.label,
            count: s.count,
            due: s.due,
            days: s.days,
            overdue: s.overdue,
        })
        .collect();
    Ok(HttpResponse::Ok().json(steps))
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(get_stages)
        .service(take_stage)
        .service(get_board);
}
