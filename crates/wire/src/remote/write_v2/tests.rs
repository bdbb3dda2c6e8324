use crate::proto::Writer;
use crate::remote::write_v1::tests::read_all;
use crate::remote::{Item, Message, Request, Sample, Scratch, TimeSeries, encode_v2};
use model::Labels;

fn series(pairs: &[(&str, &str)]) -> TimeSeries {
    TimeSeries {
        labels: Labels::from_pairs(pairs.iter().copied()),
        samples: vec![Sample { timestamp: 1, value: 2.0, start_timestamp: 0 }],
        histograms: vec![],
        exemplars: vec![],
        metadata: None,
    }
}

fn keys(bytes: &[u8]) -> Vec<Option<u128>> {
    let mut scratch = Scratch::default();
    let mut request = Request::new(Message::V2, bytes, &mut scratch).unwrap();
    let mut keys = Vec::new();
    while let Some(Item::Series(series)) = request.next().unwrap() {
        keys.push(series.key);
    }
    keys
}

/// A request of one series with these references and the symbols "", "__name__", "a", "b".
fn with_refs(write: impl Fn(&mut Writer)) -> Vec<u8> {
    let mut out = Writer::new();
    out.message(5, |out| {
        write(out);
        out.message(2, |out| out.int_field(2, 5));
        out.int_field(6, 3);
    });
    // The table may stand behind the series.
    for symbol in ["", "__name__", "a", "b"] {
        out.bytes(4, symbol.as_bytes());
    }
    out.out
}

#[test]
fn keys_do_not_depend_on_places_in_the_table() {
    let (a, b) = (series(&[("__name__", "a"), ("x", "y")]), series(&[("__name__", "b"), ("y", "x")]));
    let both = keys(&encode_v2(&[a.clone(), b.clone()]));
    let turned = keys(&encode_v2(&[b, a]));
    assert_eq!(both, [turned[1], turned[0]]);
    assert_ne!(both[0], both[1]);
    let (xy, yx) = (series(&[("x", "1"), ("y", "2")]), series(&[("x", "2"), ("y", "1")]));
    let swapped = keys(&encode_v2(&[xy, yx]));
    assert_ne!(swapped[0], swapped[1]);
}

#[test]
fn references_may_be_packed_or_not_and_apart() {
    let packed = with_refs(|out| out.packed_uint(1, [1u64, 2].into_iter()));
    let single = with_refs(|out| {
        out.uint(1, 1);
        out.uint(1, 2);
    });
    let apart = with_refs(|out| {
        out.packed_uint(1, [1u64].into_iter());
        out.packed_uint(1, [2u64].into_iter());
    });
    for bytes in [&packed, &single, &apart] {
        assert_eq!(keys(bytes), keys(&packed));
        let (read, _) = read_all(Message::V2, bytes).unwrap();
        assert_eq!(read[0].labels.to_string(), "a");
        assert_eq!(read[0].samples, [Sample { timestamp: 5, value: 0.0, start_timestamp: 3 }]);
    }
}

#[test]
fn bad_references_are_told() {
    let check = |refs: &[u64], want: &str| {
        let bytes = with_refs(|out| out.packed_uint(1, refs.iter().copied()));
        assert_eq!(keys(&bytes), [None]);
        assert_eq!(read_all(Message::V2, &bytes).unwrap_err(), want);
    };
    check(&[1, 2, 3], "parsing labels for series [1 2 3]: invalid labelRefs length 3");
    check(
        &[1, 999],
        "parsing labels for series [1 999]: labelRefs 1 (name) = 999 (value) outside of symbols table (size 4)",
    );
    let bytes = with_refs(|out| out.packed_uint(1, [1, u64::MAX].into_iter()));
    assert!(read_all(Message::V2, &bytes).unwrap_err().contains("outside of symbols table"));
}

#[test]
fn malformed_requests_are_refused() {
    for bytes in [&[0x22, 9, 1][..], &[0x2a, 9, 1], &[0x2a, 3, 0x0a, 1, 0x80], &[0x2a, 2, 0x12, 9]] {
        assert_eq!(read_all(Message::V2, bytes).unwrap_err(), "unexpected EOF", "{bytes:?}");
    }
}
