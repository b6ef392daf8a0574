//! Matching columns to fields.
use std::collections::HashSet;
use crate::register::catalogue::Catalogue;
use crate::register::field::Register;
use crate::register::money::MoneyUnit;
use crate::register::words;
pub struct HeaderPath { pub column: u16, pub path: Vec<String> }
#[derive(Clone,Copy,PartialEq,Debug)]
pub enum How { Label, Alias, Path, Similar, Remembered, Ignored, OurOwn, Secret, Unknown, DuplicateOf(u16) }
pub struct ColumnMatch { pub field: Option<String>, pub confidence: f32, pub how: How, pub note: Option<String> }
pub fn match_columns(register: &Register, headers: &[HeaderPath]) -> Vec<ColumnMatch> {
    headers.iter().map(|h| { let k = h.path.last().map(|p| words::header(p).key).unwrap_or_default();
        let f = register.fields.iter().find(|f| words::header(&f.label).key==k || f.aliases.iter().any(|a| words::header(a).key==k));
        let how = if f.is_some() {How::Label} else if k=="序号" {How::Ignored} else {How::Unknown};
        ColumnMatch{field: f.map(|f| f.key.clone()), confidence: 1.0, how, note: None}}).collect()
}
pub fn best_register<'c>(c: &'c Catalogue, headers: &[HeaderPath], _t: &[&str]) -> Option<(&'c Register, Vec<ColumnMatch>, f32)> {
    c.registers().iter().map(|r| { let m = match_columns(r, headers); let n = m.iter().filter(|m| m.field.is_some()).count(); (r,m,n as f32) }).filter(|x| x.2>=2.0).max_by(|a,b| a.2.total_cmp(&b.2))
}
pub fn header_words(c: &Catalogue) -> HashSet<String> { let mut s: HashSet<String> = c.registers().iter().flat_map(|r| r.fields.iter().flat_map(|f| f.aliases.iter().chain(std::iter::once(&f.label)).map(|a| words::header(a).key))).collect(); s.insert("序号".into()); s }
pub fn signature(h: &[HeaderPath]) -> String { h.iter().map(|h| h.path.join("/")).collect::<Vec<_>>().join("|") }
pub fn money_unit(b: &[String]) -> Option<MoneyUnit> { b.iter().find_map(|b| MoneyUnit::find(b)) }
