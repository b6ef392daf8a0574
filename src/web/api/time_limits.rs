//! The table of time limits.

use actix_web::{HttpResponse, get, put, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::almanac::{self, Kept, Wish};
use crate::auth::Right;
use crate::calendar::Unit;
use crate::error::{Error, Problem};
use crate::web::answer::{Failure, ProblemBody};
use crate::web::caller::Caller;
use crate::web::fields;
use crate::web::version::{Version, tagged};

type Answer = std::result::Result<HttpResponse, Failure>;

/// One time limit as it counts here.
#[derive(Serialize, ToSchema)]
struct TimeLimitBody {
    /// Number, such as `DS-04`.
    rule_id: String,
    /// What has to be done.
    topic: String,
    /// By whom.
    actor: String,
    /// From which event on.
    trigger: String,
    /// How long, in `unit`.
    amount: Option<u32>,
    /// Not before so long, in `unit`.
    least: Option<u32>,
    /// 工作日, 日, 月, 年 or 截止日.
    unit: Option<&'static str>,
    /// The day, for 截止日.
    fixed_on: Option<NaiveDate>,
    /// By how much it may be prolonged, in `unit`.
    extension: Option<u32>,
    /// What prolonging takes.
    extension_needs: String,
    /// Article of the source.
    article: String,
    /// The law, rule or paper.
    source: String,
    /// How far that was checked.
    verified: &'static str,
    /// Region code where it holds; empty for everywhere.
    region: String,
    /// First day of an event it holds for.
    from: Option<NaiveDate>,
    /// Last day.
    to: Option<NaiveDate>,
    /// Whether it is counted by here.
    enabled: bool,
    /// What else there is to say.
    text: String,
    /// Version, for `If-Match`; 0 = as shipped.
    version: i32,
}

impl From<Kept> for TimeLimitBody {
    fn from(kept: Kept) -> Self {
        let l = kept.limit;
        Self {
            rule_id: l.rule_id,
            topic: l.topic,
            actor: l.actor,
            trigger: l.trigger,
            amount: l.amount,
            least: l.least,
            unit: l.unit.map(Unit::label),
            fixed_on: l.fixed_on,
            extension: l.extension,
            extension_needs: l.extension_needs,
            article: l.article,
            source: l.source,
            verified: l.verified.label(),
            region: l.region,
            from: l.from,
            to: l.to,
            enabled: l.enabled,
            text: l.text,
            version: kept.version,
        }
    }
}

/// All time limits as they count here.
#[utoipa::path(tag = "calendar", security(("bearer" = [])),
    responses((status = 200, body = Vec<TimeLimitBody>), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/time-limits")]
async fn list_limits(caller: Caller) -> Answer {
    let all = caller.read(|ask| almanac::limits(ask.conn)).await?;
    let all: Vec<TimeLimitBody> = all.into_iter().map(TimeLimitBody::from).collect();
    Ok(HttpResponse::Ok().json(all))
}

/// How a time limit is to count here.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TimeLimitWish {
    /// Whether it is counted by.
    enabled: bool,
    /// How long, in `unit`.
    #[serde(default)]
    amount: Option<u32>,
    /// 工作日, 日, 月, 年 or 截止日.
    #[serde(default)]
    unit: Option<String>,
    /// Region code where it holds; empty for everywhere.
    #[serde(default)]
    region: String,
    /// First day of an event it holds for.
    #[serde(default)]
    from: Option<NaiveDate>,
    /// Last day.
    #[serde(default)]
    to: Option<NaiveDate>,
    /// The rule it is taken from.
    source: String,
}

/// Changes how a time limit counts here.
#[utoipa::path(tag = "calendar", request_body = TimeLimitWish, security(("bearer" = [])),
    params(("rule" = String, Path, description = "Number of the limit"), ("If-Match" = String, Header, description = "Its version")),
    responses((status = 200, body = TimeLimitBody), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_calendar")), ("x-scope" = json!("all"))))]
#[put("/time-limits/{rule}")]
async fn put_limit(
    caller: Caller,
    rule: web::Path<String>,
    version: Version,
    body: web::Json<TimeLimitWish>,
) -> Answer {
    let kept = caller.change(move |ask| {
        ask.viewer.may_anywhere(Right::ManageCalendar)?;
        let body = body.into_inner();
        fields::plain(&[
            ("source", Some(&body.source)),
            ("region", Some(&body.region)),
        ])?;
        let unit = body.unit.as_deref().filter(|u| !u.is_empty());
        let known = unit.map(Unit::from_label);
        if known == Some(None) {
            let what = "unit 应为 工作日、日、月、年 或 截止日";
            return Err(Error::Invalid(vec![Problem::new(
                "unit", "unknown", what, "",
            )]));
        }
        let wish = Wish {
            enabled: body.enabled,
            amount: body.amount,
            unit: known.flatten(),
            region: body.region,
            from: body.from,
            to: body.to,
            source: body.source,
        };
        let regions = ask.app.catalogue.regions();
        let which = (rule.as_str(), version.need()?);
        almanac::set_limit(ask.conn, &ask.viewer, which, &wish, |code| {
            regions.get(code).is_some()
        })
    });
    let kept = TimeLimitBody::from(kept.await?);
    Ok(tagged(&kept, kept.version))
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_limits).service(put_limit);
}
