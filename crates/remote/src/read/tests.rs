use super::*;
use base::Clock;
use model::FloatHistogram;
use tempfile::TempDir;
use tsdb::{Background, Durability, Options};
use wire::chunk::decode_xor;
use wire::proto::{Reader, Writer};
use wire::remote::{Item, Message, Request, Scratch};

struct Setup {
    server: ReadServer,
    _dir: TempDir,
}

/// `up{job="a"}` and `up{job="b"}` with 300 samples each, a second apart; `latency` with two histograms.
fn setup(limits: ReadLimits) -> Setup {
    let dir = tempfile::tempdir().unwrap();
    let options =
        Options { clock: Clock::manual(400_000), background: Background::Manual, ..Options::new(dir.path()) };
    let db = Db::open(options).unwrap();
    let mut appender = db.appender();
    for (job, factor) in [("b", 2.0), ("a", 1.0)] {
        let series = appender.series(None, &Labels::from_pairs([("__name__", "up"), ("job", job)])).unwrap();
        (0..300).for_each(|i| appender.float(series, i * 1000, i as f64 * factor).unwrap());
    }
    let series = appender.series(None, &Labels::from_pairs([("__name__", "latency")])).unwrap();
    for i in 0..2 {
        let histogram = FloatHistogram {
            count: 3.0 + i as f64,
            sum: 1.5,
            zero_count: 3.0 + i as f64,
            ..FloatHistogram::default()
        };
        appender.float_histogram(series, i * 1000, 0, &histogram).unwrap();
    }
    appender.commit(Durability::Buffered).unwrap();
    Setup { server: ReadServer::new(db, limits, &Registry::new()), _dir: dir }
}

fn request(matchers: &[(u64, &str, &str)], end_ms: i64, streamed: bool) -> Vec<u8> {
    let mut out = Writer::new();
    out.message(1, |query| {
        query.int_field(1, 1000);
        query.int_field(2, end_ms);
        for (op, name, value) in matchers {
            query.message(3, |matcher| {
                matcher.uint_field(1, *op);
                matcher.bytes_field(2, name.as_bytes());
                matcher.bytes_field(3, value.as_bytes());
            });
        }
    });
    out.packed_uint(2, [u64::from(streamed)].into_iter());
    snappy::compress(&out.out)
}

fn samples(answer: ReadAnswer) -> Vec<(String, Vec<(i64, f64)>, usize)> {
    let ReadAnswer::Samples(body) = answer else { panic!("samples were asked for") };
    let mut unpacked = Vec::new();
    let bytes = snappy::decompress(&body, &mut unpacked, 1 << 20).unwrap();
    let (_, result) = Reader::new(bytes).field().unwrap().unwrap();
    // A query result has the fields of a version 1 write request.
    let mut scratch = Scratch::default();
    let mut request = Request::new(Message::V1, result.bytes(1).unwrap(), &mut scratch).unwrap();
    let mut all = Vec::new();
    while let Some(Item::Series(series)) = request.next().unwrap() {
        let points = series.samples.iter().map(|s| (s.timestamp, s.value)).collect();
        all.push((series.labels().unwrap().to_string(), points, series.histogram_count()));
    }
    all
}

fn frames(answer: ReadAnswer) -> Vec<Vec<u8>> {
    let ReadAnswer::Stream(stream) = answer else { panic!("a stream was asked for") };
    let mut frames = Vec::new();
    stream
        .write(|frame| {
            frames.push(frame);
            ControlFlow::Continue(())
        })
        .unwrap();
    frames
}

/// Floats of the XOR chunks of a frame.
fn floats(frame: &[u8]) -> Vec<(i64, f64)> {
    let mut reader = Reader::new(frame);
    let len = reader.varint().unwrap() as usize;
    assert_eq!(reader.rest.len(), 4 + len);
    let mut message = Reader::new(&reader.rest[4..]);
    let (_, series) = message.field().unwrap().unwrap();
    let mut series = Reader::new(series.bytes(1).unwrap());
    let mut all = Vec::new();
    while let Some((field, value)) = series.field().unwrap() {
        if field == 2 {
            let mut chunk = Reader::new(value.bytes(2).unwrap());
            while let Some((field, value)) = chunk.field().unwrap() {
                if field == 4 {
                    all.extend(decode_xor(value.bytes(4).unwrap()).unwrap());
                }
            }
        }
    }
    all
}

#[test]
fn samples_in_one_message() {
    let setup = setup(ReadLimits::default());
    let answer =
        setup.server.read(&request(&[(0, "__name__", "up"), (3, "job", "b|c")], 3000, false)).unwrap();
    let want = vec![("up{job=\"a\"}".to_owned(), vec![(1000, 1.0), (2000, 2.0), (3000, 3.0)], 0)];
    assert_eq!(samples(answer), want);
    let answer = setup.server.read(&request(&[(0, "__name__", "latency")], 3000, false)).unwrap();
    assert_eq!(samples(answer), [("latency".to_owned(), vec![], 1)]);
}

#[test]
fn chunks_in_frames() {
    let limits = ReadLimits { frame_bytes_max: 200, ..ReadLimits::default() };
    let setup = setup(limits);
    let frames = frames(setup.server.read(&request(&[(0, "__name__", "up")], 400_000, true)).unwrap());
    assert!(frames.len() > 2, "several frames a series");
    let all: Vec<(i64, f64)> = frames.iter().flat_map(|f| floats(f)).collect();
    let want = |factor: f64| (1..300).map(move |i| (i * 1000, i as f64 * factor));
    assert_eq!(all, want(1.0).chain(want(2.0)).collect::<Vec<_>>());
}

#[test]
fn a_client_that_leaves_ends_the_stream() {
    let setup = setup(ReadLimits::default());
    let ReadAnswer::Stream(stream) =
        setup.server.read(&request(&[(0, "__name__", "up")], 400_000, true)).unwrap()
    else {
        panic!("a stream was asked for")
    };
    let mut frames = 0;
    stream
        .write(|_| {
            frames += 1;
            ControlFlow::Break(())
        })
        .unwrap();
    assert_eq!(frames, 1);
}

#[test]
fn external_labels_are_put_on_and_matched() {
    let setup = setup(ReadLimits::default());
    let external = [("dc".to_owned(), "eu".to_owned()), ("job".to_owned(), "x".to_owned())];
    setup.server.set_external_labels(BTreeMap::from(external));
    let matchers = [(0, "__name__", "up"), (0, "job", "a"), (0, "dc", "eu")];
    let answer = setup.server.read(&request(&matchers, 1000, false)).unwrap();
    assert_eq!(samples(answer), [("up{dc=\"eu\", job=\"a\"}".to_owned(), vec![(1000, 1.0)], 0)]);
    let elsewhere = [(0, "__name__", "up"), (0, "dc", "us")];
    assert_eq!(samples(setup.server.read(&request(&elsewhere, 1000, false)).unwrap()), []);
}

#[test]
fn bad_and_large_requests_are_refused() {
    let setup = setup(ReadLimits { samples_max: 100, ..ReadLimits::default() });
    let refused = |body: &[u8]| setup.server.read(body).err().map(|e| e.to_string());
    assert_eq!(refused(b"\xff").as_deref(), Some("snappy: corrupt input"));
    assert_eq!(refused(&snappy::compress(&[0x0a, 9])).as_deref(), Some("unexpected EOF"));
    let large = request(&[(0, "__name__", "up")], 400_000, false);
    assert_eq!(refused(&large).as_deref(), Some("exceeded sample limit (100)"));
}
