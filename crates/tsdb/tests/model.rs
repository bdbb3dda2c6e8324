//! The whole store against a map: appends in and out of order, duplicates, deletions, flushes, merges, reopening.

use base::Clock;
use model::{FloatHistogram, Labels, MatchOp, Matcher};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use tsdb::{Background, Db, Durability, Options};

const RANGE_MS: i64 = 1000;

/// A float by its bits, or a histogram by its sum; and the start of its count.
type Value = (Result<u64, u64>, i64);
type Model = BTreeMap<Labels, BTreeMap<i64, Value>>;

#[derive(Clone, Debug)]
enum Op {
    /// Samples of one batch: series, time relative to the newest, value, whether it is a histogram.
    Append(Vec<(usize, i64, u64, bool)>),
    Delete {
        matcher: usize,
        from: i64,
        span: i64,
    },
    Flush,
    Compact,
    Clean,
    Reopen,
    Read {
        matcher: usize,
        from: i64,
        span: i64,
    },
}

fn value() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => Just(1f64.to_bits()),
        4 => (0u64..1000).prop_map(|n| (n as f64).to_bits()),
        1 => any::<u64>(),
        1 => Just(model::STALE_NAN_BITS),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let time = prop_oneof![6 => 0i64..50, 1 => -400i64..0, 1 => -5000i64..0];
    let sample = (0usize..12, time, value(), prop::bool::weighted(0.1));
    prop_oneof![
        12 => prop::collection::vec(sample, 1..40).prop_map(Op::Append),
        1 => (0usize..5, -3000i64..100, 0i64..1500).prop_map(|(matcher, from, span)| Op::Delete { matcher, from, span }),
        2 => Just(Op::Flush),
        1 => Just(Op::Compact),
        1 => Just(Op::Clean),
        2 => Just(Op::Reopen),
        3 => (0usize..5, -3000i64..100, 0i64..3000).prop_map(|(matcher, from, span)| Op::Read { matcher, from, span }),
    ]
}

fn series(n: usize) -> Labels {
    let (job, name) = (["a", "b", "c"][n % 3], format!("m{}", n / 3));
    Labels::from_pairs([("__name__", name.as_str()), ("job", job)])
}

fn matcher(n: usize) -> Vec<Matcher> {
    match n {
        0 => vec![],
        1 => vec![Matcher::equal("job", "b")],
        2 => vec![Matcher::new("__name__", MatchOp::Regex, "m[12]").unwrap()],
        3 => vec![Matcher::new("job", MatchOp::NotEqual, "a").unwrap(), Matcher::equal("__name__", "m0")],
        _ => vec![Matcher::equal("absent", "")],
    }
}

fn passes(labels: &Labels, matchers: &[Matcher]) -> bool {
    matchers.iter().all(|m| m.matches(labels.value(m.name())))
}

struct Run {
    dir: tempfile::TempDir,
    window_ms: i64,
    db: Db,
    model: Model,
    newest: Option<i64>,
    /// Samples of a series up to here may be refused: a deletion took its last sample.
    deleted: BTreeMap<Labels, i64>,
}

impl Run {
    fn new(window_ms: i64) -> Run {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(options(&dir, window_ms)).unwrap();
        Run { dir, window_ms, db, model: Model::new(), newest: None, deleted: BTreeMap::new() }
    }

    fn step(&mut self, op: &Op) {
        let base = self.newest.unwrap_or(10_000);
        match op {
            Op::Append(samples) => self.append(base, samples),
            Op::Delete { matcher: m, from, span } => {
                let (from, to) = (base + from, base + from + span);
                self.db.delete_series(&[matcher(*m)], from, to).unwrap();
                for (labels, samples) in &mut self.model {
                    if passes(labels, &matcher(*m)) {
                        let deleted = self.deleted.entry(labels.clone()).or_insert(from - 1);
                        *deleted = (from - 1).max(*deleted);
                        samples.retain(|t, _| *t < from || *t > to);
                    }
                }
            }
            Op::Flush => self.db.flush().unwrap(),
            Op::Compact => self.db.compact().unwrap(),
            Op::Clean => self.db.clean_tombstones().unwrap(),
            Op::Reopen => {
                self.db.close();
                let gone = std::mem::replace(
                    &mut self.db,
                    Db::open(options(&tempfile::tempdir().unwrap(), 0)).unwrap(),
                );
                drop(gone);
                self.db = Db::open(options(&self.dir, self.window_ms)).unwrap();
                assert_eq!(self.db.recovery().damage, []);
                assert_eq!(self.db.recovery().bad_blocks, []);
            }
            Op::Read { matcher: m, from, span } => self.check(&matcher(*m), base + from, base + from + span),
        }
    }

    fn append(&mut self, base: i64, samples: &[(usize, i64, u64, bool)]) {
        let mut appender = self.db.appender();
        let mut pending = Vec::new();
        let mut newest_of: BTreeMap<usize, i64> = BTreeMap::new();
        for (n, time, value, histogram) in samples {
            let (labels, t) = (series(*n), base + time);
            // One sample a time: which of several is rejected at the commit cannot be told from the outside.
            if pending.iter().any(|(_, l, other, _)| *other == t && *l == labels) {
                continue;
            }
            let start = if (*n as i64 + t) % 7 == 0 { t - 5 } else { 0 };
            let id = appender.series(Some(*n as u128), &labels).unwrap();
            assert_eq!(appender.lookup(*n as u128), Some(id));
            let stored = self.model.get(&labels).and_then(|s| s.last_key_value()).map(|(t, _)| *t);
            let newest = stored.max(newest_of.get(n).copied());
            let result = if *histogram {
                let h = FloatHistogram { sum: f64::from_bits(*value), ..FloatHistogram::default() };
                appender.float_histogram(id, t, start, &h)
            } else {
                appender.float_with_start(id, t, start, f64::from_bits(*value))
            };
            let newest = newest.max(self.deleted.get(&labels).copied());
            let in_order = newest.is_none_or(|n| t > n) && t >= base - RANGE_MS / 2;
            assert!(result.is_ok() || !in_order, "{labels} at {t} after {newest:?}: {result:?}");
            if result.is_ok() {
                newest_of.insert(*n, newest_of.get(n).copied().unwrap_or(t).max(t));
                pending.push((id, labels, t, (if *histogram { Err(*value) } else { Ok(*value) }, start)));
            }
        }
        let done = appender.commit(Durability::Buffered).unwrap();
        let rejected: Vec<_> = done.rejected.iter().map(|r| (r.series, r.timestamp)).collect();
        for (id, labels, t, value) in pending {
            let samples = self.model.entry(labels).or_default();
            let same = samples.get(&t).is_some_and(|(v, _)| *v == value.0);
            if !same && !rejected.contains(&(id, t)) {
                samples.insert(t, value);
            }
            self.newest = self.newest.max(Some(t));
        }
    }

    fn check(&self, matchers: &[Matcher], from: i64, to: i64) {
        let mut want: Model = BTreeMap::new();
        for (labels, samples) in self.model.iter().filter(|(l, _)| passes(l, matchers)) {
            let inside: BTreeMap<_, _> = samples.range(from..=to).map(|(t, v)| (*t, *v)).collect();
            if !inside.is_empty() {
                want.insert(labels.clone(), inside);
            }
        }
        let got = read(&self.db, matchers, from, to);
        assert_eq!(got, want, "{matchers:?} {from} ..= {to}");
        let series = self.db.series(&[matchers.to_vec()], from, to, 0).unwrap();
        assert_eq!(series, want.keys().cloned().collect::<Vec<_>>());
        let names = self.db.label_names(&[matchers.to_vec()], from, to, 0).unwrap();
        let values = self.db.label_values("job", &[matchers.to_vec()], from, to, 0).unwrap();
        // Names and values may be of series whose samples lie in the same block or head, outside of the range.
        let all: BTreeSet<String> = want.keys().flat_map(|l| l.iter()).map(|(n, _)| n.to_owned()).collect();
        assert!(names.is_sorted() && all.iter().all(|n| names.contains(n)));
        assert!(values.is_sorted() && want.keys().all(|l| values.iter().any(|v| v == l.value("job"))));
    }
}

fn options(dir: &tempfile::TempDir, window_ms: i64) -> Options {
    Options {
        clock: Clock::manual(0),
        out_of_order_window_ms: window_ms,
        block_range_ms: RANGE_MS,
        retention_ms: i64::MAX / 4,
        wal_segment_bytes: 2000,
        background: Background::Manual,
        ..Options::new(dir.path())
    }
}

fn read(db: &Db, matchers: &[Matcher], from: i64, to: i64) -> Model {
    let selected = db.select(matchers, from - 1, to).unwrap();
    let mut got = Model::new();
    let mut before = None;
    selected
        .read(0..selected.len(), &mut |i, samples| {
            assert!(before.is_none_or(|b| b < i));
            before = Some(i);
            let into = got.entry(selected.labels(i).clone()).or_default();
            assert!(samples.timestamps.is_sorted() && samples.histograms.is_sorted_by_key(|h| h.timestamp));
            for (at, t) in samples.timestamps.iter().enumerate() {
                let start = samples.start_timestamps.get(at).copied().unwrap_or(0);
                assert!(into.insert(*t, (Ok(samples.values[at].to_bits()), start)).is_none());
            }
            for h in samples.histograms {
                let value = (Err(Arc::clone(&h.histogram).sum.to_bits()), h.start_timestamp);
                assert!(into.insert(h.timestamp, value).is_none());
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    got
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_a_map(window in prop::sample::select(vec![0i64, 3000, 1 << 40]), ops in prop::collection::vec(op(), 1..40)) {
        let mut run = Run::new(window);
        for op in &ops {
            run.step(op);
        }
        run.check(&[], i64::MIN / 2, i64::MAX / 2);
        run.step(&Op::Reopen);
        run.check(&[], i64::MIN / 2, i64::MAX / 2);
    }
}
