//! Selecting agrees with trying every series.

use crate::support::{any_labels, hosts, labels, write};
use model::{Labels, MatchOp, Matcher};
use proptest::prelude::*;
use std::collections::BTreeSet;
use tsdb::block::{Block, VecSeries};

fn any_matcher() -> impl Strategy<Value = Matcher> {
    let name = prop_oneof![Just("__name__"), Just("instance"), Just("job"), Just("x.y"), Just("absent")];
    let op = prop_oneof![
        Just(MatchOp::Equal),
        Just(MatchOp::NotEqual),
        Just(MatchOp::Regex),
        Just(MatchOp::NotRegex)
    ];
    let value = prop_oneof![
        Just(""),
        Just("a"),
        Just("b"),
        Just("c"),
        Just("a|b"),
        Just("a.*"),
        Just(".+"),
        Just(".*"),
        Just("host-.*"),
        Just("host-1"),
        Just("host-[0-9]+"),
        Just("a?"),
        Just("(|a)"),
        Just("[^a]*"),
        Just("ü"),
        Just("a+|ü"),
    ];
    (name, op, value).prop_map(|(name, op, value)| Matcher::new(name, op, value).unwrap())
}

fn series(labels: BTreeSet<Labels>) -> Vec<VecSeries> {
    labels
        .into_iter()
        .map(|labels| VecSeries { labels, timestamps: vec![1], values: vec![2.0], ..VecSeries::default() })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn selects_what_passes(
        all in proptest::collection::btree_set(any_labels(), 1..60),
        matchers in proptest::collection::vec(any_matcher(), 0..4),
    ) {
        let written = write(series(all.clone()), 0).unwrap();
        let block = Block::open(&written.path).unwrap();
        let passing: Vec<(u32, &Labels)> = (0..).zip(&all)
            .filter(|(_, l)| matchers.iter().all(|m| m.matches(l.value(m.name())))).collect();
        let selected = block.select(&matchers).unwrap();
        prop_assert_eq!(&selected, &passing.iter().map(|(i, _)| *i).collect::<Vec<_>>());
        let mut found = Vec::new();
        block.labels_of(&selected, &mut |_, l| found.push(l)).unwrap();
        prop_assert!(found.iter().eq(passing.iter().map(|(_, l)| *l)));

        let names: BTreeSet<&str> = passing.iter().flat_map(|(_, l)| l.iter().map(|(n, _)| n)).collect();
        prop_assert!(block.label_names(&matchers).unwrap().iter().eq(names.iter()));
        for name in ["instance", "job", "absent"] {
            let values: BTreeSet<&str> = passing.iter().filter_map(|(_, l)| l.get(name)).collect();
            prop_assert!(block.label_values(name, &matchers).unwrap().iter().eq(values.iter()));
        }
    }
}

#[test]
fn large_indexes_span_pages() {
    // 3,000 instances are a dozen pages of values, of postings and of series for each metric.
    let mut all = hosts("m_a", 3000, 1, |_, _| 1.0);
    all.extend(hosts("m_b", 3000, 1, |_, _| 1.0));
    let written = write(all, 0).unwrap();
    let block = Block::open(&written.path).unwrap();
    let count = |name: &str, op: MatchOp, value: &str| {
        let both = [Matcher::new(name, op, value).unwrap(), Matcher::equal("__name__", "m_b")];
        let alone = block.select(&both[..1]).unwrap().len();
        (alone, block.select(&both).unwrap().len())
    };
    assert_eq!(count("instance", MatchOp::Equal, "host-02999"), (2, 1));
    assert_eq!(count("instance", MatchOp::Equal, "host-1"), (0, 0));
    assert_eq!(count("instance", MatchOp::NotEqual, "host-00000"), (5998, 2999));
    assert_eq!(count("instance", MatchOp::Regex, "host-01.*"), (2000, 1000));
    assert_eq!(count("instance", MatchOp::NotRegex, "host-0[12].*"), (2000, 1000));
    assert_eq!(count("instance", MatchOp::Regex, ".*7|host-00001"), (602, 301));
    assert_eq!(count("job", MatchOp::Regex, ".+"), (6000, 3000));
    assert_eq!(block.label_values("instance", &[]).unwrap().len(), 3000);
    assert_eq!(block.labels(5999).unwrap().value("instance"), "host-02999");
}

#[test]
fn statistics_count_series_values_and_bytes() {
    let mut all = hosts("m_a", 5, 1, |_, _| 1.0);
    all.extend(hosts("m_b", 3, 1, |_, _| 1.0));
    all.push(VecSeries {
        labels: labels(&[("__name__", "up")]),
        timestamps: vec![1],
        values: vec![1.0],
        ..VecSeries::default()
    });
    let written = write(all, 0).unwrap();
    let stats = Block::open(&written.path).unwrap().label_stats(2).unwrap();
    let pairs = |list: &[(&str, u64)]| list.iter().map(|(s, n)| (s.to_string(), *n)).collect::<Vec<_>>();
    assert_eq!((stats.series, stats.label_pairs), (9, 3 + 5 + 1));
    assert_eq!(stats.series_by_metric, pairs(&[("m_a", 5), ("m_b", 3)]));
    assert_eq!(stats.values_by_label, pairs(&[("instance", 5), ("__name__", 3)]));
    assert_eq!(stats.bytes_by_label, pairs(&[("instance", 50), ("__name__", 8)]));
    assert_eq!(stats.series_by_pair, pairs(&[("job=node", 8), ("__name__=m_a", 5)]));
}
