//! Sizes in bytes: `15MB`, `1GiB512MiB`. A unit is required and every unit is a power of 1024, as in Prometheus.

use crate::yaml::{Node, Reader, Value, Yaml};

/// A number of bytes; 0 means no limit where it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteSize(pub u64);

const UNITS: [char; 6] = ['K', 'M', 'G', 'T', 'P', 'E'];

impl ByteSize {
    pub fn parse(text: &str) -> Result<ByteSize, String> {
        if text == "0" {
            return Ok(ByteSize(0));
        }
        if text.starts_with('-') {
            return Err(format!("{text} is negative"));
        }
        let invalid = || format!("units: invalid {text} (write it like 512MB)");
        let mut rest = text.strip_prefix('+').unwrap_or(text);
        if rest.is_empty() {
            return Err(invalid());
        }
        let mut total = 0f64;
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
            let (number, tail) = rest.split_at(digits);
            let letters = tail.bytes().take_while(|b| !b.is_ascii_digit() && *b != b'.').count();
            let (unit, tail) = tail.split_at(letters);
            let number: f64 = number.parse().map_err(|_| invalid())?;
            let power = unit_power(unit)
                .ok_or_else(|| format!("units: unknown unit {unit} in {text} (write it like 512MB)"))?;
            total += number * 1024f64.powi(power);
            rest = tail;
        }
        // 8 EiB is past what the original counts to.
        if total < (1u64 << 63) as f64 {
            Ok(ByteSize(total as u64))
        } else {
            Err(format!("{text} is too large"))
        }
    }
}

fn unit_power(unit: &str) -> Option<i32> {
    if unit == "B" {
        return Some(0);
    }
    let letter = unit.strip_suffix("iB").or_else(|| unit.strip_suffix('B'))?;
    let at = UNITS.iter().position(|u| letter.chars().eq([*u]))?;
    Some(at as i32 + 1)
}

impl std::fmt::Display for ByteSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 == 0 {
            return f.write_str("0B");
        }
        let mut rest = self.0;
        for (i, unit) in UNITS.iter().enumerate().rev() {
            let bytes = 1u64 << (10 * (i + 1));
            if rest >= bytes {
                write!(f, "{}{unit}iB", rest / bytes)?;
                rest %= bytes;
            }
        }
        if rest > 0 { write!(f, "{rest}B") } else { Ok(()) }
    }
}

impl Value for ByteSize {
    fn zero() -> ByteSize {
        ByteSize(0)
    }

    fn is_zero(&self) -> bool {
        self.0 == 0
    }

    fn read(&mut self, node: &Node, reader: &mut Reader) {
        let Some(text) = reader.text(node) else { return };
        match ByteSize::parse(&text) {
            Ok(size) => *self = size,
            Err(reason) => reader.fault(node, reason),
        }
    }

    fn print(&self) -> Yaml {
        Yaml::Text(self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let check = |text: &str, bytes: u64, printed: &str| {
            assert_eq!(ByteSize::parse(text), Ok(ByteSize(bytes)), "{text}");
            assert_eq!(ByteSize(bytes).to_string(), printed);
        };
        check("15MB", 15 << 20, "15MiB");
        check("1.5GiB", 3 << 29, "1GiB512MiB");
        check("10B", 10, "10B");
        check("0", 0, "0B");
        assert_eq!(ByteSize::parse("100").unwrap_err(), "units: unknown unit  in 100 (write it like 512MB)");
        for bad in ["", "MB", "-1GB", "1XB", "1mb", "8EB", "1..2MB"] {
            assert!(ByteSize::parse(bad).is_err(), "{bad}");
        }
    }
}
