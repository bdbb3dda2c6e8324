//! A source of series in memory, for tests.

use model::{HistogramSample, Labels, Samples};
use promql::{Selection, SequenceValue, SeriesSet, SeriesSource, SourceError, parse_series};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

type OnRead = Arc<dyn Fn(usize) -> Result<(), SourceError> + Send + Sync>;

#[derive(Clone, Default)]
pub struct Series {
    pub timestamps: Vec<i64>,
    pub values: Vec<f64>,
    pub histograms: Vec<HistogramSample>,
}

/// Series, and what happens when one is read.
#[derive(Clone, Default)]
pub struct Memory {
    series: Arc<BTreeMap<Labels, Series>>,
    on_read: Option<OnRead>,
    warnings: Vec<String>,
    pub selects: Arc<AtomicU64>,
}

impl Memory {
    /// Series in the notation of test scripts, one a line, a value every `step_ms` from 0 on.
    pub fn load(step_ms: i64, lines: &str) -> Memory {
        let mut all: BTreeMap<Labels, Series> = BTreeMap::new();
        for line in lines.lines().map(str::trim).filter(|l| !l.is_empty()) {
            let (labels, values) = parse_series(line).expect("a series");
            let series = all.entry(labels).or_default();
            for (i, value) in values.into_iter().enumerate() {
                let timestamp = i as i64 * step_ms;
                match value {
                    SequenceValue::Omitted => {}
                    SequenceValue::Float(v) => {
                        series.timestamps.push(timestamp);
                        series.values.push(v);
                    }
                    SequenceValue::Histogram { histogram, .. } => series.histograms.push(HistogramSample {
                        timestamp,
                        start_timestamp: 0,
                        histogram: Arc::new(*histogram),
                    }),
                }
            }
        }
        Memory { series: Arc::new(all), ..Memory::default() }
    }

    /// Calls before each series is lent.
    pub fn on_read(self, f: impl Fn(usize) -> Result<(), SourceError> + Send + Sync + 'static) -> Memory {
        Memory { on_read: Some(Arc::new(f)), ..self }
    }

    pub fn with_warning(self, warning: &str) -> Memory {
        Memory { warnings: vec![warning.to_owned()], ..self }
    }
}

struct Found {
    all: Memory,
    labels: Vec<Labels>,
    start_ms: i64,
    end_ms: i64,
}

impl SeriesSource for Memory {
    fn select(&self, s: &Selection) -> Result<Box<dyn SeriesSet>, SourceError> {
        self.selects.fetch_add(1, Ordering::Relaxed);
        let matches = |labels: &&Labels| s.matchers.iter().all(|m| m.matches(labels.value(m.name())));
        let labels = self.series.keys().filter(matches).cloned().collect();
        Ok(Box::new(Found { all: self.clone(), labels, start_ms: s.start_ms, end_ms: s.end_ms }))
    }
}

impl SeriesSet for Found {
    fn len(&self) -> usize {
        self.labels.len()
    }

    fn labels(&self, index: usize) -> &Labels {
        &self.labels[index]
    }

    fn read(
        &self,
        range: Range<usize>,
        visit: &mut dyn FnMut(usize, Samples<'_>) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        for index in range {
            if let Some(on_read) = &self.all.on_read {
                on_read(index)?;
            }
            let s = &self.all.series[&self.labels[index]];
            let until = |t: i64| s.timestamps.partition_point(|at| *at <= t);
            let floats = until(self.start_ms)..until(self.end_ms).max(until(self.start_ms));
            let until = |t: i64| s.histograms.partition_point(|h| h.timestamp <= t);
            let hists = until(self.start_ms)..until(self.end_ms).max(until(self.start_ms));
            visit(
                index,
                Samples {
                    timestamps: &s.timestamps[floats.clone()],
                    values: &s.values[floats],
                    start_timestamps: &[],
                    histograms: &s.histograms[hists],
                },
            )?;
        }
        Ok(())
    }

    fn warnings(&self) -> Vec<String> {
        self.all.warnings.clone()
    }
}
