//! What scripts load, in memory.
//!
//! Histograms are kept as a store of chunks would give them back: the hint on counter resets is not what was
//! written but what follows from the sample before. A stale marker after a histogram is one of a histogram.

use crate::classic;
use crate::script::Load;
use model::{CounterResetHint, FloatHistogram, HistogramSample, Labels, Samples, is_stale, stale_nan};
use promql::{Selection, SequenceValue, SeriesSet, SeriesSource, SourceError};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

#[derive(Clone, Debug, Default)]
struct Series {
    timestamps: Vec<i64>,
    values: Vec<f64>,
    start_timestamps: Vec<i64>,
    histograms: Vec<HistogramSample>,
}

/// All that is loaded.
#[derive(Clone, Debug, Default)]
pub struct Store {
    series: BTreeMap<Labels, Arc<Series>>,
}

impl Store {
    /// Adds what a `load` command says. On an error part of it may have been added.
    pub fn load(&mut self, load: &Load) -> Result<(), String> {
        for series in &load.series {
            for (i, value) in series.values.iter().enumerate() {
                let t = i as i64 * load.step_ms;
                // Zero says that the start is unknown.
                let start = series.starts_ms.get(i).copied().flatten().map_or(0, |relative| t + relative);
                let result = match value {
                    SequenceValue::Omitted => Ok(()),
                    SequenceValue::Float(value) => self.append(&series.labels, t, start, *value),
                    SequenceValue::Histogram { histogram, .. } => {
                        self.append_histogram(&series.labels, t, start, (**histogram).clone())
                    }
                };
                result.map_err(|e| format!("{}: {e}", series.labels))?;
            }
        }
        if load.with_native {
            for (labels, t, histogram) in classic::to_native(load)? {
                self.append_histogram(&labels, t, 0, histogram).map_err(|e| format!("{labels}: {e}"))?;
            }
        }
        Ok(())
    }

    fn series(&mut self, labels: &Labels, t: i64) -> Result<&mut Series, String> {
        let series = Arc::make_mut(self.series.entry(labels.clone()).or_default());
        let last = series.timestamps.last().copied().max(series.histograms.last().map(|h| h.timestamp));
        if last.is_some_and(|last| last >= t) {
            return Err(format!("out of order sample at {t} ms"));
        }
        Ok(series)
    }

    fn append(&mut self, labels: &Labels, t: i64, start: i64, value: f64) -> Result<(), String> {
        let series = self.series(labels, t)?;
        let after_histogram = series
            .histograms
            .last()
            .is_some_and(|h| series.timestamps.last().is_none_or(|t| *t < h.timestamp));
        if is_stale(value) && after_histogram {
            let marker = FloatHistogram { sum: stale_nan(), ..FloatHistogram::default() };
            return self.append_histogram(labels, t, start, marker);
        }
        series.timestamps.push(t);
        series.values.push(value);
        series.start_timestamps.push(start);
        Ok(())
    }

    fn append_histogram(
        &mut self,
        labels: &Labels,
        t: i64,
        start: i64,
        mut histogram: FloatHistogram,
    ) -> Result<(), String> {
        if !is_stale(histogram.sum) {
            histogram.validate().map_err(|e| e.to_string())?;
        }
        let series = self.series(labels, t)?;
        let last_float = series.timestamps.last().copied();
        let previous = series.histograms.last().filter(|h| last_float.is_none_or(|t| t < h.timestamp));
        histogram.reset_hint = hint(previous.map(|h| &*h.histogram), &histogram);
        series.histograms.push(HistogramSample {
            timestamp: t,
            start_timestamp: start,
            histogram: Arc::new(histogram),
        });
        Ok(())
    }
}

/// The hint that a chunk gives back: "no reset" inside of a chunk, nothing at its start, whatever made it begin.
fn hint(previous: Option<&FloatHistogram>, histogram: &FloatHistogram) -> CounterResetHint {
    use CounterResetHint::{Gauge, NotReset, Reset, Unknown};
    if is_stale(histogram.sum) {
        return Unknown;
    }
    match (histogram.reset_hint, previous) {
        (Gauge, _) => Gauge,
        (Reset, _) | (_, None) => Unknown,
        (_, Some(previous)) if is_stale(previous.sum) || previous.reset_hint == Gauge => Unknown,
        (_, Some(previous)) => {
            let same_layout = histogram.schema == previous.schema
                && histogram.zero_threshold == previous.zero_threshold
                && histogram.custom_values == previous.custom_values;
            // What was written would be believed: only the counts shall tell.
            let plain = FloatHistogram { reset_hint: Unknown, ..histogram.clone() };
            if same_layout && !plain.detect_reset(previous) { NotReset } else { Unknown }
        }
    }
}

impl SeriesSource for Store {
    fn select(&self, selection: &Selection) -> Result<Box<dyn SeriesSet>, SourceError> {
        let wanted = |labels: &Labels| selection.matchers.iter().all(|m| m.matches(labels.value(m.name())));
        let found = self
            .series
            .iter()
            .filter(|(labels, _)| wanted(labels))
            .map(|(labels, series)| (labels.clone(), series.clone()))
            .collect();
        Ok(Box::new(Selected { found, start_ms: selection.start_ms, end_ms: selection.end_ms }))
    }
}

struct Selected {
    found: Vec<(Labels, Arc<Series>)>,
    start_ms: i64,
    end_ms: i64,
}

impl SeriesSet for Selected {
    fn len(&self) -> usize {
        self.found.len()
    }

    fn labels(&self, index: usize) -> &Labels {
        &self.found[index].0
    }

    fn read(
        &self,
        range: Range<usize>,
        visit: &mut dyn FnMut(usize, Samples<'_>) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        for index in range {
            let series = &self.found[index].1;
            let floats = series.timestamps.partition_point(|t| *t <= self.start_ms)
                ..series.timestamps.partition_point(|t| *t <= self.end_ms);
            let histograms = series.histograms.partition_point(|h| h.timestamp <= self.start_ms)
                ..series.histograms.partition_point(|h| h.timestamp <= self.end_ms);
            visit(
                index,
                Samples {
                    timestamps: &series.timestamps[floats.clone()],
                    values: &series.values[floats.clone()],
                    start_timestamps: &series.start_timestamps[floats],
                    histograms: &series.histograms[histograms],
                },
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Action, parse};
    use model::Matcher;

    fn loaded(script: &str) -> Store {
        let mut store = Store::default();
        for command in parse(script) {
            match command.action {
                Action::Load(load) => store.load(&load).unwrap(),
                other => panic!("{other:?}"),
            }
        }
        store
    }

    fn read(store: &Store, start_ms: i64, end_ms: i64, visit: &mut dyn FnMut(Samples<'_>)) {
        let selection = Selection {
            matchers: vec![Matcher::equal("__name__", "a")],
            start_ms,
            end_ms,
            hints: Default::default(),
        };
        let set = store.select(&selection).unwrap();
        set.read(0..set.len(), &mut |_, samples| {
            visit(samples);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn ranges_are_open_at_the_left() {
        let store = loaded("load 1s\n a 1 2 _ 4\n b 9");
        read(&store, 0, 3000, &mut |s| {
            assert_eq!((s.timestamps, s.values), (&[1000, 3000][..], &[2.0, 4.0][..]));
        });
    }

    #[test]
    fn start_timestamps_are_relative() {
        let store = loaded("load 1m\n a@st _ -30sx1 *\n a 1 2 3 4");
        read(&store, -1, i64::MAX, &mut |s| {
            assert_eq!(s.start_timestamps, [0, 30_000, 90_000, 150_000]);
        });
    }

    #[test]
    fn hints_follow_from_the_sample_before() {
        let store = loaded(
            "load 1m\n a {{count:5 buckets:[5]}} {{count:6 buckets:[6]}} {{count:1 buckets:[1]}} stale \
             {{count:9 buckets:[9]}} {{count:9 buckets:[9] counter_reset_hint:gauge}} {{schema:1 count:9 buckets:[9]}} 1 {{count:10}}",
        );
        use CounterResetHint::*;
        read(&store, -1, i64::MAX, &mut |s| {
            let hints: Vec<_> = s.histograms.iter().map(|h| h.histogram.reset_hint).collect();
            assert_eq!(hints, [Unknown, NotReset, Unknown, Unknown, Unknown, Gauge, Unknown, Unknown]);
            assert!(is_stale(s.histograms[3].histogram.sum));
            assert_eq!(s.timestamps, [420_000]);
        });
    }

    #[test]
    fn time_does_not_go_back() {
        let mut store = loaded("load 1m\n a 1 2");
        let Action::Load(load) = parse("load 1m\n a _ 3").remove(0).action else { panic!() };
        assert_eq!(store.load(&load).unwrap_err(), "a: out of order sample at 60000 ms");
    }
}
