//! Numbers as text, the way Go writes and reads them: queries, series and messages use its notation.

/// What Go's `%v` prints of a float: shortest digits that read back, an exponent below 1e-4 and from 1e21.
pub fn format_go_v(value: f64) -> String {
    /// From this exponent on `%v` prints one.
    const EXPONENT_MIN: i32 = 21;
    if let Some(text) = special(value) {
        return text;
    }
    // `{:e}` gives the shortest digits and the decimal exponent.
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').expect("{:e} prints an exponent");
    let exponent: i32 = exponent.parse().expect("{:e} prints a whole exponent");
    if value != 0.0 && !(-4..EXPONENT_MIN).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    format!("{value}")
}

/// Decimal without exponent, shortest that reads back: Go's `strconv.FormatFloat(v, 'f', -1, 64)`, which the HTTP
/// API uses too.
pub fn format_go_f(value: f64) -> String {
    special(value).unwrap_or_else(|| format!("{value}"))
}

fn special(value: f64) -> Option<String> {
    if value.is_nan() {
        Some("NaN".to_owned())
    } else if value.is_infinite() {
        Some(if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned())
    } else {
        None
    }
}

/// Reads a number as queries write it: decimal with `_` between digits, hexadecimal `0x…`, octal with a leading
/// zero, `Inf` and `NaN` in any case, a sign before any of them.
pub fn parse(text: &str) -> Result<f64, String> {
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'-') => (-1.0, &text[1..]),
        Some(b'+') => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    let fail = |what: &str| Err(format!("strconv.ParseFloat: parsing {}: {what}", crate::quote::quote(text)));
    if let Some(whole) = parse_whole(digits) {
        return Ok(sign * whole);
    }
    match digits.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => return Ok(sign * f64::INFINITY),
        "nan" => return Ok(f64::NAN),
        _ => {}
    }
    // What is left for the standard library is decimal; it knows words and signs that the language does not.
    let decimal = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-' | b'_');
    let starts = digits.as_bytes().first().is_some_and(|b| b.is_ascii_digit() || *b == b'.');
    if !starts || !digits.bytes().all(decimal) || !underscores_separate(digits) {
        return fail("invalid syntax");
    }
    match digits.replace('_', "").parse::<f64>() {
        Ok(value) if value.is_infinite() => fail("value out of range"),
        Ok(value) => Ok(sign * value),
        Err(_) => fail("invalid syntax"),
    }
}

/// A whole number with a base: `0x1f`, `0o17`, `0b101`, `017`. Decimal ones are left to the caller.
fn parse_whole(digits: &str) -> Option<f64> {
    let rest = digits.strip_prefix('0')?;
    let (base, rest) = match rest.as_bytes().first()? {
        b'x' | b'X' => (16, &rest[1..]),
        b'o' | b'O' => (8, &rest[1..]),
        b'b' | b'B' => (2, &rest[1..]),
        _ => (8, rest),
    };
    // A zero stands for the prefix, after which an underscore may come.
    let body = format!("0{rest}");
    if !underscores_separate(&body) || rest.is_empty() || rest.starts_with(['+', '-']) {
        return None;
    }
    i64::from_str_radix(&body.replace('_', ""), base).ok().map(|n| n as f64)
}

/// Whether every underscore is between two digits (of any base).
fn underscores_separate(digits: &str) -> bool {
    let bytes = digits.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|i| bytes.get(i)).is_some_and(u8::is_ascii_hexdigit);
    (0..bytes.len()).all(|i| bytes[i] != b'_' || (digit(i.checked_sub(1)) && digit(Some(i + 1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read() {
        let check = |text: &str, value: f64| assert_eq!(parse(text), Ok(value), "{text}");
        check("1", 1.0);
        check("1_000.5", 1000.5);
        check("-.5e-3", -0.0005);
        check("5.", 5.0);
        check("0x1F", 31.0);
        check("0X_1f", 31.0);
        check("017", 15.0);
        check("08", 8.0);
        check("0", 0.0);
        check("iNf", f64::INFINITY);
        check("-Inf", f64::NEG_INFINITY);
        check("9223372036854775808", 9223372036854775808.0);
        assert!(parse("NaN").unwrap().is_nan());
        for bad in ["", "_1", "1_", "1__0", "0x", "0xg", "1e400", "1e", "--1", "0x-1", "abc", "1.2.3"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(parse("1e400").unwrap_err(), r#"strconv.ParseFloat: parsing "1e400": value out of range"#);
    }

    #[test]
    fn numbers_print() {
        let check = |value: f64, v: &str, f: &str| {
            assert_eq!((format_go_v(value).as_str(), format_go_f(value).as_str()), (v, f));
        };
        check(0.0, "0", "0");
        check(-0.0, "-0", "-0");
        check(1e20, "100000000000000000000", "100000000000000000000");
        check(1e21, "1e+21", "1000000000000000000000");
        check(0.0001, "0.0001", "0.0001");
        check(0.00001, "1e-05", "0.00001");
        check(f64::NEG_INFINITY, "-Inf", "-Inf");
        check(f64::NAN, "NaN", "NaN");
    }
}
