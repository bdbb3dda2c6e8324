//! Where the bytes of a block come from, and how numbers lie in them.
//!
//! [`BlockBytes`] is the seam between a block and its storage: a memory map of a local file today, ranges of an
//! object store tomorrow. Everything above asks for ranges and knows no path.

use crate::block::BlockError;
use std::borrow::Cow;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Random access to an immutable sequence of bytes.
pub trait BlockBytes: Send + Sync {
    /// In bytes.
    fn size(&self) -> u64;

    /// Exactly the bytes of the range. A range past the end is an error of kind `UnexpectedEof`.
    fn read_at(&self, range: Range<u64>) -> io::Result<Cow<'_, [u8]>>;
}

/// A local file, mapped.
impl BlockBytes for base::disk::Map {
    fn size(&self) -> u64 {
        (**self).len() as u64
    }

    fn read_at(&self, range: Range<u64>) -> io::Result<Cow<'_, [u8]>> {
        slice(self, range)
    }
}

/// Bytes in memory: for tests, fuzzing, and what was fetched whole.
impl BlockBytes for Vec<u8> {
    fn size(&self) -> u64 {
        self.as_slice().len() as u64
    }

    fn read_at(&self, range: Range<u64>) -> io::Result<Cow<'_, [u8]>> {
        slice(self, range)
    }
}

fn slice(bytes: &[u8], range: Range<u64>) -> io::Result<Cow<'_, [u8]>> {
    let in_memory = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
    in_memory
        .and_then(|(start, end)| bytes.get(start..end))
        .map(Cow::Borrowed)
        .ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "range past the end of the block"))
}

/// A place in a block that can be named in an error.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub path: Arc<PathBuf>,
    pub section: String,
    pub range: Range<u64>,
}

impl Place {
    pub fn corrupt(&self, reason: impl Into<String>) -> BlockError {
        BlockError::Corrupt {
            path: self.path.clone(),
            section: self.section.clone(),
            start: self.range.start,
            end: self.range.end,
            reason: reason.into(),
        }
    }

    /// Reads the range and holds it against its checksum.
    pub fn checked<'a>(&self, bytes: &'a dyn BlockBytes, crc: u32) -> Result<Cow<'a, [u8]>, BlockError> {
        let found = bytes.read_at(self.range.clone()).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => self.corrupt("the file ends before"),
            _ => BlockError::io(&self.path, e),
        })?;
        if crc32fast::hash(&found) != crc {
            return Err(self.corrupt("checksum does not match"));
        }
        Ok(found)
    }
}

/// Bytes that are not of the form they should be; the caller adds the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub &'static str);

impl Malformed {
    pub fn at(self, place: &Place) -> BlockError {
        place.corrupt(self.0)
    }
}

pub(crate) fn io_error(path: &Path) -> impl Fn(io::Error) -> BlockError + '_ {
    move |e| BlockError::io(path, e)
}

/// LEB128, low bits first.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Zigzag, then LEB128.
pub(crate) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// A length, then that many bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads what the `put_` functions wrote. Never reads past its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.0.split_first().ok_or(Malformed("ends early"))?;
        self.0 = rest;
        Ok(*first)
    }

    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Malformed> {
        if n > self.0.len() {
            return Err(Malformed("ends early"));
        }
        let (head, rest) = self.0.split_at(n);
        self.0 = rest;
        Ok(head)
    }

    pub fn varint(&mut self) -> Result<u64, Malformed> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(first as u64);
        }
        let (mut value, mut shift) = ((first & 0x7f) as u64, 7);
        loop {
            let b = self.byte()?;
            if shift == 63 && b > 1 {
                return Err(Malformed("varint over 64 bits"));
            }
            value |= ((b & 0x7f) as u64) << shift;
            if b < 0x80 {
                return Ok(value);
            }
            shift += 7;
            if shift > 63 {
                return Err(Malformed("varint over 64 bits"));
            }
        }
    }

    pub fn signed(&mut self) -> Result<i64, Malformed> {
        let z = self.varint()?;
        Ok((z >> 1) as i64 ^ -((z & 1) as i64))
    }

    /// A number that is an index or a count below 2³².
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        u32::try_from(self.varint()?).map_err(|_| Malformed("number over 32 bits"))
    }

    /// A count of things of which each takes at least one byte of what follows: bounds what a decoder allocates.
    pub fn count(&mut self) -> Result<usize, Malformed> {
        let n = self.varint()?;
        if n > self.0.len() as u64 {
            return Err(Malformed("count past the end"));
        }
        Ok(n as usize)
    }

    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let n = self.count()?;
        self.take(n)
    }

    pub fn fixed_u64(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(self.take(8)?.try_into().expect("eight bytes")))
    }

    pub fn fixed_u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into().expect("four bytes")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_round_trip(u in any::<u64>(), i in any::<i64>(), b in any::<Vec<u8>>()) {
            let mut out = Vec::new();
            put_varint(&mut out, u);
            put_signed(&mut out, i);
            put_bytes(&mut out, &b);
            let mut input = Input(&out);
            prop_assert_eq!(input.varint(), Ok(u));
            prop_assert_eq!(input.signed(), Ok(i));
            prop_assert_eq!(input.bytes(), Ok(&b[..]));
            prop_assert!(input.is_empty());
        }
    }

    #[test]
    fn ends_and_overlong_numbers_are_errors() {
        assert!(Input(&[]).varint().is_err());
        assert!(Input(&[0x80]).varint().is_err());
        assert!(Input(&[0xff; 11]).varint().is_err());
        assert!(Input(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2]).varint().is_err());
        assert!(Input(&[5, 1, 2]).bytes().is_err());
        assert!(Input(&[0xff, 0xff, 0xff, 0xff, 0x7f]).u32().is_err());
    }
}
