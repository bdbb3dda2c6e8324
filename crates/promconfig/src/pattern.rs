//! Regular expressions in Go's syntax (RE2), compiled with Rust's, whose syntax differs in a few places.
//!
//! An expression is anchored at both ends and the dot matches line feeds, as Prometheus has it.

use crate::yaml::{Node, Reader, Value, Yaml};
use std::fmt;

/// A compiled expression may take this much memory: ten times the `regex` crate's default.
const REGEX_BYTES_MAX: usize = 100 << 20;

/// An anchored regular expression with the text it was made from. Cloning is cheap.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    regex: regex::Regex,
}

impl Pattern {
    /// Compiles Go syntax. The error is of the form `error parsing regexp: …`.
    pub fn new(text: &str) -> Result<Pattern, String> {
        let fail = |why: String| format!("error parsing regexp: {why}: `{text}`");
        let translated = translate(text).map_err(fail)?;
        // Compiled apart first: a stray parenthesis must not close the group that anchors.
        regex_syntax::ParserBuilder::new()
            .dot_matches_new_line(true)
            .build()
            .parse(&translated)
            .map_err(|e| fail(last_line(&e.to_string())))?;
        let regex = regex::RegexBuilder::new(&format!("^(?s:{translated})$"))
            .size_limit(REGEX_BYTES_MAX)
            .build()
            .map_err(|e| fail(last_line(&e.to_string())))?;
        Ok(Pattern { text: text.to_owned(), regex })
    }

    /// The expression as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The compiled expression, anchored at both ends. Its replacement templates (`$1`, `${name}`) are Go's.
    pub fn regex(&self) -> &regex::Regex {
        &self.regex
    }

    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.text == other.text
    }
}
impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.text)
    }
}

/// Null and absent expressions differ: null is the empty one.
impl Value for Pattern {
    fn zero() -> Pattern {
        Pattern::new("").expect("the empty expression compiles")
    }

    fn is_zero(&self) -> bool {
        false
    }

    fn read(&mut self, node: &Node, reader: &mut Reader) {
        let Some(text) = reader.text(node) else { return };
        match Pattern::new(&text) {
            Ok(pattern) => *self = pattern,
            Err(reason) => reader.fault(node, reason),
        }
    }

    fn print(&self) -> Yaml {
        Yaml::Text(self.text.clone())
    }
}

/// The last line of a multi-line report of the `regex` crate says what is wrong.
fn last_line(report: &str) -> String {
    report.lines().last().unwrap_or(report).trim_start_matches("error: ").to_owned()
}

/// Go's syntax in Rust's: what differs is rewritten, what only Rust knows is refused.
fn translate(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    // Inside brackets, and how many characters of the class came before.
    let mut class: Option<usize> = None;
    while let Some(c) = chars.next() {
        if c == '\\' {
            let Some(escaped) = chars.next() else {
                return Err("trailing backslash at end of expression".into());
            };
            if escaped == 'Q' && class.is_none() {
                quote(&mut chars, &mut out);
            } else {
                escape(escaped, class.is_some(), &mut out)?;
            }
            class = class.map(|n| n + 1);
            continue;
        }
        match (class, c) {
            (None, '[') => {
                out.push('[');
                class = Some(0);
                if chars.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
            }
            (None, '(') => {
                check_flags(&chars)?;
                out.push('(');
            }
            (None, '{') => brace(&mut chars, &mut out),
            (None, '}') => out.push_str("\\}"),
            (Some(n), ']') if n > 0 => {
                out.push(']');
                class = None;
            }
            (Some(n), '[') if chars.peek() == Some(&':') => {
                posix_class(&mut chars, &mut out);
                class = Some(n + 1);
            }
            (Some(n), c) => {
                // In Rust these begin nested classes and set operations; in Go they are themselves.
                if matches!(c, '[' | ']' | '&' | '~') {
                    out.push('\\');
                }
                out.push(c);
                class = Some(n + 1);
            }
            (None, c) => out.push(c),
        }
    }
    Ok(out)
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// After a parenthesis: Go knows the flags i, m, s and U, Rust more.
fn check_flags(chars: &Chars<'_>) -> Result<(), String> {
    let mut ahead = chars.clone();
    if ahead.next() != Some('?') {
        return Ok(());
    }
    let flags: String =
        ahead.take_while(|c| c.is_ascii_lowercase() || *c == 'U' || *c == 'R' || *c == '-').collect();
    match flags.chars().find(|c| !"imsU-".contains(*c)) {
        Some(_) => Err("invalid or unsupported Perl syntax".to_owned()),
        None => Ok(()),
    }
}

/// `\Q…\E`: literal text.
fn quote(chars: &mut Chars<'_>, out: &mut String) {
    let mut literal = String::new();
    for c in chars.by_ref() {
        literal.push(c);
        if literal.ends_with("\\E") {
            literal.truncate(literal.len() - 2);
            break;
        }
    }
    out.push_str(&regex::escape(&literal));
}

fn escape(c: char, in_class: bool, out: &mut String) -> Result<(), String> {
    match c {
        // ASCII classes in Go, Unicode classes in Rust.
        'd' => out.push_str(if in_class { "0-9" } else { "[0-9]" }),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str(if in_class { "0-9A-Za-z_" } else { "[0-9A-Za-z_]" }),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str(if in_class { "\\t\\n\\f\\r " } else { "[\\t\\n\\f\\r ]" }),
        'S' => out.push_str("[^\\t\\n\\f\\r ]"),
        'b' if !in_class => out.push_str("(?-u:\\b)"),
        'B' if !in_class => out.push_str("(?-u:\\B)"),
        // A single byte in Go; on UTF-8 text the nearest is a character.
        'C' if !in_class => out.push_str("(?s:.)"),
        // Word boundaries in Rust; in Go, as every punctuation, themselves.
        '<' | '>' => out.push(c),
        'Z' | 'G' | 'K' | 'R' | 'X' | 'h' | 'H' | 'u' | 'U' => {
            return Err(format!("invalid escape sequence \\{c}"));
        }
        '0'..='7' => return octal(c, out),
        '8' | '9' => return Err(format!("invalid escape sequence \\{c}")),
        _ => {
            out.push('\\');
            out.push(c);
        }
    }
    Ok(())
}

/// `\0`, and no back references.
fn octal(c: char, out: &mut String) -> Result<(), String> {
    if c == '0' {
        out.push_str("\\x00");
        return Ok(());
    }
    Err(format!("invalid escape sequence \\{c}"))
}

/// A repetition such as `{2,3}` stays; any other brace is literal in Go.
fn brace(chars: &mut Chars<'_>, out: &mut String) {
    let ahead: String = chars.clone().take_while(|c| *c != '}').collect();
    let closed = chars.clone().any(|c| c == '}');
    let (min, max) = ahead.split_once(',').unwrap_or((&ahead, "0"));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if closed && !min.is_empty() && digits(min) && digits(max) {
        out.push('{');
        out.push_str(&ahead);
        out.push('}');
        for _ in 0..=ahead.chars().count() {
            chars.next();
        }
    } else {
        out.push_str("\\{");
    }
}

/// `[:alpha:]` within a class.
fn posix_class(chars: &mut Chars<'_>, out: &mut String) {
    let ahead: String = chars.clone().take_while(|c| *c != ']').collect();
    let name = ahead.trim_matches(':').trim_start_matches('^');
    let is_class = ahead.len() > 2 && ahead.ends_with(':') && name.bytes().all(|b| b.is_ascii_lowercase());
    if !is_class {
        out.push_str("\\[");
        return;
    }
    out.push('[');
    out.push_str(&ahead);
    out.push(']');
    for _ in 0..=ahead.chars().count() {
        chars.next();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).unwrap_or_else(|e| panic!("{e}")).is_match(text)
    }

    #[test]
    fn is_anchored_and_the_dot_takes_line_feeds() {
        assert!(
            matches("a.c", "a\nc") && !matches("b", "abc") && matches("a|b", "b") && !matches("a|b", "ab")
        );
        assert!(matches("(?P<x>a)(?<y>b)", "ab"));
    }

    #[test]
    fn follows_go_where_rust_differs() {
        assert!(matches(r"\d+", "12") && !matches(r"\d", "٣"));
        assert!(matches(r"a\z", "a") && matches(r"\Qa.b\E+", "a.b") && !matches(r"\Qa.b\E", "axb"));
        assert!(
            matches("a{", "a{") && matches("a{,2}", "a{,2}") && matches("a{2}", "aa") && matches("}", "}")
        );
        assert!(
            matches("[[:alpha:]]+", "ab")
                && matches("[a&&b]+", "&&ab")
                && matches("[]a]", "]")
                && matches("[[a]", "[")
        );
        assert!(matches(r"[\w.-]+", "a-b.c") && matches(r"[^\s]", "x") && matches(r"\C", "x"));
        assert!(matches(r"\pL+", "é") && matches(r"\<a\>", "<a>") && matches(r"\/\_\-", "/_-"));
        assert!(matches(r"a\b.b", "a-b") && !matches(r"a.\Bb", "a-b") && matches(r"a\Bb", "ab"));
        assert!(matches("(?i)AB(?-i:c)", "abc") && matches("(?U)a+", "aa"));
    }

    #[test]
    fn refuses_what_go_refuses() {
        for bad in ["a(", "a)", "*a", r"(a)\1", r"\Z", "(?=a)", "(?x) a", "[b-a]", "a\\", "[a"] {
            assert!(Pattern::new(bad).unwrap_err().starts_with("error parsing regexp"), "{bad}");
        }
    }
}
