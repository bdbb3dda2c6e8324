//! What a query has to say beside its result: warnings (the result is in doubt) and infos (it may be).
//!
//! The texts are those of Prometheus, which users search for; a position `(line:column)` follows each. An annotation
//! that comes up many times is kept once, with the position where it came up last.

use crate::ast::{BinaryOp, PosRange};
use crate::quote::quote;
use model::number::format_g;
use std::collections::BTreeMap;

/// Annotations are collected by thousands of series: a set of this many kinds is enough to see what is wrong.
const DISTINCT_MAX: usize = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Warning,
    Info,
}

/// Which operation on histograms had to reconcile something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistogramOp {
    Addition,
    Subtraction,
    Aggregation,
}

impl HistogramOp {
    fn as_str(self) -> &'static str {
        match self {
            HistogramOp::Addition => "addition",
            HistogramOp::Subtraction => "subtraction",
            HistogramOp::Aggregation => "aggregation",
        }
    }
}

/// How buckets of a classic histogram had to be raised to ascend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forced {
    pub t_ms: (i64, i64),
    pub bucket: (f64, f64),
    pub diff_max: f64,
    pub count: u64,
}

#[derive(Clone, Debug)]
struct Detail {
    pos: PosRange,
    forced: Option<Forced>,
}

/// A set of annotations.
#[derive(Clone, Debug, Default)]
pub struct Annotations {
    notes: BTreeMap<(Severity, String), Detail>,
}

impl Annotations {
    pub fn merge(&mut self, other: Annotations) {
        for ((severity, text), detail) in other.notes {
            self.add(severity, text, detail.pos, detail.forced);
        }
    }

    /// What the source says of its own accord: a warning without a position.
    pub fn add_source_warning(&mut self, text: String) {
        self.add(Severity::Warning, text, PosRange { start: usize::MAX, end: usize::MAX }, None);
    }

    fn add(&mut self, severity: Severity, text: String, pos: PosRange, forced: Option<Forced>) {
        let full = self.notes.len() >= DISTINCT_MAX;
        let key = (severity, text);
        match self.notes.get_mut(&key) {
            Some(detail) => {
                detail.pos = pos;
                if let (Some(a), Some(b)) = (&mut detail.forced, forced) {
                    a.t_ms = (a.t_ms.0.min(b.t_ms.0), a.t_ms.1.max(b.t_ms.1));
                    a.bucket = (a.bucket.0.min(b.bucket.0), a.bucket.1.max(b.bucket.1));
                    a.diff_max = a.diff_max.max(b.diff_max);
                    a.count += b.count;
                }
            }
            None if full => {}
            None => {
                self.notes.insert(key, Detail { pos, forced });
            }
        }
    }

    fn warn(&mut self, pos: PosRange, text: String) {
        self.add(Severity::Warning, format!("PromQL warning: {text}"), pos, None);
    }

    fn info(&mut self, pos: PosRange, text: String) {
        self.add(Severity::Info, format!("PromQL info: {text}"), pos, None);
    }

    /// Warnings and infos as text, with their positions in the query.
    pub fn into_texts(self, query: &str) -> (Vec<String>, Vec<String>) {
        let (mut warnings, mut infos) = (Vec::new(), Vec::new());
        for ((severity, mut text), detail) in self.notes {
            if let Some(forced) = detail.forced {
                text.push_str(&forced_text(&forced));
            }
            if detail.pos.start != usize::MAX {
                text.push_str(&format!(" ({})", line_and_column(query, detail.pos.start)));
            }
            match severity {
                Severity::Warning => warnings.push(text),
                Severity::Info => infos.push(text),
            }
        }
        (warnings, infos)
    }
}

fn line_and_column(query: &str, at: usize) -> String {
    let at = at.min(query.len());
    let before = &query.as_bytes()[..at];
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
    format!("{line}:{}", at - start + 1)
}

fn forced_text(forced: &Forced) -> String {
    let time = |t_ms: i64| {
        jiff::Timestamp::from_second(t_ms / 1000).map_or_else(|_| t_ms.to_string(), |t| t.to_string())
    };
    format!(
        ", from buckets {} to {}, with a max diff of {}, over {} samples from {} to {}",
        format_g(forced.bucket.0),
        format_g(forced.bucket.1),
        two_digits(forced.diff_max),
        forced.count,
        time(forced.t_ms.0),
        time(forced.t_ms.1),
    )
}

/// Two significant digits.
fn two_digits(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format_g(value);
    }
    let text = format!("{value:.1e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..2).contains(&exponent) {
        return format_g(text.parse().unwrap_or(value));
    }
    let digits = digits.strip_suffix(".0").unwrap_or(digits);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

fn of_metric(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" for metric name {}", quote(name)) }
}

/// Warnings.
impl Annotations {
    pub fn invalid_quantile(&mut self, pos: PosRange, q: f64) {
        self.warn(pos, format!("quantile value should be between 0 and 1, got {}", format_g(q)));
    }

    pub fn invalid_ratio(&mut self, pos: PosRange, ratio: f64, capped: f64) {
        let (ratio, capped) = (format_g(ratio), format_g(capped));
        self.warn(pos, format!("ratio value should be between -1 and 1, got {ratio}, capping to {capped}"));
    }

    pub fn bad_bucket_label(&mut self, pos: PosRange, name: &str, le: &str) {
        let text = format!("bucket label \"le\" is missing or has a malformed value of {}", quote(le));
        self.warn(pos, text + &of_metric(name));
    }

    pub fn mixed_floats_histograms(&mut self, pos: PosRange, name: &str) {
        self.warn(pos, format!("encountered a mix of histograms and floats for metric name {}", quote(name)));
    }

    pub fn mixed_floats_histograms_aggregated(&mut self, pos: PosRange) {
        self.warn(pos, "encountered a mix of histograms and floats for aggregation".to_owned());
    }

    pub fn mixed_classic_native(&mut self, pos: PosRange, name: &str) {
        let text = "vector contains a mix of classic and native histograms".to_owned();
        self.warn(pos, text + &of_metric(name));
    }

    pub fn not_a_counter(&mut self, pos: PosRange, name: &str) {
        self.warn(pos, format!("this native histogram metric is not a counter: {}", quote(name)));
    }

    pub fn not_a_gauge(&mut self, pos: PosRange, name: &str) {
        self.warn(pos, format!("this native histogram metric is not a gauge: {}", quote(name)));
    }

    pub fn mixed_exponential_custom(&mut self, pos: PosRange, name: &str) {
        let text =
            "vector contains a mix of histograms with exponential and custom buckets schemas for metric name";
        self.warn(pos, format!("{text} {}", quote(name)));
    }

    pub fn incompatible_layout_in_operator(&mut self, pos: PosRange, op: BinaryOp) {
        let op = op.as_str();
        self.warn(pos, format!("incompatible bucket layout encountered for binary operator {op}"));
    }

    pub fn reset_collision(&mut self, pos: PosRange, op: HistogramOp) {
        self.warn(pos, format!("conflicting counter resets during histogram {}", op.as_str()));
    }

    pub fn sort_in_range_query(&mut self, pos: PosRange) {
        let text = "sort is ineffective for range queries since results are always ordered by labels";
        self.warn(pos, text.to_owned());
    }

    pub fn start_time_overlap(&mut self, pos: PosRange, name: &str) {
        let text = "sample has start time that overlaps with previous sample timestamp for metric";
        self.warn(pos, format!("{text} {}", quote(name)));
    }
}

/// Infos.
impl Annotations {
    pub fn possible_non_counter(&mut self, pos: PosRange, name: &str) {
        let text = "metric might not be a counter, name does not end in _total/_sum/_count/_bucket:";
        self.info(pos, format!("{text} {}", quote(name)));
    }

    pub fn possible_non_counter_label(&mut self, pos: PosRange, name: &str, type_label: &str) {
        let text = "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\"";
        self.info(pos, format!("{text}, got {}: {}", quote(type_label), quote(name)));
    }

    pub fn forced_monotonicity(&mut self, pos: PosRange, name: &str, forced: Forced) {
        let text = "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see \
            https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";
        self.add(Severity::Info, format!("{text}{}", of_metric(name)), pos, Some(forced));
    }

    pub fn incompatible_types(&mut self, pos: PosRange, lhs: &str, op: BinaryOp, rhs: &str) {
        let op = op.as_str();
        let text = "incompatible sample types encountered for binary operator";
        self.info(pos, format!("{text} {}: {lhs} {op} {rhs}", quote(op)));
    }

    pub fn histogram_ignored_in_aggregation(&mut self, pos: PosRange, aggregation: &str) {
        self.info(pos, format!("ignored histogram in {aggregation} aggregation"));
    }

    pub fn histograms_ignored_in_range(&mut self, pos: PosRange, name: &str) {
        let text = "ignored histograms in a range containing both floats and histograms for metric name";
        self.info(pos, format!("{text} {}", quote(name)));
    }

    pub fn quantile_is_nan(&mut self, pos: PosRange, name: &str) {
        let text = "input to histogram_quantile has NaN observations, result is NaN";
        self.info(pos, text.to_owned() + &of_metric(name));
    }

    pub fn quantile_is_skewed(&mut self, pos: PosRange, name: &str) {
        let text = "input to histogram_quantile has NaN observations, result is skewed higher";
        self.info(pos, text.to_owned() + &of_metric(name));
    }

    pub fn fraction_without_nan(&mut self, pos: PosRange, name: &str) {
        let text = "input to histogram_fraction has NaN observations, which are excluded from all fractions";
        self.info(pos, text.to_owned() + &of_metric(name));
    }

    pub fn bounds_reconciled(&mut self, pos: PosRange, op: HistogramOp) {
        self.info(pos, format!("mismatched custom buckets were reconciled during {}", op.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_carry_positions_and_come_once() {
        let mut notes = Annotations::default();
        notes.invalid_quantile(PosRange::new(0, 1), 2.0);
        let mut more = Annotations::default();
        more.invalid_quantile(PosRange::new(5, 6), 2.0);
        more.bounds_reconciled(PosRange::new(2, 3), HistogramOp::Addition);
        notes.merge(more);
        let (warnings, infos) = notes.into_texts("ab(\ncd)");
        assert_eq!(warnings, ["PromQL warning: quantile value should be between 0 and 1, got 2 (2:2)"]);
        assert_eq!(infos, ["PromQL info: mismatched custom buckets were reconciled during addition (1:3)"]);
    }

    #[test]
    fn forced_monotonicity_adds_up() {
        let mut notes = Annotations::default();
        let forced =
            |t, bucket, diff_max| Forced { t_ms: (t, t), bucket: (bucket, bucket), diff_max, count: 1 };
        notes.forced_monotonicity(PosRange::new(0, 1), "m", forced(0, 0.1, 0.5));
        notes.forced_monotonicity(PosRange::new(0, 1), "m", forced(60_000, 2.0, 1234.0));
        let (_, infos) = notes.into_texts("m");
        let want = "for metric name \"m\", from buckets 0.1 to 2, with a max diff of 1.2e+03, over 2 samples \
            from 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z (1:1)";
        assert!(infos[0].ends_with(want), "{}", infos[0]);
    }
}
