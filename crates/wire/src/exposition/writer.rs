//! Writes expositions: `/metrics` and `/federate`.
//!
//! Text 0.0.4 and OpenMetrics 1.0. A family is announced once, its samples follow. The caller names samples as they
//! are stored (`x_total`, `x_bucket`); the writer knows what each format calls the family.

use super::escaping::EscapingScheme;
use crate::number::write_float;
use model::labels::{is_legacy_label_name, is_legacy_metric_name};
use model::{Exemplar, METRIC_NAME, MetricType};
use std::fmt::Write;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text 0.0.4; quoted names when the reader allows UTF-8.
    Text,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

impl Format {
    /// From an `Accept` header: OpenMetrics where it is preferred to plain text.
    pub fn from_accept(accept: &str) -> (Format, EscapingScheme) {
        let (mut best, mut best_q) = ((Format::Text, EscapingScheme::Underscores), 0.0);
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default().to_ascii_lowercase();
            let (mut q, mut escaping, mut version) = (1.0f64, EscapingScheme::Underscores, "");
            for (key, value) in parts.filter_map(|p| p.split_once('=')) {
                match key.trim() {
                    "q" => q = value.trim().parse().unwrap_or(0.0),
                    "escaping" => escaping = EscapingScheme::parse(value.trim()).unwrap_or(escaping),
                    "version" => version = value.trim(),
                    _ => {}
                }
            }
            let format = match (media.as_str(), version) {
                ("application/openmetrics-text", "" | "0.0.1" | "1.0.0") => Format::OpenMetrics,
                ("text/plain", "" | "0.0.4" | "1.0.0") | ("*/*" | "text/*", _) => Format::Text,
                _ => continue,
            };
            if q > best_q {
                (best, best_q) = ((format, escaping), q);
            }
        }
        best
    }

    /// For the answer.
    pub fn content_type(self, escaping: EscapingScheme) -> String {
        let escaping = escaping.as_str();
        match self {
            Format::Text if escaping == "allow-utf-8" => {
                format!("text/plain; version=1.0.0; charset=utf-8; escaping={escaping}")
            }
            Format::Text => format!("text/plain; version=0.0.4; charset=utf-8; escaping={escaping}"),
            Format::OpenMetrics => {
                format!("application/openmetrics-text; version=1.0.0; charset=utf-8; escaping={escaping}")
            }
        }
    }
}

/// The head of a family.
#[derive(Clone, Copy, Debug)]
pub struct Family<'a> {
    /// A counter's name ends in `_total`; OpenMetrics is told the name without it.
    pub name: &'a str,
    pub metric_type: MetricType,
    /// Left out when empty.
    pub help: &'a str,
    /// Left out when empty, or when the name does not end with it.
    pub unit: &'a str,
}

/// Writes one body.
#[derive(Debug)]
pub struct Writer {
    out: String,
    format: Format,
    escaping: EscapingScheme,
}

impl Writer {
    pub fn new(format: Format, escaping: EscapingScheme) -> Writer {
        Writer { out: String::new(), format, escaping }
    }

    /// Begins a family.
    pub fn family(&mut self, family: Family<'_>) {
        let open = self.format == Format::OpenMetrics;
        let name = match family.name.strip_suffix("_total") {
            Some(base) if open && family.metric_type == MetricType::Counter => base,
            _ => family.name,
        };
        let name = self.escaping.escape(name);
        if !family.help.is_empty() {
            self.meta("HELP", &name);
            escape(&mut self.out, family.help, open);
            self.out.push('\n');
        }
        self.meta("TYPE", &name);
        self.out.push_str(type_name(family.metric_type, self.format));
        self.out.push('\n');
        if open && !family.unit.is_empty() && super::openmetrics::is_unit_of(&name, family.unit) {
            self.meta("UNIT", &name);
            self.out.push_str(family.unit);
            self.out.push('\n');
        }
    }

    fn meta(&mut self, word: &str, name: &str) {
        self.out.push_str("# ");
        self.out.push_str(word);
        self.out.push(' ');
        if is_legacy_metric_name(name) {
            self.out.push_str(name)
        } else {
            quoted(&mut self.out, name)
        }
        self.out.push(' ');
    }

    /// One sample. Labels come without `__name__`, or with it: it is skipped. `timestamp` is in Unix milliseconds.
    pub fn sample<'l>(
        &mut self,
        name: &str,
        labels: impl IntoIterator<Item = (&'l str, &'l str)>,
        value: f64,
        timestamp: Option<i64>,
        exemplar: Option<&Exemplar>,
    ) {
        self.series(name, labels);
        self.out.push(' ');
        write_float(&mut self.out, value);
        if let Some(ms) = timestamp {
            self.out.push(' ');
            self.time(ms);
        }
        if let (Format::OpenMetrics, Some(exemplar)) = (self.format, exemplar) {
            self.out.push_str(" # {");
            self.pairs(exemplar.labels.iter(), true);
            self.out.push_str("} ");
            write_float(&mut self.out, exemplar.value);
            if let Some(ms) = exemplar.timestamp {
                self.out.push(' ');
                self.time(ms);
            }
        }
        self.out.push('\n');
    }

    /// How much has been written: for answers that are sent in pieces.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Takes what has been written so far.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    /// Ends the body and gives it, or the rest of it.
    pub fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        self.out
    }

    fn series<'l>(&mut self, name: &str, labels: impl IntoIterator<Item = (&'l str, &'l str)>) {
        let name = self.escaping.escape(name);
        let bare = is_legacy_metric_name(&name);
        if bare {
            self.out.push_str(&name);
        }
        let at = self.out.len();
        self.out.push('{');
        if !bare {
            quoted(&mut self.out, &name);
        }
        self.pairs(labels, bare);
        if self.out.len() == at + 1 {
            self.out.truncate(at);
        } else {
            self.out.push('}');
        }
    }

    fn pairs<'l>(&mut self, labels: impl IntoIterator<Item = (&'l str, &'l str)>, first: bool) {
        let mut first = first;
        for (name, value) in labels {
            if name == METRIC_NAME {
                continue;
            }
            if !first {
                self.out.push(',');
            }
            first = false;
            let name = self.escaping.escape(name);
            if is_legacy_label_name(&name) {
                self.out.push_str(&name)
            } else {
                quoted(&mut self.out, &name)
            }
            self.out.push('=');
            quoted(&mut self.out, value);
        }
    }

    /// Milliseconds in text 0.0.4, seconds in OpenMetrics.
    fn time(&mut self, ms: i64) {
        // Writing to a String cannot fail.
        let _ = match self.format {
            Format::Text => write!(self.out, "{ms}"),
            Format::OpenMetrics if ms % 1000 == 0 => write!(self.out, "{}", ms / 1000),
            Format::OpenMetrics => {
                let sign = if ms < 0 { "-" } else { "" };
                let ms = ms.unsigned_abs();
                write!(self.out, "{sign}{}.{:03}", ms / 1000, ms % 1000)
            }
        };
    }
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    escape(out, text, true);
    out.push('"');
}

fn escape(out: &mut String, text: &str, quotes: bool) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quotes => out.push_str("\\\""),
            c => out.push(c),
        }
    }
}

/// Text 0.0.4 knows five types.
fn type_name(metric_type: MetricType, format: Format) -> &'static str {
    match (format, metric_type) {
        (Format::OpenMetrics, metric_type) => metric_type.as_str(),
        (Format::Text, MetricType::Unknown) => "untyped",
        (Format::Text, MetricType::Info | MetricType::StateSet) => "gauge",
        (Format::Text, MetricType::GaugeHistogram) => "histogram",
        (Format::Text, metric_type) => metric_type.as_str(),
    }
}

#[cfg(test)]
mod tests;
