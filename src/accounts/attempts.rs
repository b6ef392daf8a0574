//! Failed sign-ins, counted by login as typed and by network address, and the locks that follow.
//!
//! A login is counted whether there is such an account or not, so the answers tell nothing.

use chrono::{Duration, NaiveDateTime};
use diesel::prelude::*;

use super::rules::Rules;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::sign_in_failures as failures;
use crate::error::Result;

/// What failures are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The login as it was typed, folded.
    Login,
    /// The network address.
    Address,
}

impl Scope {
    fn word(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Address => "address",
        }
    }
}

/// The two things that one attempt is counted by; either may be missing.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub login: Option<String>,
    pub address: Option<String>,
}

impl Attempt {
    fn subjects(&self) -> impl Iterator<Item = (Scope, &str)> {
        let login = self.login.as_deref().map(|l| (Scope::Login, l));
        login
            .into_iter()
            .chain(self.address.as_deref().map(|a| (Scope::Address, a)))
    }
}

/// Seconds for which this attempt is locked out; none when it is not.
pub(super) fn locked(conn: &mut Conn, attempt: &Attempt) -> Result<Option<u64>> {
    let now = clock::now();
    let mut longest: Option<NaiveDateTime> = None;
    for (scope, subject) in attempt.subjects() {
        let until = failures::table
            .find((scope.word(), subject))
            .select(failures::locked_until)
            .first::<Option<NaiveDateTime>>(conn)
            .optional()?;
        longest = longest.max(until.flatten());
    }
    Ok(longest
        .filter(|until| *until > now)
        .map(|until| u64::try_from((until - now).num_seconds() + 1).unwrap_or(1)))
}

/// Counts a failure, inside the transaction that records it; says what got locked by it.
pub(super) fn failed(conn: &mut Conn, rules: &Rules, attempt: &Attempt) -> Result<Vec<Scope>> {
    let now = clock::now();
    let since = now - Duration::minutes(rules.lock_window_minutes);
    let mut locks = Vec::new();
    for (scope, subject) in attempt.subjects() {
        let known: Option<(i64, NaiveDateTime, Option<NaiveDateTime>)> = failures::table
            .find((scope.word(), subject))
            .select((
                failures::failures,
                failures::first_at,
                failures::locked_until,
            ))
            .first(conn)
            .optional()?;
        let most = match scope {
            Scope::Login => rules.lock_after,
            Scope::Address => rules.lock_address_after,
        };
        // A lock that has run out, or a window that has passed, begins a new count.
        let running =
            known.filter(|(_, first, until)| *first > since && until.is_none_or(|u| u > now));
        let count = running.map_or(1, |(count, _, _)| count + 1);
        let first = running.map_or(now, |(_, first, _)| first);
        let already = running.and_then(|(_, _, until)| until);
        let until = already
            .or_else(|| (count >= most).then(|| now + Duration::minutes(rules.lock_minutes)));
        if until.is_some() && already.is_none() {
            locks.push(scope);
        }
        let values = (
            failures::failures.eq(count),
            failures::first_at.eq(first),
            failures::locked_until.eq(until),
        );
        if known.is_some() {
            diesel::update(failures::table.find((scope.word(), subject)))
                .set(values)
                .execute(conn)?;
        } else {
            forget_old(conn, now)?;
            diesel::insert_into(failures::table)
                .values((
                    failures::scope.eq(scope.word()),
                    failures::subject.eq(subject),
                    values,
                ))
                .execute(conn)?;
        }
    }
    Ok(locks)
}

/// Removes counts that no longer matter, so that made-up logins do not pile up.
fn forget_old(conn: &mut Conn, now: NaiveDateTime) -> Result<()> {
    let old = now - Duration::days(2);
    diesel::delete(failures::table.filter(failures::first_at.lt(old))).execute(conn)?;
    Ok(())
}

/// Forgets the failures of a login: after success, or when somebody unlocks it. Says whether it was locked.
pub(super) fn forgive(conn: &mut Conn, login: &str) -> Result<bool> {
    let until = failures::table
        .find((Scope::Login.word(), login))
        .select(failures::locked_until)
        .first::<Option<NaiveDateTime>>(conn)
        .optional()?
        .flatten();
    diesel::delete(failures::table.find((Scope::Login.word(), login))).execute(conn)?;
    Ok(until.is_some_and(|u| u > clock::now()))
}

/// Forgets the failures of a network address; says whether it was locked.
pub(super) fn forgive_address(conn: &mut Conn, address: &str) -> Result<bool> {
    let locked = failures::table
        .find((Scope::Address.word(), address))
        .select(failures::locked_until)
        .first::<Option<NaiveDateTime>>(conn)
        .optional()?
        .flatten();
    diesel::delete(failures::table.find((Scope::Address.word(), address))).execute(conn)?;
    Ok(locked.is_some_and(|u| u > clock::now()))
}

/// Logins and addresses that are locked now, with the end of each lock.
pub(super) fn all_locked(conn: &mut Conn) -> Result<Vec<(String, String, NaiveDateTime)>> {
    let rows: Vec<(String, String, Option<NaiveDateTime>)> = failures::table
        .filter(failures::locked_until.gt(clock::now()))
        .order((failures::scope, failures::subject))
        .select((failures::scope, failures::subject, failures::locked_until))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .filter_map(|(scope, subject, until)| Some((scope, subject, until?)))
        .collect())
}
