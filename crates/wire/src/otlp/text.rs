//! JSON text of values: what arrays and maps are kept as.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write;

/// Adds a JSON string.
pub(crate) fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1f => "",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        if escape.is_empty() {
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.push_str(escape);
        }
        from = at + 1;
    }
    out.push_str(&text[from..]);
    out.push('"');
}

pub(crate) fn push_int(out: &mut String, value: i64) {
    let _ = write!(out, "{value}");
}

/// Adds a JSON number that reads back as a double; what JSON has no number for, as the string of proto3's JSON.
pub(crate) fn push_double(out: &mut String, value: f64) {
    if value.is_finite() {
        // `{:?}` keeps `.0` or an exponent: the reader sees a double.
        let _ = write!(out, "{value:?}");
    } else {
        out.push_str(special(value).unwrap_or_default());
    }
}

/// The JSON string, with its quotes, of a double that is not a number of JSON.
fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("\"NaN\"")
    } else if value == f64::INFINITY {
        Some("\"Infinity\"")
    } else if value == f64::NEG_INFINITY {
        Some("\"-Infinity\"")
    } else {
        None
    }
}

/// Adds base64, without quotes.
pub(crate) fn push_base64(out: &mut String, bytes: &[u8]) {
    STANDARD.encode_string(bytes, out);
}

/// Adds lower-case hex, without quotes.
pub(crate) fn push_hex(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_json(text in any::<String>(), int: i64, bits: u64) {
            let double = f64::from_bits(bits);
            let mut out = String::new();
            push_string(&mut out, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
            out.clear();
            push_int(&mut out, int);
            prop_assert_eq!(serde_json::from_str::<i64>(&out).unwrap(), int);
            out.clear();
            push_double(&mut out, double);
            if double.is_finite() {
                prop_assert!(!serde_json::from_str::<serde_json::Value>(&out).unwrap().is_i64());
                prop_assert_eq!(out.parse::<f64>().unwrap(), double);
            }
        }
    }

    #[test]
    fn specials_are_strings() {
        let mut out = String::new();
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            push_double(&mut out, value);
        }
        assert_eq!(out, r#""NaN""Infinity""-Infinity""#);
        out.clear();
        push_string(&mut out, "\u{1}\n\"\\é");
        assert_eq!(out, r#""\u0001\n\"\\é""#);
    }
}
