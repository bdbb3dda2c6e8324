//! What values mean: numbers, durations, sizes, times.

/// A number as a person writes it, with what its unit says it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quantity {
    Number(f64),
    /// A whole number, exactly.
    Integer(i64),
    /// In nanoseconds.
    Duration(f64),
    /// In bytes.
    Size(f64),
}

/// Nanoseconds in a unit.
const DURATIONS: [(&str, f64); 10] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("μs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3_600e9),
    ("d", 86_400e9),
    ("w", 7.0 * 86_400e9),
];

/// Bytes in a unit. As everywhere in Pharos, they go by 1024, whatever the letters.
const SIZES: [(&str, i32); 16] = [
    ("b", 0),
    ("k", 1),
    ("kb", 1),
    ("kib", 1),
    ("mb", 2),
    ("mib", 2),
    ("g", 3),
    ("gb", 3),
    ("gib", 3),
    ("t", 4),
    ("tb", 4),
    ("tib", 4),
    ("p", 5),
    ("pb", 5),
    ("pib", 5),
    ("eb", 6),
];

impl Quantity {
    /// Reads `500`, `-1.5e3`, `500ms`, `1h30m`, `10MB`.
    pub fn parse(text: &str) -> Option<Quantity> {
        if let Ok(integer) = text.parse::<i64>() {
            return Some(Quantity::Integer(integer));
        }
        if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
            return None;
        }
        if let Ok(number) = text.parse::<f64>() {
            return Some(Quantity::Number(number));
        }
        duration(text).map(Quantity::Duration).or_else(|| size(text).map(Quantity::Size))
    }

    /// The number alone, in the unit that the field has.
    pub fn number(self) -> f64 {
        match self {
            Quantity::Integer(integer) => integer as f64,
            Quantity::Number(number) | Quantity::Duration(number) | Quantity::Size(number) => number,
        }
    }
}

/// Numbers with units, one after another: `1h30m`, `1.5s`. In nanoseconds.
fn duration(text: &str) -> Option<f64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text),
    };
    let mut total = 0.0;
    while !rest.is_empty() {
        let (number, tail) = split_number(rest)?;
        let unit_end = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let (_, ns) = DURATIONS.iter().find(|(name, _)| *name == unit)?;
        total += number * ns;
        rest = tail;
    }
    Some(sign * total)
}

fn size(text: &str) -> Option<f64> {
    let (number, unit) = split_number(text)?;
    let unit = unit.to_ascii_lowercase();
    let (_, power) = SIZES.iter().find(|(name, _)| *name == unit)?;
    Some(number * 1024f64.powi(*power))
}

fn split_number(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    Some((number.parse().ok()?, rest))
}

/// Nanoseconds a second.
const SECOND_NS: f64 = 1e9;

/// Reads a time: RFC 3339, a date with or without a clock time in UTC, Unix seconds with or without a fraction, or Unix
/// milli-, micro- or nanoseconds (told apart by their size: 11 digits of seconds reach the year 5138). `None` for
/// anything else. Unix nanoseconds.
pub fn parse_time_ns(text: &str) -> Option<i64> {
    if let Ok(integer) = text.parse::<i64>() {
        let scale = match integer.unsigned_abs() {
            0..100_000_000_000 => 1_000_000_000,
            100_000_000_000..100_000_000_000_000 => 1_000_000,
            100_000_000_000_000..100_000_000_000_000_000 => 1_000,
            _ => 1,
        };
        return integer.checked_mul(scale);
    }
    if let Ok(seconds) = text.parse::<f64>() {
        let ns = seconds * SECOND_NS;
        return (ns.is_finite() && ns.abs() < i64::MAX as f64).then_some(ns as i64);
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return i64::try_from(time.as_nanosecond()).ok();
    }
    let local: jiff::civil::DateTime = text.parse().ok()?;
    let zoned = local.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    i64::try_from(zoned.timestamp().as_nanosecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read() {
        let check =
            |text: &str, expected: Option<Quantity>| assert_eq!(Quantity::parse(text), expected, "{text}");
        check("500", Some(Quantity::Integer(500)));
        check("-3", Some(Quantity::Integer(-3)));
        check("1.5", Some(Quantity::Number(1.5)));
        check("1e3", Some(Quantity::Number(1000.0)));
        check("500ms", Some(Quantity::Duration(500e6)));
        check("1h30m", Some(Quantity::Duration(5_400e9)));
        check("1.5s", Some(Quantity::Duration(1.5e9)));
        check("250us", Some(Quantity::Duration(250e3)));
        check("250µs", Some(Quantity::Duration(250e3)));
        check("2m", Some(Quantity::Duration(120e9)));
        check("10MB", Some(Quantity::Size(10.0 * 1_048_576.0)));
        check("1.5GiB", Some(Quantity::Size(1.5 * 1_073_741_824.0)));
        for bad in ["", "ms", "error", "nan", "inf", "1x", "5 ms", "1.2.3"] {
            check(bad, None);
        }
    }

    #[test]
    fn times_are_read() {
        let check = |text: &str, ns: Option<i64>| assert_eq!(parse_time_ns(text), ns, "{text}");
        check("1700000000", Some(1_700_000_000_000_000_000));
        check("1700000000.5", Some(1_700_000_000_500_000_000));
        check("1700000000123", Some(1_700_000_000_123_000_000));
        check("1700000000123456789", Some(1_700_000_000_123_456_789));
        check("2023-11-14T22:13:20Z", Some(1_700_000_000_000_000_000));
        check("2023-11-14T23:13:20.000000001+01:00", Some(1_700_000_000_000_000_001));
        check("2023-11-14T22:13:20", Some(1_700_000_000_000_000_000));
        check("2023-11-14", Some(1_699_920_000_000_000_000));
        check("yesterday", None);
        check("9999999999999999999999", None);
    }
}
