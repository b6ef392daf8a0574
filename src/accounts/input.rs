//! What people type for an account: folded, checked, every problem named.

use unicode_normalization::UnicodeNormalization as _;

use crate::error::Problem;

/// Most characters of a login.
const LOGIN_MOST: usize = 64;

/// Most characters of a name.
const NAME_MOST: usize = 60;

/// A login as it is stored and compared: full-width and upper-case spellings are the same account.
///
/// None when nothing of that spelling can be an account.
#[must_use]
pub fn fold_login(text: &str) -> Option<String> {
    if text.len() > LOGIN_MOST * 4 {
        return None;
    }
    let folded: String = text.trim().nfkc().flat_map(char::to_lowercase).collect();
    let fits = |c: char| {
        c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-' | '@')
    };
    let begins = folded.starts_with(|c: char| c.is_ascii_alphanumeric());
    let long = (2..=LOGIN_MOST).contains(&folded.len());
    (begins && long && folded.chars().all(fits)).then_some(folded)
}

/// Checks a login that is to be given.
pub(super) fn login(text: &str, problems: &mut Vec<Problem>) -> String {
    fold_login(text).unwrap_or_else(|| {
        problems.push(Problem::new(
            "login",
            if text.trim().is_empty() {
                "missing"
            } else {
                "login_form"
            },
            "账号名只能由英文字母、数字和 . _ - @ 组成，以字母或数字开头，2 至 64 个字符",
            "例如 zhang.san 或 jyj-liaison",
        ));
        String::new()
    })
}

/// Checks a person's name, or the name of a token.
pub(super) fn name(field: &str, label: &str, text: &str, problems: &mut Vec<Problem>) -> String {
    let clean: String = text.trim().nfc().collect();
    if clean.is_empty() {
        problems.push(Problem::new(
            field,
            "missing",
            &format!("请填写{label}"),
            "",
        ));
    } else if clean.chars().any(unfit) {
        problems.push(Problem::new(
            field,
            "control_character",
            &format!("{label}中有看不见的控制字符"),
            "请删除后重新输入",
        ));
    } else if clean.chars().count() > NAME_MOST {
        problems.push(Problem::new(
            field,
            "too_long",
            &format!("{label}不得超过 {NAME_MOST} 个字"),
            "",
        ));
    }
    clean
}

/// Characters that no name has: controls, and those that turn the direction of text or show nothing.
fn unfit(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_login_fold_together_and_look_alikes_are_refused() {
        for same in [
            "Zhang.San",
            " zhang.san ",
            "ＺＨＡＮＧ．ＳＡＮ",
            "zhang.ſan",
        ] {
            assert_eq!(fold_login(same).as_deref(), Some("zhang.san"), "{same}");
        }
        // Cyrillic а, Greek ο, dotless ı, a combining mark, spaces, controls, too short, too long, a bad beginning.
        let long = "a".repeat(65);
        for other in [
            "zh\u{430}ng",
            "r\u{3bf}ot",
            "adm\u{131}n",
            "a\u{301}dmin",
            "a b",
            "a\0b",
            "a\nb",
            "a",
            "",
            "张三",
            ".a",
            "-a",
            &long,
        ] {
            assert_eq!(fold_login(other), None, "{other:?}");
        }
        assert_eq!(fold_login(&"甲".repeat(1_000_000)), None);
    }

    #[test]
    fn a_name_with_something_invisible_is_refused() {
        for bad in ["张\u{202e}三", "张\0三", "\u{feff}张三", "", "   "] {
            let mut problems = Vec::new();
            name("name", "姓名", bad, &mut problems);
            assert_eq!(problems.len(), 1, "{bad:?}");
        }
        let mut problems = Vec::new();
        assert_eq!(
            name("name", "姓名", " 买买提·艾力 ", &mut problems),
            "买买提·艾力"
        );
        assert_eq!(problems, []);
    }
}
