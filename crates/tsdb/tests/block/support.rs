//! Series made by chance, blocks of them, and what a block holds as plain data.

use base::disk;
use model::{CounterResetHint, FloatHistogram, HistogramSample, Labels, Span};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tsdb::block::{
    Block, BlockError, BlockId, BlockMeta, SeriesStream, VecSeries, VecStream, WriteOptions, write_block,
};

/// A sample as something that can be compared: floats by their bits.
#[derive(Clone, Debug, PartialEq)]
pub enum Sample {
    Float { bits: u64, start: i64 },
    Histogram { text: String, start: i64 },
}

/// What a block holds.
pub type Contents = BTreeMap<Labels, BTreeMap<i64, Sample>>;

pub fn contents_of(series: &[VecSeries]) -> Contents {
    let mut contents = Contents::new();
    for s in series {
        let samples = samples_of(s.samples());
        if !samples.is_empty() {
            contents.insert(s.labels.clone(), samples);
        }
    }
    contents
}

pub fn samples_of(samples: model::Samples<'_>) -> BTreeMap<i64, Sample> {
    let mut out = BTreeMap::new();
    for (i, (t, v)) in samples.timestamps.iter().zip(samples.values).enumerate() {
        let start = samples.start_timestamps.get(i).copied().unwrap_or(0);
        out.insert(*t, Sample::Float { bits: v.to_bits(), start });
    }
    for h in samples.histograms {
        out.insert(h.timestamp, Sample::Histogram { text: text_of(&h.histogram), start: h.start_timestamp });
    }
    out
}

/// All of a histogram, floats as bits.
fn text_of(h: &FloatHistogram) -> String {
    let bits = |v: &[f64]| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    format!(
        "{:?} {} {:x?} {:?} {:?} {:x?} {:x?} {:x?}",
        h.reset_hint,
        h.schema,
        bits(&[h.zero_threshold, h.zero_count, h.count, h.sum]),
        h.positive_spans,
        h.negative_spans,
        bits(&h.positive_buckets),
        bits(&h.negative_buckets),
        bits(&h.custom_values),
    )
}

/// A directory with one block.
pub struct Written {
    pub dir: TempDir,
    pub meta: BlockMeta,
    pub path: PathBuf,
}

pub fn write(series: Vec<VecSeries>, level: u8) -> Option<Written> {
    let dir = tempfile::tempdir().unwrap();
    let id = BlockId(0x0123_4567_89ab_cdef);
    let options = WriteOptions { level, sources: vec![BlockId(7)] };
    let meta = write_block(dir.path(), id, options, &mut VecStream::new(series)).unwrap()?;
    let path = dir.path().join(id.file_name());
    assert_eq!(disk::list(dir.path()).unwrap(), std::slice::from_ref(&path), "only the block is left");
    Some(Written { dir, meta, path })
}

/// Everything a stream gives, in its order.
pub fn drain(stream: &mut dyn SeriesStream) -> Result<Contents, BlockError> {
    let (mut contents, mut last) = (Contents::new(), None::<Labels>);
    while let Some(series) = stream.next()? {
        assert!(last.as_ref().is_none_or(|l| l < series.labels), "series out of order");
        last = Some(series.labels.clone());
        contents.insert(series.labels.clone(), samples_of(series.samples));
    }
    Ok(contents)
}

/// The samples of all series in a range, through `select`, `labels_of` and `read`.
pub fn read(block: &Block, start_excl: i64, end_incl: i64) -> Result<Contents, BlockError> {
    let ordinals = block.select(&[])?;
    let mut labels = Vec::new();
    block.labels_of(&ordinals, &mut |_, l| labels.push(l))?;
    let mut contents = Contents::new();
    block.read(&ordinals, start_excl, end_incl, &mut |ordinal, samples| {
        contents.insert(labels[ordinal as usize].clone(), samples_of(samples));
        ControlFlow::Continue(())
    })?;
    Ok(contents)
}

/// The part of the contents in `start_excl < t <= end_incl`.
pub fn cut(contents: &Contents, start_excl: i64, end_incl: i64) -> Contents {
    let mut out = contents.clone();
    for samples in out.values_mut() {
        samples.retain(|t, _| *t > start_excl && *t <= end_incl);
    }
    out.retain(|_, samples| !samples.is_empty());
    out
}

pub fn labels(pairs: &[(&str, &str)]) -> Labels {
    Labels::from_pairs(pairs.iter().copied())
}

/// Label sets over a few names and values, so that they collide and share prefixes.
pub fn any_labels() -> impl Strategy<Value = Labels> {
    let value = prop_oneof![
        Just(""),
        Just("a"),
        Just("aa"),
        Just("ab"),
        Just("b"),
        Just("ü"),
        Just("host-1"),
        Just("host-12")
    ];
    proptest::collection::vec(value, 4)
        .prop_map(|values| Labels::from_pairs(["__name__", "instance", "job", "x.y"].iter().zip(values)))
}

/// Times: some apart by scrapes, some at the ends of time.
pub fn any_times() -> impl Strategy<Value = Vec<i64>> {
    let scrapes = (-50_000_000i64..50_000_000, proptest::collection::vec(1i64..20_000, 0..40)).prop_map(
        |(first, gaps)| {
            gaps.iter()
                .scan(first, |t, gap| {
                    *t += gap;
                    Some(*t)
                })
                .collect()
        },
    );
    let wild = proptest::collection::btree_set(
        prop_oneof![3 => any::<i64>(), 1 => Just(i64::MIN), 1 => Just(i64::MAX), 1 => Just(0)],
        0..6,
    )
    .prop_map(|set| set.into_iter().collect());
    prop_oneof![4 => scrapes, 1 => wild]
}

pub fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => any::<u64>().prop_map(f64::from_bits),
        6 => (-1000i64..1000).prop_map(|i| i as f64 / 8.0),
        6 => (0i64..1000).prop_map(|i| i as f64),
        1 => Just(model::stale_nan()),
    ]
}

prop_compose! {
    pub fn any_histogram()(
        hint in 0usize..4, schema in prop_oneof![Just(-53), -4i32..9], offset in -3i32..3,
        counts in proptest::collection::vec(prop_oneof![9 => (0u32..9).prop_map(f64::from), 1 => any_value()], 0..5),
        sum in any_value(), zero_threshold in any_value(),
    ) -> FloatHistogram {
        let hints = [CounterResetHint::Unknown, CounterResetHint::Reset, CounterResetHint::NotReset, CounterResetHint::Gauge];
        FloatHistogram {
            reset_hint: hints[hint], schema, zero_threshold, zero_count: 2.0, count: 7.0, sum,
            positive_spans: vec![Span { offset, length: counts.len() as u32 }],
            negative_spans: vec![Span { offset: 0, length: 1 }, Span { offset: 2, length: 0 }],
            positive_buckets: counts, negative_buckets: vec![5.0], custom_values: if schema == -53 { vec![0.5, 2.5] } else { vec![] },
        }
    }
}

prop_compose! {
    /// A series whose floats and histograms share no timestamp.
    pub fn any_series()(labels in any_labels(), times in any_times(), kind in 0u8..4)(
        values in proptest::collection::vec(any_value(), times.len()),
        starts in proptest::collection::vec(prop_oneof![Just(0i64), Just(1234), any::<i64>()], times.len()),
        histograms in proptest::collection::vec(any_histogram(), times.len()),
        is_histogram in proptest::collection::vec(any::<bool>(), times.len()),
        labels in Just(labels), times in Just(times), kind in Just(kind),
    ) -> VecSeries {
        let mut series = VecSeries { labels, ..VecSeries::default() };
        for (i, t) in times.iter().enumerate() {
            if kind == 3 || (kind == 2 && is_histogram[i]) {
                series.histograms.push(HistogramSample {
                    timestamp: *t, start_timestamp: starts[i], histogram: Arc::new(histograms[i].clone()),
                });
                continue;
            }
            series.timestamps.push(*t);
            series.values.push(values[i]);
            if kind == 1 {
                series.start_timestamps.push(starts[i]);
            }
        }
        series
    }
}

/// Several series, each label set once.
pub fn any_series_set(max: usize) -> impl Strategy<Value = Vec<VecSeries>> {
    proptest::collection::vec(any_series(), 0..max).prop_map(|all| {
        all.into_iter().map(|s| (s.labels.clone(), s)).collect::<BTreeMap<_, _>>().into_values().collect()
    })
}

/// `n` series of a metric on as many hosts, `samples` each, 15 s apart.
pub fn hosts(metric: &str, n: usize, samples: usize, value: impl Fn(usize, usize) -> f64) -> Vec<VecSeries> {
    let one = |host: usize| VecSeries {
        labels: labels(&[("__name__", metric), ("instance", &format!("host-{host:05}")), ("job", "node")]),
        timestamps: (0..samples).map(|i| i as i64 * 15_000 + host as i64 % 7).collect(),
        values: (0..samples).map(|i| value(host, i)).collect(),
        ..VecSeries::default()
    };
    (0..n).map(one).collect()
}
