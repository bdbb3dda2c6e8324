//! What both indexes share: where they lie, their checksums, and the reading of numbers from bytes that may be anything.
//!
//! An index is a body and, right behind it, a directory. The directory ends with the checksum (XXH3, 64 bits) of what is
//! before it in the directory; each piece of the body has a checksum of 32 bits in the directory.

use std::ops::Range;
use xxhash_rust::xxh3::xxh3_64;

/// The version of the layouts.
const VERSION: u64 = 2;

/// Bytes of the checksum at the end of a directory.
const CHECK_BYTES: usize = 8;

/// An index that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{index}: {what}")]
pub(crate) struct IndexError {
    pub(crate) index: &'static str,
    pub(crate) what: &'static str,
}

/// Where an index lies in its file: `version offset body-bytes directory-bytes` as the value of key-value metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) body_bytes: u64,
    pub(crate) directory_bytes: u64,
}

impl Place {
    pub(crate) fn text(&self) -> String {
        format!("{VERSION} {} {} {}", self.offset, self.body_bytes, self.directory_bytes)
    }

    /// `None` when it is of another version, or does not lie in a file of this length.
    pub(crate) fn parse(text: &str, file_bytes: u64) -> Option<Place> {
        let mut numbers = text.split(' ').map(|n| n.parse::<u64>().ok());
        let mut next = || numbers.next().flatten();
        if next()? != VERSION {
            return None;
        }
        let place = Place { offset: next()?, body_bytes: next()?, directory_bytes: next()? };
        let end = place.offset.checked_add(place.body_bytes)?.checked_add(place.directory_bytes)?;
        (end <= file_bytes).then_some(place)
    }

    pub(crate) fn directory(&self) -> Range<u64> {
        let start = self.offset + self.body_bytes;
        start..start + self.directory_bytes
    }
}

/// A piece of the body of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    /// From the start of the body.
    pub(crate) start: u64,
    pub(crate) bytes: u32,
    pub(crate) check: u32,
}

impl Located {
    pub(crate) fn range(&self, place: &Place) -> Range<u64> {
        let start = place.offset + self.start;
        start..start + self.bytes as u64
    }

    pub(crate) fn is_intact(&self, bytes: &[u8]) -> bool {
        bytes.len() == self.bytes as usize && check(bytes) == self.check
    }
}

/// The checksum of a piece of a body.
pub(super) fn check(bytes: &[u8]) -> u32 {
    xxh3_64(bytes) as u32
}

pub(super) fn seal(directory: &mut Vec<u8>) {
    let sum = xxh3_64(directory);
    directory.extend_from_slice(&sum.to_le_bytes());
}

/// The bytes of a directory without its checksum, if that is right.
pub(super) fn unseal(directory: &[u8]) -> Option<&[u8]> {
    let (bytes, sum) = directory.split_at(directory.len().checked_sub(CHECK_BYTES)?);
    (sum == xxh3_64(bytes).to_le_bytes()).then_some(bytes)
}

/// Reads little-endian numbers from the front of bytes.
pub(super) struct Numbers<'a>(pub(super) &'a [u8]);

impl Numbers<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (front, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*front)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|b| b[0])
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}
