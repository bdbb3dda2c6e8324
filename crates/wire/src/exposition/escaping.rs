//! Names that are not legacy-valid, written for readers that know no UTF-8 names.
//!
//! The schemes of <https://github.com/prometheus/proposals/blob/main/proposals/0028-utf8.md>: `underscores`
//! replaces, `dots` and `values` can be undone.

use model::labels::is_legacy_metric_name;

/// How names that are not legacy-valid are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum EscapingScheme {
    /// As they are, in quotes.
    #[default]
    AllowUtf8,
    /// Every foreign character becomes `_`.
    Underscores,
    /// `.` becomes `_dot_`, `_` becomes `__`, the rest `__`.
    Dots,
    /// `U__` and `_hex_` for every foreign character, `__` for `_`.
    Values,
}

impl EscapingScheme {
    pub fn as_str(self) -> &'static str {
        match self {
            EscapingScheme::AllowUtf8 => "allow-utf-8",
            EscapingScheme::Underscores => "underscores",
            EscapingScheme::Dots => "dots",
            EscapingScheme::Values => "values",
        }
    }

    pub fn parse(name: &str) -> Option<EscapingScheme> {
        Some(match name {
            "allow-utf-8" => EscapingScheme::AllowUtf8,
            "underscores" => EscapingScheme::Underscores,
            "dots" => EscapingScheme::Dots,
            "values" => EscapingScheme::Values,
            _ => return None,
        })
    }

    /// The name in this scheme. `dots` changes legacy-valid names with underscores too, as Prometheus does, so
    /// that they can be told apart when it is undone.
    pub fn escape(self, name: &str) -> String {
        let legacy = is_legacy_metric_name(name);
        match self {
            EscapingScheme::AllowUtf8 => name.to_owned(),
            EscapingScheme::Underscores | EscapingScheme::Values if legacy || name.is_empty() => {
                name.to_owned()
            }
            EscapingScheme::Underscores => {
                name.char_indices().map(|(i, c)| if is_legacy(c, i) { c } else { '_' }).collect()
            }
            EscapingScheme::Dots => escape_dots(name),
            EscapingScheme::Values => escape_values(name),
        }
    }

    /// Undoes `dots` and `values`; anything that cannot be undone stays.
    pub fn unescape(self, name: &str) -> String {
        let undone = match self {
            EscapingScheme::AllowUtf8 | EscapingScheme::Underscores => None,
            EscapingScheme::Dots => Some(name.replace("_dot_", ".").replace("__", "_")),
            EscapingScheme::Values => unescape_values(name),
        };
        undone.unwrap_or_else(|| name.to_owned())
    }
}

fn is_legacy(c: char, at: usize) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == ':' || (c.is_ascii_digit() && at > 0)
}

fn escape_dots(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    for (i, c) in name.char_indices() {
        match c {
            '_' => out.push_str("__"),
            '.' => out.push_str("_dot_"),
            c if is_legacy(c, i) => out.push(c),
            _ => out.push_str("__"),
        }
    }
    out
}

fn escape_values(name: &str) -> String {
    let mut out = String::from("U__");
    for (i, c) in name.char_indices() {
        match c {
            '_' => out.push_str("__"),
            c if is_legacy(c, i) => out.push(c),
            c => out.push_str(&format!("_{:x}_", c as u32)),
        }
    }
    out
}

fn unescape_values(name: &str) -> Option<String> {
    let mut rest = name.strip_prefix("U__")?;
    let mut out = String::with_capacity(rest.len());
    while let Some(at) = rest.find('_') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(tail) = rest.strip_prefix('_') {
            out.push('_');
            rest = tail;
            continue;
        }
        let (hex, tail) = rest.split_once('_')?;
        // Six hexadecimal digits hold every code point.
        let code = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() <= 6)?;
        out.push(char::from_u32(code)?);
        rest = tail;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes() {
        let check = |name: &str, underscores: &str, dots: &str, values: &str| {
            assert_eq!(EscapingScheme::Underscores.escape(name), underscores);
            assert_eq!(EscapingScheme::Dots.escape(name), dots);
            assert_eq!(EscapingScheme::Values.escape(name), values);
        };
        check(
            "no:escaping_required",
            "no:escaping_required",
            "no:escaping__required",
            "no:escaping_required",
        );
        check("http.status:sum", "http_status:sum", "http_dot_status:sum", "U__http_2e_status:sum");
        check("a_b.c", "a_b_c", "a__b_dot_c", "U__a__b_2e_c");
        check("0up", "_up", "__up", "U___30_up");
        check("花火", "__", "____", "U___82b1__706b_");
        check("", "", "", "");
    }

    #[test]
    fn what_cannot_be_undone_stays() {
        for name in ["U__bad_zz_", "U__open_12", "U___110000_", "plain"] {
            assert_eq!(EscapingScheme::Values.unescape(name), name);
        }
    }

    proptest! {
        #[test]
        fn values_can_be_undone(name in "\\PC{0,12}") {
            let escaped = EscapingScheme::Values.escape(&name);
            if !name.starts_with("U__") {
                prop_assert_eq!(EscapingScheme::Values.unescape(&escaped), name);
            }
        }
    }
}
