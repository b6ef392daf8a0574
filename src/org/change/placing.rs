//! Where a department belongs, and whether it is the data bureau there.

use diesel::prelude::*;

use super::{Seen, change, store};
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::departments;
use crate::error::Result;
use crate::org::directory::Department;
use crate::org::event::{self, Kind, When};
use crate::org::form::{Form, Need};
use crate::register::credit_code;
use crate::register::region::Regions;

/// Where a department belongs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// Region code.
    pub region: Option<String>,
    /// The department above it.
    pub parent: Option<i64>,
    /// Whether it is a subordinate unit of that one.
    pub unit: bool,
}

/// What else is known of a department.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// 统一社会信用代码.
    pub credit_code: Option<String>,
    /// Kind of body.
    pub category: Option<String>,
    /// Protocol order.
    pub sort: i64,
    /// First day it exists.
    pub valid_from: Option<chrono::NaiveDate>,
}

/// Puts a department elsewhere: another region, another department above it.
///
/// # Errors
/// As `rename`.
pub fn relocate(
    conn: &mut Conn,
    viewer: &Viewer,
    regions: &Regions,
    seen: Seen,
    to: &Placement,
    when: &When,
) -> Result<Department> {
    change(conn, viewer, seen, Kind::Moved, when, |conn, d, form| {
        check_placement(conn, regions, to, d.id, form)?;
        if d.bureau && d.region != to.region {
            let message = "该单位是所在地区的数据管理部门，不能直接换地区";
            form.problem(
                "region",
                "is_bureau",
                message,
                "请先为原地区指定新的数据管理部门",
            );
        }
        d.region.clone_from(&to.region);
        d.parent_id = to.parent;
        d.unit = to.unit;
        Ok(())
    })
}

/// Corrects what else is known of a department.
///
/// # Errors
/// As `rename`.
pub fn amend(
    conn: &mut Conn,
    viewer: &Viewer,
    seen: Seen,
    details: &Details,
    when: &When,
) -> Result<Department> {
    change(conn, viewer, seen, Kind::Amended, when, |conn, d, form| {
        d.credit_code = check_credit(conn, details.credit_code.as_deref(), d.id, form)?;
        let category = details.category.as_deref().unwrap_or_default();
        let category = form.text("category", "类别", category, 40, Need::May);
        d.category = Some(category).filter(|c| !c.is_empty());
        d.sort = details.sort;
        if let Some(day) = details.valid_from {
            form.past_day("valid_from", "设立日期", day);
        }
        d.valid_from = details.valid_from;
        Ok(())
    })
}

/// Makes a department the data bureau of its region; the one before it is no longer.
///
/// # Errors
/// As `rename`.
pub fn set_bureau(conn: &mut Conn, viewer: &Viewer, seen: Seen, when: &When) -> Result<Department> {
    change(
        conn,
        viewer,
        seen,
        Kind::BureauSet,
        when,
        |conn, d, form| {
            let Some(region) = d.region.clone().filter(|_| !d.unit) else {
                let message = "只有注明行政区划的单位（下属单位除外）才能指定为数据管理部门";
                form.problem("region", "no_region", message, "请先填写行政区划");
                return Ok(());
            };
            if !form.has_problems() {
                end_bureau(conn, viewer, &region, d.id, when)?;
            }
            d.bureau = true;
            Ok(())
        },
    )
}

/// Ends whichever other department is the bureau of a region.
pub(in crate::org) fn end_bureau(
    conn: &mut Conn,
    viewer: &Viewer,
    region: &str,
    but: i64,
    when: &When,
) -> Result<()> {
    let former: Option<Department> = departments::table
        .filter(departments::region.eq(region))
        .filter(departments::bureau.eq(true))
        .filter(departments::id.ne(but))
        .select(Department::as_select())
        .first(conn)
        .optional()?;
    let Some(former) = former else { return Ok(()) };
    let after = Department {
        bureau: false,
        revision: former.revision + 1,
        ..former.clone()
    };
    store(conn, &after)?;
    let (before, after) = event::difference(&former, &after);
    event::record(
        conn,
        viewer,
        former.id,
        Kind::BureauEnded,
        when,
        (&before, &after),
    )
}

/// A credit code that is right and nobody else's.
pub(super) fn check_credit(
    conn: &mut Conn,
    code: Option<&str>,
    but: i64,
    form: &mut Form,
) -> Result<Option<String>> {
    let label = "统一社会信用代码";
    let code = form.text(
        "credit_code",
        label,
        code.unwrap_or_default(),
        18,
        Need::May,
    );
    let code = code.to_uppercase();
    if code.is_empty() {
        return Ok(None);
    }
    if !credit_code::is_valid(&code) {
        let message = format!("统一社会信用代码“{code}”校验不通过");
        form.problem(
            "credit_code",
            "bad_credit_code",
            &message,
            "请核对证照重新填写",
        );
    }
    let other: Option<String> = departments::table
        .filter(departments::credit_code.eq(&code))
        .filter(departments::id.ne(but))
        .filter(departments::valid_until.is_null())
        .select(departments::name)
        .first(conn)
        .optional()?;
    if let Some(other) = other {
        let message = format!("统一社会信用代码“{code}”已属于“{other}”");
        form.problem("credit_code", "duplicate", &message, "请核对");
    }
    Ok(Some(code))
}

/// A region that is loaded, a parent that is there, and no circle.
pub(super) fn check_placement(
    conn: &mut Conn,
    regions: &Regions,
    to: &Placement,
    id: i64,
    form: &mut Form,
) -> Result<()> {
    if let Some(code) = &to.region
        && regions.get(code).is_none()
    {
        let message = format!("行政区划“{code}”不在区划表中");
        form.problem("region", "unknown_region", &message, "请选择列出的行政区划");
    }
    if to.unit && to.parent.is_none() {
        form.problem(
            "parent",
            "required",
            "下属单位须写明上级单位",
            "请选择上级单位",
        );
    }
    let mut above = to.parent;
    for _ in 0..64 {
        let Some(next) = above else { return Ok(()) };
        if next == id {
            form.problem(
                "parent",
                "circle",
                "上级单位不能是本单位或它的下属单位",
                "请另选上级单位",
            );
            return Ok(());
        }
        let row: Option<(Option<i64>, Option<chrono::NaiveDate>)> = departments::table
            .find(next)
            .select((departments::parent_id, departments::valid_until))
            .first(conn)
            .optional()?;
        match row {
            Some((parent, None)) => above = parent,
            _ => {
                form.problem(
                    "parent",
                    "unknown_department",
                    "没有找到上级单位",
                    "请选择现有的单位",
                );
                return Ok(());
            }
        }
    }
    Ok(())
}
