//! Trace and span ids (W3C Trace Context): 16 and 8 bytes, written as lower-case hex. All zeros is "none".

use std::fmt;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(pub [u8; 16]);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(pub [u8; 8]);

impl TraceId {
    pub const NONE: TraceId = TraceId([0; 16]);

    pub fn is_none(self) -> bool {
        self == TraceId::NONE
    }

    /// Reads up to 32 hex digits, fewer meaning leading zeros, as Jaeger and Zipkin write 64-bit ids. `None` for
    /// anything else and for zero.
    pub fn parse(hex: &str) -> Option<TraceId> {
        parse_padded(hex).map(TraceId).filter(|id| !id.is_none())
    }
}

impl SpanId {
    pub const NONE: SpanId = SpanId([0; 8]);

    pub fn is_none(self) -> bool {
        self == SpanId::NONE
    }

    /// Reads up to 16 hex digits, fewer meaning leading zeros. `None` for anything else and for zero.
    pub fn parse(hex: &str) -> Option<SpanId> {
        parse_padded(hex).map(SpanId).filter(|id| !id.is_none())
    }
}

fn parse_padded<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let digits = hex.as_bytes();
    if digits.is_empty() || digits.len() > N * 2 {
        return None;
    }
    let mut bytes = [0; N];
    for (place, digit) in digits.iter().rev().enumerate() {
        let nibble = (*digit as char).to_digit(16)? as u8;
        bytes[N - 1 - place / 2] |= nibble << (4 * (place % 2));
    }
    Some(bytes)
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_printed_is_read(trace in 1u128.., span in 1u64..) {
            let (trace, span) = (TraceId(trace.to_be_bytes()), SpanId(span.to_be_bytes()));
            prop_assert_eq!(TraceId::parse(&trace.to_string()), Some(trace));
            prop_assert_eq!(SpanId::parse(&span.to_string()), Some(span));
            prop_assert_eq!(SpanId::parse(&span.to_string().to_uppercase()), Some(span));
        }
    }

    #[test]
    fn short_ids_are_padded_and_bad_ones_refused() {
        assert_eq!(TraceId::parse("1f").unwrap().to_string(), format!("{}1f", "0".repeat(30)));
        for bad in ["", "0", "xyz", &"1".repeat(33), "é"] {
            assert_eq!(TraceId::parse(bad), None, "{bad}");
        }
    }
}
