use super::*;
use crate::chunk::{decode_xor, encode_xor};
use crate::remote::write_v1::tests::read_all;
use crate::remote::{Message, TimeSeries};

fn matcher(out: &mut Writer, op: u64, name: &str, value: &str) {
    out.message(3, |out| {
        out.uint_field(1, op);
        out.bytes_field(2, name.as_bytes());
        out.bytes_field(3, value.as_bytes());
    });
}

fn request(op: u64, value: &str, accepted: &[u64]) -> Vec<u8> {
    let mut out = Writer::new();
    out.message(1, |out| {
        out.int_field(1, -5);
        out.int_field(2, 1000);
        matcher(out, 0, "__name__", "up");
        matcher(out, op, "job", value);
        out.message(4, |out| {
            out.int_field(1, 15_000);
            out.bytes_field(2, b"rate");
            out.bytes_field(5, b"job");
            out.uint_field(6, 1);
        });
    });
    out.packed_uint(2, accepted.iter().copied());
    out.out
}

#[test]
fn requests_are_read() {
    let read = ReadRequest::decode(&request(2, "a|b", &[7, 1, 0])).unwrap();
    assert_eq!(read.response_type, ResponseType::StreamedXorChunks);
    let query = &read.queries[0];
    assert_eq!((query.start_ms, query.end_ms, query.matchers.len()), (-5, 1000, 2));
    assert!(query.matchers[1].matches("b") && !query.matchers[1].matches("ab"));
    assert_eq!((query.hints.function.as_str(), query.hints.step_ms, query.hints.by), ("rate", 15_000, true));
    assert_eq!(ReadRequest::decode(&request(0, "x", &[])).unwrap().response_type, ResponseType::Samples);
}

#[test]
fn bad_requests_are_refused() {
    let check = |bytes: &[u8], want: &str| {
        let error = ReadRequest::decode(bytes).unwrap_err().to_string();
        assert!(error.starts_with(want), "{error}");
    };
    check(&request(4, "x", &[]), "invalid matcher type");
    check(&request(2, "(", &[]), "error parsing regexp");
    check(&request(0, "x", &[9]), "server does not support any of the requested response types");
    check(&[0x0a, 9], "unexpected EOF");
    let mut many = Writer::new();
    (0..=QUERIES_MAX).for_each(|_| many.message(1, |_| {}));
    check(&many.out, "proto: more than 1000 nested elements");
}

#[test]
fn samples_answers_hold_a_result_a_query() {
    let labels = Labels::from_pairs([("__name__", "up")]);
    let sample = Sample { timestamp: 7, value: 0.5, start_timestamp: 0 };
    let mut response = SamplesResponse::new();
    response.series(&labels, &[sample], &[]);
    response.end_query();
    response.end_query();
    let bytes = response.finish();
    let mut reader = Reader::new(&bytes);
    let (_, first) = reader.field().unwrap().unwrap();
    let (_, second) = reader.field().unwrap().unwrap();
    assert!(reader.is_empty());
    assert_eq!(second.bytes(1).unwrap(), b"");
    // A query result has the fields of a version 1 write request.
    let (series, _) = read_all(Message::V1, first.bytes(1).unwrap()).unwrap();
    let want =
        TimeSeries { labels, samples: vec![sample], histograms: vec![], exemplars: vec![], metadata: None };
    assert_eq!(series, [want]);
}

#[test]
fn frames_carry_their_checksum() {
    let labels = Labels::from_pairs([("__name__", "up")]);
    let mut chunks = Vec::new();
    encode_xor(&[1, 2, 3], &[1.0, 2.0, 2.5], |chunk| chunks.push(chunk));
    let mut stream = Vec::new();
    write_frame(&mut stream, 0, &labels, &chunks);
    write_frame(&mut stream, 3, &labels, &chunks);
    let mut reader = Reader::new(&stream);
    let mut indexes = Vec::new();
    while !reader.is_empty() {
        let len = reader.varint().unwrap() as usize;
        let (checksum, rest) = reader.rest.split_at(4);
        let (message, rest) = rest.split_at(len);
        assert_eq!(checksum, crc32c::crc32c(message).to_be_bytes());
        reader.rest = rest;
        let (mut fields, mut index) = (Reader::new(message), 0);
        while let Some((field, value)) = fields.field().unwrap() {
            if field == 2 {
                index = value.uint(2).unwrap();
                continue;
            }
            let mut series = Reader::new(value.bytes(1).unwrap());
            series.field().unwrap();
            let (_, chunk) = series.field().unwrap().unwrap();
            let mut chunk = Reader::new(chunk.bytes(2).unwrap());
            let mut seen = Vec::new();
            while let Some(field) = chunk.field().unwrap() {
                seen.push(field);
            }
            assert_eq!(seen[..3], [(1, Value::Varint(1)), (2, Value::Varint(3)), (3, Value::Varint(1))]);
            assert_eq!(decode_xor(seen[3].1.bytes(4).unwrap()), Some(vec![(1, 1.0), (2, 2.0), (3, 2.5)]));
        }
        indexes.push(index);
    }
    assert_eq!(indexes, [0, 3]);
}
