//! The catalogue: every register, code list and region this ledger knows.
//!
//! Built-in definitions are compiled in; a deployment's own folder adds to them. It is loaded once
//! at the start and shared, so everything that makes reading cells fast is prepared here.

use std::collections::HashMap;
use std::path::Path;

use super::codes::CodeList;
use super::error::DefinitionError;
use super::field::Register;
use super::lifecycle::Lifecycle;
use super::load;
use super::region::Regions;

/// All definitions, checked.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    pub(super) registers: Vec<Register>,
    pub(super) lists: HashMap<String, CodeList>,
    pub(super) regions: Regions,
    pub(super) lifecycles: Vec<Lifecycle>,
}

impl Catalogue {
    /// Loads the built-in definitions, then those of a deployment's folder.
    ///
    /// # Errors
    /// The first definition that is broken, with file, line and reason.
    pub fn load(extra: Option<&Path>) -> Result<Self, DefinitionError> {
        load::load(extra)
    }

    /// The registers; one that refers to another comes after it.
    #[must_use]
    pub fn registers(&self) -> &[Register] {
        &self.registers
    }

    /// The register with this key.
    #[must_use]
    pub fn register(&self, key: &str) -> Option<&Register> {
        self.registers.iter().find(|r| r.key == key)
    }

    /// The model of stages of this register, where it has one.
    #[must_use]
    pub fn lifecycle(&self, register: &str) -> Option<&Lifecycle> {
        self.lifecycles.iter().find(|l| l.register == register)
    }

    /// All models of stages.
    #[must_use]
    pub fn lifecycles(&self) -> &[Lifecycle] {
        &self.lifecycles
    }

    /// The code list with this key.
    #[must_use]
    pub fn list(&self, key: &str) -> Option<&CodeList> {
        self.lists.get(key)
    }

    /// The code lists, in no particular order.
    pub fn lists(&self) -> impl Iterator<Item = &CodeList> {
        self.lists.values()
    }

    /// The regions.
    #[must_use]
    pub fn regions(&self) -> &Regions {
        &self.regions
    }
}
