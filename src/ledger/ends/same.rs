//! Which entries are one link, and what a link is called when nobody says so.
//!
//! Both ends keep lists of their own; the same link must come out as one entry whichever list comes first.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::db::connection::Conn;
use crate::db::schema::entries;
use crate::error::Result;
use crate::ledger::entry::text;
use crate::org::directory::Directory;
use crate::register::field::Register;
use crate::register::value::{Document, Value};
use crate::register::words;

/// Key of the reference to the data that a link gives.
pub const DATASET: &str = "dataset";
/// Key of the text that names parts of it.
pub const ITEMS: &str = "items";
/// Key of the reference to the system that gives.
pub const PROVIDER_SYSTEM: &str = "provider_system";
/// Key of the reference to the system that takes.
pub const CONSUMER_SYSTEM: &str = "consumer_system";

/// The longest part of a derived name that says what is given.
const DATA_CHARS: usize = 60;

/// Names of entries that links refer to, by register and code.
#[derive(Clone, Debug, Default)]
pub struct Names(HashMap<(String, String), String>);

impl Names {
    /// Notes the name of an entry that the ledger does not hold yet.
    pub fn note(&mut self, register: &str, code: &str, name: &str) {
        let key = (register.to_owned(), code.to_owned());
        self.0.insert(key, name.to_owned());
    }

    /// Looks up the names that the name of a link is made from.
    ///
    /// A link is called after its data for both ends alike, so the names are read whoever asks.
    ///
    /// # Errors
    /// When the database fails.
    pub fn learn(
        &mut self,
        conn: &mut Conn,
        register: &Register,
        document: &Document,
    ) -> Result<()> {
        for key in [DATASET, PROVIDER_SYSTEM] {
            let target = register.field(key).and_then(|f| f.refers_to.clone());
            let (Some(target), Some(code)) = (target, text(document, key)) else {
                continue;
            };
            let at = (target, code.to_owned());
            if self.0.contains_key(&at) {
                continue;
            }
            let found: Option<String> = entries::table
                .filter(entries::register.eq(&at.0))
                .filter(entries::code.eq(&at.1))
                .select(entries::name)
                .first(conn)
                .optional()?;
            if let Some(name) = found {
                self.0.insert(at, name);
            }
        }
        Ok(())
    }

    fn of(&self, register: &Register, document: &Document, key: &str) -> Option<String> {
        let target = register.field(key)?.refers_to.clone()?;
        let code = text(document, key)?;
        let found = self.0.get(&(target, code.to_owned()));
        Some(found.cloned().unwrap_or_else(|| code.to_owned()))
    }
}

/// What a link is called when nobody says so: the data → the consumer.
#[must_use]
pub fn derived_name(
    register: &Register,
    directory: &Directory,
    names: &Names,
    document: &Document,
) -> String {
    let data = names
        .of(register, document, DATASET)
        .or_else(|| text(document, ITEMS).map(str::to_owned))
        .or_else(|| names.of(register, document, PROVIDER_SYSTEM))
        .unwrap_or_else(|| "数据".to_owned());
    let data: String = words::clean(&data).chars().take(DATA_CHARS).collect();
    let consumer = register.keys.party.as_deref();
    let consumer = consumer.and_then(|key| text(document, key));
    let consumer = consumer
        .and_then(|code| directory.by_code(code))
        .map_or("使用方", |d| d.name.as_str());
    format!("{data}→{consumer}")
}

/// Whether a link is called as it would be if nobody had said so.
#[must_use]
pub fn name_is_derived(
    register: &Register,
    directory: &Directory,
    names: &Names,
    document: &Document,
) -> bool {
    let name = text(document, &register.keys.name);
    name.is_none_or(|n| n == derived_name(register, directory, names, document))
}

/// Gives a link its name, unless somebody gives it one: a derived name follows what it is made from.
pub fn settle_name(
    register: &Register,
    directory: &Directory,
    names: &Names,
    before: Option<&Document>,
    after: &mut Document,
) {
    let key = &register.keys.name;
    let untouched = before.is_some_and(|b| b.get(key) == after.get(key));
    let was_derived = before.is_some_and(|b| name_is_derived(register, directory, names, b));
    if !after.contains_key(key) || (untouched && was_derived) {
        let name = derived_name(register, directory, names, after);
        after.insert(key.clone(), Value::Text(name));
    }
}

/// What tells one link between two departments from another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// Code of the data.
    pub dataset: Option<String>,
    /// Code of the system that gives.
    pub provider_system: Option<String>,
    /// Code of the system that takes.
    pub consumer_system: Option<String>,
    /// Its name in the form that is compared.
    pub name_key: String,
}

impl Traits {
    /// The traits of a document whose name is settled.
    #[must_use]
    pub fn of(register: &Register, document: &Document) -> Self {
        let own = |key: &str| text(document, key).map(str::to_owned);
        Self {
            dataset: own(DATASET),
            provider_system: own(PROVIDER_SYSTEM),
            consumer_system: own(CONSUMER_SYSTEM),
            name_key: words::name_key(text(document, &register.keys.name).unwrap_or_default()),
        }
    }

    fn fits(&self, other: &Self) -> bool {
        let open = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
        let data = match (&self.dataset, &other.dataset) {
            (Some(a), Some(b)) => a == b,
            _ => self.name_key == other.name_key,
        };
        data && open(&self.provider_system, &other.provider_system)
            && open(&self.consumer_system, &other.consumer_system)
    }

    fn is_exact(&self, other: &Self) -> bool {
        self.dataset == other.dataset
            && self.provider_system == other.provider_system
            && self.consumer_system == other.consumer_system
    }
}

/// Which of some links between the same departments another one is: the exact ones, else those that fit, where a
/// system may be left open by one side. By position.
#[must_use]
pub fn matching<'t>(wanted: &Traits, among: impl Iterator<Item = &'t Traits>) -> Vec<usize> {
    let fitting: Vec<(usize, bool)> = among
        .enumerate()
        .filter(|(_, t)| wanted.fits(t))
        .map(|(n, t)| (n, wanted.is_exact(t)))
        .collect();
    let exact = fitting.iter().any(|(_, exact)| *exact);
    fitting
        .into_iter()
        .filter(|(_, is)| *is || !exact)
        .map(|(n, _)| n)
        .collect()
}
