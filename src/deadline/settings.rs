//! What an installation may set about reminders.

use serde::Deserialize;

use crate::auth::Role;

/// One step of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Who is told.
    pub role: Role,
    /// Working days after the step before.
    #[serde(default)]
    pub after: u32,
    /// Only once it is overdue.
    #[serde(default)]
    pub overdue: bool,
}

/// Settings of reminders; those left out keep their defaults.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Whether people are reminded at all.
    pub remind: bool,
    /// Who is told, one after the other, while nothing is done: 联络员, 专员, 首席数据代表, 数据管理部门.
    pub steps: Vec<Step>,
    /// Notices of single deadlines that one person gets in a day; the others are in the digest.
    pub most: usize,
}

impl Default for Rules {
    fn default() -> Self {
        let step = |role, after, overdue| Step {
            role,
            after,
            overdue,
        };
        Self {
            remind: true,
            steps: vec![
                step(Role::Liaison, 0, false),
                step(Role::Specialist, 5, false),
                step(Role::Cdo, 5, true),
                step(Role::Bureau, 5, true),
            ],
            most: 20,
        }
    }
}
