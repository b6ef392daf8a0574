//! How much of an entry somebody sees: every page, export, comparison and history is cut here.

use crate::auth::{Right, Sight, Viewer};
use crate::register::field::{Field, FieldType, Register, Visibility};
use crate::register::value::{Document, EXTRA_PREFIX};

/// The right it takes to see a field of an entry; `None` for what is in the published summary.
///
/// Code, name and owner are the summary itself. References name other entries, which may be hidden, so the
/// summary shows them as relations only, cut to what is visible; what an entry belongs to is visible with it.
#[must_use]
pub fn needs(register: &Register, field: &Field) -> Option<Right> {
    let keys = &register.keys;
    let is = |key: &Option<String>| key.as_ref() == Some(&field.key);
    if field.key == keys.code || field.key == keys.name || is(&keys.owner) || is(&keys.within) {
        return None;
    }
    match field.visible_to {
        Visibility::Security => Some(Right::SeeSecurity),
        Visibility::Own if field.kind == FieldType::Money || is(&keys.status) => {
            Some(Right::SeeMoney)
        }
        Visibility::Own => Some(Right::SeeOwn),
        Visibility::Everyone if field.kind == FieldType::Reference => Some(Right::SeeOwn),
        Visibility::Everyone => None,
    }
}

/// Whether this much sight is enough for what needs a right.
#[must_use]
pub fn suffices(sight: Sight, needed: Option<Right>) -> bool {
    match needed {
        None => true,
        Some(Right::SeeMoney) => sight >= Sight::Money,
        Some(Right::SeeSecurity) => sight >= Sight::Security,
        Some(_) => sight >= Sight::Own,
    }
}

/// Whether a field is shown to this much sight.
#[must_use]
pub fn shows(register: &Register, field: &Field, sight: Sight) -> bool {
    suffices(sight, needs(register, field))
}

/// Whether the value under a key is shown; columns the definitions do not know belong to the department.
#[must_use]
pub fn shows_key(register: &Register, key: &str, sight: Sight) -> bool {
    match register.field(key) {
        Some(field) => shows(register, field, sight),
        None => sight >= Sight::Own,
    }
}

/// Whether a key is a column that the definitions do not know, kept as it came.
#[must_use]
pub fn is_extra(key: &str) -> bool {
    key.starts_with(EXTRA_PREFIX)
}

/// Takes out of a document what this much sight does not show.
pub fn cut(register: &Register, sight: Sight, document: &mut Document) {
    if sight < Sight::Security {
        document.retain(|key, _| shows_key(register, key, sight));
    }
}

/// The fields that a viewer sees of at least some entries.
pub fn fields<'r>(viewer: &Viewer, register: &'r Register) -> impl Iterator<Item = &'r Field> {
    let anywhere = [Right::SeeMoney, Right::SeeOwn, Right::SeeSecurity]
        .map(|right| (right, viewer.can_anywhere(right)));
    register.fields.iter().filter(move |field| {
        needs(register, field)
            .is_none_or(|needed| anywhere.iter().any(|(r, can)| *r == needed && *can))
    })
}
