//! Tokens of the two text formats, and the label lists made of them.
//!
//! The strict reader: it gives the labels of a series, and the exact words when a line is wrong. Parsers take a
//! shorter way through lines that look ordinary and come here for the rest.
//!
//! States and tokens are those of Prometheus's lexers, because the words of an error name them. Text 0.0.4 skips
//! blanks between tokens and behaves as if the body ended with a line break; OpenMetrics does neither.

use super::entry::ParseError;
use crate::number::{Quoted, parse_float, write_openmetrics_float};
use memchr::{memchr, memchr_iter, memrchr};
use model::{Exemplar, LabelsBuilder, METRIC_NAME, MetricType};
use std::borrow::Cow;
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Text,
    OpenMetrics,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Invalid,
    Eof,
    Linebreak,
    Whitespace,
    Help,
    Type,
    Unit,
    EofWord,
    Text,
    Comment,
    MetricName,
    QuotedString,
    BraceOpen,
    BraceClose,
    LabelName,
    LabelValue,
    Comma,
    Equal,
    Timestamp,
    Value,
}

impl Token {
    /// The name in Prometheus's errors.
    pub(super) fn name(self) -> &'static str {
        match self {
            Token::Invalid => "INVALID",
            Token::Eof => "EOF",
            Token::Linebreak => "LINEBREAK",
            Token::Whitespace => "WHITESPACE",
            Token::Help => "HELP",
            Token::Type => "TYPE",
            Token::Unit => "UNIT",
            Token::EofWord => "EOFWORD",
            Token::Text => "TEXT",
            Token::Comment => "COMMENT",
            Token::MetricName => "MNAME",
            Token::QuotedString => "QSTRING",
            Token::BraceOpen => "BOPEN",
            Token::BraceClose => "BCLOSE",
            Token::LabelName => "LNAME",
            Token::LabelValue => "LVALUE",
            Token::Comma => "COMMA",
            Token::Equal => "EQUAL",
            Token::Timestamp => "TIMESTAMP",
            Token::Value => "VALUE",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Init,
    MetaName,
    MetaText,
    Labels,
    LabelValue,
    Value,
    Timestamp,
    Exemplar,
    ExemplarValue,
    ExemplarTimestamp,
}

#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    pub dialect: Dialect,
    pub body: &'a [u8],
    /// Where the current token began.
    pub start: usize,
    /// Behind the current token; for an invalid one, where it went wrong.
    pub at: usize,
    pub state: State,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(dialect: Dialect, body: &'a [u8], at: usize) -> Lexer<'a> {
        Lexer { dialect, body, start: at, at, state: State::Init }
    }

    /// The bytes of the current token.
    pub(super) fn text(&self) -> &'a [u8] {
        let end = self.at.min(self.body.len());
        &self.body[self.start.min(end)..end]
    }

    /// The byte at `i`; a body of text 0.0.4 has one line break more than it has bytes.
    fn byte(&self, i: usize) -> Option<u8> {
        match self.body.get(i) {
            Some(b) => Some(*b),
            None => (self.dialect == Dialect::Text && i == self.body.len()).then_some(b'\n'),
        }
    }

    /// Bytes with the line break that text 0.0.4 adds.
    pub(super) fn slice(&self, from: usize, to: usize) -> Cow<'a, [u8]> {
        let len = self.body.len();
        let part = &self.body[from.min(len)..to.min(len)];
        if self.dialect == Dialect::Text && to > len {
            let mut whole = part.to_vec();
            whole.push(b'\n');
            return Cow::Owned(whole);
        }
        Cow::Borrowed(part)
    }

    pub(super) fn error(&self, entry: usize, reason: String) -> ParseError {
        ParseError::at(self.body, entry, self.at, reason)
    }

    /// The error for a token that may not stand here.
    pub(super) fn unexpected(&self, entry: usize, expected: &str, token: Token) -> ParseError {
        let (got, context) = (self.slice(self.start, self.at + 1), self.slice(entry, self.at + 1));
        self.error(entry, ParseError::unexpected(expected, token.name(), &got, &context))
    }

    /// `{reason} while parsing: "…"`.
    pub(super) fn while_parsing(&self, entry: usize, reason: &str) -> ParseError {
        let context = self.slice(entry, self.at);
        self.error(entry, format!("{reason} while parsing: {}", Quoted(&context)))
    }

    /// The next token that is not blank.
    pub(super) fn next(&mut self) -> Token {
        loop {
            let token = self.lex();
            if token != Token::Whitespace {
                return token;
            }
        }
    }

    fn lex(&mut self) -> Token {
        let Some(b) = self.byte(self.at) else { return Token::Eof };
        self.start = self.at;
        if self.dialect == Dialect::Text && self.state != State::MetaText && is_blank(b) {
            self.skip_while(is_blank);
            return Token::Whitespace;
        }
        match self.state {
            State::Init => self.lex_init(b),
            State::MetaName => self.lex_meta_name(b),
            State::MetaText => self.lex_meta_text(),
            State::Labels | State::Exemplar => self.lex_labels(b),
            State::LabelValue => self.lex_label_value(b, State::Labels),
            State::Value => self.lex_value(b, State::Timestamp),
            State::Timestamp => self.lex_timestamp(b),
            State::ExemplarValue if b == b'"' => self.lex_label_value(b, State::Exemplar),
            State::ExemplarValue => self.lex_value(b, State::ExemplarTimestamp),
            State::ExemplarTimestamp => self.lex_exemplar_timestamp(b),
        }
    }

    fn take(&mut self, bytes: usize, state: State, token: Token) -> Token {
        self.at += bytes;
        self.state = state;
        token
    }

    fn skip_while(&mut self, keep: impl Fn(u8) -> bool) {
        while self.body.get(self.at).is_some_and(|b| keep(*b)) {
            self.at += 1;
        }
    }

    fn lex_init(&mut self, b: u8) -> Token {
        match (b, self.dialect) {
            (0, Dialect::Text) => Token::Eof,
            (b'\n', Dialect::Text) => self.take(1, State::Init, Token::Linebreak),
            (b'{', _) => self.take(1, State::Labels, Token::BraceOpen),
            (b'#', dialect) => {
                self.at += 1;
                let blank = match dialect {
                    Dialect::Text => self.byte(self.at).is_some_and(is_blank),
                    Dialect::OpenMetrics => self.byte(self.at) == Some(b' '),
                };
                match (blank, dialect) {
                    (true, Dialect::Text) => self.skip_while(is_blank),
                    (true, Dialect::OpenMetrics) => self.at += 1,
                    (false, Dialect::Text) => return self.consume_comment(),
                    (false, Dialect::OpenMetrics) => return Token::Invalid,
                }
                self.lex_comment()
            }
            (b, _) if is_name_start(b) => {
                self.skip_while(is_name);
                self.state = State::Value;
                Token::MetricName
            }
            _ => Token::Invalid,
        }
    }

    /// Behind `# `: a keyword, or (text 0.0.4) a comment.
    fn lex_comment(&mut self) -> Token {
        let rest = &self.body[self.at.min(self.body.len())..];
        if self.dialect == Dialect::OpenMetrics && rest.starts_with(b"EOF") {
            let more = usize::from(rest.get(3) == Some(&b'\n'));
            return self.take(3 + more, State::Init, Token::EofWord);
        }
        let words: [(&[u8], Token); 3] =
            [(b"HELP", Token::Help), (b"TYPE", Token::Type), (b"UNIT", Token::Unit)];
        let known = if self.dialect == Dialect::Text { 2 } else { 3 };
        for (word, token) in &words[..known] {
            let blank = rest.get(word.len()).copied();
            let ends = match self.dialect {
                Dialect::Text => blank.is_some_and(is_blank),
                Dialect::OpenMetrics => blank == Some(b' '),
            };
            if rest.starts_with(word) && ends {
                self.at += word.len() + 1;
                if self.dialect == Dialect::Text {
                    self.skip_while(is_blank);
                }
                self.state = State::MetaName;
                return *token;
            }
        }
        if self.dialect == Dialect::Text {
            return self.consume_comment();
        }
        // An error shows what still looked like a keyword.
        let alike = |word: &[u8]| word.iter().zip(rest).take_while(|(a, b)| a == b).count();
        self.at += words.iter().map(|(w, _)| alike(w)).max().unwrap_or(0).max(alike(b"EOF"));
        Token::Invalid
    }

    fn consume_comment(&mut self) -> Token {
        self.skip_while(|b| b != b'\n');
        self.state = State::Init;
        Token::Comment
    }

    fn lex_meta_name(&mut self, b: u8) -> Token {
        if b == b'"' {
            return self.lex_quoted(State::MetaText, Token::MetricName, true);
        }
        if !is_name_start(b) {
            return Token::Invalid;
        }
        self.skip_while(is_name);
        self.state = State::MetaText;
        Token::MetricName
    }

    fn lex_meta_text(&mut self) -> Token {
        if self.dialect == Dialect::OpenMetrics {
            if self.byte(self.at) != Some(b' ') {
                return Token::Invalid;
            }
            self.skip_while(|b| b != b'\n');
            if self.at >= self.body.len() {
                return Token::Invalid;
            }
            self.at += 1;
        } else {
            self.skip_while(|b| b != b'\n');
            if self.text().iter().all(|b| is_blank(*b)) {
                self.start = self.at;
            }
        }
        self.state = State::Init;
        Token::Text
    }

    fn lex_labels(&mut self, b: u8) -> Token {
        let exemplar = self.state == State::Exemplar;
        let (value, behind) = match exemplar {
            false => (State::LabelValue, State::Value),
            true => (State::ExemplarValue, State::ExemplarValue),
        };
        match b {
            b'}' => self.take(1, behind, Token::BraceClose),
            b'=' => self.take(1, value, Token::Equal),
            b',' => self.take(1, self.state, Token::Comma),
            b'"' => self.lex_quoted(self.state, Token::QuotedString, !exemplar),
            b if is_name_start(b) && b != b':' => {
                self.skip_while(|b| is_name(b) && b != b':');
                Token::LabelName
            }
            _ => Token::Invalid,
        }
    }

    fn lex_label_value(&mut self, b: u8, behind: State) -> Token {
        if b != b'"' {
            return Token::Invalid;
        }
        self.lex_quoted(behind, Token::LabelValue, self.dialect == Dialect::Text)
    }

    /// From one quote to the next that has no backslash before it.
    fn lex_quoted(&mut self, behind: State, token: Token, line_breaks: bool) -> Token {
        self.at += 1;
        loop {
            match self.byte(self.at) {
                None => return Token::Invalid,
                Some(b'\n') if self.at >= self.body.len() => {
                    self.at += 1;
                    return Token::Invalid;
                }
                Some(b'"') => return self.take(1, behind, token),
                Some(b'\n') if !line_breaks => return Token::Invalid,
                Some(b'\\') => self.at += 2,
                Some(0) if self.state == State::ExemplarValue => return Token::Invalid,
                Some(_) => self.at += 1,
            }
        }
    }

    fn lex_value(&mut self, b: u8, behind: State) -> Token {
        match self.dialect {
            Dialect::Text => {
                if b == b'{' {
                    return self.take(1, State::Labels, Token::BraceOpen);
                }
                self.skip_while(|b| !matches!(b, b'{' | b' ' | b'\t' | b'\n' | 0));
            }
            Dialect::OpenMetrics => {
                if b == b'{' && self.state == State::Value {
                    return self.take(1, State::Labels, Token::BraceOpen);
                }
                return self.lex_spaced(b, behind, Token::Value);
            }
        }
        if self.at == self.start {
            return Token::Invalid;
        }
        self.state = behind;
        Token::Value
    }

    /// One space and then what is not a space.
    fn lex_spaced(&mut self, b: u8, behind: State, token: Token) -> Token {
        if b != b' ' {
            return Token::Invalid;
        }
        self.at += 1;
        let from = self.at;
        self.skip_while(|b| !matches!(b, b' ' | b'\n'));
        if self.at == from {
            return Token::Invalid;
        }
        self.state = behind;
        token
    }

    fn lex_timestamp(&mut self, b: u8) -> Token {
        if b == b'\n' {
            return self.take(1, State::Init, Token::Linebreak);
        }
        if self.dialect == Dialect::OpenMetrics {
            if self.body[self.at..].starts_with(b" # {") {
                return self.take(4, State::Exemplar, Token::Comment);
            }
            return self.lex_spaced(b, State::Timestamp, Token::Timestamp);
        }
        if !b.is_ascii_digit() {
            return Token::Invalid;
        }
        self.skip_while(|b| b.is_ascii_digit());
        Token::Timestamp
    }

    fn lex_exemplar_timestamp(&mut self, b: u8) -> Token {
        if b == b'\n' {
            return self.take(1, State::Init, Token::Linebreak);
        }
        self.lex_spaced(b, State::ExemplarTimestamp, Token::Timestamp)
    }
}

/// Where the series of a sample line ends, without reading its labels. Only when the strict reader would find the
/// same end or reject the line: quotes come in pairs and no backslash hides one, so the last brace of the line is
/// outside of them.
pub(super) fn ordinary_series(line: &[u8]) -> Option<usize> {
    let Some(at) = memrchr(b'}', line) else {
        return line.iter().position(|b| !is_name(*b));
    };
    let series = &line[..at];
    let paired = memchr_iter(b'"', series).count().is_multiple_of(2);
    let plain = paired && memchr(b'\\', series).is_none() && memchr(b'{', series).is_some();
    plain.then_some(at + 1)
}

pub(super) fn is_blank(b: u8) -> bool {
    b == b' ' || b == b'\t'
}

pub(super) fn is_name_start(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_' || b == b':'
}

pub(super) fn is_name(b: u8) -> bool {
    is_name_start(b) || b.is_ascii_digit()
}

/// Whose braces are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Braces {
    /// Of a series whose name stands before them.
    Named,
    /// Of a series that has its name inside.
    Nameless,
    Exemplar,
}

/// Reads a label list behind its opening brace. Gives where the metric name stands if it is inside.
pub(super) fn read_braces<'a>(
    lexer: &mut Lexer<'a>,
    entry: usize,
    braces: Braces,
    visit: &mut dyn FnMut(&'a [u8], &'a [u8]) -> Result<(), String>,
) -> Result<Option<Range<usize>>, ParseError> {
    let mut name = None;
    let mut token = lexer.next();
    loop {
        let (mut from, mut to) = (lexer.start, lexer.at);
        let quoted = match token {
            Token::BraceClose => return Ok(name),
            Token::LabelName => false,
            Token::QuotedString => true,
            other => return Err(lexer.unexpected(entry, "expected label name", other)),
        };
        if quoted {
            (from, to) = (from + 1, to - 1);
        }
        token = lexer.next();
        let alone = matches!(token, Token::Comma | Token::BraceClose);
        if alone && braces == Braces::Exemplar {
            return Err(lexer.unexpected(entry, "expected label name", token));
        }
        if alone && quoted {
            if name.is_some() || braces == Braces::Named {
                return Err(lexer.while_parsing(entry, "metric name already set"));
            }
            name = Some(from..to);
            if token == Token::BraceClose {
                return Ok(name);
            }
            token = lexer.next();
            continue;
        }
        if token != Token::Equal {
            return Err(lexer.unexpected(entry, "expected equal", token));
        }
        let value = lexer.next();
        if value != Token::LabelValue {
            return Err(lexer.unexpected(entry, "expected label value", value));
        }
        let text = lexer.text();
        if std::str::from_utf8(text).is_err() {
            return Err(lexer.error(entry, format!("invalid UTF-8 label value: {}", Quoted(text))));
        }
        let label = &lexer.body[from..to];
        visit(label, &text[1..text.len() - 1]).map_err(|reason| lexer.error(entry, reason))?;
        token = lexer.next();
        match (token, lexer.dialect) {
            (Token::Comma, _) => token = lexer.next(),
            // Text 0.0.4 does not ask for the comma.
            (Token::BraceClose, _) | (_, Dialect::Text) => {}
            (other, Dialect::OpenMetrics) => {
                return Err(lexer.unexpected(entry, "expected comma or brace close", other));
            }
        }
    }
}

/// Reads the labels of the series of `len` bytes at `offset` into an empty builder.
pub(super) fn read_labels(
    dialect: Dialect,
    body: &[u8],
    offset: usize,
    len: usize,
    metric_type: MetricType,
    builder: &mut LabelsBuilder,
) -> Result<(), ParseError> {
    let mut lexer = Lexer::new(dialect, body, offset);
    let mut set = |name: &[u8], value: &[u8]| set_label(builder, metric_type, name, value);
    let first = lexer.next();
    let name = match first {
        Token::MetricName => {
            let name = lexer.start..lexer.at;
            if lexer.at < offset + len && lexer.next() == Token::BraceOpen {
                read_braces(&mut lexer, offset, Braces::Named, &mut set)?;
            }
            Some(name)
        }
        Token::BraceOpen => read_braces(&mut lexer, offset, Braces::Nameless, &mut set)?,
        other => return Err(lexer.unexpected(offset, "expected a valid start token", other)),
    };
    let Some(name) = name else {
        lexer.next(); // the words show the value too
        return Err(lexer.while_parsing(offset, "metric name not set"));
    };
    if lexer.at != offset + len {
        // The series ends earlier than it seemed: what follows cannot be a value.
        let token = lexer.next();
        return Err(lexer.unexpected(offset, "expected value after metric", token));
    }
    set_label(builder, MetricType::Unknown, METRIC_NAME.as_bytes(), &body[name])
        .map_err(|reason| lexer.error(offset, reason))
}

fn set_label(
    builder: &mut LabelsBuilder,
    metric_type: MetricType,
    name: &[u8],
    value: &[u8],
) -> Result<(), String> {
    let Ok(raw_name) = std::str::from_utf8(name) else {
        return Err(format!("invalid UTF-8 label name: {}", Quoted(name)));
    };
    let Ok(raw_value) = std::str::from_utf8(value) else {
        return Err(format!("invalid UTF-8 label value: {}", Quoted(value)));
    };
    let name = unescape(raw_name);
    if name.is_empty() || (raw_value.is_empty() && &*name == METRIC_NAME) {
        return Err(format!(
            "invalid metric name or label names: {}={}",
            Quoted(name.as_bytes()),
            Quoted(value)
        ));
    }
    if builder.get(&name).is_some() {
        return Err(format!("label name {} is not unique: invalid sample", Quoted(name.as_bytes())));
    }
    builder.set(&name, &normal_bound(metric_type, &name, unescape(raw_value)));
    Ok(())
}

/// `le` of a histogram and `quantile` of a summary are written one way, so that `1` and `1.0` are one series.
pub(super) fn normal_bound<'a>(metric_type: MetricType, name: &str, value: Cow<'a, str>) -> Cow<'a, str> {
    let is_bound = (metric_type == MetricType::Histogram && name == "le")
        || (metric_type == MetricType::Summary && name == "quantile");
    if !is_bound {
        return value;
    }
    match parse_float(value.as_bytes()) {
        Ok(bound) => {
            let mut text = String::with_capacity(value.len() + 2);
            write_openmetrics_float(&mut text, bound);
            Cow::Owned(text)
        }
        Err(_) => value,
    }
}

/// Undoes `\\`, `\"` and `\n`; any other backslash stays.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = match (c, chars.peek()) {
            ('\\', Some('n')) => '\n',
            ('\\', Some('"')) => '"',
            ('\\', Some('\\')) => '\\',
            _ => {
                plain.push(c);
                continue;
            }
        };
        chars.next();
        plain.push(escaped);
    }
    Cow::Owned(plain)
}

/// Reads an exemplar that the parser has checked: from behind its opening brace to the end of the line.
pub(super) fn read_exemplar(text: &[u8]) -> Option<Exemplar> {
    let mut lexer = Lexer::new(Dialect::OpenMetrics, text, 0);
    lexer.state = State::Exemplar;
    let mut labels = LabelsBuilder::new();
    let mut set = |name: &[u8], value: &[u8]| {
        if let (Ok(name), Ok(value)) = (std::str::from_utf8(name), std::str::from_utf8(value)) {
            labels.set(&unescape(name), &unescape(value));
        }
        Ok(())
    };
    read_braces(&mut lexer, 0, Braces::Exemplar, &mut set).ok()?;
    let value = match lexer.next() {
        Token::Value => crate::number::normal_nan(parse_float(&lexer.text()[1..]).ok()?),
        _ => return None,
    };
    let timestamp = match lexer.next() {
        Token::Timestamp => parse_float(&lexer.text()[1..]).ok().map(|seconds| (seconds * 1000.0) as i64),
        _ => None,
    };
    Some(Exemplar { labels: labels.build(), value, timestamp })
}
