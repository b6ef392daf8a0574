//! The words of appointments: the filed roles, and what kind of change one is.

use serde::Serialize;

use crate::auth::Role;

/// The roles that are filed.
pub const ROLES: [Role; 3] = [Role::Cdo, Role::Specialist, Role::Liaison];

/// What people call a filed role in full.
#[must_use]
pub fn role_label(role: Role) -> &'static str {
    match role {
        Role::Cdo => "首席数据代表(官)",
        other => other.label(),
    }
}

/// A filed role from its word or from what people call it.
#[must_use]
pub fn role_named(text: &str) -> Option<Role> {
    match text {
        "cdo"
        | "CDO"
        | "首席数据代表(官)"
        | "首席数据代表（官）"
        | "首席数据代表"
        | "首席数据官"
        | "首席代表" => Some(Role::Cdo),
        "specialist" | "数据专员" | "专员" => Some(Role::Specialist),
        "liaison" | "数据联络员" | "联络员" => Some(Role::Liaison),
        _ => None,
    }
}

/// Kind of a change of staffing (变动类型).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// 新任.
    New,
    /// 调整.
    Adjusted,
    /// 免任.
    Dismissed,
}

impl Change {
    /// The word it is stored as.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Adjusted => "adjusted",
            Self::Dismissed => "dismissed",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::New, Self::Adjusted, Self::Dismissed]
            .into_iter()
            .find(|change| change.word() == word)
    }

    /// What people read.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::New => "新任",
            Self::Adjusted => "调整",
            Self::Dismissed => "免任",
        }
    }
}
