//! Label matchers: `=`, `!=`, `=~`, `!~`, anchored at both ends as in Prometheus.
//!
//! A regular expression is taken apart when the matcher is made: an alternation of literals becomes a set, a
//! literal prefix is checked before the automaton runs. Indexes ask [`Matcher::literals`] and [`Matcher::prefix`]
//! to look values up instead of testing each.

use regex::Regex;
use regex_syntax::hir::{Hir, HirKind};
use std::fmt;
use std::sync::Arc;

/// Literal alternatives past this many are left to the automaton.
const LITERALS_MAX: usize = 4096;
/// A compiled expression may take this much memory: ten times the `regex` crate's default, which real
/// dashboards with thousands of pod names reach.
const REGEX_BYTES_MAX: usize = 100 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MatchOp {
    Equal,
    NotEqual,
    Regex,
    NotRegex,
}

impl MatchOp {
    pub fn as_str(self) -> &'static str {
        match self {
            MatchOp::Equal => "=",
            MatchOp::NotEqual => "!=",
            MatchOp::Regex => "=~",
            MatchOp::NotRegex => "!~",
        }
    }
}

/// A regular expression that cannot be compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct MatcherError {
    pub pattern: String,
    pub reason: String,
}

impl fmt::Display for MatcherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error parsing regexp {:?}: {}", self.pattern, self.reason)
    }
}
impl std::error::Error for MatcherError {}

/// One label matcher. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Matcher {
    name: Arc<str>,
    op: MatchOp,
    value: Arc<str>,
    pattern: Option<Arc<Pattern>>,
}

#[derive(Debug)]
struct Pattern {
    regex: Regex,
    /// All strings it matches, sorted, when they are few and finite.
    literals: Option<Vec<String>>,
    /// What every match begins with.
    prefix: String,
    /// The whole is `prefix.*`.
    prefix_only: bool,
}

impl Matcher {
    pub fn new(name: &str, op: MatchOp, value: &str) -> Result<Matcher, MatcherError> {
        let pattern = match op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Regex | MatchOp::NotRegex => Some(Arc::new(Pattern::new(value)?)),
        };
        Ok(Matcher { name: name.into(), op, value: value.into(), pattern })
    }

    /// `name="value"`
    pub fn equal(name: &str, value: &str) -> Matcher {
        Matcher { name: name.into(), op: MatchOp::Equal, value: value.into(), pattern: None }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn op(&self) -> MatchOp {
        self.op
    }

    /// The value or pattern as written.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether a label with this value passes; an absent label has the value `""`.
    pub fn matches(&self, value: &str) -> bool {
        match (self.op, &self.pattern) {
            (MatchOp::Equal, _) => *self.value == *value,
            (MatchOp::NotEqual, _) => *self.value != *value,
            (MatchOp::Regex, Some(p)) => p.matches(value),
            (MatchOp::NotRegex, Some(p)) => !p.matches(value),
            (_, None) => unreachable!("a regex matcher has a pattern"),
        }
    }

    /// Whether a series without the label passes.
    pub fn matches_empty(&self) -> bool {
        self.matches("")
    }

    /// The sorted, finite set of values that the positive form (`=`, `=~`) matches, if it has one. For the
    /// negative forms it is the set of values that are excluded.
    pub fn literals(&self) -> Option<Vec<&str>> {
        match &self.pattern {
            None => Some(vec![&*self.value]),
            Some(p) => p.literals.as_ref().map(|l| l.iter().map(String::as_str).collect()),
        }
    }

    /// What every value that the pattern matches begins with; `""` when nothing is known.
    pub fn prefix(&self) -> &str {
        match &self.pattern {
            None => &self.value,
            Some(p) => &p.prefix,
        }
    }

    /// The matcher with the opposite operator.
    pub fn inverse(&self) -> Matcher {
        let op = match self.op {
            MatchOp::Equal => MatchOp::NotEqual,
            MatchOp::NotEqual => MatchOp::Equal,
            MatchOp::Regex => MatchOp::NotRegex,
            MatchOp::NotRegex => MatchOp::Regex,
        };
        Matcher { op, ..self.clone() }
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Matcher) -> bool {
        self.op == other.op && self.name == other.name && self.value == other.value
    }
}
impl Eq for Matcher {}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (op, value) = (self.op.as_str(), &*self.value);
        if crate::labels::is_legacy_label_name(&self.name) {
            write!(f, "{}{op}{value:?}", self.name)
        } else {
            write!(f, "{:?}{op}{value:?}", &*self.name)
        }
    }
}

impl Pattern {
    fn new(pattern: &str) -> Result<Pattern, MatcherError> {
        let fail = |reason: String| MatcherError { pattern: pattern.to_owned(), reason };
        // Prometheus compiles `^(?s:PATTERN)$`: anchored, and the dot matches a line feed too.
        let hir = regex_syntax::ParserBuilder::new()
            .dot_matches_new_line(true)
            .build()
            .parse(pattern)
            .map_err(|e| fail(one_line(&e.to_string())))?;
        let regex = regex::RegexBuilder::new(&format!("^(?s:{pattern})$"))
            .size_limit(REGEX_BYTES_MAX)
            .build()
            .map_err(|e| fail(one_line(&e.to_string())))?;
        let literals = literals_of(&hir).map(|mut l| {
            l.sort();
            l.dedup();
            l
        });
        let (prefix, prefix_only) = prefix_of(&hir);
        Ok(Pattern { regex, literals, prefix, prefix_only })
    }

    fn matches(&self, value: &str) -> bool {
        if let Some(literals) = &self.literals {
            return literals.binary_search_by(|l| l.as_str().cmp(value)).is_ok();
        }
        value.starts_with(&self.prefix) && (self.prefix_only || self.regex.is_match(value))
    }
}

/// The last line of a multi-line report of the `regex` crate says what is wrong.
fn one_line(report: &str) -> String {
    report.lines().last().unwrap_or(report).trim_start_matches("error: ").to_owned()
}

/// All strings that the expression matches, if they are few.
fn literals_of(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Empty => Some(vec![String::new()]),
        HirKind::Literal(l) => Some(vec![String::from_utf8(l.0.to_vec()).ok()?]),
        HirKind::Capture(c) => literals_of(&c.sub),
        HirKind::Class(regex_syntax::hir::Class::Unicode(class)) => {
            let count: u64 = class.ranges().iter().map(|r| r.end() as u64 - r.start() as u64 + 1).sum();
            if count > 16 {
                return None;
            }
            Some(class.ranges().iter().flat_map(|r| (r.start()..=r.end()).map(String::from)).collect())
        }
        HirKind::Repetition(r) if r.min == 0 && r.max == Some(1) => {
            let mut all = literals_of(&r.sub)?;
            all.push(String::new());
            Some(all)
        }
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(literals_of(part)?);
                if all.len() > LITERALS_MAX {
                    return None;
                }
            }
            Some(all)
        }
        HirKind::Concat(parts) => {
            let mut all = vec![String::new()];
            for part in parts {
                let tails = literals_of(part)?;
                if all.len() * tails.len() > LITERALS_MAX {
                    return None;
                }
                all = all.iter().flat_map(|a| tails.iter().map(move |t| format!("{a}{t}"))).collect();
            }
            Some(all)
        }
        _ => None,
    }
}

/// The literal that every match begins with, and whether anything may follow it.
fn prefix_of(hir: &Hir) -> (String, bool) {
    match hir.kind() {
        HirKind::Literal(l) => (String::from_utf8(l.0.to_vec()).unwrap_or_default(), false),
        HirKind::Capture(c) => prefix_of(&c.sub),
        HirKind::Concat(parts) => {
            let mut prefix = String::new();
            for (i, part) in parts.iter().enumerate() {
                match part.kind() {
                    HirKind::Literal(l) => match std::str::from_utf8(&l.0) {
                        Ok(s) => prefix.push_str(s),
                        Err(_) => return (prefix, false),
                    },
                    _ => return (prefix, i + 1 == parts.len() && is_anything(part)),
                }
            }
            (prefix, false)
        }
        _ => (String::new(), is_anything(hir)),
    }
}

/// `.*` with the dot matching every character.
fn is_anything(hir: &Hir) -> bool {
    let HirKind::Repetition(r) = hir.kind() else { return false };
    let HirKind::Class(regex_syntax::hir::Class::Unicode(class)) = r.sub.kind() else { return false };
    r.min == 0
        && r.max.is_none()
        && class.ranges().len() == 1
        && class.ranges()[0].start() == '\0'
        && class.ranges()[0].end() == char::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex(p: &str) -> Matcher {
        Matcher::new("a", MatchOp::Regex, p).unwrap()
    }

    #[test]
    fn anchors_at_both_ends() {
        assert!(
            regex("b.d").matches("bcd") && !regex("b.d").matches("abcd") && !regex("b.d").matches("bcde")
        );
        assert!(regex("b.*").matches("b\n"));
        assert!(regex("a|b").matches("a") && !regex("a|b").matches("ab"));
    }

    #[test]
    fn finds_literals_and_prefixes() {
        assert_eq!(regex("foo|bar").literals().unwrap(), ["bar", "foo"]);
        assert_eq!(regex("fo(o|x)").literals().unwrap(), ["foo", "fox"]);
        assert_eq!(regex("node-.*").prefix(), "node-");
        assert_eq!(regex("node-.*").literals(), None);
        assert_eq!(regex("").literals().unwrap(), [""]);
        assert_eq!(regex("(?i)ab").prefix(), "");
        assert!(regex("(?i)ab").matches("aB"));
        assert_eq!(regex("[0-9]+x").prefix(), "");
    }

    #[test]
    fn says_what_is_wrong() {
        let e = Matcher::new("a", MatchOp::Regex, "a(").unwrap_err();
        assert!(e.to_string().contains("unclosed group"), "{e}");
    }
}
