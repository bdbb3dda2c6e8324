//! Templates that captured groups are put into: `$1`, `${1}`, `$name`, `$$`.
//!
//! The rules are those of Go's `Regexp.Expand`: a name is as long as letters, digits and underscores go, so that
//! `$1x` means the group called `1x`; a group that is not there is empty; a dollar that begins no name stands for
//! itself.

use regex::{Captures, Regex};
use std::borrow::Cow;

#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Literal(String),
    /// Index of a group that exists.
    Group(usize),
}

impl Template {
    pub fn compile(text: &str, pattern: &Regex) -> Template {
        let mut template = Template { parts: Vec::new() };
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            template.push(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(tail) = rest.strip_prefix('$') {
                template.push("$");
                rest = tail;
            } else if let Some((name, tail)) = name(rest) {
                if let Some(index) = group(name, pattern) {
                    template.parts.push(Part::Group(index));
                }
                rest = tail;
            } else {
                template.push("$");
            }
        }
        template.push(rest);
        template
    }

    /// The text, when nothing is put into it.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    pub fn expand<'a>(&'a self, captures: &Captures<'a>) -> Cow<'a, str> {
        let get = |index: usize| captures.get(index).map_or("", |m| m.as_str());
        match self.parts.as_slice() {
            [] => Cow::Borrowed(""),
            [Part::Literal(text)] => Cow::Borrowed(text),
            [Part::Group(index)] => Cow::Borrowed(get(*index)),
            parts => {
                let mut text = String::new();
                for part in parts {
                    text.push_str(match part {
                        Part::Literal(text) => text,
                        Part::Group(index) => get(*index),
                    });
                }
                Cow::Owned(text)
            }
        }
    }

    fn push(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.parts.last_mut() {
            Some(Part::Literal(last)) => last.push_str(text),
            _ => self.parts.push(Part::Literal(text.to_owned())),
        }
    }
}

/// The name after a dollar, and what follows it.
fn name(text: &str) -> Option<(&str, &str)> {
    let (inside, braced) = match text.strip_prefix('{') {
        Some(inside) => (inside, true),
        None => (text, false),
    };
    let end = inside.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inside.len());
    let (name, tail) = inside.split_at(end);
    let tail = if braced { tail.strip_prefix('}')? } else { tail };
    (!name.is_empty()).then_some((name, tail))
}

/// The group of a name or number, if the expression has it.
fn group(name: &str, pattern: &Regex) -> Option<usize> {
    let numeric = name.bytes().all(|b| b.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    if numeric {
        return name.parse().ok().filter(|index| *index < pattern.captures_len());
    }
    pattern.capture_names().position(|n| n == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, want: &str) {
        let pattern = Regex::new("^(?s:(a+)(?P<bs>b*))$").unwrap();
        let captures = pattern.captures("aabb").unwrap();
        assert_eq!(Template::compile(template, &pattern).expand(&captures), want, "{template}");
    }

    #[test]
    fn expands_as_go_does() {
        check("", "");
        check("x", "x");
        check("$1", "aa");
        check("${1}x$bs", "aaxbb");
        check("$0", "aabb");
        check("$1x", "");
        check("${1}x", "aax");
        check("$3-${nope}", "-");
        check("$01", "");
        check("$$1", "$1");
        check("$", "$");
        check("a$ b", "a$ b");
        check("${1", "${1");
        check("${}", "${}");
        check("${a b}", "${a b}");
    }

    #[test]
    fn knows_literals() {
        let pattern = Regex::new("(.*)").unwrap();
        let literal = |t: &str| Template::compile(t, &pattern).as_literal().map(str::to_owned);
        assert_eq!(literal("a$$b").as_deref(), Some("a$b"));
        assert_eq!(literal("$9").as_deref(), Some(""));
        assert_eq!(literal("a$1"), None);
    }
}
