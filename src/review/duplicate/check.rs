//! A check: what is asked about, and what is most like it, as far as the viewer may see it.

use serde::Serialize;
use utoipa::ToSchema;

use super::index::{Doc, Facts, Index, Query, Sort};
use super::kept::{Kept, compared, facts, own_names, sort_of, texts};
use super::listed::{self, Listed};
use super::tell::{Hit, tell};
use super::text::Text;
use crate::auth::{Right, Viewer};
use crate::db::connection::Conn;
use crate::error::{Error, Problem, Result};
use crate::ledger::entry::EntryRow;
use crate::ledger::facts as entry_facts;
use crate::org::directory::Directory;
use crate::register::catalogue::Catalogue;
use crate::register::value::{Document, Value};
use crate::register::words::name_key;
use crate::review::Ground;

/// The longest name and the longest description of a question.
const NAME_CHARS: usize = 200;
const FUNCTION_CHARS: usize = 4_000;
/// The most item names of a question.
const ITEMS: usize = 500;

/// What every check needs.
#[derive(Clone, Copy)]
pub struct Means<'m> {
    /// Registers, lists, regions.
    pub catalogue: &'m Catalogue,
    /// The organisation.
    pub directory: &'m Directory,
    /// The index.
    pub kept: &'m Kept,
}

impl<'m> Means<'m> {
    /// What acts of the review stand on.
    #[must_use]
    pub fn ground(self) -> Ground<'m> {
        Ground {
            catalogue: self.catalogue,
            directory: self.directory,
        }
    }
}

/// A question about something that is not in the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// What it would be called.
    pub name: String,
    /// What it would do.
    pub function: String,
    /// Whose it would be.
    pub department: Option<i64>,
    /// Whom it would serve, as codes.
    pub targets: Vec<String>,
    /// Names of data items it would hold.
    pub items: Vec<String>,
}

/// What is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// An entry, by register and code.
    Entry(String, String),
    /// Something that is not in the ledger.
    Form(Form),
}

/// What came of a check.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = DuplicateReport)]
pub struct Report {
    /// Hits that the viewer may see, the best first.
    pub hits: Vec<Hit>,
    /// How many there are besides that the viewer may not see.
    pub hidden: usize,
    /// What the lists of common and of unwanted building say.
    pub listed: Vec<Listed>,
    /// How many entries were compared with.
    pub compared: usize,
    /// Digest of what was asked about.
    #[serde(skip)]
    pub digest: String,
}

impl Report {
    /// How many hits must be answered.
    #[must_use]
    pub fn strong(&self) -> usize {
        self.hits.iter().filter(|h| h.strong).count()
    }
}

/// What is asked about, read.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The stored entry, where it is one.
    pub row: Option<EntryRow>,
    /// Name.
    pub name: String,
    /// What it is for.
    pub function: String,
    /// Whose it is.
    pub department: Option<i64>,
    /// What it is compared as.
    pub sort: Sort,
    facts: Facts,
    items: Vec<String>,
}

fn wrong(field: &str, code: &str, message: &str, hint: &str) -> Problem {
    Problem::new(field, code, message, hint)
}

impl Subject {
    /// Reads what is asked about.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Refused`] for an entry that is not seen in full; [`Error::Invalid`] for a
    /// question that says nothing or too much; when the database fails.
    pub fn read(conn: &mut Conn, viewer: &Viewer, means: Means<'_>, what: &What) -> Result<Self> {
        match what {
            What::Entry(register, code) => {
                let known = means.catalogue.register(register);
                let (Some(known), Some(sort)) = (known, sort_of(register)) else {
                    return Err(Error::NotFound(format!("登记簿“{register}”")));
                };
                let row = entry_facts::row(conn, viewer, known, code)?;
                viewer.may(Right::SeeOwn, &row)?;
                Ok(Self::of_row(means, sort, row))
            }
            What::Form(form) => Self::of_form(viewer, means, form),
        }
    }

    pub(super) fn of_row(means: Means<'_>, sort: Sort, row: EntryRow) -> Self {
        let document = row.document();
        let department = means.directory.get(row.department_id);
        let own = own_names(means.catalogue.regions(), department);
        let lexicon = means.kept.lexicon();
        Self {
            facts: facts(lexicon, sort, &row.code, &row.name, &document, &own),
            function: texts(&document, compared(sort).function),
            name: row.name.clone(),
            department: Some(row.department_id),
            row: Some(row),
            sort,
            items: Vec::new(),
        }
    }

    fn of_form(viewer: &Viewer, means: Means<'_>, form: &Form) -> Result<Self> {
        let mut problems = Vec::new();
        if form.name.trim().is_empty() && form.function.trim().is_empty() {
            problems.push(wrong(
                "name",
                "required",
                "请填写名称或主要功能。",
                "至少写一项",
            ));
        }
        for (field, label, text, most) in [
            ("name", "名称", &form.name, NAME_CHARS),
            ("function", "主要功能", &form.function, FUNCTION_CHARS),
        ] {
            if text.chars().count() > most {
                let message = format!("{label}超过 {most} 个字。");
                problems.push(wrong(field, "too_long", &message, "请缩短"));
            }
        }
        if form.items.len() > ITEMS {
            let message = format!("信息项超过 {ITEMS} 个。");
            problems.push(wrong("items", "too_long", &message, "请只写主要的"));
        }
        let department = form.department.or(viewer.home());
        let unknown = department.is_some_and(|id| means.directory.get(id).is_none());
        if unknown {
            problems.push(wrong(
                "department",
                "unknown_department",
                "没有这个单位。",
                "",
            ));
        }
        let list = means.catalogue.list("service_target");
        for target in &form.targets {
            if list.is_some_and(|l| l.item(target).is_none()) {
                let message = format!("没有服务对象“{target}”。");
                problems.push(wrong(
                    "service_target",
                    "unknown_value",
                    &message,
                    "请从列表中选择",
                ));
            }
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let owner = department.and_then(|id| means.directory.get(id));
        let own = own_names(means.catalogue.regions(), owner);
        let mut document = Document::new();
        let function = Value::Text(form.function.clone());
        document.insert("main_function".to_owned(), function);
        document.insert(
            "service_target".to_owned(),
            Value::List(form.targets.clone()),
        );
        let lexicon = means.kept.lexicon();
        Ok(Self {
            row: None,
            name: form.name.trim().to_owned(),
            function: form.function.trim().to_owned(),
            department,
            sort: Sort::System,
            facts: facts(lexicon, Sort::System, "", &form.name, &document, &own),
            items: form.items.iter().map(|i| name_key(i)).collect(),
        })
    }

    /// The question for the index.
    #[must_use]
    pub fn query(&self, index: &Index) -> Query {
        let stored = self.row.as_ref().and_then(|row| index.about(row.id));
        stored.unwrap_or_else(|| index.asked(&self.facts, self.department, &self.items))
    }

    /// Digest of what is compared.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.facts.digest
    }

    /// Name and description, taken apart.
    #[must_use]
    pub fn texts(&self) -> [&Text; 2] {
        [&self.facts.name, &self.facts.function]
    }
}

/// Checks what is asked about against systems and projects.
///
/// # Errors
/// As [`Subject::read`]; when the database fails.
pub fn check(conn: &mut Conn, viewer: &Viewer, means: Means<'_>, what: &What) -> Result<Report> {
    let subject = Subject::read(conn, viewer, means, what)?;
    look(conn, viewer, means, &subject)
}

/// Checks several entries, one after another; `each` is given every one with its report.
///
/// # Errors
/// As [`check`]; whatever `each` says.
pub fn check_batch(
    conn: &mut Conn,
    viewer: &Viewer,
    means: Means<'_>,
    what: &[What],
    mut each: impl FnMut(&mut Conn, usize, Subject, Report) -> Result<()>,
) -> Result<()> {
    for (number, what) in what.iter().enumerate() {
        let subject = Subject::read(conn, viewer, means, what)?;
        let report = look(conn, viewer, means, &subject)?;
        each(conn, number, subject, report)?;
    }
    Ok(())
}

/// Checks what was read.
///
/// # Errors
/// When the database fails.
pub fn look(
    conn: &mut Conn,
    viewer: &Viewer,
    means: Means<'_>,
    subject: &Subject,
) -> Result<Report> {
    // Datasets are compared with datasets, everything else with systems and projects.
    let fits = |doc: &Doc| (doc.sort == Sort::Dataset) == (subject.sort == Sort::Dataset);
    let rules = means.kept.rules();
    let (query, found, compared) =
        means
            .kept
            .with(conn, means.catalogue, means.directory, |index| {
                let query = subject.query(index);
                let found = index.search(&query, rules, fits);
                Ok((query, found, index.len()))
            })?;
    let (hits, hidden) = tell(conn, viewer, means, subject, &query, &found)?;
    Ok(Report {
        listed: listed::hits(conn, means, subject)?,
        hits,
        hidden,
        compared,
        digest: subject.digest().to_owned(),
    })
}
