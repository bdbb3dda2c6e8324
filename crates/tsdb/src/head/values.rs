//! Sealed runs of values: bytes that nobody changes any more, each readable without those before it.
//!
//! Three forms, whichever holds the values exactly and is short: a *run* of one value; *decimals*, values that are
//! whole numbers after a shift of the decimal point, as differences packed at one width; *bits*, the bytes in
//! which a value differs from the one before. Every bit pattern comes back as it was, NaNs and −0 too.
//!
//! ```text
//! run       0x00 count:varint value:8
//! decimals  0x01|exponent<<4 count:1 first:zigzag smallest-difference:zigzag width:1 (difference − smallest):width…
//! bits      0x02 count:1 first:8 (0xff | leading<<4|length, the bytes)…
//! ```
//! This is a form in memory; the log and the blocks have their own.

use crate::bytes::{put_varint, put_zigzag, take_varint, take_zigzag};

/// Values that vary are collected raw up to this many, then sealed: 128 B of raw values a varying series, against
/// some 6 B of header a sealed piece.
pub(crate) const PIECE_VALUES: usize = 16;

const RUN: u8 = 0;
const DECIMALS: u8 = 1;
const BITS: u8 = 2;

/// Nine digits after the point: durations in seconds that were measured in nanoseconds.
const EXPONENT_MAX: usize = 9;
const POWERS: [f64; EXPONENT_MAX + 1] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
/// Whole numbers up to here are exact in a float.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// Seals a run of one value.
pub(crate) fn seal_run(value: u64, count: u32, out: &mut Vec<u8>) {
    out.push(RUN);
    put_varint(out, count as u64);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Seals values (as bits), at most [`PIECE_VALUES`] and at least one.
pub(crate) fn seal(values: &[u64], out: &mut Vec<u8>) {
    debug_assert!((1..=PIECE_VALUES).contains(&values.len()));
    let mut whole = [0i64; PIECE_VALUES];
    match as_decimals(values, &mut whole) {
        Some(exponent) => seal_decimals(exponent, &whole[..values.len()], out),
        None => seal_bits(values, out),
    }
}

/// The whole number that `value × 10^exponent` is, if dividing it again gives exactly the value.
#[inline]
pub(crate) fn whole(value: f64, exponent: usize) -> Option<i64> {
    let shifted = value * POWERS[exponent];
    if shifted.is_nan() || shifted.abs() >= EXACT_MAX {
        return None;
    }
    let rounded = (shifted + 0.5f64.copysign(shifted)) as i64;
    ((rounded as f64 / POWERS[exponent]).to_bits() == value.to_bits()).then_some(rounded)
}

/// The value of a whole number and an exponent.
#[inline]
pub(crate) fn unwhole(whole: i64, exponent: usize) -> f64 {
    whole as f64 / POWERS[exponent]
}

/// The smallest exponent with which all values are whole, and the whole numbers.
fn as_decimals(values: &[u64], out: &mut [i64; PIECE_VALUES]) -> Option<usize> {
    let (mut exponent, mut restart) = (0, true);
    while restart {
        restart = false;
        for (value, out) in values.iter().zip(out.iter_mut()) {
            let value = f64::from_bits(*value);
            let before = exponent;
            *out = loop {
                match whole(value, exponent) {
                    Some(n) => break n,
                    None if exponent == EXPONENT_MAX => return None,
                    None => exponent += 1,
                }
            };
            restart |= exponent != before;
        }
    }
    Some(exponent)
}

fn seal_decimals(exponent: usize, whole: &[i64], out: &mut Vec<u8>) {
    let mut differences = [0i64; PIECE_VALUES];
    let n = whole.len() - 1;
    let (mut smallest, mut largest) = (i64::MAX, i64::MIN);
    for i in 0..n {
        // Both are below 2⁵³: no overflow.
        let d = whole[i + 1] - whole[i];
        differences[i] = d;
        smallest = smallest.min(d);
        largest = largest.max(d);
    }
    if n == 0 {
        (smallest, largest) = (0, 0);
    }
    let width = 64 - ((largest - smallest) as u64).leading_zeros();
    out.push(DECIMALS | (exponent as u8) << 4);
    out.push(whole.len() as u8);
    put_zigzag(out, whole[0]);
    put_zigzag(out, smallest);
    out.push(width as u8);
    let (mut bits, mut filled) = (0u128, 0);
    for d in &differences[..n] {
        bits |= ((d - smallest) as u128) << filled;
        filled += width;
        while filled >= 8 {
            out.push(bits as u8);
            bits >>= 8;
            filled -= 8;
        }
    }
    if filled > 0 {
        out.push(bits as u8);
    }
}

fn seal_bits(values: &[u64], out: &mut Vec<u8>) {
    out.push(BITS);
    out.push(values.len() as u8);
    out.extend_from_slice(&values[0].to_le_bytes());
    let mut before = values[0];
    for value in &values[1..] {
        let x = value ^ before;
        before = *value;
        if x == 0 {
            out.push(0xff);
            continue;
        }
        let leading = x.leading_zeros() / 8;
        let trailing = x.trailing_zeros() / 8;
        let length = (8 - leading - trailing) as usize;
        out.push((leading as u8) << 4 | length as u8);
        out.extend_from_slice(&(x >> (8 * trailing)).to_le_bytes()[..length]);
    }
}

/// How many values a sealed piece holds.
pub(crate) fn count(bytes: &[u8]) -> usize {
    match bytes[0] & 15 {
        RUN => take_varint(&mut &bytes[1..]).expect("sealed pieces are whole") as usize,
        _ => bytes[1] as usize,
    }
}

/// Appends the values of a sealed piece.
pub(crate) fn open(bytes: &[u8], out: &mut Vec<f64>) {
    let mut rest = &bytes[1..];
    match bytes[0] & 15 {
        RUN => {
            let count = take_varint(&mut rest).expect("sealed pieces are whole") as usize;
            let value = f64::from_bits(eight(rest));
            out.resize(out.len() + count, value);
        }
        DECIMALS => open_decimals((bytes[0] >> 4) as usize, rest, out),
        _ => open_bits(rest, out),
    }
}

fn open_decimals(exponent: usize, mut rest: &[u8], out: &mut Vec<f64>) {
    let count = rest[0] as usize;
    rest = &rest[1..];
    let mut whole = take_zigzag(&mut rest).expect("sealed pieces are whole");
    let smallest = take_zigzag(&mut rest).expect("sealed pieces are whole");
    let width = rest[0] as u32;
    rest = &rest[1..];
    out.push(unwhole(whole, exponent));
    let mask = (1u128 << width) - 1;
    let (mut bits, mut filled) = (0u128, 0);
    for _ in 1..count {
        while filled < width {
            bits |= (rest[0] as u128) << filled;
            rest = &rest[1..];
            filled += 8;
        }
        whole += smallest + (bits & mask) as i64;
        bits >>= width;
        filled -= width;
        out.push(unwhole(whole, exponent));
    }
}

fn open_bits(mut rest: &[u8], out: &mut Vec<f64>) {
    let count = rest[0] as usize;
    let mut value = eight(&rest[1..]);
    rest = &rest[9..];
    out.push(f64::from_bits(value));
    for _ in 1..count {
        let head = rest[0];
        rest = &rest[1..];
        if head != 0xff {
            let (leading, length) = (head as usize >> 4, head as usize & 15);
            let mut x = [0; 8];
            x[..length].copy_from_slice(&rest[..length]);
            rest = &rest[length..];
            value ^= u64::from_le_bytes(x) << (8 * (8 - leading - length));
        }
        out.push(f64::from_bits(value));
    }
}

fn eight(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = u64> {
        prop_oneof![
            any::<u64>(),
            (-1000i64..1000).prop_map(|n| (n as f64).to_bits()),
            (0i64..1 << 54).prop_map(|n| (n as f64).to_bits()),
            (-100_000i64..100_000, 0usize..10).prop_map(|(n, e)| (n as f64 / POWERS[e]).to_bits()),
            Just(model::STALE_NAN_BITS),
            Just((-0.0f64).to_bits()),
            Just(f64::INFINITY.to_bits()),
        ]
    }

    proptest! {
        #[test]
        fn every_bit_comes_back(values in prop::collection::vec(value(), 1..=PIECE_VALUES)) {
            let (mut sealed, mut opened) = (Vec::new(), Vec::new());
            seal(&values, &mut sealed);
            open(&sealed, &mut opened);
            prop_assert_eq!(count(&sealed), values.len());
            prop_assert_eq!(opened.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), values);
        }

        #[test]
        fn runs_come_back(value in value(), n in 1u32..1000) {
            let (mut sealed, mut opened) = (Vec::new(), Vec::new());
            seal_run(value, n, &mut sealed);
            open(&sealed, &mut opened);
            prop_assert_eq!(count(&sealed), n as usize);
            prop_assert!(opened.len() == n as usize && opened.iter().all(|v| v.to_bits() == value));
        }
    }

    #[test]
    fn counters_and_decimals_are_short() {
        let check = |values: Vec<f64>, at_most: usize| {
            let mut sealed = Vec::new();
            seal(&values.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), &mut sealed);
            assert!(sealed.len() <= at_most, "{} bytes for {values:?}", sealed.len());
        };
        check((0..16).map(|i| 1e9 + (i * 15) as f64).collect(), 10);
        check((0..16).map(|i| 12345.67 + i as f64 * 0.25).collect(), 12);
        check((0..16).map(|i| (i * i % 7) as f64 / 100.0).collect(), 14);
    }
}
