//! Finding the entry that a text of a form or the API means, by code, else by name.
//!
//! The same order as an import: the code, then a name in the entry's own department, then a name anywhere.
//! Published entries of others may be referred to, hidden ones answer as if they were not there.

use diesel::prelude::*;

use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::db::schema::entries;
use crate::db::scope::summaries;
use crate::error::Result;
use crate::ledger::list;
use crate::register::field::Register;
use crate::register::value::Fault;
use crate::register::words;

/// The word for a reference that leads nowhere.
pub const UNKNOWN_REFERENCE: &str = "unknown_reference";

/// How many candidates are named.
const NAMED: i64 = 6;

/// An entry that can be referred to.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Referred {
    /// Identity.
    pub id: i64,
    /// Code: what is stored.
    pub code: String,
    /// Its department.
    pub department_id: i64,
}

/// The entry of a register that a text means.
///
/// # Errors
/// When the database fails; inside, a fault when it is nothing or several.
pub fn refer(
    conn: &mut Conn,
    viewer: &Viewer,
    register: &Register,
    text: &str,
    department: Option<i64>,
) -> Result<std::result::Result<Referred, Fault>> {
    let there = || {
        summaries(viewer)
            .filter(entries::register.eq(register.key.clone()))
            .filter(entries::present.eq(true))
            .select((entries::id, entries::code, entries::department_id))
    };
    let by_code: Option<Referred> = there()
        .filter(entries::code.eq(text.to_owned()))
        .first(conn)
        .optional()?;
    if let Some(found) = by_code {
        return Ok(Ok(found));
    }
    let key = words::name_key(text);
    let mut named: Vec<Referred> = Vec::new();
    if let Some(department) = department {
        named = there()
            .filter(entries::department_id.eq(department))
            .filter(entries::name_key.eq(key.clone()))
            .limit(NAMED)
            .load(conn)?;
    }
    if named.len() != 1 {
        named = list::named(conn, viewer, register, &key)
            .order(entries::id)
            .limit(NAMED)
            .select((entries::id, entries::code, entries::department_id))
            .load(conn)?;
    }
    Ok(match named.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Fault::new(
            UNKNOWN_REFERENCE,
            format!("没有找到{}“{text}”。", register.label),
            format!("请核对编码或名称，或先录入该{}", register.label),
        )),
        several => {
            let codes: Vec<&str> = several.iter().map(|e| e.code.as_str()).collect();
            Err(Fault::new(
                "ambiguous_reference",
                format!("有多个{}都叫“{text}”。", register.label),
                format!("请填写编码，可选: {}", codes.join("、")),
            ))
        }
    })
}
