//! Signing in: login, password and, where there is one, the one-time code.

use diesel::prelude::*;
use serde_json::json;

use super::attempts::{self, Attempt, Scope};
use super::row::{self, AccountRow};
use super::session::{self, Kind, Session};
use super::token::{self, Purpose, Subject};
use super::{Service, input, totp};
use crate::audit::{self, Event};
use crate::auth::Viewer;
use crate::auth::viewer::Origin;
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{account_sessions, accounts};
use crate::error::{Error, Result};
use crate::register::catalogue::Catalogue;
use crate::register::region::Regions;

/// Seconds between the password and the one-time code.
const SECOND_STEP: i64 = 300;

/// A session just opened.
#[derive(Debug)]
pub struct NewSession {
    /// The secret for the cookie; stored nowhere else.
    pub secret: String,
    /// The session.
    pub session: Session,
}

/// What a sign-in came to.
#[derive(Debug)]
pub enum SignedIn {
    /// A session is open.
    Session(Box<NewSession>),
    /// The password is right; now the one-time code is wanted, together with this ticket (good for five minutes).
    NeedsTotp(String),
}

/// Credentials that were found right.
pub(super) enum Known {
    /// Everything that is asked for.
    Whole(Proof),
    /// The password; the one-time code is still to come.
    Half(AccountRow),
}

/// An account whose credentials were found right, and what they were compared with.
pub(super) struct Proof {
    pub account: AccountRow,
    /// The time step of the one-time code; each is taken once.
    pub step: Option<i64>,
}

impl Service {
    /// Signs a browser in.
    ///
    /// # Errors
    /// [`Error::WrongCredentials`], the same for an unknown login; [`Error::Locked`] after too many failures;
    /// [`Error::Busy`] when too many sign in at once.
    pub fn sign_in(
        &self,
        conn: &mut Conn,
        catalogue: &Catalogue,
        login: &str,
        password: &str,
        totp: Option<&str>,
        origin: Origin,
    ) -> Result<SignedIn> {
        match self.credentials(conn, login, password, totp, &origin)? {
            Known::Whole(proof) => self.admit(conn, catalogue.regions(), &proof, origin),
            Known::Half(account) => {
                let subject = Subject {
                    account: account.id,
                    epoch: account.epoch,
                    session: 0,
                };
                Ok(SignedIn::NeedsTotp(token::make(
                    &self.keys,
                    Purpose::SecondStep,
                    subject,
                    SECOND_STEP,
                )?))
            }
        }
    }

    /// The second step: the ticket of the first and the one-time code.
    ///
    /// # Errors
    /// As [`Service::sign_in`]; [`Error::SignedOut`] when the ticket is too old.
    pub fn finish_totp(
        &self,
        conn: &mut Conn,
        catalogue: &Catalogue,
        ticket: &str,
        totp: &str,
        origin: Origin,
    ) -> Result<SignedIn> {
        let subject =
            token::check(&self.keys, Purpose::SecondStep, ticket).ok_or(Error::SignedOut)?;
        let account = row::account(conn, subject.account).map_err(|_| Error::SignedOut)?;
        if !account.active || account.epoch != subject.epoch {
            return Err(Error::SignedOut);
        }
        let attempt = attempt(Some(&account.login), &origin);
        self.refuse_locked(conn, &attempt, Some(&account), &origin)?;
        match totp::fits(&account, totp) {
            Some(step) => self.admit(
                conn,
                catalogue.regions(),
                &Proof {
                    account,
                    step: Some(step),
                },
                origin,
            ),
            None => self.fail(conn, &attempt, Some(&account), "totp", &origin),
        }
    }

    /// Compares credentials, counting what is wrong; the answers do not tell whether there is such an account.
    pub(super) fn credentials(
        &self,
        conn: &mut Conn,
        login: &str,
        password: &str,
        totp: Option<&str>,
        origin: &Origin,
    ) -> Result<Known> {
        let folded = input::fold_login(login);
        let attempt = attempt(folded.as_deref(), origin);
        let account = folded
            .as_deref()
            .map(|l| row::by_login(conn, l))
            .transpose()?
            .flatten();
        self.refuse_locked(conn, &attempt, account.as_ref(), origin)?;
        let fits = self
            .hasher
            .fits(password, account.as_ref().map(|a| a.password_hash.as_str()))?;
        let Some(account) = account.filter(|_| fits) else {
            let known = folded
                .as_deref()
                .map(|l| row::by_login(conn, l))
                .transpose()?
                .flatten();
            return self.fail(conn, &attempt, known.as_ref(), "password", origin);
        };
        if !account.active {
            return self.fail(conn, &attempt, Some(&account), "inactive", origin);
        }
        if !account.totp_confirmed {
            return Ok(Known::Whole(Proof {
                account,
                step: None,
            }));
        }
        match totp.map(str::trim).filter(|code| !code.is_empty()) {
            None => Ok(Known::Half(account)),
            Some(code) => match totp::fits(&account, code) {
                Some(step) => Ok(Known::Whole(Proof {
                    account,
                    step: Some(step),
                })),
                None => self.fail(conn, &attempt, Some(&account), "totp", origin),
            },
        }
    }

    /// Opens a browser session for proven credentials.
    pub(super) fn admit(
        &self,
        conn: &mut Conn,
        regions: &Regions,
        proof: &Proof,
        origin: Origin,
    ) -> Result<SignedIn> {
        let (id, secret) = self.enter(conn, proof, Kind::Browser, "", &origin)?;
        let row = account_sessions::table
            .find(id)
            .select(row::SessionRow::as_select())
            .first(conn)?;
        let account = row::account(conn, proof.account.id)?;
        let viewer = self.viewer_of(conn, regions, &account)?;
        let session = self.session(&row, &account, viewer, &secret, origin);
        Ok(SignedIn::Session(Box::new(NewSession { secret, session })))
    }

    /// Records the sign-in and opens a session, unless anything has changed since the credentials were compared.
    pub(super) fn enter(
        &self,
        conn: &mut Conn,
        proof: &Proof,
        kind: Kind,
        turn: &str,
        origin: &Origin,
    ) -> Result<(i64, String)> {
        let account = &proof.account;
        let attempt = attempt(Some(&account.login), origin);
        let opened = row::write(conn, |conn| {
            // Guesses that run side by side get no further than those that come one after the other.
            if let Some(seconds) = attempts::locked(conn, &attempt)? {
                return Err(Error::Locked(seconds));
            }
            let same = accounts::table
                .filter(accounts::id.eq(account.id).and(accounts::active.eq(true)))
                .filter(
                    accounts::epoch
                        .eq(account.epoch)
                        .and(accounts::password_hash.eq(&account.password_hash)),
                )
                .filter(accounts::totp_step.lt(proof.step.unwrap_or(i64::MAX)));
            let step = proof.step.map(|step| accounts::totp_step.eq(step));
            let done = diesel::update(same)
                .set((accounts::last_sign_in_at.eq(clock::now()), step))
                .execute(conn)?;
            if done != 1 {
                return Err(Error::WrongCredentials);
            }
            attempts::forgive(conn, &account.login)?;
            let opened = session::open(conn, self, account, kind, turn, origin)?;
            let viewer = account.author().from_origin(origin.clone());
            let event = Event::done("sign_in", &account.title())
                .of(account.department_id)
                .with(json!({ "by": kind.word(), "totp": proof.step.is_some() }));
            audit::record(conn, &viewer, &event)?;
            Ok(opened)
        });
        match opened {
            Err(Error::WrongCredentials) => {
                self.fail(conn, &attempt, Some(account), "used", origin)
            }
            Err(Error::Locked(seconds)) => {
                self.refuse_locked(conn, &attempt, Some(account), origin)?;
                Err(Error::Locked(seconds))
            }
            other => other,
        }
    }

    fn refuse_locked(
        &self,
        conn: &mut Conn,
        attempt: &Attempt,
        account: Option<&AccountRow>,
        origin: &Origin,
    ) -> Result<()> {
        let Some(seconds) = attempts::locked(conn, attempt)? else {
            return Ok(());
        };
        let (viewer, object) = stranger(attempt, account, origin);
        row::write(conn, |conn| {
            let event = Event::refused("sign_in", &object).with(json!({ "why": "locked" }));
            audit::record(conn, &viewer, &event)
        })?;
        Err(Error::Locked(seconds))
    }

    /// Counts and records a failed attempt; always an error.
    pub(super) fn fail<T>(
        &self,
        conn: &mut Conn,
        attempt: &Attempt,
        account: Option<&AccountRow>,
        why: &str,
        origin: &Origin,
    ) -> Result<T> {
        let (viewer, object) = stranger(attempt, account, origin);
        row::write(conn, |conn| {
            let event = Event::refused("sign_in", &object).with(json!({ "why": why }));
            audit::record(conn, &viewer, &event)?;
            for scope in attempts::failed(conn, &self.rules, attempt)? {
                let what = match scope {
                    Scope::Login => object.clone(),
                    Scope::Address => origin.address.clone(),
                };
                let minutes = self.rules.lock_minutes;
                audit::record(
                    conn,
                    &viewer,
                    &Event::done("lock", &what).with(json!({ "minutes": minutes })),
                )?;
            }
            Ok(())
        })?;
        Err(Error::WrongCredentials)
    }
}

/// What an attempt is counted by.
pub(super) fn attempt(login: Option<&str>, origin: &Origin) -> Attempt {
    Attempt {
        login: login.map(str::to_owned),
        address: Some(origin.address.clone()).filter(|a| !a.is_empty()),
    }
}

/// Who the audit log names for a failed attempt. People type passwords where the login belongs, so what is
/// no account's login is cut.
fn stranger(attempt: &Attempt, account: Option<&AccountRow>, origin: &Origin) -> (Viewer, String) {
    if let Some(account) = account {
        return (
            account.author().from_origin(origin.clone()),
            account.title(),
        );
    }
    let cut: String = attempt
        .login
        .iter()
        .flat_map(|l| l.chars().take(2))
        .collect();
    let object = format!("未知账号（{cut}…）");
    (Viewer::nobody().from_origin(origin.clone()), object)
}
