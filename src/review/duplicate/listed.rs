//! What the lists of common and of unwanted building (`lists.rs`) say about a proposal.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::check::{Means, Subject};
use super::lists::{ListKind, lines};
use super::score::Overlap;
use super::tell::{Piece, pieces, terms};
use super::text;
use crate::db::connection::Conn;
use crate::error::Result;
use crate::register::region::Regions;

/// What a list says about a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BuildListHit)]
pub struct Listed {
    /// The line.
    pub line: i64,
    /// Which list.
    pub kind: ListKind,
    /// 类别.
    pub category: String,
    /// What the line is called.
    pub name: String,
    /// The part of the proposal that it is about (涉及内容), in pieces.
    pub about: Vec<Piece>,
    /// 命中条款.
    pub clause: String,
    /// 整改建议.
    pub advice: String,
    /// 可向部门提供的服务能力.
    pub capability: String,
    /// How much of the line is in the proposal, 0 to 100.
    pub score: u8,
}

/// From this share of a line's words on it is told.
const TOLD: u64 = 700;

/// The result of the lists in one word: 合规通过, 发现风险, 建议驳回.
#[must_use]
pub fn result(listed: &[Listed]) -> &'static str {
    if listed
        .iter()
        .any(|l| l.kind == ListKind::Negative && l.score >= 90)
    {
        "建议驳回"
    } else if listed.is_empty() {
        "合规通过"
    } else {
        "发现风险"
    }
}

/// The regions a department lies in, from its own up.
fn above(regions: &Regions, region: Option<&str>) -> HashSet<String> {
    let mut out = HashSet::new();
    let mut at = region.unwrap_or_default().to_owned();
    while !at.is_empty() && out.insert(at.clone()) {
        at = regions
            .get(&at)
            .map(|r| r.parent.clone())
            .unwrap_or_default();
    }
    out
}

/// What the lists say about what is asked about.
///
/// # Errors
/// When the database fails.
pub fn hits(conn: &mut Conn, means: Means<'_>, subject: &Subject) -> Result<Vec<Listed>> {
    let department = subject.department.and_then(|id| means.directory.get(id));
    let regions = above(
        means.catalogue.regions(),
        department.and_then(|d| d.region.as_deref()),
    );
    let lines = lines(conn, None)?;
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let [name, function] = subject.texts();
    let ours = terms(&[name, function]);
    let lexicon = means.kept.lexicon();
    means
        .kept
        .with(conn, means.catalogue, means.directory, |index| {
            let mut out = Vec::new();
            for line in lines {
                let applies = line.region.is_empty() || regions.contains(&line.region);
                let Some(kind) = ListKind::from_word(&line.kind).filter(|_| applies) else {
                    continue;
                };
                let read = text::read(lexicon, &line.name, &[]);
                let weigh =
                    |text: &text::Text, with: Option<&HashSet<u64>>| index.weigh(text, with);
                let all = weigh(&read, None);
                // How much of the line is in the proposal, wherever it stands there.
                let share = Overlap {
                    shared: weigh(&read, Some(&ours)),
                    left: all,
                    right: all,
                }
                .alike(all.min(500));
                if share < TOLD {
                    continue;
                }
                let theirs = terms(&[&read]);
                let mut about = pieces(&subject.name, name, &theirs);
                let sentence = around(&pieces(&subject.function, function, &theirs));
                if !about.iter().any(|p| p.shared) {
                    about = sentence;
                }
                out.push(Listed {
                    line: line.id,
                    kind,
                    category: line.category,
                    name: line.name,
                    about,
                    clause: line.clause,
                    advice: line.advice,
                    capability: line.capability,
                    score: u8::try_from(share / 10).unwrap_or(100),
                });
            }
            out.sort_by(|a, b| b.score.cmp(&a.score).then(a.line.cmp(&b.line)));
            Ok(out)
        })
}

/// The shared pieces with a little of what stands around them.
fn around(all: &[Piece]) -> Vec<Piece> {
    const NEAR: usize = 12;
    let mut out: Vec<Piece> = Vec::new();
    let count = all.len();
    for (at, piece) in all.iter().enumerate() {
        if piece.shared {
            out.push(piece.clone());
            continue;
        }
        let chars: Vec<char> = piece.text.chars().collect();
        if chars.len() <= NEAR * 2 {
            out.push(piece.clone());
            continue;
        }
        let head: String = chars.iter().take(NEAR).collect();
        let tail: String = chars.iter().skip(chars.len() - NEAR).collect();
        let text = match (at > 0, at + 1 < count) {
            (true, true) => format!("{head}…{tail}"),
            (true, false) => format!("{head}…"),
            _ => format!("…{tail}"),
        };
        out.push(Piece {
            text,
            shared: false,
        });
    }
    out
}
