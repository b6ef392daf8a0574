//! When a department ends: its entries and accounts go with it, in the same transaction.

use diesel::prelude::*;

use crate::audit;
use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::{account_grants, accounts, entries};
use crate::db::scope::visible;
use crate::error::{Error, Result};
use crate::issue::heir;
use crate::ledger::change::Change;
use crate::ledger::change_set::{self, ChangeSet, Purpose, Verdict};
use crate::ledger::entry::{EntryRow, Place};
use crate::org::change::{self, Ended, Seen};
use crate::org::directory::Department;
use crate::org::event::When;
use crate::register::catalogue::Catalogue;
use crate::register::value::Value;
use crate::sharing::request;

/// How many entries are read at once.
const PAGE: i64 = 1_000;

/// What a merger moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The department's own part.
    pub ended: Ended,
    /// Entries that belong to the other department since.
    pub entries: usize,
    /// Accounts that belong there since.
    pub accounts: usize,
    /// The change set that moved the entries.
    pub change_set: Option<i64>,
}

/// Merges a department into another one with everything it owns.
///
/// # Errors
/// As [`change::merge`]; the ledger is untouched then.
pub fn merge(
    conn: &mut Conn,
    viewer: &Viewer,
    catalogue: &Catalogue,
    seen: Seen,
    into: i64,
    when: &When,
) -> Result<Moved> {
    viewer.may_anywhere(Right::ManageOrganisation)?;
    let purpose = Purpose {
        source: "merge",
        reason: format!("机构合并: {}", when.reason),
        valid_on: when.from.map(|day| day.to_string()),
        import_id: None,
        undoes: None,
    };
    // Whoever merges departments writes no entries otherwise: the merger itself is what gives the right.
    let mover = Viewer::operator(viewer.name());
    let (change_set, (ended, entries, accounts)) =
        change_set::write(conn, &mover, purpose, |set| {
            let ended = change::merge(set.conn(), viewer, seen, into, when)?;
            let heir = change::one(set.conn(), into)?;
            let entries = move_entries(set, &mover, catalogue, seen.id, &heir)?;
            let accounts = move_accounts(set.conn(), seen.id, into)?;
            let issues = heir::carry(set.conn(), viewer, seen.id, into)?;
            let requests = request::heir::carry(set.conn(), viewer, seen.id, into)?;
            let line = audit::Event::done(
                "merge_department",
                &format!("{} 并入 {}", ended.department.name, heir.name),
            )
            .of(Some(into))
            .with(serde_json::json!({
                "from": ended.department.code, "into": heir.code, "entries": entries,
                "accounts": accounts, "issues": issues, "requests": requests, "units": ended.units,
                "people": ended.people,
            }));
            audit::record(set.conn(), viewer, &line)?;
            Ok(Verdict::Commit((ended, entries, accounts)))
        })?;
    Ok(Moved {
        ended,
        entries,
        accounts,
        change_set,
    })
}

/// Abolishes a department that owns nothing any more.
///
/// # Errors
/// As [`change::abolish`]; [`Error::Conflict`] while it owns entries.
pub fn abolish(conn: &mut Conn, viewer: &Viewer, seen: Seen, when: &When) -> Result<Ended> {
    viewer.may_anywhere(Right::ManageOrganisation)?;
    conn.transaction(|conn| {
        let ended = change::abolish(conn, viewer, seen, when)?;
        // Counted whoever asks: what the viewer may not see must not be orphaned either.
        let owned: i64 = visible(&Viewer::operator(viewer.name()))
            .filter(entries::department_id.eq(seen.id))
            .filter(entries::present.eq(true))
            .count()
            .get_result(conn)?;
        if owned > 0 {
            return Err(Error::Conflict(format!(
                "“{}”名下还有 {owned} 个条目，请改为并入接收它们的单位",
                ended.department.name
            )));
        }
        let open = heir::open_of(conn, seen.id)?;
        if open > 0 {
            return Err(Error::Conflict(format!(
                "“{}”还有 {open} 个未办结的难点问题，请先办结或改为并入接收单位",
                ended.department.name
            )));
        }
        let open = request::heir::open_of(conn, seen.id)?;
        if open > 0 {
            return Err(Error::Conflict(format!(
                "“{}”还有 {open} 件未办结的共享申请，请先办结或改为并入接收单位",
                ended.department.name
            )));
        }
        Ok(ended)
    })
}

fn move_entries(
    set: &mut ChangeSet<'_>,
    mover: &Viewer,
    catalogue: &Catalogue,
    from: i64,
    heir: &Department,
) -> Result<usize> {
    let mut done = 0;
    let mut after = 0;
    loop {
        let rows: Vec<EntryRow> = visible(mover)
            .filter(
                entries::department_id
                    .eq(from)
                    .nullable()
                    .or(entries::party_id.eq(from)),
            )
            .filter(entries::present.eq(true))
            .filter(entries::id.gt(after))
            .order(entries::id)
            .limit(PAGE)
            .select(EntryRow::as_select())
            .load(set.conn())?;
        let Some(last) = rows.last() else {
            return Ok(done);
        };
        after = last.id;
        for row in &rows {
            let Some(register) = catalogue.register(&row.register) else {
                return Err(Error::Conflict(format!(
                    "条目“{}”属于未载入的登记簿“{}”，不能划转",
                    row.code, row.register
                )));
            };
            let mut document = row.document();
            // What belongs to another entry names no owner of its own.
            let owned = row.department_id == from;
            let other = row.party_id == Some(from);
            let keys = [
                register.keys.owner.as_ref().filter(|_| owned),
                register.keys.party.as_ref().filter(|_| other),
            ];
            for key in keys.into_iter().flatten() {
                document.insert(key.clone(), Value::Text(heir.code.clone()));
            }
            let place = Place {
                department_id: if owned { heir.id } else { row.department_id },
                party_id: if other { Some(heir.id) } else { row.party_id },
                within_id: row.within_id,
            };
            let new = EntryRow::derive(catalogue, register, row.id, place, &document);
            set.add(Change::amend(register, row, new, Vec::new()))?;
            done += 1;
        }
    }
}

/// Accounts follow their department; the roles they hold in it reach as far in the other one.
fn move_accounts(conn: &mut Conn, from: i64, into: i64) -> Result<usize> {
    diesel::update(
        account_grants::table
            .filter(account_grants::department_id.eq(from))
            .filter(account_grants::ended_at.is_null()),
    )
    .set(account_grants::department_id.eq(into))
    .execute(conn)?;
    Ok(
        diesel::update(accounts::table.filter(accounts::department_id.eq(from)))
            .set((
                accounts::department_id.eq(into),
                accounts::version.eq(accounts::version + 1),
            ))
            .execute(conn)?,
    )
}
