//! Thinning: of old samples keep one a step, so that they cost less.
//!
//! Steps are `(k·step, (k+1)·step]`, as ranges of queries are; of each the last sample stays. So that rates stay
//! true, the samples on both sides of a counter's reset stay too, as do stale markers and the sample before one: a
//! rate over the thinned series sees the same resets, and the same ends, as one over the whole. What counts as a
//! reset is a falling value or another start time; a series that falls more often than once in eight samples is a
//! gauge, for which one sample a step is enough.

use crate::block::{BlockError, SeriesColumns, SeriesStream, VecSeries};
use model::sample::is_stale;
use model::{CounterResetHint, HistogramSample, Matcher, Samples};

/// A counter falls at most once in so many samples.
const FALLS_SHARE: usize = 8;

/// Of series that pass all `matchers`, keep one sample a `step_ms` of those before `before_ms`.
#[derive(Clone, Debug)]
pub struct ThinRule {
    pub matchers: Vec<Matcher>,
    /// Exclusive. Unix milliseconds.
    pub before_ms: i64,
    /// Rules with a step below 1 do nothing.
    pub step_ms: i64,
}

/// See [`thin`].
pub struct Thin<S> {
    inner: S,
    rules: Vec<ThinRule>,
    kept: VecSeries,
}

/// A stream with the first rule that matches applied to each series.
pub fn thin<S: SeriesStream>(inner: S, rules: Vec<ThinRule>) -> Thin<S> {
    Thin { inner, rules, kept: VecSeries::default() }
}

impl<S: SeriesStream> SeriesStream for Thin<S> {
    fn next(&mut self) -> Result<Option<SeriesColumns<'_>>, BlockError> {
        let Some(SeriesColumns { labels, samples }) = self.inner.next()? else { return Ok(None) };
        let passes = |r: &&ThinRule| r.matchers.iter().all(|m| m.matches(labels.value(m.name())));
        let Some(rule) = self.rules.iter().find(passes).filter(|r| r.step_ms > 0) else {
            self.kept.labels = labels.clone();
            return Ok(Some(SeriesColumns { labels: &self.kept.labels, samples }));
        };
        self.kept.labels = labels.clone();
        thin_floats(&samples, rule, &mut self.kept);
        thin_histograms(samples.histograms, rule, &mut self.kept.histograms);
        Ok(Some(SeriesColumns { labels: &self.kept.labels, samples: self.kept.samples() }))
    }
}

fn thin_floats(samples: &Samples<'_>, rule: &ThinRule, kept: &mut VecSeries) {
    kept.timestamps.clear();
    kept.values.clear();
    kept.start_timestamps.clear();
    let start_of = |i: usize| samples.start_timestamps.get(i).copied().unwrap_or(0);
    let falls = samples.values.windows(2).filter(|w| w[1] < w[0]).count();
    let counter = falls * FALLS_SHARE <= samples.values.len();
    // Whether something happens between a sample and the next.
    let breaks = |i: usize| {
        let (a, b) = (samples.values[i], samples.values[i + 1]);
        is_stale(a) || is_stale(b) || (counter && b < a) || start_of(i) != start_of(i + 1)
    };
    let mut broke = false;
    for (i, t) in samples.timestamps.iter().enumerate() {
        let next = samples.timestamps.get(i + 1);
        let breaks_next = next.is_some() && breaks(i);
        if broke || breaks_next || is_last_of_step(*t, next, rule) {
            kept.timestamps.push(*t);
            kept.values.push(samples.values[i]);
            kept.start_timestamps.extend(samples.start_timestamps.get(i));
        }
        broke = breaks_next;
    }
}

fn thin_histograms(samples: &[HistogramSample], rule: &ThinRule, kept: &mut Vec<HistogramSample>) {
    kept.clear();
    let breaks = |a: &HistogramSample, b: &HistogramSample| {
        let (x, y) = (&a.histogram, &b.histogram);
        is_stale(x.sum)
            || is_stale(y.sum)
            || y.reset_hint == CounterResetHint::Reset
            || (y.reset_hint != CounterResetHint::Gauge && (y.count < x.count || y.schema != x.schema))
            || a.start_timestamp != b.start_timestamp
    };
    let mut broke = false;
    for (i, sample) in samples.iter().enumerate() {
        let next = samples.get(i + 1);
        let breaks_next = next.is_some_and(|n| breaks(sample, n));
        if broke || breaks_next || is_last_of_step(sample.timestamp, next.map(|n| &n.timestamp), rule) {
            kept.push(sample.clone());
        }
        broke = breaks_next;
    }
}

/// Whether a sample is too young to be thinned, or no other follows it in its step.
fn is_last_of_step(t: i64, next: Option<&i64>, rule: &ThinRule) -> bool {
    let step = |t: i64| (t.saturating_sub(1)).div_euclid(rule.step_ms);
    t >= rule.before_ms || next.is_none_or(|n| *n >= rule.before_ms || step(*n) != step(t))
}
