//! Retirement: what stands in the way of it, and moving a live link over to what takes the entry's place.
//!
//! The form, its gates and the submission are data of the register's model (`[retirement]`). A link is moved or ended
//! by changing the reference itself, through the form's own way and with the rights of whoever asks.

use std::collections::BTreeMap;

use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::error::{Error, Problem, Result};
use crate::impact::{self, Standing};
use crate::ledger::edit::{self, Act, Done, Draft, Given, Source, Why};
use crate::ledger::entry::EntryRow;
use crate::ledger::facts as ledger_facts;
use crate::register::lifecycle::Retirement;
use crate::register::value::Value;
use crate::review::Ground;
use crate::review::facts::{self, Judged};
use crate::sharing::follow;

/// What stands between an entry and its retirement.
#[derive(Clone, Debug)]
pub struct Outlook<'m> {
    /// The form.
    pub form: &'m Retirement,
    /// Its gates, judged as of today.
    pub gates: Vec<Judged>,
    /// Who would be cut off.
    pub links: Standing,
    /// What takes its place, when that is named and seen.
    pub replacement: Option<EntryRow>,
}

/// Looks at what stands between an entry and its retirement.
///
/// # Errors
/// [`Error::Conflict`] for a register that knows no retirement; when the database fails.
pub fn outlook<'g>(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'g>,
    row: &EntryRow,
) -> Result<Outlook<'g>> {
    viewer.may(Right::SeeOwn, row)?;
    let form = ground.model(&row.register)?.retirement.as_ref();
    let form = form.ok_or_else(|| Error::Conflict("这个登记簿的条目不办理下线".to_owned()))?;
    let mut gates = Vec::new();
    for gate in &form.gates {
        gates.extend(facts::judge(conn, viewer, ground, row, Some(gate))?);
    }
    Ok(Outlook {
        form,
        gates,
        links: impact::links(conn, viewer, ground.catalogue, row)?,
        replacement: facts::replacement(conn, viewer, ground, row)?,
    })
}

/// A link that is moved or ended.
#[derive(Clone, Debug)]
pub struct LinkWish<'w> {
    /// Register and code of the entry that retires.
    pub entry: (&'w str, &'w str),
    /// Register and code of the entry that would be cut off.
    pub other: (&'w str, &'w str),
    /// Key of the reference field.
    pub field: &'w str,
    /// Whether the reference stands in the other entry, as [`impact::LinkEnd::holds`] says.
    pub holds: bool,
    /// The version of the entry that holds the reference, as it was looked at.
    pub revision: i32,
    /// To what takes the entry's place, instead of nothing.
    pub to_replacement: bool,
}

/// Moves a link over to what takes the entry's place, or ends it. What was approved becomes a change request.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] by the viewer's rights over the entry that holds the reference;
/// [`Error::Invalid`] when there is no such link or nothing takes the entry's place; [`Error::Stale`] when the holder
/// moved on.
pub fn move_link(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    wish: &LinkWish<'_>,
) -> Result<Done> {
    let own = ground.definitions(wish.entry.0)?;
    let row = ledger_facts::row(conn, viewer, own.register, wish.entry.1)?;
    viewer.may(Right::SeeOwn, &row)?;
    let theirs = ground.definitions(wish.other.0)?;
    let other = ledger_facts::row(conn, viewer, theirs.register, wish.other.1)?;
    let links = impact::links(conn, viewer, ground.catalogue, &row)?;
    let stands = links
        .told
        .iter()
        .any(|e| e.place.id == other.id && e.field == wish.field && e.holds == wish.holds);
    if !stands {
        return Err(wrong(
            "field",
            "no_link",
            "没有这一对接",
            "可能已被改掉，请刷新",
        ));
    }
    let (holding, holder, dropped) = if wish.holds {
        (theirs, &other, &row)
    } else {
        (own, &row, &other)
    };
    viewer.may(Right::Write, holder.department_id)?;
    let with = if wish.to_replacement {
        Some(heir(conn, viewer, ground, &row, wish)?)
    } else {
        None
    };
    let given = without(
        holder,
        wish.field,
        &dropped.code,
        with.filter(|c| *c != holder.code),
    );
    let draft = Draft {
        act: Act::Amend {
            code: holder.code.clone(),
            revision: wish.revision,
        },
        given: BTreeMap::from([(wish.field.to_owned(), given)]),
    };
    let verb = if wish.to_replacement {
        "改接到接替的系统"
    } else {
        "终止对接"
    };
    let why = Why {
        source: Source::Form,
        reason: format!("“{}”（{}）下线: {verb}", row.name, row.code),
        valid_on: None,
    };
    follow::heard(conn, holding, |conn| {
        edit::write(conn, viewer, holding, &[draft], &why)
    })
}

fn wrong(field: &str, code: &str, message: &str, hint: &str) -> Error {
    Error::Invalid(vec![Problem::new(field, code, message, hint)])
}

/// Code of what takes an entry's place.
fn heir(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &EntryRow,
    wish: &LinkWish<'_>,
) -> Result<String> {
    if !wish.holds {
        let hint = "请解除它，并在接替的系统中填写新的对接";
        return Err(wrong("to", "own_link", "这一对接由本条目自己填写", hint));
    }
    let found = facts::replacement(conn, viewer, ground, row)?;
    let hint = "请先在下线表单中填写接替的系统";
    found
        .map(|r| r.code)
        .ok_or_else(|| wrong("to", "no_replacement", "还没有写明由谁接替", hint))
}

/// The reference without one code, and with another one.
fn without(holder: &EntryRow, field: &str, dropped: &str, with: Option<String>) -> Given {
    match holder.document().get(field) {
        Some(Value::List(codes)) => {
            let mut kept: Vec<String> = codes.iter().filter(|c| *c != dropped).cloned().collect();
            if let Some(code) = with.filter(|c| !kept.contains(c)) {
                kept.push(code);
            }
            if kept.is_empty() {
                Given::Nothing
            } else {
                Given::List(kept)
            }
        }
        _ => with.map_or(Given::Nothing, Given::Text),
    }
}
