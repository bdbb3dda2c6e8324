//! Merging agrees with a map of maps.

use crate::support::{Contents, any_series_set, contents_of, drain, hosts, read, write};
use proptest::prelude::*;
use tsdb::block::{Block, BlockId, SeriesStream, VecSeries, VecStream, WriteOptions, merge, write_block};

fn streams(parts: Vec<Vec<VecSeries>>) -> Vec<Box<dyn SeriesStream + Send>> {
    parts.into_iter().map(|p| Box::new(VecStream::new(p)) as Box<dyn SeriesStream + Send>).collect()
}

/// Later parts win.
fn model(parts: &[Vec<VecSeries>]) -> Contents {
    let mut all = Contents::new();
    for part in parts {
        for (labels, samples) in contents_of(part) {
            all.entry(labels).or_default().extend(samples);
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn merges_like_maps(parts in proptest::collection::vec(any_series_set(8), 0..5)) {
        let merged = drain(&mut merge(streams(parts.clone()))).unwrap();
        let merged: Contents = merged.into_iter().filter(|(_, s)| !s.is_empty()).collect();
        prop_assert_eq!(merged, model(&parts));
    }

    #[test]
    fn overlaps_interleave(
        times in proptest::collection::vec(proptest::collection::btree_set(0i64..30, 0..20), 1..5),
        with_starts in proptest::collection::vec(any::<bool>(), 5),
    ) {
        let part = |(i, times): (usize, &std::collections::BTreeSet<i64>)| vec![VecSeries {
            labels: crate::support::labels(&[("__name__", "m")]),
            timestamps: times.iter().copied().collect(),
            values: times.iter().map(|t| *t as f64 + i as f64 * 100.0).collect(),
            start_timestamps: if with_starts[i] { vec![5; times.len()] } else { Vec::new() },
            histograms: Vec::new(),
        }];
        let parts: Vec<_> = times.iter().enumerate().map(part).collect();
        let merged: Contents = drain(&mut merge(streams(parts.clone()))).unwrap().into_iter().filter(|(_, s)| !s.is_empty()).collect();
        prop_assert_eq!(merged, model(&parts));
    }
}

#[test]
fn blocks_merge_into_a_block() {
    let dir = tempfile::tempdir().unwrap();
    let early = hosts("m", 50, 100, |h, i| (h + i) as f64 * 0.5);
    let mut late = hosts("m", 60, 100, |h, i| (h * i) as f64);
    for s in &mut late {
        // Half of it overlaps, between the samples of the early ones.
        s.timestamps.iter_mut().for_each(|t| *t += 50 * 15_000 + 10);
    }
    let want = model(&[early.clone(), late.clone()]);
    let (a, b) = (write(early, 0).unwrap(), write(late, 0).unwrap());
    let blocks = [&a, &b].map(|w| Block::open(&w.path).unwrap());
    let sources = blocks.iter().map(|b| b.meta().id).collect();
    let streams = blocks.iter().map(|b| Box::new(b.stream()) as Box<dyn SeriesStream + Send>).collect();
    let options = WriteOptions { level: 1, sources };
    let meta = write_block(dir.path(), BlockId(5), options, &mut merge(streams)).unwrap().unwrap();
    assert_eq!((meta.series, meta.samples, meta.level, meta.sources.len()), (60, 11_000, 1, 2));
    let merged = Block::open(&dir.path().join(BlockId(5).file_name())).unwrap();
    assert_eq!(merged.meta(), &meta);
    assert_eq!(read(&merged, i64::MIN, i64::MAX).unwrap(), want);
}
