//! Finding a byte that is near: tags and cell texts are a few bytes long, and a vector search costs more to start than
//! such a distance takes eight bytes at a time.

use memchr::memchr;

const WORD: usize = 8;
/// Words looked at by hand before the vector search takes over.
const NEAR: usize = 5;

/// The distance to the first `byte`.
#[inline]
pub(super) fn seek(byte: u8, bytes: &[u8]) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let pattern = u64::from(byte) * LOW;
    let (words, _) = bytes.as_chunks::<WORD>();
    for (at, word) in words.iter().take(NEAR).enumerate() {
        // A byte equal to the one looked for becomes zero, and the lowest zero byte sets its high bit exactly.
        let word = u64::from_le_bytes(*word) ^ pattern;
        let zeros = word.wrapping_sub(LOW) & !word & HIGH;
        if zeros != 0 {
            return Some(at * WORD + zeros.trailing_zeros() as usize / WORD);
        }
    }
    let seen = words.len().min(NEAR) * WORD;
    Some(seen + memchr(byte, bytes.get(seen..)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_what_a_plain_search_finds() {
        for length in 0..100 {
            for at in 0..=length {
                let mut bytes = vec![0x80_u8; length];
                bytes.extend([0x3B, 0x3D]);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = b'<';
                }
                assert_eq!(seek(b'<', &bytes), memchr(b'<', &bytes));
                assert_eq!(seek(b'z', &bytes), None);
            }
        }
    }
}
