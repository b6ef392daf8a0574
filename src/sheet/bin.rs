//! One look at the records of a binary worksheet part while it is inflated: rows and merged areas.

use super::cell::Merge;

const ROW: u32 = 0x0000;
const MERGE: u32 = 0x00B0;
/// Sheet of a workbook part.
pub(super) const BUNDLE_SHEET: u32 = 0x009C;
/// Longest record kept; the ones looked at are shorter.
const KEPT_MOST: usize = 64;

/// What a part says about itself.
#[derive(Debug, Default)]
pub(super) struct BinFacts {
    pub rows: u64,
    pub hidden_rows: u32,
    pub merges: Vec<Merge>,
    pub merge_count: usize,
}

/// The scanner; feed it chunks, then take its facts.
#[derive(Debug)]
pub(super) struct BinScan {
    facts: BinFacts,
    head: Vec<u8>,
    skip: usize,
    merges_most: usize,
}

impl BinScan {
    pub(super) fn new(merges_most: usize) -> Self {
        Self {
            facts: BinFacts::default(),
            head: Vec::new(),
            skip: 0,
            merges_most,
        }
    }

    pub(super) fn feed(&mut self, chunk: &[u8]) {
        let mut rest = chunk;
        while !rest.is_empty() {
            if self.skip > 0 {
                let step = self.skip.min(rest.len());
                self.skip -= step;
                rest = rest.get(step..).unwrap_or_default();
                continue;
            }
            let Some((byte, after)) = rest.split_first() else {
                return;
            };
            self.head.push(*byte);
            rest = after;
            self.look();
        }
    }

    pub(super) fn finish(self) -> BinFacts {
        self.facts
    }

    fn look(&mut self) {
        let Some((kind, length, start)) = record_head(&self.head) else {
            return;
        };
        if matches!(kind, ROW | MERGE) && length <= KEPT_MOST {
            if self.head.len() < start + length {
                return;
            }
            let head = std::mem::take(&mut self.head);
            self.record(kind, head.get(start..).unwrap_or_default());
        } else {
            self.skip = length;
        }
        self.head.clear();
    }

    fn record(&mut self, kind: u32, body: &[u8]) {
        if kind == ROW {
            self.facts.rows += 1;
            if body.get(11).is_some_and(|flags| flags & 0x10 != 0) {
                self.facts.hidden_rows = self.facts.hidden_rows.saturating_add(1);
            }
        } else if let Some(merge) = merge(body) {
            self.facts.merge_count += 1;
            if self.facts.merges.len() < self.merges_most {
                self.facts.merges.push(merge);
            }
        }
    }
}

/// (kind, length of the body, where it starts), once the bytes suffice.
fn record_head(bytes: &[u8]) -> Option<(u32, usize, usize)> {
    let first = *bytes.first()?;
    let (kind, mut at) = if first & 0x80 == 0 {
        (u32::from(first), 1)
    } else {
        (
            u32::from(first & 0x7F) | (u32::from(*bytes.get(1)? & 0x7F) << 7),
            2,
        )
    };
    let mut length = 0_usize;
    for shift in [0, 7, 14, 21] {
        let byte = *bytes.get(at)?;
        at += 1;
        length |= usize::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some((kind, length, at))
}

fn merge(body: &[u8]) -> Option<Merge> {
    let word = |at: usize| -> Option<u32> {
        Some(u32::from_le_bytes(body.get(at..at + 4)?.try_into().ok()?))
    };
    let (top, bottom, left, right) = (word(0)?, word(4)?, word(8)?, word(12)?);
    if top > bottom || left > right {
        return None;
    }
    Some(Merge {
        top: top.checked_add(1)?,
        bottom: bottom.checked_add(1)?,
        left: u16::try_from(left).ok()?,
        right: u16::try_from(right).ok()?,
    })
}

/// The records of a part held in memory: (kind, body).
pub(super) fn records(part: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut rest = part;
    std::iter::from_fn(move || {
        let (kind, length, start) = record_head(rest)?;
        let body = rest.get(start..start.checked_add(length)?)?;
        rest = rest.get(start + length..)?;
        Some((kind, body))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_and_rows_survive_chunk_borders() {
        let mut part = vec![0x00, 0x0C, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10];
        part.extend([0x07, 0x02, 1, 2]);
        part.extend([0xB0, 0x01, 0x10]);
        for word in [1_u32, 3, 0, 2] {
            part.extend(word.to_le_bytes());
        }
        for size in [1, 2, 5, 100] {
            let mut scan = BinScan::new(10);
            part.chunks(size).for_each(|c| scan.feed(c));
            let facts = scan.finish();
            assert_eq!((facts.rows, facts.hidden_rows), (1, 1));
            assert_eq!(
                facts.merges,
                [Merge {
                    top: 2,
                    bottom: 4,
                    left: 0,
                    right: 2
                }]
            );
        }
    }
}
