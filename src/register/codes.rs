//! Code lists: `lists/*.csv` with the codes, labels and other spellings of choice fields.

use std::collections::HashMap;

use super::error::DefinitionError;
use super::field::Stage;
use super::words::name_key;

/// What joins several labels in one cell; no label may contain it.
pub const JOIN: char = '、';

/// One value of a list.
#[derive(Clone, Debug)]
pub struct CodeItem {
    /// What is stored.
    pub code: String,
    /// What people read.
    pub label: String,
    /// Other spellings.
    pub aliases: Vec<String>,
    /// Stage of an entry with this value, for status lists.
    pub stage: Option<Stage>,
    /// Remark for the person choosing.
    pub note: Option<String>,
}

/// A list of codes that choice fields point to.
#[derive(Clone, Debug, Default)]
pub struct CodeList {
    /// Name of the list, the stem of its file.
    pub key: String,
    /// The values in the order of the file.
    pub items: Vec<CodeItem>,
    /// Words that cannot be decided, each with the question to ask back.
    pub questions: Vec<(String, String)>,
    index: HashMap<String, Slot>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Item(usize),
    Question(usize),
}

/// What a word means in a list.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// This value.
    Item(&'a CodeItem),
    /// It may mean several values: the question to ask back.
    Ambiguous(&'a str),
    /// Nothing in the list.
    Unknown,
}

impl CodeList {
    /// The value with this code.
    #[must_use]
    pub fn item(&self, code: &str) -> Option<&CodeItem> {
        self.items.iter().find(|i| i.code == code)
    }

    /// The label of this code.
    #[must_use]
    pub fn label(&self, code: &str) -> Option<&str> {
        self.item(code).map(|i| i.label.as_str())
    }

    /// Looks a word up: label, other spelling or code, however it is spaced or bracketed.
    #[must_use]
    pub fn find(&self, text: &str) -> Found<'_> {
        if let Some(slot) = self.index.get(text) {
            return self.at(*slot);
        }
        self.index
            .get(name_key(text).as_str())
            .map_or(Found::Unknown, |slot| self.at(*slot))
    }

    fn at(&self, slot: Slot) -> Found<'_> {
        let found = match slot {
            Slot::Item(i) => self.items.get(i).map(Found::Item),
            Slot::Question(i) => self.questions.get(i).map(|(_, q)| Found::Ambiguous(q)),
        };
        found.unwrap_or(Found::Unknown)
    }

    /// Takes over the rows of one file: new values, or new words for known codes.
    pub(super) fn absorb(&mut self, file: &str, rows: Vec<Row>) -> Result<(), DefinitionError> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        for row in rows {
            let fault = |reason: String| DefinitionError {
                file: file.to_owned(),
                line: row.line,
                reason,
            };
            if row.item.code.is_empty() {
                let question = row.item.note.clone().filter(|q| !q.is_empty());
                let question = question.ok_or_else(|| {
                    fault(format!(
                        "“{}”没有代码，也没有在 note 列写明要问的问题",
                        row.item.label
                    ))
                })?;
                for word in row.item.aliases.iter().chain([&row.item.label]) {
                    self.questions.retain(|(w, _)| w != word);
                    self.questions.push((word.clone(), question.clone()));
                }
                continue;
            }
            if let Some(first) = seen.insert(row.item.code.clone(), row.line) {
                return Err(fault(format!("代码 {} 与第{first}行重复", row.item.code)));
            }
            match self.items.iter_mut().find(|i| i.code == row.item.code) {
                Some(known) => *known = row.item,
                None => self.items.push(row.item),
            }
        }
        self.reindex().map_err(|(code, reason)| DefinitionError {
            file: file.to_owned(),
            line: seen.get(&code).copied().unwrap_or(0),
            reason,
        })
    }

    /// Prepares the lookup; fails with the code of the value whose word another one claims.
    fn reindex(&mut self) -> Result<(), (String, String)> {
        let mut index = HashMap::new();
        for (i, item) in self.items.iter().enumerate() {
            if item.label.contains(JOIN) {
                return Err((
                    item.code.clone(),
                    format!("名称“{}”含有“{JOIN}”，它用来分隔多个值，请改写", item.label),
                ));
            }
            let words = item.aliases.iter().chain([&item.code, &item.label]);
            for word in words {
                for form in [word.clone(), name_key(word)] {
                    let before = index.insert(form, Slot::Item(i));
                    if let Some(Slot::Item(j)) = before
                        && j != i
                    {
                        let other = self.items.get(j).map_or("", |o| o.code.as_str());
                        return Err((
                            item.code.clone(),
                            format!("“{word}”同时属于代码 {other} 和 {}", item.code),
                        ));
                    }
                }
            }
        }
        for (i, (word, _)) in self.questions.iter().enumerate() {
            for form in [word.clone(), name_key(word)] {
                if let Some(Slot::Item(j)) = index.insert(form, Slot::Question(i)) {
                    let code = self.items.get(j).map_or("", |o| o.code.as_str());
                    return Err((
                        code.to_owned(),
                        format!("“{word}”既属于代码 {code}，又列为需要询问的词"),
                    ));
                }
            }
        }
        self.index = index;
        Ok(())
    }
}

/// One row of a list file.
#[derive(Debug)]
pub(super) struct Row {
    pub line: usize,
    pub item: CodeItem,
    /// Extra columns, by header.
    pub extra: HashMap<String, String>,
}

/// Reads a list file: columns `code` and `label` (or `name`), further ones as they are.
pub(super) fn rows(file: &str, bytes: &[u8]) -> Result<Vec<Row>, DefinitionError> {
    let fault = |line: usize, reason: String| DefinitionError {
        file: file.to_owned(),
        line,
        reason,
    };
    let text = std::str::from_utf8(bytes)
        .map_err(|_| fault(0, "不是 UTF-8 编码，请另存为 UTF-8 的 CSV".to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headers = reader
        .headers()
        .map_err(|e| fault(1, format!("读不出表头（{e}）")))?
        .clone();
    let place = |names: &[&str]| headers.iter().position(|h| names.contains(&h));
    let code_at = place(&["code"]).ok_or_else(|| fault(1, "缺少 code 列".to_owned()))?;
    let label_at = place(&["label", "name"]).ok_or_else(|| fault(1, "缺少 label 列".to_owned()))?;
    let mut out = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| {
            let line = e.position().map_or(0, csv::Position::line);
            fault(
                usize::try_from(line).unwrap_or(0),
                format!("读不出这一行（{e}）"),
            )
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let line = usize::try_from(line).unwrap_or(0);
        let get = |i: Option<usize>| i.and_then(|i| record.get(i)).unwrap_or_default();
        let (code, label) = (get(Some(code_at)), get(Some(label_at)));
        if code.is_empty() && label.is_empty() {
            continue;
        }
        if label.is_empty() {
            return Err(fault(line, format!("代码 {code} 没有名称（label 列为空）")));
        }
        let stage = match get(place(&["stage"])) {
            "" => None,
            word => Some(stage(word).ok_or_else(|| {
                fault(
                    line,
                    format!(
                        "stage 列的“{word}”不是阶段，可用：application、build、acceptance、operation、retired"
                    ),
                )
            })?),
        };
        let aliases = get(place(&["aliases"]));
        let extra = headers.iter().zip(record.iter());
        out.push(Row {
            line,
            item: CodeItem {
                code: code.to_owned(),
                label: label.to_owned(),
                aliases: aliases
                    .split('|')
                    .map(str::trim)
                    .filter(|a| !a.is_empty())
                    .map(str::to_owned)
                    .collect(),
                stage,
                note: Some(get(place(&["note"])).to_owned()).filter(|n| !n.is_empty()),
            },
            extra: extra.map(|(h, v)| (h.to_owned(), v.to_owned())).collect(),
        });
    }
    Ok(out)
}

fn stage(word: &str) -> Option<Stage> {
    Some(match word {
        "application" => Stage::Application,
        "build" => Stage::Build,
        "acceptance" => Stage::Acceptance,
        "operation" => Stage::Operation,
        "retired" => Stage::Retired,
        _ => return None,
    })
}
