//! Stages, gates and review: from a need to an approval, and on to retirement.
//!
//! The stage of an entry is its status. It moves by stage acts ([`stage`]), which a gate judges, or by a
//! [`submission`] on its way: filled, checked and approved in the department, then form-checked, jointly reviewed
//! and decided by the bureau. Nobody reviews his own. What was approved stays; another value becomes a change
//! request (`ledger::held`), which is a submission too. Every act holds the ledger's lock and raises the version
//! of the submission by a conditional update, so of two who press at once one wins and the other is told.

pub mod announce;
pub mod approval;
pub mod board;
pub mod checked;
pub mod decision;
pub mod duplicate;
pub mod facts;
pub mod finding;
pub mod money;
pub mod opinion;
pub mod paper;
pub mod retire;
pub mod stage;
pub mod steps;
pub mod submission;
pub mod zombie;

use crate::error::{Error, Result};
use crate::ledger::as_of::Definitions;
use crate::org::directory::Directory;
use crate::register::catalogue::Catalogue;
use crate::register::lifecycle::Lifecycle;

/// What every act stands on.
#[derive(Clone, Copy)]
pub struct Ground<'g> {
    /// Registers, lists and models of stages.
    pub catalogue: &'g Catalogue,
    /// The organisation.
    pub directory: &'g Directory,
}

impl<'g> Ground<'g> {
    /// What typed columns of a register are derived with.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a register that is not defined (any more).
    pub fn definitions(self, register: &str) -> Result<Definitions<'g>> {
        let found = self.catalogue.register(register);
        let register = found.ok_or_else(|| Error::NotFound(format!("登记簿“{register}”")))?;
        Ok(Definitions {
            catalogue: self.catalogue,
            directory: self.directory,
            register,
        })
    }

    /// The model of stages of a register.
    ///
    /// # Errors
    /// [`Error::Conflict`] for a register without one.
    pub fn model(self, register: &str) -> Result<&'g Lifecycle> {
        let found = self.catalogue.lifecycle(register);
        found.ok_or_else(|| Error::Conflict("这个登记簿没有阶段，不办理送审".to_owned()))
    }

    /// What people read for a step of a register.
    #[must_use]
    pub fn step_label(self, register: &str, step: &str) -> String {
        let found = self.catalogue.register(register);
        let list = found
            .and_then(|r| r.field(r.keys.status.as_deref()?))
            .and_then(|f| self.catalogue.list(f.list.as_deref()?));
        let label = list.and_then(|l| l.label(step));
        let unsaid = if step.is_empty() { "未填" } else { step };
        label.unwrap_or(unsaid).to_owned()
    }
}
