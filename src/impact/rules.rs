//! Which references mean dependence: the registers' own data, looked up by register and field.

use crate::register::catalogue::Catalogue;
use crate::register::field::Depends;

/// The references that mean dependence.
pub(super) struct Rules<'c> {
    all: Vec<(&'c str, &'c str, &'c str, Depends)>,
}

impl<'c> Rules<'c> {
    /// Those of a catalogue.
    pub fn of(catalogue: &'c Catalogue) -> Self {
        let fields = catalogue
            .registers()
            .iter()
            .flat_map(|r| r.fields.iter().map(move |f| (r, f)));
        let all = fields.filter_map(|(r, f)| {
            let depends = f.depends?;
            Some((r.key.as_str(), f.key.as_str(), f.label.as_str(), depends))
        });
        Self { all: all.collect() }
    }

    /// Keys of fields whose holder depends on what is named, or the other way round.
    pub fn fields(&self, holder_depends: bool) -> Vec<String> {
        let mut keys: Vec<String> = self
            .all
            .iter()
            .filter(|(_, _, _, depends)| fits(*depends, holder_depends))
            .map(|(_, field, _, _)| (*field).to_owned())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// What people call a field, when it means dependence in this direction.
    pub fn label(&self, register: &str, field: &str, holder_depends: bool) -> Option<&'c str> {
        self.all
            .iter()
            .find(|(r, f, _, d)| *r == register && *f == field && fits(*d, holder_depends))
            .map(|(_, _, label, _)| *label)
    }
}

fn fits(depends: Depends, holder_depends: bool) -> bool {
    match depends {
        Depends::Both => true,
        Depends::Named => holder_depends,
        Depends::This => !holder_depends,
    }
}
