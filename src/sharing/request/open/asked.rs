//! The dataset that is asked for, and what a request about it must say (arts. 14, 15, 20).

use diesel::prelude::*;

use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::entries;
use crate::db::scope;
use crate::error::{Error, Problem, Result};
use crate::ledger::entry::{self, EntryRow};
use crate::ledger::facts;
use crate::register::field::Register;
use crate::register::value::{Document, Value};
use crate::sharing::request::clock::NOT_SHARED;
use crate::sharing::request::{DATASET, Ground, LAW, Request};

/// The list of modes.
pub const MODES: &str = "share_mode";
/// The list of share attributes.
pub const ATTRIBUTES: &str = "share_attr";

/// A dataset as somebody who asks for it has to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The entry.
    pub row: EntryRow,
    /// Code of its share attribute; empty where none is registered.
    pub attr: String,
    /// Codes of its modes.
    pub modes: Vec<String>,
    /// 共享条件.
    pub condition: String,
    /// 不予共享依据.
    pub basis: String,
}

fn register(ground: Ground<'_>) -> Result<&Register> {
    let found = ground.catalogue.register(DATASET);
    found.ok_or_else(|| Error::NotFound("数据资源登记簿".to_owned()))
}

fn read(row: EntryRow) -> Asked {
    let document: Document = row.document();
    let text = |key: &str| entry::text(&document, key).unwrap_or_default().to_owned();
    let modes = match document.get(MODES) {
        Some(Value::Text(one)) => vec![one.clone()],
        Some(Value::List(many)) => many.clone(),
        _ => Vec::new(),
    };
    Asked {
        attr: text(ATTRIBUTES),
        condition: text("share_condition"),
        basis: text("no_share_basis"),
        modes,
        row,
    }
}

/// A dataset that the viewer sees at least in part, by code; what its catalogue entry says is published to all
/// departments (art. 16).
///
/// # Errors
/// [`Error::NotFound`].
pub fn dataset(conn: &mut Conn, viewer: &Viewer, ground: Ground<'_>, code: &str) -> Result<Asked> {
    let register = register(ground)?;
    let row = facts::row(conn, viewer, register, code)?;
    if !row.present {
        return Err(facts::nowhere(register, code));
    }
    Ok(read(row))
}

/// The dataset of a request, as far as the viewer sees it.
///
/// # Errors
/// When the database fails.
pub fn dataset_of(conn: &mut Conn, viewer: &Viewer, row: &Request) -> Result<Option<Asked>> {
    let found: Option<EntryRow> = scope::summaries(viewer)
        .filter(entries::id.eq(row.dataset_id))
        .select(EntryRow::as_select())
        .first(conn)
        .optional()?;
    Ok(found.filter(|r| r.present).map(read))
}

/// What is doubtful, but not forbidden.
#[must_use]
pub fn warnings(ground: Ground<'_>, row: &Request, asked: &Asked) -> Vec<String> {
    let mut out = Vec::new();
    let given = &row.share_mode;
    if !given.is_empty() && !asked.modes.is_empty() && !asked.modes.contains(given) {
        let modes: Vec<String> = asked.modes.iter().map(|m| ground.label(MODES, m)).collect();
        out.push(format!(
            "目录登记的共享方式为{}，申请的是{}",
            modes.join("、"),
            ground.label(MODES, given)
        ));
    }
    if row.state().is_served()
        && let Some(until) = row.valid_until.filter(|d| *d < clock::today())
    {
        out.push(format!(
            "使用时限 {until} 已过，需求部门应当结束使用并妥善处置数据，仍需使用的重新申请（第二十五条、第二十七条）"
        ));
    }
    if asked.attr.is_empty() {
        out.push(
            "该数据资源没有登记共享属性，按有条件共享计算答复期限（第十四条、第二十一条）"
                .to_owned(),
        );
    }
    if asked.attr == NOT_SHARED {
        out.push(format!(
            "该数据资源标注为不予共享，目录所列依据: {}",
            if asked.basis.is_empty() {
                "未填写（第十五条要求列明）"
            } else {
                &asked.basis
            }
        ));
    }
    out
}

/// Everything that has to be said before a request is handed in.
pub(in crate::sharing::request) fn missing(ground: Ground<'_>, row: &Request) -> Vec<Problem> {
    let mut out = Vec::new();
    let mut need = |key: &str, label: &str, text: &str, why: &str| {
        if text.trim().is_empty() {
            out.push(Problem::new(
                key,
                "required",
                &format!("请填写{label}"),
                why,
            ));
        }
    };
    let law = format!("{LAW}第二十条");
    need("basis", "使用依据", &row.basis, &law);
    need("scene", "使用场景", &row.scene, &law);
    need("use_scope", "使用范围", &row.use_scope, &law);
    need("share_mode", "共享方式", &row.share_mode, &law);
    let until = row.valid_until.map(|d| d.to_string()).unwrap_or_default();
    need("valid_until", "使用时限", &until, &law);
    need("contact", "联系人", &row.contact, "供提供部门联系");
    if row.share_attr == NOT_SHARED {
        let why = format!(
            "该数据资源标注为{}，须说明仍需申请的理由",
            ground.label(ATTRIBUTES, NOT_SHARED)
        );
        need("argument", "申请理由", &row.argument, &why);
    }
    if row.valid_until.is_some_and(|d| d < clock::today()) {
        out.push(Problem::new(
            "valid_until",
            "past",
            "使用时限已经过去",
            "请填写今后的日期",
        ));
    }
    out
}
