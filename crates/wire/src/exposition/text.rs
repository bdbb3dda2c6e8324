//! Prometheus text, 0.0.4 and 1.0.0 (which adds quoted names).
//!
//! A sample line that looks ordinary is cut at its last brace without reading the labels; it does so only when
//! quotes come in pairs and no backslash hides one, so that the strict reader would cut at the same place or
//! reject the line. It then does reject it, when the labels are asked for.

use super::entry::{Entry, Origin, ParseError, Series};
use super::lexer::{Braces, Dialect, Lexer, Token, is_blank, is_name_start, ordinary_series, read_braces};
use crate::number::{Quoted, normal_nan, parse_float};
use memchr::memchr;
use model::MetricType;
use std::borrow::Cow;

/// Reads one body.
pub struct TextParser<'a> {
    body: &'a [u8],
    at: usize,
    /// Of the last TYPE line, whatever series follow.
    metric_type: MetricType,
}

/// A sample line taken apart; offsets are into the body.
struct Line {
    series: usize,
    series_end: usize,
    end: usize,
    value: f64,
    timestamp: Option<i64>,
}

impl<'a> TextParser<'a> {
    pub fn new(body: &'a [u8]) -> TextParser<'a> {
        TextParser { body, at: 0, metric_type: MetricType::Unknown }
    }

    /// As [`super::Parser::next`].
    #[allow(clippy::should_implement_trait)] // it lends
    pub fn next(&mut self) -> Result<Option<Entry<'_>>, ParseError> {
        loop {
            let rest = &self.body[self.at..];
            match rest.first() {
                None | Some(0) => return Ok(None),
                Some(b'\n') => {
                    self.at += 1;
                    continue;
                }
                Some(_) => {}
            }
            if let Some(line) = ordinary_line(rest, self.at) {
                return Ok(Some(self.series(line)));
            }
            let start = self.at;
            let mut lexer = Lexer::new(Dialect::Text, self.body, start);
            match lexer.next() {
                Token::Eof => return Ok(None),
                Token::Linebreak => self.at = lexer.at.min(self.body.len()),
                Token::Help => return self.help(lexer, start).map(Some),
                Token::Type => return self.metric_type(lexer, start).map(Some),
                Token::Comment => {
                    let text = lexer.text();
                    self.at = lexer.at;
                    return Ok(Some(Entry::Comment(text)));
                }
                first => {
                    let line = strict_line(&mut lexer, start, first)?;
                    return Ok(Some(self.series(line)));
                }
            }
        }
    }

    fn series(&mut self, line: Line) -> Entry<'_> {
        self.at = line.end.min(self.body.len());
        Entry::Series(Series {
            bytes: &self.body[line.series..line.series_end],
            value: normal_nan(line.value),
            timestamp: line.timestamp,
            start_timestamp: 0,
            origin: Origin::Line {
                dialect: Dialect::Text,
                body: self.body,
                offset: line.series,
                metric_type: self.metric_type,
                exemplar: None,
            },
        })
    }

    fn help(&mut self, mut lexer: Lexer<'a>, start: usize) -> Result<Entry<'_>, ParseError> {
        let (family, text) = metadata(&mut lexer, start, Token::Help)?;
        let help = std::str::from_utf8(text).map_err(|_| {
            lexer.error(start, format!("help text {} is not a valid utf8 string", Quoted(text)))
        })?;
        self.at = lexer.at.min(self.body.len());
        Ok(Entry::Help { family, help: unescape_help(help) })
    }

    fn metric_type(&mut self, mut lexer: Lexer<'a>, start: usize) -> Result<Entry<'_>, ParseError> {
        let (family, text) = metadata(&mut lexer, start, Token::Type)?;
        let metric_type = match text {
            b"counter" => MetricType::Counter,
            b"gauge" => MetricType::Gauge,
            b"histogram" => MetricType::Histogram,
            b"summary" => MetricType::Summary,
            b"untyped" => MetricType::Unknown,
            _ => return Err(lexer.error(start, format!("invalid metric type {}", Quoted(text)))),
        };
        self.at = lexer.at.min(self.body.len());
        self.metric_type = metric_type;
        Ok(Entry::Type { family, metric_type })
    }
}

/// Family and text of a HELP or TYPE line, read to its end.
fn metadata<'a>(lexer: &mut Lexer<'a>, start: usize, kind: Token) -> Result<(&'a str, &'a [u8]), ParseError> {
    let token = lexer.next();
    if token != Token::MetricName {
        return Err(lexer.unexpected(start, &format!("expected metric name after {}", kind.name()), token));
    }
    let family = family_name(lexer, start)?;
    let token = lexer.next();
    if token != Token::Text {
        let reason = format!("expected text in {}, got {}", kind.name(), token.name());
        return Err(lexer.error(start, reason));
    }
    // The blank behind the name is not part of the text; further ones are.
    let text = lexer.text().get(1..).unwrap_or_default();
    let token = lexer.next();
    if token != Token::Linebreak {
        return Err(lexer.unexpected(start, "linebreak expected after metadata", token));
    }
    Ok((family, text))
}

/// The current token as a family name, without quotes.
pub(super) fn family_name<'a>(lexer: &Lexer<'a>, start: usize) -> Result<&'a str, ParseError> {
    let text = lexer.text();
    let bare = text.strip_prefix(b"\"").and_then(|t| t.strip_suffix(b"\"")).unwrap_or(text);
    std::str::from_utf8(bare)
        .map_err(|_| lexer.error(start, format!("invalid UTF-8 metric name: {}", Quoted(bare))))
}

/// HELP texts know `\\` and `\n` only.
fn unescape_help(text: &str) -> Cow<'_, str> {
    if memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('n')) => plain.push('\n'),
            ('\\', Some('\\')) => plain.push('\\'),
            _ => {
                plain.push(c);
                continue;
            }
        }
        chars.next();
    }
    Cow::Owned(plain)
}

/// The short way: `None` sends the line to the strict reader.
fn ordinary_line(rest: &[u8], offset: usize) -> Option<Line> {
    if !is_name_start(rest[0]) && rest[0] != b'{' {
        return None;
    }
    let end = memchr(b'\n', rest).unwrap_or(rest.len());
    let line = &rest[..end];
    let series_end = ordinary_series(line)?;
    let (value, rest) = next_word(&line[series_end..]);
    let value = parse_float(value).ok()?;
    let (time, rest) = next_word(rest);
    let timestamp = match time {
        [] => None,
        digits => Some(short_timestamp(digits)?),
    };
    if !next_word(rest).0.is_empty() {
        return None;
    }
    // Behind the line break, or at the end of a body that lacks it.
    let end = offset + end + 1;
    Some(Line { series: offset, series_end: offset + series_end, end, value, timestamp })
}

/// The next run of bytes that are not blank, and what follows it.
fn next_word(text: &[u8]) -> (&[u8], &[u8]) {
    let from = text.iter().position(|b| !is_blank(*b)).unwrap_or(text.len());
    let text = &text[from..];
    text.split_at(text.iter().position(|b| is_blank(*b)).unwrap_or(text.len()))
}

/// Up to 18 digits, which cannot overflow.
fn short_timestamp(digits: &[u8]) -> Option<i64> {
    if digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

/// A sample line token by token.
fn strict_line(lexer: &mut Lexer<'_>, start: usize, first: Token) -> Result<Line, ParseError> {
    let series = lexer.start;
    let mut skip = |_: &[u8], _: &[u8]| Ok(());
    let (mut series_end, mut token);
    match first {
        Token::BraceOpen => {
            let name = read_braces(lexer, start, Braces::Nameless, &mut skip)?;
            series_end = lexer.at;
            token = lexer.next();
            if name.is_none() {
                return Err(lexer.while_parsing(start, "metric name not set"));
            }
        }
        Token::MetricName => {
            series_end = lexer.at;
            token = lexer.next();
            if token == Token::BraceOpen {
                read_braces(lexer, start, Braces::Named, &mut skip)?;
                series_end = lexer.at;
                token = lexer.next();
            }
        }
        other => return Err(lexer.unexpected(start, "expected a valid start token", other)),
    }
    if token != Token::Value {
        return Err(lexer.unexpected(start, "expected value after metric", token));
    }
    let text = lexer.text();
    let value = parse_float(text).map_err(|e| lexer.while_parsing(start, &e.reason(text)))?;
    let mut timestamp = None;
    match lexer.next() {
        Token::Linebreak => {}
        Token::Timestamp => {
            let text = lexer.text();
            let parsed = std::str::from_utf8(text).ok().and_then(|digits| digits.parse().ok());
            timestamp = Some(parsed.ok_or_else(|| {
                let reason = format!("strconv.ParseInt: parsing {}: value out of range", Quoted(text));
                lexer.while_parsing(start, &reason)
            })?);
            let token = lexer.next();
            if token != Token::Linebreak {
                return Err(lexer.unexpected(start, "expected next entry after timestamp", token));
            }
        }
        other => return Err(lexer.unexpected(start, "expected timestamp or new record", other)),
    }
    Ok(Line { series, series_end, end: lexer.at, value, timestamp })
}

#[cfg(test)]
pub(super) mod tests;
