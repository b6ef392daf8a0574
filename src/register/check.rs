//! What makes a definition broken, beyond its syntax.

use std::rc::Rc;

use toml::Spanned;

use super::catalogue::Catalogue;
use super::definition::{FieldDef, RegisterDef, line_of};
use super::error::DefinitionError;
use super::field::{Field, FieldType, Register};
use super::read::ColumnContext;
use super::value::Reading;
use crate::sheet::cell::Cell;

/// Where something was declared, for the error message.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub file: String,
    pub text: Rc<str>,
}

impl Place {
    pub fn fault<T>(&self, at: &Spanned<T>, reason: impl Into<String>) -> DefinitionError {
        DefinitionError {
            file: self.file.clone(),
            line: line_of(&self.text, at.span().start),
            reason: reason.into(),
        }
    }
}

/// A register being put together; field definitions keep their places.
pub(super) struct Draft {
    pub place: Place,
    pub def: RegisterDef,
    pub fields: Vec<(Place, FieldDef)>,
}

pub(super) fn is_key(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Registers differ in key, label and prefix; the later one is to blame.
pub(super) fn registers(drafts: &[Draft]) -> Result<(), DefinitionError> {
    for (i, draft) in drafts.iter().enumerate() {
        let (key, label) = (&draft.def.key, &draft.def.label);
        if !is_key(key.get_ref()) {
            let reason = "登记簿的 key 只能用小写字母、数字和下划线，并以字母开头";
            return Err(draft.place.fault(key, reason));
        }
        for known in drafts.iter().take(i) {
            let other = known.def.key.get_ref();
            if known.def.label.get_ref() == label.get_ref() {
                let reason = format!("label 与登记簿 {other} 相同");
                return Err(draft.place.fault(label, reason));
            }
            let prefix = &draft.def.code_prefix;
            if known.def.code_prefix.get_ref() == prefix.get_ref() {
                let reason = format!("code_prefix 与登记簿 {other} 相同");
                return Err(draft.place.fault(prefix, reason));
            }
        }
    }
    Ok(())
}

pub(super) fn kind(
    catalogue: &Catalogue,
    drafts: &[Draft],
    place: &Place,
    def: &FieldDef,
) -> Result<(), DefinitionError> {
    match (def.kind, &def.list) {
        (FieldType::Choice, None) => {
            return Err(place.fault(&def.key, "choice 字段须写 list"));
        }
        (FieldType::Choice, Some(list)) if !catalogue.lists.contains_key(list.get_ref()) => {
            let reason = format!("没有代码表 lists/{}.csv", list.get_ref());
            return Err(place.fault(list, reason));
        }
        (FieldType::Choice, _) | (_, None) => {}
        (_, Some(list)) => return Err(place.fault(list, "只有 choice 字段可以写 list")),
    }
    match (def.kind, &def.refers_to) {
        (FieldType::Reference, None) => {
            return Err(place.fault(&def.key, "reference 字段须写 refers_to"));
        }
        (FieldType::Reference, Some(to)) => {
            if !drafts.iter().any(|d| d.def.key.get_ref() == to.get_ref()) {
                return Err(place.fault(to, format!("没有登记簿 {}", to.get_ref())));
            }
        }
        (_, None) => {}
        (_, Some(to)) => return Err(place.fault(to, "只有 reference 字段可以写 refers_to")),
    }
    if let (Some(depends), true) = (&def.depends, def.kind != FieldType::Reference) {
        return Err(place.fault(depends, "只有 reference 字段可以写 depends"));
    }
    let may_be_many = matches!(
        def.kind,
        FieldType::Choice
            | FieldType::Reference
            | FieldType::Department
            | FieldType::Text
            | FieldType::Code
    );
    if def.multiple && !may_be_many {
        let reason = "multiple 只能用于 text、code、choice、department、reference";
        return Err(place.fault(&def.key, reason));
    }
    let number = matches!(
        def.kind,
        FieldType::Money | FieldType::Decimal | FieldType::Integer
    );
    match &def.warn_over {
        Some(limit) if !number => Err(place.fault(limit, "warn_over 只能用于数值字段")),
        _ => Ok(()),
    }
}

/// The values that a condition names must exist.
pub(super) fn conditions(
    catalogue: &Catalogue,
    fields: &[Field],
    place: &Place,
    def: &FieldDef,
) -> Result<(), DefinitionError> {
    if let Some(condition) = &def.required_if {
        let name = &condition.field;
        let Some(other) = fields.iter().find(|f| f.key == *name.get_ref()) else {
            return Err(place.fault(name, format!("没有字段 {}", name.get_ref())));
        };
        check_values(catalogue, other, place, &condition.values)?;
    }
    if let Some(refuse) = &def.refuse
        && let Some(own) = fields.iter().find(|f| f.key == *def.key.get_ref())
    {
        check_values(catalogue, own, place, &refuse.values)?;
    }
    Ok(())
}

fn check_values(
    catalogue: &Catalogue,
    field: &Field,
    place: &Place,
    values: &[Spanned<String>],
) -> Result<(), DefinitionError> {
    let list = field.list.as_ref().and_then(|l| catalogue.list(l));
    for value in values {
        let known = match (field.kind, list) {
            (FieldType::Choice, Some(list)) => list.item(value.get_ref()).is_some(),
            (FieldType::Bool, _) => matches!(value.get_ref().as_str(), "true" | "false"),
            _ => false,
        };
        if !known {
            let reason = format!("字段 {} 没有值“{}”", field.key, value.get_ref());
            return Err(place.fault(value, reason));
        }
    }
    Ok(())
}

/// A typed column: the field named for it, its role, the types that fit.
type Wanted<'a> = (Option<&'a Spanned<String>>, &'a str, &'a [FieldType]);

/// The fields that feed typed columns exist and have a fitting type.
pub(super) fn keys(draft: &Draft, register: &Register) -> Result<(), DefinitionError> {
    use FieldType::{Choice, Code, Date, Department, Integer, Money, Reference, Text};
    let keys = &draft.def.keys;
    let wanted: [Wanted<'_>; 9] = [
        (Some(&keys.code), "code", &[Code, Text]),
        (Some(&keys.name), "name", &[Text]),
        (keys.owner.as_ref(), "owner", &[Department]),
        (keys.party.as_ref(), "party", &[Department]),
        (keys.within.as_ref(), "within", &[Reference]),
        (keys.region.as_ref(), "region", &[FieldType::Region]),
        (keys.amount.as_ref(), "amount", &[Money]),
        (keys.year.as_ref(), "year", &[Date, Integer]),
        (keys.status.as_ref(), "status", &[Choice]),
    ];
    for (key, role, kinds) in wanted {
        let Some(key) = key else { continue };
        let Some(field) = register.field(key.get_ref()) else {
            let reason = format!("{role} 指向的字段 {} 不存在", key.get_ref());
            return Err(draft.place.fault(key, reason));
        };
        if !kinds.contains(&field.kind) || field.multiple {
            let reason = format!("{role} 指向的字段 {} 类型不合适", key.get_ref());
            return Err(draft.place.fault(key, reason));
        }
    }
    if keys.owner.is_none() && keys.within.is_none() {
        return Err(draft.place.fault(&keys.name, "owner 和 within 至少写一个"));
    }
    ends(draft, register)
}

/// A party stands beside an owner, and what both say alike are fields of the register.
fn ends(draft: &Draft, register: &Register) -> Result<(), DefinitionError> {
    let keys = &draft.def.keys;
    if let (Some(party), None) = (&keys.party, &keys.owner) {
        let reason = "写了 party 的登记簿须写 owner";
        return Err(draft.place.fault(party, reason));
    }
    for key in &draft.def.agreed {
        if keys.party.is_none() {
            let reason = "写了 agreed 的登记簿须写 party";
            return Err(draft.place.fault(key, reason));
        }
        let Some(field) = register.field(key.get_ref()) else {
            let reason = format!("agreed 指向的字段 {} 不存在", key.get_ref());
            return Err(draft.place.fault(key, reason));
        };
        if field.kind == FieldType::Department {
            let reason = format!("agreed 指向的字段 {} 类型不合适", key.get_ref());
            return Err(draft.place.fault(key, reason));
        }
    }
    Ok(())
}

/// The example row of a template must be one that can be imported.
pub(super) fn examples(catalogue: &Catalogue, drafts: &[Draft]) -> Result<(), DefinitionError> {
    for draft in drafts {
        let Some(register) = catalogue.register(draft.def.key.get_ref()) else {
            continue;
        };
        for (place, def) in &draft.fields {
            let Some(example) = &def.example else {
                continue;
            };
            let Some(field) = register.field(def.key.get_ref()) else {
                continue;
            };
            let cell = Cell::Text(example.get_ref().clone());
            let reason = match field.read(catalogue, &cell, &ColumnContext::default()) {
                Reading::Value(..) => continue,
                Reading::Fault(fault) => fault.message,
                Reading::Blank(_) | Reading::Clear => "示例值是空的".to_owned(),
            };
            return Err(place.fault(example, format!("示例值读不出来：{reason}")));
        }
    }
    Ok(())
}
