//! Text bodies line by line: most lines of a scrape are those of the scrape before with another value.
//!
//! A sample line is cut at its last blank. When what stands before it is a series that the cache knows, the rest is
//! the value and nothing has to be parsed; the hash of the cache covers every byte of the series, so a line that only
//! looks like one is not taken for it. Comments are compared as wholes. Any other line is parsed alone, after the TYPE
//! line it stands under; and when that fails (a label value may span lines), so is the rest of the body, with it.

use super::{Run, Sample};
use crate::cache::{Cache, Found, Key};
use crate::error::ScrapeError;
use crate::metadata::{Said, TargetFamilies};
use memchr::{memchr, memchr_iter, memrchr};
use model::LabelsBuilder;
use wire::exposition::{Entry, ParseError, Parser, Protocol};
use wire::number::{normal_nan, parse_float};

/// A time has at most so many digits: more are left to the parser.
const TIME_DIGITS_MAX: usize = 18;

/// A sample of a series that is known.
#[derive(Clone, Copy)]
pub struct Line<'b> {
    pub series: &'b [u8],
    pub value: f64,
    pub timestamp: Option<i64>,
    /// Where the line and its TYPE line stand: to read labels, should they be needed after all.
    place: Place<'b>,
}

#[derive(Clone, Copy)]
struct Place<'b> {
    type_line: &'b [u8],
    line: &'b [u8],
    protocol: Protocol,
}

impl Line<'_> {
    pub fn labels_into(&self, builder: &mut LabelsBuilder) -> Result<(), ParseError> {
        let text = self.place.text();
        let mut parser = Parser::new(&text, self.place.protocol, Default::default());
        while let Some(entry) = parser.next()? {
            if let Entry::Series(series) = entry {
                return series.labels_into(builder);
            }
        }
        builder.clear();
        Ok(())
    }
}

impl Place<'_> {
    fn text(&self) -> Vec<u8> {
        [self.type_line, self.line].concat()
    }
}

impl Run<'_> {
    /// Reads a body in Prometheus's text format.
    pub(super) fn lines(
        &mut self,
        body: &[u8],
        protocol: Protocol,
        families: &mut TargetFamilies,
    ) -> Result<(), ScrapeError> {
        let mut type_line: &[u8] = b"";
        let (mut at, mut with_time) = (0, false);
        while at < body.len() {
            let start = at;
            let line = match memchr(b'\n', &body[start..]) {
                Some(length) => &body[start..=start + length],
                None => &body[start..],
            };
            at += line.len();
            match line[0] {
                b'\n' => continue,
                // The end of the body for the parser too.
                0 => return Ok(()),
                b'#' => {
                    if line.starts_with(b"# TYPE ") {
                        type_line = line;
                    }
                    if families.is_repeated(line) {
                        continue;
                    }
                }
                _ => {
                    let place = Place { type_line, line, protocol };
                    if let Some((line, key, found)) = known(&mut self.ingest.cache, place, &mut with_time) {
                        self.found(Sample::Line(line), key, found)?;
                        continue;
                    }
                }
            }
            let place = Place { type_line: if line[0] == b'#' { b"" } else { type_line }, line, protocol };
            if !self.alone(place, families)? {
                return self.rest(body, start, type_line, protocol, families);
            }
        }
        Ok(())
    }

    /// Parses one line; `false` when it makes no sense alone.
    fn alone(&mut self, place: Place<'_>, families: &mut TargetFamilies) -> Result<bool, ScrapeError> {
        let text = place.text();
        let mut parser = Parser::new(&text, place.protocol, self.job.parsing);
        loop {
            match parser.next() {
                Err(_) => return Ok(false),
                Ok(None) => return Ok(true),
                Ok(Some(Entry::Series(series))) => match self.sample(Sample::Float(&series)) {
                    // It is parsed, and counted, once more with the rest of the body, which says where exactly.
                    Err(ScrapeError::Parse { .. }) => {
                        self.counts.scraped -= 1;
                        return Ok(false);
                    }
                    result => result?,
                },
                Ok(Some(Entry::Type { family, metric_type })) => {
                    // Not the TYPE line that only stands before a sample.
                    if place.type_line.is_empty() {
                        families.say(family, Said::Type(metric_type));
                        families.remember_line(place.line, Said::Type(metric_type));
                    }
                }
                Ok(Some(Entry::Help { family, help })) => {
                    families.say(family, Said::Help(&help));
                    families.remember_line(place.line, Said::Help(""));
                }
                Ok(Some(_)) => {}
            }
        }
    }

    /// Parses all that is left, as one.
    fn rest(
        &mut self,
        body: &[u8],
        start: usize,
        type_line: &[u8],
        protocol: Protocol,
        families: &mut TargetFamilies,
    ) -> Result<(), ScrapeError> {
        let text = [type_line, &body[start..]].concat();
        let result = self.entries(Parser::new(&text, protocol, self.job.parsing), families);
        result.map_err(|error| match error {
            ScrapeError::Parse { mut error } => {
                let before = memchr_iter(b'\n', &body[..start]).count();
                let lines_added = usize::from(!type_line.is_empty());
                error.line = (error.line + before).saturating_sub(lines_added);
                error.offset = (error.offset + start).saturating_sub(type_line.len());
                ScrapeError::Parse { error }
            }
            error => error,
        })
    }
}

/// The sample of a line whose series is known, and the cache's answer. `with_time` says which form the last line had:
/// the lines of one target are alike.
fn known<'b>(cache: &mut Cache, place: Place<'b>, with_time: &mut bool) -> Option<(Line<'b>, Key, Found)> {
    let line = place.line.strip_suffix(b"\n")?;
    for timed in [*with_time, !*with_time] {
        let Some((series, value, timestamp)) = cut(line, timed) else { continue };
        let (key, found) = cache.find(series);
        if found == Found::New {
            continue;
        }
        *with_time = timed;
        let value = normal_nan(parse_float(value).ok()?);
        return Some((Line { series, value, timestamp, place }, key, found));
    }
    None
}

/// Series, value and time of a line, as its blanks suggest.
fn cut(line: &[u8], timed: bool) -> Option<(&[u8], &[u8], Option<i64>)> {
    let at = memrchr(b' ', line)?;
    let (front, last) = (&line[..at], &line[at + 1..]);
    if !timed {
        return Some((front, last, None));
    }
    let time = time(last)?;
    let at = memrchr(b' ', front)?;
    Some((&front[..at], &front[at + 1..], Some(time)))
}

/// Unix milliseconds in digits.
fn time(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > TIME_DIGITS_MAX {
        return None;
    }
    let number =
        digits.iter().try_fold(0i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))?;
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_lines_by_their_blanks() {
        let check = |line: &str, timed, want: Option<(&str, &str, Option<i64>)>| {
            let want = want.map(|(s, v, t)| (s.as_bytes(), v.as_bytes(), t));
            assert_eq!(cut(line.as_bytes(), timed), want, "{line}");
        };
        check("a{x=\"y z\"} 1.5", false, Some(("a{x=\"y z\"}", "1.5", None)));
        check("a 1 1700000000000", true, Some(("a", "1", Some(1_700_000_000_000))));
        check("a 1 -5", true, Some(("a", "1", Some(-5))));
        check("a 1 1.5", true, None);
        check("a 1", true, None);
        check("a", false, None);
        check("a 1 9999999999999999999", true, None);
    }
}
