//! Accounts: made, looked through, kept, and the roles they hold.

use actix_web::{HttpResponse, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::accounts::{Account, Filter, Lock, Made, NewAccount, State};
use crate::auth::{Right, Role};
use crate::error::{Error, Problem, Result};
use crate::web::answer::{Failure, ProblemBody};
use crate::web::api::sessions::in_person;
use crate::web::caller::{Ask, Caller};
use crate::web::fields;
use crate::web::version::{Version, tagged};

pub(in crate::web::api) mod acts;

/// Accounts of one answer at most.
const MOST: i64 = 500;

/// Which accounts are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Login or name holds this.
    search: Option<String>,
    /// Holds this role now.
    role: Option<Role>,
    /// Belongs to this department, or holds a role there.
    department_id: Option<i64>,
    /// In this state.
    #[param(inline)]
    state: Option<State>,
    /// What the answer before gave as `next`.
    cursor: Option<String>,
    /// At most so many, 1 to 500.
    limit: Option<i64>,
}

/// Some accounts.
#[derive(Serialize, ToSchema)]
struct AccountPage {
    /// By login.
    items: Vec<Account>,
    /// The cursor of the next answer; none at the end.
    next: Option<String>,
}

/// An account to be made.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewAccount)]
#[serde(deny_unknown_fields)]
struct AccountWanted {
    /// Its login; never changes.
    login: String,
    /// The person's name.
    name: String,
    /// The department it belongs to.
    #[serde(default)]
    department_id: Option<i64>,
    /// A chosen password; without one, one is made. Either must be changed at the first sign-in.
    #[serde(default)]
    password: Option<String>,
}

/// What of an account may be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[schema(as = AccountChanges)]
#[serde(deny_unknown_fields)]
struct AccountChanges {
    /// The person's name.
    name: Option<String>,
    /// The department it belongs to; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    department_id: Option<Option<i64>>,
}

fn given<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> std::result::Result<Option<Option<i64>>, D::Error> {
    Option::<i64>::deserialize(from).map(Some)
}

/// A network address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LockedAddress {
    /// As `/accounts/locks` names it.
    address: String,
}

/// How many are wanted; what is out of range is a problem, not silence.
pub(super) fn limit(given: Option<i64>) -> Result<i64> {
    match given.unwrap_or(50) {
        n if (1..=MOST).contains(&n) => Ok(n),
        _ => Err(Error::Invalid(vec![Problem::new(
            "limit",
            "out_of_range",
            "limit 应为 1 至 500",
            "",
        )])),
    }
}

/// This desk is for those who look after accounts; one's own is at `/me`.
fn at_desk(ask: &Ask<'_>) -> Result<()> {
    if ask.viewer.can_anywhere(Right::GrantRoles) {
        return Ok(());
    }
    Ok(ask.viewer.may_anywhere(Right::ManageAccounts)?)
}

fn version(account: &Account) -> i32 {
    i32::try_from(account.version).unwrap_or(i32::MAX)
}

/// Accounts by login.
#[utoipa::path(tag = "accounts", params(Which), security(("bearer" = [])),
    responses((status = 200, body = AccountPage), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("see_accounts")), ("x-scope" = json!("all"))))]
#[get("/accounts")]
async fn list_accounts(
    caller: Caller,
    query: web::Query<Which>,
) -> std::result::Result<HttpResponse, Failure> {
    let page = caller.read(move |ask| {
        let which = query.into_inner();
        let most = limit(which.limit)?;
        fields::plain(&[
            ("search", which.search.as_deref()),
            ("cursor", which.cursor.as_deref()),
        ])?;
        let filter = Filter {
            search: which.search,
            role: which.role,
            department: which.department_id,
            state: which.state,
            after: which.cursor,
        };
        let mut items = ask
            .state
            .accounts
            .list(ask.conn, &ask.viewer, &filter, most + 1)?;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let more = items.len() > most;
        items.truncate(most);
        let next = items.last().filter(|_| more).map(|a| a.login.clone());
        Ok(AccountPage { items, next })
    });
    Ok(HttpResponse::Ok().json(page.await?))
}

/// Makes an account without any role. The password is shown by this answer only.
#[utoipa::path(tag = "accounts", security(("bearer" = [])),
    responses((status = 201, body = Made), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_accounts")), ("x-scope" = json!("all"))))]
#[post("/accounts")]
async fn create_account(
    caller: Caller,
    body: web::Json<AccountWanted>,
) -> std::result::Result<HttpResponse, Failure> {
    let made = caller.change(move |ask| {
        in_person(ask)?;
        let AccountWanted {
            login,
            name,
            department_id,
            password,
        } = body.into_inner();
        let new = NewAccount {
            login,
            name,
            department: department_id,
            password,
            keep_password: false,
        };
        ask.state.accounts.create(ask.conn, &ask.viewer, &new)
    });
    Ok(HttpResponse::Created().json(made.await?))
}

/// Logins and addresses that are locked by failed sign-ins.
#[utoipa::path(tag = "accounts", security(("bearer" = [])),
    responses((status = 200, body = Vec<Lock>), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("see_accounts")), ("x-scope" = json!("all"))))]
#[get("/accounts/locks")]
async fn locks(caller: Caller) -> std::result::Result<HttpResponse, Failure> {
    let locks = caller.read(|ask| ask.state.accounts.locks(ask.conn, &ask.viewer));
    Ok(HttpResponse::Ok().json(locks.await?))
}

/// Lifts the lock on a network address.
#[utoipa::path(tag = "accounts", security(("bearer" = [])),
    responses((status = 204), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("grant_roles")), ("x-scope" = json!("all"))))]
#[post("/accounts/locks/release")]
async fn release(
    caller: Caller,
    body: web::Json<LockedAddress>,
) -> std::result::Result<HttpResponse, Failure> {
    let done = caller.change(move |ask| {
        in_person(ask)?;
        fields::plain(&[("address", Some(&body.address))])?;
        ask.state
            .accounts
            .unlock_address(ask.conn, &ask.viewer, &body.address)
    });
    done.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// One account.
#[utoipa::path(tag = "accounts", security(("bearer" = [])), params(("id" = i64, Path, description = "Number of the account")),
    responses((status = 200, body = Account), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("see_accounts")), ("x-scope" = json!("all"))))]
#[get("/accounts/{id}")]
async fn one_account(
    caller: Caller,
    id: web::Path<i64>,
) -> std::result::Result<HttpResponse, Failure> {
    let found = caller.read(move |ask| {
        at_desk(ask)?;
        ask.state.accounts.account(ask.conn, &ask.viewer, *id)
    });
    let found = found.await?;
    Ok(tagged(&found, version(&found)))
}

/// Changes name and department.
#[utoipa::path(tag = "accounts", security(("bearer" = [])),
    params(("id" = i64, Path, description = "Number of the account"), ("If-Match" = String, Header, description = "The ETag it was read with")),
    responses((status = 200, body = Account), (status = "4XX", body = ProblemBody)),
    extensions(("x-permission" = json!("manage_accounts")), ("x-scope" = json!("all"))))]
#[patch("/accounts/{id}")]
async fn change_account(
    caller: Caller,
    id: web::Path<i64>,
    seen: Version,
    body: web::Json<AccountChanges>,
) -> std::result::Result<HttpResponse, Failure> {
    let changed = caller.change(move |ask| {
        in_person(ask)?;
        ask.viewer.may_anywhere(Right::ManageAccounts)?;
        let (accounts, viewer) = (&ask.state.accounts, &ask.viewer);
        let before = accounts.account(ask.conn, viewer, *id)?;
        let AccountChanges {
            name,
            department_id,
        } = body.into_inner();
        let name = name.unwrap_or(before.name);
        let department = department_id.unwrap_or(before.department_id);
        accounts.update(
            ask.conn,
            viewer,
            *id,
            i64::from(seen.need()?),
            &name,
            department,
        )?;
        accounts.account(ask.conn, viewer, *id)
    });
    let changed = changed.await?;
    Ok(tagged(&changed, version(&changed)))
}

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_accounts)
        .service(create_account)
        .service(locks)
        .service(release)
        .service(one_account)
        .service(change_account)
        .configure(acts::configure);
}
