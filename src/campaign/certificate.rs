//! The certificate of a department: what it declared and what was frozen, printed with room for the seal, and
//! answered for later by its check code.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::Answer;
use super::board::{Line, Standing};
use super::freeze::Sum;
use super::{Campaign, Part, get, nowhere, part, sees};
use crate::auth::Viewer;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{campaign_departments, campaigns};
use crate::error::{Error, Result};
use crate::org::directory::Directory;
use crate::review::paper;

/// What is frozen of a department, and says its certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CampaignCertificate)]
pub struct Certificate {
    /// What the campaign is called.
    pub title: String,
    /// The year it is about.
    pub year: i32,
    /// The bureau.
    pub bureau: String,
    /// The department.
    pub department: String,
    /// Its code.
    pub department_code: String,
    /// Entries by register.
    pub registers: BTreeMap<String, i64>,
    /// Entries by answer.
    pub answers: BTreeMap<String, usize>,
    /// How far it was.
    pub standing: Standing,
    /// Entries that had changed after they were answered for.
    pub changed: usize,
    /// Questions that the bureau had not settled.
    pub questions: usize,
    /// Entries taken out of the ledger during the campaign.
    pub removed: usize,
    /// It declared that it has nothing.
    pub none: bool,
    /// Who handed in.
    pub submitted_by: String,
    /// When, China time.
    pub submitted_at: String,
    /// The day of the closing.
    pub closed_on: String,
    /// The last change set that counts.
    pub seq: i64,
    /// The chain's hash there.
    pub head: String,
    /// SM3 of the department's entries.
    pub digest: String,
    /// SM3 over all departments.
    pub whole: String,
}

impl Certificate {
    /// Puts it together from what was just frozen.
    pub(super) fn of(directory: &Directory, closed: &Campaign, line: &Line, sum: &Sum) -> Self {
        let bureau = directory.get(closed.bureau_id);
        let day = |at: Option<NaiveDateTime>| at.map(|at| clock::day_of(at).to_string());
        Self {
            title: closed.title.clone(),
            year: closed.year,
            bureau: bureau.map(|d| d.name.clone()).unwrap_or_default(),
            department: line.name.clone(),
            department_code: line.code.clone(),
            registers: sum.counts.clone(),
            answers: Answer::ALL
                .into_iter()
                .map(|a| (a.word().to_owned(), line.count(a)))
                .collect(),
            standing: line.standing,
            changed: line.changed,
            questions: line.questions,
            removed: line.removed,
            none: line.part.attested_none,
            submitted_by: line.part.submitted_by.clone().unwrap_or_default(),
            submitted_at: line.part.submitted_at.map(clock::local).unwrap_or_default(),
            closed_on: day(closed.closed_at).unwrap_or_default(),
            seq: closed.closed_seq.unwrap_or(0),
            head: closed.head.clone().unwrap_or_default(),
            digest: sum.digest.clone(),
            whole: closed.digest.clone().unwrap_or_default(),
        }
    }

    /// Entries that it speaks of.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.registers.values().sum()
    }
}

/// A certificate with what tells it from others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CampaignPaper)]
pub struct Paper {
    /// The check code, in groups.
    pub code: String,
    /// SM3 of what it says.
    pub digest: String,
    /// What is kept of it still has this digest.
    pub whole: bool,
    /// What it says; none for those who do not see the department's part.
    pub certificate: Option<Certificate>,
}

fn paper_of(part: &Part, shown: bool) -> Option<Paper> {
    let (code, content) = part.code.as_ref().zip(part.content.as_ref())?;
    let digest = part.content_digest.clone().unwrap_or_default();
    Some(Paper {
        code: paper::grouped(code),
        whole: paper::sm3(content) == digest,
        digest,
        certificate: serde_json::from_str(content).ok().filter(|_| shown),
    })
}

/// The certificate of a department.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] while the campaign is open, or for a department that was not complete.
pub fn certificate(
    conn: &mut Conn,
    viewer: &Viewer,
    directory: &Directory,
    (id, department): (i64, i64),
) -> Result<Paper> {
    let (campaign, members) = get(conn, viewer, directory, id)?;
    if !sees(viewer, &campaign, &members, department) {
        return Err(nowhere());
    }
    let part = part(conn, id, department)?;
    paper_of(&part, true).ok_or_else(|| {
        let what = if campaign.is_open() {
            "核对结束后才有核对证明"
        } else {
            "这个单位没有完成核对，没有核对证明"
        };
        Error::Conflict(what.to_owned())
    })
}

/// Answers whether a certificate is what was frozen, by its check code, for anybody signed in; what it says is told
/// to those who see the department's part.
///
/// # Errors
/// [`Error::NotFound`] for a code that was never given out.
pub fn check(
    conn: &mut Conn,
    viewer: &Viewer,
    directory: &Directory,
    code: &str,
) -> Result<(Campaign, Paper)> {
    let none = || Error::NotFound("这个核验码".to_owned());
    let found: Option<Part> = campaign_departments::table
        .filter(campaign_departments::code.eq(Some(paper::typed_code(code))))
        .select(Part::as_select())
        .first(conn)
        .optional()?;
    let part = found.ok_or_else(none)?;
    let campaign: Campaign = campaigns::table
        .find(part.campaign_id)
        .select(Campaign::as_select())
        .first(conn)?;
    let shown = match get(conn, viewer, directory, campaign.id) {
        Ok((campaign, members)) => sees(viewer, &campaign, &members, part.department_id),
        Err(Error::NotFound(_)) => false,
        Err(other) => return Err(other),
    };
    let paper = paper_of(&part, shown).ok_or_else(none)?;
    Ok((campaign, paper))
}
