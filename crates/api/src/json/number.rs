//! Numbers as text, written straight into the bytes of an answer: most of a large answer is numbers.
//!
//! The text is Go's shortest form. Three ways, by what is served most: whole numbers, decimals of few digits, and all
//! else through a library that finds the shortest digits.

/// No float is longer: `-0.0000012345678901234567` has 25 characters.
pub const FLOAT_BYTES_MAX: usize = 32;

/// Whole numbers below are exact in a float.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
/// Decimals are tried with as many places as leave at most 15 digits: so many digits are told apart by a float, so that
/// the shortest ones that read back are the only ones.
const PLACES: [(f64, f64, usize); 3] = [(1e6, 1e9, 9), (1e9, 1e6, 6), (1e12, 1e3, 3)];
/// From here, and up to there, the library writes no exponent.
const PLAIN_MIN: f64 = 1e-4;
const PLAIN_MAX: f64 = 1e15;

/// Smaller numbers are written with an exponent.
const EXPONENT_BELOW: f64 = 1e-6;

const PAIRS: [u8; 200] = {
    let mut pairs = [0; 200];
    let mut n = 0;
    while n < 100 {
        pairs[2 * n] = b'0' + (n / 10) as u8;
        pairs[2 * n + 1] = b'0' + (n % 10) as u8;
        n += 1;
    }
    pairs
};

/// Writes a number at the beginning of `to` and returns its length; `NaN`, `+Inf` and `-Inf` are not JSON: quote them.
#[inline]
pub fn put_float(to: &mut [u8; FLOAT_BYTES_MAX], value: f64) -> usize {
    let whole = value as i64;
    if whole as f64 == value && value.abs() < WHOLE_MAX && (whole != 0 || value.is_sign_positive()) {
        let sign = usize::from(whole < 0);
        to[0] = b'-';
        return sign + put_whole(&mut to[sign..], whole.unsigned_abs());
    }
    put_fraction(to, value)
}

fn put_fraction(to: &mut [u8; FLOAT_BYTES_MAX], value: f64) -> usize {
    let magnitude = value.abs();
    for (below, scale, places) in PLACES {
        if magnitude < below {
            // Half more and cut off is rounding here: 10¹⁵ leaves room for the half.
            let scaled = (magnitude * scale + 0.5) as u64;
            if scaled as f64 / scale == magnitude && magnitude >= EXPONENT_BELOW {
                return put_decimal(to, value, scaled, places);
            }
            break;
        }
    }
    if (PLAIN_MIN..PLAIN_MAX).contains(&magnitude) {
        let mut digits = zmij::Buffer::new();
        let text = digits.format_finite(value).as_bytes();
        to[..text.len()].copy_from_slice(text);
        return text.len();
    }
    put_rare(to, value)
}

/// `scaled` with the point before the last places, less the zeros at the end.
fn put_decimal(to: &mut [u8; FLOAT_BYTES_MAX], value: f64, scaled: u64, places: usize) -> usize {
    let scale = 10u64.pow(places as u32);
    let (whole, mut fraction) = (scaled / scale, scaled % scale);
    let sign = usize::from(value < 0.0);
    to[0] = b'-';
    let mut at = sign + put_whole(&mut to[sign..], whole);
    to[at] = b'.';
    at += 1;
    let mut width = places;
    // A value that has no places at all went the way of whole numbers, unless it is too large for that.
    while width > 3 && fraction.is_multiple_of(1000) {
        fraction /= 1000;
        width -= 3;
    }
    let end = at + width;
    for place in to[at..end].iter_mut().rev() {
        *place = b'0' + (fraction % 10) as u8;
        fraction /= 10;
    }
    let zeros = to[at..end].iter().rev().take_while(|b| **b == b'0').count();
    end - zeros
}

/// What is not a number, and numbers with many zeros or an exponent: below 1e-6 and from 1e21 on.
#[cold]
fn put_rare(to: &mut [u8; FLOAT_BYTES_MAX], value: f64) -> usize {
    use std::io::Write;
    let magnitude = value.abs();
    let mut rest = &mut to[..];
    let written = if value.is_nan() {
        rest.write_all(b"NaN")
    } else if value.is_infinite() {
        rest.write_all(if value > 0.0 { b"+Inf" } else { b"-Inf" })
    } else if magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
        write!(rest, "{value}")
    } else {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e').expect("LowerExp writes an exponent");
        let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |d| ('-', d));
        write!(rest, "{mantissa}e{sign}{digits:0>2}")
    };
    written.expect("no number is longer");
    FLOAT_BYTES_MAX - rest.len()
}

/// Writes digits at the beginning of `to`, which has room for all of them.
#[inline]
fn put_whole(to: &mut [u8], mut n: u64) -> usize {
    let length = n.checked_ilog10().map_or(1, |digits| digits as usize + 1);
    let to = &mut to[..length];
    let mut end = length;
    while n >= 10 {
        let pair = 2 * (n % 100) as usize;
        n /= 100;
        end -= 2;
        to[end..end + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    }
    if end > 0 {
        to[0] = b'0' + n as u8;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(value: f64) -> String {
        let mut to = [b'x'; FLOAT_BYTES_MAX];
        let length = put_float(&mut to, value);
        String::from_utf8(to[..length].to_vec()).unwrap()
    }

    /// As the standard library finds the digits; the exponent in Go's notation.
    fn want(value: f64) -> String {
        let magnitude = value.abs();
        if magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
            return format!("{value}");
        }
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap();
        let exponent: i32 = exponent.parse().unwrap();
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    }

    /// The digits read back and are as few as can be. Of two that are equally near, Go takes the even one and the
    /// standard library the greater: where only the last digit differs, reading back decides.
    fn check(value: f64) -> Result<(), TestCaseError> {
        let (got, want) = (text(value), want(value));
        prop_assert_eq!(got.parse::<f64>().unwrap().to_bits(), value.to_bits(), "{} for {}", got, want);
        prop_assert_eq!(got.len(), want.len(), "{} for {}", got, want);
        prop_assert_eq!(&got[..got.len() - 1], &want[..want.len() - 1]);
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn any_float(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            if value.is_finite() {
                check(value)?;
            }
        }

        #[test]
        fn decimals(digits in -1_000_000_000_000_000_000i64..1_000_000_000_000_000_000, places in 0i32..24, less in 0u32..18) {
            let value = (digits / 10i64.pow(less)) as f64 / 10f64.powi(places);
            check(value)?;
            check(f64::from_bits(value.to_bits().wrapping_add(1)))?;
        }

        #[test]
        fn rates(value in -1e13f64..1e13, shift in -20i32..1) {
            check(value * 10f64.powi(shift))?;
        }
    }

    #[test]
    fn the_edges_of_each_way() {
        for base in [0.0, 1e-6, 1e-5, 1e-4, 0.1, 1.0, 1e6, 1e9, 1e12, 1e15, WHOLE_MAX, 1e21, f64::MAX] {
            for bits in -3i64..4 {
                let value = f64::from_bits(f64::to_bits(base).saturating_add_signed(bits));
                if value.is_finite() {
                    assert_eq!((text(value), text(-value)), (want(value), want(-value)));
                }
            }
        }
    }
}
