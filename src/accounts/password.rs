//! Passwords: what a good one is, its hash, and how many are hashed at once.

use std::collections::HashSet;
use std::sync::{Condvar, LazyLock, Mutex, PoisonError};

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use unicode_normalization::UnicodeNormalization as _;

use super::rules::Rules;
use super::secret;
use crate::error::{Doing, Error, Problem, Result};

/// Most characters of a password.
const MOST: usize = 128;

/// Who waits for a turn at most; beyond, people are asked to come back.
const QUEUE: usize = 64;

/// Words, keyboard walks and habits that guessing begins with, in lower case.
static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("common_passwords.txt")
        .lines()
        .filter(|l| !l.is_empty())
        .collect()
});

/// The same password typed with another keyboard or input method.
fn fold(password: &str) -> String {
    password.nfkc().collect()
}

/// What is wrong with a password that somebody wants to use.
pub(super) fn problems(
    rules: &Rules,
    field: &str,
    password: &str,
    login: &str,
    name: &str,
) -> Vec<Problem> {
    let password = &fold(password);
    let mut out = Vec::new();
    let mut say = |code: &str, message: String, suggestion: &str| {
        out.push(Problem::new(field, code, &message, suggestion));
    };
    let length = password.chars().count();
    if length < rules.password_min_length {
        say(
            "too_short",
            format!("密码至少 {} 个字符", rules.password_min_length),
            "",
        );
    }
    if length > MOST {
        say("too_long", format!("密码不得超过 {MOST} 个字符"), "");
    }
    if password.chars().any(char::is_control) {
        say("control_character", "密码中有控制字符".to_owned(), "");
    }
    if classes(password) < rules.password_classes {
        say(
            "too_simple",
            format!(
                "密码应包含大写字母、小写字母、数字、其他字符中的至少 {} 种",
                rules.password_classes
            ),
            "例如在字母之外加入数字和标点",
        );
    }
    let lower = password.to_lowercase();
    let holds = |part: &str| part.chars().count() >= 2 && lower.contains(&part.to_lowercase());
    // The letters of a login count without what joins them: zhang.san in ZhangSan.
    let letters = |text: &str| {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .collect::<String>()
    };
    let joined = letters(login);
    if holds(login) || holds(name) || (joined.len() >= 4 && letters(&lower).contains(&joined)) {
        say("holds_name", "密码不得包含账号名或姓名".to_owned(), "");
    }
    if is_common(&lower) {
        say(
            "common",
            "这个密码太常见，很容易被猜到".to_owned(),
            "请用几个不相干的词加数字和标点组成",
        );
    }
    out
}

fn classes(password: &str) -> usize {
    let is = |f: fn(char) -> bool| usize::from(password.chars().any(f));
    is(char::is_uppercase)
        + is(char::is_lowercase)
        + is(|c| c.is_ascii_digit())
        + is(|c| !c.is_uppercase() && !c.is_lowercase() && !c.is_ascii_digit())
}

/// Whether guessing would begin with something like it: `P@ssw0rd2024!` is `password` with the usual decoration.
fn is_common(lower: &str) -> bool {
    let distinct: HashSet<char> = lower.chars().collect();
    if distinct.len() < 5 {
        return true;
    }
    let plain = lower.chars().map(unshifted).collect::<String>();
    let core = |text: &str| text.trim_matches(|c: char| !c.is_alphabetic()).to_owned();
    let inner = core(lower);
    let only = |text: &str| {
        text.chars()
            .filter(|c| c.is_alphabetic())
            .collect::<String>()
    };
    let (letters, bare) = (only(&unleet(&inner)), only(&inner));
    let tried = [
        lower.to_owned(),
        plain.clone(),
        core(&plain),
        unleet(&inner),
        core(&unleet(
            lower.trim_end_matches(|c: char| !c.is_alphabetic()),
        )),
        inner,
        half(&letters).unwrap_or_default().to_owned(),
        letters,
        bare,
    ];
    tried.iter().any(|text| COMMON.contains(text.as_str()))
}

/// The first half of a text that is the same twice.
fn half(text: &str) -> Option<&str> {
    let (a, b) = text.split_at_checked(text.len() / 2)?;
    (a == b).then_some(a)
}

/// The key without shift: `!QAZ` is walked like `1qaz`.
fn unshifted(c: char) -> char {
    match c {
        '!' => '1',
        '@' => '2',
        '#' => '3',
        '$' => '4',
        '%' => '5',
        '^' => '6',
        '&' => '7',
        '*' => '8',
        '(' => '9',
        ')' => '0',
        other => other,
    }
}

fn unleet(text: &str) -> String {
    let letter = |c: char| match c {
        '@' | '4' => 'a',
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '$' | '5' => 's',
        '7' => 't',
        other => other,
    };
    text.chars().map(letter).collect()
}

/// Kinds of characters in a made password: letters, digits and the hyphen.
const MADE_CLASSES: usize = 3;

/// A password made for somebody else, to be shown once.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn made() -> Result<String> {
    // One code in some hundred holds letters alone, or digits alone: too simple by our own rules.
    loop {
        let code = secret::typed(4)?;
        if classes(&code) >= MADE_CLASSES {
            return Ok(code);
        }
    }
}

/// Hashes and checks passwords, a few at once: each takes 19 MiB and a good part of a core.
#[derive(Debug)]
pub(super) struct Hasher {
    most: usize,
    busy: Mutex<(usize, usize)>,
    free: Condvar,
    /// Checked where there is no account, so that the answer takes as long.
    dummy: String,
}

impl Hasher {
    /// A hasher that works on so many at once.
    pub fn new(most: usize) -> Result<Self> {
        Ok(Self {
            most: most.max(1),
            busy: Mutex::new((0, 0)),
            free: Condvar::new(),
            dummy: raw_hash(&secret::fresh()?)?,
        })
    }

    fn in_turn<T>(&self, work: impl FnOnce() -> T) -> Result<T> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if busy.1 >= QUEUE {
            return Err(Error::Busy(5));
        }
        busy.1 += 1;
        while busy.0 >= self.most {
            busy = self.free.wait(busy).unwrap_or_else(PoisonError::into_inner);
        }
        busy.1 -= 1;
        busy.0 += 1;
        drop(busy);
        let done = work();
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.0 -= 1;
        drop(busy);
        self.free.notify_one();
        Ok(done)
    }

    /// The hash to be stored.
    pub fn hash(&self, password: &str) -> Result<String> {
        self.in_turn(|| raw_hash(&fold(password)))?
    }

    /// Whether this is the password; without a hash as slow, and never.
    pub fn fits(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        // What cannot have been set need not be hashed whole.
        let password = if password.len() > MOST * 4 {
            ""
        } else {
            password
        };
        let against = hash.unwrap_or(&self.dummy);
        let fits = self.in_turn(|| {
            Argon2::default()
                .verify_password(fold(password).as_bytes(), against)
                .is_ok()
        })?;
        Ok(fits && hash.is_some())
    }
}

fn raw_hash(password: &str) -> Result<String> {
    let hash = Argon2::default()
        .hash_password(password.as_bytes())
        .doing("计算密码摘要")?;
    Ok(hash.to_string())
}

#[cfg(test)]
#[path = "password_tests.rs"]
mod tests;
