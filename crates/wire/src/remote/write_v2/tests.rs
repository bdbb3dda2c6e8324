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

/// A request of so many series, each with a name of its own and one value that all share.
fn repeated(count: usize, value: &str) -> Vec<u8> {
    let mut out = Writer::new();
    for i in 0..count as u64 {
        out.message(5, |out| {
            out.packed_uint(1, [1u64, i + 4, 2, 3].into_iter());
            out.message(2, |out| out.int_field(2, 5));
        });
    }
    for symbol in ["", "__name__", "a", value] {
        out.bytes(4, symbol.as_bytes());
    }
    (0..count).for_each(|i| out.bytes(4, format!("n{i}").as_bytes()));
    out.out
}

/// The bytes of all labels that a request leads to, and the refusals.
fn read_labels(bytes: &[u8]) -> (usize, Vec<String>) {
    let (mut scratch, mut read, mut refusals) = (Scratch::default(), 0, Vec::new());
    let mut request = Request::new(Message::V2, bytes, &mut scratch).unwrap();
    while let Some(Item::Series(series)) = request.next().unwrap() {
        match series.labels() {
            Ok(labels) => read += labels.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>(),
            Err(error) => refusals.push(error.to_string()),
        }
    }
    (read, refusals)
}

#[test]
fn symbols_cannot_be_repeated_without_end() {
    // 600 MB of labels in half a megabyte.
    let bytes = repeated(10_000, &"x".repeat(60_000));
    let (read, refusals) = read_labels(&bytes);
    assert!(read <= 32 * bytes.len() + (1 << 20), "{read} bytes of {}", bytes.len());
    assert!(read > 30 * bytes.len());
    assert_eq!(refusals.len(), 10_000 - read / 60_000);
    assert!(refusals[0].starts_with("the labels of the request repeat too much"), "{}", &refusals[0][..80]);
    // What real senders repeat is taken.
    assert_eq!(read_labels(&repeated(10_000, &"x".repeat(300))).1, Vec::<String>::new());
    // Buffers that are used again begin anew.
    let mut scratch = Scratch::default();
    for _ in 0..2 {
        let small = repeated(10, &"x".repeat(60_000));
        let mut request = Request::new(Message::V2, &small, &mut scratch).unwrap();
        while let Some(Item::Series(series)) = request.next().unwrap() {
            series.labels().unwrap();
        }
    }
}

#[test]
fn long_texts_are_refused_and_not_repeated_in_the_reason() {
    let (read, refusals) = read_labels(&repeated(3, &"x".repeat(1_000_000)));
    assert_eq!((read, refusals.len()), (0, 3));
    assert!(refusals.iter().all(|r| r.starts_with("1000000 bytes in a label value (the limit is 65536)")));
    assert!(refusals.iter().all(|r| r.len() < 5_000));
    let name = "n".repeat(100_000);
    let named = encode_v2(&[series(&[("__name__", "a"), (&name, "y")])]);
    let (_, refusals) = read_labels(&named);
    assert!(refusals[0].starts_with("100000 bytes in a label name (the limit is 4096)"));
    assert!(refusals[0].len() < 5_000);
}

#[test]
fn references_without_end_are_not_collected() {
    let bytes = with_refs(|out| out.packed_uint(1, std::iter::repeat_n(1u64, 1 << 20)));
    let (_, refusals) = read_labels(&bytes);
    assert!(refusals[0].starts_with("too many labels (the limit is 1024) for series [1 1"));
    assert!(refusals[0].len() < 5_000);
}

#[test]
fn long_help_is_left_out() {
    let help = |length: usize| {
        let metadata =
            model::Metadata { help: "h".repeat(length), unit: "s".to_owned(), ..Default::default() };
        let bytes = encode_v2(&[TimeSeries { metadata: Some(metadata), ..series(&[("__name__", "a")]) }]);
        let mut scratch = Scratch::default();
        let mut request = Request::new(Message::V2, &bytes, &mut scratch).unwrap();
        let Some(Item::Series(series)) = request.next().unwrap() else { panic!("a series was sent") };
        let metadata = series.metadata().unwrap().unwrap();
        assert_eq!(metadata.unit, "s");
        metadata.help.len()
    };
    assert_eq!((help(1000), help(100_000)), (1000, 0));
}
