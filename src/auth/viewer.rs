//! Who asks: made once per request from the live database, and given to every read and write.

use std::collections::{BTreeMap, BTreeSet};

use super::policy::{self, Extent, Right};
use super::role::Role;

/// Whose entries a right covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The whole ledger (the operator at the command line, background work).
    Everything,
    /// These departments, by id, in order.
    Departments(Vec<i64>),
}

impl Reach {
    /// Whether a department is covered.
    #[must_use]
    pub fn covers(&self, department: i64) -> bool {
        match self {
            Self::Everything => true,
            Self::Departments(ids) => ids.binary_search(&department).is_ok(),
        }
    }

    /// Whether nothing is covered.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Departments(ids) if ids.is_empty())
    }
}

/// A role held, with the departments each extent means for it.
#[derive(Clone, Debug, Default)]
pub struct Extents {
    /// The department itself and its units, at any depth.
    pub own: Vec<i64>,
    /// The departments of the region's own level.
    pub level: Vec<i64>,
    /// The departments of the region and below.
    pub subtree: Vec<i64>,
}

/// How much of an entry a viewer sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// Fields that everyone signed in may see.
    Summary,
    /// And amounts.
    Money,
    /// And what the department and its bureaus see.
    Own,
    /// And security detail.
    Security,
}

/// The departments at the ends of an entry: its owner and, for a link, the other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    owner: i64,
    party: Option<i64>,
}

impl Ends {
    /// An owner and the other end, if there is one.
    #[must_use]
    pub fn of(owner: i64, party: Option<i64>) -> Self {
        Self { owner, party }
    }
}

impl From<i64> for Ends {
    fn from(owner: i64) -> Self {
        Self::of(owner, None)
    }
}

/// Where a request came from: what the audit log says beside who.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Network address; empty at the command line.
    pub address: String,
    /// The request's id; empty at the command line.
    pub request_id: String,
}

/// Who asks; every read and every write of the ledger is given one.
#[derive(Clone, Debug)]
pub struct Viewer {
    account: Option<i64>,
    name: String,
    home: Option<i64>,
    roles: Vec<(Role, Option<i64>)>,
    reaches: BTreeMap<Right, Reach>,
    origin: Origin,
}

/// A refusal: what was asked for and the rule that says no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The rule, in Chinese.
    pub rule: String,
}

impl Viewer {
    /// The operator at the command line, who has the database itself in hand.
    #[must_use]
    pub fn operator(name: &str) -> Self {
        Self {
            account: None,
            name: name.to_owned(),
            home: None,
            roles: Vec::new(),
            reaches: Right::ALL.map(|r| (r, Reach::Everything)).into(),
            origin: Origin::default(),
        }
    }

    /// Somebody who has not signed in: may do nothing, but the audit log names the act.
    #[must_use]
    pub fn nobody() -> Self {
        Self {
            account: None,
            name: "未登录".to_owned(),
            home: None,
            roles: Vec::new(),
            reaches: BTreeMap::new(),
            origin: Origin::default(),
        }
    }

    /// A signed-in person: account, name, home department and the roles held with what they extend to.
    #[must_use]
    pub fn signed_in(
        account: i64,
        name: &str,
        home: Option<i64>,
        held: &[(Role, Option<i64>, Extents)],
    ) -> Self {
        let mut reaches = BTreeMap::new();
        for right in Right::ALL {
            let mut all = false;
            let mut ids = BTreeSet::new();
            for (role, _, extents) in held {
                match policy::extent(*role, right) {
                    Some(Extent::All) => all = true,
                    Some(Extent::Own) => ids.extend(&extents.own),
                    Some(Extent::Level) => ids.extend(extents.own.iter().chain(&extents.level)),
                    Some(Extent::Subtree) => ids.extend(extents.own.iter().chain(&extents.subtree)),
                    None => {}
                }
            }
            let reach = if all {
                Reach::Everything
            } else {
                Reach::Departments(ids.into_iter().collect())
            };
            reaches.insert(right, reach);
        }
        // Whoever is signed in may search the published summary, with or without a role yet.
        reaches.insert(Right::SeeSummary, Reach::Everything);
        Self {
            account: Some(account),
            name: name.to_owned(),
            home,
            roles: held.iter().map(|(role, at, _)| (*role, *at)).collect(),
            reaches,
            origin: Origin::default(),
        }
    }

    /// The same viewer, asking from here.
    #[must_use]
    pub fn from_origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// Where the request came from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The account, when it is a person or machine with one.
    #[must_use]
    pub fn account(&self) -> Option<i64> {
        self.account
    }

    /// The name recorded as the author of changes.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The department the account belongs to.
    #[must_use]
    pub fn home(&self) -> Option<i64> {
        self.home
    }

    /// The roles held, each with its department.
    #[must_use]
    pub fn roles(&self) -> &[(Role, Option<i64>)] {
        &self.roles
    }

    /// Whether a role is held anywhere.
    #[must_use]
    pub fn is(&self, role: Role) -> bool {
        self.roles.iter().any(|(held, _)| *held == role)
    }

    /// The departments a right covers.
    #[must_use]
    pub fn reach(&self, right: Right) -> &Reach {
        const NOTHING: &Reach = &Reach::Departments(Vec::new());
        self.reaches.get(&right).unwrap_or(NOTHING)
    }

    /// Whether a right covers this department, or either end of an entry.
    #[must_use]
    pub fn can(&self, right: Right, of: impl Into<Ends>) -> bool {
        let (ends, reach) = (of.into(), self.reach(right));
        reach.covers(ends.owner) || ends.party.is_some_and(|party| reach.covers(party))
    }

    /// Whether a right is held for any department at all.
    #[must_use]
    pub fn can_anywhere(&self, right: Right) -> bool {
        !self.reach(right).is_nothing()
    }

    /// Demands a right over a department, or over either end of an entry.
    ///
    /// # Errors
    /// The rule that refuses it.
    pub fn may(&self, right: Right, of: impl Into<Ends>) -> Result<(), Refusal> {
        if self.can(right, of) {
            return Ok(());
        }
        Err(Refusal {
            rule: policy::rule(right),
        })
    }

    /// Demands a right that is not about one department.
    ///
    /// # Errors
    /// The rule that refuses it.
    pub fn may_anywhere(&self, right: Right) -> Result<(), Refusal> {
        if self.can_anywhere(right) {
            return Ok(());
        }
        Err(Refusal {
            rule: policy::rule(right),
        })
    }

    /// How much of an entry of this department is shown; of one with two ends, the better of both.
    #[must_use]
    pub fn sight(&self, of: impl Into<Ends>) -> Sight {
        let ends = of.into();
        if self.can(Right::SeeSecurity, ends) {
            Sight::Security
        } else if self.can(Right::SeeOwn, ends) {
            Sight::Own
        } else if self.can(Right::SeeMoney, ends) {
            Sight::Money
        } else {
            Sight::Summary
        }
    }
}
