//! Recognises one header after the other among the words of a register.

use std::collections::HashMap;

use super::{ColumnMatch, HeaderPath, How, money_unit};
use crate::register::field::{Field, Register};
use crate::register::money::MoneyUnit;
use crate::register::words::{HeaderText, header, is_secret_header};
use crate::sheet::{REMARK_HEADER, RESULT_HEADER, cell::column_letters};

/// Headers of columns that count or tick rows.
pub(super) const IGNORED: [&str; 9] = [
    "序号",
    "编号",
    "no.",
    "no",
    "行号",
    "序",
    "#",
    "项次",
    "顺序号",
];

/// Own headers that say nothing without the one above: 承建单位 / 名称.
const GENERIC: [&str; 6] = ["名称", "全称", "姓名", "内容", "情况", "具体内容"];

/// What may stand before or behind a known header without changing it.
const FRONT: [&str; 8] = [
    "本",
    "该",
    "系统",
    "项目",
    "信息系统",
    "具体",
    "单位",
    "数据",
];
const BACK: [&str; 9] = [
    "情况", "说明", "信息", "全称", "名称", "必填", "万元", "填写", "列表",
];

/// One word that names a field.
#[derive(Clone, Copy)]
pub(super) struct Word<'a> {
    pub field: &'a Field,
    /// 0 is the label, then the aliases in their order.
    rank: usize,
}

/// All words of a register, in their normal form.
pub(super) struct Words<'a> {
    register: &'a Register,
    pub by_key: HashMap<String, Word<'a>>,
}

/// A recognised header before columns are compared with each other.
struct Hit<'a> {
    word: Word<'a>,
    how: How,
    confidence: f32,
}

impl<'a> Words<'a> {
    pub fn of(register: &'a Register) -> Self {
        let mut by_key = HashMap::new();
        for field in &register.fields {
            let words = std::iter::once(&field.label).chain(&field.aliases);
            for (rank, text) in words.enumerate() {
                by_key
                    .entry(header(text).key)
                    .or_insert(Word { field, rank });
            }
        }
        Self { register, by_key }
    }

    pub fn match_all(&self, headers: &[HeaderPath]) -> Vec<ColumnMatch> {
        let hits: Vec<Result<Hit<'_>, ColumnMatch>> =
            headers.iter().map(|h| self.recognise(h)).collect();
        let mut best: HashMap<&str, (usize, &Hit<'_>)> = HashMap::new();
        for (i, hit) in hits.iter().enumerate() {
            let Ok(hit) = hit else { continue };
            let better = |old: &Hit<'_>| {
                hit.confidence > old.confidence
                    || (hit.confidence >= old.confidence && hit.word.rank < old.word.rank)
            };
            match best.get(hit.word.field.key.as_str()) {
                Some((_, old)) if !better(old) => {}
                _ => {
                    best.insert(&hit.word.field.key, (i, hit));
                }
            }
        }
        let mut out = Vec::with_capacity(headers.len());
        for (i, (path, hit)) in headers.iter().zip(&hits).enumerate() {
            out.push(match hit {
                Err(known) => known.clone(),
                Ok(hit) => {
                    let winner = best.get(hit.word.field.key.as_str()).map_or(i, |(w, _)| *w);
                    match headers.get(winner).filter(|_| winner != i) {
                        Some(other) => duplicate(path, hit, other),
                        None => self.chosen(path, hit),
                    }
                }
            });
        }
        out
    }

    /// The field of one header, or what the column is instead.
    fn recognise(&self, path: &HeaderPath) -> Result<Hit<'a>, ColumnMatch> {
        let parts: Vec<HeaderText> = path
            .path
            .iter()
            .map(|p| header(p))
            .filter(|p| !p.key.is_empty())
            .collect();
        let Some(own) = parts.last() else {
            return Err(plain(path, How::Unknown, None));
        };
        if path.path.last().is_some_and(|p| is_ours(p)) {
            return Err(plain(path, How::OurOwn, None));
        }
        if path.path.last().is_some_and(|p| is_secret_header(p)) {
            let note = "账号、密码一类的内容不得录入台账，这一列没有读取".to_owned();
            return Err(plain(path, How::Secret, Some(note)));
        }
        if let Some(hit) = self.by_path(&parts).or_else(|| self.by_word(own)) {
            return Ok(hit);
        }
        if IGNORED.contains(&own.key.as_str()) {
            return Err(plain(path, How::Ignored, None));
        }
        self.by_parent(&parts)
            .or_else(|| self.by_likeness(&own.key))
            .ok_or_else(|| {
                let note = format!(
                    "“{}”没有对应的字段，这一列没有读取；可在对应关系中指定",
                    path.path.last().map_or("", |p| p.trim())
                );
                plain(path, How::Unknown, Some(note))
            })
    }

    /// 运维单位 / 联系人 together are 运维单位联系人, which says more than 联系人.
    fn by_path(&self, parts: &[HeaderText]) -> Option<Hit<'a>> {
        let (own, above) = parts.split_last()?;
        let near = above.last()?;
        let all: String = above.iter().map(|p| p.key.as_str()).collect();
        let joined = [
            format!("{all}{}", own.key),
            format!("{}{}", near.key, own.key),
            format!("{}/{}", near.key, own.key),
        ];
        joined.iter().find_map(|key| {
            self.by_key.get(key).map(|word| Hit {
                word: *word,
                how: How::Path,
                confidence: 0.9,
            })
        })
    }

    fn by_word(&self, own: &HeaderText) -> Option<Hit<'a>> {
        let word = self
            .by_key
            .get(&own.key)
            .or_else(|| self.by_key.get(without_number(&own.key)))
            .or_else(|| {
                own.key
                    .strip_suffix("万元")
                    .and_then(|k| self.by_key.get(k))
            })?;
        // 建设单位(承建商): the bracket says which of the two meanings it is.
        let explained = own
            .brackets
            .iter()
            .find_map(|b| self.by_key.get(b.as_str()))
            .filter(|other| word.rank > 0 && other.field.key != word.field.key);
        let word = explained.unwrap_or(word);
        let (how, confidence) = match word.rank {
            0 => (How::Label, 1.0),
            _ => (How::Alias, 0.95),
        };
        Some(Hit {
            word: *word,
            how,
            confidence,
        })
    }

    fn by_parent(&self, parts: &[HeaderText]) -> Option<Hit<'a>> {
        let (own, above) = parts.split_last()?;
        if !GENERIC.contains(&own.key.as_str()) {
            return None;
        }
        self.by_key.get(&above.last()?.key).map(|word| Hit {
            word: *word,
            how: How::Path,
            confidence: 0.85,
        })
    }

    fn by_likeness(&self, key: &str) -> Option<Hit<'a>> {
        let count = key.chars().count();
        if count < 4 {
            return None;
        }
        let hit = |word: &Word<'a>, confidence: f32| Hit {
            word: *word,
            how: How::Similar,
            confidence,
        };
        for front in FRONT {
            let bare = key.strip_prefix(front);
            if let Some(word) = bare.and_then(|k| self.long_word(k)) {
                return Some(hit(word, 0.75));
            }
        }
        for back in BACK {
            let bare = key.strip_suffix(back);
            if let Some(word) = bare.and_then(|k| self.long_word(k)) {
                return Some(hit(word, 0.75));
            }
        }
        let mut best: Option<(f64, &str, &Word<'a>)> = None;
        for (known, word) in &self.by_key {
            let length = known.chars().count();
            if length < 5 || count < 5 || length.abs_diff(count) > 1 {
                continue;
            }
            let score = strsim::normalized_levenshtein(known, key);
            // Ties are broken by the word, so that the same sheet always matches alike.
            let better = best.is_none_or(|(s, k, _)| score > s || (score >= s && **known < *k));
            if score >= 0.8 && better {
                best = Some((score, known, word));
            }
        }
        best.map(|(score, _, word)| hit(word, if score > 0.85 { 0.7 } else { 0.6 }))
    }

    fn long_word(&self, key: &str) -> Option<&Word<'a>> {
        self.by_key.get(key).filter(|_| key.chars().count() >= 4)
    }

    fn chosen(&self, path: &HeaderPath, hit: &Hit<'_>) -> ColumnMatch {
        let field = hit.word.field;
        let shown = path.path.last().map_or("", |p| p.trim());
        let is_owner = self.register.keys.owner.as_ref() == Some(&field.key);
        let note = if hit.how == How::Similar {
            Some(format!("“{shown}”按相近的“{}”识别，请核对", field.label))
        } else if is_owner && header(shown).key == "建设单位" {
            Some(format!(
                "“建设单位”按“{}”识别；如果填的是公司，请改为承建单位",
                field.label
            ))
        } else {
            None
        };
        ColumnMatch {
            column: path.column,
            field: Some(field.key.clone()),
            confidence: hit.confidence,
            how: hit.how,
            note,
            money_unit: unit_of(path),
        }
    }
}

fn plain(path: &HeaderPath, how: How, note: Option<String>) -> ColumnMatch {
    ColumnMatch {
        column: path.column,
        field: None,
        confidence: 0.0,
        how,
        note,
        money_unit: unit_of(path),
    }
}

fn duplicate(path: &HeaderPath, hit: &Hit<'_>, winner: &HeaderPath) -> ColumnMatch {
    let letters = column_letters(winner.column);
    let shown = winner.path.last().map_or("", |p| p.trim());
    let note = format!(
        "与 {letters} 列“{shown}”都对应“{}”，已采用 {letters} 列",
        hit.word.field.label
    );
    plain(path, How::DuplicateOf(winner.column), Some(note))
}

fn is_ours(text: &str) -> bool {
    let own = header(text);
    [RESULT_HEADER, REMARK_HEADER]
        .iter()
        .any(|h| header(h) == own)
}

/// A header without its own numbering: 1.系统名称, 3、建设资金.
fn without_number(key: &str) -> &str {
    key.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '、'))
}

fn unit_of(path: &HeaderPath) -> Option<MoneyUnit> {
    path.path.iter().rev().find_map(|part| {
        let text = header(part);
        money_unit(&text.brackets).or_else(|| text.key.ends_with("万元").then_some(MoneyUnit::Wan))
    })
}
