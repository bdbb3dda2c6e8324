use super::*;
use proptest::prelude::*;

/// What happens to a page, for a few series.
#[derive(Clone, Debug)]
enum Op {
    /// One scrape: which series are in it, how far time goes on, values.
    Scrape {
        present: u8,
        step: i64,
        values: Vec<u64>,
    },
    /// A series alone, many samples.
    Run {
        series: usize,
        count: usize,
        step: i64,
        value: u64,
        change: u64,
    },
    Late {
        series: usize,
        back: i64,
        value: u64,
    },
    Delete {
        series: usize,
        back: i64,
        span: i64,
    },
}

const SERIES: usize = 8;

fn value() -> impl Strategy<Value = u64> {
    prop_oneof![Just(1f64.to_bits()), (0u64..9).prop_map(|n| (n as f64).to_bits()), any::<u64>()]
}

fn op() -> impl Strategy<Value = Op> {
    let series = 0..SERIES;
    prop_oneof![
        8 => (prop_oneof![3 => Just(255u8), 1 => any::<u8>()], 1i64..3, prop::collection::vec(value(), SERIES))
            .prop_map(|(present, step, values)| Op::Scrape { present, step, values }),
        2 => (series.clone(), 1usize..60, 1i64..4, value(), prop_oneof![Just(0u64), Just(1 << 52), any::<u64>()])
            .prop_map(|(series, count, step, value, change)| Op::Run { series, count, step, value, change }),
        1 => (series.clone(), 1i64..100, value()).prop_map(|(series, back, value)| Op::Late { series, back, value }),
        1 => (series, 0i64..100, 0i64..40).prop_map(|(series, back, span)| Op::Delete { series, back, span }),
    ]
}

#[derive(Default)]
struct Model {
    now: i64,
    series: [BTreeMap<i64, u64>; SERIES],
    last: [i64; SERIES],
}

impl Model {
    fn step(&mut self, data: &mut PageData, op: &Op) {
        match op {
            Op::Scrape { present, step, values } => {
                self.now += step;
                for (n, value) in values.iter().enumerate().filter(|(n, _)| present >> n & 1 == 1) {
                    self.push(data, n, self.now, *value);
                }
            }
            Op::Run { series, count, step, value, change } => {
                for i in 0..*count {
                    self.now += step;
                    self.push(data, *series, self.now, value.wrapping_add(change.wrapping_mul(i as u64 % 3)));
                }
            }
            Op::Late { series, back, value } => {
                let t = self.last[*series] - back;
                let existing = self.series[*series].get(&t).copied();
                let result = data.push_late(*series, t, 0, f64::from_bits(*value));
                match existing {
                    Some(v) if v == *value => assert_eq!(result, Ok(false)),
                    Some(v) => assert_eq!(result.unwrap_err().to_bits(), v),
                    None => {
                        assert_eq!(result, Ok(true));
                        self.series[*series].insert(t, *value);
                    }
                }
            }
            Op::Delete { series, back, span } => {
                let (min, max) = (self.now - back, self.now - back + span);
                let samples = &mut self.series[*series];
                let before = samples.len();
                samples.retain(|t, _| *t < min || *t > max);
                let last_too = (min..=max).contains(&self.last[*series]);
                let gone = data.delete(*series, min, max, last_too);
                assert_eq!(gone as usize, before - samples.len());
            }
        }
    }

    fn push(&mut self, data: &mut PageData, n: usize, t: i64, value: u64) {
        data.push(n, t, value);
        self.series[n].insert(t, value);
        self.last[n] = t;
        assert_eq!(data.last_value(n), value);
    }

    fn check(&self, data: &PageData, start_excl: i64, end_incl: i64) {
        for (n, samples) in self.series.iter().enumerate() {
            let mut columns = Columns::default();
            data.read(n, start_excl, end_incl, None, &mut columns);
            let got: Vec<_> =
                columns.timestamps.iter().copied().zip(columns.values.iter().map(|v| v.to_bits())).collect();
            let want: Vec<_> = samples
                .iter()
                .map(|(t, v)| (*t, *v))
                .filter(|(t, _)| start_excl < *t && *t <= end_incl)
                .collect();
            assert_eq!(got, want, "series {n}");
            assert_eq!(data.holds(n), !samples.is_empty());
        }
    }
}

proptest! {
    #[test]
    fn a_page_is_a_map(ops in prop::collection::vec(op(), 1..60), start in -10i64..200, span in 0i64..200) {
        let (mut data, mut model) = (PageData::new(0), Model::default());
        for op in &ops {
            model.step(&mut data, op);
        }
        model.check(&data, i64::MIN, i64::MAX);
        model.check(&data, start, start + span);
        prop_assert_eq!(data.samples as usize, model.series.iter().map(BTreeMap::len).sum::<usize>());
        let open = data.chunks.iter().filter(|c| c.count > 0).count();
        prop_assert_eq!(data.chunks_open as usize, open);
    }

    /// Whoever looked before a batch sees nothing of it.
    #[test]
    fn a_horizon_hides_what_came_later(before in prop::collection::vec(op(), 1..20), steps in prop::collection::vec((1i64..3, prop::collection::vec(value(), SERIES)), 1..30)) {
        let (mut data, mut model) = (PageData::new(0), Model::default());
        before.iter().filter(|o| !matches!(o, Op::Late { .. })).for_each(|op| model.step(&mut data, op));
        let (horizon, seen) = (data.horizon(), model.series.clone());
        for (step, values) in steps {
            model.step(&mut data, &Op::Scrape { present: 255, step, values });
        }
        for (n, samples) in seen.iter().enumerate() {
            let mut columns = Columns::default();
            data.read(n, i64::MIN, i64::MAX, Some(&horizon), &mut columns);
            prop_assert_eq!(&columns.timestamps, &samples.keys().copied().collect::<Vec<_>>());
        }
    }
}

#[test]
fn what_repeats_costs_nothing() {
    let mut data = PageData::new(0);
    for t in 0..240 {
        (0..1000).for_each(|n| data.push(n, t * 15_000, 7f64.to_bits()));
    }
    let chunks = 1024 * size_of::<Chunk>();
    assert!(data.bytes() < chunks + 2000, "{} bytes", data.bytes());
    assert_eq!(size_of::<Chunk>(), 32);
}
