//! Who may do what, and how far: one table of role and right, and nothing else decides.

use super::role::Role;

/// Something a person may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// Read the published summary of every entry.
    SeeSummary,
    /// Read amounts besides the summary, published or not.
    SeeMoney,
    /// Read entries in full, but for what is restricted to security.
    SeeOwn,
    /// Read security detail and 关基 marks.
    SeeSecurity,
    /// Write entries: forms, imports, attachments, undo.
    Write,
    /// Read names, posts and filings of a department's people, with their contacts.
    SeeContacts,
    /// Propose who is CDO, specialist, liaison.
    ManagePeople,
    /// Acknowledge or return a filing (备案).
    AnswerFiling,
    /// Change regions, departments, mergers.
    ManageOrganisation,
    /// Make, deactivate and reset accounts.
    ManageAccounts,
    /// Give and take roles, unlock accounts.
    GrantRoles,
    /// Read the audit log and check its chain.
    SeeAudit,
    /// Change settings of the installation.
    ManageSettings,
    /// Keep the work calendar and the time limits.
    ManageCalendar,
    /// Check what the department hands in.
    CheckSubmission,
    /// Approve what the department hands in.
    ApproveSubmission,
    /// Take up, review and decide what departments hand in.
    ReviewProposals,
    /// Give an opinion on what one is asked about.
    GiveOpinion,
    /// Open, watch and close campaigns (年度核对).
    RunCampaign,
    /// Give the opinion that one's department is asked for.
    GiveOfficeOpinion,
    /// Approve the department's share requests, answers and statements about links (政务数据共享条例 articles 11, 20, 21).
    ApproveSharing,
    /// Consent to extensions, take filings of ended services, settle disputes (articles 21, 27, 28).
    CoordinateSharing,
    /// Move issues (对接难点问题) for one's department.
    HandleIssue,
    /// Report what the integrated platform has collected.
    ReportCollection,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::SeeSummary,
        Self::SeeMoney,
        Self::SeeOwn,
        Self::SeeSecurity,
        Self::Write,
        Self::SeeContacts,
        Self::ManagePeople,
        Self::AnswerFiling,
        Self::ManageOrganisation,
        Self::ManageAccounts,
        Self::GrantRoles,
        Self::SeeAudit,
        Self::ManageSettings,
        Self::ManageCalendar,
        Self::CheckSubmission,
        Self::ApproveSubmission,
        Self::ReviewProposals,
        Self::GiveOpinion,
        Self::RunCampaign,
        Self::GiveOfficeOpinion,
        Self::ApproveSharing,
        Self::CoordinateSharing,
        Self::HandleIssue,
        Self::ReportCollection,
    ];

    /// The word for logs, the API and `x-permission`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SeeSummary => "see_summary",
            Self::SeeMoney => "see_money",
            Self::SeeOwn => "see_own",
            Self::SeeSecurity => "see_security",
            Self::Write => "write",
            Self::SeeContacts => "see_contacts",
            Self::ManagePeople => "manage_people",
            Self::AnswerFiling => "answer_filing",
            Self::ManageOrganisation => "manage_organisation",
            Self::ManageAccounts => "manage_accounts",
            Self::GrantRoles => "grant_roles",
            Self::SeeAudit => "see_audit",
            Self::ManageSettings => "manage_settings",
            Self::ManageCalendar => "manage_calendar",
            Self::CheckSubmission => "check_submission",
            Self::ApproveSubmission => "approve_submission",
            Self::ReviewProposals => "review_proposals",
            Self::GiveOpinion => "give_opinion",
            Self::RunCampaign => "run_campaign",
            Self::GiveOfficeOpinion => "give_office_opinion",
            Self::ApproveSharing => "approve_sharing",
            Self::CoordinateSharing => "coordinate_sharing",
            Self::HandleIssue => "handle_issue",
            Self::ReportCollection => "report_collection",
        }
    }

    /// What it lets one do, for the sentence that explains a refusal.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::SeeSummary => "查看公开摘要",
            Self::SeeMoney => "查看金额和状态",
            Self::SeeOwn => "查看条目全部内容",
            Self::SeeSecurity => "查看安全信息",
            Self::Write => "填报和修改条目",
            Self::SeeContacts => "查看人员联系方式",
            Self::ManagePeople => "维护本部门人员",
            Self::AnswerFiling => "受理备案",
            Self::ManageOrganisation => "维护机构",
            Self::ManageAccounts => "管理账号",
            Self::GrantRoles => "授予角色和解锁",
            Self::SeeAudit => "查看审计日志",
            Self::ManageSettings => "修改系统设置",
            Self::ManageCalendar => "维护工作日历和办理时限",
            Self::CheckSubmission => "审核送审材料",
            Self::ApproveSubmission => "审定送审材料",
            Self::ReviewProposals => "评审项目",
            Self::GiveOpinion => "提出评审意见",
            Self::RunCampaign => "组织年度核对",
            Self::GiveOfficeOpinion => "代表本部门提出会审意见",
            Self::ApproveSharing => "审批本部门的共享申请和答复",
            Self::CoordinateSharing => "统筹协调数据共享",
            Self::HandleIssue => "办理对接难点问题",
            Self::ReportCollection => "上报数据汇聚情况",
        }
    }
}

/// How far a right goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// The department and the units that report through it.
    Own,
    /// All departments of the region's own level.
    Level,
    /// All departments of the region and of the regions below.
    Subtree,
    /// The whole installation.
    All,
}

impl Extent {
    /// The word for a rule.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Own => "本部门及下属单位",
            Self::Level => "本级各部门",
            Self::Subtree => "本地区各级部门",
            Self::All => "全部",
        }
    }
}

/// How far a role carries a right; `None` when it does not carry it at all.
///
/// Sources: domain README section 12; 政务数据共享条例 articles 20–21 (the provider, not the bureau, answers);
/// GB/T 22239-2019 8.1.4 (three administrators).
#[must_use]
pub fn extent(role: Role, right: Right) -> Option<Extent> {
    use Extent::{All, Level, Own, Subtree};
    use Right as R;
    match (role, right) {
        // An expert reads and judges what is assigned to him: every read goes through the assignment.
        (_, R::SeeSummary)
        | (Role::Reviewer, R::GiveOpinion)
        | (Role::SecurityAdmin, R::GrantRoles)
        | (Role::AuditAdmin, R::SeeAudit) => Some(All),
        (
            Role::SystemAdmin,
            R::ManageOrganisation | R::ManageAccounts | R::ManageSettings | R::ManageCalendar,
        ) => Some(All),
        (
            Role::Liaison | Role::Specialist | Role::Cdo,
            R::SeeMoney | R::SeeOwn | R::SeeSecurity | R::Write | R::SeeContacts,
        )
        | (
            Role::Specialist | Role::Cdo,
            R::ManagePeople
            | R::CheckSubmission
            | R::GiveOfficeOpinion
            | R::ApproveSharing
            | R::HandleIssue,
        )
        | (Role::Cdo, R::ApproveSubmission) => Some(Own),
        (Role::Bureau, R::SeeMoney | R::SeeOwn | R::SeeContacts) => Some(Subtree),
        (
            Role::Bureau,
            R::SeeSecurity
            | R::Write
            | R::AnswerFiling
            | R::ManagePeople
            | R::ReviewProposals
            | R::RunCampaign
            | R::CoordinateSharing
            | R::ReportCollection,
        )
        | (Role::Oversight, R::SeeMoney) => Some(Level),
        _ => None,
    }
}

/// The roles that carry a right, with how far: the rule quoted to whoever is refused.
#[must_use]
pub fn rule(right: Right) -> String {
    let who: Vec<String> = Role::ALL
        .into_iter()
        .filter_map(|role| {
            extent(role, right).map(|e| format!("{}（{}）", role.label(), e.label()))
        })
        .collect();
    format!("{}限于: {}", right.label(), who.join("、"))
}
