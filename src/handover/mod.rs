//! Handing over: what hangs on a person who leaves or a department that ends, and moving all of it at once.
//!
//! Apart from `org` because it reaches into the ledger, accounts and imports; each hand-over is one transaction.

use diesel::prelude::*;

use crate::auth::{Role, Viewer};
use crate::db::connection::Conn;
use crate::db::schema::{account_grants, accounts};
use crate::error::{Error, Result};

mod contact;
mod end;
mod leave;
mod link;

pub use end::{Moved, abolish, merge};
pub use leave::{HandedOver, Hanging, Leaving, hand_over, what_hangs_on};
pub use link::{candidates, link_account, login_of};

/// Ends an account and everything that signs in with it; `false` when it had ended already.
fn close_account(conn: &mut Conn, account: i64) -> Result<bool> {
    let done = diesel::update(
        accounts::table
            .find(account)
            .filter(accounts::active.eq(true)),
    )
    .set((
        accounts::active.eq(false),
        accounts::epoch.eq(accounts::epoch + 1),
        accounts::version.eq(accounts::version + 1),
    ))
    .execute(conn)?;
    Ok(done == 1)
}

/// The administrators' accounts are not the department's to close or to link.
fn refuse_administrator(conn: &mut Conn, account: i64) -> Result<()> {
    let held: Vec<String> = account_grants::table
        .filter(account_grants::account_id.eq(account))
        .filter(account_grants::ended_at.is_null())
        .select(account_grants::role)
        .load(conn)?;
    let is_one = |word: &String| Role::from_word(word).is_some_and(Role::is_administrator);
    if held.iter().any(is_one) {
        return Err(Error::Refused(
            "系统、安全、审计管理员的账号由系统管理员管理".to_owned(),
        ));
    }
    Ok(())
}

/// Nobody signs himself off.
fn refuse_self(viewer: &Viewer, account: Option<i64>) -> Result<()> {
    if account.is_some() && viewer.account() == account {
        return Err(Error::Refused(
            "不能为自己办理离任，请由他人办理".to_owned(),
        ));
    }
    Ok(())
}
