//! A new department.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::naming::namesake;
use super::placing::{Placement, check_credit, check_placement};
use crate::audit;
use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::departments;
use crate::error::Result;
use crate::org::directory::{self, Department};
use crate::org::event::{self, Kind, When};
use crate::org::form::{Form, Need};
use crate::org::lock;
use crate::register::region::Regions;
use crate::register::words;

/// A department as it is asked for.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// Code; one is given when none.
    pub code: Option<String>,
    /// Full name.
    pub name: String,
    /// 简称.
    pub short: Option<String>,
    /// 统一社会信用代码.
    pub credit_code: Option<String>,
    /// Where it belongs.
    pub place: Placement,
    /// Kind of body.
    pub category: Option<String>,
    /// Protocol order; behind all others when none.
    pub sort: Option<i64>,
    /// First day it exists.
    pub valid_from: Option<NaiveDate>,
}

/// Makes a department.
///
/// # Errors
/// [`crate::error::Error::Refused`]; [`crate::error::Error::Invalid`] with every problem.
pub fn create(
    conn: &mut Conn,
    viewer: &Viewer,
    regions: &Regions,
    draft: &Draft,
    reason: &str,
) -> Result<Department> {
    viewer.may_anywhere(Right::ManageOrganisation)?;
    conn.transaction(|conn| {
        lock::organisation(conn)?;
        let mut form = Form::default();
        let reason = form.text("reason", "原因", reason, 500, Need::May);
        let row = check(conn, regions, draft, &mut form)?;
        let short = form.text(
            "short",
            "简称",
            draft.short.as_deref().unwrap_or_default(),
            100,
            Need::May,
        );
        form.done()?;
        directory::insert(conn, std::slice::from_ref(&row))?;
        if !short.is_empty() {
            directory::remember(conn, row.id, &short, "short")?;
        }
        let told = serde_json::Value::Object(event::told(&row));
        let when = When {
            from: row.valid_from,
            reason,
        };
        let nothing = serde_json::json!({});
        event::record(conn, viewer, row.id, Kind::Made, &when, (&nothing, &told))?;
        let line = audit::Event::done("make_department", &format!("设立 {}", row.name))
            .of(Some(row.id))
            .with(told);
        audit::record(conn, viewer, &line)?;
        Ok(row)
    })
}

fn check(conn: &mut Conn, regions: &Regions, draft: &Draft, form: &mut Form) -> Result<Department> {
    let (last, sort): (Option<i64>, Option<i64>) = departments::table
        .select((
            diesel::dsl::max(departments::id),
            diesel::dsl::max(departments::sort),
        ))
        .first(conn)?;
    let id = last.unwrap_or(0) + 1;
    let name = form.text("name", "单位全称", &draft.name, 100, Need::Must);
    if namesake(
        conn,
        &words::name_key(&name),
        draft.place.region.as_deref(),
        id,
    )? {
        let message = format!("本地区已有单位叫“{name}”");
        form.problem("name", "duplicate", &message, "请写全称以示区别");
    }
    let code = draft.code.as_deref().unwrap_or_default();
    let code = form.text("code", "单位代码", code, 40, Need::May);
    let code = if code.is_empty() {
        format!("D{id:06}")
    } else {
        code
    };
    let taken: i64 = departments::table
        .filter(departments::code.eq(&code))
        .count()
        .get_result(conn)?;
    if taken > 0 {
        let message = format!("单位代码“{code}”已被使用");
        form.problem("code", "duplicate", &message, "请换一个，或留空自动编号");
    }
    check_placement(conn, regions, &draft.place, id, form)?;
    let category = draft.category.as_deref().unwrap_or_default();
    let category = form.text("category", "类别", category, 40, Need::May);
    if let Some(day) = draft.valid_from {
        form.past_day("valid_from", "设立日期", day);
    }
    Ok(Department {
        credit_code: check_credit(conn, draft.credit_code.as_deref(), id, form)?,
        region: draft.place.region.clone(),
        parent_id: draft.place.parent,
        unit: draft.place.unit,
        category: Some(category).filter(|c| !c.is_empty()),
        sort: draft.sort.unwrap_or(sort.unwrap_or(0) + 1),
        valid_from: draft.valid_from,
        ..Department::named(id, &code, &name)
    })
}
