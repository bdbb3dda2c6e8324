use super::*;
use proptest::prelude::*;

fn exponential(schema: i32, positive: &[(i32, f64)], negative: &[(i32, f64)], zero: f64) -> FloatHistogram {
    let (positive_spans, positive_buckets) = layout::from_cells(positive);
    let (negative_spans, negative_buckets) = layout::from_cells(negative);
    let count = zero + positive.iter().chain(negative).map(|(_, c)| c).sum::<f64>();
    FloatHistogram {
        schema,
        zero_threshold: 0.001,
        zero_count: zero,
        count,
        sum: count * 2.0,
        positive_spans,
        negative_spans,
        positive_buckets,
        negative_buckets,
        ..FloatHistogram::default()
    }
}

fn custom(bounds: &[f64], counts: &[f64]) -> FloatHistogram {
    FloatHistogram {
        schema: CUSTOM_BUCKETS_SCHEMA,
        count: counts.iter().sum(),
        sum: 1.0,
        positive_spans: vec![Span { offset: 0, length: counts.len() as u32 }],
        positive_buckets: counts.to_vec(),
        custom_values: bounds.to_vec(),
        ..FloatHistogram::default()
    }
}

fn populated(h: &FloatHistogram) -> f64 {
    h.zero_count + h.positive_buckets.iter().chain(&h.negative_buckets).sum::<f64>()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

fn cells() -> impl Strategy<Value = Vec<(i32, f64)>> {
    proptest::collection::btree_map(-30i32..30, 0u32..1000, 0..12)
        .prop_map(|m| m.into_iter().map(|(i, c)| (i, c as f64)).collect())
}

prop_compose! {
    fn any_exponential()(
        schema in -4i32..=8, positive in cells(), negative in cells(), zero in 0u32..50, wide in 0usize..3,
    ) -> FloatHistogram {
        // Buckets lie outside of the zero bucket.
        let threshold = [0.0, 0.001, 0.3][wide];
        let outside = |cells: &[(i32, f64)]| -> Vec<(i32, f64)> {
            let above = |i: &i32| buckets::exponential_bound(i - 1, schema) >= threshold;
            cells.iter().filter(|(i, _)| above(i)).copied().collect()
        };
        let mut h = exponential(schema, &outside(&positive), &outside(&negative), zero as f64);
        h.zero_threshold = threshold;
        h
    }
}

prop_compose! {
    fn any_custom()(
        bounds in proptest::collection::btree_set(-5i32..20, 1..8), seed in proptest::collection::vec(0u32..100, 9),
    ) -> FloatHistogram {
        let bounds: Vec<f64> = bounds.into_iter().map(f64::from).collect();
        let counts: Vec<f64> = seed.into_iter().take(bounds.len() + 1).map(f64::from).collect();
        custom(&bounds, &counts)
    }
}

proptest! {
    #[test]
    fn adding_keeps_every_observation(a in any_exponential(), b in any_exponential()) {
        let mut sum = a.clone();
        sum.add(&b).unwrap();
        prop_assert!(near(sum.count, a.count + b.count));
        prop_assert!(near(populated(&sum), populated(&a) + populated(&b)));
        prop_assert_eq!(sum.schema, a.schema.min(b.schema));
        prop_assert!(sum.zero_threshold >= a.zero_threshold.max(b.zero_threshold));
        prop_assert!(sum.validate().is_ok());
    }

    #[test]
    fn adding_commutes(a in any_exponential(), b in any_exponential()) {
        let (mut ab, mut ba) = (a.clone(), b.clone());
        ab.add(&b).unwrap();
        ba.add(&a).unwrap();
        ab.compact();
        ba.compact();
        prop_assert!(ab.equals(&ba), "{ab:?} {ba:?}");
    }

    #[test]
    fn subtracting_undoes_adding(a in any_exponential(), b in any_exponential()) {
        let mut back = a.clone();
        back.add(&b).unwrap();
        back.sub(&b).unwrap();
        back.compact();
        // The layout of the sum is coarser: compare with the summand brought to it.
        let mut nothing = b.clone();
        nothing.sub(&b).unwrap();
        let mut want = a.clone();
        want.add(&nothing).unwrap();
        want.compact();
        prop_assume!(want.zero_threshold == back.zero_threshold);
        prop_assert!(back.equals(&want), "{back:?} {want:?}");
    }

    #[test]
    fn a_coarser_schema_keeps_counts_and_bounds(h in any_exponential(), by in 0i32..4) {
        let coarse = h.to_schema((h.schema - by).max(-4));
        prop_assert!(near(populated(&coarse), populated(&h)));
        prop_assert!(coarse.validate().is_ok());
        // Every bucket lies within one of the coarser ones.
        for b in h.positive().filter(|b| b.count > 0.0) {
            let slack = 1e-12 * b.upper;
            prop_assert!(coarse.positive().any(|c| c.lower <= b.lower + slack && b.upper <= c.upper + slack));
        }
    }

    #[test]
    fn compaction_drops_only_empty_buckets(h in any_exponential()) {
        let mut compact = h.clone();
        compact.compact();
        let full = |h: &FloatHistogram| h.all_buckets().into_iter().filter(|b| b.count != 0.0).collect::<Vec<_>>();
        prop_assert_eq!(full(&compact), full(&h));
        prop_assert!(compact.positive_buckets.iter().chain(&compact.negative_buckets).all(|b| *b != 0.0));
        prop_assert!(compact.validate().is_ok());
        let again = compact.clone();
        compact.compact();
        prop_assert!(compact.equals(&again));
    }

    #[test]
    fn compensated_sums_agree_with_plain_ones(hs in proptest::collection::vec(any_exponential(), 1..6)) {
        let mut plain = hs[0].clone();
        let mut kahan = KahanHistogram::new(hs[0].clone());
        for h in &hs[1..] {
            prop_assert_eq!(plain.add(h), kahan.add(h));
        }
        let mut total = kahan.into_total();
        total.compact();
        plain.compact();
        // Whole numbers: both are exact.
        prop_assert!(total.equals(&plain), "{total:?} {plain:?}");
    }

    #[test]
    fn compensated_sums_agree_at_custom_bounds(hs in proptest::collection::vec(any_custom(), 1..6)) {
        let mut plain = hs[0].clone();
        let mut kahan = KahanHistogram::new(hs[0].clone());
        for h in &hs[1..] {
            prop_assert_eq!(plain.add(h), kahan.add(h));
        }
        let mut total = kahan.into_total();
        total.compact();
        plain.compact();
        prop_assert!(total.equals(&plain), "{total:?} {plain:?}");
        prop_assert!(near(populated(&plain), hs.iter().map(populated).sum()));
    }

    #[test]
    fn growth_is_no_reset_and_shrinking_is(a in any_exponential(), b in any_exponential()) {
        let mut grown = a.clone();
        grown.add(&b).unwrap();
        prop_assert!(!grown.detect_reset(&a));
        prop_assume!(b.count > 0.0 && a.schema >= b.schema);
        prop_assert!(a.detect_reset(&grown));
    }

    #[test]
    fn quantiles_ascend_and_fractions_invert_them(h in any_exponential(), q in 0.01f64..0.99) {
        // All observations in a zero bucket without width have one value: any quantile.
        prop_assume!(h.count > 0.0 && (h.zero_threshold > 0.0 || h.zero_count == 0.0));
        let value = h.quantile(q).value;
        prop_assert!(h.quantile(q + 0.005).value >= value - 1e-12 * value.abs());
        let (fraction, _) = h.fraction(f64::NEG_INFINITY, value);
        // A quantile may stand at the edge of empty space, below which the same fraction lies.
        prop_assert!((fraction - q).abs() < 1e-6, "{fraction} {q} {value}");
    }

    #[test]
    fn what_is_trimmed_on_both_sides_adds_up(h in any_exponential(), at in -20.0f64..20.0) {
        let (mut below, mut above) = (h.clone(), h.clone());
        below.keep_below(at);
        above.keep_above(at);
        prop_assert!(near(below.count + above.count, h.count), "{} {} {}", below.count, above.count, h.count);
    }

    #[test]
    fn nonsense_does_not_panic(
        spans in proptest::collection::vec((any::<i32>(), 0u32..9), 0..4),
        buckets in proptest::collection::vec(-9.0f64..9.0, 0..9),
        schema in prop_oneof![-9i32..12, Just(CUSTOM_BUCKETS_SCHEMA), any::<i32>()],
        other in any_exponential(), at in any::<f64>(),
    ) {
        let spans: Vec<Span> = spans.into_iter().map(|(offset, length)| Span { offset, length }).collect();
        let mut h = FloatHistogram {
            schema,
            count: 5.0,
            positive_spans: spans.clone(),
            positive_buckets: buckets.clone(),
            negative_spans: spans,
            negative_buckets: buckets,
            ..FloatHistogram::default()
        };
        let _ = h.validate();
        let _ = (h.quantile(at), h.fraction(at, 3.0), h.variance(), h.to_string(), h.detect_reset(&other));
        let _ = other.detect_reset(&h);
        let mut kahan = KahanHistogram::new(other.clone());
        let _ = kahan.add(&h);
        let _ = (h.clone().add(&other), h.clone().sub(&other), h.to_schema(-2));
        h.keep_below(at);
        h.compact();
    }
}

#[test]
fn custom_bounds_meet_at_what_they_share() {
    let mut a = custom(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 4.0]);
    let b = custom(&[2.0, 3.0, 5.0], &[1.0, 1.0, 1.0, 1.0]);
    let combined = a.add(&b).unwrap();
    assert!(combined.bounds_reconciled);
    assert_eq!(a.custom_values, [2.0, 3.0]);
    assert_eq!(a.positive_buckets, [4.0, 4.0, 6.0]);
    assert!(a.add(&exponential(0, &[(1, 1.0)], &[], 0.0)).is_err());
}

#[test]
fn hints_join() {
    use CounterResetHint::*;
    let check = |a, b, want, collided| {
        let mut h = exponential(0, &[(0, 1.0)], &[], 0.0);
        let mut other = h.clone();
        (h.reset_hint, other.reset_hint) = (a, b);
        assert_eq!(h.add(&other).unwrap().hints_collided, collided);
        assert_eq!(h.reset_hint, want, "{a:?} {b:?}");
    };
    check(Reset, NotReset, Unknown, true);
    check(Reset, Reset, Reset, false);
    check(Gauge, Reset, Gauge, false);
    check(Unknown, NotReset, Unknown, false);
    check(NotReset, Gauge, Gauge, false);
}

#[test]
fn sums_keep_what_rounding_would_lose() {
    let one = |count: f64| exponential(0, &[(0, count)], &[], 0.0);
    let mut kahan = KahanHistogram::new(one(1.0));
    for count in [1e100, 1.0, -1e100] {
        kahan.add(&one(count)).unwrap();
    }
    assert_eq!(kahan.into_total().positive_buckets, [2.0]);
}

#[test]
fn bounds_are_those_of_the_specification() {
    assert_eq!(buckets::exponential_bound(0, 0), 1.0);
    assert_eq!(buckets::exponential_bound(1, 0), 2.0);
    assert_eq!(buckets::exponential_bound(-1, 0), 0.5);
    assert_eq!(buckets::exponential_bound(1, -1), 4.0);
    assert!(near(buckets::exponential_bound(1, 3), 2f64.powf(0.125)));
    // The last bucket of finite numbers ends at the largest; the next is that of infinity.
    assert_eq!(buckets::exponential_bound(1024, 0), f64::MAX);
    assert_eq!(buckets::exponential_bound(1025, 0), f64::INFINITY);
    assert_eq!(buckets::exponential_bound(i32::MAX, -4), f64::INFINITY);
    assert_eq!(buckets::exponential_bound(-1074, 0), 5e-324);
}

#[test]
fn prints_like_a_label_value() {
    let h = exponential(0, &[(0, 2.0), (2, 1.5)], &[(1, 1.0)], 1.0);
    assert_eq!(h.to_string(), "{count:5.5, sum:11, [-2,-1):1, [-0.001,0.001]:1, (0.5,1]:2, (2,4]:1.5}");
}

#[test]
fn bad_histograms_are_named() {
    let check = |change: fn(&mut Histogram), want: &str| {
        let mut h = Histogram {
            count: 3,
            positive_spans: vec![Span { offset: 0, length: 2 }],
            positive_deltas: vec![1, 1],
            ..Histogram::default()
        };
        assert_eq!(h.validate(), Ok(()));
        change(&mut h);
        let reason = h.validate().unwrap_err().to_string();
        assert!(reason.contains(want), "{reason}");
    };
    check(|h| h.count = 4, "3 observations found in buckets");
    check(|h| h.positive_deltas = vec![1, -2], "bucket number 2 has observation count of -1");
    check(|h| h.positive_spans[0].length = 3, "spans need 3 buckets, have 2");
    check(|h| h.schema = 9, "got schema 9");
    check(|h| h.custom_values = vec![1.0], "must not have custom bounds");
    check(|h| h.schema = CUSTOM_BUCKETS_SCHEMA, "insufficient for 2 buckets");
}
