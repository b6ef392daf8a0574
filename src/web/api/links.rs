//! Links between their ends: how they stand, confirming and disputing.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::Right;
use crate::error::{Error, Problem, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::ends::{Act, End, Side};
use crate::org::directory::Directory;
use crate::register::value::Value;
use crate::sharing::LINKS;
use crate::sharing::link::{self, Link, View, Wish};
use crate::sharing::proposed;
use crate::web::answer::{Failure, ProblemBody};
use crate::web::api::accounts::limit;
use crate::web::caller::{Ask, Caller};
use crate::web::desk;
use crate::web::fields;
use crate::web::once::{Answered, Once};
use crate::web::version::{Version, tag, tagged};

type Answer = std::result::Result<HttpResponse, Failure>;

fn directory(ask: &mut Ask<'_>) -> Result<Arc<Directory>> {
    ask.state.directory.get(ask.conn)
}

/// Which links are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct LinkQuery {
    /// `mine` (waits for you), `others`, `disputed`, `confirmed` or `all`; all when absent.
    view: Option<String>,
    /// What the answer before gave as `next`.
    cursor: Option<i64>,
    /// At most so many, 1 to 500.
    limit: Option<i64>,
}

/// What one end says.
#[derive(Serialize, ToSchema)]
struct LinkEndBody {
    /// Code of its department.
    department: String,
    /// `stated`, `outdated`, `disputed`; none when it has not spoken.
    state: Option<&'static str>,
    /// What it says of the fields that both must say alike, by key.
    #[schema(value_type = Object)]
    said: BTreeMap<String, Value>,
    /// Why it disputes.
    note: String,
    /// Who spoke.
    actor: String,
}

/// A link with what its ends say.
#[derive(Serialize, ToSchema)]
struct LinkBody {
    /// Its code.
    code: String,
    /// Its name.
    name: String,
    /// `waiting`, `confirmed` or `disputed`.
    standing: &'static str,
    /// The end that must act: `provider` or `consumer`; none when neither alone.
    waits_for: Option<&'static str>,
    /// The end that you answer for.
    mine: Option<&'static str>,
    /// Keys of the fields of which both say something else.
    differences: Vec<String>,
    /// The one that gives.
    provider: LinkEndBody,
    /// The one that takes.
    consumer: LinkEndBody,
    /// Words of the acts that you can take now.
    acts: Vec<&'static str>,
    /// The version that acts name.
    version: i32,
}

fn end(directory: &Directory, link: &Link, side: Side) -> LinkEndBody {
    let found = link.department(side).and_then(|id| directory.get(id));
    let said = link.pair.of(side);
    let text = |of: fn(&End) -> &String| said.map(|e| of(e).clone()).unwrap_or_default();
    LinkEndBody {
        department: found.map(|d| d.code.clone()).unwrap_or_default(),
        state: said.map(|e| e.state.word()),
        said: said.map(|e| e.said.clone()).unwrap_or_default(),
        note: text(|e| &e.note),
        actor: text(|e| &e.actor),
    }
}

fn body(directory: &Directory, link: &Link) -> LinkBody {
    let standing = link.standing();
    LinkBody {
        code: link.row.code.clone(),
        name: link.row.name.clone(),
        standing: standing.word(),
        waits_for: standing.waits_for().map(Side::word),
        mine: link.mine.map(Side::word),
        differences: link.pair.differences(),
        provider: end(directory, link, Side::Provider),
        consumer: end(directory, link, Side::Consumer),
        acts: link.acts().into_iter().map(Act::word).collect(),
        version: link.version(),
    }
}

/// Some links.
#[derive(Serialize, ToSchema)]
struct LinkPage {
    /// The last one first.
    items: Vec<LinkBody>,
    /// The cursor of the next answer; none at the end.
    next: Option<i64>,
    /// How many links there are of each view; of more than 50,000, of the last ones.
    counts: BTreeMap<String, usize>,
}

/// Links that you see in full and that are not ended, by whose move it is.
#[utoipa::path(tag = "links", params(LinkQuery), security(("bearer" = [])),
    responses((status = 200, body = LinkPage), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("see_own")), ("x-scope" = json!("subtree"))))]
#[get("/links")]
async fn list_links(caller: Caller, query: web::Query<LinkQuery>) -> Answer {
    let page = caller.read(move |ask| {
        ask.viewer.may_anywhere(Right::SeeOwn)?;
        let query = query.into_inner();
        fields::plain(&[("view", query.view.as_deref())])?;
        let view = match query.view.as_deref() {
            None => View::All,
            Some(word) => View::from_word(word).ok_or_else(|| {
                let known: Vec<&str> = View::ALL.iter().map(|v| v.word()).collect();
                let hint = format!("可用: {}", known.join("、"));
                let message = format!("没有“{word}”这种视图。");
                Error::Invalid(vec![Problem::new("view", "unknown", &message, &hint)])
            })?,
        };
        let most = usize::try_from(limit(query.limit)?).unwrap_or(usize::MAX);
        let page = link::page(ask.conn, &ask.viewer, view, query.cursor, most)?;
        let directory = directory(ask)?;
        Ok(LinkPage {
            items: page.links.iter().map(|l| body(&directory, l)).collect(),
            next: page.next,
            counts: page
                .counts
                .iter()
                .map(|(view, count)| (view.word().to_owned(), *count))
                .collect(),
        })
    });
    Ok(HttpResponse::Ok().json(page.await?))
}

fn with_link<T>(
    ask: &mut Ask<'_>,
    work: impl FnOnce(&mut Ask<'_>, Definitions<'_>) -> Result<T>,
) -> Result<T> {
    let directory = directory(ask)?;
    let register = ask.app.catalogue.register(LINKS);
    let register = register.ok_or_else(|| Error::NotFound("登记簿“共享对接”".to_owned()))?;
    let definitions = Definitions {
        catalogue: &ask.app.catalogue,
        directory: &directory,
        register,
    };
    work(ask, definitions)
}

/// A link that a systems sheet proposes.
#[derive(Serialize, ToSchema)]
struct LinkProposed {
    /// Code of the system.
    system: String,
    /// Its name.
    system_name: String,
    /// Code of its department, which gives.
    provider: String,
    /// Who takes, as it is written.
    written: String,
    /// Code of the department that takes; none when the organisation has nobody of this name.
    consumer: Option<String>,
    /// Why there is none.
    problem: String,
    /// What to write instead.
    suggestion: String,
}

/// Links that systems sheets propose.
#[derive(Serialize, ToSchema)]
struct LinkProposals {
    /// By system, at most 500.
    items: Vec<LinkProposed>,
}

/// Links that the column “共享给哪些单位” of systems you write for speaks of and that are not there.
#[utoipa::path(tag = "links", security(("bearer" = [])),
    responses((status = 200, body = LinkProposals), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[get("/links/proposed")]
async fn list_proposed(caller: Caller) -> Answer {
    let found = caller.read(move |ask| {
        ask.viewer.may_anywhere(Right::Write)?;
        with_link(ask, |ask, definitions| {
            let found = proposed::list(ask.conn, &ask.viewer, definitions, proposed::MOST)?;
            let code = |id: i64| definitions.directory.get(id).map(|d| d.code.clone());
            let items = found.into_iter().map(|p| LinkProposed {
                provider: code(p.provider).unwrap_or_default(),
                consumer: p.consumer.and_then(code),
                system: p.system,
                system_name: p.system_name,
                written: p.written,
                problem: p.problem,
                suggestion: p.hint,
            });
            Ok(LinkProposals {
                items: items.collect(),
            })
        })
    });
    Ok(HttpResponse::Ok().json(found.await?))
}

/// Which proposed link is to be recorded.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LinkProposalBody {
    /// Code of the system.
    system: String,
    /// Code of the department that takes.
    consumer: String,
}

/// Records a proposed link; the other end has then to confirm it.
#[utoipa::path(tag = "links", security(("bearer" = [])), request_body = LinkProposalBody,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = LinkBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("write")), ("x-scope" = json!("own"))))]
#[post("/links/proposed")]
async fn accept_proposed(caller: Caller, once: Once, given: web::Json<LinkProposalBody>) -> Answer {
    let given = given.into_inner();
    let sent = serde_json::to_value(&given).unwrap_or_default();
    let work = move |ask: &mut Ask<'_>| {
        ask.viewer.may_anywhere(Right::Write)?;
        let system = desk::code(&given.system)?;
        with_link(ask, |ask, definitions| {
            let (viewer, consumer) = (&ask.viewer, &given.consumer);
            let code = proposed::accept(ask.conn, viewer, definitions, &system, consumer)?;
            let link = link::one(ask.conn, viewer, definitions, &code)?;
            let made = body(definitions.directory, &link);
            Answered::created(&made, Some(tag(made.version)))
        })
    };
    caller.post(once, &sent, work).await
}

/// How a link stands between its ends.
#[utoipa::path(tag = "links", security(("bearer" = [])), params(("code" = String, Path, description = "Code of the link")),
    responses((status = 200, body = LinkBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("see_own")), ("x-scope" = json!("subtree"))))]
#[get("/links/{code}")]
async fn get_link(caller: Caller, code: web::Path<String>) -> Answer {
    let found = caller.read(move |ask| {
        let code = desk::code(&code)?;
        with_link(ask, |ask, definitions| {
            let link = link::one(ask.conn, &ask.viewer, definitions, &code)?;
            Ok(body(definitions.directory, &link))
        })
    });
    let found = found.await?;
    Ok(tagged(&found, found.version))
}

/// What there is to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LinkNoteBody {
    /// Why.
    note: String,
}

async fn acted(caller: Caller, code: String, version: Version, act: Act, note: String) -> Answer {
    let done = caller.change(move |ask| {
        let code = desk::code(&code)?;
        with_link(ask, |ask, definitions| {
            // Whether it is there comes before which version was looked at.
            let seen = link::one(ask.conn, &ask.viewer, definitions, &code)?;
            ask.viewer.may(Right::ApproveSharing, &seen.row)?;
            let wish = Wish {
                code: &code,
                version: version.need()?,
                act,
                note: &note,
            };
            let link = link::act(ask.conn, &ask.viewer, definitions, &wish)?;
            Ok(body(definitions.directory, &link))
        })
    });
    let done = done.await?;
    Ok(tagged(&done, done.version))
}

/// Confirms, for the end that you answer for, that the link is as the ledger says.
#[utoipa::path(tag = "links", security(("bearer" = [])),
    params(("code" = String, Path, description = "Code of the link"), ("If-Match" = String, Header, description = "The version that was read")),
    responses((status = 200, body = LinkBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("approve_sharing")), ("x-scope" = json!("own"))))]
#[post("/links/{code}/confirm")]
async fn confirm_link(caller: Caller, code: web::Path<String>, version: Version) -> Answer {
    acted(
        caller,
        code.into_inner(),
        version,
        Act::Confirm,
        String::new(),
    )
    .await
}

/// Says, for the end that you answer for, that the link is not so; it becomes an issue.
#[utoipa::path(tag = "links", security(("bearer" = [])), request_body = LinkNoteBody,
    params(("code" = String, Path, description = "Code of the link"), ("If-Match" = String, Header, description = "The version that was read")),
    responses((status = 200, body = LinkBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("approve_sharing")), ("x-scope" = json!("own"))))]
#[post("/links/{code}/dispute")]
async fn dispute_link(
    caller: Caller,
    code: web::Path<String>,
    version: Version,
    body: web::Json<LinkNoteBody>,
) -> Answer {
    let note = body.into_inner().note;
    acted(caller, code.into_inner(), version, Act::Dispute, note).await
}

/// Takes a dispute back; the end has then still to confirm.
#[utoipa::path(tag = "links", security(("bearer" = [])),
    params(("code" = String, Path, description = "Code of the link"), ("If-Match" = String, Header, description = "The version that was read")),
    responses((status = 200, body = LinkBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("approve_sharing")), ("x-scope" = json!("own"))))]
#[post("/links/{code}/withdraw")]
async fn withdraw_link(caller: Caller, code: web::Path<String>, version: Version) -> Answer {
    acted(
        caller,
        code.into_inner(),
        version,
        Act::Withdraw,
        String::new(),
    )
    .await
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_links)
        .service(list_proposed)
        .service(accept_proposed)
        .service(get_link)
        .service(confirm_link)
        .service(dispute_link)
        .service(withdraw_link);
}
