//! Tests of the record: what goes in comes out, and what is no record is refused.

use super::*;
use proptest::prelude::*;

/// A batch of anything: numbers become texts, runs and rows.
fn build(kind: Kind, words: &[String], numbers: &[u64]) -> Batch {
    let mut batch = Batch::new(kind);
    let texts: Vec<Text> = words.iter().map(|word| batch.push_text(word)).collect();
    let text = |n: u64| texts.get(n as usize % (texts.len() + 1)).copied().unwrap_or(Text::EMPTY);
    for (at, n) in numbers.iter().enumerate() {
        let value = match n % 6 {
            0 => Value::Str(text(n / 6)),
            1 => Value::Bool(n % 4 == 1),
            2 => Value::Int(*n as i64),
            3 => Value::Double(f64::from_bits(*n)),
            4 => Value::Bytes(text(n / 6)),
            _ => Value::Json(text(n / 6)),
        };
        batch.push_attr(&words.get(at % (words.len() + 1)).cloned().unwrap_or_default(), value);
    }
    let run = |n: u64| {
        let start = n as u32 % (numbers.len() as u32 + 1);
        Run { start, len: (n >> 32) as u32 % (numbers.len() as u32 - start + 1) }
    };
    let number = |at: usize| numbers.get(at).copied().unwrap_or(at as u64);
    let (n0, n1, n2) = (number(0), number(1), number(2));
    batch.resources.push(Resource {
        service: text(n0),
        environment: text(n1),
        release: text(n2),
        host: text(n0 ^ n1),
        attrs: run(n1),
        schema_url: text(n2),
        dropped_attrs: n0 as u32,
    });
    batch.scopes.push(Scope { name: text(n1), version: text(n0), attrs: run(n2), dropped_attrs: n1 as u32 });
    for n in numbers {
        let (trace_id, span_id) = (TraceId((*n as u128 * 7).to_le_bytes()), SpanId(n.to_le_bytes()));
        if kind != Kind::Span {
            batch.logs.push(LogRow {
                time_ns: *n as i64,
                observed_ns: -(*n as i64 >> 1),
                severity: *n as u8,
                severity_text: text(*n),
                body: text(n >> 3),
                body_is_json: n % 2 == 0,
                event_name: text(n >> 5),
                trace_id,
                span_id,
                flags: *n as u32,
                attrs: run(*n),
                dropped_attrs: 3,
                ..LogRow::default()
            });
            continue;
        }
        let event = SpanEvent { time_ns: *n as i64, name: text(*n), attrs: run(*n), dropped_attrs: 1 };
        batch.span_events.push(event);
        let link =
            Link { trace_id, span_id, trace_state: text(*n), flags: 9, attrs: run(n >> 7), dropped_attrs: 2 };
        batch.links.push(link);
        batch.spans.push(SpanRow {
            trace_id,
            span_id,
            parent_span_id: span_id,
            trace_state: text(n >> 1),
            name: text(n >> 2),
            kind: SpanKind::ALL[*n as usize % 6],
            start_ns: *n as i64,
            duration_ns: *n as i64 >> 2,
            status: Status::ALL[*n as usize % 3],
            status_message: text(n >> 4),
            flags: *n as u32,
            attrs: run(*n),
            events: Run { start: 0, len: batch.span_events.len() as u32 },
            links: Run { start: 0, len: batch.links.len() as u32 },
            dropped_attrs: 1,
            dropped_events: 2,
            dropped_links: 3,
            ..SpanRow::default()
        });
    }
    batch
}

fn kind() -> impl Strategy<Value = Kind> {
    (0usize..3).prop_map(|at| Kind::ALL[at])
}

fn encoded(batch: &Batch) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(batch, &mut bytes);
    bytes
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(
        kind in kind(),
        words in prop::collection::vec(".{0,6}", 0..6),
        // NaN is not equal to itself; infinities are.
        numbers in prop::collection::vec(any::<u64>().prop_filter("NaN", |n| !f64::from_bits(*n).is_nan()), 0..20),
    ) {
        let batch = build(kind, &words, &numbers);
        let bytes = encoded(&batch);
        prop_assert_eq!(bytes.len(), encoded_len(&batch));
        let decoded = decode(&bytes).unwrap();
        prop_assert_eq!(&decoded, &batch);
        prop_assert_eq!(encoded(&decoded), bytes);
    }

    #[test]
    fn what_is_cut_short_is_refused(kind in kind(), numbers in prop::collection::vec(any::<u64>(), 0..5), cut in any::<u64>()) {
        let bytes = encoded(&build(kind, &["a".to_owned(), "é".to_owned()], &numbers));
        let length = cut as usize % bytes.len();
        prop_assert!(decode(&bytes[..length]).is_err());
    }

    #[test]
    fn bytes_that_were_changed_are_refused_or_a_sound_batch(
        kind in kind(),
        numbers in prop::collection::vec(any::<u64>(), 0..5),
        changes in prop::collection::vec((any::<u64>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = encoded(&build(kind, &["a".to_owned(), "é".to_owned()], &numbers));
        for (at, byte) in changes {
            let at = at as usize % bytes.len();
            bytes[at] = byte;
        }
        if let Ok(mut batch) = decode(&bytes) {
            prop_assert_eq!(batch.check(), Ok(()));
        }
    }

    #[test]
    fn any_bytes_are_refused_without_harm(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(first) = bytes.first_mut() {
            *first = VERSION;
        }
        if let Ok(mut batch) = decode(&bytes) {
            prop_assert_eq!(batch.check(), Ok(()));
        }
    }
}

#[test]
fn lengths_of_tables_that_are_not_there_allocate_nothing() {
    let mut bytes = vec![VERSION, 1, 0, 0];
    bytes.extend_from_slice(&[0xff; 36]);
    assert_eq!(decode(&bytes), Err(CUT));
}

#[test]
fn later_versions_and_rows_of_another_kind_are_refused() {
    let mut bytes = encoded(&build(Kind::Span, &[], &[1]));
    bytes[1] = 0;
    assert_eq!(decode(&bytes), Err(RecordError::Damaged("its tables")));
    bytes[1] = 7;
    assert_eq!(decode(&bytes), Err(RecordError::Damaged("its kind")));
    bytes[0] = 2;
    assert_eq!(decode(&bytes), Err(RecordError::Version(2)));
}

/// The first version stays readable: these bytes were written by it.
#[test]
fn the_first_version_is_read() {
    let mut batch = Batch::new(Kind::Log);
    let body = batch.push_text("hé");
    batch.push_attr("k", Value::Int(-2));
    batch.resources.push(Resource { service: body, attrs: batch.attrs_since(0), ..Resource::default() });
    batch.scopes.push(Scope::default());
    batch.logs.push(LogRow { body, time_ns: 5, severity: 17, body_is_json: true, ..LogRow::default() });
    let hex: String = encoded(&batch).iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = concat!(
        "01000000",
        "010000000100000001000000010000000000000000000000000000000100000004000000",
        "0300000001000000",
        "0000000002feffffffffffffff",
        "0000000003000000",
        "0000000000000000",
        "0000000000000000",
        "0000000000000000",
        "0000000001000000",
        "0000000000000000",
        "00000000",
        "0000000000000000",
        "0000000000000000",
        "0000000000000000",
        "00000000",
        "0000000000000000",
        "0500000000000000",
        "0000000000000000",
        "11",
        "0000000000000000",
        "0000000003000000",
        "01",
        "0000000000000000",
        "00000000000000000000000000000000",
        "0000000000000000",
        "00000000",
        "0000000000000000",
        "00000000",
        "68c3a96b",
    );
    assert_eq!(hex, expected);
}
