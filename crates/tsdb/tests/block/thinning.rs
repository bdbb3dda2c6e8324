//! Thinning keeps one sample a step and what a rate needs.

use crate::support::{labels, samples_of};
use model::{FloatHistogram, HistogramSample, Matcher, stale_nan};
use proptest::prelude::*;
use std::sync::Arc;
use tsdb::block::{SeriesStream, ThinRule, VecSeries, VecStream, thin};

const STEP_MS: i64 = 60_000;

fn rule(before_ms: i64) -> ThinRule {
    ThinRule { matchers: vec![Matcher::equal("__name__", "m")], before_ms, step_ms: STEP_MS }
}

fn series(name: &str, values: &[f64]) -> VecSeries {
    VecSeries {
        labels: labels(&[("__name__", name)]),
        timestamps: (1..=values.len() as i64).map(|i| i * 15_000).collect(),
        values: values.to_vec(),
        ..VecSeries::default()
    }
}

fn thinned(series: VecSeries, before_ms: i64) -> Vec<(i64, f64)> {
    let mut stream = thin(VecStream::new(vec![series]), vec![rule(before_ms)]);
    let samples = stream.next().unwrap().unwrap().samples;
    samples.timestamps.iter().copied().zip(samples.values.iter().copied()).collect()
}

#[test]
fn the_last_of_each_step_stays() {
    // Steps end at 60 s and 120 s and include their end.
    let kept = thinned(series("m", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]), i64::MAX);
    assert_eq!(kept, [(60_000, 4.0), (120_000, 8.0), (135_000, 9.0)]);
}

#[test]
fn young_samples_and_other_series_stay_whole() {
    let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    assert_eq!(
        thinned(series("m", &values), 45_000),
        [(30_000, 2.0), (45_000, 3.0), (60_000, 4.0), (75_000, 5.0), (90_000, 6.0)]
    );
    assert_eq!(thinned(series("other", &values), i64::MAX).len(), 6);
}

#[test]
fn both_sides_of_a_reset_and_of_a_stale_marker_stay() {
    let mut values = [1.0; 24];
    values.iter_mut().enumerate().for_each(|(i, v)| *v = i as f64);
    values[9] = 0.0;
    let kept = thinned(series("m", &values[..16]), i64::MAX);
    let at: Vec<i64> = kept.iter().map(|(t, _)| t / 15_000 - 1).collect();
    assert_eq!(at, [3, 7, 8, 9, 11, 15]);
    values[9] = 9.0;
    values[13] = stale_nan();
    let at: Vec<i64> =
        thinned(series("m", &values[..16]), i64::MAX).iter().map(|(t, _)| t / 15_000 - 1).collect();
    assert_eq!(at, [3, 7, 11, 12, 13, 14, 15]);
}

#[test]
fn a_gauge_keeps_one_a_step() {
    let values: Vec<f64> = (0..16).map(|i| if i % 2 == 0 { 5.0 } else { 1.0 }).collect();
    assert_eq!(thinned(series("m", &values), i64::MAX).len(), 4);
}

#[test]
fn histograms_keep_one_a_step_and_both_sides_of_a_reset() {
    let at = |(i, count): (usize, &f64)| HistogramSample {
        timestamp: (i as i64 + 1) * 15_000,
        start_timestamp: 0,
        histogram: Arc::new(FloatHistogram { count: *count, ..FloatHistogram::default() }),
    };
    let counts = [1.0, 2.0, 3.0, 4.0, 5.0, 1.0, 2.0, 3.0];
    let histograms = counts.iter().enumerate().map(at).collect();
    let one = VecSeries { labels: labels(&[("__name__", "m")]), histograms, ..VecSeries::default() };
    let mut stream = thin(VecStream::new(vec![one]), vec![rule(i64::MAX)]);
    let kept = samples_of(stream.next().unwrap().unwrap().samples);
    assert_eq!(kept.keys().map(|t| t / 15_000 - 1).collect::<Vec<_>>(), [3, 4, 5, 7]);
}

/// What a counter grew by over all its samples, resets counted.
fn increase(values: &[(i64, f64)]) -> f64 {
    values.windows(2).map(|w| if w[1].1 < w[0].1 { w[1].1 } else { w[1].1 - w[0].1 }).sum()
}

proptest! {
    #[test]
    fn a_counters_increase_stays_what_it_was(
        steps in proptest::collection::vec(0u32..50, 40..200), resets in proptest::collection::btree_set(1usize..200, 0..4),
    ) {
        let mut value = 0.0;
        let values: Vec<f64> = steps.iter().enumerate().map(|(i, step)| {
            value = if resets.contains(&i) { 0.0 } else { value + f64::from(*step) };
            value
        }).collect();
        let whole: Vec<(i64, f64)> = values.iter().enumerate().map(|(i, v)| ((i as i64 + 1) * 15_000, *v)).collect();
        let mut kept = thinned(series("m", &values), i64::MAX);
        // The first sample may be thinned: what came before the first that stayed is not in question.
        let first = kept[0];
        let from = whole.iter().position(|s| *s == first).unwrap();
        prop_assert_eq!(increase(&kept), increase(&whole[from..]));
        kept.dedup();
        prop_assert!(kept.len() <= whole.len().div_ceil(4) + 1 + 2 * resets.len());
    }
}
