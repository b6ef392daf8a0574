//! Entries that are nearly the same, datasets collected twice, and merging.

use std::collections::BTreeSet;

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Answer, department, directory, means};
use crate::auth::{Reach, Right, Viewer};
use crate::error::{Error, Result};
use crate::ledger::merge::{self, Merge, Wish};
use crate::ledger::undo::Undone;
use crate::org::directory::Directory;
use crate::register::value::Value;
use crate::review::duplicate::kept::SYSTEM;
use crate::review::duplicate::near::{self, Asked, Pairs};
use crate::review::duplicate::tell::Hit;
use crate::web::answer::ProblemBody;
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Desk};
use crate::web::fields;
use crate::web::once::{Answered, Once};

/// Whose pairs are wanted.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct PairQuery {
    /// Register key; systems when left out. Datasets collected twice are always datasets.
    register: Option<String>,
    /// The department, by name or code; one's own when left out.
    department: Option<String>,
    /// What the answer before gave as `next`.
    cursor: Option<i64>,
}

/// The department asked about: the one named, one's own, or the first that is seen in full.
pub(in crate::web) fn whose(viewer: &Viewer, directory: &Directory, text: &str) -> Result<i64> {
    viewer.may_anywhere(Right::SeeOwn)?;
    if let Some(id) = department(directory, text)? {
        return Ok(id);
    }
    let home = viewer.home().filter(|id| viewer.can(Right::SeeOwn, *id));
    let first = || match viewer.reach(Right::SeeOwn) {
        Reach::Departments(ids) => ids.first().copied(),
        Reach::Everything => directory.all().first().map(|d| d.id),
    };
    home.or_else(first)
        .ok_or_else(|| Error::NotFound("单位".to_owned()))
}

/// One side of a pair.
#[derive(Serialize, ToSchema)]
#[schema(as = DuplicateSide)]
struct SideBody {
    /// Register key.
    register: String,
    /// Code.
    code: String,
    /// Name.
    name: String,
    /// Version.
    revision: i32,
    /// For a dataset: whether its department is named as the source (数源部门).
    source: Option<bool>,
}

/// Two entries that are nearly the same.
#[derive(Serialize, ToSchema)]
#[schema(as = DuplicatePair)]
struct PairBody {
    /// The one.
    entry: SideBody,
    /// The other, with what both have.
    hit: Hit,
}

/// Pairs.
#[derive(Serialize, ToSchema)]
#[schema(as = DuplicatePairs)]
struct PairsBody {
    /// The most alike first.
    items: Vec<PairBody>,
    /// Others that you may not see.
    hidden: usize,
    /// The cursor of the next answer; none at the end.
    next: Option<i64>,
}

fn body(pairs: Pairs) -> PairsBody {
    let items = pairs.pairs.into_iter().map(|pair| PairBody {
        entry: SideBody {
            source: pair
                .hit
                .source
                .map(|_| pair.row.document().get("is_source_dept") == Some(&Value::Bool(true))),
            register: pair.row.register,
            code: pair.row.code,
            name: pair.row.name,
            revision: pair.row.revision,
        },
        hit: pair.hit,
    });
    PairsBody {
        items: items.collect(),
        hidden: pairs.hidden,
        next: pairs.next,
    }
}

/// Entries of a department that may be the same thing twice.
#[utoipa::path(tag = "duplicates", security(("bearer" = [])), params(PairQuery),
    responses((status = 200, body = PairsBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("see_own")), ("x-scope" = json!("subtree"))))]
#[get("/duplicates/near")]
async fn near_duplicates(caller: Caller, query: web::Query<PairQuery>) -> Answer {
    let found = caller.read(move |ask| {
        let directory = directory(ask)?;
        let text = query.department.clone().unwrap_or_default();
        let asked = Asked {
            department: whose(&ask.viewer, &directory, &text)?,
            register: query.register.as_deref().unwrap_or(SYSTEM),
            after: query.cursor.unwrap_or(0),
        };
        let means = means(ask, &directory);
        near::inside(ask.conn, &ask.viewer, means, asked)
    });
    Ok(HttpResponse::Ok().json(body(found.await?)))
}

/// Datasets of a department that other departments collect too.
#[utoipa::path(tag = "duplicates", security(("bearer" = [])), params(PairQuery),
    responses((status = 200, body = PairsBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("see_own")), ("x-scope" = json!("subtree"))))]
#[get("/duplicates/datasets")]
async fn collected_twice(caller: Caller, query: web::Query<PairQuery>) -> Answer {
    let found = caller.read(move |ask| {
        let directory = directory(ask)?;
        let text = query.department.clone().unwrap_or_default();
        let whose = whose(&ask.viewer, &directory, &text)?;
        let means = means(ask, &directory);
        let after = query.cursor.unwrap_or(0);
        near::collected_twice(ask.conn, &ask.viewer, means, whose, after)
    });
    Ok(HttpResponse::Ok().json(body(found.await?)))
}

/// Two entries to merge.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = MergeAsked)]
#[serde(deny_unknown_fields)]
struct MergeAsked {
    /// Their register.
    register: String,
    /// Code of the one that stays.
    keep: String,
    /// Its version.
    keep_revision: i32,
    /// Code of the one that is taken out.
    drop: String,
    /// Its version.
    drop_revision: i32,
    /// Keys of the fields whose values come from the one that is taken out.
    #[serde(default)]
    take: BTreeSet<String>,
    /// Why.
    reason: String,
}

/// A merge that was carried out.
#[derive(Serialize, ToSchema)]
#[schema(as = MergeDone)]
struct MergeBody {
    /// Identity; what taking it back names.
    id: i64,
    /// Its change set.
    change_set: i64,
}

/// Merges two entries; as the page does.
pub(in crate::web) fn carry_out(ask: &mut Ask<'_>, register: &str, wish: &Wish) -> Result<Merge> {
    ask.viewer.may_anywhere(Right::Write)?;
    let desk = Desk::of(ask, register)?;
    let definitions = desk.definitions()?;
    desk::code(&wish.keep.0)?;
    desk::code(&wish.drop.0)?;
    fields::plain(&[("reason", Some(&wish.reason))])?;
    merge::merge(ask.conn, &ask.viewer, definitions, wish)
}

/// Merges two entries of a register: one stays, the other is taken out and points at it.
#[utoipa::path(tag = "duplicates", security(("bearer" = [])), request_body = MergeAsked,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = MergeBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("level"))))]
#[post("/duplicates/merges")]
async fn merge_entries(caller: Caller, once: Once, body: web::Json<MergeAsked>) -> Answer {
    let asked = body.into_inner();
    let digest = serde_json::to_value(&asked).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        let wish = Wish {
            keep: (asked.keep, asked.keep_revision),
            drop: (asked.drop, asked.drop_revision),
            take: asked.take,
            reason: asked.reason,
        };
        let merge = carry_out(ask, &asked.register, &wish)?;
        let body = MergeBody {
            id: merge.id,
            change_set: merge.seq,
        };
        Answered::created(&body, None)
    };
    caller.post(once, &digest, work).await
}

/// Takes a merge back; as the page does.
pub(in crate::web) fn undo(ask: &mut Ask<'_>, id: i64) -> Result<Undone> {
    ask.viewer.may_anywhere(Right::Write)?;
    let (_, keep, _) = merge::find(ask.conn, &ask.viewer, id)?;
    let desk = Desk::of(ask, &keep.register)?;
    merge::take_back(ask.conn, &ask.viewer, desk.definitions()?, id)
}

/// Takes a merge back: both entries stand as they did.
#[utoipa::path(tag = "duplicates", security(("bearer" = [])),
    responses((status = 200, body = Undone), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("level"))))]
#[post("/duplicates/merges/{id}/undo")]
async fn undo_merge(caller: Caller, id: web::Path<i64>) -> Answer {
    let done = caller.change(move |ask| undo(ask, *id));
    Ok(HttpResponse::Ok().json(done.await?))
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(near_duplicates)
        .service(collected_twice)
        .service(merge_entries)
        .service(undo_merge);
}
