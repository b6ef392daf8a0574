//! What an entry as a whole says: its stage, how complete it is, and what contradicts itself.

use rust_decimal::Decimal;

use super::catalogue::Catalogue;
use super::field::{Field, FieldType, Register, RequiredIf, Stage};
use super::value::{Document, Fault, Note, Value};

/// How much of what is expected at a stage is there.
#[derive(Clone, Debug)]
pub struct Completeness<'a> {
    /// 0 to 100, rounded down: 100 only when nothing is missing.
    pub percent: u8,
    /// What is missing, in template order.
    pub missing: Vec<&'a Field>,
}

/// What a whole-row rule found at a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The row cannot go in.
    Fault(Fault),
    /// Somebody should look.
    Note(Note),
}

impl RequiredIf {
    /// Whether the condition holds for this document.
    #[must_use]
    pub fn holds(&self, document: &Document) -> bool {
        document
            .get(&self.field)
            .is_some_and(|v| self.values.iter().any(|wanted| has(v, wanted)))
    }
}

/// Whether a value is, or contains, this code; `true` and `false` for a yes-or-no.
pub(super) fn has(value: &Value, wanted: &str) -> bool {
    match value {
        Value::Bool(b) => wanted == if *b { "true" } else { "false" },
        Value::Integer(n) => wanted == n.to_string(),
        Value::Text(t) => t == wanted,
        Value::List(l) => l.iter().any(|t| t == wanted),
    }
}

fn is_there(document: &Document, key: &str) -> bool {
    match document.get(key) {
        None => false,
        Some(Value::Text(t)) => !t.is_empty(),
        Some(Value::List(l)) => !l.is_empty(),
        Some(Value::Bool(_) | Value::Integer(_)) => true,
    }
}

impl Register {
    /// The stage an entry is in, from its status.
    #[must_use]
    pub fn stage(&self, catalogue: &Catalogue, document: &Document) -> Stage {
        let from_status = || {
            let key = self.keys.status.as_ref()?;
            let list = self.field(key)?.list.as_ref()?;
            let Value::Text(code) = document.get(key)? else {
                return None;
            };
            catalogue.list(list)?.item(code)?.stage
        };
        from_status().unwrap_or(self.default_stage)
    }

    /// How complete an entry is for its stage.
    ///
    /// Counted is what is required at all, required from this stage or an earlier one, or required
    /// by the value of another field.
    #[must_use]
    pub fn completeness(&self, stage: Stage, document: &Document) -> Completeness<'_> {
        let expected = |f: &&Field| {
            f.required
                || f.required_from.is_some_and(|from| from <= stage)
                || f.required_if.as_ref().is_some_and(|r| r.holds(document))
        };
        let mut total = 0_usize;
        let mut missing = Vec::new();
        for field in self.fields.iter().filter(expected) {
            total += 1;
            if !is_there(document, &field.key) {
                missing.push(field);
            }
        }
        let there = total - missing.len();
        let percent = (there * 100).checked_div(total).unwrap_or(100);
        Completeness {
            percent: u8::try_from(percent).unwrap_or(100),
            missing,
        }
    }

    /// Those of some fields that an entry leaves empty; a field that only some entries have counts for those alone.
    #[must_use]
    pub fn unfilled(&self, keys: &[String], document: &Document) -> Vec<&Field> {
        let asked = |f: &&Field| {
            keys.contains(&f.key)
                && (f.required || f.required_if.as_ref().is_none_or(|r| r.holds(document)))
        };
        let fields = self.fields.iter().filter(asked);
        fields.filter(|f| !is_there(document, &f.key)).collect()
    }

    /// Checks one entry's fields against each other; each finding with its field's key.
    #[must_use]
    pub fn check(&self, catalogue: &Catalogue, document: &Document) -> Vec<(String, Finding)> {
        let mut out = Vec::new();
        for field in &self.fields {
            let finding = refused(catalogue, field, document)
                .or_else(|| self.absent(catalogue, field, document))
                .or_else(|| oversized(field, document));
            if let Some(finding) = finding {
                out.push((field.key.clone(), finding));
            }
        }
        out
    }

    fn absent(&self, catalogue: &Catalogue, field: &Field, document: &Document) -> Option<Finding> {
        let rule = field.required_if.as_ref()?;
        if is_there(document, &field.key) || !rule.holds(document) {
            return None;
        }
        let other = self.field(&rule.field)?;
        let list = other.list.as_ref().and_then(|l| catalogue.list(l));
        let said: Vec<String> = rule
            .values
            .iter()
            .filter(|v| document.get(&rule.field).is_some_and(|d| has(d, v)))
            .map(|v| match (v.as_str(), list.and_then(|l| l.label(v))) {
                (_, Some(label)) => label.to_owned(),
                ("true", _) => "是".to_owned(),
                ("false", _) => "否".to_owned(),
                (code, None) => code.to_owned(),
            })
            .collect();
        let reason = if rule.reason.is_empty() {
            String::new()
        } else {
            format!("（{}）", rule.reason)
        };
        let message = format!(
            "{}为“{}”时应填写{}{reason}",
            other.label,
            said.join("、"),
            field.label
        );
        Some(if rule.hard {
            let suggestion = format!("请补填{}", field.label);
            Finding::Fault(Fault::new("missing_condition", message, suggestion))
        } else {
            Finding::Note(Note::warning("missing_condition", message))
        })
    }
}

fn refused(catalogue: &Catalogue, field: &Field, document: &Document) -> Option<Finding> {
    let rule = field.refuse.as_ref()?;
    let value = document.get(&field.key)?;
    let wrong = rule.values.iter().find(|v| has(value, v))?;
    let list = field.list.as_ref().and_then(|l| catalogue.list(l));
    let shown = match list.and_then(|l| l.label(wrong)) {
        Some(label) => label,
        None if wrong == "true" => "是",
        None if wrong == "false" => "否",
        None => wrong,
    };
    Some(Finding::Fault(Fault::new(
        "refused_value",
        format!("{}为“{shown}”：{}", field.label, rule.reason),
        "请核对；确属此类的，请从表中删去这一行，按保密规定另行管理",
    )))
}

fn oversized(field: &Field, document: &Document) -> Option<Finding> {
    let limit = field.warn_over?;
    let (shown, over) = match document.get(&field.key)? {
        Value::Integer(n) => (n.to_string(), *n > limit),
        Value::Text(t) => {
            let n = Decimal::from_str_exact(t).ok()?;
            (t.clone(), n > Decimal::from(limit))
        }
        Value::Bool(_) | Value::List(_) => return None,
    };
    if !over {
        return None;
    }
    let unit = field.unit.as_deref().unwrap_or_default();
    let message = if field.kind == FieldType::Money {
        format!("{}为 {shown} 万元，请确认单位：元还是万元？", field.label)
    } else {
        format!(
            "{}为 {shown}{unit}，超过 {limit}{unit}，请确认",
            field.label
        )
    };
    Some(Finding::Note(Note::warning("unusually_large", message)))
}
