//! Answers that still hold: what was said to an account is said again as long as nothing at all has changed.
//!
//! Every change of an entry raises the ledger's count of writes, every change of the organisation or of an account
//! its version. The three are read with the token of each request anyway, so an answer is never older than the
//! request that gets it, also when another process writes. Lists, counts and searches depend on nothing else.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::web::Bytes;

use crate::accounts::Moment;

/// A larger answer is not kept.
const LARGEST: usize = 256 * 1024;

/// Whom an answer was given, as what, and what was asked.
type Key = (i64, i64, String);

#[derive(Default)]
struct Held {
    /// The counts of organisation and ledger at which all of them hold.
    at: (i64, i64),
    answers: HashMap<Key, Bytes>,
    bytes: usize,
}

/// Answers to questions of machines, up to so many bytes.
pub struct Answers {
    most: usize,
    held: Mutex<Held>,
}

impl Answers {
    /// Keeps up to this many bytes; 0 keeps nothing.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most,
            held: Mutex::default(),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this account was answered to this question, if it still holds at this moment.
    #[must_use]
    pub fn get(&self, account: i64, moment: Moment, asked: &str) -> Option<Bytes> {
        let held = self.held();
        if held.at != (moment.organisation, moment.writes) {
            return None;
        }
        let key = (account, moment.account, asked.to_owned());
        held.answers.get(&key).cloned()
    }

    /// Keeps an answer that was put together after this moment was read.
    pub fn put(&self, account: i64, moment: Moment, asked: &str, answer: &Bytes) {
        let size = answer.len() + asked.len();
        if size > LARGEST.min(self.most) {
            return;
        }
        let mut held = self.held();
        let at = (moment.organisation, moment.writes);
        if held.at != at || held.bytes + size > self.most {
            *held = Held {
                at,
                ..Held::default()
            };
        }
        let key = (account, moment.account, asked.to_owned());
        if held.answers.insert(key, answer.clone()).is_none() {
            held.bytes += size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment {
        account: 3,
        organisation: 5,
        writes: 7,
    };

    fn bytes(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    #[test]
    fn an_answer_holds_for_one_account_one_question_and_one_moment() {
        let answers = Answers::new(1_000);
        answers.put(1, NOW, "list?a=1", &bytes("A"));
        assert_eq!(answers.get(1, NOW, "list?a=1"), Some(bytes("A")));
        assert_eq!(answers.get(2, NOW, "list?a=1"), None);
        assert_eq!(answers.get(1, NOW, "list?a=2"), None);
        let later = [
            Moment { account: 4, ..NOW },
            Moment {
                organisation: 6,
                ..NOW
            },
            Moment { writes: 8, ..NOW },
        ];
        for moment in later {
            assert_eq!(answers.get(1, moment, "list?a=1"), None, "{moment:?}");
        }
    }

    #[test]
    fn no_more_is_kept_than_was_allowed() {
        let answers = Answers::new(20);
        answers.put(1, NOW, "a", &bytes("0123456789"));
        answers.put(1, NOW, "b", &bytes("0123456789"));
        assert_eq!(answers.get(1, NOW, "a"), None);
        assert_eq!(answers.get(1, NOW, "b"), Some(bytes("0123456789")));
        let nothing = Answers::new(0);
        nothing.put(1, NOW, "a", &bytes("x"));
        assert_eq!(nothing.get(1, NOW, "a"), None);
    }
}
