//! What an installation may set about people and filings.

use serde::Deserialize;

/// Settings of the organisation; those left out keep their defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Days after which contacts that nobody has confirmed count as stale.
    pub contact_days: u16,
    /// Days after which a filing that is still open is pointed out. The plan says 及时 and names no number.
    pub filing_days: u16,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            contact_days: 180,
            filing_days: 10,
        }
    }
}
