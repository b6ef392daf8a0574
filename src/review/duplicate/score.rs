//! How alike two entries are: whole numbers only, the same for both directions and on every machine.
//!
//! A similarity is a share of 1000. Of names and of descriptions it is the weight of the shared terms against the
//! (geometric) mean of both weights, so a short name inside a long one still counts; and it is cut down when what is
//! shared weighs too little to say anything, so that generic words alone never make two names alike.

use serde::{Deserialize, Serialize};

/// Thresholds (`[duplicates]` in the configuration file).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// From this score on a hit must be answered before a decision, 1 to 100.
    pub strong: u8,
    /// From this score on a hit is shown, 1 to 100.
    pub possible: u8,
    /// The most hits of one check that are shown.
    pub shown: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            strong: 55,
            possible: 35,
            shown: 20,
        }
    }
}

/// What is compared.
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
#[schema(as = DuplicateAspect)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// The names.
    Name,
    /// Names and descriptions of functions together.
    Function,
    /// The line of business: what the owners are called without their places.
    Line,
    /// Whom it serves.
    Target,
    /// Datasets and their items.
    Data,
}

impl Aspect {
    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Name => "名称",
            Self::Function => "功能",
            Self::Line => "条线",
            Self::Target => "服务对象",
            Self::Data => "数据",
        }
    }
}

/// One aspect of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DuplicatePart)]
pub struct Part {
    /// What was compared.
    pub aspect: Aspect,
    /// How alike, 0 to 100.
    pub alike: u8,
    /// How much it counts in this score, in percent.
    pub counts: u8,
}

/// What is shared, and the weight of each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overlap {
    /// Weight of what is in both.
    pub shared: u64,
    /// Weight of the one.
    pub left: u64,
    /// Weight of the other.
    pub right: u64,
}

impl Overlap {
    /// The similarity, where `enough` is the shared weight from which it counts in full.
    #[must_use]
    pub fn alike(self, enough: u64) -> u64 {
        let mean = (self.left * self.right).isqrt();
        if mean == 0 {
            return 0;
        }
        let cosine = (self.shared * 1_000 / mean).min(1_000);
        cosine * self.shared.min(enough) / enough.max(1)
    }
}

/// The similarities of two entries; `None` where one of them says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alike {
    /// Names.
    pub name: u64,
    /// Descriptions.
    pub function: Option<u64>,
    /// Line of business.
    pub line: Option<u64>,
    /// Service target.
    pub target: Option<u64>,
    /// Data.
    pub data: Option<u64>,
}

/// Of name and function, the one that is more alike counts more.
const BETTER: u64 = 55;
const OTHER: u64 = 25;
const LINE: u64 = 8;
const TARGET: u64 = 4;
const DATA: u64 = 14;

impl Alike {
    /// The score, 0 to 100, with what it is made of.
    #[must_use]
    pub fn score(&self) -> (u8, Vec<Part>) {
        let mut parts: Vec<(Aspect, u64, u64)> = Vec::with_capacity(5);
        match self.function {
            Some(function) if function > self.name => {
                parts.push((Aspect::Name, self.name, OTHER));
                parts.push((Aspect::Function, function, BETTER));
            }
            Some(function) => {
                parts.push((Aspect::Name, self.name, BETTER));
                parts.push((Aspect::Function, function, OTHER));
            }
            None => parts.push((Aspect::Name, self.name, BETTER)),
        }
        // Being of one line or for the same people is no likeness by itself: it counts as far as the rest is alike.
        let heart = self.name.max(self.function.unwrap_or(0));
        let beside = |value: u64| value.min(heart * 3 / 2).min(1_000);
        parts.extend(self.line.map(|v| (Aspect::Line, beside(v), LINE)));
        parts.extend(self.target.map(|v| (Aspect::Target, beside(v), TARGET)));
        parts.extend(self.data.map(|v| (Aspect::Data, v, DATA)));
        let all: u64 = parts.iter().map(|(_, _, weight)| weight).sum();
        let sum: u64 = parts.iter().map(|(_, alike, weight)| alike * weight).sum();
        let percent = |n: u64| u8::try_from(n.min(100)).unwrap_or(100);
        let told = parts.iter().map(|(aspect, alike, weight)| Part {
            aspect: *aspect,
            alike: percent(alike / 10),
            counts: percent(weight * 100 / all.max(1)),
        });
        (percent(sum / all.max(1) / 10), told.collect())
    }
}
