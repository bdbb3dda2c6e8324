use super::*;
use discovery::http::testing::{Answer, Received, Server};
use model::{Labels, MetricType};
use std::collections::VecDeque;
use tempfile::TempDir;
use wire::remote::{Item, Message, Request, Scratch};

/// A line of a request: labels, timestamp and value.
type Line = (String, i64, f64);

fn up(job: &str, timestamp: i64, value: f64) -> TimeSeries {
    TimeSeries {
        labels: Labels::from_pairs([("__name__", "up"), ("job", job)]),
        samples: vec![Sample { timestamp, value, start_timestamp: 0 }],
        histograms: Vec::new(),
        exemplars: Vec::new(),
        metadata: None,
    }
}

fn lines(received: &Received) -> Vec<Line> {
    let message = Message::from_content_type(received.header("content-type")).unwrap();
    let (mut unpacked, mut scratch) = (Vec::new(), Scratch::default());
    let bytes = wire::snappy::decompress(&received.body, &mut unpacked, 1 << 20).unwrap();
    let mut request = Request::new(message, bytes, &mut scratch).unwrap();
    let mut lines = Vec::new();
    while let Some(item) = request.next().unwrap() {
        match item {
            Item::Series(series) => {
                let labels = series.labels().unwrap().to_string();
                lines.extend(series.samples.iter().map(|s| (labels.clone(), s.timestamp, s.value)));
            }
            Item::Metadata(m) => lines.push((format!("# {} {}", m.family, m.help), 0, 0.0)),
        }
    }
    lines
}

struct Setup {
    dir: TempDir,
    registry: Registry,
}

impl Setup {
    fn new() -> Setup {
        Setup { dir: tempfile::tempdir().unwrap(), registry: Registry::new() }
    }

    fn open(&self) -> Queue {
        self.open_with(SPOOL_BYTES_MAX)
    }

    fn open_with(&self, spool_bytes_max: u64) -> Queue {
        let metadata =
            Metadata { metric_type: MetricType::Gauge, help: "Up.".to_owned(), unit: String::new() };
        let options = QueueOptions {
            dir: self.dir.path().join("out"),
            spool_bytes_max,
            clock: Clock::system(),
            families: Arc::new(move || vec![("up".to_owned(), metadata.clone())]),
        };
        Queue::open(options, &self.registry).unwrap()
    }
}

fn configs(url: &str, more: &str) -> Vec<RemoteWriteConfig> {
    let text = format!(
        "remote_write:\n- url: {url}\n  name: test\n  queue_config: {{min_backoff: 5ms, max_backoff: 20ms, \
         batch_send_deadline: 20ms, max_samples_per_send: 3}}\n{more}"
    );
    let options = promconfig::LoadOptions::default();
    promconfig::parse(Path::new("prometheus.yml"), &text, &options).unwrap().remote_write
}

/// Waits until the server was sent so many lines; gives all of them.
async fn sent(server: &Server, count: usize) -> Vec<Line> {
    for _ in 0..1000 {
        let all: Vec<Line> = server.requests().iter().flat_map(lines).collect();
        if all.len() >= count {
            return all;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{count} lines wanted, {:?} came", server.requests().iter().flat_map(lines).collect::<Vec<_>>());
}

/// A server that gives these answers one after the other, and then takes everything.
async fn server(answers: Vec<Answer>) -> Server {
    let answers = Mutex::new(VecDeque::from(answers));
    Server::start(move |_| answers.lock().pop_front().unwrap_or_else(|| Answer::new(204))).await
}

fn line(job: &str, timestamp: i64, value: f64) -> Line {
    (format!("up{{job=\"{job}\"}}"), timestamp, value)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn samples_are_sent_in_requests_of_the_configured_size() {
    let (setup, server) = (Setup::new(), server(vec![]).await);
    let queue = setup.open();
    assert!(!queue.is_active());
    queue.append(&[up("before", 0, 0.0)]); // nobody wants it
    queue.apply(&BTreeMap::new(), &configs(&server.url("/write"), "")).unwrap();
    let batch: Vec<TimeSeries> = (0..7).map(|i| up("a", i, i as f64)).collect();
    queue.append(&batch);
    let want: Vec<Line> = (0..7).map(|i| line("a", i, i as f64)).collect();
    assert_eq!(sent(&server, 7).await, want);
    let requests = server.requests();
    assert!(requests.iter().all(|r| lines(r).len() <= 3));
    assert_eq!(requests[0].header("content-encoding"), "snappy");
    assert_eq!(requests[0].header("x-prometheus-remote-write-version"), "0.1.0");
    queue.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_for_now_is_sent_again() {
    let failures = vec![Answer::new(500), Answer::new(503), Answer::new(429).header("retry-after", "0")];
    let (setup, server) = (Setup::new(), server(failures).await);
    let queue = setup.open();
    queue.apply(&BTreeMap::new(), &configs(&server.url("/"), "")).unwrap();
    queue.append(&[up("a", 1, 1.0)]);
    assert_eq!(sent(&server, 4).await, vec![line("a", 1, 1.0); 4]);
    queue.append(&[up("a", 2, 2.0)]);
    assert_eq!(sent(&server, 5).await[4], line("a", 2, 2.0));
    queue.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_for_good_is_dropped() {
    let refusals = vec![Answer::new(400).body("out of order sample"), Answer::new(429)];
    let (setup, server) = (Setup::new(), server(refusals).await);
    let queue = setup.open();
    queue.apply(&BTreeMap::new(), &configs(&server.url("/"), "")).unwrap();
    for i in 0..3 {
        queue.append(&[up("a", i, 0.0)]);
        sent(&server, i as usize + 1).await;
    }
    assert_eq!(sent(&server, 3).await, [line("a", 0, 0.0), line("a", 1, 0.0), line("a", 2, 0.0)]);
    queue.stop().await;
    let url = server.url("/");
    let failed = setup.registry.counters(&telemetry::names::remote::SAMPLES_FAILED).with(&["test", &url]);
    assert_eq!(failed.get(), 2.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn version_2_falls_back() {
    let (setup, server) = (Setup::new(), server(vec![Answer::new(415)]).await);
    let queue = setup.open();
    let more = "  protobuf_message: io.prometheus.write.v2.Request\n";
    queue.apply(&BTreeMap::new(), &configs(&server.url("/"), more)).unwrap();
    queue.append(&[up("a", 1, 1.0)]);
    sent(&server, 2).await;
    queue.append(&[up("a", 2, 2.0)]);
    sent(&server, 3).await;
    let versions: Vec<String> =
        server.requests().iter().map(|r| r.header("x-prometheus-remote-write-version").to_owned()).collect();
    assert_eq!(versions, ["2.0.0", "0.1.0", "0.1.0"]);
    queue.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_goes_on_where_it_was() {
    let (setup, server) = (Setup::new(), server(vec![]).await);
    let queue = setup.open();
    queue.apply(&BTreeMap::new(), &configs(&server.url("/"), "")).unwrap();
    queue.append(&[up("a", 1, 1.0)]);
    sent(&server, 1).await;
    queue.stop().await;
    // Nobody sends, and samples come all the same.
    queue.append(&[up("a", 2, 2.0)]);
    drop(queue);
    let queue = setup.open();
    queue.apply(&BTreeMap::new(), &configs(&server.url("/"), "")).unwrap();
    queue.append(&[up("a", 3, 3.0)]);
    assert_eq!(sent(&server, 3).await, [line("a", 1, 1.0), line("a", 2, 2.0), line("a", 3, 3.0)]);
    queue.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_does_not_wait_for_a_place_that_is_away() {
    let setup = Setup::new();
    let away = server(vec![]).await;
    let url = away.url("/");
    drop(away);
    let queue = setup.open();
    queue.apply(&BTreeMap::new(), &configs(&url, "")).unwrap();
    queue.append(&[up("a", 1, 1.0)]);
    tokio::time::sleep(Duration::from_millis(50)).await;
    tokio::time::timeout(STOP_TIMEOUT, queue.stop()).await.expect("stopped before the timeout");
    let text = disk::read_to_string(&disk::list(&setup.dir.path().join("out/places")).unwrap()[0]).unwrap();
    assert_eq!(text, "1 0\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_configuration_takes_over() {
    let (setup, server) = (Setup::new(), server(vec![]).await);
    let queue = setup.open();
    let plain = configs(&server.url("/"), "");
    queue.apply(&BTreeMap::new(), &plain).unwrap();
    queue.append(&[up("a", 1, 1.0)]);
    sent(&server, 1).await;
    // The same again changes nothing.
    queue.apply(&BTreeMap::new(), &plain).unwrap();
    let external = BTreeMap::from([("dc".to_owned(), "eu".to_owned())]);
    queue.apply(&external, &plain).unwrap();
    queue.append(&[up("a", 2, 2.0)]);
    let all = sent(&server, 2).await;
    assert_eq!(all[1], ("up{dc=\"eu\", job=\"a\"}".to_owned(), 2, 2.0));
    queue.apply(&external, &[]).unwrap();
    assert!(!queue.is_active());
    assert_eq!(disk::list(&setup.dir.path().join("out/places")).unwrap().len(), 0);
    drop(queue);
    let queue = setup.open();
    queue.apply(&external, &[]).unwrap();
    let files = disk::list(&setup.dir.path().join("out")).unwrap();
    let left: u64 = files.iter().filter(|f| f.is_file()).map(|f| disk::len(f).unwrap()).sum();
    assert_eq!(left, 0, "nobody is to be sent what is left");
    let error = queue.apply(&external, &configs(&server.url("/"), "  tls_config: {ca_file: /nowhere}\n"));
    assert!(error.is_err_and(|e| e.name == "test"));
    queue.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn version_1_is_sent_families() {
    let (setup, server) = (Setup::new(), server(vec![]).await);
    let queue = setup.open();
    let more = "  metadata_config: {send_interval: 1s}\n";
    queue.apply(&BTreeMap::new(), &configs(&server.url("/"), more)).unwrap();
    assert_eq!(sent(&server, 1).await, [("# up Up.".to_owned(), 0, 0.0)]);
    queue.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_store_takes_is_sent() {
    let (setup, server) = (Setup::new(), server(vec![]).await);
    let queue = Arc::new(setup.open());
    let options = tsdb::Options {
        clock: Clock::manual(1_000),
        background: tsdb::Background::Manual,
        ..tsdb::Options::new(setup.dir.path().join("store"))
    };
    let db = tsdb::Db::open(options).unwrap();
    db.observe(queue.clone());
    queue.apply(&BTreeMap::new(), &configs(&server.url("/"), "")).unwrap();
    let mut appender = db.appender();
    let series = appender.series(None, &up("a", 0, 0.0).labels).unwrap();
    appender.float(series, 5, 2.5).unwrap();
    appender.commit(tsdb::Durability::Buffered).unwrap();
    assert_eq!(sent(&server, 1).await, [line("a", 5, 2.5)]);
    queue.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_spool_drops_the_oldest_though_nobody_answers() {
    let (setup, server) = (Setup::new(), Server::start(|_| Answer::silence()).await);
    let limit = 20_000;
    let queue = setup.open_with(limit);
    let url = server.url("/");
    queue.apply(&BTreeMap::new(), &configs(&url, "")).unwrap();
    let spool_bytes = || -> u64 {
        let files = disk::list(&setup.dir.path().join("out")).unwrap();
        files.iter().filter(|f| f.is_file()).map(|f| disk::len(f).unwrap()).sum()
    };
    // The first records are on their way before there is more: they are not lost.
    queue.append(&(0..3).map(|i| up("first", i, 0.0)).collect::<Vec<_>>());
    let first = spool_bytes();
    sent(&server, 3).await;
    let mut appended = first;
    for i in 0..1000 {
        let before = queue.shared.spool.end().borrow().to_owned();
        queue.append(&[up(&format!("job-{i}"), i, 0.5)]);
        let after = queue.shared.spool.end().borrow().to_owned();
        appended += if before.segment == after.segment { after.offset - before.offset } else { after.offset };
        assert!(spool_bytes() <= limit);
    }
    assert!(appended > 2 * limit, "{appended} bytes are too few for this test");
    let dropped =
        setup.registry.counters(&telemetry::names::remote::SPOOL_DROPPED_BYTES).with(&["test", &url]).get();
    assert_eq!(dropped as u64, appended - first - spool_bytes());
    queue.stop().await;
}
