//! Splits a query into tokens, as the parser asks for them: what stands where a term may begin, the operator behind a
//! word, what stands where a value may begin.
//!
//! A word runs to the next space, quote or parenthesis; parentheses that open and close inside it belong to it
//! (`main()`). Where a term begins it also ends at an operator; but a colon in an address, a path or a time belongs to
//! the word (`10.0.0.1:8080`, `http://x`, `std::io`, `12:30`). A backslash takes the next character as it is. What
//! begins with a slash is a regular expression if the next bare slash ends it and nothing touches that slash; else it
//! is a path. What begins with `'` or a backquote is a phrase if such a quote ends it that nothing touches; else it is
//! a word (`'tis`).

use super::{At, Compare, Pattern, PatternPart, QueryError};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    End,
    LeftParen,
    RightParen,
    And,
    Or,
    Not,
    /// `-` or `!` that touches what follows.
    Minus,
    Word(Word),
    Phrase(String),
    Regex(String),
    /// `[200 TO 299]`, behind a field.
    Range(Range),
}

/// Both ends of a range, as text between words; none where it is open.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Range {
    pub low: Option<(Compare, String)>,
    pub high: Option<(Compare, String)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    pub pattern: Pattern,
    /// The text without escapes, wildcards being what they are.
    pub plain: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operator {
    /// `:`
    Is,
    Compare(Compare),
    /// `=~`, `!~`: for those who come from PromQL and LogQL.
    Regex,
    NotRegex,
}

/// What may follow an operator, and how the sign is written: longer ones first.
const OPERATORS: [(&str, Operator); 11] = [
    ("=~", Operator::Regex),
    ("!~", Operator::NotRegex),
    ("==", Operator::Compare(Compare::Equal)),
    ("!=", Operator::Compare(Compare::NotEqual)),
    (">=", Operator::Compare(Compare::GreaterOrEqual)),
    ("<=", Operator::Compare(Compare::LessOrEqual)),
    ("=", Operator::Compare(Compare::Equal)),
    (">", Operator::Compare(Compare::Greater)),
    ("<", Operator::Compare(Compare::Less)),
    (":", Operator::Is),
    ("≠", Operator::Compare(Compare::NotEqual)),
];

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Term,
    Value,
}

pub(super) struct Lexer<'a> {
    query: &'a str,
    pub at: usize,
    /// Where the token taken last began.
    pub start: usize,
}

impl<'a> Lexer<'a> {
    pub fn new(query: &'a str) -> Lexer<'a> {
        Lexer { query, at: 0, start: 0 }
    }

    /// The token where a term may begin.
    pub fn term(&mut self) -> Result<Token, QueryError> {
        self.token(Mode::Term)
    }

    /// The token where a value may begin: behind an operator, or in the parentheses behind one.
    pub fn value(&mut self) -> Result<Token, QueryError> {
        self.token(Mode::Value)
    }

    /// The operator that follows, if one does. Signs may stand apart from the field, a colon may not.
    pub fn operator(&mut self) -> Option<Operator> {
        let rest = self.rest();
        let spaces = rest.len() - rest.trim_start().len();
        let (sign, operator) = OPERATORS.iter().find(|(sign, _)| rest[spaces..].starts_with(sign))?;
        if *operator == Operator::Is && spaces > 0 {
            return None;
        }
        self.start = self.at + spaces;
        self.at = self.start + sign.len();
        // `duration:>500ms`, as some languages write it.
        if *operator == Operator::Is
            && let Some((sign, operator)) =
                OPERATORS[2..9].iter().find(|(sign, _)| self.rest().starts_with(sign))
            && sign.starts_with(['<', '>'])
        {
            self.at += sign.len();
            return Some(*operator);
        }
        Some(*operator)
    }

    /// `in (…)` or `like '…'` behind a word, as SQL writes it.
    pub fn sql_operator(&mut self) -> Option<&'static str> {
        let text = self.rest().trim_start();
        let spaces = self.rest().len() - text.len();
        let end = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
        let behind = text[end..].trim_start();
        let operator = match text[..end].to_ascii_lowercase().as_str() {
            _ if spaces == 0 => return None,
            "in" if behind.starts_with('(') => "in",
            "like" | "ilike" if behind.starts_with(['"', '\'', '`']) => "like",
            _ => return None,
        };
        self.start = self.at + spaces;
        self.at = self.start + end;
        Some(operator)
    }

    pub fn span(&self) -> At {
        At::new(self.start, self.at)
    }

    fn rest(&self) -> &'a str {
        &self.query[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn token(&mut self, mode: Mode) -> Result<Token, QueryError> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self.start = self.at;
        let Some(c) = self.peek() else { return Ok(Token::End) };
        if matches!(c, '\'' | '`')
            && let Some(end) = self.quote_end(c)
        {
            return Ok(self.bare_phrase(end));
        }
        if mode == Mode::Value
            && matches!(c, '[' | '{')
            && let Some((range, end)) = self.range()
        {
            self.at = end;
            return Ok(Token::Range(range));
        }
        match c {
            '(' => {
                self.at += 1;
                Ok(Token::LeftParen)
            }
            ')' => {
                self.at += 1;
                Ok(Token::RightParen)
            }
            '"' => self.phrase(),
            '-' | '!' if self.negates(mode) => {
                self.at += 1;
                Ok(Token::Minus)
            }
            '/' => match self.regex_end() {
                Some(end) => Ok(self.regex(end)),
                None => self.word(mode),
            },
            _ => self.word(mode),
        }
    }

    /// Whether the `-` or `!` here excludes what follows. Of a value it is the sign or part of it.
    fn negates(&self, mode: Mode) -> bool {
        mode == Mode::Term && self.rest()[1..].chars().next().is_some_and(|c| !c.is_whitespace() && c != ')')
    }

    fn phrase(&mut self) -> Result<Token, QueryError> {
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += at + 1;
                    return Ok(Token::Phrase(text));
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, c)) => text.push(c),
                    None => break,
                },
                c => text.push(c),
            }
        }
        let at = At::new(self.start, self.query.len());
        Err(QueryError::new(self.query, at, "this quote is not closed")
            .hint("close it with \", and write a quote inside as \\\""))
    }

    /// Where the phrase that begins here with `'` or a backquote ends: behind the first such quote that nothing touches.
    fn quote_end(&self, quote: char) -> Option<usize> {
        let rest = self.rest();
        let closes = |at: usize| {
            rest[at + 1..]
                .chars()
                .next()
                .is_none_or(|c| c.is_whitespace() || matches!(c, ')' | ',' | ':' | '='))
        };
        let mut quotes = rest.match_indices(quote).skip(1).map(|(at, _)| at);
        quotes.find(|at| closes(*at)).map(|at| self.at + at + 1)
    }

    /// Such quotes know no escapes.
    fn bare_phrase(&mut self, end: usize) -> Token {
        let text = self.query[self.at + 1..end - 1].to_owned();
        self.at = end;
        Token::Phrase(text)
    }

    /// `[low TO high]`, with braces for an end that does not belong to it, and where it ends.
    fn range(&self) -> Option<(Range, usize)> {
        let rest = self.rest();
        let close = rest.find([']', '}'])?;
        let (low, high) = rest[1..close].split_once(" TO ").or_else(|| rest[1..close].split_once(" to "))?;
        let end = |compare: Compare, text: &str| {
            let text = text.trim().trim_matches('"');
            if text.is_empty() || text.contains(char::is_whitespace) {
                return None;
            }
            Some((text != "*").then(|| (compare, text.to_owned())))
        };
        let from = if rest.starts_with('[') { Compare::GreaterOrEqual } else { Compare::Greater };
        let to = if rest[close..].starts_with(']') { Compare::LessOrEqual } else { Compare::Less };
        Some((Range { low: end(from, low)?, high: end(to, high)? }, self.at + close + 1))
    }

    /// What other languages have and this has not, where a term begins: pipes, selectors in braces.
    fn foreign(&self) -> Option<QueryError> {
        let rest = self.rest();
        let error = |length: usize, message: &str| {
            QueryError::new(self.query, At::new(self.at, self.at + length), message)
        };
        if rest.starts_with('|') && !rest.starts_with("||") {
            return Some(match rest.as_bytes().get(1) {
                Some(b'=') => error(2, "`|=` is not needed here").hint("write the text itself, in quotes: \"timed out\""),
                Some(b'~') => error(2, "`|~` is not needed here").hint("write the expression between slashes: /time(d )?out/"),
                _ => error(1, "a search has no pipes").hint(
                    "terms stand side by side; the table groups and counts, and SQL does the rest; to search for the sign, put it in quotes",
                ),
            });
        }
        let name_end = |text: &str| text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.')));
        let inner = rest.strip_prefix('{')?.trim_start();
        let (name, after) = inner.split_at(name_end(inner).filter(|end| *end > 0)?);
        let is_selector = ["=", "!=", "!~"].iter().any(|sign| after.trim_start().starts_with(sign));
        is_selector.then(|| {
            error(1, "a search has no selector in braces")
                .hint(format!("write the fields side by side: {name}=\"…\""))
        })
    }

    /// Where the expression that begins here ends: behind its closing slash.
    fn regex_end(&self) -> Option<usize> {
        let rest = self.rest();
        let mut escaped = false;
        for (at, c) in rest.char_indices().skip(1) {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == '/' {
                let bare = rest[at + 1..].chars().next().is_none_or(|c| c.is_whitespace() || c == ')');
                return (bare && at > 1).then_some(self.at + at + 1);
            }
        }
        None
    }

    fn regex(&mut self, end: usize) -> Token {
        let written = &self.query[self.at + 1..end - 1];
        let mut text = String::with_capacity(written.len());
        let mut chars = written.chars();
        while let Some(c) = chars.next() {
            if c != '\\' {
                text.push(c);
                continue;
            }
            match chars.next() {
                Some('/') => text.push('/'),
                Some(other) => text.extend(['\\', other]),
                None => text.push('\\'),
            }
        }
        self.at = end;
        Token::Regex(text)
    }

    fn word(&mut self, mode: Mode) -> Result<Token, QueryError> {
        if mode == Mode::Term
            && let Some(error) = self.foreign()
        {
            return Err(error);
        }
        let mut word = Word { pattern: Pattern(Vec::new()), plain: String::new() };
        let mut open = 0u32;
        while let Some(c) = self.peek() {
            match c {
                c if c.is_whitespace() || c == '"' => break,
                '(' if open == 0 && !self.parens_belong() => break,
                '(' => open += 1,
                ')' if open == 0 => break,
                ')' => open -= 1,
                _ if mode == Mode::Term && self.operator_ends(&word.plain) => break,
                '\\' => {
                    self.at += 1;
                    let Some(c) = self.peek() else {
                        return Err(QueryError::new(
                            self.query,
                            At::new(self.at - 1, self.at),
                            "nothing follows the backslash",
                        )
                        .hint("write a backslash as \\\\"));
                    };
                    word.pattern.push(c);
                    word.plain.push(c);
                    self.at += c.len_utf8();
                    continue;
                }
                _ => {}
            }
            match c {
                '*' if word.pattern.0.last() == Some(&PatternPart::Many) => {}
                '*' => word.pattern.0.push(PatternPart::Many),
                '?' => word.pattern.0.push(PatternPart::One),
                c => word.pattern.push(c),
            }
            word.plain.push(c);
            self.at += c.len_utf8();
        }
        if self.at == self.start {
            let at = At::new(self.start, self.start + 1);
            return Err(QueryError::new(self.query, at, "a field is missing before this operator")
                .hint("write field=value, or put text that is searched for in quotes"));
        }
        Ok(match &self.query[self.start..self.at] {
            written if written.eq_ignore_ascii_case("and") || written == "&&" => Token::And,
            written if written.eq_ignore_ascii_case("or") || written == "||" => Token::Or,
            written if written.eq_ignore_ascii_case("not") => Token::Not,
            _ => Token::Word(word),
        })
    }

    /// Whether the parenthesis that opens inside a word closes inside it.
    fn parens_belong(&self) -> bool {
        let written = &self.query[self.start..self.at];
        if ["and", "or", "not"].iter().any(|keyword| written.eq_ignore_ascii_case(keyword)) {
            return false;
        }
        let mut open = 0u32;
        for c in self.rest().chars() {
            match c {
                '(' => open += 1,
                ')' => open -= 1,
                c if c.is_whitespace() || c == '"' => return false,
                _ => {}
            }
            if open == 0 {
                return true;
            }
        }
        false
    }

    /// Whether an operator begins here, behind this much of a word.
    fn operator_ends(&self, word: &str) -> bool {
        let rest = self.rest();
        if word.contains("://") {
            return false;
        }
        if rest.starts_with(':') {
            let address = word.starts_with(|c: char| c.is_ascii_digit());
            return !(address || rest.starts_with("://") || rest.starts_with("::") || word.ends_with(':'));
        }
        rest.starts_with(['=', '<', '>', '≠']) || rest.starts_with("!=") || rest.starts_with("!~")
    }
}
