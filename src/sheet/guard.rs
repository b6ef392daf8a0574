//! Text that a spreadsheet program would run as a formula, and the `'` that keeps it text.
//!
//! Apart because writer and reader must agree to the letter: what [`guard`] adds, [`unguard`] takes
//! away, and text that was never guarded comes back untouched.

use std::borrow::Cow;

/// Whether a text starts like a formula: `= + - @`, their full-width forms, TAB, CR or NUL.
#[must_use]
pub fn starts_like_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\0', '＝', '＋', '－', '＠'])
}

/// Whether [`guard`] marks this text: formula starts, also behind any number of `'`.
///
/// A text that already begins with `'=` has to be marked too, or [`unguard`] would take the user's
/// own `'` for a mark.
#[must_use]
pub fn needs_guard(text: &str) -> bool {
    starts_like_formula(text) || starts_like_formula(text.trim_start_matches('\''))
}

/// The text as a CSV cell carries it: with one leading `'` where needed.
#[must_use]
pub fn guard(text: &str) -> Cow<'_, str> {
    if needs_guard(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text a guarded CSV cell stands for; the exact inverse of [`guard`].
#[must_use]
pub fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if needs_guard(rest) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formula_starts_are_marked_and_plain_text_is_not() {
        for text in ["=1+1", "+86 531", "-5", "@x", "＝A1", "\tx", "'=x", "''-1"] {
            assert_eq!(guard(text), format!("'{text}"));
        }
        for text in ["", "系统", "'引号", "''", "a=b", "1-2"] {
            assert_eq!(guard(text), text);
            assert_eq!(unguard(text), text);
        }
    }

    proptest! {
        #[test]
        fn unguard_undoes_guard(text in "['=+@＝－\\-\ta系]{0,6}") {
            let cell = guard(&text);
            prop_assert_eq!(unguard(&cell), text.as_str());
        }
    }
}
