//! The hidden sheet of drop-down values: one column per code list, and one for 是 / 否.

use std::collections::BTreeMap;

use rust_xlsxwriter::{Formula, Worksheet, XlsxError};

use crate::register::catalogue::Catalogue;
use crate::register::field::{Field, FieldType, Register};

use super::DICTIONARY_SHEET;
use crate::sheet::cell::column_letters;

/// The key of the column for yes and no.
const YES_NO: &str = "yes_no";

/// The values a sheet offers, by list key; the position is the column.
pub(super) struct Dictionary {
    lists: BTreeMap<String, Vec<String>>,
}

/// The values a field's cells may hold, where the definitions list them; not those they refuse.
pub(super) fn choices(catalogue: &Catalogue, field: &Field) -> Vec<String> {
    let refused = |code: &String| {
        let refuse = field.refuse.as_ref();
        refuse.is_some_and(|refuse| refuse.values.contains(code))
    };
    match (field.kind, &field.list) {
        (FieldType::Bool, _) => vec!["是".to_owned(), "否".to_owned()],
        (FieldType::Choice, Some(list)) => catalogue.list(list).map_or_else(Vec::new, |list| {
            let items = list.items.iter().filter(|item| !refused(&item.code));
            items.map(|item| item.label.clone()).collect()
        }),
        _ => Vec::new(),
    }
}

/// Under which key the dictionary holds a field's values; `None` for fields without a drop-down.
fn list_key(field: &Field) -> Option<&str> {
    match field.kind {
        // A drop-down gives one value; a cell of several would be overwritten by it.
        _ if field.multiple => None,
        FieldType::Bool => Some(YES_NO),
        FieldType::Choice => field.list.as_deref(),
        _ => None,
    }
}

impl Dictionary {
    /// The lists that the fields of some registers use.
    pub(super) fn collect(catalogue: &Catalogue, registers: &[&Register]) -> Self {
        let mut lists = BTreeMap::new();
        for field in registers.iter().flat_map(|register| &register.fields) {
            let Some(key) = list_key(field) else { continue };
            let values = choices(catalogue, field);
            if !values.is_empty() {
                lists.entry(key.to_owned()).or_insert(values);
            }
        }
        Self { lists }
    }

    /// The range of a field's values, as a formula for a drop-down.
    pub(super) fn range(&self, field: &Field) -> Option<Formula> {
        let key = list_key(field)?;
        let at = self.lists.keys().position(|list| list == key)?;
        let count = self.lists.get(key)?.len();
        let column = column_letters(u16::try_from(at).ok()?);
        let last = count + 1;
        Some(Formula::new(format!(
            "='{DICTIONARY_SHEET}'!${column}$2:${column}${last}"
        )))
    }

    /// Writes the sheet and hides it. Its headers are list keys, which no column is called, so the
    /// importer never takes it for a table of entries.
    pub(super) fn write(&self, worksheet: &mut Worksheet) -> Result<(), XlsxError> {
        worksheet.set_name(DICTIONARY_SHEET)?.set_hidden(true);
        for (at, (key, values)) in (0_u16..).zip(&self.lists) {
            worksheet.write_string(0, at, key)?;
            for (row, value) in (1_u32..).zip(values) {
                worksheet.write_string(row, at, value)?;
            }
        }
        Ok(())
    }
}
