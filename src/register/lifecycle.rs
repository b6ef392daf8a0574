//! How entries of a register walk from application to retirement: `import_templates/lifecycle/*.toml`.
//!
//! A model names the steps (codes of the register's status list), the arrows between them, the gates on
//! arrows with what they need, and the submissions that move entries by a decision. A deployment's folder
//! may hold its own model of a register, which then stands in place of the built-in one.

mod check;
mod gate;
pub(super) mod load;

use chrono::NaiveDate;
use serde::Deserialize;

pub use gate::{Facts, Link, Links, Missing, Related, holds, missing};

/// The way of one register's entries.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lifecycle {
    /// The register.
    pub register: String,
    /// Where a new entry begins.
    pub initial: String,
    /// What a decision writes and protects.
    #[serde(default)]
    pub approval: Approval,
    /// How change requests are measured.
    pub change: Option<ChangeRule>,
    /// The steps, in the order of the walk.
    #[serde(rename = "step")]
    pub steps: Vec<Step>,
    /// The arrows between them.
    #[serde(rename = "arrow")]
    pub arrows: Vec<Arrow>,
    /// What arrows and submissions ask for.
    #[serde(default, rename = "gate")]
    pub gates: Vec<Gate>,
    /// The form of a retirement.
    pub retirement: Option<Retirement>,
    /// The kinds of submissions.
    #[serde(default, rename = "submission")]
    pub kinds: Vec<Kind>,
}

/// Fields that a decision writes, that only decisions write, and that are fixed by one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Field of the decision's code (list `review_decision`).
    pub decision: Option<String>,
    /// Field of the day of the decision.
    pub day: Option<String>,
    /// Field of the amount that is asked for.
    pub asked: Option<String>,
    /// Field of the approved amount.
    pub amount: Option<String>,
    /// Field of the amount that was cut.
    pub cut: Option<String>,
    /// Field of the number of the approving paper.
    pub number: Option<String>,
    /// Field of the name of the approving office.
    pub office: Option<String>,
    /// Fields that decisions alone write.
    #[serde(default)]
    pub locked: Vec<String>,
    /// Fields that change by a change request once the entry is approved.
    #[serde(default)]
    pub protected: Vec<String>,
}

/// How change requests are measured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeRule {
    /// From this percentage on a change of the amount is to be reported (国务院令712号 art. 12).
    pub report_percent: u32,
    /// From this percentage on it goes back to the approving office (国办发〔2019〕57号, not read in full).
    pub limit_percent: u32,
    /// List of the classes of reasons.
    pub reasons: String,
}

/// A step: a code of the register's status list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The code.
    pub key: String,
    /// How many days an entry usually stays; beyond that it counts as overdue.
    pub days: Option<u32>,
}

/// Who takes an arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Whoever may write entries of the owning department.
    Owner,
    /// The data bureau that the owning department reports to.
    Bureau,
    /// A submission on its way: nobody takes it by hand.
    Submission,
}

/// One arrow.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrow {
    /// Its key.
    pub key: String,
    /// What people press.
    pub label: String,
    /// From any of these steps.
    pub from: Vec<String>,
    /// To this one.
    pub to: String,
    /// Who takes it.
    pub by: By,
    /// What must be there before.
    pub gate: Option<String>,
    /// Whether it needs a word of why.
    #[serde(default)]
    pub note: bool,
    /// Entries that move along.
    #[serde(default)]
    pub carry: Vec<Carry>,
}

/// Entries that move along with one: those that a reference field names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carry {
    /// The reference field.
    pub via: String,
    /// Those that stand here.
    pub from: Vec<String>,
    /// Go here, if their own gate lets them.
    pub to: String,
}

/// What must be there before a step is taken.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Its key.
    pub key: String,
    /// What people read.
    pub label: String,
    /// Its versions, each in force from a day on.
    #[serde(rename = "version")]
    pub versions: Vec<GateVersion>,
}

/// A gate as it is in force from a day on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateVersion {
    /// Its number, counted from 1.
    pub version: u32,
    /// The first day.
    pub from: NaiveDate,
    /// The rule it comes from.
    #[serde(default)]
    pub basis: String,
    /// What it needs.
    pub need: Vec<Need>,
}

/// One thing that a gate needs: a field, an attachment, a related entry, or that nobody is cut off.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// A field that must be filled.
    pub field: Option<String>,
    /// One of these values, for a field; any when empty.
    #[serde(default)]
    pub is: Vec<String>,
    /// An attachment of this kind (list `attachment_kind`).
    pub attachment: Option<String>,
    /// A reference field that must name at least one entry.
    pub related: Option<String>,
    /// The register whose entries refer here by that field; absent when the field is this entry's own.
    pub of: Option<String>,
    /// The related entries must all stand at one of these steps; anywhere when empty.
    #[serde(default)]
    pub steps: Vec<String>,
    /// Nothing in use may depend on the entry any more (`depends` of the reference fields).
    #[serde(default)]
    pub links: bool,
    /// Both ends of the entry must have confirmed it (`party` of the register).
    #[serde(default)]
    pub ends: bool,
    /// Only when another field has one of these values.
    pub when: Option<When>,
    /// Why, in Chinese.
    #[serde(default)]
    pub reason: String,
}

/// The form of a retirement: what is asked for in one place, and where it is handed in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retirement {
    /// The submission that it is handed in as; absent where stage acts lead out.
    pub kind: Option<String>,
    /// The gates on the way out, in their order.
    pub gates: Vec<String>,
    /// The fields of the form, in its order.
    pub fields: Vec<String>,
    /// The reference field that names what takes the entry's place.
    pub replacement: Option<String>,
}

/// A condition on another field.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The field.
    pub field: String,
    /// Its values.
    #[serde(rename = "in")]
    pub values: Vec<String>,
}

/// How far a submission goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// The bureau checks the form and decides.
    Bureau,
    /// The bureau checks the form, offices or experts give opinions, the bureau decides.
    Joint,
}

/// A kind of submission.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Its key; `change` is the one that carries proposed values.
    pub key: String,
    /// What people read.
    pub label: String,
    /// How far it goes.
    pub route: Route,
    /// Steps at which it may be opened; any when empty.
    #[serde(default)]
    pub starts: Vec<String>,
    /// What must be there before it is handed in.
    pub gate: Option<String>,
    /// The field that says to which season it belongs.
    pub season: Option<String>,
    /// Whether it is checked for duplicates (查重) when it is taken up, and every strong hit is to be answered.
    #[serde(default)]
    pub duplicates: bool,
    /// Where the entry stands while the submission is in a state.
    pub steps: Option<KindSteps>,
    /// While the bureau has it, the entry waits elsewhere.
    pub during: Option<During>,
}

/// Where the entry stands while a submission is in a state; an outcome without a step is not to be had.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindSteps {
    /// Being filled.
    pub drafting: String,
    /// With the department's specialist.
    pub checking: String,
    /// With the department's CDO.
    pub approving: String,
    /// Handed in.
    pub submitted: String,
    /// The bureau checks the form.
    pub form_check: String,
    /// Opinions are gathered.
    pub joint_review: Option<String>,
    /// Sent back.
    pub returned: String,
    /// Taken back.
    pub withdrawn: String,
    /// Approved.
    pub passed: String,
    /// Approved with a cut.
    pub cut: Option<String>,
    /// Refused.
    pub rejected: String,
    /// Merged into another.
    pub merged: Option<String>,
}

/// An entry that stands at `from` waits at `to` while the bureau has the submission.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct During {
    /// Where it stood.
    pub from: String,
    /// Where it waits.
    pub to: String,
}

/// The kind of submission that carries proposed values of an approved entry.
pub const CHANGE: &str = "change";

impl Lifecycle {
    /// The step with this key.
    #[must_use]
    pub fn step(&self, key: &str) -> Option<&Step> {
        self.steps.iter().find(|s| s.key == key)
    }

    /// The arrow with this key.
    #[must_use]
    pub fn arrow(&self, key: &str) -> Option<&Arrow> {
        self.arrows.iter().find(|a| a.key == key)
    }

    /// The arrows that leave a step.
    pub fn next<'l, 's>(&'l self, step: &'s str) -> impl Iterator<Item = &'l Arrow> + use<'l, 's> {
        self.arrows
            .iter()
            .filter(move |a| a.from.iter().any(|from| from == step))
    }

    /// The arrow of a submission from one step to another.
    #[must_use]
    pub fn by_submission(&self, from: &str, to: &str) -> Option<&Arrow> {
        self.next(from)
            .find(|a| a.by == By::Submission && a.to == to)
    }

    /// Whether nothing leads on from a step.
    #[must_use]
    pub fn is_end(&self, step: &str) -> bool {
        self.next(step).next().is_none()
    }

    /// The kind of submission with this key.
    #[must_use]
    pub fn kind(&self, key: &str) -> Option<&Kind> {
        self.kinds.iter().find(|k| k.key == key)
    }

    /// A gate as it is in force on a day; none before its first version.
    #[must_use]
    pub fn gate(&self, key: &str, day: NaiveDate) -> Option<(&Gate, &GateVersion)> {
        let gate = self.gates.iter().find(|g| g.key == key)?;
        let version = gate.versions.iter().rfind(|v| v.from <= day)?;
        Some((gate, version))
    }

    /// Whether decisions alone write a field.
    #[must_use]
    pub fn locks(&self, field: &str) -> bool {
        self.approval.locked.iter().any(|f| f == field)
    }

    /// Whether a field of an approved entry changes by a change request only.
    #[must_use]
    pub fn protects(&self, field: &str) -> bool {
        self.approval.protected.iter().any(|f| f == field)
    }

    /// Whether an entry at this step is still on its way to a decision of the bureau, so that fields of
    /// decisions cannot be the department's own statement about an older project.
    #[must_use]
    pub fn is_undecided(&self, step: &str) -> bool {
        self.kinds
            .iter()
            .any(|k| k.steps.is_some() && k.starts.iter().any(|s| s == step))
    }
}
