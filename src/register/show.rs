//! From a value to the text that templates, exports and pages write; it reads back unchanged.

use super::boolean;
use super::catalogue::Catalogue;
use super::codes;
use super::field::{Field, FieldType};
use super::text;
use super::value::{Names, Value};

impl Field {
    /// The text of a value.
    #[must_use]
    pub fn show(&self, catalogue: &Catalogue, names: &dyn Names, value: &Value) -> String {
        match value {
            Value::Bool(b) => boolean::shown(*b).to_owned(),
            Value::Integer(n) => n.to_string(),
            Value::Text(code) => self.show_one(catalogue, names, code),
            Value::List(codes) => {
                let shown: Vec<String> = codes
                    .iter()
                    .map(|code| self.show_one(catalogue, names, code))
                    .collect();
                let joiner = match self.kind {
                    FieldType::Choice => codes::JOIN,
                    _ => text::JOIN,
                };
                shown.join(joiner.encode_utf8(&mut [0; 4]))
            }
        }
    }

    fn show_one(&self, catalogue: &Catalogue, names: &dyn Names, code: &str) -> String {
        let shown = match self.kind {
            FieldType::Choice => self
                .list
                .as_ref()
                .and_then(|l| catalogue.list(l))
                .and_then(|l| l.label(code))
                .map(str::to_owned),
            FieldType::Region => catalogue.regions().full_name(code),
            FieldType::Department => names.department(code),
            _ => None,
        };
        shown.unwrap_or_else(|| code.to_owned())
    }
}
