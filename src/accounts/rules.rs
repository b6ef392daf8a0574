//! Rules for passwords, locks and sessions, as the configuration file may set them.

use serde::Deserialize;

use crate::auth::Role;
use crate::error::{Error, Result};

/// A set of rules that an installation follows as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// What is sensible anywhere.
    #[default]
    Plain,
    /// 等保三级 (GB/T 22239-2019 8.1.4): passwords end after 90 days, administrators need a second factor.
    Djbh3,
}

/// Who must use a one-time code (TOTP) besides the password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactor {
    /// Whoever wants to.
    #[default]
    Optional,
    /// The three administrators.
    Administrators,
    /// Everybody.
    Everyone,
}

/// Rules in force. Section `[accounts]` of the configuration file; every key is optional.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// A set of rules; single keys may still make it stricter.
    pub profile: Profile,
    /// Fewest characters of a password.
    pub password_min_length: usize,
    /// How many of the four classes (upper, lower, digit, other) a password must mix.
    pub password_classes: usize,
    /// Days after which a password must be changed; 0 = never.
    pub password_max_age_days: i64,
    /// How many earlier passwords may not be taken again.
    pub password_history: i64,
    /// Failed sign-ins of one account until it is locked.
    pub lock_after: i64,
    /// Failed sign-ins from one network address until it is locked; many people may share one.
    pub lock_address_after: i64,
    /// Minutes in which the failures are counted.
    pub lock_window_minutes: i64,
    /// Minutes that a lock lasts.
    pub lock_minutes: i64,
    /// Minutes without a request after which a browser session ends.
    pub idle_minutes: i64,
    /// Hours after which a browser session ends in any case.
    pub session_hours: i64,
    /// Minutes that an access token is good for.
    pub access_minutes: i64,
    /// Hours after which a family of refresh tokens ends.
    pub refresh_hours: i64,
    /// Days that an API token may be good for at most.
    pub api_token_days: i64,
    /// Minutes that the set-up code is good for.
    pub setup_code_minutes: i64,
    /// Who needs a second factor.
    pub second_factor: SecondFactor,
    /// How many passwords are hashed at once: each takes 19 MiB.
    pub hashes_at_once: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            profile: Profile::Plain,
            password_min_length: 10,
            password_classes: 3,
            password_max_age_days: 0,
            password_history: 5,
            lock_after: 5,
            lock_address_after: 20,
            lock_window_minutes: 15,
            lock_minutes: 15,
            idle_minutes: 30,
            session_hours: 12,
            access_minutes: 15,
            refresh_hours: 12,
            api_token_days: 366,
            setup_code_minutes: 60,
            second_factor: SecondFactor::Optional,
            hashes_at_once: 4,
        }
    }
}

impl Rules {
    /// The rules with what their profile demands; refuses what no installation should run with.
    ///
    /// # Errors
    /// [`Error::Usage`] naming the key.
    pub fn settled(mut self) -> Result<Self> {
        if self.profile == Profile::Djbh3 {
            if self.password_max_age_days == 0 {
                self.password_max_age_days = 90;
            }
            self.password_max_age_days = self.password_max_age_days.min(90);
            if self.second_factor == SecondFactor::Optional {
                self.second_factor = SecondFactor::Administrators;
            }
        }
        match self.checks().iter().find(|(_, fine, _)| !fine) {
            None => Ok(self),
            Some((key, _, range)) => Err(Error::Usage(format!(
                "配置项 accounts.{key} 应在 {range} 之间"
            ))),
        }
    }

    /// Every key with whether it is within its range, and the range in words.
    fn checks(&self) -> [(&'static str, bool, &'static str); 15] {
        [
            (
                "password_min_length",
                self.password_min_length >= 8 && self.password_min_length <= 64,
                "8 至 64",
            ),
            (
                "password_classes",
                (1..=4).contains(&self.password_classes),
                "1 至 4",
            ),
            (
                "password_max_age_days",
                (0..=3650).contains(&self.password_max_age_days),
                "0 至 3650",
            ),
            (
                "password_history",
                (0..=50).contains(&self.password_history),
                "0 至 50",
            ),
            (
                "lock_after",
                (3..=100).contains(&self.lock_after),
                "3 至 100",
            ),
            (
                "lock_address_after",
                (3..=100_000).contains(&self.lock_address_after),
                "3 至 100000",
            ),
            (
                "lock_window_minutes",
                (1..=1440).contains(&self.lock_window_minutes),
                "1 至 1440",
            ),
            (
                "lock_minutes",
                (1..=1440).contains(&self.lock_minutes),
                "1 至 1440",
            ),
            (
                "idle_minutes",
                (1..=720).contains(&self.idle_minutes),
                "1 至 720",
            ),
            (
                "session_hours",
                (1..=168).contains(&self.session_hours),
                "1 至 168",
            ),
            (
                "access_minutes",
                (1..=60).contains(&self.access_minutes),
                "1 至 60",
            ),
            (
                "refresh_hours",
                (1..=720).contains(&self.refresh_hours),
                "1 至 720",
            ),
            (
                "api_token_days",
                (1..=1096).contains(&self.api_token_days),
                "1 至 1096",
            ),
            (
                "setup_code_minutes",
                (1..=1440).contains(&self.setup_code_minutes),
                "1 至 1440",
            ),
            (
                "hashes_at_once",
                (1..=64).contains(&self.hashes_at_once),
                "1 至 64",
            ),
        ]
    }

    /// Whether whoever holds these roles must use a second factor.
    #[must_use]
    pub fn demands_second_factor(&self, roles: impl IntoIterator<Item = Role>) -> bool {
        match self.second_factor {
            SecondFactor::Optional => false,
            SecondFactor::Administrators => roles.into_iter().any(Role::is_administrator),
            SecondFactor::Everyone => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_makes_it_stricter_and_never_laxer() {
        let read = |text: &str| toml::from_str::<Rules>(text).unwrap().settled();
        assert_eq!(read("").unwrap(), Rules::default());
        let strict = read("profile = 'djbh3'").unwrap();
        assert_eq!(strict.password_max_age_days, 90);
        assert!(strict.demands_second_factor([Role::AuditAdmin]));
        assert!(!strict.demands_second_factor([Role::Cdo]));
        let stricter =
            read("profile = 'djbh3'\npassword_max_age_days = 30\nsecond_factor = 'everyone'")
                .unwrap();
        assert_eq!(stricter.password_max_age_days, 30);
        assert!(stricter.demands_second_factor([Role::Cdo]));
        assert_eq!(
            read("profile = 'djbh3'\npassword_max_age_days = 400")
                .unwrap()
                .password_max_age_days,
            90
        );
    }

    #[test]
    fn a_rule_that_protects_nothing_is_refused_by_name() {
        for (key, value) in [
            ("password_min_length", 4),
            ("lock_after", 0),
            ("idle_minutes", 0),
            ("access_minutes", 6000),
        ] {
            let rules: Rules = toml::from_str(&format!("{key} = {value}")).unwrap();
            assert!(rules.settled().unwrap_err().to_string().contains(key));
        }
        assert!(toml::from_str::<Rules>("password_min_lenght = 12").is_err());
    }
}
