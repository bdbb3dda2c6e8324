//! The k-way merge of streams.
//!
//! At any time one series of each stream is in memory. Series with equal labels become one: their samples are laid
//! behind each other where they do not overlap, else interleaved.

use crate::block::{BlockError, SeriesColumns, SeriesStream, VecSeries};
use model::HistogramSample;

/// See [`merge`].
pub struct Merge<'a> {
    sources: Vec<Source<'a>>,
    started: bool,
    joined: VecSeries,
    other: VecSeries,
}

struct Source<'a> {
    stream: Box<dyn SeriesStream + Send + 'a>,
    /// The series at hand; `None` when the stream has ended.
    series: Option<VecSeries>,
}

/// One stream of several: series in order of labels, samples of equal series in order of time. Of samples with
/// one timestamp that of the stream later in the list is kept: list older data first.
pub fn merge<'a>(streams: Vec<Box<dyn SeriesStream + Send + 'a>>) -> Merge<'a> {
    let sources = streams.into_iter().map(|stream| Source { stream, series: Some(VecSeries::default()) });
    Merge {
        sources: sources.collect(),
        started: false,
        joined: VecSeries::default(),
        other: VecSeries::default(),
    }
}

impl Source<'_> {
    fn advance(&mut self) -> Result<(), BlockError> {
        let Some(mut series) = self.series.take() else { return Ok(()) };
        if let Some(next) = self.stream.next()? {
            series.set(next);
            self.series = Some(series);
        }
        Ok(())
    }
}

impl VecSeries {
    /// Copies what is lent.
    fn set(&mut self, from: SeriesColumns<'_>) {
        self.labels = from.labels.clone();
        self.timestamps.clear();
        self.timestamps.extend_from_slice(from.samples.timestamps);
        self.values.clear();
        self.values.extend_from_slice(from.samples.values);
        self.start_timestamps.clear();
        self.start_timestamps.extend_from_slice(from.samples.start_timestamps);
        self.histograms.clear();
        self.histograms.extend_from_slice(from.samples.histograms);
    }
}

impl SeriesStream for Merge<'_> {
    fn next(&mut self) -> Result<Option<SeriesColumns<'_>>, BlockError> {
        if !self.started {
            self.started = true;
            for source in &mut self.sources {
                source.advance()?;
            }
        }
        let labels = self.sources.iter().filter_map(|s| s.series.as_ref()).map(|s| &s.labels).min();
        let Some(labels) = labels.cloned() else { return Ok(None) };
        let mut first = true;
        for source in &mut self.sources {
            let Some(series) = source.series.as_mut().filter(|s| s.labels == labels) else { continue };
            if first {
                std::mem::swap(&mut self.joined, series);
            } else {
                join(&mut self.joined, series, &mut self.other);
            }
            first = false;
            source.advance()?;
        }
        Ok(Some(SeriesColumns { labels: &self.joined.labels, samples: self.joined.samples() }))
    }
}

/// Adds the samples of `newer` to `older`; where both have a timestamp, those of `newer` stay.
fn join(older: &mut VecSeries, newer: &mut VecSeries, spare: &mut VecSeries) {
    if !older.histograms.is_empty() || !newer.histograms.is_empty() {
        // A float and a histogram at one instant are of equal timestamps too.
        drop_floats(older, |t| newer.histograms.binary_search_by_key(&t, |h| h.timestamp).is_ok());
        older.histograms.retain(|h| newer.timestamps.binary_search(&h.timestamp).is_err());
        join_histograms(&mut older.histograms, &newer.histograms);
    }
    if newer.timestamps.is_empty() {
        return;
    }
    if !older.start_timestamps.is_empty() || !newer.start_timestamps.is_empty() {
        older.start_timestamps.resize(older.timestamps.len(), 0);
        newer.start_timestamps.resize(newer.timestamps.len(), 0);
    }
    if older.timestamps.last().is_none_or(|last| *last < newer.timestamps[0]) {
        older.timestamps.extend_from_slice(&newer.timestamps);
        older.values.extend_from_slice(&newer.values);
        older.start_timestamps.extend_from_slice(&newer.start_timestamps);
        return;
    }
    interleave(older, newer, spare);
    std::mem::swap(&mut older.timestamps, &mut spare.timestamps);
    std::mem::swap(&mut older.values, &mut spare.values);
    std::mem::swap(&mut older.start_timestamps, &mut spare.start_timestamps);
}

fn interleave(older: &VecSeries, newer: &VecSeries, out: &mut VecSeries) {
    out.timestamps.clear();
    out.values.clear();
    out.start_timestamps.clear();
    let (mut i, mut j) = (0, 0);
    loop {
        let (from, at) = match (older.timestamps.get(i), newer.timestamps.get(j)) {
            (Some(a), Some(b)) if a < b => (older, &mut i),
            (Some(a), Some(b)) => {
                i += (a == b) as usize;
                (newer, &mut j)
            }
            (Some(_), None) => (older, &mut i),
            (None, Some(_)) => (newer, &mut j),
            (None, None) => return,
        };
        out.timestamps.push(from.timestamps[*at]);
        out.values.push(from.values[*at]);
        out.start_timestamps.extend(from.start_timestamps.get(*at));
        *at += 1;
    }
}

fn drop_floats(series: &mut VecSeries, gone: impl Fn(i64) -> bool) {
    if !series.timestamps.iter().any(|t| gone(*t)) {
        return;
    }
    let keep: Vec<bool> = series.timestamps.iter().map(|t| !gone(*t)).collect();
    retain(&mut series.timestamps, &keep);
    retain(&mut series.values, &keep);
    if !series.start_timestamps.is_empty() {
        retain(&mut series.start_timestamps, &keep);
    }
}

fn retain<T>(column: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    column.retain(|_| keep.next().copied().unwrap_or(false));
}

fn join_histograms(older: &mut Vec<HistogramSample>, newer: &[HistogramSample]) {
    let overlaps = older.last().zip(newer.first()).is_some_and(|(a, b)| a.timestamp >= b.timestamp);
    if overlaps {
        older.retain(|h| newer.binary_search_by_key(&h.timestamp, |n| n.timestamp).is_err());
    }
    older.extend_from_slice(newer);
    if overlaps {
        older.sort_by_key(|h| h.timestamp);
    }
}
