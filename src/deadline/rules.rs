//! Which fields of which register make a clock run: `import_templates/calendar/deadlines.toml`.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::auth::Right;
use crate::ledger::sight;
use crate::register::catalogue::Catalogue;
use crate::register::field::Stage;
use crate::register::value::{Document, Value};

const FILE: &str = include_str!("../../import_templates/calendar/deadlines.toml");

/// A field that must have one of some values.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// Key of the field.
    pub field: String,
    /// Codes of a choice, `true` or `false` of a yes-or-no.
    #[serde(rename = "in")]
    pub values: Vec<String>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The word it is stored as; never changes.
    pub key: String,
    /// What has to be done.
    pub label: String,
    /// Register of the entries.
    pub register: String,
    /// Date field that the clock starts at; without `limits` it is the due date itself.
    pub start: Option<String>,
    /// Time limits; the first that holds for the department and the day is counted by.
    #[serde(default)]
    pub limits: Vec<String>,
    /// Fields of which any one, filled in, says that it is done.
    #[serde(default)]
    pub done: Vec<String>,
    /// What must be true of the entry.
    #[serde(default)]
    pub when: Vec<When>,
    /// Stages of the entry; all when empty.
    #[serde(default)]
    pub stages: Vec<Stage>,
    /// Days before the due date from which people are reminded.
    pub warn_days: u32,
    /// Days after the due date from which it is no longer listed; none = until it is done.
    pub lapse_days: Option<u32>,
}

impl Rule {
    /// The keys of all fields it reads.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let when = self.when.iter().map(|w| &w.field);
        let all = self.start.iter().chain(&self.done).chain(when);
        all.map(String::as_str)
    }

    /// Whether it takes the right to security detail to see that it applies.
    #[must_use]
    pub fn is_secret(&self, catalogue: &Catalogue) -> bool {
        let Some(register) = catalogue.register(&self.register) else {
            return true;
        };
        self.fields().any(|key| {
            let field = register.field(key);
            field.is_none_or(|f| sight::needs(register, f) == Some(Right::SeeSecurity))
        })
    }

    /// Whether its conditions are met.
    #[must_use]
    pub fn applies(&self, document: &Document) -> bool {
        self.when.iter().all(|w| {
            let is = |text: &str| w.values.iter().any(|v| v == text);
            match document.get(&w.field) {
                Some(Value::Text(text)) => is(text),
                Some(Value::Bool(yes)) => is(if *yes { "true" } else { "false" }),
                _ => false,
            }
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule: Vec<Rule>,
}

/// All rules, in the order of the file.
#[must_use]
pub fn rules() -> &'static [Rule] {
    static RULES: OnceLock<Vec<Rule>> = OnceLock::new();
    RULES.get_or_init(|| toml::from_str::<File>(FILE).map_or_else(|_| Vec::new(), |f| f.rule))
}

/// The rule with this key.
#[must_use]
pub fn rule(key: &str) -> Option<&'static Rule> {
    rules().iter().find(|r| r.key == key)
}

/// Says that the rules have changed since: what was derived by others is derived anew.
#[must_use]
pub(super) fn fingerprint() -> String {
    use sm3::{Digest as _, Sm3};
    let hash = Sm3::digest(FILE.as_bytes());
    hash.iter().take(8).map(|b| format!("{b:02x}")).collect()
}
