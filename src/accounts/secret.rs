//! Random secrets, and the hashes of them that are stored.

use rand::TryRng as _;
use rand::rngs::SysRng;
use sm3::{Digest, Sm3};
use subtle::ConstantTimeEq as _;

use crate::error::{Doing, Result};
pub(super) use crate::hex::{hex, unhex};

/// Bytes of a secret.
const LENGTH: usize = 32;

/// Letters and digits that nobody mistakes for another when reading them from paper.
const CLEAR: &[u8; 31] = b"23456789ABCDEFGHJKLMNPQRSTUVWXY";

/// Random bytes from the operating system.
pub(super) fn random() -> Result<[u8; LENGTH]> {
    let mut bytes = [0_u8; LENGTH];
    SysRng
        .try_fill_bytes(&mut bytes)
        .doing("向操作系统取随机数")?;
    Ok(bytes)
}

/// A fresh secret of 256 random bits, in hexadecimal.
pub(super) fn fresh() -> Result<String> {
    Ok(hex(&random()?))
}

/// What is stored of a secret. Secrets are random, so a plain hash is enough and quick.
pub(super) fn hash(secret: &str) -> String {
    labelled("secret", secret)
}

/// Another value made from the same secret: knowing it tells nothing about the secret or its stored hash.
pub(super) fn labelled(label: &str, secret: &str) -> String {
    let mut sm3 = Sm3::new();
    sm3.update(label.as_bytes());
    sm3.update([0]);
    sm3.update(secret.as_bytes());
    hex(&sm3.finalize())
}

/// Compares without telling by the time it takes where the difference is.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// Groups of four clear characters: a code that is read from a screen and typed.
pub(super) fn typed(groups: usize) -> Result<String> {
    let mut out = String::new();
    let mut count = 0;
    while count < groups * 4 {
        for byte in random()? {
            // 248 = 8 × 31: what lies above would favour some characters.
            let Some(letter) = CLEAR
                .get(usize::from(byte) % CLEAR.len())
                .filter(|_| byte < 248)
            else {
                continue;
            };
            if count == groups * 4 {
                break;
            }
            if count > 0 && count % 4 == 0 {
                out.push('-');
            }
            out.push(char::from(*letter));
            count += 1;
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_come_back_from_their_spelling() {
        let (a, b) = (fresh().unwrap(), fresh().unwrap());
        assert_ne!(a, b);
        assert_eq!(unhex(&a).unwrap().len(), LENGTH);
        assert_eq!(hex(&unhex(&a).unwrap()), a);
        assert_ne!(hash(&a), labelled("csrf", &a));
        assert!(same(&a, &a.clone()) && !same(&a, &b) && !same(&a, ""));
    }

    #[test]
    fn typed_codes_have_no_look_alikes() {
        let code = typed(4).unwrap();
        assert_eq!(code.len(), 19);
        assert!(
            code.chars()
                .all(|c| c == '-' || CLEAR.contains(&u8::try_from(c).unwrap()))
        );
        assert!(!code.contains(['0', 'O', '1', 'I', 'Z']));
    }
}
