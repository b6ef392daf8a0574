//! Accounts: who may sign in, by what, and what role they hold where.
//!
//! Secrets are stored as hashes only. A token says who, never what: account, roles and organisation are read
//! from the database at every request, and every change of a credential raises the account's `epoch`, which
//! ends all sessions and tokens made before it.

mod admin;
mod api_token;
mod attempts;
mod bearer;
mod grants;
mod input;
pub mod keys;
mod list;
mod own;
mod password;
mod reach;
mod row;
mod rules;
mod secret;
mod session;
mod setup;
mod sign_in;
mod token;
mod totp;

pub use admin::{Made, NewAccount};
pub use api_token::{ApiToken, MadeToken, NewToken};
pub use bearer::{Bearer, Moment, TokenPair};
pub use grants::Grant;
pub use input::fold_login;
pub use keys::Keys;
pub use list::{Account, Filter, Held, IDLE_DAYS, Lock, State};
pub use own::OpenSession;
pub use password::made as made_password;
pub use rules::{Profile, Rules, SecondFactor};
pub use session::{Must, Session};
pub use setup::{First, FirstMade};
pub use sign_in::{NewSession, SignedIn};
pub use totp::{Picture, TotpSetup};

use std::path::Path;

use crate::error::Result;

/// Sign-in, sessions and tokens, as one process offers them; shared by all its threads.
#[derive(Debug)]
pub struct Service {
    /// The rules in force.
    pub rules: Rules,
    /// The keys that access tokens are signed with.
    pub keys: Keys,
    hasher: password::Hasher,
    remembered: reach::Remembered,
    last_use: session::LastUse,
}

impl Service {
    /// Opens the service: reads the signing keys of the data folder, or makes them at the first start.
    ///
    /// # Errors
    /// When a key is weak, readable by others or cannot be made; when the self-test of the tokens fails.
    pub fn open(data_folder: &Path, rules: Rules) -> Result<Self> {
        let keys = Keys::open(data_folder)?;
        token::self_test(&keys)?;
        Ok(Self {
            hasher: password::Hasher::new(rules.hashes_at_once)?,
            rules,
            keys,
            remembered: reach::Remembered::default(),
            last_use: session::LastUse::default(),
        })
    }
}
