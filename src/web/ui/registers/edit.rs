//! Making and changing an entry by its form; a change from an old version shows what changed since.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use askama::Template;

use super::address;
use super::entry::{Told, told};
use super::form::{Section, changed, sections};
use crate::auth::{Right, Sight};
use crate::error::{Error, Problem, Result};
use crate::ledger::edit::{self, Act, Draft, Source, Why};
use crate::ledger::facts::{self, Entry};
use crate::register::value::{Document, Value};
use crate::sharing::follow;
use crate::web::answer::Failure;
use crate::web::caller::{Ask, Caller};
use crate::web::desk::{self, Desk};
use crate::web::fields::Fields;
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;

#[derive(Template)]
#[template(path = "registers/edit.html")]
struct Form {
    shell: Shell,
    register: String,
    register_label: String,
    /// Where the form is sent.
    action: String,
    /// Where leaving it leads.
    back: String,
    sections: Vec<Section>,
    problems: Vec<Problem>,
    /// What others changed since the form was opened.
    since: Vec<Told>,
    revision: i32,
    reason: String,
    valid_on: String,
    departments: Vec<String>,
}

/// What a form is drawn from.
struct Sheet<'f> {
    sight: Sight,
    document: Document,
    /// The entry; none for a new one.
    entry: Option<&'f Entry>,
    fields: Option<&'f Fields>,
    problems: Vec<Problem>,
    since: Vec<Told>,
}

fn drawn(ask: &mut Ask<'_>, desk: &Desk<'_>, sheet: Sheet<'_>) -> Result<Form> {
    let definitions = desk.definitions()?;
    let register = definitions.register;
    let (title, action, back) = match sheet.entry {
        Some(entry) => {
            let href = address(&register.key, &entry.code);
            (format!("修改 {}", entry.name), format!("{href}/edit"), href)
        }
        None => {
            let list = format!("/registers/{}", register.key);
            (
                format!("新建{}", register.label),
                format!("{list}/new"),
                list,
            )
        }
    };
    let viewer = ask.viewer.clone();
    let writable = definitions.directory.all().iter();
    let writable = writable
        .filter(|d| viewer.can(Right::Write, d.id))
        .take(500);
    let text = |name: &str| {
        let said = sheet.fields.and_then(|f| f.raw(name));
        said.unwrap_or_default().to_owned()
    };
    Ok(Form {
        shell: ask.shell(&title, &format!("/registers/{}", register.key)),
        register: register.key.clone(),
        register_label: register.label.clone(),
        action,
        back,
        sections: sections(
            definitions,
            sheet.sight,
            &sheet.document,
            sheet.fields,
            &sheet.problems,
            sheet.entry.is_none(),
        ),
        revision: sheet.entry.map_or(0, |e| e.revision),
        reason: text("_reason"),
        valid_on: text("_valid_on"),
        departments: writable.map(|d| d.name.clone()).collect(),
        problems: sheet.problems,
        since: sheet.since,
    })
}

fn why(fields: &Fields) -> Why {
    Why {
        source: Source::Form,
        reason: fields.get("_reason").unwrap_or_default().to_owned(),
        valid_on: fields.get("_valid_on").map(str::to_owned),
    }
}

/// A new entry as the form begins: in the author's own department.
fn blank(ask: &Ask<'_>, desk: &Desk<'_>) -> Result<(Sight, Document)> {
    let definitions = desk.definitions()?;
    ask.viewer.may_anywhere(Right::Write)?;
    let home = ask
        .viewer
        .home()
        .filter(|id| ask.viewer.can(Right::Write, *id));
    let mut document = Document::new();
    let home_department = home.and_then(|id| definitions.directory.get(id));
    if let (Some(owner), Some(department)) = (&definitions.register.keys.owner, home_department) {
        document.insert(owner.clone(), Value::Text(department.code.clone()));
    }
    let sight = match (home, ask.viewer.can_anywhere(Right::SeeSecurity)) {
        (Some(home), _) => ask.viewer.sight(home),
        (None, true) => Sight::Security,
        (None, false) => Sight::Own,
    };
    Ok((sight, document))
}

/// `GET /registers/{register}/new`
pub(super) async fn new(
    caller: Caller,
    register: web::Path<String>,
) -> std::result::Result<HttpResponse, Failure> {
    let work = move |ask: &mut Ask<'_>| {
        let desk = Desk::of(ask, &register)?;
        let (sight, document) = blank(ask, &desk)?;
        let sheet = Sheet {
            sight,
            document,
            entry: None,
            fields: None,
            problems: Vec::new(),
            since: Vec::new(),
        };
        drawn(ask, &desk, sheet)
    };
    caller.page(work).await
}

/// `POST /registers/{register}/new`
pub(super) async fn create(
    Posted { caller, fields }: Posted,
    register: web::Path<String>,
) -> std::result::Result<HttpResponse, Failure> {
    let work = move |ask: &mut Ask<'_>| {
        let desk = Desk::of(ask, &register)?;
        let definitions = desk.definitions()?;
        let (sight, document) = blank(ask, &desk)?;
        // Everything that was filled in counts, what the form began with too.
        let given = changed(definitions, sight, &Document::new(), &fields);
        let draft = Draft {
            act: Act::Create,
            given,
        };
        let done = follow::heard(ask.conn, definitions, |conn| {
            edit::write(conn, &ask.viewer, definitions, &[draft], &why(&fields))
        });
        match done {
            Ok(done) => {
                let code = done
                    .entries
                    .first()
                    .map(|e| e.code.as_str())
                    .unwrap_or_default();
                let to = address(&register, code);
                Ok(Next::saying(&to, &format!("已录入，编码 {code}")))
            }
            Err(Error::Invalid(problems)) => {
                let sheet = Sheet {
                    sight,
                    document,
                    entry: None,
                    fields: Some(&fields),
                    problems: controls(problems),
                    since: Vec::new(),
                };
                Next::again(&drawn(ask, &desk, sheet)?)
            }
            Err(other) => Err(other),
        }
    };
    caller.act(work).await
}

/// The entry that is to be changed, by whoever may.
fn standing(ask: &mut Ask<'_>, desk: &Desk<'_>, code: &str) -> Result<Entry> {
    let entry = facts::entry(ask.conn, &ask.viewer, desk.definitions()?, code, None)?;
    ask.viewer.may(Right::Write, &entry)?;
    if !entry.present {
        return Err(Error::Conflict(
            "该条目已被移除，请先在历史中恢复".to_owned(),
        ));
    }
    Ok(entry)
}

/// `GET /registers/{register}/{code}/edit`
pub(super) async fn edit(
    caller: Caller,
    path: web::Path<(String, String)>,
) -> std::result::Result<HttpResponse, Failure> {
    let work = move |ask: &mut Ask<'_>| {
        let desk = Desk::of(ask, &path.0)?;
        let entry = standing(ask, &desk, &desk::code(&path.1)?)?;
        let sheet = Sheet {
            sight: entry.sight,
            document: entry.document.clone(),
            entry: Some(&entry),
            fields: None,
            problems: Vec::new(),
            since: Vec::new(),
        };
        drawn(ask, &desk, sheet)
    };
    caller.page(work).await
}

/// `POST /registers/{register}/{code}/edit`
pub(super) async fn amend(
    Posted { caller, fields }: Posted,
    path: web::Path<(String, String)>,
) -> std::result::Result<HttpResponse, Failure> {
    let work = move |ask: &mut Ask<'_>| {
        let desk = Desk::of(ask, &path.0)?;
        let definitions = desk.definitions()?;
        let code = desk::code(&path.1)?;
        let entry = standing(ask, &desk, &code)?;
        let revision = revision(&fields)?;
        let mut given = changed(definitions, entry.sight, &entry.document, &fields);
        given.remove(&definitions.register.keys.code);
        let act = Act::Amend {
            code: code.clone(),
            revision,
        };
        let draft = Draft { act, given };
        let done = follow::heard(ask.conn, definitions, |conn| {
            edit::write(conn, &ask.viewer, definitions, &[draft], &why(&fields))
        });
        let (problems, since) = match done {
            Ok(done) => {
                let request = done.entries.first().and_then(|e| e.request);
                let said = match (request, done.change_set) {
                    (Some(_), _) => {
                        "已审定的内容没有直接修改，已转为变更申请，请在“阶段与审核”中提交"
                    }
                    (None, Some(_)) => "已保存",
                    (None, None) => "内容没有变化",
                };
                return Ok(Next::saying(&address(&path.0, &code), said));
            }
            Err(Error::Invalid(problems)) => (controls(problems), Vec::new()),
            Err(stale @ Error::Stale(_)) => {
                let row = facts::row(ask.conn, &ask.viewer, definitions.register, &code)?;
                let since = facts::since(ask.conn, &ask.viewer, definitions, &row, revision)?;
                let hint = "下面是您填写的内容，请对照他人的修改后再保存";
                let problem = Problem::new("", "stale", &stale.to_string(), hint);
                (vec![problem], since.into_iter().map(told).collect())
            }
            Err(other) => return Err(other),
        };
        let sheet = Sheet {
            sight: entry.sight,
            document: entry.document.clone(),
            entry: Some(&entry),
            fields: Some(&fields),
            problems,
            since,
        };
        Next::again(&drawn(ask, &desk, sheet)?)
    };
    caller.act(work).await
}

/// `POST /registers/{register}/{code}/remove`
pub(super) async fn remove(
    Posted { caller, fields }: Posted,
    path: web::Path<(String, String)>,
) -> std::result::Result<HttpResponse, Failure> {
    let work = move |ask: &mut Ask<'_>| {
        let desk = Desk::of(ask, &path.0)?;
        let act = Act::Remove {
            code: desk::code(&path.1)?,
            revision: revision(&fields)?,
        };
        let draft = Draft {
            act,
            given: BTreeMap::new(),
        };
        edit::write(
            ask.conn,
            &ask.viewer,
            desk.definitions()?,
            &[draft],
            &why(&fields),
        )?;
        let to = format!("/registers/{}", path.0);
        Ok(Next::saying(
            &to,
            &format!("已移除 {}；历史保留，可以恢复", path.1),
        ))
    };
    caller.act(work).await
}

/// The version that the form was made from.
pub(super) fn revision(fields: &Fields) -> Result<i32> {
    let said = fields.get("_revision").and_then(|r| r.parse().ok());
    said.ok_or(Error::VersionMissing)
}

/// Problems of the reason and the day, under the names that the form has for them.
fn controls(mut problems: Vec<Problem>) -> Vec<Problem> {
    for problem in &mut problems {
        if matches!(problem.field.as_str(), "reason" | "valid_on") {
            problem.field.insert(0, '_');
        }
    }
    problems
}
