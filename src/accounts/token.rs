//! Signed tokens (JWT, HS256 only): they say who and until when, never what may be done.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use super::keys::{Key, Keys};
use crate::clock;
use crate::error::{Doing, Error, Result};

/// Who makes the tokens.
const ISSUER: &str = "one-ledger";

/// Seconds by which clocks of several servers may differ.
const LEEWAY: u64 = 5;

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Requests to the API.
    Access,
    /// The second step of a sign-in.
    SecondStep,
}

impl Purpose {
    fn audience(self) -> &'static str {
        match self {
            Self::Access => "one-ledger/api",
            Self::SecondStep => "one-ledger/second-step",
        }
    }
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    /// The account's epoch when the token was made.
    epoch: i64,
    /// The family of tokens it belongs to; 0 for none.
    sid: i64,
}

/// Who a good token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    /// The account.
    pub account: i64,
    /// Its epoch when the token was made.
    pub epoch: i64,
    /// The family of tokens; 0 for none.
    pub session: i64,
}

/// Makes a token that is good for some seconds.
pub(super) fn make(
    keys: &Keys,
    purpose: Purpose,
    subject: Subject,
    seconds: i64,
) -> Result<String> {
    let all = keys.all();
    let key = all.last().ok_or(Error::Internal {
        doing: "签发令牌",
        cause: "no key".to_owned(),
    })?;
    let now = clock::now().and_utc().timestamp();
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: purpose.audience().to_owned(),
        sub: subject.account.to_string(),
        iat: now,
        nbf: now,
        exp: now + seconds,
        epoch: subject.epoch,
        sid: subject.session,
    };
    sign(key, &claims)
}

fn sign<T: Serialize>(key: &Key, claims: &T) -> Result<String> {
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(key.kid.clone());
    encode(&header, claims, &EncodingKey::from_secret(&key.bytes)).doing("签发令牌")
}

/// Who a token stands for; none unless everything about it is right.
pub(super) fn check(keys: &Keys, purpose: Purpose, token: &str) -> Option<Subject> {
    let (head, _) = token.split_once('.')?;
    let key = match signer(&keys.all(), head) {
        Some(key) => key,
        // Another process may have rotated the keys since; only a token that at least looks like ours is worth a look.
        None if looks_ours(token) => {
            keys.reload().ok()?;
            signer(&keys.all(), head)?
        }
        None => return None,
    };
    let mut rules = Validation::new(Algorithm::HS256);
    rules.leeway = LEEWAY;
    rules.validate_nbf = true;
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&[purpose.audience()]);
    rules.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    let claims: Claims = decode(token, &DecodingKey::from_secret(&key.bytes), &rules)
        .ok()?
        .claims;
    Some(Subject {
        account: claims.sub.parse().ok()?,
        epoch: claims.epoch,
        session: claims.sid,
    })
}

/// The key whose header this is: the whole header is compared, so neither another algorithm nor an extra member passes.
fn signer(keys: &[Key], head: &str) -> Option<Key> {
    let is = |key: &&Key| {
        sign(key, &()).is_ok_and(|t| t.split_once('.').is_some_and(|(own, _)| own == head))
    };
    keys.iter().rev().find(is).cloned()
}

fn looks_ours(token: &str) -> bool {
    jsonwebtoken::decode_header(token).is_ok_and(|h| h.alg == Algorithm::HS256 && h.kid.is_some())
}

/// Makes sure at the start that what is signed is accepted, and what is altered is not.
pub(super) fn self_test(keys: &Keys) -> Result<()> {
    let subject = Subject {
        account: 1,
        epoch: 2,
        session: 3,
    };
    let token = make(keys, Purpose::Access, subject, 60)?;
    let expired = make(keys, Purpose::Access, subject, -60)?;
    let altered = format!("{token}A");
    let fine = check(keys, Purpose::Access, &token) == Some(subject)
        && check(keys, Purpose::SecondStep, &token).is_none()
        && check(keys, Purpose::Access, &expired).is_none()
        && check(keys, Purpose::Access, &altered).is_none();
    if fine {
        return Ok(());
    }
    Err(Error::Internal {
        doing: "检查令牌的签发",
        cause: "a token does not come back as it was made".to_owned(),
    })
}
