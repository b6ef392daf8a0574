//! Stamped scans (盖章扫描件) of a filing, kept with it.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::Serialize;
use sm3::{Digest, Sm3};

use crate::audit;
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::filing_papers as papers;
use crate::error::{Error, Result};
use crate::org::filing;
use crate::org::form::{Form, Need};
use crate::org::lock;

/// The largest scan that is taken.
pub const MOST_BYTES: usize = 10 * 1024 * 1024;
/// How many a filing may have.
const MOST_SCANS: i64 = 5;

/// A scan, without its content.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Serialize, utoipa::ToSchema)]
#[diesel(table_name = papers)]
pub struct Scan {
    /// Identity.
    pub id: i64,
    /// Of which filing.
    pub filing_id: i64,
    /// Name of the file.
    pub name: String,
    /// What it is, by its content.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// SM3 of the content, in hexadecimal.
    pub digest: String,
    /// When it was added, UTC.
    #[serde(serialize_with = "crate::clock::utc::serialize")]
    pub added_at: NaiveDateTime,
    /// By whom.
    pub added_by: String,
}

/// The scans of a filing.
///
/// # Errors
/// [`Error::NotFound`] for a filing the viewer may not see.
pub fn scans(conn: &mut Conn, viewer: &Viewer, filing: i64) -> Result<Vec<Scan>> {
    filing::get(conn, viewer, filing)?;
    Ok(papers::table
        .filter(papers::filing_id.eq(filing))
        .order(papers::id)
        .select(Scan::as_select())
        .load(conn)?)
}

/// One scan with its content.
///
/// # Errors
/// As [`scans`].
pub fn read_scan(
    conn: &mut Conn,
    viewer: &Viewer,
    filing: i64,
    id: i64,
) -> Result<(Scan, Vec<u8>)> {
    filing::get(conn, viewer, filing)?;
    papers::table
        .filter(papers::filing_id.eq(filing))
        .filter(papers::id.eq(id))
        .select((Scan::as_select(), papers::content))
        .first(conn)
        .optional()?
        .ok_or_else(|| Error::NotFound("该附件".to_owned()))
}

/// Adds a scan while the department has the filing in hand.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`], [`Error::Conflict`] once it is submitted; [`Error::Invalid`]
/// for a file that is neither PDF nor image; [`Error::TooLarge`].
pub fn add_scan(
    conn: &mut Conn,
    viewer: &Viewer,
    filing: i64,
    (name, content): (&str, &[u8]),
) -> Result<Scan> {
    conn.transaction(|conn| {
        lock::people(conn)?;
        let row = filing::get(conn, viewer, filing)?;
        viewer.may(Right::ManagePeople, row.department_id)?;
        if !row.state().is_editable() {
            return Err(Error::Conflict(
                "备案已提交，如需补充附件请先撤回".to_owned(),
            ));
        }
        if content.len() > MOST_BYTES {
            return Err(Error::TooLarge("扫描件超过 10 MB，请压缩后再传".to_owned()));
        }
        let mut form = Form::default();
        let name = form.text("file", "文件名", base_name(name), 200, Need::Must);
        let media_type = sniff(content);
        if media_type.is_none() {
            form.problem(
                "file",
                "bad_type",
                "扫描件应为 PDF、JPG 或 PNG 文件",
                "请重新扫描或另存",
            );
        }
        let count: i64 = papers::table
            .filter(papers::filing_id.eq(filing))
            .count()
            .get_result(conn)?;
        if count >= MOST_SCANS {
            form.problem(
                "file",
                "too_many",
                "每份备案最多 5 个附件",
                "请合并成一个 PDF",
            );
        }
        form.done()?;
        let digest: [u8; 32] = Sm3::digest(content).into();
        let digest: String = digest.iter().map(|b| format!("{b:02x}")).collect();
        let last: Option<i64> = papers::table
            .select(diesel::dsl::max(papers::id))
            .first(conn)?;
        let scan = Scan {
            id: last.unwrap_or(0) + 1,
            filing_id: filing,
            name,
            media_type: media_type.unwrap_or_default().to_owned(),
            size: i64::try_from(content.len()).unwrap_or(i64::MAX),
            digest,
            added_at: clock::now(),
            added_by: viewer.name().to_owned(),
        };
        diesel::insert_into(papers::table)
            .values((
                papers::id.eq(scan.id),
                papers::filing_id.eq(scan.filing_id),
                papers::name.eq(&scan.name),
                papers::media_type.eq(&scan.media_type),
                papers::size.eq(scan.size),
                papers::digest.eq(&scan.digest),
                papers::content.eq(content),
                papers::added_at.eq(scan.added_at),
                papers::added_by.eq(&scan.added_by),
            ))
            .execute(conn)?;
        let line = audit::Event::done("add_scan", &format!("{} 附件 {}", row.number(), scan.name))
            .of(Some(row.department_id))
            .with(
                serde_json::json!({ "filing": filing, "digest": scan.digest, "size": scan.size }),
            );
        audit::record(conn, viewer, &line)?;
        Ok(scan)
    })
}

/// The last part of a path, whichever way it leans.
fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// What a file is, by its first bytes; nothing that a browser would run.
fn sniff(content: &[u8]) -> Option<&'static str> {
    if content.starts_with(b"%PDF-") {
        Some("application/pdf")
    } else if content.starts_with(&[0xff, 0xd8, 0xff]) {
        Some("image/jpeg")
    } else if content.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else {
        None
    }
}
