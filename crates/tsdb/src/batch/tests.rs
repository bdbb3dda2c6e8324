use super::*;
use crate::histogram::{same_histogram, tests::any_histogram};
use proptest::prelude::*;

fn float() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        Just(0u64),
        Just(model::STALE_NAN_BITS),
        Just((-0.0f64).to_bits()),
        (-300i64..300).prop_map(|n| (n as f64).to_bits()),
        any::<i64>().prop_map(|n| (n as f64).to_bits()),
        (-(1i64 << 40)..1 << 40).prop_map(|n| (n as f64 / 1000.0).to_bits()),
    ]
}

fn floats() -> impl Strategy<Value = Vec<FloatEntry>> {
    let entry = (0u32..50, any::<bool>(), -100i64..100, float());
    prop::collection::vec(entry, 0..80).prop_map(|entries| {
        let mut slot = 0;
        let step = |(jump, jumps, t, value): (u32, bool, i64, u64)| {
            slot += if jumps { jump } else { 1 };
            FloatEntry { slot, generation: 0, t: if jumps { t } else { 7 }, value }
        };
        entries.into_iter().map(step).collect()
    })
}

proptest! {
    #[test]
    fn floats_come_back(floats in floats()) {
        let mut out = Vec::new();
        floats::put(&floats, &mut out);
        let mut columns = FloatColumns::default();
        prop_assert!(columns.take(&out).is_some());
        prop_assert_eq!(columns.slots, floats.iter().map(|f| f.slot as i64).collect::<Vec<_>>());
        prop_assert_eq!(columns.times, floats.iter().map(|f| f.t).collect::<Vec<_>>());
        prop_assert_eq!(columns.values, floats.iter().map(|f| f.value).collect::<Vec<_>>());
    }

    #[test]
    fn histograms_and_starts_come_back(all in prop::collection::vec((0u32..99, any::<i64>(), any::<i64>(), any_histogram()), 1..5)) {
        let batch = Batch {
            starts: all.iter().map(|(p, t, ..)| (*p, *t)).collect(),
            histograms: all.iter().map(|(slot, t, start, h)| HistogramEntry {
                slot: *slot, generation: 0, t: *t, start: *start, histogram: Arc::new(h.clone()),
            }).collect(),
            ..Batch::default()
        };
        let mut out = Vec::new();
        batch.put(false, &mut out);
        let read: Vec<_> = sections(&out).map(Option::unwrap).collect();
        let (Section::Starts(starts), Section::Histograms(histograms)) = (&read[0], &read[1]) else { panic!() };
        prop_assert_eq!(starts, &batch.starts);
        for (a, b) in histograms.iter().zip(&batch.histograms) {
            prop_assert_eq!((a.slot, a.t, a.start), (b.slot, b.t, b.start));
            prop_assert!(same_histogram(&a.histogram, &b.histogram));
        }
    }

    /// Whatever the bytes, reading ends, and says so when they are not a record.
    #[test]
    fn foreign_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        sections(&bytes).for_each(drop);
        let mut columns = FloatColumns::default();
        let _ = columns.take(&bytes);
        for tag in *b"DLFSHECMX" {
            let mut record = Vec::new();
            section(&mut record, tag, |out| out.extend_from_slice(&bytes));
            prop_assert_eq!(sections(&record).count(), 1);
        }
    }
}

#[test]
fn the_rest_comes_back() {
    let labels =
        |n: usize| Labels::from_pairs([("__name__", format!("metric_{n}")), ("job", "node".to_owned())]);
    let exemplar = Exemplar { labels: labels(1), value: 0.25, timestamp: Some(-5) };
    let metadata = Metadata { metric_type: MetricType::Counter, help: "ü".into(), unit: "s".into() };
    for n in [1, 100] {
        let definitions: Vec<_> = (0..n).map(|i| (i as u32 * 3, labels(i))).collect();
        let mut out = Vec::new();
        put_definitions(&mut out, &definitions);
        put_carried(&mut out, [(&labels(7), &exemplar)].into_iter());
        put_deletion(&mut out, &[1, 900], -4, i64::MAX);
        let batch = Batch {
            exemplars: vec![ExemplarEntry { slot: 9, generation: 0, exemplar: exemplar.clone() }],
            metadata: vec![("f".to_owned(), metadata.clone())],
            ..Batch::default()
        };
        batch.put(false, &mut out);
        assert!(n == 1 || out.len() < 2000, "{} bytes: definitions are compressed", out.len());
        let mut read = sections(&out).map(Option::unwrap);
        assert!(matches!(read.next(), Some(Section::Definitions(d)) if d == definitions));
        assert!(matches!(read.next(), Some(Section::Carried(c)) if c == [(labels(7), exemplar.clone())]));
        assert!(
            matches!(read.next(), Some(Section::Deletion { slots, min_ms: -4, max_ms: i64::MAX }) if slots == [1, 900])
        );
        assert!(
            matches!(read.next(), Some(Section::Exemplars(e)) if e[0].slot == 9 && e[0].exemplar == exemplar)
        );
        assert!(
            matches!(read.next(), Some(Section::Metadata(m)) if m == [("f".to_owned(), metadata.clone())])
        );
        assert!(read.next().is_none());
    }
}
