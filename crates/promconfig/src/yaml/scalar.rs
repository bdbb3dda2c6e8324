//! What a scalar is: text, truth, a number. The words are those of YAML 1.1 as Go's reader knows them.

use super::node::Scalar;
use super::{Kind, Node};
use base64::Engine as _;

/// The text of a scalar; `!!binary` is decoded and must be UTF-8. The error is the reason of a fault.
pub(crate) fn text(node: &Node) -> Result<String, String> {
    match &node.kind {
        Kind::Scalar(s) if s.tag.as_deref() == Some("binary") => {
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(s.text.replace(['\n', ' '], ""))
                .map_err(|_| "!!binary value contains invalid base64 data".to_owned())?;
            String::from_utf8(bytes).map_err(|e| format!("{} is not valid UTF-8", quote_bytes(e.as_bytes())))
        }
        Kind::Scalar(_) if node.is_null() => Ok(String::new()),
        Kind::Scalar(s) => Ok(s.text.clone()),
        _ => Err(format!("expected text, found {}", node.describe())),
    }
}

/// Bytes as a quoted literal, those that are no ASCII text as `\xff`.
pub(crate) fn quote_bytes(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

/// Whether a scalar may be more than text: one that is plain and not tagged otherwise, or tagged as this.
fn may_be(scalar: &Scalar, kind: &str) -> bool {
    match scalar.tag.as_deref() {
        Some(tag) => tag == kind,
        None => scalar.is_plain(),
    }
}

/// Truth: only an unquoted word of the list.
pub(crate) fn truth(node: &Node) -> Option<bool> {
    let Kind::Scalar(s) = &node.kind else { return None };
    if !may_be(s, "bool") {
        return None;
    }
    truth_of(&s.text)
}

fn truth_of(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// A whole number: decimal, `0x`, `0o`, `0b`, or octal with a leading 0; underscores are ignored. Quoted ones do
/// not count.
pub(crate) fn integer(node: &Node) -> Option<i128> {
    let Kind::Scalar(s) = &node.kind else { return None };
    if may_be(s, "int") { integer_of(&s.text) } else { None }
}

fn integer_of(text: &str) -> Option<i128> {
    let text = text.replace('_', "");
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let value = if let Some(hex) = digits.strip_prefix("0x") {
        i128::from_str_radix(hex, 16)
    } else if let Some(octal) = digits.strip_prefix("0o") {
        i128::from_str_radix(octal, 8)
    } else if let Some(binary) = digits.strip_prefix("0b") {
        i128::from_str_radix(binary, 2)
    } else if digits.len() > 1 && digits.starts_with('0') {
        i128::from_str_radix(&digits[1..], 8)
    } else {
        digits.parse()
    };
    value.ok().map(|v| if negative { -v } else { v })
}

/// A number with a fraction, or a whole one. Quoted ones do not count.
pub(crate) fn float(node: &Node) -> Option<f64> {
    let Kind::Scalar(s) = &node.kind else { return None };
    if !may_be(s, "float") && !may_be(s, "int") {
        return None;
    }
    integer_of(&s.text).map(|i| i as f64).or_else(|| float_of(&s.text))
}

fn float_of(text: &str) -> Option<f64> {
    match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Some(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Some(f64::NAN),
        _ => {}
    }
    let text = text.replace('_', "");
    if !text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) {
        return None;
    }
    text.parse().ok()
}

/// Whether a text written plain would be read as something other than that text.
pub(crate) fn looks_like_more(text: &str) -> bool {
    let looks_like_date = {
        let b = text.as_bytes();
        b.len() >= 8 && b[..4].iter().all(u8::is_ascii_digit) && b[4] == b'-'
    };
    matches!(text, "" | "~" | "null" | "Null" | "NULL" | "<<" | "=")
        || truth_of(text).is_some()
        || integer_of(text).is_some()
        || float_of(text).is_some()
        || looks_like_date
        || is_sexagesimal(text)
}

/// `1:30:00`, a number to other readers.
fn is_sexagesimal(text: &str) -> bool {
    let mut parts = text.trim_start_matches(['+', '-']).split(':');
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit() || b == b'_' || b == b'.');
    let first = parts.next().is_some_and(|p| digits(p) && !p.contains('.'));
    let rest: Vec<&str> = parts.collect();
    first
        && !rest.is_empty()
        && rest.iter().all(|p| digits(p) && p.split('.').next().unwrap_or("").len() <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::node::parse;

    #[test]
    fn reads_words_and_numbers() {
        let int = |t: &str| integer(&parse(t).unwrap());
        assert_eq!(
            (int("15"), int("-1"), int("0x1F"), int("010"), int("1_000")),
            (Some(15), Some(-1), Some(31), Some(8), Some(1000))
        );
        assert_eq!((int("'15'"), int("1.5"), int("x"), int("+")), (None, None, None, None));
        assert_eq!((int("!!int '5'"), int("!!str 5"), int("!!float 5")), (Some(5), None, None));
        assert_eq!(truth(&parse("yes").unwrap()), Some(true));
        assert_eq!(truth(&parse("'true'").unwrap()), None);
        assert_eq!(float(&parse("0.5").unwrap()), Some(0.5));
        assert_eq!(float(&parse("28").unwrap()), Some(28.0));
        assert_eq!(float(&parse("nan").unwrap()), None);
    }

    #[test]
    fn decodes_binary() {
        assert_eq!(text(&parse("!!binary aGk=").unwrap()).unwrap(), "hi");
        assert!(text(&parse("!!binary \"/w==$1\"").unwrap()).unwrap_err().contains("invalid base64"));
        assert_eq!(text(&parse("!!binary \"/w==\"").unwrap()).unwrap_err(), r#""\xff" is not valid UTF-8"#);
        assert!(text(&parse("[a]").unwrap()).is_err());
    }
}
