//! What each end of an entry says of it: the provider and the consumer of a link, each for itself.
//!
//! The entry holds one value of each field; beside it stands what either end has said of the fields that both must
//! say alike (`agreed` of the register). Whether a link is confirmed is never stored: it follows from the two.
//! An end speaks by writing (form, import) or by confirming and disputing; every statement is kept in order.

mod kept;
mod same;
mod store;
mod told;

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use crate::auth::{Ends, Right, Viewer};
use crate::register::field::Register;
use crate::register::value::{Document, Value};

pub use kept::{Line, Pairs, history, load, pair};
pub use same::{
    CONSUMER_SYSTEM, DATASET, ITEMS, Names, PROVIDER_SYSTEM, Traits, derived_name, matching,
    name_is_derived, settle_name,
};
pub use store::{Act, Noted, confirm_end, dispute_end, state, take_back};
pub use told::{Told, mark_told, untold};

/// Word of what becomes of values that an end says otherwise than the other one has stated.
pub const OTHER_END: &str = "other_end";

/// One end of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The owner.
    Provider,
    /// The party.
    Consumer,
}

impl Side {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Provider, Self::Consumer];

    /// The word it is stored as.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Consumer => "consumer",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Provider => "提供方",
            Self::Consumer => "使用方",
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Provider => Self::Consumer,
            Self::Consumer => Self::Provider,
        }
    }

    /// The end that somebody speaks for by writing: whoever may write for both speaks for the provider alone, so
    /// that nobody confirms his own word.
    #[must_use]
    pub fn of_writer(viewer: &Viewer, owner: i64, party: Option<i64>) -> Option<Self> {
        if viewer.can(Right::Write, owner) {
            Some(Self::Provider)
        } else if party.is_some_and(|p| viewer.can(Right::Write, p)) {
            Some(Self::Consumer)
        } else {
            None
        }
    }
}

/// Where an end stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It says so.
    Stated,
    /// It said so before the other end changed what both had said alike.
    Outdated,
    /// It says that this is not so.
    Disputed,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Stated, Self::Outdated, Self::Disputed];

    /// The word it is stored as.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Outdated => "outdated",
            Self::Disputed => "disputed",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// Values of agreed fields, by key.
pub type Said = Document;

/// Values given for agreed fields; `None` takes one out.
pub type Given = BTreeMap<String, Option<Value>>;

/// What one end says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Where it stands.
    pub state: State,
    /// What it says of the agreed fields; it says nothing of the others.
    pub said: Said,
    /// Why it disputes.
    pub note: String,
    /// The entry's version when it spoke.
    pub revision: i32,
    /// Counts its statements.
    pub version: i64,
    /// Account of whoever spoke.
    pub account: Option<i64>,
    /// Name of whoever spoke.
    pub actor: String,
    /// When, UTC.
    pub at: NaiveDateTime,
}

/// What both ends say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// The owner.
    pub provider: Option<End>,
    /// The party.
    pub consumer: Option<End>,
}

impl Pair {
    /// What one end says.
    #[must_use]
    pub fn of(&self, side: Side) -> Option<&End> {
        match side {
            Side::Provider => self.provider.as_ref(),
            Side::Consumer => self.consumer.as_ref(),
        }
    }

    /// The place of one end.
    fn slot(&mut self, side: Side) -> &mut Option<End> {
        match side {
            Side::Provider => &mut self.provider,
            Side::Consumer => &mut self.consumer,
        }
    }

    /// Whether an end has ever spoken.
    #[must_use]
    pub fn has(&self, side: Side) -> bool {
        self.of(side).is_some()
    }

    /// How the link stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        standing(self.provider.as_ref(), self.consumer.as_ref())
    }

    /// The end that must act; of a dispute, the one that disputes.
    #[must_use]
    pub fn turn(&self) -> Option<Side> {
        let disputes = |side: &Side| self.of(*side).map(|e| e.state) == Some(State::Disputed);
        self.standing()
            .waits_for()
            .or_else(|| Side::ALL.into_iter().find(disputes))
    }

    /// Keys of the fields that both ends speak of, and otherwise.
    #[must_use]
    pub fn differences(&self) -> Vec<String> {
        match (&self.provider, &self.consumer) {
            (Some(provider), Some(consumer)) => differences(&provider.said, &consumer.said),
            _ => Vec::new(),
        }
    }
}

/// How a link stands between its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// One end has not confirmed (again): this one must act.
    Waiting(Side),
    /// Both say the same.
    Confirmed,
    /// They say otherwise, or one says that it is not so.
    Disputed,
}

impl Standing {
    /// The word for the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting(_) => "waiting",
            Self::Confirmed => "confirmed",
            Self::Disputed => "disputed",
        }
    }

    /// What people read.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Waiting(Side::Provider) => "待提供方确认",
            Self::Waiting(Side::Consumer) => "待使用方确认",
            Self::Confirmed => "已确认",
            Self::Disputed => "有争议",
        }
    }

    /// The end that must act, when it is one of them.
    #[must_use]
    pub fn waits_for(self) -> Option<Side> {
        match self {
            Self::Waiting(side) => Some(side),
            Self::Confirmed | Self::Disputed => None,
        }
    }
}

/// How a link stands, from what its ends say: nothing else decides.
#[must_use]
pub fn standing(provider: Option<&End>, consumer: Option<&End>) -> Standing {
    let state = |end: Option<&End>| end.map(|e| e.state);
    match (state(provider), state(consumer)) {
        (Some(State::Disputed), _) | (_, Some(State::Disputed)) => Standing::Disputed,
        (Some(State::Stated), Some(State::Stated)) => {
            let apart = provider
                .zip(consumer)
                .is_some_and(|(p, c)| !differences(&p.said, &c.said).is_empty());
            if apart {
                Standing::Disputed
            } else {
                Standing::Confirmed
            }
        }
        (Some(State::Stated), _) => Standing::Waiting(Side::Consumer),
        _ => Standing::Waiting(Side::Provider),
    }
}

fn differences(one: &Said, other: &Said) -> Vec<String> {
    let apart = |(key, value): &(&String, &Value)| other.get(*key).is_some_and(|o| o != *value);
    one.iter()
        .filter(apart)
        .map(|(key, _)| key.clone())
        .collect()
}

/// What a document says of the agreed fields.
#[must_use]
pub fn said_of(register: &Register, document: &Document) -> Said {
    register
        .agreed
        .iter()
        .filter_map(|key| Some((key.clone(), document.get(key)?.clone())))
        .collect()
}

/// The pair after one end has said something of the agreed fields; pure, so that a preview can ask.
///
/// Whoever changes what both had said alike makes the other end's word out of date. An end that disputes goes on
/// doing so until it confirms or withdraws.
#[must_use]
pub fn stated(pair: &Pair, side: Side, given: &Given) -> Pair {
    let mut out = pair.clone();
    let before = pair.of(side);
    let mut said = before.map(|e| e.said.clone()).unwrap_or_default();
    for (key, value) in given {
        match value {
            Some(value) => said.insert(key.clone(), value.clone()),
            None => said.remove(key),
        };
    }
    let moved = before.is_some_and(|e| e.said != said);
    let disputes = before.is_some_and(|e| e.state == State::Disputed);
    if pair.standing() == Standing::Confirmed
        && moved
        && let Some(other) = out.slot(side.other())
    {
        other.state = State::Outdated;
    }
    let end = End {
        state: if disputes {
            State::Disputed
        } else {
            State::Stated
        },
        said,
        note: before.map(|e| e.note.clone()).unwrap_or_default(),
        revision: 0,
        version: before.map_or(0, |e| e.version) + 1,
        account: None,
        actor: String::new(),
        at: NaiveDateTime::default(),
    };
    *out.slot(side) = Some(end);
    out
}

/// What becomes of another value that an end gives for a field of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It may be written.
    Free,
    /// It is kept as what this end says.
    Said,
    /// It stays as the other end has it.
    Kept,
    /// Both ends are fixed once the other one has spoken.
    Fixed,
}

/// What becomes of a value that differs from what stands, when one end gives it.
///
/// The provider's word stands in the entry. The consumer fills in what is blank; once the provider has spoken,
/// another value of an agreed field is the consumer's own word, and of any other field not written.
#[must_use]
pub fn fate(register: &Register, pair: &Pair, side: Side, before: &Document, key: &str) -> Fate {
    let keys = &register.keys;
    let is = |k: &Option<String>| k.as_deref() == Some(key);
    if is(&keys.owner) || is(&keys.party) {
        return if pair.has(side.other()) {
            Fate::Fixed
        } else {
            Fate::Free
        };
    }
    if side == Side::Provider || !pair.has(Side::Provider) || !before.contains_key(key) {
        return Fate::Free;
    }
    if register.agreed.iter().any(|k| k == key) {
        Fate::Said
    } else {
        Fate::Kept
    }
}

/// The end that somebody answers for: who may approve sharing for one of them. Where both are his, the one whose turn
/// it is ([`Pair::turn`]), else the consumer's.
#[must_use]
pub fn answers_for(viewer: &Viewer, ends: (i64, Option<i64>), turn: Option<Side>) -> Option<Side> {
    let (owner, party) = ends;
    let may = |side: Side| match side {
        Side::Provider => viewer.can(Right::ApproveSharing, owner),
        Side::Consumer => party.is_some_and(|p| viewer.can(Right::ApproveSharing, Ends::from(p))),
    };
    turn.filter(|side| may(*side)).or_else(|| {
        [Side::Consumer, Side::Provider]
            .into_iter()
            .find(|s| may(*s))
    })
}

#[cfg(test)]
mod tests;
