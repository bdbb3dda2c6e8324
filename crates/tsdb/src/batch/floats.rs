//! The floats of a batch in the log: three columns.
//!
//! ```text
//! count
//! slots, times    differences to the one before: 0 then (repeats, difference)…, or 1 then difference…
//! values          a nibble each, then the bytes the nibbles ask for
//!                 0       the value 0
//!                 1 … 7   a whole number in that many bytes, zigzag
//!                 8       the eight bytes of the float
//!                 9       the value before
//!                 10 … 15 thousandths in 1 … 6 bytes, zigzag
//! ```
//! A scrape has one time and consecutive slots: both columns are a few bytes, and a sample costs its value.

use super::FloatEntry;
use crate::bytes::{put_varint, put_zigzag, take_varint, take_zigzag, unzigzag, zigzag};
use crate::head::values::{unwhole, whole};

const ZERO: u8 = 0;
const RAW: u8 = 8;
const SAME: u8 = 9;
const THOUSANDTHS: u8 = 9;
/// Exponent of ten of a thousandth.
const DIGITS: usize = 3;
const THOUSANDTHS_BYTES_MAX: u32 = 6;

/// Floats as read: columns of equal length.
#[derive(Debug, Default)]
pub(crate) struct FloatColumns {
    pub slots: Vec<i64>,
    pub times: Vec<i64>,
    pub values: Vec<u64>,
}

pub(crate) fn put(floats: &[FloatEntry], out: &mut Vec<u8>) {
    put_varint(out, floats.len() as u64);
    put_differences(floats.len(), |i| floats[i].slot as i64, out);
    put_differences(floats.len(), |i| floats[i].t, out);
    put_values(floats, out);
}

fn put_differences(count: usize, at: impl Fn(usize) -> i64, out: &mut Vec<u8>) {
    let difference = |i: usize| at(i).wrapping_sub(if i == 0 { 0 } else { at(i - 1) });
    let runs = 1 + (1..count).filter(|i| difference(*i) != difference(*i - 1)).count();
    if runs * 2 > count {
        out.push(1);
        (0..count).for_each(|i| put_zigzag(out, difference(i)));
        return;
    }
    out.push(0);
    let mut from = 0;
    while from < count {
        let d = difference(from);
        let to = (from + 1..count).find(|i| difference(*i) != d).unwrap_or(count);
        put_varint(out, (to - from) as u64);
        put_zigzag(out, d);
        from = to;
    }
}

fn take_differences(rest: &mut &[u8], count: usize, column: &mut Vec<i64>) -> Option<()> {
    let (mode, tail) = rest.split_first()?;
    *rest = tail;
    column.clear();
    let mut value = 0i64;
    if *mode == 1 {
        for _ in 0..count {
            value = value.wrapping_add(take_zigzag(rest)?);
            column.push(value);
        }
        return Some(());
    }
    while column.len() < count {
        let repeats = usize::try_from(take_varint(rest)?).ok()?;
        let d = take_zigzag(rest)?;
        if repeats == 0 || repeats > count - column.len() {
            return None;
        }
        for _ in 0..repeats {
            value = value.wrapping_add(d);
            column.push(value);
        }
    }
    Some(())
}

fn put_values(floats: &[FloatEntry], out: &mut Vec<u8>) {
    let tags_at = out.len();
    let mut bytes_at = tags_at + floats.len().div_ceil(2);
    // Every value may take eight bytes; what was not needed is cut off.
    out.resize(bytes_at + floats.len() * 8, 0);
    let mut before = 0u64;
    for (i, float) in floats.iter().enumerate() {
        let (tag, bytes) = if float.value == before && i > 0 { (SAME, 0) } else { value(float.value) };
        before = float.value;
        out[tags_at + i / 2] |= tag << (4 * (i % 2));
        out[bytes_at..bytes_at + 8].copy_from_slice(&bytes.to_le_bytes());
        bytes_at += length(tag);
    }
    out.truncate(bytes_at);
}

/// How many bytes follow a tag.
#[inline]
fn length(tag: u8) -> usize {
    const LENGTHS: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 6];
    LENGTHS[tag as usize] as usize
}

#[inline]
fn value(bits: u64) -> (u8, u64) {
    if bits == 0 {
        return (ZERO, 0);
    }
    let float = f64::from_bits(bits);
    if let Some(n) = whole(float, 0) {
        let n = zigzag(n);
        return ((64 - n.leading_zeros()).div_ceil(8) as u8, n);
    }
    if let Some(n) = whole(float, DIGITS) {
        let n = zigzag(n);
        let bytes = (64 - n.leading_zeros()).div_ceil(8);
        if bytes <= THOUSANDTHS_BYTES_MAX {
            return (THOUSANDTHS + bytes as u8, n);
        }
    }
    (RAW, bits)
}

impl FloatColumns {
    /// Reads a section into these columns. `None` when it is not well formed.
    pub fn take(&mut self, section: &[u8]) -> Option<()> {
        let mut rest = section;
        // A sample is at least a nibble: a longer count is none of ours.
        let count = usize::try_from(take_varint(&mut rest)?).ok().filter(|n| *n <= section.len() * 2)?;
        take_differences(&mut rest, count, &mut self.slots)?;
        take_differences(&mut rest, count, &mut self.times)?;
        self.take_values(rest, count)
    }

    fn take_values(&mut self, rest: &[u8], count: usize) -> Option<()> {
        let (tags, mut rest) = rest.split_at_checked(count.div_ceil(2))?;
        self.values.clear();
        let mut before = 0u64;
        for i in 0..count {
            let tag = tags[i / 2] >> (4 * (i % 2)) & 15;
            let length = length(tag);
            let bits = match rest.first_chunk::<8>() {
                Some(eight) => u64::from_le_bytes(*eight),
                None => {
                    let mut eight = [0; 8];
                    eight[..rest.len()].copy_from_slice(rest);
                    u64::from_le_bytes(eight)
                }
            };
            rest = rest.get(length..)?;
            let n = bits & (u64::MAX >> (64 - 8 * length.max(1)));
            before = match tag {
                ZERO => 0,
                1..=7 => (unzigzag(n) as f64).to_bits(),
                RAW => bits,
                SAME => before,
                _ => unwhole(unzigzag(n), DIGITS).to_bits(),
            };
            self.values.push(before);
        }
        rest.is_empty().then_some(())
    }
}
