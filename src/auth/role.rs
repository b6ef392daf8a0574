//! The roles people hold, as the founding plan and the sources name them.

use serde::{Deserialize, Serialize};

/// A role; held in one department, except the three administrators, who serve the installation.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 数据联络员: drafts entries and imports for an office or a subordinate unit.
    Liaison,
    /// 数据专员: checks, submits, keeps the department's people.
    Specialist,
    /// 首席数据代表(官): answers for the department.
    Cdo,
    /// 数据管理部门: the data bureau; for the regions below, the superior bureau.
    Bureau,
    /// 评审专家: reads what is assigned, gives an opinion, nothing else.
    Reviewer,
    /// 财政/审计: reads money and status of its level.
    Oversight,
    /// 系统管理员: organisation, accounts, settings; no business, no grants.
    SystemAdmin,
    /// 安全管理员: grants roles and unlocks; no business.
    SecurityAdmin,
    /// 审计管理员: reads the audit log; nothing else.
    AuditAdmin,
}

impl Role {
    /// All of them, in the order pages show them.
    pub const ALL: [Self; 9] = [
        Self::Liaison,
        Self::Specialist,
        Self::Cdo,
        Self::Bureau,
        Self::Reviewer,
        Self::Oversight,
        Self::SystemAdmin,
        Self::SecurityAdmin,
        Self::AuditAdmin,
    ];

    /// The word it is stored as.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Liaison => "liaison",
            Self::Specialist => "specialist",
            Self::Cdo => "cdo",
            Self::Bureau => "bureau",
            Self::Reviewer => "reviewer",
            Self::Oversight => "oversight",
            Self::SystemAdmin => "system_admin",
            Self::SecurityAdmin => "security_admin",
            Self::AuditAdmin => "audit_admin",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Liaison => "数据联络员",
            Self::Specialist => "数据专员",
            Self::Cdo => "首席数据代表",
            Self::Bureau => "数据管理部门",
            Self::Reviewer => "评审专家",
            Self::Oversight => "财政/审计",
            Self::SystemAdmin => "系统管理员",
            Self::SecurityAdmin => "安全管理员",
            Self::AuditAdmin => "审计管理员",
        }
    }

    /// One of the separated three (三员): whoever holds one holds nothing else.
    #[must_use]
    pub fn is_administrator(self) -> bool {
        matches!(
            self,
            Self::SystemAdmin | Self::SecurityAdmin | Self::AuditAdmin
        )
    }
}

/// Why these roles cannot be held together by one person; `None` when they can.
///
/// GB/T 22239-2019 8.1.4: the three administrators restrain each other and do no business.
#[must_use]
pub fn conflict(roles: &[Role]) -> Option<&'static str> {
    let distinct: std::collections::BTreeSet<_> = roles.iter().collect();
    (distinct.len() > 1 && roles.iter().any(|role| role.is_administrator())).then_some(
        "系统管理员、安全管理员、审计管理员三员分立，担任其中之一的账号不得再担任其他角色",
    )
}
