//! Durations and sizes as people write them: `1h30m`, `15d`, `512MB`, `1.5GiB`.

use std::time::Duration;

/// Milliseconds in a unit of Prometheus's durations. A year has 365 days.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads a duration in Prometheus's notation: whole numbers with units in descending order, each once; or `0`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if text.is_empty() {
        return Err("empty duration string".to_owned());
    }
    let bad = || format!("not a valid duration string: {text:?}");
    let (mut rest, mut total_ms, mut next_unit) = (text, 0u64, 0);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at(letters);
        if digits > 0 && letters > 0 && !UNITS.iter().any(|(name, _)| *name == unit) {
            return Err(format!("unknown unit {unit:?} in duration {text:?}"));
        }
        let at = UNITS[next_unit..].iter().position(|(name, _)| *name == unit).ok_or_else(bad)?;
        let value: u64 = number.parse().map_err(|_| bad())?;
        total_ms = value
            .checked_mul(UNITS[next_unit + at].1)
            .and_then(|ms| ms.checked_add(total_ms))
            .filter(|ms| *ms <= i64::MAX as u64 / 1_000_000)
            .ok_or("duration out of range")?;
        next_unit += at + 1;
        rest = tail;
    }
    Ok(Duration::from_millis(total_ms))
}

/// Prints a duration in Prometheus's notation, `1h30m`, the shortest form that reads back exactly.
pub fn format_duration(duration: Duration) -> String {
    let mut ms = duration.as_millis() as u64;
    if ms == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (i, (name, unit_ms)) in UNITS.iter().enumerate() {
        // Years and weeks are used only when nothing is left over: 90d reads easier than 12w6d.
        let exact = i < 2;
        if ms < *unit_ms || (exact && !ms.is_multiple_of(*unit_ms)) {
            continue;
        }
        text.push_str(&format!("{}{name}", ms / unit_ms));
        ms %= unit_ms;
    }
    text
}

/// Reads a size: `B`, `KB`/`KiB` … `EB`/`EiB`, all in powers of 1024 as in Prometheus; fractions are allowed.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    let (number, unit) = text.split_at(digits);
    let bad = || format!("not a valid size: {text:?} (write a number with B, KB, MB, GB or TB)");
    let value: f64 = number.parse().map_err(|_| bad())?;
    let power = match unit.trim().to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 1,
        "M" | "MB" | "MIB" => 2,
        "G" | "GB" | "GIB" => 3,
        "T" | "TB" | "TIB" => 4,
        "P" | "PB" | "PIB" => 5,
        "E" | "EB" | "EIB" => 6,
        _ => return Err(bad()),
    };
    Ok((value * 1024f64.powi(power)) as u64)
}

/// Prints a size for people as the screen does: `64 MiB`, `11.77 GiB`, four digits at most. [`parse_size`] reads it.
pub fn format_size(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes as f64, "B");
    for larger in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] {
        if value < 1024.0 {
            break;
        }
        (value, unit) = (value / 1024.0, larger);
    }
    let scale = match value {
        v if v >= 1000.0 => 1.0,
        v if v >= 100.0 => 10.0,
        v if v >= 10.0 => 100.0,
        _ => 1000.0,
    };
    let rounded = (value * scale).round() / scale;
    format!("{rounded} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print() {
        let check = |text: &str, ms: u64, printed: &str| {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
            assert_eq!(format_duration(Duration::from_millis(ms)), printed);
        };
        check("0", 0, "0s");
        check("1h30m", 5_400_000, "1h30m");
        check("15d", 15 * 86_400_000, "15d");
        check("324ms", 324, "324ms");
        check("8d1h", 8 * 86_400_000 + 3_600_000, "8d1h");
        for bad in ["", "1", "1y1y", "1m1h", "-1m", "1.5h", "1x", "ms", "1000000000y"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_printed_for_people() {
        let check = |bytes: u64, want: &str| assert_eq!(format_size(bytes), want);
        check(0, "0 B");
        check(1023, "1023 B");
        check(1536, "1.5 KiB");
        check(64 << 20, "64 MiB");
        check((64 << 20) - 14, "64 MiB");
        check(12_638_000_000, "11.77 GiB");
        check(1023 << 40, "1023 TiB");
    }

    #[test]
    fn sizes_read() {
        assert_eq!(parse_size("512MB"), Ok(512 << 20));
        assert_eq!(parse_size("1.5GiB"), Ok(3 << 29));
        assert_eq!(parse_size("10"), Ok(10));
        assert!(parse_size("ten").is_err() && parse_size("1XB").is_err());
    }
}
