//! Files that belong to entries: what they are is decided by content, where they lie by their digest.
//!
//! Nothing of a file's own name reaches the file system, and nothing in it is opened or unpacked here.

mod kind;

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;
use diesel::prelude::*;
use sm3::{Digest, Sm3};

use crate::audit::{self, Event};
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::attachments;
use crate::error::{Doing, Error, Problem, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::entry::EntryRow;
use crate::ledger::facts;

pub use kind::{Media, clean_name};

/// The list of what an attachment can be.
pub const KINDS: &str = "attachment_kind";

/// The largest attachment, unless a setting says otherwise: 32 MiB.
pub const LIMIT: u64 = 32 * 1024 * 1024;

/// How many one entry may have.
const MOST: i64 = 200;

/// A file of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = attachments, treat_none_as_default_value = false)]
pub struct Attachment {
    /// Identity.
    pub id: i64,
    /// The entry.
    pub entry_id: i64,
    /// What it is: a code of the list [`KINDS`].
    pub kind: String,
    /// Its name, cleaned.
    pub file_name: String,
    /// Media type, by content.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// SM3 of the bytes, in hexadecimal; also where they lie.
    pub digest: String,
    /// Account that added it.
    pub account_id: Option<i64>,
    /// Who added it.
    pub actor: String,
    /// When, UTC.
    pub at: NaiveDateTime,
    /// When it was taken away, UTC.
    pub removed_at: Option<NaiveDateTime>,
    /// Who took it away.
    pub removed_by: Option<String>,
}

/// A file that has arrived and is to be kept.
#[derive(Clone, Debug)]
pub struct Arrived<'a> {
    /// Where the bytes lie now; moved away or left to whoever made it.
    pub file: &'a Path,
    /// The name it came under.
    pub name: &'a str,
    /// A code of the list [`KINDS`].
    pub kind: &'a str,
    /// The most bytes it may have.
    pub limit: u64,
}

/// Where attachments lie in the data folder.
#[must_use]
pub fn folder(data: &Path) -> PathBuf {
    data.join("attachments")
}

/// Where the bytes of a digest lie.
#[must_use]
pub fn place(data: &Path, digest: &str) -> PathBuf {
    let first: String = digest.chars().take(2).collect();
    folder(data).join(first).join(digest)
}

/// The entry, which the viewer sees in full.
fn owner(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    code: &str,
) -> Result<EntryRow> {
    let row = facts::row(conn, viewer, definitions.register, code)?;
    viewer.may(Right::SeeOwn, &row)?;
    Ok(row)
}

/// The files of an entry, the newest first.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] by what the viewer sees of the entry; when the database fails.
pub fn of_entry(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    code: &str,
) -> Result<Vec<Attachment>> {
    let row = owner(conn, viewer, definitions, code)?;
    of_row(conn, &row)
}

/// One file of an entry, to be sent; the sending is written down.
///
/// # Errors
/// As [`of_entry`]; [`Error::NotFound`] when there is no such file.
pub fn fetch(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    code: &str,
    id: i64,
) -> Result<Attachment> {
    let row = owner(conn, viewer, definitions, code)?;
    hand_out(conn, viewer, &row, id)
}

/// One file of an entry that the viewer sees by another door, such as an assignment; the caller has judged that.
///
/// # Errors
/// [`Error::NotFound`] when there is no such file; when the database fails.
pub fn hand_out(conn: &mut Conn, viewer: &Viewer, row: &EntryRow, id: i64) -> Result<Attachment> {
    conn.transaction(|conn| {
        let object = format!("“{}”的附件 {id}", row.code);
        let event = Event::done("download_attachment", &object).of(Some(row.department_id));
        audit::record(conn, viewer, &event)?;
        found(conn, row, id)
    })
}

/// The files of an entry that the viewer sees by another door, the newest first; the caller has judged that.
///
/// # Errors
/// When the database fails.
pub fn of_row(conn: &mut Conn, row: &EntryRow) -> Result<Vec<Attachment>> {
    Ok(attachments::table
        .filter(attachments::entry_id.eq(row.id))
        .filter(attachments::removed_at.is_null())
        .order(attachments::id.desc())
        .select(Attachment::as_select())
        .load(conn)?)
}

fn found(conn: &mut Conn, row: &EntryRow, id: i64) -> Result<Attachment> {
    let found: Option<Attachment> = attachments::table
        .find(id)
        .filter(attachments::entry_id.eq(row.id))
        .filter(attachments::removed_at.is_null())
        .select(Attachment::as_select())
        .first(conn)
        .optional()?;
    found.ok_or_else(|| Error::NotFound(format!("“{}”的附件 {id}", row.code)))
}

/// Keeps a file with an entry.
///
/// # Errors
/// [`Error::Invalid`] for a kind, a type or a size that cannot be taken; [`Error::NotFound`],
/// [`Error::Refused`] by the viewer's rights; when the file or the database fails.
pub fn attach(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    data: &Path,
    code: &str,
    arrived: &Arrived<'_>,
) -> Result<Attachment> {
    let row = owner(conn, viewer, definitions, code)?;
    viewer.may(Right::Write, &row)?;
    if !row.present {
        return Err(facts::nowhere(definitions.register, code));
    }
    let mut problems = Vec::new();
    let kinds = definitions.catalogue.list(KINDS);
    if kinds.and_then(|list| list.item(arrived.kind)).is_none() {
        let known: Vec<&str> = kinds
            .map(|list| list.items.iter().map(|i| i.label.as_str()).collect())
            .unwrap_or_default();
        let hint = format!("可选: {}", known.join("、"));
        problems.push(Problem::new(
            "kind",
            "unknown_value",
            "请选择附件类别。",
            &hint,
        ));
    }
    let name = clean_name(arrived.name);
    let looked = kind::look(arrived.file, arrived.limit)?;
    let media = match looked {
        Ok(media) => Some(media),
        Err(problem) => {
            problems.push(problem);
            None
        }
    };
    let (Some(media), true) = (media, problems.is_empty()) else {
        return Err(Error::Invalid(problems));
    };
    let (digest, size) = store(data, arrived.file)?;
    conn.transaction(|conn| {
        let object = format!("“{}”的附件“{name}”", row.code);
        let detail = serde_json::json!({ "digest": digest, "size": size, "kind": arrived.kind });
        let event = Event::done("add_attachment", &object).of(Some(row.department_id));
        audit::record(conn, viewer, &event.with(detail))?;
        let held: i64 = attachments::table
            .filter(attachments::entry_id.eq(row.id))
            .filter(attachments::removed_at.is_null())
            .count()
            .get_result(conn)?;
        if held >= MOST {
            return Err(Error::Conflict(format!("一个条目最多 {MOST} 个附件")));
        }
        let last: Option<i64> = attachments::table
            .select(diesel::dsl::max(attachments::id))
            .first(conn)?;
        let kept = Attachment {
            id: last.unwrap_or(0) + 1,
            entry_id: row.id,
            kind: arrived.kind.to_owned(),
            file_name: media.named(&name),
            media_type: media.media_type().to_owned(),
            size: i64::try_from(size).unwrap_or(i64::MAX),
            digest: digest.clone(),
            account_id: viewer.account(),
            actor: viewer.name().to_owned(),
            at: clock::now(),
            removed_at: None,
            removed_by: None,
        };
        diesel::insert_into(attachments::table)
            .values(&kept)
            .execute(conn)?;
        Ok(kept)
    })
}

/// Takes a file away from an entry. Its bytes and its line stay: what was filed once can be shown again.
///
/// # Errors
/// As [`fetch`]; [`Error::Refused`] without the right to write.
pub fn detach(
    conn: &mut Conn,
    viewer: &Viewer,
    definitions: Definitions<'_>,
    code: &str,
    id: i64,
) -> Result<()> {
    let row = owner(conn, viewer, definitions, code)?;
    viewer.may(Right::Write, &row)?;
    conn.transaction(|conn| {
        let object = format!("“{}”的附件 {id}", row.code);
        let event = Event::done("remove_attachment", &object).of(Some(row.department_id));
        audit::record(conn, viewer, &event)?;
        found(conn, &row, id)?;
        diesel::update(attachments::table.find(id))
            .set((
                attachments::removed_at.eq(clock::now()),
                attachments::removed_by.eq(viewer.name()),
            ))
            .execute(conn)?;
        Ok(())
    })
}

/// A file that lies where its digest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Laid {
    /// Its name, cleaned, with an extension that tells the truth.
    pub file_name: String,
    /// Media type, by content.
    pub media_type: &'static str,
    /// Bytes.
    pub size: u64,
    /// SM3 of the bytes, in hexadecimal.
    pub digest: String,
}

/// Keeps the bytes of a file of the same types that belongs to something other than an entry; who it belongs to and who
/// may have it is the caller's. The kind is not looked at.
///
/// # Errors
/// [`Error::Invalid`] for a type or a size that cannot be taken; when the file fails.
pub fn lay(data: &Path, arrived: &Arrived<'_>) -> Result<Laid> {
    let media = kind::look(arrived.file, arrived.limit)?;
    let media = media.map_err(|problem| Error::Invalid(vec![problem]))?;
    let (digest, size) = store(data, arrived.file)?;
    Ok(Laid {
        file_name: media.named(&clean_name(arrived.name)),
        media_type: media.media_type(),
        size,
        digest,
    })
}

/// Copies the bytes to where their digest says, whole or not at all; returns digest and size.
fn store(data: &Path, file: &Path) -> Result<(String, u64)> {
    let folder = folder(data);
    std::fs::create_dir_all(&folder).doing("建立附件目录")?;
    let mut from = File::open(file).doing("读取附件")?;
    let mut to = tempfile::NamedTempFile::new_in(&folder).doing("保存附件")?;
    let mut sm3 = Sm3::new();
    let mut size = 0_u64;
    let mut buffer = vec![0_u8; 1 << 16];
    loop {
        let read = from.read(&mut buffer).doing("读取附件")?;
        let Some(part) = buffer.get(..read).filter(|p| !p.is_empty()) else {
            break;
        };
        sm3.update(part);
        to.write_all(part).doing("保存附件")?;
        size += u64::try_from(read).unwrap_or(0);
    }
    let digest: String = sm3.finalize().iter().map(|b| format!("{b:02x}")).collect();
    let place = place(data, &digest);
    if let Some(parent) = place.parent() {
        std::fs::create_dir_all(parent).doing("建立附件目录")?;
    }
    to.as_file().sync_all().doing("保存附件")?;
    to.persist(&place).doing("保存附件")?;
    Ok((digest, size))
}
