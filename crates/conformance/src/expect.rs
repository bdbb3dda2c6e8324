//! What an `expect` line asks of errors, annotations and order.

use regex::Regex;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ordered,
    Fail,
    Warn,
    NoWarn,
    Info,
    NoInfo,
}

/// One `expect` line.
#[derive(Clone, Debug)]
pub struct Expectation {
    pub kind: Kind,
    text: Text,
}

#[derive(Clone, Debug)]
enum Text {
    Any,
    Exactly(String),
    Matching(Regex),
}

impl Expectation {
    pub fn any(kind: Kind) -> Expectation {
        Expectation { kind, text: Text::Any }
    }

    pub fn matches(&self, text: &str) -> bool {
        match &self.text {
            Text::Any => true,
            Text::Exactly(wanted) => wanted == text,
            Text::Matching(pattern) => pattern.is_match(text),
        }
    }

    /// What it asks for, in words.
    pub fn describe(&self) -> String {
        match &self.text {
            Text::Any => "anything".to_owned(),
            Text::Exactly(text) => format!("{text:?}"),
            Text::Matching(pattern) => format!("/{pattern}/"),
        }
    }
}

/// Reads `expect KIND [msg:TEXT|regex:PATTERN]`, or the older `expected_fail_message` and `expected_fail_regexp`.
/// `None` for any other line.
pub fn parse_expectation(line: &str) -> Result<Option<Expectation>, String> {
    if let Some(text) = line.strip_prefix("expected_fail_message") {
        return Ok(Some(Expectation { kind: Kind::Fail, text: Text::Exactly(text.trim().to_owned()) }));
    }
    if let Some(pattern) = line.strip_prefix("expected_fail_regexp") {
        return Ok(Some(Expectation { kind: Kind::Fail, text: matching(pattern.trim())? }));
    }
    let Some(rest) = line.strip_prefix("expect ") else { return Ok(None) };
    let rest = rest.trim();
    let (word, detail) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    let kind = match word {
        "ordered" => Kind::Ordered,
        "fail" => Kind::Fail,
        "warn" => Kind::Warn,
        "no_warn" => Kind::NoWarn,
        "info" => Kind::Info,
        "no_info" => Kind::NoInfo,
        _ => return Err(format!("invalid expected error/annotation type {word:?}")),
    };
    let detail = detail.trim();
    let text = if detail.is_empty() {
        Text::Any
    } else if let Some(text) = detail.strip_prefix("msg:") {
        Text::Exactly(text.trim().to_owned())
    } else if let Some(pattern) = detail.strip_prefix("regex:") {
        matching(pattern.trim())?
    } else {
        return Err(
            "invalid expect statement, must match `expect <type> <match_type>: <string>` format".to_owned()
        );
    };
    Ok(Some(Expectation { kind, text }))
}

fn matching(pattern: &str) -> Result<Text, String> {
    Regex::new(pattern).map(Text::Matching).map_err(|e| format!("invalid regex {pattern:?}: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read() {
        let read = |line: &str| parse_expectation(line).unwrap().unwrap();
        assert_eq!(read("expect ordered").kind, Kind::Ordered);
        let e = read("expect warn msg: a (1:2)");
        assert!(e.kind == Kind::Warn && e.matches("a (1:2)") && !e.matches("a"));
        let e = read("expect fail regex:a|b");
        assert!(e.kind == Kind::Fail && e.matches("xbx") && !e.matches("c"));
        let e = read("expected_fail_message no such thing");
        assert!(e.kind == Kind::Fail && e.matches("no such thing"));
        assert!(parse_expectation("expected 5").unwrap().is_none());
        assert!(parse_expectation("expect{} 5").unwrap().is_none());
        for bad in ["expect nothing", "expect fail text:x", "expect fail regex:("] {
            assert!(parse_expectation(bad).is_err(), "{bad}");
        }
    }
}
