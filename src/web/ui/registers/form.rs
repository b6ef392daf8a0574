//! The form of an entry, driven by its register's definition.

use std::collections::BTreeMap;

use crate::auth::Sight;
use crate::error::Problem;
use crate::ledger::as_of::Definitions;
use crate::ledger::edit::Given;
use crate::ledger::sight;
use crate::register::field::{Field, FieldType};
use crate::register::value::{Document, Value};
use crate::web::fields::Fields;

/// One value that can be chosen.
pub(super) struct Offer {
    pub code: String,
    pub label: String,
    pub chosen: bool,
}

/// One field of the form.
pub(super) struct Control {
    pub key: String,
    pub label: String,
    pub help: String,
    /// `text`, `area`, `select`, `boxes` or `fixed`.
    pub shape: &'static str,
    pub list: &'static str,
    pub value: String,
    pub offers: Vec<Offer>,
    pub required: bool,
    pub wide: bool,
    pub wrong: Vec<String>,
}

/// Fields that belong together.
pub(super) struct Section {
    pub label: String,
    pub controls: Vec<Control>,
}

/// What the form says of a field: text, or the codes that are ticked.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Text(String),
    Codes(Vec<String>),
}

fn has_boxes(field: &Field) -> bool {
    field.kind == FieldType::Choice && field.multiple
}

/// What the form would say of a document that was not touched.
fn standing(definitions: Definitions<'_>, field: &Field, value: Option<&Value>) -> Said {
    match (field.kind, value) {
        (FieldType::Choice, Some(Value::List(codes))) => Said::Codes(codes.clone()),
        (FieldType::Choice, Some(Value::Text(code))) => Said::Text(code.clone()),
        (FieldType::Choice, _) if field.multiple => Said::Codes(Vec::new()),
        (FieldType::Bool, Some(Value::Bool(b))) => Said::Text(b.to_string()),
        (_, Some(value)) => {
            Said::Text(field.show(definitions.catalogue, definitions.directory, value))
        }
        (_, None) => Said::Text(String::new()),
    }
}

fn sent(fields: &Fields, field: &Field) -> Option<Said> {
    if has_boxes(field) {
        // Browsers send nothing of boxes that are not ticked; the marker says that they were there.
        fields.raw(&format!("_has_{}", field.key))?;
        return Some(Said::Codes(
            fields.all(&field.key).map(str::to_owned).collect(),
        ));
    }
    fields
        .raw(&field.key)
        .map(|text| Said::Text(text.trim().replace("\r\n", "\n")))
}

fn as_given(field: &Field, said: Said) -> Given {
    match said {
        Said::Text(text) if field.kind == FieldType::Bool => match text.as_str() {
            "true" => Given::Bool(true),
            "false" => Given::Bool(false),
            "" => Given::Nothing,
            _ => Given::Text(text),
        },
        Said::Text(text) => Given::Text(text),
        Said::Codes(codes) => Given::List(codes),
    }
}

/// The values that the form changes, against what stands.
pub(super) fn changed(
    definitions: Definitions<'_>,
    sight: Sight,
    document: &Document,
    fields: &Fields,
) -> BTreeMap<String, Given> {
    let register = definitions.register;
    let mut out = BTreeMap::new();
    for field in register
        .fields
        .iter()
        .filter(|f| sight::shows(register, f, sight))
    {
        let Some(said) = sent(fields, field) else {
            continue;
        };
        if said != standing(definitions, field, document.get(&field.key)) {
            out.insert(field.key.clone(), as_given(field, said));
        }
    }
    out
}

/// The form's fields by group: as they stand, or as they were sent, with what is wrong.
pub(super) fn sections(
    definitions: Definitions<'_>,
    sight: Sight,
    document: &Document,
    fields: Option<&Fields>,
    problems: &[Problem],
    fresh: bool,
) -> Vec<Section> {
    let register = definitions.register;
    let mut out: Vec<Section> = Vec::new();
    for field in register
        .fields
        .iter()
        .filter(|f| sight::shows(register, f, sight))
    {
        let said = fields
            .and_then(|f| sent(f, field))
            .unwrap_or_else(|| standing(definitions, field, document.get(&field.key)));
        let mut control = control(definitions, field, said);
        let wrong = problems.iter().filter(|p| p.field == field.key);
        control.wrong = wrong
            .map(|p| format!("{}{}", p.message, p.suggestion))
            .collect();
        if field.key == register.keys.code && !fresh {
            control.shape = "fixed";
        }
        match out.iter_mut().find(|s| s.label == field.group) {
            Some(section) => section.controls.push(control),
            None => out.push(Section {
                label: field.group.clone(),
                controls: vec![control],
            }),
        }
    }
    out
}

fn control(definitions: Definitions<'_>, field: &Field, said: Said) -> Control {
    let list = field
        .list
        .as_deref()
        .and_then(|key| definitions.catalogue.list(key));
    let (value, codes) = match said {
        Said::Text(text) => (text.clone(), vec![text]),
        Said::Codes(codes) => (String::new(), codes),
    };
    let offer = |code: &str, label: &str| Offer {
        code: code.to_owned(),
        label: label.to_owned(),
        chosen: codes.iter().any(|c| c == code),
    };
    let offers = match (field.kind, list) {
        (FieldType::Bool, _) => vec![offer("true", "是"), offer("false", "否")],
        (_, Some(list)) => list
            .items
            .iter()
            .map(|i| offer(&i.code, &i.label))
            .collect(),
        _ => Vec::new(),
    };
    // A value that the list does not know any more stays choosable, so that saving does not lose it.
    let lost = !value.is_empty() && !offers.is_empty() && !offers.iter().any(|o| o.chosen);
    let shape = match field.kind {
        _ if has_boxes(field) => "boxes",
        FieldType::Choice | FieldType::Bool if !lost => "select",
        // What is exemplified at length is written at length.
        FieldType::Text if !field.multiple && field.example.chars().count() > 15 => "area",
        FieldType::Text if value.chars().count() > 60 || value.contains('\n') => "area",
        _ => "text",
    };
    let unit = field
        .unit
        .as_ref()
        .map(|u| format!("（{u}）"))
        .unwrap_or_default();
    Control {
        key: field.key.clone(),
        label: format!("{}{unit}", field.label),
        help: field.help.clone(),
        list: if field.kind == FieldType::Department {
            "departments"
        } else {
            ""
        },
        wide: shape == "area" || shape == "boxes",
        shape,
        value,
        offers,
        required: field.required && field.key != definitions.register.keys.code,
        wrong: Vec::new(),
    }
}
