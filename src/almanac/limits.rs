//! The time limits that count, and how the administrator changes one.

use std::collections::HashMap;

use chrono::{Datelike as _, NaiveDate};
use diesel::prelude::*;
use serde_json::json;

use crate::audit::{self, Event};
use crate::auth::{Right, Viewer};
use crate::calendar::{TimeLimit, Unit, shipped_limits};
use crate::db::connection::Conn;
use crate::db::schema::{almanac_head, time_limit_settings};
use crate::error::{Error, Problem, Result};

/// Longest limit, in its unit.
const LONGEST: u32 = 1000;

/// A limit as it counts.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The limit.
    pub limit: TimeLimit,
    /// Counts this installation's changes of it; 0 = as shipped.
    pub version: i32,
}

/// What is to count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Whether it is counted by.
    pub enabled: bool,
    /// How long; none keeps a rule without length.
    pub amount: Option<u32>,
    /// Unit of the length.
    pub unit: Option<Unit>,
    /// Region code where it holds; empty for everywhere.
    pub region: String,
    /// First day of an event it holds for.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub to: Option<NaiveDate>,
    /// The rule it is taken from.
    pub source: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = time_limit_settings)]
struct Row {
    rule_id: String,
    enabled: bool,
    amount: Option<i32>,
    unit: Option<String>,
    region: String,
    valid_from: Option<NaiveDate>,
    valid_until: Option<NaiveDate>,
    source: String,
    version: i32,
}

/// All limits as they count, in the order of the table.
///
/// # Errors
/// When the database fails.
pub fn limits(conn: &mut Conn) -> Result<Vec<Kept>> {
    let rows: Vec<Row> = time_limit_settings::table
        .select(Row::as_select())
        .load(conn)?;
    let mut set: HashMap<String, Row> = rows.into_iter().map(|r| (r.rule_id.clone(), r)).collect();
    let kept = shipped_limits().into_iter().map(|mut limit| {
        let Some(row) = set.remove(&limit.rule_id) else {
            return Kept { limit, version: 0 };
        };
        limit.enabled = row.enabled;
        limit.amount = row.amount.and_then(|n| u32::try_from(n).ok());
        limit.unit = row.unit.as_deref().and_then(Unit::from_label);
        limit.region = row.region;
        limit.from = row.valid_from;
        limit.to = row.valid_until;
        limit.source = row.source;
        Kept {
            limit,
            version: row.version,
        }
    });
    Ok(kept.collect())
}

/// One limit as it counts.
///
/// # Errors
/// [`Error::NotFound`].
pub fn one(conn: &mut Conn, rule_id: &str) -> Result<Kept> {
    let mut all = limits(conn)?.into_iter();
    all.find(|k| k.limit.rule_id == rule_id)
        .ok_or_else(|| Error::NotFound(format!("办理时限 {rule_id}")))
}

fn check(limit: &TimeLimit, wish: &Wish, known_region: bool) -> Vec<Problem> {
    let mut out = Vec::new();
    let mut say = |field: &str, code: &str, message: &str, suggestion: &str| {
        out.push(Problem::new(field, code, message, suggestion));
    };
    match (wish.amount, wish.unit) {
        (Some(n), _) if n == 0 || n > LONGEST => {
            say("amount", "out_of_range", "时限应为 1 至 1000", "");
        }
        (Some(_), None | Some(Unit::FixedDay)) => {
            say("unit", "unit", "请选择时限的单位", "工作日、日、月或年");
        }
        (None, Some(unit)) if unit != Unit::FixedDay => {
            say(
                "amount",
                "required",
                "请填写时限",
                "没有天数的规定请不选单位",
            );
        }
        (None, Some(Unit::FixedDay)) if limit.fixed_on.is_none() => {
            say("unit", "unit", "这一条没有固定的截止日", "请选择其他单位");
        }
        _ => {}
    }
    if let (Some(least), Some(most)) = (limit.least, wish.amount)
        && (most < least || wish.unit != limit.unit)
    {
        say(
            "amount",
            "window",
            &format!("这是不早于 {} 的期间，时限不能更短，单位不能改变", least),
            "",
        );
    }
    if !known_region {
        say(
            "region",
            "region",
            "没有这个行政区划",
            "请填 6 位区划代码，全国适用请留空",
        );
    }
    for (field, day) in [("from", wish.from), ("to", wish.to)] {
        if day.is_some_and(|d| !super::days::YEARS.contains(&d.year())) {
            say(field, "out_of_range", "日期应在 2000 至 2100 年", "");
        }
    }
    if wish.from.zip(wish.to).is_some_and(|(from, to)| to < from) {
        say("to", "order", "截止施行日早于开始施行日", "");
    }
    if wish.source.trim().is_empty() {
        say(
            "source",
            "required",
            "请写明依据",
            "法规、规章或文件的名称和文号",
        );
    } else if wish.source.chars().count() > 200 {
        say("source", "too_long", "依据最多 200 个字", "");
    }
    out
}

/// Changes how a limit counts here; `known` says whether a region code exists.
///
/// # Errors
/// [`Error::Refused`], [`Error::NotFound`], [`Error::Invalid`], [`Error::Stale`] when it was changed since `seen`.
pub fn set_limit(
    conn: &mut Conn,
    viewer: &Viewer,
    (rule_id, seen): (&str, i32),
    wish: &Wish,
    known: impl Fn(&str) -> bool,
) -> Result<Kept> {
    viewer.may_anywhere(Right::ManageCalendar)?;
    let before = one(conn, rule_id)?;
    // A shipped limit may hold in a zone that the list of regions does not name.
    let region =
        wish.region.is_empty() || wish.region == before.limit.region || known(&wish.region);
    let problems = check(&before.limit, wish, region);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    conn.transaction(|conn| {
        diesel::update(almanac_head::table.find(1))
            .set(almanac_head::limits.eq(almanac_head::limits + 1))
            .execute(conn)?;
        let before = one(conn, rule_id)?;
        if before.version != seen {
            return Err(Error::Stale(format!("办理时限 {rule_id}")));
        }
        diesel::delete(time_limit_settings::table.find(rule_id)).execute(conn)?;
        let s = wish.amount.and_then(|n| i32::try_from(n).ok());
        diesel::insert_into(time_limit_settings::table)
            .values((
                time_limit_settings::rule_id.eq(rule_id),
                time_limit_settings::enabled.eq(wish.enabled),
                time_limit_settings::amount.eq(s),
                time_limit_settings::unit.eq(wish.unit.map(Unit::label)),
                time_limit_settings::region.eq(&wish.region),
                time_limit_settings::valid_from.eq(wish.from),
                time_limit_settings::valid_until.eq(wish.to),
                time_limit_settings::source.eq(wish.source.trim()),
                time_limit_settings::version.eq(before.version + 1),
            ))
            .execute(conn)?;
        let after = one(conn, rule_id)?;
        let told = json!({
            "before": in_words(&before.limit),
            "after": in_words(&after.limit),
            "source": after.limit.source,
        });
        let object = format!("{rule_id} {}", after.limit.topic);
        audit::record(
            conn,
            viewer,
            &Event::done("set_time_limit", &object).with(told),
        )?;
        Ok(after)
    })
}

fn in_words(limit: &TimeLimit) -> String {
    let state = if limit.enabled { "启用" } else { "停用" };
    let place = if limit.region.is_empty() {
        "全国"
    } else {
        &limit.region
    };
    let day = |day: Option<NaiveDate>| day.map(|d| d.to_string()).unwrap_or_default();
    format!(
        "{state}，{}，{place}，{}至{}",
        limit.length(),
        day(limit.from),
        day(limit.to)
    )
}
