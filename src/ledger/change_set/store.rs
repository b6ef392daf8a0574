//! Writing a batch of changes: row by row on `SQLite`, by `COPY` on `PostgreSQL`.
//!
//! Measured on 100,000 rows: a prepared statement a row is the fastest that `SQLite` offers, and ten
//! times slower than `COPY` on `PostgreSQL`.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use crate::db::connection::Conn;
use crate::db::schema::{entries, relations, revisions};
use crate::error::{Error, Result};
use crate::ledger::change::{Change, Edges, Op};
use crate::ledger::entry::EntryRow;

diesel::table! {
    /// The full-text table of `SQLite`.
    #[sql_name = "entry_words"]
    words_sqlite (rowid) {
        rowid -> BigInt,
        words -> Text,
    }
}

diesel::table! {
    /// The table with a text-search vector on `PostgreSQL`, whose words are given as its text form.
    #[sql_name = "entry_words"]
    words_postgres (entry_id) {
        entry_id -> BigInt,
        words -> Text,
    }
}

#[derive(Insertable)]
#[diesel(table_name = revisions, treat_none_as_default_value = false)]
struct RevisionRow<'c> {
    seq: i64,
    ordinal: i64,
    entry_id: i64,
    revision: i32,
    op: &'c str,
    before: Option<&'c str>,
    digest: &'c [u8],
}

#[derive(Insertable)]
#[diesel(table_name = relations, treat_none_as_default_value = false)]
struct RelationRow<'c> {
    from_id: i64,
    field: &'c str,
    to_id: i64,
    since_seq: i64,
    until_seq: Option<i64>,
}

/// Writes one batch; `first` is the ordinal of its first change in the change set.
pub(super) fn write(conn: &mut Conn, seq: i64, first: i64, batch: &[Change]) -> Result<()> {
    let ordinals = first..;
    let history: Vec<RevisionRow<'_>> = ordinals
        .zip(batch)
        .map(|(n, c)| revision(seq, n, c))
        .collect();
    let fresh = |c: &&Change| c.op == Op::Create && c.row.revision == 1;
    let made: Vec<&Change> = batch.iter().filter(fresh).collect();
    match conn {
        Conn::Sqlite(c) => create_sqlite(c, seq, &made, &history)?,
        Conn::Postgres(c) => create_postgres(c, seq, &made, &history)?,
    }
    for change in batch.iter().filter(|c| !fresh(c)) {
        amend(conn, seq, change)?;
    }
    Ok(())
}

fn revision(seq: i64, ordinal: i64, change: &Change) -> RevisionRow<'_> {
    RevisionRow {
        seq,
        ordinal,
        entry_id: change.row.id,
        revision: change.row.revision,
        op: change.op.word(),
        before: change.before.as_deref(),
        digest: &change.digest,
    }
}

fn relation(seq: i64, from: i64, field: &str, to: i64) -> RelationRow<'_> {
    RelationRow {
        from_id: from,
        field,
        to_id: to,
        since_seq: seq,
        until_seq: None,
    }
}

fn edges<'c>(seq: i64, made: &[&'c Change]) -> Vec<RelationRow<'c>> {
    let of = |c: &'c Change| {
        c.edges.iter().flat_map(move |e| {
            e.to.iter()
                .map(move |to| relation(seq, c.row.id, &e.field, *to))
        })
    };
    made.iter().copied().flat_map(of).collect()
}

fn create_sqlite(
    c: &mut SqliteConnection,
    seq: i64,
    made: &[&Change],
    history: &[RevisionRow<'_>],
) -> Result<()> {
    for change in made {
        diesel::insert_into(entries::table)
            .values(&change.row)
            .execute(c)?;
    }
    for row in history {
        diesel::insert_into(revisions::table)
            .values(row)
            .execute(c)?;
    }
    for change in made {
        add_words_sqlite(c, change.row.id, words(change))?;
    }
    for row in edges(seq, made) {
        diesel::insert_into(relations::table)
            .values(row)
            .execute(c)?;
    }
    Ok(())
}

fn create_postgres(
    c: &mut PgConnection,
    seq: i64,
    made: &[&Change],
    history: &[RevisionRow<'_>],
) -> Result<()> {
    if !made.is_empty() {
        let rows: Vec<EntryRow> = made.iter().map(|m| m.row.clone()).collect();
        diesel::copy_from(entries::table)
            .from_insertable(&rows)
            .execute(c)?;
        let all: Vec<(i64, &str)> = made.iter().map(|m| (m.row.id, words(m))).collect();
        add_words_postgres(c, &all)?;
    }
    diesel::copy_from(revisions::table)
        .from_insertable(history)
        .execute(c)?;
    let edges = edges(seq, made);
    if !edges.is_empty() {
        diesel::copy_from(relations::table)
            .from_insertable(&edges)
            .execute(c)?;
    }
    Ok(())
}

fn words(change: &Change) -> &str {
    change.words.as_deref().unwrap_or_default()
}

fn add_words_sqlite(c: &mut SqliteConnection, id: i64, words: &str) -> Result<()> {
    if !words.is_empty() {
        diesel::insert_into(words_sqlite::table)
            .values((words_sqlite::rowid.eq(id), words_sqlite::words.eq(words)))
            .execute(c)?;
    }
    Ok(())
}

fn add_words_postgres(c: &mut PgConnection, made: &[(i64, &str)]) -> Result<()> {
    diesel::copy_from(words_postgres::table)
        .from_raw_data(
            (words_postgres::entry_id, words_postgres::words),
            |out| -> diesel::QueryResult<()> {
                for (id, words) in made {
                    writeln!(out, "{id}\t{}", vector(words))
                        .map_err(|e| diesel::result::Error::SerializationError(Box::new(e)))?;
                }
                Ok(())
            },
        )
        .execute(c)?;
    Ok(())
}

/// Words as a text-search vector spells them. They hold letters and digits only, so nothing needs escaping
/// but the quotes that keep the vector's parser from looking inside.
fn vector(words: &str) -> String {
    words
        .split(' ')
        .filter(|w| !w.is_empty())
        .map(|w| format!("'{w}'"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Writes a change of an entry that exists already.
fn amend(conn: &mut Conn, seq: i64, change: &Change) -> Result<()> {
    let row = &change.row;
    let moved = diesel::update(entries::table.find(row.id))
        .filter(entries::revision.eq(row.revision - 1))
        .set((
            entries::code.eq(&row.code),
            entries::name.eq(&row.name),
            entries::name_key.eq(&row.name_key),
            entries::department_id.eq(row.department_id),
            entries::within_id.eq(row.within_id),
            entries::region.eq(&row.region),
            entries::stage.eq(&row.stage),
            entries::amount.eq(row.amount),
            entries::year.eq(row.year),
            entries::completeness.eq(row.completeness),
            entries::published.eq(row.published),
            entries::present.eq(row.present),
            entries::revision.eq(row.revision),
            entries::changed_seq.eq(row.changed_seq),
            entries::attributes.eq(&row.attributes),
        ))
        .execute(conn)?;
    if moved != 1 {
        return Err(Error::Conflict(format!(
            "条目“{}”在此期间已被他人修改，请重新核对后再试",
            row.code
        )));
    }
    // What belongs to an entry is where that entry is: its department is derived, not a change of its own.
    diesel::update(entries::table)
        .filter(entries::within_id.eq(row.id))
        .filter(entries::department_id.ne(row.department_id))
        .set(entries::department_id.eq(row.department_id))
        .execute(conn)?;
    if change.words.is_some() {
        replace_words(conn, change)?;
    }
    if change.op == Op::Remove {
        end_edges(conn, seq, row.id, None, &[])?;
    }
    for edges in &change.edges {
        replace_edges(conn, seq, row.id, edges)?;
    }
    Ok(())
}

fn replace_words(conn: &mut Conn, change: &Change) -> Result<()> {
    rewrite_words(
        conn,
        change.row.id,
        change.words.as_deref().unwrap_or_default(),
    )
}

/// Puts other words in the place of an entry's words.
pub(in crate::ledger) fn rewrite_words(conn: &mut Conn, id: i64, words: &str) -> Result<()> {
    match conn {
        Conn::Sqlite(c) => {
            diesel::delete(words_sqlite::table.find(id)).execute(c)?;
            add_words_sqlite(c, id, words)
        }
        Conn::Postgres(c) => {
            diesel::delete(words_postgres::table.find(id)).execute(c)?;
            add_words_postgres(c, &[(id, words)])
        }
    }
}

/// Ends an entry's live edges but those to keep, of one field or of all.
fn end_edges(
    conn: &mut Conn,
    seq: i64,
    from: i64,
    field: Option<&str>,
    keep: &[i64],
) -> Result<()> {
    let any = field.is_none().into_sql::<diesel::sql_types::Bool>();
    diesel::update(relations::table)
        .filter(relations::from_id.eq(from))
        .filter(any.or(relations::field.eq(field.unwrap_or_default().to_owned())))
        .filter(relations::until_seq.is_null())
        .filter(diesel::dsl::not(relations::to_id.eq_any(keep.to_vec())))
        .set(relations::until_seq.eq(seq))
        .execute(conn)?;
    Ok(())
}

/// Ends the edges that are gone and begins the new ones.
fn replace_edges(conn: &mut Conn, seq: i64, from: i64, edges: &Edges) -> Result<()> {
    end_edges(conn, seq, from, Some(&edges.field), &edges.to)?;
    let live = relations::table
        .filter(relations::from_id.eq(from))
        .filter(relations::field.eq(&edges.field))
        .filter(relations::until_seq.is_null())
        .select(relations::to_id)
        .load::<i64>(conn)?;
    for to in edges.to.iter().filter(|to| !live.contains(to)) {
        diesel::insert_into(relations::table)
            .values(relation(seq, from, &edges.field, *to))
            .execute(conn)?;
    }
    Ok(())
}
