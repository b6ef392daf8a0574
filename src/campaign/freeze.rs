//! What the ledger held after a change set, as digests: SM3 over one line an entry, by department.
//!
//! A line is `register TAB code TAB version TAB digest NEWLINE`; its digest is the one of the chain
//! (`ledger::chain::row_digest`). Lines stand in the order of the registers and, within one, of the entries' ids.
//! Everything is taken from the documents as they stood, so it comes out the same whenever it is asked.

use std::collections::{BTreeMap, HashMap};

use sm3::{Digest, Sm3};

use super::{Campaign, Members};
use crate::auth::Viewer;
use crate::db::connection::Conn;
use crate::error::Result;
use crate::ledger::as_of::{self, Definitions};
use crate::ledger::chain;
use crate::ledger::entry::{self, EntryRow};
use crate::review::Ground;

/// A department's entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    /// How many there are, by register.
    pub(super) counts: BTreeMap<String, i64>,
    /// SM3 of their lines, in hexadecimal.
    pub(super) digest: String,
}

impl Sum {
    /// How many there are.
    pub(super) fn total(&self) -> i64 {
        self.counts.values().sum()
    }
}

/// What was held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Frozen {
    /// By department.
    pub(super) parts: BTreeMap<i64, Sum>,
    /// SM3 over the departments, in hexadecimal.
    pub(super) digest: String,
}

/// Reads the entries of a register as they stood after a change set, whoever owns them.
fn walk(
    conn: &mut Conn,
    definitions: Definitions<'_>,
    seq: i64,
    mut with: impl FnMut(EntryRow),
) -> Result<()> {
    // Counted whoever asks: digests tell nothing of what is in them.
    let all = Viewer::operator("年度核对");
    let mut after = 0;
    loop {
        let (next, rows) = as_of::page(conn, &all, definitions, seq, after)?;
        rows.into_iter().for_each(&mut with);
        match next {
            Some(next) => after = next,
            None => return Ok(()),
        }
    }
}

/// The department that a document names, or the one its entry belongs to today.
fn owner(definitions: Definitions<'_>, row: &EntryRow) -> i64 {
    let key = definitions.register.keys.owner.as_deref();
    let document = entry::pick(&row.attributes, |k| Some(k) == key);
    let code = key.and_then(|key| entry::text(&document, key));
    let found = code.and_then(|code| definitions.directory.by_code(code));
    found.map_or(row.department_id, |d| d.id)
}

/// Owners of a register's entries by code.
fn owners(conn: &mut Conn, definitions: Definitions<'_>, seq: i64) -> Result<HashMap<String, i64>> {
    let mut out = HashMap::new();
    walk(conn, definitions, seq, |row| {
        let department = owner(definitions, &row);
        out.insert(row.code, department);
    })?;
    Ok(out)
}

/// The field by which an entry belongs to another one, and who owned those.
type Above<'r> = Option<(&'r str, HashMap<String, i64>)>;

fn above<'r>(
    conn: &mut Conn,
    ground: Ground<'r>,
    definitions: Definitions<'r>,
    seq: i64,
) -> Result<Above<'r>> {
    let keys = &definitions.register.keys;
    let within = keys.within.as_deref().filter(|_| keys.owner.is_none());
    let register = within
        .and_then(|key| definitions.register.field(key))
        .and_then(|f| f.refers_to.as_deref());
    match within.zip(register) {
        Some((key, register)) => {
            let there = owners(conn, ground.definitions(register)?, seq)?;
            Ok(Some((key, there)))
        }
        None => Ok(None),
    }
}

/// Reckons what the departments of a campaign held after a change set.
///
/// # Errors
/// [`crate::error::Error::NotFound`] when a register is not defined any more; when the database fails.
pub(super) fn frozen(
    conn: &mut Conn,
    ground: Ground<'_>,
    (campaign, members): (&Campaign, &Members),
    seq: i64,
) -> Result<Frozen> {
    let mut sums: BTreeMap<i64, (Sm3, Sum)> = BTreeMap::new();
    for head in members.heads() {
        sums.insert(head, (Sm3::new(), Sum::default()));
    }
    for key in campaign.registers() {
        let definitions = ground.definitions(&key)?;
        let above = above(conn, ground, definitions, seq)?;
        walk(conn, definitions, seq, |row| {
            let through = above.as_ref().and_then(|(key, there)| {
                let document = entry::pick(&row.attributes, |k| k == *key);
                let code = entry::text(&document, key)?;
                there.get(code).copied()
            });
            let department = through.unwrap_or_else(|| owner(definitions, &row));
            let head = members.head(department);
            let Some((sm3, sum)) = head.and_then(|h| sums.get_mut(&h)) else {
                return;
            };
            let digest = chain::row_digest(row.id, &row.register, Some(&row.attributes));
            let digest = chain::hex(&digest);
            sm3.update(format!(
                "{}\t{}\t{}\t{digest}\n",
                row.register, row.code, row.revision
            ));
            *sum.counts.entry(row.register).or_default() += 1;
        })?;
    }
    let mut whole = Sm3::new();
    let mut out = Frozen::default();
    for (head, (sm3, mut sum)) in sums {
        sum.digest = chain::hex(&sm3.finalize());
        whole.update(format!("{head}\t{}\t{}\n", sum.total(), sum.digest));
        out.parts.insert(head, sum);
    }
    out.digest = chain::hex(&whole.finalize());
    Ok(out)
}
