//! 统建清单 (built once for all) and 负面清单 (not to be built): kept by the data bureau of a region, empty as
//! shipped, and checked against proposals by the same terms.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::check::Means;
use crate::audit::{self, Event};
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::build_lists;
use crate::error::{Error, Problem, Result};
use crate::register::text as checked;

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BuildListKind)]
#[serde(rename_all = "snake_case")]
pub enum ListKind {
    /// Built once for all: use it instead of building another.
    Unified,
    /// Not to be built.
    Negative,
}

impl ListKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Unified, Self::Negative];

    /// The word it is stored as.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unified => "unified",
            Self::Negative => "negative",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Unified => "统建清单",
            Self::Negative => "负面清单",
        }
    }
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = build_lists, treat_none_as_default_value = false)]
pub struct Line {
    /// Identity.
    pub id: i64,
    /// `unified` or `negative`.
    pub kind: String,
    /// The bureau that keeps it.
    pub department_id: i64,
    /// The region it holds for, with all below.
    pub region: String,
    /// 类别.
    pub category: String,
    /// 平台/系统名称, or what is not to be built.
    pub name: String,
    /// 说明.
    pub description: String,
    /// 可向部门提供的服务能力.
    pub capability: String,
    /// 部门需自行承担的建设内容.
    pub own_part: String,
    /// The clause that a hit is told with (命中条款).
    pub clause: String,
    /// What to do instead (整改建议).
    pub advice: String,
    /// Counts its changes from 1.
    pub version: i64,
    /// Who changed it last.
    pub actor: String,
    /// When, UTC.
    pub at: NaiveDateTime,
    /// When it was taken out, UTC.
    pub removed_at: Option<NaiveDateTime>,
}

/// What a line says, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BuildListText)]
#[serde(default, deny_unknown_fields)]
pub struct Written {
    /// 类别.
    pub category: String,
    /// 平台/系统名称, or what is not to be built.
    pub name: String,
    /// 说明.
    pub description: String,
    /// 可向部门提供的服务能力.
    pub capability: String,
    /// 部门需自行承担的建设内容.
    pub own_part: String,
    /// 条款.
    pub clause: String,
    /// 整改建议.
    pub advice: String,
}

impl From<Line> for Written {
    fn from(line: Line) -> Self {
        Self {
            category: line.category,
            name: line.name,
            description: line.description,
            capability: line.capability,
            own_part: line.own_part,
            clause: line.clause,
            advice: line.advice,
        }
    }
}

impl Written {
    /// The fields, by key and label.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, &'static str, &str); 7] {
        [
            ("category", "类别", &self.category),
            ("name", "平台/系统名称", &self.name),
            ("description", "说明", &self.description),
            ("capability", "可向部门提供的服务能力", &self.capability),
            ("own_part", "部门需自行承担的建设内容", &self.own_part),
            ("clause", "条款", &self.clause),
            ("advice", "整改建议", &self.advice),
        ]
    }

    fn check(&self) -> Result<()> {
        let mut problems = Vec::new();
        if self.name.trim().is_empty() {
            let message = "请填写平台/系统名称。";
            problems.push(Problem::new("name", "required", message, ""));
        }
        for (key, label, text) in self.fields() {
            let most = if key == "name" || key == "category" {
                100
            } else {
                2_000
            };
            if text.chars().count() > most {
                let message = format!("{label}超过 {most} 个字。");
                problems.push(Problem::new(key, "too_long", &message, "请缩短"));
            }
            if let Err(fault) = checked::check(label, text) {
                let (code, message) = (fault.code, &fault.message);
                problems.push(Problem::new(key, code, message, &fault.suggestion));
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(problems))
        }
    }
}

/// The lines of a list, all regions, in the order they were written.
///
/// # Errors
/// When the database fails.
pub fn lines(conn: &mut Conn, kind: Option<ListKind>) -> Result<Vec<Line>> {
    let mut query = build_lists::table
        .filter(build_lists::removed_at.is_null())
        .order((
            build_lists::kind.desc(),
            build_lists::region,
            build_lists::id,
        ))
        .select(Line::as_select())
        .into_boxed();
    if let Some(kind) = kind {
        query = query.filter(build_lists::kind.eq(kind.word()));
    }
    Ok(query.load(conn)?)
}

/// One line.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub fn line(conn: &mut Conn, id: i64) -> Result<Line> {
    let found: Option<Line> = build_lists::table
        .find(id)
        .filter(build_lists::removed_at.is_null())
        .select(Line::as_select())
        .first(conn)
        .optional()?;
    found.ok_or_else(|| Error::NotFound(format!("清单条目 {id}")))
}

/// Adds a line for the region of a bureau.
///
/// # Errors
/// [`Error::Refused`] without the right over the bureau; [`Error::Invalid`] for what is written.
pub fn add(
    conn: &mut Conn,
    viewer: &Viewer,
    means: Means<'_>,
    kind: ListKind,
    written: &Written,
) -> Result<Line> {
    viewer.may_anywhere(Right::ReviewProposals)?;
    written.check()?;
    let keeps = |d: &&crate::org::directory::Department| {
        d.bureau && viewer.can(Right::ReviewProposals, d.id)
    };
    let home = viewer.home().and_then(|id| means.directory.get(id));
    let bureau = home
        .filter(keeps)
        .or_else(|| means.directory.all().iter().find(keeps));
    let Some(bureau) = bureau else {
        return Err(Error::Conflict("清单由本级数据管理部门维护".to_owned()));
    };
    conn.transaction(|conn| {
        let object = format!("{}“{}”", kind.label(), written.name.trim());
        let event = Event::done("change_build_list", &object).of(Some(bureau.id));
        audit::record(conn, viewer, &event)?;
        let last: Option<i64> = build_lists::table
            .select(diesel::dsl::max(build_lists::id))
            .first(conn)?;
        let line = Line {
            id: last.unwrap_or(0) + 1,
            kind: kind.word().to_owned(),
            department_id: bureau.id,
            region: bureau.region.clone().unwrap_or_default(),
            category: written.category.trim().to_owned(),
            name: written.name.trim().to_owned(),
            description: written.description.trim().to_owned(),
            capability: written.capability.trim().to_owned(),
            own_part: written.own_part.trim().to_owned(),
            clause: written.clause.trim().to_owned(),
            advice: written.advice.trim().to_owned(),
            version: 1,
            actor: viewer.name().to_owned(),
            at: clock::now(),
            removed_at: None,
        };
        diesel::insert_into(build_lists::table)
            .values(&line)
            .execute(conn)?;
        Ok(line)
    })
}

/// Rewrites a line, from the version that was looked at.
///
/// # Errors
/// As [`add`]; [`Error::NotFound`]; [`Error::Stale`] when it moved on.
pub fn change(
    conn: &mut Conn,
    viewer: &Viewer,
    id: i64,
    version: i64,
    written: &Written,
) -> Result<Line> {
    let old = guarded(conn, viewer, id)?;
    written.check()?;
    conn.transaction(|conn| {
        record(conn, viewer, &old, "change")?;
        let done = diesel::update(build_lists::table.find(id))
            .filter(build_lists::version.eq(version))
            .filter(build_lists::removed_at.is_null())
            .set((
                build_lists::category.eq(written.category.trim()),
                build_lists::name.eq(written.name.trim()),
                build_lists::description.eq(written.description.trim()),
                build_lists::capability.eq(written.capability.trim()),
                build_lists::own_part.eq(written.own_part.trim()),
                build_lists::clause.eq(written.clause.trim()),
                build_lists::advice.eq(written.advice.trim()),
                build_lists::version.eq(version + 1),
                build_lists::actor.eq(viewer.name()),
                build_lists::at.eq(clock::now()),
            ))
            .execute(conn)?;
        if done != 1 {
            return Err(Error::Stale(format!("清单条目“{}”", old.name)));
        }
        line(conn, id)
    })
}

/// Takes a line out of its list.
///
/// # Errors
/// As [`change`].
pub fn remove(conn: &mut Conn, viewer: &Viewer, id: i64, version: i64) -> Result<()> {
    let old = guarded(conn, viewer, id)?;
    conn.transaction(|conn| {
        record(conn, viewer, &old, "remove")?;
        let done = diesel::update(build_lists::table.find(id))
            .filter(build_lists::version.eq(version))
            .filter(build_lists::removed_at.is_null())
            .set((
                build_lists::removed_at.eq(clock::now()),
                build_lists::version.eq(version + 1),
            ))
            .execute(conn)?;
        if done != 1 {
            return Err(Error::Stale(format!("清单条目“{}”", old.name)));
        }
        Ok(())
    })
}

fn guarded(conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<Line> {
    viewer.may_anywhere(Right::ReviewProposals)?;
    let old = line(conn, id)?;
    viewer.may(Right::ReviewProposals, old.department_id)?;
    Ok(old)
}

fn record(conn: &mut Conn, viewer: &Viewer, line: &Line, how: &str) -> Result<()> {
    let kind = ListKind::from_word(&line.kind).map_or("清单", ListKind::label);
    let object = format!("{kind}“{}”", line.name);
    let event = Event::done("change_build_list", &object)
        .of(Some(line.department_id))
        .with(serde_json::json!({ "act": how }));
    audit::record(conn, viewer, &event)
}
