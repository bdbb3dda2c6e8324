//! OpenMetrics text, 0.0.1 and 1.0.0.
//!
//! Lines end with one line break, words are apart by one space, the body ends with `# EOF`. With
//! `start_timestamps`, a `_created` line becomes the start of the samples of its metric instead of a series. It
//! stands behind them, so the parser looks ahead; what it found (or that there is nothing up to some offset) is
//! kept, so that a body is looked through at most twice.

use super::entry::{Entry, Origin, ParseError, Series};
use super::lexer::{Braces, Dialect, Lexer, State, Token};
use super::lexer::{is_name, is_name_start, ordinary_series, read_braces, unescape};
use super::text::family_name;
use crate::number::{Quoted, normal_nan, parse_float};
use memchr::memchr;
use model::MetricType;

const CREATED: &[u8] = b"_created";

/// Reads one body.
pub struct OpenMetricsParser<'a> {
    body: &'a [u8],
    at: usize,
    /// Of the last TYPE line.
    metric_type: MetricType,
    /// Of the last metadata line.
    family: &'a str,
    start_timestamps: bool,
    created: Created,
    done: bool,
}

/// What the last look ahead found.
#[derive(Clone, Copy, Default)]
struct Created {
    /// The metric of the `_created` line; `None` when none stands before `until`.
    metric: Option<u64>,
    start_timestamp: i64,
    /// The look ahead covered the body up to here.
    until: usize,
}

/// A sample line taken apart; offsets are into the body.
#[derive(Clone, Debug)]
struct Line {
    series: usize,
    series_end: usize,
    end: usize,
    value: f64,
    timestamp: Option<i64>,
    /// Behind the opening brace of the exemplar.
    exemplar: Option<usize>,
}

impl<'a> OpenMetricsParser<'a> {
    pub fn new(body: &'a [u8], start_timestamps: bool) -> OpenMetricsParser<'a> {
        OpenMetricsParser {
            body,
            at: 0,
            metric_type: MetricType::Unknown,
            family: "",
            start_timestamps,
            created: Created::default(),
            done: false,
        }
    }

    /// As [`super::Parser::next`].
    #[allow(clippy::should_implement_trait)] // it lends
    pub fn next(&mut self) -> Result<Option<Entry<'_>>, ParseError> {
        if self.done {
            return Ok(None);
        }
        loop {
            let start = self.at;
            if let Some(line) = ordinary_line(&self.body[start..], start) {
                match self.accept(line) {
                    Some((line, start)) => return Ok(Some(self.series(&line, start))),
                    None => continue,
                }
            }
            let mut lexer = Lexer::new(Dialect::OpenMetrics, self.body, start);
            match lexer.next() {
                Token::EofWord => {
                    if lexer.next() != Token::Eof {
                        return Err(lexer.error(start, "unexpected data after # EOF".to_owned()));
                    }
                    self.done = true;
                    return Ok(None);
                }
                Token::Eof => return Err(no_eof(&lexer, start)),
                kind @ (Token::Help | Token::Type | Token::Unit) => {
                    return self.metadata(lexer, start, kind).map(Some);
                }
                first => {
                    let line = strict_line(&mut lexer, start, first)?;
                    if let Some((line, start)) = self.accept(line) {
                        return Ok(Some(self.series(&line, start)));
                    }
                }
            }
        }
    }

    /// Moves behind a line. Gives it back with its start timestamp, unless it is a `_created` line that only says
    /// what others' is.
    fn accept(&mut self, line: Line) -> Option<(Line, i64)> {
        self.at = line.end;
        if !self.start_timestamps || !has_start(self.metric_type) {
            return Some((line, 0));
        }
        let series = &self.body[line.series..line.series_end];
        let Some((name, metric)) = identity(series, self.metric_type) else { return Some((line, 0)) };
        if name.ends_with(CREATED) {
            let metric = Some(metric);
            self.created = Created { metric, start_timestamp: seconds_to_ms(line.value), until: line.end };
            return None;
        }
        if self.created.metric != Some(metric) && self.created.until <= line.series.max(1) {
            self.created = self.look_ahead();
        }
        let known = self.created.metric == Some(metric);
        Some((line, if known { self.created.start_timestamp } else { 0 }))
    }

    /// The next `_created` line of the family.
    fn look_ahead(&self) -> Created {
        let mut at = self.at;
        loop {
            let rest = &self.body[at..];
            let end = at + memchr(b'\n', rest).map_or(rest.len(), |i| i + 1);
            // A comment begins another family, or is the end.
            if rest.is_empty() || rest[0] == b'#' {
                return Created { metric: None, start_timestamp: 0, until: at.max(1) };
            }
            if let Some((metric, start_timestamp)) = self.created_line(at) {
                return Created { metric: Some(metric), start_timestamp, until: end };
            }
            at = end;
        }
    }

    fn created_line(&self, at: usize) -> Option<(u64, i64)> {
        let rest = &self.body[at..];
        let name_end = rest.iter().position(|b| !is_name(*b)).unwrap_or(0);
        if rest[0] != b'{' && !rest[..name_end].ends_with(CREATED) {
            return None;
        }
        let mut lexer = Lexer::new(Dialect::OpenMetrics, self.body, at);
        let first = lexer.next();
        let line = strict_line(&mut lexer, at, first).ok()?;
        let (name, metric) = identity(&self.body[line.series..line.series_end], self.metric_type)?;
        name.ends_with(CREATED).then_some((metric, seconds_to_ms(line.value)))
    }

    fn series(&self, line: &Line, start_timestamp: i64) -> Entry<'_> {
        Entry::Series(Series {
            bytes: &self.body[line.series..line.series_end],
            value: normal_nan(line.value),
            timestamp: line.timestamp,
            start_timestamp,
            origin: Origin::Line {
                dialect: Dialect::OpenMetrics,
                body: self.body,
                offset: line.series,
                metric_type: self.metric_type,
                exemplar: line.exemplar.map(|from| &self.body[from..line.end]),
            },
        })
    }

    fn metadata(&mut self, mut lexer: Lexer<'a>, start: usize, kind: Token) -> Result<Entry<'_>, ParseError> {
        let token = lexer.next();
        if token != Token::MetricName {
            return Err(lexer.unexpected(
                start,
                &format!("expected metric name after {}", kind.name()),
                token,
            ));
        }
        let family = family_name(&lexer, start)?;
        if lexer.next() != Token::Text {
            return Err(lexer.error(start, format!("expected text in {}", kind.name())));
        }
        let raw = lexer.text();
        let raw = &raw[1..raw.len() - 1];
        let utf8 = std::str::from_utf8(raw);
        if family != self.family {
            (self.family, self.metric_type) = (family, MetricType::Unknown);
        }
        self.at = lexer.at;
        match kind {
            Token::Type => {
                let known = utf8.ok().filter(|t| *t != "untyped").and_then(MetricType::parse);
                let Some(metric_type) = known else {
                    return Err(lexer.error(start, format!("invalid metric type {}", Quoted(raw))));
                };
                self.metric_type = metric_type;
                Ok(Entry::Type { family, metric_type })
            }
            Token::Help => match utf8 {
                Ok(help) => Ok(Entry::Help { family, help: unescape(help) }),
                Err(_) => {
                    let reason = format!("help text {} is not a valid utf8 string", Quoted(raw));
                    Err(lexer.error(start, reason))
                }
            },
            _ => match utf8 {
                Ok(unit) if is_unit_of(family, unit) => Ok(Entry::Unit { family, unit }),
                _ => {
                    let reason =
                        format!("unit {} not a suffix of metric {}", Quoted(raw), Quoted(family.as_bytes()));
                    Err(lexer.error(start, reason))
                }
            },
        }
    }
}

/// A unit must end the name of its family, behind an underscore.
pub(super) fn is_unit_of(family: &str, unit: &str) -> bool {
    unit.is_empty() || family.strip_suffix(unit).is_some_and(|head| head.ends_with('_'))
}

fn has_start(metric_type: MetricType) -> bool {
    matches!(metric_type, MetricType::Counter | MetricType::Histogram | MetricType::Summary)
}

fn seconds_to_ms(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}

/// The name of a series, and a hash of what makes its metric: the labels without `le` and `quantile`, whatever
/// their order, and the name without the suffix of its kind.
fn identity(series: &[u8], metric_type: MetricType) -> Option<(&[u8], u64)> {
    let mut lexer = Lexer::new(Dialect::OpenMetrics, series, 0);
    let mut sum = 0u64;
    let mut add = |name: &[u8], value: &[u8]| {
        let bound = (metric_type == MetricType::Histogram && name == b"le")
            || (metric_type == MetricType::Summary && name == b"quantile");
        if !bound {
            let pair = hash(name).rotate_left(1).wrapping_add(hash(value));
            sum = sum.wrapping_add(hash(&pair.to_le_bytes()));
        }
        Ok(())
    };
    let name = match lexer.next() {
        Token::MetricName => {
            let name = lexer.text();
            if lexer.next() == Token::BraceOpen {
                read_braces(&mut lexer, 0, Braces::Named, &mut add).ok()?;
            }
            name
        }
        Token::BraceOpen => &series[read_braces(&mut lexer, 0, Braces::Nameless, &mut add).ok()??],
        _ => return None,
    };
    let suffixes: [&[u8]; 5] = [CREATED, b"_total", b"_bucket", b"_count", b"_sum"];
    let base = suffixes.iter().find_map(|s| name.strip_suffix(*s)).unwrap_or(name);
    Some((name, sum.wrapping_add(hash(base))))
}

fn hash(bytes: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(bytes)
}

fn no_eof(lexer: &Lexer<'_>, start: usize) -> ParseError {
    lexer.error(start, "data does not end with # EOF".to_owned())
}

/// The short way: a name, braces in which quotes are paired, a value, perhaps a timestamp. `None` sends the line
/// to the strict reader.
fn ordinary_line(rest: &[u8], offset: usize) -> Option<Line> {
    let first = *rest.first()?;
    if !is_name_start(first) && first != b'{' {
        return None;
    }
    let end = memchr(b'\n', rest)?;
    // The brace that closes an exemplar would be taken for that of the series.
    let series_end = ordinary_series(&rest[..end])?;
    if memchr(b'#', &rest[..series_end]).is_some() {
        return None;
    }
    let words = rest[series_end..end].strip_prefix(b" ")?;
    let (value, time) = match memchr(b' ', words) {
        Some(at) => (&words[..at], Some(&words[at + 1..])),
        None => (words, None),
    };
    let value = parse_float(value).ok()?;
    let timestamp = match time {
        // More words, an exemplar among them, are for the strict reader; so is an infinite time.
        Some(text) => {
            let seconds = parse_float(text).ok().filter(|t| t.is_finite())?;
            Some(seconds_to_ms(seconds))
        }
        None => None,
    };
    Some(Line {
        series: offset,
        series_end: offset + series_end,
        end: offset + end + 1,
        value,
        timestamp,
        exemplar: None,
    })
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
    let value = value_after(lexer, start, token, "metric")?;
    let (mut timestamp, mut exemplar) = (None, None);
    let mut token = lexer.next();
    if token == Token::Timestamp {
        timestamp = Some(time(lexer, start, "timestamp")?);
        token = lexer.next();
        if !matches!(token, Token::Linebreak | Token::Comment) {
            return Err(lexer.unexpected(start, "expected next entry after timestamp", token));
        }
    }
    match token {
        Token::Linebreak => {}
        Token::Comment => {
            exemplar = Some(lexer.at);
            strict_exemplar(lexer, start)?;
        }
        Token::Eof => return Err(no_eof(lexer, start)),
        other => return Err(lexer.unexpected(start, "expected timestamp or comment", other)),
    }
    Ok(Line { series, series_end, end: lexer.at, value, timestamp, exemplar })
}

/// An exemplar, from behind its opening brace to the end of its line.
fn strict_exemplar(lexer: &mut Lexer<'_>, start: usize) -> Result<(), ParseError> {
    debug_assert_eq!(lexer.state, State::Exemplar);
    read_braces(lexer, start, Braces::Exemplar, &mut |_, _| Ok(()))?;
    let token = lexer.next();
    value_after(lexer, start, token, "exemplar labels")?;
    match lexer.next() {
        Token::Linebreak => Ok(()),
        Token::Eof => Err(no_eof(lexer, start)),
        Token::Timestamp => {
            time(lexer, start, "exemplar timestamp")?;
            match lexer.next() {
                Token::Linebreak => Ok(()),
                other => Err(lexer.unexpected(start, "expected next entry after exemplar timestamp", other)),
            }
        }
        other => Err(lexer.unexpected(start, "expected timestamp or comment", other)),
    }
}

fn value_after(lexer: &Lexer<'_>, start: usize, token: Token, what: &str) -> Result<f64, ParseError> {
    if token != Token::Value {
        return Err(lexer.unexpected(start, &format!("expected value after {what}"), token));
    }
    let text = &lexer.text()[1..];
    parse_float(text).map_err(|e| lexer.while_parsing(start, &e.reason(text)))
}

/// The current token as seconds, in milliseconds.
fn time(lexer: &Lexer<'_>, start: usize, what: &str) -> Result<i64, ParseError> {
    let text = &lexer.text()[1..];
    let seconds = parse_float(text).map_err(|e| lexer.while_parsing(start, &e.reason(text)))?;
    if !seconds.is_finite() {
        let mut shown = String::new();
        crate::number::write_float(&mut shown, seconds);
        return Err(lexer.error(start, format!("invalid {what} {shown}")));
    }
    Ok(seconds_to_ms(seconds))
}

#[cfg(test)]
mod tests;
