//! The one door: a change set is opened, filled and committed as a whole.

use diesel::prelude::*;

use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{change_sets, ledger_head};
use crate::error::{Error, Result};
use crate::ledger::chain::{Header, Rows};
use crate::ledger::change::{Change, Op};

mod store;

pub(super) use store::rewrite_words;

/// How many changes are written together.
const BATCH: usize = 1_000;

/// Why a change set is made.
#[derive(Clone, Debug)]
pub struct Purpose {
    /// What kind of act: `import`, `undo`, …
    pub source: &'static str,
    /// Why, in the author's words.
    pub reason: String,
    /// From which day it is true, where the author says so.
    pub valid_on: Option<String>,
    /// The import it comes from.
    pub import_id: Option<i64>,
    /// The change set it takes back.
    pub undoes: Option<i64>,
}

/// What to do with everything written so far.
pub enum Verdict<T> {
    /// Keep it.
    Commit(T),
    /// Leave the ledger untouched.
    Rollback(T),
}

/// A change set being filled. It holds the ledger's write lock.
pub struct ChangeSet<'c> {
    conn: &'c mut Conn,
    scope: Viewer,
    header: Header,
    prev: Vec<u8>,
    next_entry: i64,
    rows: Rows,
    batch: Vec<Change>,
}

/// The first entry id that is free at the moment: for previews, which take no lock.
///
/// # Errors
/// When the database fails.
pub fn next_entry(conn: &mut Conn) -> Result<i64> {
    Ok(ledger_head::table
        .select(ledger_head::next_entry)
        .first(conn)?)
}

/// Opens a change set, lets `fill` write, and commits all of it or nothing.
///
/// The first statement updates the ledger head: it takes the write lock on both databases before
/// anything is read, so nothing that `fill` reads can move. A change set without changes is not recorded.
/// Returns the number of the change set, if there is one.
///
/// # Errors
/// Whatever `fill` or the database says; the ledger is untouched then.
pub fn write<T>(
    conn: &mut Conn,
    viewer: &Viewer,
    purpose: Purpose,
    fill: impl FnOnce(&mut ChangeSet<'_>) -> Result<Verdict<T>>,
) -> Result<(Option<i64>, T)> {
    let mut rolled_back = None;
    let mut failure = None;
    let done = conn.transaction::<_, diesel::result::Error, _>(|conn| {
        let inner = || -> Result<Verdict<(Option<i64>, T)>> {
            let mut set = ChangeSet::begin(conn, viewer, purpose)?;
            match fill(&mut set)? {
                Verdict::Commit(value) => Ok(Verdict::Commit((set.finish()?, value))),
                Verdict::Rollback(value) => Ok(Verdict::Rollback((None, value))),
            }
        };
        match inner() {
            Ok(Verdict::Commit(done)) => Ok(done),
            Ok(Verdict::Rollback(done)) => {
                rolled_back = Some(done);
                Err(diesel::result::Error::RollbackTransaction)
            }
            Err(error) => {
                failure = Some(error);
                Err(diesel::result::Error::RollbackTransaction)
            }
        }
    });
    match (done, rolled_back, failure) {
        (Ok(done), _, _) | (_, Some(done), _) => Ok(done),
        (_, _, Some(failure)) => Err(failure),
        (Err(error), _, _) => Err(error.into()),
    }
}

impl<'c> ChangeSet<'c> {
    fn begin(conn: &'c mut Conn, viewer: &Viewer, purpose: Purpose) -> Result<Self> {
        diesel::update(ledger_head::table.find(1))
            .set(ledger_head::writes.eq(ledger_head::writes + 1))
            .execute(conn)?;
        let (seq, prev, next_entry) = ledger_head::table
            .select((ledger_head::seq, ledger_head::hash, ledger_head::next_entry))
            .first::<(i64, Vec<u8>, i64)>(conn)?;
        Ok(Self {
            conn,
            scope: viewer.clone(),
            header: Header {
                seq: seq + 1,
                at: clock::now(),
                actor: viewer.name().to_owned(),
                source: purpose.source.to_owned(),
                reason: purpose.reason,
                valid_on: purpose.valid_on,
                import_id: purpose.import_id,
                undoes: purpose.undoes,
                entries: 0,
                digest: Vec::new(),
            },
            prev,
            next_entry,
            rows: Rows::default(),
            batch: Vec::with_capacity(BATCH),
        })
    }

    /// The number this change set will have.
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.header.seq
    }

    /// The first entry id that is free; whoever creates entries counts on from here.
    #[must_use]
    pub fn next_entry(&self) -> i64 {
        self.next_entry
    }

    /// Notes the import that this change set belongs to; its number is known only under the lock.
    pub fn belongs_to_import(&mut self, import: i64) {
        self.header.import_id = Some(import);
    }

    /// The import that this change set belongs to.
    #[must_use]
    pub fn import(&self) -> Option<i64> {
        self.header.import_id
    }

    /// Whether anything has been added.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.header.entries > 0 || !self.batch.is_empty()
    }

    /// The connection that holds the lock, for reads and for records beside the ledger.
    pub fn conn(&mut self) -> &mut Conn {
        self.conn
    }

    /// Adds one prepared change.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the entry moved since it was prepared; [`Error::NotFound`] outside the reach.
    pub fn add(&mut self, change: Change) -> Result<()> {
        if !self.scope.can(Right::Write, &change.row) {
            return Err(Error::NotFound(format!("条目“{}”", change.row.code)));
        }
        self.add_judged(change)
    }

    /// Adds one prepared change of a decision or a stage act: who may do that has been judged by its own rule,
    /// which may reach further than writing does (a superior bureau decides for a bureau below).
    ///
    /// # Errors
    /// [`Error::Conflict`] when the entry moved since it was prepared.
    pub(super) fn add_judged(&mut self, mut change: Change) -> Result<()> {
        let row = &mut change.row;
        row.changed_seq = self.header.seq;
        if change.op == Op::Create && row.revision == 1 {
            row.created_seq = self.header.seq;
            self.next_entry = self.next_entry.max(row.id + 1);
        }
        self.rows
            .add(row.id, row.revision, change.op.word(), &change.digest);
        self.batch.push(change);
        if self.batch.len() >= BATCH {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what was added so far, so that records beside the ledger can name it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn settle(&mut self) -> Result<()> {
        self.flush()
    }

    /// Writes what was added so far, so that what follows in the change set can read it.
    pub(super) fn flush(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        store::write(self.conn, self.header.seq, self.header.entries, &batch)?;
        self.header.entries += i64::try_from(batch.len()).unwrap_or(0);
        Ok(())
    }

    fn finish(mut self) -> Result<Option<i64>> {
        self.flush()?;
        if self.header.entries == 0 {
            return Ok(None);
        }
        self.header.digest = self.rows.finish().to_vec();
        let hash = self.header.hash(&self.prev).to_vec();
        let h = &self.header;
        diesel::insert_into(change_sets::table)
            .values((
                change_sets::seq.eq(h.seq),
                change_sets::at.eq(h.at),
                change_sets::actor.eq(&h.actor),
                change_sets::source.eq(&h.source),
                change_sets::reason.eq(&h.reason),
                change_sets::valid_on.eq(&h.valid_on),
                change_sets::import_id.eq(h.import_id),
                change_sets::undoes.eq(h.undoes),
                change_sets::entries.eq(h.entries),
                change_sets::digest.eq(&h.digest),
                change_sets::prev.eq(&self.prev),
                change_sets::hash.eq(&hash),
            ))
            .execute(self.conn)?;
        diesel::update(ledger_head::table.find(1))
            .set((
                ledger_head::seq.eq(h.seq),
                ledger_head::hash.eq(&hash),
                ledger_head::next_entry.eq(self.next_entry),
            ))
            .execute(self.conn)?;
        Ok(Some(h.seq))
    }
}
