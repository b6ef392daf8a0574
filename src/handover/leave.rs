//! When someone leaves: what hangs on them, and handing it over in one step.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;

use super::{close_account, contact, refuse_administrator, refuse_self};
use crate::audit;
use crate::auth::{Right, Role, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{account_grants, accounts, api_tokens, imports, saved_views};
use crate::error::{Error, Problem, Result};
use crate::ledger::change_set::{self, Purpose, Verdict};
use crate::org::appointment::{self, Term, Wish, role_label};
use crate::org::change::{self, Seen};
use crate::org::filing;
use crate::org::person::{self, Person};
use crate::register::catalogue::Catalogue;

/// States of an import that is still on its way.
const UNDER_WAY: [&str; 4] = ["received", "checking", "previewed", "applying"];

/// One kind of thing that hangs on a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Hanging {
    /// A stable word: `roles`, `filings`, `entries`, `account`, `grants`, `tokens`, `imports`, `views`.
    pub kind: &'static str,
    /// What people read.
    pub label: &'static str,
    /// How many.
    pub count: usize,
    /// Each of them in words; the first few.
    pub items: Vec<String>,
    /// What handing over does with it.
    pub fate: &'static str,
}

/// A person who leaves.
#[derive(Clone, Debug)]
pub struct Leaving {
    /// Who, in the state that was seen.
    pub person: Seen,
    /// Who takes over; roles fall vacant without.
    pub to: Option<i64>,
    /// The last day in office.
    pub last_day: NaiveDate,
    /// Why.
    pub reason: String,
}

/// What was handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct HandedOver {
    /// Roles that ended.
    pub roles: usize,
    /// Roles that the successor holds since.
    pub taken: usize,
    /// Entries that name the successor as contact.
    pub entries: usize,
    /// Shared views that are the successor's.
    pub views: usize,
    /// Imports under way that are the successor's.
    pub imports: usize,
    /// Whether an account was closed.
    pub account_closed: bool,
}

fn told(
    kind: &'static str,
    label: &'static str,
    items: Vec<String>,
    fate: &'static str,
) -> Hanging {
    Hanging {
        kind,
        label,
        count: items.len(),
        items: items.into_iter().take(8).collect(),
        fate,
    }
}

/// The open terms of a person.
fn open_terms(conn: &mut Conn, viewer: &Viewer, person: i64) -> Result<Vec<Term>> {
    let today = clock::today();
    let mut terms = appointment::of_person(conn, viewer, person)?;
    terms.retain(|t| t.until.is_none_or(|until| until > today));
    Ok(terms)
}

/// Everything that hangs on a person; kinds of which there is nothing are left out.
///
/// # Errors
/// [`Error::NotFound`] for somebody not to be seen, [`Error::Refused`] for who does not keep the department's people.
pub fn what_hangs_on(conn: &mut Conn, viewer: &Viewer, person: i64) -> Result<Vec<Hanging>> {
    let who = person::kept(conn, viewer, person)?;
    let mut out = Vec::new();
    let mut roles = Vec::new();
    for term in open_terms(conn, viewer, who.id)? {
        let at = change::one(conn, term.department)?.name;
        roles.push(format!(
            "{at} {}（{} 起）",
            role_label(term.role),
            term.from
        ));
    }
    out.push(told(
        "roles",
        "担任的角色",
        roles,
        "免任；有接手人时由其接任，并生成备案",
    ));
    let filings = filing::open_of_person(conn, who.id)?;
    let filings = filings
        .iter()
        .map(|f| format!("{} {}", f.number(), f.state().label()))
        .collect();
    out.push(told(
        "filings",
        "未办结的备案",
        filings,
        "留在本单位继续办理",
    ));
    let rows = contact::entries_of(conn, viewer, &who)?;
    let rows = rows
        .iter()
        .map(|r| format!("{} {}", r.code, r.name))
        .collect();
    out.push(told(
        "entries",
        "作为联系人的条目",
        rows,
        "有接手人时改为接手人",
    ));
    if let Some(account) = who.account_id {
        of_account(conn, account, &mut out)?;
    }
    out.retain(|h| h.count > 0);
    Ok(out)
}

fn of_account(conn: &mut Conn, account: i64, out: &mut Vec<Hanging>) -> Result<()> {
    let found: Vec<String> = accounts::table
        .find(account)
        .filter(accounts::active.eq(true))
        .select(accounts::login)
        .load(conn)?;
    out.push(told(
        "account",
        "登录账号",
        found,
        "停用，所有登录和令牌随即失效",
    ));
    let roles: Vec<String> = account_grants::table
        .filter(account_grants::account_id.eq(account))
        .filter(account_grants::ended_at.is_null())
        .select(account_grants::role)
        .load(conn)?;
    let roles = roles
        .iter()
        .map(|word| Role::from_word(word).map_or(word.clone(), |r| r.label().to_owned()))
        .collect();
    out.push(told(
        "grants",
        "账号的权限角色",
        roles,
        "随账号停用失效；接手人的权限由安全管理员授予",
    ));
    let tokens: Vec<String> = api_tokens::table
        .filter(api_tokens::account_id.eq(account))
        .filter(api_tokens::revoked_at.is_null())
        .filter(api_tokens::expires_at.gt(clock::now()))
        .select(api_tokens::name)
        .load(conn)?;
    out.push(told("tokens", "接口令牌", tokens, "撤销"));
    let under_way: Vec<String> = imports::table
        .filter(imports::account_id.eq(account))
        .filter(imports::state.eq_any(UNDER_WAY))
        .order(imports::id)
        .select(imports::file_name)
        .load(conn)?;
    out.push(told(
        "imports",
        "未完成的导入",
        under_way,
        "接手人有账号时转给接手人",
    ));
    let views: Vec<String> = saved_views::table
        .filter(saved_views::account_id.eq(account))
        .filter(saved_views::shared.eq(true))
        .order(saved_views::id)
        .select(saved_views::name)
        .load(conn)?;
    out.push(told(
        "views",
        "共享的视图",
        views,
        "接手人有账号时转给接手人",
    ));
    Ok(())
}

/// Hands everything over and closes the account, in one transaction.
///
/// # Errors
/// As [`what_hangs_on`]; [`Error::Invalid`], [`Error::Stale`]; whatever appointing the successor says.
pub fn hand_over(
    conn: &mut Conn,
    viewer: &Viewer,
    catalogue: &Catalogue,
    leaving: &Leaving,
) -> Result<HandedOver> {
    let purpose = Purpose {
        source: "handover",
        reason: format!("人员离任移交: {}", leaving.reason),
        valid_on: Some(leaving.last_day.to_string()),
        import_id: None,
        undoes: None,
    };
    let (_, done) = change_set::write(conn, viewer, purpose, |set| {
        let who = check(set.conn(), viewer, leaving)?;
        let to = match leaving.to {
            Some(to) => Some(person::kept(set.conn(), viewer, to)?),
            None => None,
        };
        let mut done = HandedOver::default();
        if let Some(to) = &to {
            let rows = contact::entries_of(set.conn(), viewer, &who)?;
            done.entries = contact::rename(set, catalogue, &rows, to)?;
        }
        roles(set.conn(), viewer, leaving, &who, &mut done)?;
        if let Some(account) = who.account_id {
            sign_off(set.conn(), account, to.as_ref(), &mut done)?;
        }
        let seen = Seen {
            id: who.id,
            // Dismissing changes appointments, not the person's own record.
            revision: leaving.person.revision,
        };
        person::set_active(set.conn(), viewer, seen, false)?;
        let line = audit::Event::done("hand_over", &format!("{} 离任移交", who.name))
            .of(Some(who.department_id))
            .with(serde_json::json!({
                "person": who.code(), "to": to.as_ref().map(Person::code),
                "last_day": leaving.last_day, "reason": leaving.reason, "done": done,
            }));
        audit::record(set.conn(), viewer, &line)?;
        Ok(Verdict::Commit(done))
    })?;
    Ok(done)
}

fn check(conn: &mut Conn, viewer: &Viewer, leaving: &Leaving) -> Result<Person> {
    let who = person::kept(conn, viewer, leaving.person.id)?;
    refuse_self(viewer, who.account_id)?;
    if let Some(account) = who.account_id {
        refuse_administrator(conn, account)?;
    }
    let mut problems = Vec::new();
    let mut wrong = |field: &str, code: &str, message: &str| {
        problems.push(Problem::new(field, code, message, ""));
    };
    if leaving.last_day > clock::today() {
        wrong(
            "last_day",
            "future_date",
            "离任日期还没有到，请在当日或之后办理",
        );
    }
    if leaving.reason.trim().is_empty() {
        wrong("reason", "required", "请填写“离任原因”");
    }
    if leaving.to == Some(who.id) {
        wrong("to", "same_person", "接手人不能是本人");
    }
    if problems.is_empty() {
        Ok(who)
    } else {
        Err(Error::Invalid(problems))
    }
}

/// Ends every role; the successor takes it from the day after.
fn roles(
    conn: &mut Conn,
    viewer: &Viewer,
    leaving: &Leaving,
    who: &Person,
    done: &mut HandedOver,
) -> Result<()> {
    let next_day = leaving.last_day.succ_opt().unwrap_or(leaving.last_day);
    for term in open_terms(conn, viewer, who.id)? {
        viewer.may(Right::ManagePeople, term.department)?;
        done.roles += 1;
        let held = match leaving.to {
            Some(to) => appointment::on(conn, viewer, term.department, next_day)?
                .iter()
                .any(|t| t.person == to && t.role == term.role),
            None => false,
        };
        let succeeds = leaving.to.filter(|_| !held && term.until.is_none());
        // Exactly one holds these: the successor's appointment ends the term by itself.
        let by_itself = term.role != Role::Liaison && succeeds.is_some();
        if !by_itself || term.from > leaving.last_day {
            let seen = Seen {
                id: term.id,
                revision: term.revision,
            };
            appointment::dismiss(conn, viewer, seen, leaving.last_day, &leaving.reason)?;
        }
        if let Some(to) = succeeds {
            let wish = Wish {
                person: to,
                department: term.department,
                role: term.role,
                from: next_day,
                until: None,
                reason: format!("接替{}", who.name),
            };
            appointment::appoint(conn, viewer, &wish)?;
            done.taken += 1;
        }
    }
    Ok(())
}

fn sign_off(
    conn: &mut Conn,
    account: i64,
    to: Option<&Person>,
    done: &mut HandedOver,
) -> Result<()> {
    if let Some(heir) = to.and_then(|p| p.account_id) {
        done.views = diesel::update(
            saved_views::table
                .filter(saved_views::account_id.eq(account))
                .filter(saved_views::shared.eq(true)),
        )
        .set(saved_views::account_id.eq(heir))
        .execute(conn)?;
        done.imports = diesel::update(
            imports::table
                .filter(imports::account_id.eq(account))
                .filter(imports::state.eq_any(UNDER_WAY)),
        )
        .set(imports::account_id.eq(heir))
        .execute(conn)?;
    }
    diesel::update(
        api_tokens::table
            .filter(api_tokens::account_id.eq(account))
            .filter(api_tokens::revoked_at.is_null()),
    )
    .set(api_tokens::revoked_at.eq(clock::now()))
    .execute(conn)?;
    done.account_closed = close_account(conn, account)?;
    Ok(())
}
