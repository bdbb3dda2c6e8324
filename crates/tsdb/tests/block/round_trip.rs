//! What is written comes back, bit for bit, whole or in part.

use crate::support::{any_series_set, contents_of, cut, drain, hosts, read, samples_of, write};
use model::{Labels, Matcher};
use proptest::prelude::*;
use std::ops::ControlFlow;
use tsdb::block::{
    Block, BlockError, BlockId, SeriesColumns, SeriesStream, VecSeries, VecStream, WriteOptions, write_block,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn anything_round_trips(series in any_series_set(12), from in -60_000_000i64..60_000_000, span in 0i64..60_000_000) {
        let want = contents_of(&series);
        let Some(written) = write(series, 0) else {
            prop_assert!(want.is_empty());
            return Ok(());
        };
        let block = Block::open(&written.path).unwrap();
        prop_assert_eq!(drain(&mut block.stream()).unwrap(), want.clone());
        // What `read` leaves out at the very start of time, it must leave out.
        prop_assert_eq!(read(&block, i64::MIN, i64::MAX).unwrap(), cut(&want, i64::MIN, i64::MAX));
        prop_assert_eq!(read(&block, from, from + span).unwrap(), cut(&want, from, from + span));
        let times = || want.values().flat_map(|s| s.keys());
        let meta = block.meta();
        prop_assert_eq!((meta.min_ms, meta.max_ms), (*times().min().unwrap(), *times().max().unwrap()));
        prop_assert_eq!((meta.series, meta.samples), (want.len() as u64, times().count() as u64));
        prop_assert_eq!(meta, &written.meta);
    }
}

#[test]
fn many_bands_and_windows_are_read_in_parts() {
    // 40 series × 6,000 samples over 25 hours: five windows, and a band for each two or three series.
    let series = hosts("jumps", 40, 6000, |host, i| ((host * 31 + i * i) % 1000) as f64 * 0.1);
    let want = contents_of(&series);
    let written = write(series, 1).unwrap();
    let block = Block::open(&written.path).unwrap();
    assert_eq!(read(&block, i64::MIN, i64::MAX).unwrap(), want);
    assert_eq!(drain(&mut block.stream()).unwrap(), want);
    let (from, to) = (7 * 3_600_000, 8 * 3_600_000);
    assert_eq!(read(&block, from, to).unwrap(), cut(&want, from, to));
    assert_eq!(read(&block, to, from).unwrap(), cut(&want, to, from));
    assert!(read(&block, i64::MAX, i64::MAX).unwrap().is_empty());
}

#[test]
fn threads_read_disjoint_parts_at_once() {
    let series = hosts("jumps", 300, 300, |host, i| (host * i) as f64);
    let want = contents_of(&series);
    let written = write(series, 0).unwrap();
    let block = Block::open(&written.path).unwrap();
    let all = block.select(&[Matcher::equal("job", "node")]).unwrap();
    std::thread::scope(|scope| {
        let parts = all.chunks(77).map(|part| {
            let block = block.clone();
            scope.spawn(move || {
                let mut n = 0;
                block
                    .read(part, i64::MIN, i64::MAX, &mut |ordinal, samples| {
                        assert_eq!(samples.values[2], f64::from(ordinal * 2));
                        n += samples.values.len();
                        ControlFlow::Continue(())
                    })
                    .unwrap();
                n
            })
        });
        let parts: Vec<_> = parts.collect();
        let n: usize = parts.into_iter().map(|p| p.join().unwrap()).sum();
        assert_eq!(n, want.values().map(|s| s.len()).sum::<usize>());
    });
}

#[test]
fn a_reader_reads_again_and_backwards() {
    let series = hosts("jumps", 40, 3000, |host, i| ((host * 31 + i * i) % 1000) as f64 * 0.1);
    let want = contents_of(&series);
    let written = write(series, 0).unwrap();
    let block = Block::open(&written.path).unwrap();
    let mut reader = block.reader(i64::MIN, i64::MAX);
    for ordinals in [vec![3, 9], vec![3], vec![39], vec![0, 1, 2, 38]] {
        let mut seen = Vec::new();
        reader
            .read(&ordinals, &mut |ordinal, samples| {
                let labels = block.labels(ordinal).unwrap();
                assert_eq!(samples_of(samples), want[&labels]);
                seen.push(ordinal);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(seen, ordinals);
    }
}

#[test]
fn a_visitor_ends_the_reading() {
    let written = write(hosts("m", 9, 3, |h, i| (h + i) as f64), 0).unwrap();
    let block = Block::open(&written.path).unwrap();
    let mut seen = Vec::new();
    block
        .read(&[1, 4, 8], i64::MIN, i64::MAX, &mut |ordinal, _| {
            seen.push(ordinal);
            if ordinal == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!(seen, [1, 4]);
}

#[test]
fn an_open_block_outlives_its_file() {
    let series = hosts("m", 3, 10, |h, i| (h + i) as f64);
    let want = contents_of(&series);
    let written = write(series, 0).unwrap();
    let block = Block::open(&written.path).unwrap();
    block.remove().unwrap();
    assert!(!base::disk::exists(&written.path));
    assert_eq!(read(&block, i64::MIN, i64::MAX).unwrap(), want);
}

#[test]
fn constant_series_cost_their_labels_alone() {
    let constants = write(hosts("m", 1000, 240, |_, _| 1.0), 0).unwrap().meta;
    // 240,000 samples: less than a hundredth of a byte each would be 2,400; labels and tables are the rest.
    assert!(constants.bytes < 6000, "{} bytes", constants.bytes);
}

/// Gives series as they are, whatever they are.
struct Raw(Vec<VecSeries>, usize);

impl SeriesStream for Raw {
    fn next(&mut self) -> Result<Option<SeriesColumns<'_>>, BlockError> {
        let Some(series) = self.0.get(self.1) else { return Ok(None) };
        self.1 += 1;
        Ok(Some(SeriesColumns { labels: &series.labels, samples: series.samples() }))
    }
}

#[test]
fn a_stream_that_breaks_its_word_leaves_no_file() {
    let good = hosts("m", 2, 3, |_, i| i as f64);
    let check = |change: &dyn Fn(&mut Vec<VecSeries>), word: &str| {
        let dir = tempfile::tempdir().unwrap();
        let mut series = good.clone();
        change(&mut series);
        let options = WriteOptions { level: 0, sources: Vec::new() };
        let error = write_block(dir.path(), BlockId(1), options, &mut Raw(series, 0)).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
        assert!(base::disk::list(dir.path()).unwrap().is_empty());
    };
    check(&|s| s.swap(0, 1), "series out of order");
    check(&|s| s[1].labels = s[0].labels.clone(), "series out of order");
    check(&|s| s[1].values.truncate(1), "unequal length");
    check(&|s| s[1].start_timestamps.push(5), "unequal length");
    check(&|s| s[0].timestamps[2] = s[0].timestamps[1], "timestamps out of order");
}

#[test]
fn no_samples_make_no_block() {
    let dir = tempfile::tempdir().unwrap();
    let empty = VecSeries { labels: Labels::from_pairs([("a", "b")]), ..VecSeries::default() };
    let options = WriteOptions { level: 0, sources: Vec::new() };
    let meta = write_block(dir.path(), BlockId(1), options, &mut VecStream::new(vec![empty])).unwrap();
    assert!(meta.is_none() && base::disk::list(dir.path()).unwrap().is_empty());
}
