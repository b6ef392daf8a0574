//! Review sheets: printed with room for the seal, a digest and a check code, which later answers whether a paper
//! is what the ledger held.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use sm3::{Digest, Sm3};

use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{ledger_head, review_sheets, submissions};
use crate::error::{Error, Result};
use crate::ledger::as_of::Definitions;
use crate::ledger::chain;
use crate::ledger::change_set::{self, Purpose, Verdict as Keep};
use crate::ledger::entry::EntryRow;
use crate::ledger::facts as ledger_facts;
use crate::review::announce::{Announced, announce};
use crate::review::duplicate::Verdict;
use crate::review::submission::{self, Submission};
use crate::review::{Ground, approval, money};

/// What a sheet says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// Number of the submission.
    pub number: String,
    /// Its kind.
    pub kind: String,
    /// Where it stood.
    pub state: String,
    /// Register, code and name of the entry.
    pub entry: [String; 3],
    /// The owning department.
    pub department: String,
    /// The bureau.
    pub bureau: String,
    /// The entry's version.
    pub revision: i32,
    /// SM3 of that version.
    pub document: String,
    /// Label and text of what the entry says.
    pub rows: Vec<(String, String)>,
    /// Item, amount in 万元 and reason of what was cut.
    pub cuts: Vec<(String, String, String)>,
    /// Entry, answer and reason of what the check for duplicates found.
    #[serde(default)]
    pub duplicates: Vec<(String, String, String)>,
    /// Amounts asked for and approved, in 万元; empty when there are none.
    pub amounts: [String; 2],
    /// Act, person, time and opinion of every act.
    pub acts: Vec<(String, String, String, String)>,
}

/// A printed sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// What it says.
    pub sheet: Sheet,
    /// SM3 of what it says, in hexadecimal.
    pub digest: String,
    /// The code that is asked for later.
    pub code: String,
    /// When it was printed, UTC.
    pub at: NaiveDateTime,
}

/// What the ledger answers about a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The code as it is printed.
    pub code: String,
    /// When it was printed, UTC.
    pub at: NaiveDateTime,
    /// By whom.
    pub actor: String,
    /// The digest that the paper must show.
    pub digest: String,
    /// Whether what is kept of it still has this digest.
    pub whole: bool,
    /// Whether the submission is still as it was printed.
    pub current: bool,
    /// What it says, for those who see the entry.
    pub sheet: Option<Sheet>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = review_sheets, treat_none_as_default_value = false)]
struct Stored {
    id: i64,
    code: String,
    submission_id: i64,
    version: i64,
    content: String,
    digest: String,
    head_seq: i64,
    at: NaiveDateTime,
    account_id: Option<i64>,
    actor: String,
}

/// SM3 of a text, in hexadecimal.
#[must_use]
pub fn sm3(text: &str) -> String {
    let mut sm3 = Sm3::new();
    sm3.update(text.as_bytes());
    chain::hex(&sm3.finalize())
}

/// Prints the sheet of a submission: what it says is kept, so that the paper can be held against it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`]: the owning department and its bureaus print.
pub fn print(conn: &mut Conn, viewer: &Viewer, ground: Ground<'_>, id: i64) -> Result<Printed> {
    let purpose = Purpose {
        source: "review",
        reason: String::new(),
        valid_on: None,
        import_id: None,
        undoes: None,
    };
    let (_, printed) = change_set::write(conn, viewer, purpose, |set| {
        let conn = set.conn();
        let (row, entry) = submission::get(conn, viewer, id)?;
        viewer.may(Right::SeeOwn, &entry)?;
        let sheet = fill(conn, viewer, ground, &row, &entry)?;
        let content = serde_json::to_string(&sheet).unwrap_or_default();
        let digest = sm3(&content);
        let head: i64 = ledger_head::table.select(ledger_head::seq).first(conn)?;
        let last: Option<i64> = review_sheets::table
            .select(diesel::dsl::max(review_sheets::id))
            .first(conn)?;
        let number = last.unwrap_or(0) + 1;
        let now = clock::now();
        let code = check_code(&format!("{number}\n{digest}\n{}", clock::stamp(now)));
        let stored = Stored {
            id: number,
            code: code.clone(),
            submission_id: id,
            version: row.version,
            content,
            digest: digest.clone(),
            head_seq: head,
            at: now,
            account_id: viewer.account(),
            actor: viewer.name().to_owned(),
        };
        diesel::insert_into(review_sheets::table)
            .values(&stored)
            .execute(conn)?;
        announce(
            conn,
            viewer,
            &Announced {
                action: "review_sheet",
                object: format!("打印审核单 {}", row.number()),
                department: entry.department_id,
                submission: Some(id),
                entry: entry.id,
                act: "print",
                detail: serde_json::json!({ "code": code, "digest": digest }),
            },
        )?;
        Ok(Keep::Commit(Printed {
            sheet,
            digest,
            code: grouped(&code),
            at: now,
        }))
    })?;
    Ok(printed)
}

/// The check code of a paper, made from what tells it from all others.
#[must_use]
pub fn check_code(seed: &str) -> String {
    let code: String = sm3(seed).chars().take(16).collect();
    code.to_uppercase()
}

/// A check code as somebody typed it, without what is between its groups.
#[must_use]
pub fn typed_code(code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    letters.take(40).collect::<String>().to_uppercase()
}

/// A code in groups of four, as it is printed.
#[must_use]
pub fn grouped(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|g| g.iter().collect()).collect();
    groups.join("-")
}

fn fill(
    conn: &mut Conn,
    viewer: &Viewer,
    ground: Ground<'_>,
    row: &Submission,
    entry: &EntryRow,
) -> Result<Sheet> {
    let definitions: Definitions<'_> = ground.definitions(&entry.register)?;
    let seen = ledger_facts::seen(viewer, definitions, entry.clone());
    let facts = ledger_facts::groups(definitions, &seen);
    let rows = facts
        .into_iter()
        .flat_map(|g| g.facts)
        .filter(|f| !f.text.is_empty())
        .map(|f| (f.label, f.text))
        .collect();
    let given = approval::of_submission(conn, viewer, row.id)?;
    let duplicates = match &given {
        Some((approval, _)) => answered(conn, approval.id, entry.department_id)?,
        None => Vec::new(),
    };
    let acts = submission::history(conn, viewer, row.id)?;
    let name = |id: Option<i64>| {
        let found = id.and_then(|id| ground.directory.get(id));
        found.map(|d| d.name.clone()).unwrap_or_default()
    };
    let model = ground.model(&entry.register)?;
    let digest = chain::row_digest(entry.id, &entry.register, Some(&entry.attributes));
    let amount = |fen: Option<i64>| fen.map(money::wan).unwrap_or_default();
    let (asked, approved) = given
        .as_ref()
        .map_or((None, None), |(a, _)| (a.asked, a.amount));
    Ok(Sheet {
        number: row.number(),
        kind: model
            .kind(&row.kind)
            .map_or(row.kind.clone(), |k| k.label.clone()),
        state: row.state().label().to_owned(),
        entry: [
            entry.register.clone(),
            entry.code.clone(),
            entry.name.clone(),
        ],
        department: name(Some(entry.department_id)),
        bureau: name(row.bureau_id),
        revision: entry.revision,
        document: chain::hex(&digest),
        rows,
        cuts: given
            .map(|(_, cuts)| cuts)
            .unwrap_or_default()
            .into_iter()
            .map(|c| (c.item, money::wan(c.amount), c.reason))
            .collect(),
        duplicates,
        amounts: [amount(asked), amount(approved)],
        acts: acts
            .into_iter()
            .map(|a| (a.label().to_owned(), a.actor, clock::local(a.at), a.opinion))
            .collect(),
    })
}

/// What was answered to the hits of the check for duplicates, as far as the paper may name them.
fn answered(
    conn: &mut Conn,
    approval: i64,
    department: i64,
) -> Result<Vec<(String, String, String)>> {
    let told = approval::answers_on_paper(conn, approval, department)?;
    let label = |word: &str| {
        Verdict::from_word(word)
            .map_or("", Verdict::label)
            .to_owned()
    };
    let mut out: Vec<_> = told
        .lines
        .into_iter()
        .map(|(name, a)| (name, label(&a.verdict), a.reason))
        .collect();
    if told.hidden > 0 {
        let others = format!("未公开的条目 {} 个", told.hidden);
        out.push((others, "已答复".to_owned(), String::new()));
    }
    Ok(out)
}

/// Answers whether a paper is what the ledger held: by its check code, for anybody signed in. What the paper says
/// is told to those who see the entry.
///
/// # Errors
/// [`Error::NotFound`] for a code that was never printed.
pub fn check(conn: &mut Conn, viewer: &Viewer, code: &str) -> Result<Checked> {
    let plain = typed_code(code);
    let stored: Option<Stored> = review_sheets::table
        .filter(review_sheets::code.eq(&plain))
        .select(Stored::as_select())
        .first(conn)
        .optional()?;
    let stored = stored.ok_or_else(|| Error::NotFound("这个核验码".to_owned()))?;
    let version: i64 = submissions::table
        .find(stored.submission_id)
        .select(submissions::version)
        .first(conn)?;
    let seen = submission::get(conn, viewer, stored.submission_id)
        .ok()
        .filter(|(_, entry)| viewer.can(Right::SeeOwn, entry));
    let sheet = seen.and_then(|_| serde_json::from_str(&stored.content).ok());
    Ok(Checked {
        code: grouped(&stored.code),
        at: stored.at,
        actor: stored.actor,
        whole: sm3(&stored.content) == stored.digest,
        digest: stored.digest,
        current: version == stored.version,
        sheet,
    })
}
