//! 共享对接: data that departments give each other, and the statutory clocks of giving it.
//!
//! A link is an entry of the register `sharing_link`, owned by the provider; what each end says of it stands beside it
//! (`ledger::ends`). Law: 政务数据共享条例 (国务院令第809号).

pub mod agreed;
pub mod collection;
pub mod follow;
pub mod link;
pub mod map;
pub mod proposed;
pub mod reconcile;
pub mod request;
pub mod steps;

/// Key of the register of links.
pub const LINKS: &str = "sharing_link";

/// Keys of a link's fields and steps that code names.
pub mod field {
    /// The department that gives.
    pub const PROVIDER: &str = "provider_org";
    /// The department that takes.
    pub const CONSUMER: &str = "consumer_org";
    /// The way.
    pub const MODE: &str = "share_mode";
    /// How often.
    pub const FREQUENCY: &str = "frequency";
    /// Basis.
    pub const BASIS: &str = "basis";
    /// What it is for.
    pub const PURPOSE: &str = "purpose";
    /// Who may use it.
    pub const SCOPE: &str = "use_scope";
    /// The last day.
    pub const VALID_UNTIL: &str = "valid_until";
    /// The step of a link that is applied for.
    pub const APPLYING: &str = "applying";
    /// The step of a link that is being connected.
    pub const CONNECTING: &str = "connecting";
    /// The step of a link that is over.
    pub const ENDED: &str = "ended";
}
