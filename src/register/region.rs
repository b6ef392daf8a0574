//! 行政区划 (GB/T 2260): which regions there are, and what people write for them.
//!
//! County names repeat (市中区 is in 济南 and in 枣庄), so a region is shown by its full path and a
//! name that fits several regions is asked back.

use std::collections::HashMap;

use super::codes::{self, Row};
use super::error::DefinitionError;
use super::value::{Fault, Note, Reading, Value};
use super::words::name_key;

/// One region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Six digits.
    pub code: String,
    /// Its own name, such as 历下区.
    pub name: String,
    /// `province`, `city`, `county` or `zone` (a development zone, statistical code only).
    pub level: String,
    /// Code of the region above; empty for a province.
    pub parent: String,
    /// Names and codes it had before.
    pub aliases: Vec<String>,
}

/// All regions that are loaded.
#[derive(Clone, Debug, Default)]
pub struct Regions {
    items: Vec<Region>,
    by_code: HashMap<String, usize>,
    by_name: HashMap<String, Vec<usize>>,
}

impl Regions {
    /// The region with this code.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Region> {
        self.by_code.get(code).and_then(|i| self.items.get(*i))
    }

    /// All of them, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = &Region> {
        self.items.iter()
    }

    /// The regions directly below this one; those at the top for an empty code.
    pub fn children<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a Region> {
        self.items.iter().filter(move |r| r.parent == code)
    }

    /// The name with all that is above it: 山东省济南市历下区.
    #[must_use]
    pub fn full_name(&self, code: &str) -> Option<String> {
        let region = self.get(code)?;
        let mut names = vec![region.name.as_str()];
        let mut above = region.parent.as_str();
        // A hand-made file may point in a circle; no country has more than five levels.
        while let Some(up) = self.get(above).filter(|_| names.len() < 6) {
            names.push(&up.name);
            above = &up.parent;
        }
        names.reverse();
        Some(names.concat())
    }

    /// The regions a text may mean.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<&Region> {
        let key = name_key(text);
        let code = key.strip_suffix("000000").filter(|k| k.len() == 6);
        if let Some(region) = self.get(code.unwrap_or(&key)) {
            return vec![region];
        }
        let found = self
            .by_name
            .get(&key)
            .map(Vec::as_slice)
            .unwrap_or_default();
        found.iter().filter_map(|i| self.items.get(*i)).collect()
    }

    /// Takes over the rows of `lists/regions.csv`.
    pub(super) fn absorb(&mut self, file: &str, rows: Vec<Row>) -> Result<(), DefinitionError> {
        let mut seen = HashMap::new();
        for row in rows {
            let fault = |reason: String| DefinitionError {
                file: file.to_owned(),
                line: row.line,
                reason,
            };
            let code = row.item.code;
            if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
                return Err(fault(format!("区划代码“{code}”应为 6 位数字")));
            }
            if let Some(first) = seen.insert(code.clone(), row.line) {
                return Err(fault(format!("区划代码 {code} 与第{first}行重复")));
            }
            let extra = |key: &str| row.extra.get(key).cloned().unwrap_or_default();
            let region = Region {
                name: row.item.label,
                level: extra("level"),
                parent: extra("parent"),
                aliases: row.item.aliases,
                code,
            };
            match self.by_code.get(&region.code).copied() {
                Some(i) => {
                    if let Some(known) = self.items.get_mut(i) {
                        *known = region;
                    }
                }
                None => {
                    self.by_code.insert(region.code.clone(), self.items.len());
                    self.items.push(region);
                }
            }
        }
        let orphan = self
            .items
            .iter()
            .find(|r| !r.parent.is_empty() && !self.by_code.contains_key(&r.parent));
        if let Some(r) = orphan {
            return Err(DefinitionError {
                file: file.to_owned(),
                line: seen.get(&r.code).copied().unwrap_or(0),
                reason: format!("{} 的上级区划 {} 不在表中", r.code, r.parent),
            });
        }
        self.reindex();
        Ok(())
    }

    fn reindex(&mut self) {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        let mut full_names: Vec<(String, usize)> = Vec::new();
        for (i, region) in self.items.iter().enumerate() {
            let full = name_key(&self.full_name(&region.code).unwrap_or_default());
            let mut words = vec![name_key(&region.name)];
            words.extend(region.aliases.iter().map(|a| name_key(a)));
            // 山东、济南; but a county's short name alone says too little.
            if matches!(region.level.as_str(), "province" | "city") {
                words.push(bare(&region.name));
            }
            if let Some(above) = self.get(&region.parent) {
                let name = name_key(&region.name);
                words.push(format!("{}{name}", name_key(&above.name)));
                words.push(format!("{}{name}", bare(&above.name)));
                if let Some(top) = self.get(&above.parent) {
                    words.push(format!(
                        "{}{}{name}",
                        bare(&top.name),
                        name_key(&above.name)
                    ));
                }
            }
            for word in words {
                let places = by_name.entry(word).or_default();
                if !places.contains(&i) {
                    places.push(i);
                }
            }
            full_names.push((full, i));
        }
        // A full path decides, whatever else is spelt the same.
        for (full, i) in full_names {
            by_name.insert(full, vec![i]);
        }
        self.by_name = by_name;
    }
}

/// A province's or city's name without its kind.
fn bare(name: &str) -> String {
    let key = name_key(name);
    let short = key
        .strip_suffix('省')
        .or_else(|| key.strip_suffix('市'))
        .filter(|s| s.chars().count() >= 2);
    short.map_or_else(|| key.clone(), str::to_owned)
}

/// Reads the rows of a region file.
pub(super) fn rows(file: &str, bytes: &[u8]) -> Result<Vec<Row>, DefinitionError> {
    codes::rows(file, bytes)
}

/// Reads a region from text that is not blank.
pub(super) fn read(label: &str, regions: &Regions, text: &str) -> Reading {
    let found = regions.find(text);
    match found.as_slice() {
        [] => Reading::Fault(Fault {
            code: "unknown_region",
            message: format!("{label}“{text}”不在行政区划表中"),
            suggestion: "请写全称（如 山东省济南市历下区）或 6 位区划代码".to_owned(),
        }),
        [one] => {
            let full = regions.full_name(&one.code).unwrap_or_default();
            let note = (full != text).then(|| Note::normalised(text, &full));
            Reading::Value(Value::Text(one.code.clone()), note)
        }
        several => {
            let names: Vec<String> = several
                .iter()
                .take(5)
                .filter_map(|r| regions.full_name(&r.code))
                .collect();
            Reading::Fault(Fault {
                code: "ambiguous_region",
                message: format!("{label}“{text}”有 {} 个同名的区划", several.len()),
                suggestion: format!("请写明是哪一个：{}", names.join("、")),
            })
        }
    }
}
