//! Floats as Prometheus reads and writes them: Go's `strconv` without hexadecimal and underscores.
//!
//! Reading is exactly rounded. Short decimals (the great majority of what exporters print) take a path of one
//! multiplication or division by a power of ten, which is exact while the digits fit 2^53 and the power 10^22
//! (Clinger 1990); everything else goes to the standard library.

use std::fmt::{self, Write};

/// Powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];
/// Integers up to here are exact in a double.
const MANTISSA_MAX: u64 = 1 << 53;
/// 19 digits never overflow 64 bits.
const SHORT_DIGITS_MAX: i32 = 19;
/// The NaN that every other NaN of an exposition becomes, so that none is mistaken for the staleness marker.
pub const NORMAL_NAN_BITS: u64 = 0x7ff8_0000_0000_0001;

/// Why text is not a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatError {
    /// `p`, `P` or `_`: formats that later Go versions read and expositions must not use.
    UnsupportedCharacter,
    Syntax,
    /// Too large for a double.
    Range,
}

impl FloatError {
    /// The words of Prometheus's parser for this text.
    pub fn reason(self, text: &[u8]) -> String {
        let quoted = Quoted(text);
        match self {
            FloatError::UnsupportedCharacter => "unsupported character in float".to_owned(),
            FloatError::Syntax => format!("strconv.ParseFloat: parsing {quoted}: invalid syntax"),
            FloatError::Range => format!("strconv.ParseFloat: parsing {quoted}: value out of range"),
        }
    }
}

/// Reads a float. NaN keeps whatever bits the standard library gives it: see [`normal_nan`].
pub fn parse_float(text: &[u8]) -> Result<f64, FloatError> {
    match short_decimal(text) {
        Some(value) => Ok(value),
        None => long_float(text),
    }
}

/// Replaces every NaN by the ordinary one.
pub fn normal_nan(value: f64) -> f64 {
    if value.is_nan() { f64::from_bits(NORMAL_NAN_BITS) } else { value }
}

fn short_decimal(text: &[u8]) -> Option<f64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (mut mantissa, mut fraction, mut exponent) = (0u64, None, 0i32);
    let mut count = 0;
    for (i, &b) in digits.iter().enumerate() {
        let digit = b.wrapping_sub(b'0');
        if digit < 10 {
            if count == SHORT_DIGITS_MAX {
                return None;
            }
            mantissa = mantissa * 10 + u64::from(digit);
            count += 1;
        } else if b == b'.' && fraction.is_none() {
            fraction = Some(count);
        } else if b | 0x20 == b'e' && count > 0 {
            exponent = short_exponent(&digits[i + 1..])?;
            break;
        } else {
            return None;
        }
    }
    if count == 0 || mantissa > MANTISSA_MAX {
        return None;
    }
    exponent -= fraction.map_or(0, |at: i32| count - at);
    let value = mantissa as f64;
    let value = match exponent {
        0 => value,
        1..=22 => value * POWERS[exponent as usize],
        -22..=-1 => value / POWERS[-exponent as usize],
        _ => return None,
    };
    Some(if negative { -value } else { value })
}

/// An exponent of one to three digits with an optional sign.
fn short_exponent(text: &[u8]) -> Option<i32> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || digits.len() > 3 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0, |n, b| n * 10 + i32::from(b - b'0'));
    Some(if negative { -value } else { value })
}

fn long_float(text: &[u8]) -> Result<f64, FloatError> {
    if text.iter().any(|b| matches!(b, b'p' | b'P' | b'_')) {
        return Err(FloatError::UnsupportedCharacter);
    }
    let text = std::str::from_utf8(text).map_err(|_| FloatError::Syntax)?;
    let value: f64 = text.parse().map_err(|_| FloatError::Syntax)?;
    let unsigned = text.trim_start_matches(['+', '-']);
    if value.is_nan() && unsigned.len() != text.len() {
        return Err(FloatError::Syntax); // the standard library reads "-nan", Go does not
    }
    if value.is_infinite() && !unsigned.starts_with(['i', 'I']) {
        return Err(FloatError::Range);
    }
    Ok(value)
}

/// A float in Go's `'g'` format with the fewest digits that read back exactly: `1.5`, `1e+06`, `+Inf`, `NaN`.
pub fn write_float(out: &mut String, value: f64) {
    if value.is_nan() {
        return out.push_str("NaN");
    }
    if value.is_infinite() {
        return out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    }
    let at = out.len();
    // Writing to a String cannot fail.
    let _ = write!(out, "{value:e}");
    let Some(e) = out[at..].find('e').map(|i| at + i) else { return };
    let exponent: i32 = out[e + 1..].parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        out.truncate(at);
        let _ = write!(out, "{value}");
    } else {
        out.truncate(e);
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "e{sign}{:02}", exponent.abs());
    }
}

/// As [`write_float`], with `.0` behind whole numbers: how OpenMetrics writes `le` and `quantile`.
pub fn write_openmetrics_float(out: &mut String, value: f64) {
    let at = out.len();
    write_float(out, value);
    if value.is_finite() && !out[at..].contains(['e', '.']) {
        out.push_str(".0");
    }
}

/// Bytes in double quotes with Go's `%q` escapes: how parse errors show what they met.
pub struct Quoted<'a>(pub &'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '"' => f.write_str("\\\"")?,
                    '\\' => f.write_str("\\\\")?,
                    '\n' => f.write_str("\\n")?,
                    '\r' => f.write_str("\\r")?,
                    '\t' => f.write_str("\\t")?,
                    c if (c as u32) < 0x20 || c as u32 == 0x7f => write!(f, "\\x{:02x}", c as u32)?,
                    c => f.write_char(c)?,
                }
            }
            for b in chunk.invalid() {
                write!(f, "\\x{b:02x}")?;
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_like_go() {
        let check = |text: &str, want: f64| {
            assert_eq!(parse_float(text.as_bytes()).map(f64::to_bits), Ok(want.to_bits()), "{text}");
        };
        check("0", 0.0);
        check("-0", -0.0);
        check("12.47", 12.47);
        check("1.7560473e+07", 1.7560473e7);
        check("+5", 5.0);
        check(".5", 0.5);
        check("5.", 5.0);
        check("+Inf", f64::INFINITY);
        check("-inf", f64::NEG_INFINITY);
        check("9007199254740993", 9007199254740992.0);
        check("4.9e-324", 4.9e-324);
        check("123456789012345678901234567890", 123456789012345678901234567890.0);
        assert!(parse_float(b"NaN").unwrap().is_nan());
    }

    #[test]
    fn rejects_what_go_rejects() {
        let check =
            |text: &str, want: FloatError| assert_eq!(parse_float(text.as_bytes()), Err(want), "{text}");
        for text in ["", ".", "-", "1e", "e5", "true", "1.2.3", "-NaN", "0x10", "1 ", " 1", "1e5e5"] {
            check(text, FloatError::Syntax);
        }
        check("1_2", FloatError::UnsupportedCharacter);
        check("0x1p-3", FloatError::UnsupportedCharacter);
        check("1e400", FloatError::Range);
    }

    #[test]
    fn writes_like_go() {
        let check = |value: f64, plain: &str, open: &str| {
            let (mut a, mut b) = (String::new(), String::new());
            write_float(&mut a, value);
            write_openmetrics_float(&mut b, value);
            assert_eq!((a.as_str(), b.as_str()), (plain, open));
        };
        check(1.0, "1", "1.0");
        check(-0.5, "-0.5", "-0.5");
        check(999999.0, "999999", "999999.0");
        check(1000000.0, "1e+06", "1e+06");
        check(123456789.0, "1.23456789e+08", "1.23456789e+08");
        check(0.0001, "0.0001", "0.0001");
        check(0.00001, "1e-05", "1e-05");
        check(1e100, "1e+100", "1e+100");
        check(0.0, "0", "0.0");
        check(f64::INFINITY, "+Inf", "+Inf");
        check(f64::NAN, "NaN", "NaN");
    }

    proptest! {
        #[test]
        fn agrees_with_the_standard_library(digits in "-?[0-9]{1,22}(\\.[0-9]{0,8})?(e[+-]?[0-9]{1,2})?") {
            let want: f64 = digits.parse().unwrap();
            prop_assert_eq!(parse_float(digits.as_bytes()).map(f64::to_bits), Ok(want.to_bits()));
        }

        #[test]
        fn what_is_written_reads_back(bits: u64) {
            let value = normal_nan(f64::from_bits(bits));
            let mut text = String::new();
            write_float(&mut text, value);
            prop_assert_eq!(normal_nan(parse_float(text.as_bytes()).unwrap()).to_bits(), value.to_bits());
        }
    }
}
