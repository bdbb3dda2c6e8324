//! Printing a configuration back as YAML, in the layout that Prometheus's own status page shows.

use super::scalar;
use std::fmt::Write;

/// A tree to print. Mappings keep their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Yaml {
    /// Written as it is: numbers, truth, null, durations.
    Plain(String),
    /// Quoted where a reader would otherwise take it for something else.
    Text(String),
    Seq(Vec<Yaml>),
    /// A list in one line: `[a, b]`.
    Flow(Vec<String>),
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    /// The whole as a document.
    pub fn to_document(&self) -> String {
        let mut out = String::new();
        match self {
            Yaml::Map(entries) if !entries.is_empty() => write_map(&mut out, entries, 0, false),
            Yaml::Seq(items) if !items.is_empty() => write_seq(&mut out, items, 0),
            other => {
                write_inline(&mut out, other, 0);
                out.push('\n');
            }
        }
        out
    }
}

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

/// `first_inline`: the first key follows a dash on the same line.
fn write_map(out: &mut String, entries: &[(String, Yaml)], depth: usize, first_inline: bool) {
    for (i, (key, value)) in entries.iter().enumerate() {
        if i > 0 || !first_inline {
            indent(out, depth);
        }
        write_text(out, key, depth);
        out.push(':');
        write_after_key(out, value, depth);
    }
}

fn write_after_key(out: &mut String, value: &Yaml, depth: usize) {
    match value {
        Yaml::Map(entries) if !entries.is_empty() => {
            out.push('\n');
            write_map(out, entries, depth + 1, false);
        }
        // A list stands under its key without deeper indentation.
        Yaml::Seq(items) if !items.is_empty() => {
            out.push('\n');
            write_seq(out, items, depth);
        }
        other => {
            out.push(' ');
            write_inline(out, other, depth);
            out.push('\n');
        }
    }
}

fn write_seq(out: &mut String, items: &[Yaml], depth: usize) {
    for item in items {
        indent(out, depth);
        out.push_str("- ");
        match item {
            Yaml::Map(entries) if !entries.is_empty() => write_map(out, entries, depth + 1, true),
            Yaml::Seq(inner) if !inner.is_empty() => {
                // A list in a list begins on the line of the outer dash.
                let mut nested = String::new();
                write_seq(&mut nested, inner, depth + 1);
                out.push_str(nested.trim_start());
            }
            other => {
                write_inline(out, other, depth);
                out.push('\n');
            }
        }
    }
}

fn write_inline(out: &mut String, value: &Yaml, depth: usize) {
    match value {
        Yaml::Plain(text) => out.push_str(text),
        Yaml::Text(text) => write_text(out, text, depth),
        Yaml::Flow(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write_flow_text(out, item);
            }
            out.push(']');
        }
        Yaml::Seq(_) => out.push_str("[]"),
        Yaml::Map(_) => out.push_str("{}"),
    }
}

fn write_flow_text(out: &mut String, text: &str) {
    let plain = is_plain(text) && !text.contains([',', '[', ']', '{', '}']);
    if plain { out.push_str(text) } else { write_double_quoted(out, text) }
}

fn write_text(out: &mut String, text: &str, depth: usize) {
    if is_plain(text) {
        out.push_str(text);
    } else if is_block(text) {
        write_block(out, text, depth);
    } else if scalar::looks_like_more(text) || text.chars().any(|c| c.is_control()) {
        write_double_quoted(out, text);
    } else {
        // Single quotes: nothing is escaped but the quote itself.
        out.push('\'');
        out.push_str(&text.replace('\'', "''"));
        out.push('\'');
    }
}

/// Whether a text may stand as it is and reads back as the same text.
fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let begins_well = !"-?:,[]{}#&*!|>'\"%@`".contains(first)
        || (first == '-' && text.len() > 1 && !text.starts_with("- ") && !text.starts_with("---"));
    begins_well
        && !text.starts_with(' ')
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text
            .chars()
            .any(|c| c.is_control() || c == '\u{feff}' || c == '\u{2028}' || c == '\u{2029}' || c == '\u{85}')
        && !text.starts_with("...")
        && !scalar::looks_like_more(text)
}

/// Several lines, each printable as it is.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && !text.chars().any(|c| {
            (c.is_control() && c != '\n')
                || c == '\u{feff}'
                || c == '\u{2028}'
                || c == '\u{2029}'
                || c == '\u{85}'
        })
        && !text.lines().any(|l| l.ends_with(' '))
}

fn write_block(out: &mut String, text: &str, depth: usize) {
    let trailing = text.len() - text.trim_end_matches('\n').len();
    out.push_str(match trailing {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            indent(out, depth + 1);
            out.push_str(line);
        }
    }
}

fn write_double_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || c == '\u{feff}' || c == '\u{2028}' || c == '\u{2029}' => {
                write!(out, "\\u{:04x}", c as u32).expect("writing to a string");
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::node::parse;
    use proptest::prelude::*;

    #[test]
    fn quotes_only_where_it_must() {
        let print = |t: &str| Yaml::Text(t.to_owned()).to_document();
        assert_eq!(print("http://a:9/x"), "http://a:9/x\n");
        assert_eq!(print("<secret>"), "<secret>\n");
        assert_eq!(print("123"), "\"123\"\n");
        assert_eq!(print("true"), "\"true\"\n");
        assert_eq!(print("a: b"), "'a: b'\n");
        assert_eq!(print("*x"), "'*x'\n");
        assert_eq!(print("a\nb"), "|-\n  a\n  b\n");
    }

    #[test]
    fn lays_out_like_the_original() {
        let doc = Yaml::Map(vec![
            (
                "a".into(),
                Yaml::Seq(vec![Yaml::Map(vec![
                    ("b".into(), Yaml::Plain("1".into())),
                    ("c".into(), Yaml::Seq(vec![])),
                ])]),
            ),
            ("d".into(), Yaml::Map(vec![("e".into(), Yaml::Flow(vec!["x".into(), "z".into()]))])),
        ]);
        assert_eq!(doc.to_document(), "a:\n- b: 1\n  c: []\nd:\n  e: [x, z]\n");
    }

    proptest! {
        #[test]
        fn any_text_reads_back(text in "\\PC{0,30}|[ -~\n\t\\\\\"':#-]{0,20}|[0-9a-z.:_+-]{0,8}") {
            let doc = Yaml::Map(vec![
                ("k".into(), Yaml::Text(text.clone())),
                ("l".into(), Yaml::Seq(vec![Yaml::Text(text.clone())])),
                ("f".into(), Yaml::Flow(vec![text.clone()])),
            ]).to_document();
            let node = parse(&doc).map_err(|e| TestCaseError::fail(format!("{e:?} in {doc}")))?;
            for key in ["k", "l", "f"] {
                let mut value = node.get(key).unwrap();
                if let crate::yaml::Kind::Seq(items) = &value.kind { value = &items[0]; }
                prop_assert_eq!(value.scalar_text(), Some(text.as_str()), "{} in {:?}", key, doc);
                prop_assert!(!value.is_null());
            }
        }
    }
}
