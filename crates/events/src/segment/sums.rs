//! `pharos.sums`: a checksum of each 4 kB of what is before it in the file.
//!
//! Parquet has checksums for pages, which hardly anyone writes; without any, a flipped bit becomes a wrong number in an
//! answer. By blocks rather than by pages, because the bytes are summed as they go by.
//!
//! ```text
//! body       u32 checksum of bytes 0 to 4,095, of 4,096 to 8,191, …; the last block may be shorter
//! directory  u32 bytes of a block · u64 bytes that are covered · u64 checksum of the body
//!            u64 checksum of the directory
//! ```

use super::index::{IndexError, Numbers, check, seal, unseal};
use std::ops::Range;
use xxhash_rust::xxh3::xxh3_64;

/// The name of the index in the key-value metadata.
pub(crate) const KEY: &str = "pharos.sums";

/// Reading a page of 20 kB reads a block more than it needs; the checksums are a thousandth of the file.
const BLOCK_BYTES: usize = 4_096;

/// Sums what goes by.
#[derive(Default)]
pub(super) struct SumsBuilder {
    /// The start of a block that is not complete.
    block: Vec<u8>,
    body: Vec<u8>,
    covered: u64,
}

impl SumsBuilder {
    pub(super) fn add(&mut self, mut bytes: &[u8]) {
        self.covered += bytes.len() as u64;
        if !self.block.is_empty() {
            let (front, rest) = bytes.split_at(bytes.len().min(BLOCK_BYTES - self.block.len()));
            self.block.extend_from_slice(front);
            bytes = rest;
            if self.block.len() < BLOCK_BYTES {
                return;
            }
            self.body.extend_from_slice(&check(&self.block).to_le_bytes());
            self.block.clear();
        }
        let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
        for block in blocks {
            self.body.extend_from_slice(&check(block).to_le_bytes());
        }
        self.block.extend_from_slice(rest);
    }

    /// The body and the directory for what went by until now.
    pub(super) fn index(&self) -> (Vec<u8>, Vec<u8>) {
        let mut body = self.body.clone();
        if !self.block.is_empty() {
            body.extend_from_slice(&check(&self.block).to_le_bytes());
        }
        let mut directory = Vec::new();
        directory.extend_from_slice(&(BLOCK_BYTES as u32).to_le_bytes());
        directory.extend_from_slice(&self.covered.to_le_bytes());
        directory.extend_from_slice(&xxh3_64(&body).to_le_bytes());
        seal(&mut directory);
        (body, directory)
    }
}

/// The checksums, read.
#[derive(Debug)]
pub(crate) struct Sums {
    sums: Vec<u32>,
    covered: u64,
}

impl Sums {
    pub(crate) fn decode(directory: &[u8], body: &[u8]) -> Result<Sums, IndexError> {
        let bad = |what| IndexError { index: KEY, what };
        let mut numbers = Numbers(unseal(directory).ok_or(bad("the checksum of the directory is wrong"))?);
        let cut = || bad("the directory is cut short");
        if numbers.u32().ok_or_else(cut)? as usize != BLOCK_BYTES {
            return Err(bad("blocks of another length"));
        }
        let (covered, sum) = (numbers.u64().ok_or_else(cut)?, numbers.u64().ok_or_else(cut)?);
        if xxh3_64(body) != sum || body.len() as u64 != covered.div_ceil(BLOCK_BYTES as u64).saturating_mul(4)
        {
            return Err(bad("the checksum of the checksums is wrong"));
        }
        let sums = body.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
        Ok(Sums { sums: sums.collect(), covered })
    }

    /// The blocks around a range; `None` when it is not covered.
    pub(crate) fn around(&self, range: &Range<u64>) -> Option<Range<u64>> {
        let block = BLOCK_BYTES as u64;
        let whole =
            range.start / block * block..range.end.div_ceil(block).saturating_mul(block).min(self.covered);
        (range.end <= self.covered).then_some(whole)
    }

    /// Whether the bytes from `start` on, where a block begins, are those that were written.
    pub(crate) fn are_intact(&self, start: u64, bytes: &[u8]) -> bool {
        let first = (start / BLOCK_BYTES as u64) as usize;
        bytes
            .chunks(BLOCK_BYTES)
            .enumerate()
            .all(|(at, block)| self.sums.get(first + at) == Some(&check(block)))
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.sums.len() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_flipped_bit_is_seen(
            pieces in proptest::collection::vec(0..9_000_usize, 0..5),
            at in any::<proptest::sample::Index>(),
            bit in 0..8_u8,
        ) {
            let mut bytes: Vec<u8> = (0..pieces.iter().sum::<usize>()).map(|n| (n * 7 / 5) as u8).collect();
            let mut builder = SumsBuilder::default();
            let mut start = 0;
            for length in pieces {
                builder.add(&bytes[start..start + length]);
                start += length;
            }
            let (body, directory) = builder.index();
            let sums = Sums::decode(&directory, &body).unwrap();
            prop_assert!(sums.are_intact(0, &bytes));
            prop_assert_eq!(sums.around(&(0..start as u64 + 1)), None);
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                let around = sums.around(&(at as u64..at as u64 + 1)).unwrap();
                let of = |bytes: &[u8]| bytes[around.start as usize..around.end as usize].to_vec();
                prop_assert!(sums.are_intact(around.start, &of(&bytes)));
                bytes[at] ^= 1_u8 << bit;
                prop_assert!(!sums.are_intact(around.start, &of(&bytes)));
            }
        }

        #[test]
        fn noise_is_refused(directory in proptest::collection::vec(any::<u8>(), 0..60), body: Vec<u8>) {
            prop_assert!(Sums::decode(&directory, &body).is_err());
        }
    }
}
