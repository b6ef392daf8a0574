//! Use records (使用记录, art. 29): how shared data was used, kept for three years at least and never deleted before.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::clock::Reckoner;
use super::judge::own;
use super::{Ground, checked, get, locked, note, settled, tell};
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::share_uses;
use crate::error::{Error, Problem, Result};

/// The time limit of keeping them.
const RULE: &str = "DS-08";
/// Years that the regulation asks for, should the limit be switched off here.
const LEAST_YEARS: u32 = 3;

/// A use record, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize, ToSchema)]
#[diesel(table_name = share_uses, treat_none_as_default_value = false)]
#[schema(as = ShareUse)]
pub struct Use {
    /// Identity.
    pub id: i64,
    /// The request.
    pub request_id: i64,
    /// The day, or the last day, of the use.
    pub used_on: NaiveDate,
    /// 使用场景.
    pub scene: String,
    /// 使用过程.
    pub process: String,
    /// 应用成效.
    pub outcome: String,
    /// 存储情况.
    pub storage: String,
    /// 销毁情况.
    pub disposal: String,
    /// When it was written down, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    pub made_at: NaiveDateTime,
    /// By whom.
    pub made_by: String,
}

/// What is written down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The day.
    pub used_on: Option<NaiveDate>,
    /// 使用场景.
    pub scene: String,
    /// 使用过程.
    pub process: String,
    /// 应用成效.
    pub outcome: String,
    /// 存储情况.
    pub storage: String,
    /// 销毁情况.
    pub disposal: String,
}

/// The day until which a record is kept.
fn kept_until(reckoner: &Reckoner<'_>, consumer: i64, made_on: NaiveDate) -> NaiveDate {
    let least = crate::calendar::add_months(made_on, LEAST_YEARS * 12);
    let limit = reckoner.limit(RULE, made_on, consumer);
    let due = limit.and_then(|l| l.due(&reckoner.almanac.calendar, made_on));
    due.map_or(least, |d| d.date.max(least))
}

/// The records of a request that the viewer sees, newest first, each with the day until which it is kept.
///
/// # Errors
/// [`Error::NotFound`]; when the database fails.
pub fn all(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    request: i64,
) -> Result<Vec<(Use, NaiveDate)>> {
    let row = get(conn, viewer, request)?;
    let reckoner = Reckoner::new(conn, ground, clock::today())?;
    let rows: Vec<Use> = share_uses::table
        .filter(share_uses::request_id.eq(request))
        .order(share_uses::id.desc())
        .select(Use::as_select())
        .load(conn)?;
    let until = |u: &Use| kept_until(&reckoner, row.consumer_id, clock::day_of(u.made_at));
    Ok(rows
        .into_iter()
        .map(|u| {
            let day = until(&u);
            (u, day)
        })
        .collect())
}

/// Writes down how data was used.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`], [`Error::Conflict`] when data was never supplied, [`Error::Invalid`].
pub fn add(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    request: i64,
    wish: &Wish,
) -> Result<Use> {
    locked(conn, viewer, |conn| {
        let row = get(conn, viewer, request)?;
        own(viewer, ground, row.consumer_id, "需求部门")?;
        if !row.state().is_served() && row.ended_at.is_none() {
            let what = "数据提供后才有使用记录（第二十九条）";
            return Err(Error::Conflict(what.to_owned()));
        }
        let mut problems = Vec::new();
        let p = &mut problems;
        let last: Option<i64> = share_uses::table
            .select(diesel::dsl::max(share_uses::id))
            .first(conn)?;
        let made = Use {
            id: last.unwrap_or(0) + 1,
            request_id: request,
            used_on: wish.used_on.unwrap_or_else(clock::today),
            scene: checked(p, ("scene", "使用场景"), &wish.scene, 1_000),
            process: checked(p, ("process", "使用过程"), &wish.process, 1_000),
            outcome: checked(p, ("outcome", "应用成效"), &wish.outcome, 1_000),
            storage: checked(p, ("storage", "存储情况"), &wish.storage, 1_000),
            disposal: checked(p, ("disposal", "销毁情况"), &wish.disposal, 1_000),
            made_at: clock::now(),
            made_by: viewer.name().to_owned(),
        };
        let law = "《政务数据共享条例》第二十九条";
        for (key, label, text) in [
            ("scene", "使用场景", &made.scene),
            ("process", "使用过程", &made.process),
            ("outcome", "应用成效", &made.outcome),
            ("storage", "存储情况", &made.storage),
        ] {
            if text.is_empty() && !p.iter().any(|x| x.field == key) {
                p.push(Problem::new(
                    key,
                    "required",
                    &format!("请填写{label}"),
                    law,
                ));
            }
        }
        if made.used_on > clock::today() || made.used_on.year() < 2000 {
            p.push(Problem::new(
                "used_on",
                "out_of_range",
                "使用日期应为今天或以前",
                "",
            ));
        }
        settled(problems)?;
        diesel::insert_into(share_uses::table)
            .values(&made)
            .execute(conn)?;
        let state = row.state.clone();
        note(conn, viewer, &row, ("use", &state), &made.scene)?;
        tell::log(conn, viewer, &row, "登记使用记录", &made.scene)?;
        Ok(made)
    })
}

/// Deletes a record once it need not be kept any more.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`]; [`Error::Conflict`] with the rule while it must be kept.
pub fn remove(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    (request, id): (i64, i64),
) -> Result<()> {
    locked(conn, viewer, |conn| {
        let row = get(conn, viewer, request)?;
        viewer.may(Right::ApproveSharing, row.consumer_id)?;
        let found: Option<Use> = share_uses::table
            .find(id)
            .filter(share_uses::request_id.eq(request))
            .select(Use::as_select())
            .first(conn)
            .optional()?;
        let found = found.ok_or_else(|| Error::NotFound("该使用记录".to_owned()))?;
        let reckoner = Reckoner::new(conn, ground, clock::today())?;
        let until = kept_until(&reckoner, row.consumer_id, clock::day_of(found.made_at));
        if clock::today() <= until {
            return Err(Error::Conflict(format!(
                "《政务数据共享条例》第二十九条: 使用记录保存期限不少于三年，{until} 前不能删除"
            )));
        }
        diesel::delete(share_uses::table.find(id)).execute(conn)?;
        tell::log(conn, viewer, &row, "删除期满的使用记录", &found.scene)
    })
}
