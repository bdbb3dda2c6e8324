//! Looking for words, phrases, wildcards and expressions in one text.
//!
//! A word is found as a whole: what is a token character (a letter, a digit, `_`) at an edge of what is looked for has
//! no token character beside it in the text, unless it is of a script that sets no spaces between words. Letters match in any case: two characters are the same when their lower
//! case is. Both rules are those of the token filters in the files, so that leaving out pages by their tokens never
//! loses a match.
//!
//! Why not a library: of what is looked for nearly all is ASCII words, and a scan for one rare byte with a check around
//! it reads several GB a second, with nothing compiled.

use crate::lang::{Pattern, PatternPart, TextTest};
use regex::{Regex, RegexBuilder};
use std::fmt::Write;

/// A compiled expression of a query at most: some thousand states.
const REGEX_SIZE_MAX: usize = 1 << 20;
/// The lazy automaton of one thread at most.
const REGEX_DFA_MAX: usize = 4 << 20;
/// Parentheses in an expression.
const REGEX_NEST_MAX: u32 = 60;

/// Compiles an expression as it was written; why not, in a line.
pub(crate) fn regex(expression: &str) -> Result<Regex, String> {
    RegexBuilder::new(expression)
        .size_limit(REGEX_SIZE_MAX)
        .dfa_size_limit(REGEX_DFA_MAX)
        .nest_limit(REGEX_NEST_MAX)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "it is too large when compiled".to_owned(),
            error => {
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default();
                last.strip_prefix("error: ").unwrap_or(last).to_owned()
            }
        })
}

/// Adds to a string, which does not fail.
pub(crate) fn put(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(arguments);
}

/// Whether a character is of a script that sets no spaces between words, or joins particles to them: Thai, Lao, Burmese,
/// Khmer, kana, Han and Hangul. What ends with one ends nowhere in particular.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x31F0..=0x31FF | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF | 0xAC00..=0xD7AF | 0xF900..=0xFAFF | 0xFF66..=0xFF9F | 0x20000..=0x3FFFF)
}

/// A character at the edge of what is looked for, beside which no other of a word may stand.
fn is_word_edge(c: char) -> bool {
    is_token_char(c) && !is_unspaced(c)
}

/// Whether JSON writes a key as it is, whoever writes it: others may come with escapes.
pub(crate) fn is_bare_in_json(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b' '))
}

pub(crate) fn is_token_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Looks in a text for what stands anywhere in it.
#[derive(Debug)]
pub(crate) enum TextMatcher {
    Needle(Needle),
    Regex(Box<Regex>),
}

impl TextMatcher {
    /// Fails when the expression does, which the parser has tried before.
    pub fn new(test: &TextTest) -> Result<TextMatcher, String> {
        match test {
            TextTest::Word(pattern) => TextMatcher::pattern(pattern),
            TextTest::Phrase(text) => {
                TextMatcher::pattern(&Pattern(vec![PatternPart::Literal(text.clone())]))
            }
            TextTest::Regex(expression) => Ok(TextMatcher::Regex(Box::new(regex(expression)?))),
        }
    }

    fn pattern(pattern: &Pattern) -> Result<TextMatcher, String> {
        if let Some(needle) = Needle::of(pattern) {
            return Ok(TextMatcher::Needle(needle));
        }
        let mut expression = String::new();
        let (first, last) = (pattern.0.first(), pattern.0.last());
        if let Some(PatternPart::Literal(text)) = first
            && text.starts_with(is_word_edge)
        {
            expression.push_str(r"(?:^|[^\p{Alphabetic}\p{N}_])");
        }
        for part in &pattern.0 {
            match part {
                PatternPart::Literal(text) => text.chars().for_each(|c| push_any_case(&mut expression, c)),
                PatternPart::Many => expression.push_str(r"\S*"),
                PatternPart::One => expression.push_str(r"\S"),
            }
        }
        if let Some(PatternPart::Literal(text)) = last
            && text.ends_with(is_word_edge)
        {
            expression.push_str(r"(?:$|[^\p{Alphabetic}\p{N}_])");
        }
        Ok(TextMatcher::Regex(Box::new(regex(&expression)?)))
    }

    pub fn matches(&self, text: &str) -> bool {
        match self {
            TextMatcher::Needle(needle) => needle.matches(text),
            TextMatcher::Regex(regex) => regex.is_match(text),
        }
    }
}

/// Adds a character of any case to an expression.
fn push_any_case(expression: &mut String, c: char) {
    let lower = single(c.to_lowercase()).unwrap_or(c);
    let upper = single(lower.to_uppercase()).filter(|upper| single(upper.to_lowercase()) == Some(lower));
    expression.push('[');
    for c in [Some(lower), upper, Some(c)].into_iter().flatten() {
        put(expression, format_args!("\\x{{{:x}}}", c as u32));
    }
    expression.push(']');
}

fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}

/// An ASCII text that is looked for.
#[derive(Debug)]
pub(crate) struct Needle {
    lower: Box<[u8]>,
    /// Where in it the byte is that is scanned for, and that byte in both cases.
    rare_at: usize,
    rare: (u8, u8),
    /// No token character may stand before or behind.
    whole_start: bool,
    whole_end: bool,
}

impl Needle {
    /// What a pattern looks for when that is one ASCII text, with a `*` before or behind it or without.
    fn of(pattern: &Pattern) -> Option<Needle> {
        let (open_start, text, open_end) = match pattern.0.as_slice() {
            [PatternPart::Literal(text)] => (false, text, false),
            [PatternPart::Literal(text), PatternPart::Many] => (false, text, true),
            [PatternPart::Many, PatternPart::Literal(text)] => (true, text, false),
            [PatternPart::Many, PatternPart::Literal(text), PatternPart::Many] => (true, text, true),
            _ => return None,
        };
        if !text.is_ascii() || text.is_empty() {
            return None;
        }
        let lower = text.to_ascii_lowercase().into_bytes().into_boxed_slice();
        let rare_at = (0..lower.len()).min_by_key(|at| commonness(lower[*at]))?;
        let rare = lower[rare_at];
        Some(Needle {
            rare_at,
            rare: (rare, rare.to_ascii_uppercase()),
            whole_start: !open_start && text.starts_with(is_token_char),
            whole_end: !open_end && text.ends_with(is_token_char),
            lower,
        })
    }

    fn matches(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        if bytes.len() < self.lower.len() {
            return false;
        }
        // The scanned byte can stand nowhere else in a match.
        let last = bytes.len() - (self.lower.len() - 1 - self.rare_at);
        let mut from = self.rare_at;
        while from < last {
            let Some(found) = memchr::memchr2(self.rare.0, self.rare.1, &bytes[from..last]) else {
                return false;
            };
            let start = from + found - self.rare_at;
            let end = start + self.lower.len();
            if bytes[start..end].eq_ignore_ascii_case(&self.lower) && self.edges_hold(text, start, end) {
                return true;
            }
            from += found + 1;
        }
        false
    }

    fn edges_hold(&self, text: &str, start: usize, end: usize) -> bool {
        // ASCII bytes are characters of their own, so both ends are character boundaries.
        (!self.whole_start || !text[..start].chars().next_back().is_some_and(is_token_char))
            && (!self.whole_end || !text[end..].chars().next().is_some_and(is_token_char))
    }
}

/// How common a lower-case byte is in log lines, roughly: a rare one makes few stops.
fn commonness(byte: u8) -> u8 {
    const BY_FREQUENCY: &[u8] = b" etaoinsrlcdup0mgf1hy-b/w.2:v34=k56789_,xjqz";
    let at = BY_FREQUENCY.iter().position(|common| *common == byte);
    at.map_or(0, |at| (BY_FREQUENCY.len() - at) as u8)
}

/// Compares whole values.
#[derive(Debug)]
pub(crate) enum ValueMatcher {
    /// In any case.
    Same(String),
    Regex(Box<Regex>),
}

impl ValueMatcher {
    pub fn new(test: &TextTest) -> Result<ValueMatcher, String> {
        let pattern = match test {
            TextTest::Phrase(text) => return Ok(ValueMatcher::Same(text.clone())),
            TextTest::Regex(expression) => return Ok(ValueMatcher::Regex(Box::new(regex(expression)?))),
            TextTest::Word(pattern) => pattern,
        };
        if let Some(text) = pattern.literal() {
            return Ok(ValueMatcher::Same(text.to_owned()));
        }
        let mut expression = "(?s)^".to_owned();
        for part in &pattern.0 {
            match part {
                PatternPart::Literal(text) => text.chars().for_each(|c| push_any_case(&mut expression, c)),
                PatternPart::Many => expression.push_str(".*"),
                PatternPart::One => expression.push('.'),
            }
        }
        expression.push('$');
        Ok(ValueMatcher::Regex(Box::new(regex(&expression)?)))
    }

    pub fn matches(&self, value: &str) -> bool {
        match self {
            ValueMatcher::Same(text) => same_in_any_case(text, value),
            ValueMatcher::Regex(regex) => regex.is_match(value),
        }
    }
}

pub(crate) fn same_in_any_case(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return a.eq_ignore_ascii_case(b);
    }
    let lower = |c: char| single(c.to_lowercase()).unwrap_or(c);
    a.chars().map(lower).eq(b.chars().map(lower))
}

/// Tokens, lower-case, that every text has in which the test finds something: those that stand whole in what is looked
/// for. Empty when nothing can be said.
pub(crate) fn implied_tokens(test: &TextTest) -> Vec<String> {
    let mut tokens = Vec::new();
    match test {
        TextTest::Regex(_) => {}
        TextTest::Phrase(text) => whole_tokens(text, true, true, &mut tokens),
        TextTest::Word(pattern) => {
            let last = pattern.0.len().saturating_sub(1);
            for (i, part) in pattern.0.iter().enumerate() {
                if let PatternPart::Literal(text) = part {
                    whole_tokens(text, i == 0, i == last, &mut tokens);
                }
            }
        }
    }
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

/// The tokens of a piece; the first and the last only when nothing is joined to them.
fn whole_tokens(text: &str, whole_start: bool, whole_end: bool, tokens: &mut Vec<String>) {
    let whole_start = whole_start && !text.starts_with(is_unspaced);
    let whole_end = whole_end && !text.ends_with(is_unspaced);
    let pieces: Vec<&str> = text.split(|c| !is_token_char(c)).collect();
    for (i, piece) in pieces.iter().enumerate() {
        let whole = (i > 0 || whole_start) && (i + 1 < pieces.len() || whole_end);
        // The lower case of a sigma depends on what stands around it; what has no single lower case is matched as is.
        let plain =
            piece.chars().all(|c| !matches!(c, 'Σ' | 'σ' | 'ς') && single(c.to_lowercase()).is_some());
        if whole && plain && !piece.is_empty() {
            tokens.push(piece.to_lowercase());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn word(text: &str) -> TextTest {
        match crate::lang::parse(text).expect("a word") {
            crate::lang::Expr::Term(term) => match term.kind {
                crate::lang::TermKind::Text(test) => test,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn found(query: &str, text: &str) -> bool {
        TextMatcher::new(&word(query)).unwrap().matches(text)
    }

    #[test]
    fn words_are_found_whole_and_in_any_case() {
        for (query, text, expected) in [
            ("reset", "connection RESET by peer", true),
            ("reset", "connection resets", false),
            ("reset", "preset", false),
            ("reset", "reset_all", false),
            ("reset", "(reset)", true),
            ("reset", "preset reset", true),
            ("reset", "éreset", false),
            ("reset", "…reset…", true),
            ("re*", "reset", true),
            ("re*", "preset", false),
            ("*set", "preset", true),
            ("*set", "settle", false),
            ("*ese*", "preset", true),
            ("r?set", "a reset b", true),
            ("r?set", "a resset b", false),
            ("con*set", "connection reset", false),
            ("con*set", "con/re/set", true),
            ("\"connection reset\"", "the Connection Reset.", true),
            ("\"connection reset\"", "connection  reset", false),
            ("10.0.0.1", "from 10.0.0.1:80", true),
            ("10.0.0.1", "from 10.0.0.12", false),
            ("ОШИБКА", "тут ошибка!", true),
            ("ошибк", "тут ошибка!", false),
            ("straße", "Straße", true),
            ("注文", "本日の注文が確定", true),
            ("สั่งซื้อ", "การสั่งซื้อสำเร็จ", true),
            ("주문", "주문이 완료", true),
            ("a注文", "xa注文x", false),
            ("a注文", "a注文x", true),
            ("/res.t/", "preset", true),
            ("/Res.t/", "preset", false),
            ("\"!\"", "what!ever", true),
        ] {
            assert_eq!(found(query, text), expected, "{query} in {text}");
        }
    }

    #[test]
    fn tokens_are_only_those_that_must_be_there() {
        let check =
            |query: &str, expected: &[&str]| assert_eq!(implied_tokens(&word(query)), expected, "{query}");
        check("Reset", &["reset"]);
        check("re*", &[]);
        check("foo-re*", &["foo"]);
        check("*a.b.c*", &["b"]);
        check("\"connection Reset\"", &["connection", "reset"]);
        check("/reset/", &[]);
        check("ΟΔΟΣ", &[]);
        check("a?b", &[]);
        check("注文", &[]);
        check("\"id 注文\"", &["id"]);
        check("\"a 注文 b\"", &["a", "b", "注文"]);
    }

    #[test]
    fn expressions_are_limited() {
        assert!(regex("(((a{100}){100}){100})").is_err());
        assert!(regex(&"(".repeat(1000)).is_err());
        assert_eq!(regex("a(b").unwrap_err(), "unclosed group");
    }

    proptest! {
        /// What is found has every token that the search implies, by the rule of the files.
        #[test]
        fn tokens_are_implied(text in "[a-cA-CéÉßſK注文_ .*-]{0,16}", query in "[a-cA-CéÉßſkK注文_.-]{1,4}", open in 0..4usize) {
            let mut parts = vec![PatternPart::Literal(query)];
            if open & 1 != 0 { parts.insert(0, PatternPart::Many); }
            if open & 2 != 0 { parts.push(PatternPart::Many); }
            let test = TextTest::Word(Pattern(parts));
            if TextMatcher::new(&test).unwrap().matches(&text) {
                let tokens: Vec<String> = text.split(|c| !is_token_char(c)).map(str::to_lowercase).collect();
                for token in implied_tokens(&test) {
                    prop_assert!(tokens.contains(&token), "{token} of {text:?}");
                }
            }
        }

        /// The fast search finds what an expression finds.
        #[test]
        fn needles_are_found_as_by_an_expression(text in "[abAB_ .é]{0,12}", query in "[abAB.]{1,3}") {
            let parts = vec![PatternPart::Literal(query.clone())];
            let needle = Needle::of(&Pattern(parts)).unwrap();
            let mut slow = String::new();
            if query.starts_with(is_token_char) { slow.push_str(r"(?:^|[^\p{Alphabetic}\p{N}_])"); }
            query.chars().for_each(|c| push_any_case(&mut slow, c));
            if query.ends_with(is_token_char) { slow.push_str(r"(?:$|[^\p{Alphabetic}\p{N}_])"); }
            prop_assert_eq!(needle.matches(&text), regex(&slow).unwrap().is_match(&text));
        }
    }
}
