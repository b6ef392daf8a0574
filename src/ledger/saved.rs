//! Lists kept under a name: one's own, and those that others of the department share.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::audit::{self, Event};
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::saved_views;
use crate::error::{Error, Problem, Result};
use crate::register::text;
use crate::register::words;

/// How many an account may keep in one register.
const MOST: i64 = 100;

/// The longest name.
const NAME_CHARS: usize = 40;

/// A list kept under a name.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = saved_views, treat_none_as_default_value = false)]
pub struct SavedView {
    /// Identity.
    pub id: i64,
    /// Register key.
    pub register: String,
    /// What its owner calls it.
    pub name: String,
    /// Whose it is.
    pub account_id: i64,
    /// The department it is shared with.
    pub department_id: Option<i64>,
    /// Whether the department sees it.
    pub shared: bool,
    /// What is asked for, as pairs in JSON: `[["stage","operation"]]`.
    pub query: String,
    /// When it was kept.
    pub at: NaiveDateTime,
}

impl SavedView {
    /// What is asked for, as [`super::list::ask`] reads it.
    #[must_use]
    pub fn pairs(&self) -> Vec<(String, String)> {
        serde_json::from_str(&self.query).unwrap_or_default()
    }

    /// Whether it is this viewer's own.
    #[must_use]
    pub fn is_of(&self, viewer: &Viewer) -> bool {
        viewer.account() == Some(self.account_id)
    }
}

/// What is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Register key.
    pub register: String,
    /// What to call it.
    pub name: String,
    /// The department sees it too.
    pub shared: bool,
    /// What is asked for; already read by [`super::list::ask`], so it is right.
    pub pairs: Vec<(String, String)>,
}

fn account(viewer: &Viewer) -> Result<i64> {
    viewer.account().ok_or(Error::SignedOut)
}

/// One's own views of a register, or of all, and those shared with one's department, by name.
///
/// # Errors
/// When the database fails.
pub fn views(conn: &mut Conn, viewer: &Viewer, register: Option<&str>) -> Result<Vec<SavedView>> {
    let Some(account) = viewer.account() else {
        return Ok(Vec::new());
    };
    let shared = saved_views::shared.eq(true).and(
        saved_views::department_id
            .eq(viewer.home().unwrap_or(-1))
            .assume_not_null(),
    );
    let mut query = saved_views::table
        .filter(saved_views::account_id.eq(account).or(shared))
        .order((saved_views::name, saved_views::id))
        .limit(500)
        .select(SavedView::as_select())
        .into_boxed();
    if let Some(register) = register {
        query = query.filter(saved_views::register.eq(register.to_owned()));
    }
    Ok(query.load(conn)?)
}

/// A view that the viewer may use.
///
/// # Errors
/// [`Error::NotFound`] when there is none, or it is somebody else's.
pub fn view(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<SavedView> {
    let found = views(conn, viewer, None)?.into_iter().find(|v| v.id == id);
    found.ok_or_else(|| Error::NotFound(format!("视图 {id}")))
}

/// Keeps a list under a name; one's own of the same name in the register is replaced.
///
/// # Errors
/// [`Error::Invalid`] for a name that is empty, too long or holds control characters; [`Error::SignedOut`]
/// without an account; [`Error::Conflict`] when there are too many.
pub fn keep(conn: &mut Conn, viewer: &Viewer, keep: &Keep) -> Result<SavedView> {
    let account = account(viewer)?;
    let name = named(&keep.name)?;
    let object = format!("视图“{name}”（{}）", keep.register);
    let event = Event::done("save_view", &object)
        .of(viewer.home())
        .with(serde_json::json!({ "shared": keep.shared }));
    conn.transaction(|conn| {
        audit::record(conn, viewer, &event)?;
        let of_account = || {
            saved_views::table
                .filter(saved_views::account_id.eq(account))
                .filter(saved_views::register.eq(keep.register.clone()))
        };
        let same: Option<i64> = of_account()
            .filter(saved_views::name.eq(name.clone()))
            .select(saved_views::id)
            .first(conn)
            .optional()?;
        let number: i64 = of_account().count().get_result(conn)?;
        if same.is_none() && number >= MOST {
            return Err(Error::Conflict(format!(
                "最多保存 {MOST} 个视图，请先删除不用的"
            )));
        }
        let last: Option<i64> = saved_views::table
            .select(diesel::dsl::max(saved_views::id))
            .first(conn)?;
        if let Some(same) = same {
            diesel::delete(saved_views::table.find(same)).execute(conn)?;
        }
        let row = SavedView {
            id: same.unwrap_or(last.unwrap_or(0) + 1),
            register: keep.register.clone(),
            name: name.clone(),
            account_id: account,
            department_id: viewer.home(),
            shared: keep.shared && viewer.home().is_some(),
            query: serde_json::to_string(&keep.pairs).unwrap_or_default(),
            at: clock::now(),
        };
        diesel::insert_into(saved_views::table)
            .values(&row)
            .execute(conn)?;
        Ok(row)
    })
}

fn named(name: &str) -> Result<String> {
    let wrong = |code: &str, message: &str, suggestion: &str| {
        Err(Error::Invalid(vec![Problem::new(
            "name", code, message, suggestion,
        )]))
    };
    if let Err(fault) = text::check("视图名称", name) {
        return wrong(fault.code, &fault.message, &fault.suggestion);
    }
    let name = words::clean(name);
    if name.is_empty() {
        return wrong("required", "请填写视图名称。", "例如: 本单位三级系统");
    }
    if name.chars().count() > NAME_CHARS {
        return wrong(
            "too_long",
            &format!("视图名称超过 {NAME_CHARS} 个字。"),
            "请缩短",
        );
    }
    Ok(name)
}

/// Forgets one's own view.
///
/// # Errors
/// [`Error::NotFound`] when there is none; [`Error::Refused`] for one that a colleague shares.
pub fn forget(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<()> {
    conn.transaction(|conn| {
        let event = Event::done("delete_view", &format!("视图 {id}")).of(viewer.home());
        audit::record(conn, viewer, &event)?;
        let found = view(conn, viewer, id)?;
        if !found.is_of(viewer) {
            return Err(Error::Refused("视图只能由保存它的人删除".to_owned()));
        }
        diesel::delete(saved_views::table.find(id)).execute(conn)?;
        Ok(())
    })
}
