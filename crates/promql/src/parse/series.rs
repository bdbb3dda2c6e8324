//! Series as tests write them: labels, then values by notations that repeat and count.
//!
//! `metric{a="b"} 1 _ 2+3x4 stale {{schema:0 count:2 buckets:[1 1]}}x3`. `1x3` is the value and three repetitions,
//! `2+3x4` is 2, 5, 8, 11, 14, `_x3` is three gaps. Rule unit tests and the scripts of our own tests use it.

use super::{ParseError, ParseErrors, ParseOptions, Parser};
use crate::ast::PosRange;
use crate::number;
use model::{CounterResetHint, FloatHistogram, Labels, Span};

/// A line may expand to this many values: 24 MB of values of 24 B. The longest in use have some 100,000.
const VALUES_MAX: usize = 1 << 20;

/// One step of a series.
#[derive(Clone, Debug, PartialEq)]
pub enum SequenceValue {
    /// `_`: no sample.
    Omitted,
    Float(f64),
    Histogram {
        histogram: Box<FloatHistogram>,
        /// `counter_reset_hint` was written, so that comparing must heed it.
        hint_set: bool,
    },
}

/// Parses a series with its values.
pub fn parse_series(line: &str) -> Result<(Labels, Vec<SequenceValue>), ParseErrors> {
    let split = metric_end(line);
    let labels = parse_metric(&line[..split])?;
    let mut scanner = Scanner { input: line, at: split, values: Vec::new() };
    match scanner.values() {
        Ok(()) => Ok((labels, scanner.values)),
        Err(message) => {
            let pos = PosRange::new(scanner.at, line.len());
            Err(ParseErrors(vec![ParseError::new(message, pos, line)]))
        }
    }
}

/// Parses the labels of a series: `name{label="value"}`.
pub fn parse_metric(input: &str) -> Result<Labels, ParseErrors> {
    let mut parser = Parser::new(input, ParseOptions::default());
    match parser.whole_metric() {
        Ok(labels) if parser.errors.is_empty() => Ok(labels),
        _ => Err(parser.into_errors()),
    }
}

/// Where the labels end: after the closing brace, or at the first space.
fn metric_end(line: &str) -> usize {
    let (mut in_braces, mut quote, mut escaped) = (false, None, false);
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(q), '\\') if q != '`' => escaped = true,
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') if in_braces => quote = Some(c),
            (None, '{') => in_braces = true,
            (None, '}') => return at + 1,
            (None, ' ' | '\t') if !in_braces => {
                // Space may stand between the name and its braces, but `{{` opens a value.
                let rest = line[at..].trim_start();
                if !rest.starts_with('{') || rest.starts_with("{{") {
                    return at;
                }
            }
            _ => {}
        }
    }
    line.len()
}

struct Scanner<'a> {
    input: &'a str,
    at: usize,
    values: Vec<SequenceValue>,
}

type Scanned<T> = Result<T, String>;

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.input[self.at..]
    }

    fn accept(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn skip_space(&mut self) -> bool {
        let rest = self.rest();
        let trimmed = rest.trim_start_matches([' ', '\t']);
        self.at += rest.len() - trimmed.len();
        trimmed.len() < rest.len()
    }

    fn take_while(&mut self, take: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !take(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    fn unexpected<T>(&self, expected: &str) -> Scanned<T> {
        let found = match self.rest().chars().next() {
            Some(c) => crate::quote::quote_char(c),
            None => "end of input".to_owned(),
        };
        Err(format!("unexpected {found} in series values, expected {expected}"))
    }

    fn values(&mut self) -> Scanned<()> {
        loop {
            let spaced = self.skip_space();
            if self.rest().is_empty() {
                return Ok(());
            }
            if !spaced {
                return self.unexpected("space");
            }
            self.item()?;
        }
    }

    fn item(&mut self) -> Scanned<()> {
        if self.accept("_") {
            let times = if self.accept("x") { self.count()? } else { 1 };
            return self.push(times, |_| Ok(SequenceValue::Omitted));
        }
        if self.rest().starts_with("{{") {
            return self.histogram_item();
        }
        let value = self.float()?;
        if self.accept("x") {
            let times = self.count()?;
            return self.push(times + 1, |_| Ok(SequenceValue::Float(value)));
        }
        if !self.rest().starts_with(['+', '-']) {
            return self.push(1, |_| Ok(SequenceValue::Float(value)));
        }
        let step = self.float()?;
        if !self.accept("x") {
            return self.unexpected("\"x\"");
        }
        let times = self.count()?;
        // Added up, not multiplied: what is expected was computed so.
        let mut next = value;
        self.push(times + 1, |_| {
            let current = next;
            next += step;
            Ok(SequenceValue::Float(current))
        })
    }

    fn push(&mut self, times: usize, mut value: impl FnMut(usize) -> Scanned<SequenceValue>) -> Scanned<()> {
        if self.values.len() + times > VALUES_MAX {
            return Err(format!("a series has at most {VALUES_MAX} values"));
        }
        for i in 0..times {
            self.values.push(value(i)?);
        }
        Ok(())
    }

    /// A repetition.
    fn count(&mut self) -> Scanned<usize> {
        let digits = self.take_while(|c| c.is_ascii_digit());
        let reason = |e: std::num::ParseIntError| format!("invalid repetition in series values: {e}");
        let count: usize = digits.parse().map_err(reason)?;
        Ok(count.min(VALUES_MAX))
    }

    /// A number, `Inf`, `NaN` or `stale`, with an optional sign.
    fn float(&mut self) -> Scanned<f64> {
        let start = self.at;
        let sign = match self.rest().as_bytes().first() {
            Some(b'-') => -1.0,
            _ => 1.0,
        };
        let signed = self.rest().starts_with(['+', '-']);
        self.at += usize::from(signed);
        if self.rest().starts_with(|c: char| c.is_ascii_alphabetic()) {
            let word = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
            match word.to_ascii_lowercase().as_str() {
                "inf" => return Ok(sign * f64::INFINITY),
                "nan" => return Ok(f64::NAN),
                "stale" if word == "stale" && !signed => return Ok(model::stale_nan()),
                _ => {}
            }
            self.at = start;
            return self.unexpected("number or \"stale\"");
        }
        let digits = self.take_number();
        if digits.is_empty() {
            return self.unexpected("number or \"stale\"");
        }
        number::parse(digits).map(|n| sign * n).map_err(|e| format!("error parsing number: {e}"))
    }

    /// Digits with a point and an exponent. Hexadecimal would clash with the `x` of repetitions.
    fn take_number(&mut self) -> &'a str {
        let start = self.at;
        self.take_while(|c| c.is_ascii_digit() || c == '.' || c == '_');
        if self.rest().starts_with(['e', 'E']) {
            self.at += 1;
            if self.rest().starts_with(['+', '-']) {
                self.at += 1;
            }
            self.take_while(|c| c.is_ascii_digit());
        }
        &self.input[start..self.at]
    }

    fn histogram_item(&mut self) -> Scanned<()> {
        let (base, hint_set) = self.histogram()?;
        let value = |histogram: &FloatHistogram, hint_set| SequenceValue::Histogram {
            histogram: Box::new(histogram.clone()),
            hint_set,
        };
        if self.accept("x") {
            let times = self.count()?;
            return self.push(times + 1, |_| Ok(value(&base, hint_set)));
        }
        let add = self.rest().starts_with("+{{");
        if !add && !self.rest().starts_with("-{{") {
            return self.push(1, |_| Ok(value(&base, hint_set)));
        }
        self.at += 1;
        let (step, hint_set) = self.histogram()?;
        if !self.accept("x") {
            return self.unexpected("\"x\"");
        }
        let times = self.count()?;
        let mut current = base;
        self.push(times + 1, |i| {
            if i > 0 {
                if current.schema > step.schema {
                    let (from, to) = (step.schema, current.schema);
                    return Err(format!(
                        "error combining histograms: cannot merge from schema {from} to {to}"
                    ));
                }
                let combined = if add { current.add(&step) } else { current.sub(&step) };
                combined.map_err(|e| format!("error combining histograms: {e}"))?;
            }
            Ok(value(&current, hint_set))
        })
    }

    /// `{{key:value …}}`, and whether it says the counter reset hint.
    fn histogram(&mut self) -> Scanned<(FloatHistogram, bool)> {
        self.accept("{{");
        let mut parts = HistogramParts::default();
        loop {
            let spaced = self.skip_space();
            if self.accept("}}") {
                return Ok((parts.histogram(), parts.hint.is_some()));
            }
            if !spaced && !parts.seen.is_empty() {
                return self.unexpected("space or \"}}\"");
            }
            self.histogram_part(&mut parts)?;
        }
    }

    fn histogram_part(&mut self, parts: &mut HistogramParts) -> Scanned<()> {
        let key = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_').to_ascii_lowercase();
        if !HistogramParts::KEYS.contains(&key.as_str()) {
            return Err(format!("bad histogram descriptor found: {}", crate::quote::quote(&key)));
        }
        if !self.accept(":") {
            return Err("missing `:` for histogram descriptor".to_owned());
        }
        match key.as_str() {
            "schema" => parts.schema = self.int()?,
            "sum" => parts.sum = self.float()?,
            "count" => parts.count = self.float()?,
            "z_bucket" => parts.zero_count = self.float()?,
            "z_bucket_w" => parts.zero_threshold = self.float()?,
            "offset" => parts.positive_offset = self.int()?,
            "n_offset" => parts.negative_offset = self.int()?,
            "buckets" => parts.positive = self.floats()?,
            "n_buckets" => parts.negative = self.floats()?,
            "custom_values" => parts.custom_values = self.floats()?,
            _ => parts.hint = Some(self.hint()?),
        }
        if parts.seen.contains(&key) {
            return Err(format!("duplicate key {} in histogram", crate::quote::quote(&key)));
        }
        parts.seen.push(key);
        Ok(())
    }

    fn int(&mut self) -> Scanned<i32> {
        let sign = if self.accept("-") { "-" } else { "" };
        let digits = self.take_while(|c| c.is_ascii_digit());
        format!("{sign}{digits}").parse().map_err(|e| format!("error parsing number: {e}"))
    }

    /// `[1 2.5 -3]`
    fn floats(&mut self) -> Scanned<Vec<f64>> {
        if !self.accept("[") {
            return self.unexpected("\"[\"");
        }
        let mut values = Vec::new();
        loop {
            self.skip_space();
            if self.accept("]") {
                return Ok(values);
            }
            values.push(self.float()?);
            if !self.rest().starts_with([' ', '\t', ']']) {
                return self.unexpected("space or \"]\"");
            }
        }
    }

    fn hint(&mut self) -> Scanned<CounterResetHint> {
        match self.take_while(|c| c.is_ascii_alphabetic() || c == '_').to_ascii_lowercase().as_str() {
            "unknown" => Ok(CounterResetHint::Unknown),
            "reset" => Ok(CounterResetHint::Reset),
            "not_reset" => Ok(CounterResetHint::NotReset),
            "gauge" => Ok(CounterResetHint::Gauge),
            _ => self.unexpected("unknown, reset, not_reset or gauge"),
        }
    }
}

#[derive(Default)]
struct HistogramParts {
    schema: i32,
    sum: f64,
    count: f64,
    zero_count: f64,
    zero_threshold: f64,
    positive: Vec<f64>,
    negative: Vec<f64>,
    positive_offset: i32,
    negative_offset: i32,
    custom_values: Vec<f64>,
    hint: Option<CounterResetHint>,
    seen: Vec<String>,
}

impl HistogramParts {
    const KEYS: [&'static str; 11] = [
        "schema",
        "sum",
        "count",
        "z_bucket",
        "z_bucket_w",
        "offset",
        "n_offset",
        "buckets",
        "n_buckets",
        "custom_values",
        "counter_reset_hint",
    ];

    fn histogram(&self) -> FloatHistogram {
        let spans = |buckets: &[f64], offset| match buckets.len() {
            0 => Vec::new(),
            n => vec![Span { offset, length: n as u32 }],
        };
        FloatHistogram {
            reset_hint: self.hint.unwrap_or_default(),
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            zero_count: self.zero_count,
            count: self.count,
            sum: self.sum,
            positive_spans: spans(&self.positive, self.positive_offset),
            negative_spans: spans(&self.negative, self.negative_offset),
            positive_buckets: self.positive.clone(),
            negative_buckets: self.negative.clone(),
            custom_values: self.custom_values.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
