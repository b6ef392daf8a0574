//! What a department is called: its full name, and the other names it is found by.

use diesel::prelude::*;

use super::{Seen, change, held, keep};
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::{department_aliases, departments};
use crate::error::Result;
use crate::org::directory::{self, Department};
use crate::org::event::{Kind, When};
use crate::org::form::{Form, Need};
use crate::register::words;

/// Gives a department another full name; the old one stays as a former name.
///
/// # Errors
/// [`crate::error::Error::Refused`], [`crate::error::Error::Stale`], [`crate::error::Error::Conflict`] when it has ended; [`crate::error::Error::Invalid`].
pub fn rename(
    conn: &mut Conn,
    viewer: &Viewer,
    seen: Seen,
    name: &str,
    when: &When,
) -> Result<Department> {
    change(conn, viewer, seen, Kind::Renamed, when, |conn, d, form| {
        let name = form.text("name", "单位全称", name, 100, Need::Must);
        let key = words::name_key(&name);
        if namesake(conn, &key, d.region.as_deref(), d.id)? {
            let message = format!("本地区已有单位叫“{name}”");
            form.problem(
                "name",
                "duplicate",
                &message,
                "请写全称以示区别，或合并两个单位",
            );
        }
        if key == d.name_key && name == d.name {
            form.problem("name", "unchanged", "新名称与现名称相同", "请填写新名称");
        }
        if !form.has_problems() {
            directory::remember(conn, d.id, &d.name, "former")?;
        }
        d.name = name;
        d.name_key = key;
        Ok(())
    })
}

/// What kind of other name it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AliasKind {
    /// 简称.
    Short,
    /// 曾用名.
    Former,
    /// Another way people write it.
    Other,
}

impl AliasKind {
    /// The word it is stored as.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Former => "former",
            Self::Other => "other",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Short, Self::Former, Self::Other]
            .into_iter()
            .find(|kind| kind.word() == word)
    }

    /// What people read for a stored word.
    #[must_use]
    pub fn label_of(word: &str) -> &'static str {
        match word {
            "short" => "简称",
            "former" => "曾用名",
            "matched" => "导入时认定",
            _ => "别名",
        }
    }
}

/// Lets a department be found by one more name.
///
/// # Errors
/// As [`rename`].
pub fn add_alias(
    conn: &mut Conn,
    viewer: &Viewer,
    seen: Seen,
    (alias, kind): (&str, AliasKind),
    when: &When,
) -> Result<Department> {
    let told = serde_json::json!({ "alias": words::clean(alias), "kind": kind.word() });
    let nothing = serde_json::json!({});
    aliased(
        conn,
        viewer,
        seen,
        Kind::AliasAdded,
        when,
        (nothing, told),
        |conn, d, form| {
            let alias = form.text("alias", "别名", alias, 100, Need::Must);
            let taken: i64 = department_aliases::table
                .filter(department_aliases::alias_key.eq(words::name_key(&alias)))
                .filter(department_aliases::department_id.eq(d.id))
                .count()
                .get_result(conn)?;
            if taken > 0 {
                form.problem("alias", "duplicate", "该单位已有这个名称", "");
            }
            if !form.has_problems() {
                directory::remember(conn, d.id, &alias, kind.word())?;
            }
            Ok(())
        },
    )
}

/// Takes a name away that a department should not be found by; former names stay.
///
/// # Errors
/// As [`rename`].
pub fn remove_alias(
    conn: &mut Conn,
    viewer: &Viewer,
    seen: Seen,
    alias: &str,
    when: &When,
) -> Result<Department> {
    let told = serde_json::json!({ "alias": words::clean(alias) });
    let nothing = serde_json::json!({});
    aliased(
        conn,
        viewer,
        seen,
        Kind::AliasRemoved,
        when,
        (told, nothing),
        |conn, d, form| {
            let gone = diesel::delete(
                department_aliases::table
                    .filter(department_aliases::alias_key.eq(words::name_key(alias)))
                    .filter(department_aliases::department_id.eq(d.id))
                    .filter(department_aliases::kind.ne(AliasKind::Former.word())),
            )
            .execute(conn)?;
            if gone != 1 {
                form.problem(
                    "alias",
                    "not_found",
                    "没有这个别名，或它是曾用名，不能删除",
                    "",
                );
            }
            Ok(())
        },
    )
}

/// Like [`change`], for names kept beside the row.
fn aliased(
    conn: &mut Conn,
    viewer: &Viewer,
    seen: Seen,
    kind: Kind,
    when: &When,
    (before, after): (serde_json::Value, serde_json::Value),
    alter: impl FnOnce(&mut Conn, &Department, &mut Form) -> Result<()>,
) -> Result<Department> {
    conn.transaction(|conn| {
        let old = held(conn, viewer, seen)?;
        let mut form = Form::default();
        let reason = form.text("reason", "原因", &when.reason, 500, Need::May);
        alter(conn, &old, &mut form)?;
        form.done()?;
        let when = When {
            from: when.from,
            reason,
        };
        keep(conn, viewer, kind, &when, old, (&before, &after))
    })
}

/// Whether another department of the region is called so.
pub(super) fn namesake(conn: &mut Conn, key: &str, region: Option<&str>, but: i64) -> Result<bool> {
    let found: Vec<Option<String>> = departments::table
        .filter(departments::name_key.eq(key))
        .filter(departments::id.ne(but))
        .filter(departments::valid_until.is_null())
        .select(departments::region)
        .load(conn)?;
    Ok(found
        .iter()
        .any(|other| other.is_none() || region.is_none() || other.as_deref() == region))
}
