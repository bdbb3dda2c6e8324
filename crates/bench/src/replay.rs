//! The runs: the same samples to each system, as remote write and as scrapes, and the same questions after.

use crate::corpus::{self, Corpus};
use crate::recording::Recording;
use crate::report::{self, Figures};
use crate::system::{Kind, System, Usage};
use crate::{http::Client, queries};
use base::Clock;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What to run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    All,
    Write,
    Scrape,
    Million,
}

/// Distance of scrapes as replayed by remote write: Prometheus's most common interval.
const STEP_MS: i64 = 15_000;
/// How long a system may idle before it is measured, and how long it has to settle after the load.
const IDLE: Duration = Duration::from_secs(4);
const SETTLE_MAX: Duration = Duration::from_secs(30);
/// Each dashboard query is asked this often.
const QUERY_RUNS: usize = 12;
/// Scrapes of every host in the scrape run, one a second.
const SCRAPE_ROUNDS: usize = 60;
const WRITERS: usize = 2;
/// The run with many series.
const MILLION: usize = 1_000_000;
const MILLION_SCRAPES: usize = 6;
const FIRST_PORT: u16 = 19_400;

/// The recording, ending now.
fn corpus_of(recording: &Path, clock: &Clock) -> io::Result<Corpus> {
    let recording = Recording::load(recording)?;
    let span = STEP_MS * recording.hosts[0].jitter_ms.len() as i64;
    let start_ms = (clock.now_ms() - span) / STEP_MS * STEP_MS;
    Ok(Corpus::new(recording, start_ms, STEP_MS))
}

/// Sends the recording to a running server.
pub fn load(recording: &Path, address: &str) -> io::Result<()> {
    let clock = Clock::system();
    let corpus = corpus_of(recording, &clock)?;
    let start = clock.monotonic();
    for scrape in 0..corpus.scrapes() {
        send_round(address, &corpus.requests(scrape))?;
    }
    let seconds = (clock.monotonic() - start).as_secs_f64();
    println!("{} samples in {seconds:.2} s", corpus.recording.sample_count());
    Ok(())
}

/// Asks a running server that was loaded a moment ago what dashboards ask.
pub fn ask(recording: &Path, address: &str) -> io::Result<()> {
    let clock = Clock::system();
    let corpus = corpus_of(recording, &clock)?;
    let mut client = Client::new(address);
    for (what, query) in queries::DASHBOARD {
        let latencies = time_query(&mut client, query, &corpus, &clock)?;
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        println!(
            "  {what:<38}{:>10.2} / {:.2}",
            ms(latencies[latencies.len() / 2]),
            ms(latencies[latencies.len() - 1])
        );
    }
    Ok(())
}

pub fn run(pharos: &Path, recording: &Path, part: Part) -> io::Result<()> {
    let clock = Clock::system();
    let corpus = Arc::new(corpus_of(recording, &clock)?);
    report::heading(&corpus);
    if matches!(part, Part::All | Part::Write) {
        let mut all = Vec::new();
        for (n, kind) in Kind::chosen().into_iter().enumerate() {
            let dir = tempfile::tempdir()?;
            all.push(write_run(kind, dir.path(), pharos, &corpus, &clock, FIRST_PORT + n as u16)?);
        }
        report::write_table(&all);
    }
    if matches!(part, Part::All | Part::Scrape) {
        let mut all = Vec::new();
        for (n, kind) in Kind::chosen().into_iter().enumerate() {
            let dir = tempfile::tempdir()?;
            all.push(scrape_run(kind, dir.path(), pharos, &corpus, FIRST_PORT + 10 + n as u16)?);
        }
        report::scrape_table(&all);
    }
    if matches!(part, Part::All | Part::Million) {
        million_run(pharos, &corpus)?;
    }
    Ok(())
}

/// A million active series, a few samples each: how much memory Pharos needs for them.
fn million_run(pharos: &Path, corpus: &Corpus) -> io::Result<()> {
    let dir = tempfile::tempdir()?;
    let config = dir.path().join("prometheus.yml");
    base::disk::write_atomic(&config, b"scrape_configs: []\n")?;
    let system = System::start(Kind::Pharos, dir.path(), &config, pharos, FIRST_PORT + 20)?;
    let hosts = corpus.recording.hosts.len();
    let fleet = MILLION.div_ceil(corpus.series_count()) * hosts;
    for scrape in 0..MILLION_SCRAPES {
        for first in (0..fleet).step_by(hosts) {
            send_round(&system.address, &corpus.fleet_requests(first..first + hosts, scrape))?;
        }
    }
    settle(&system)?;
    let used = system.usage()?;
    let series = fleet / hosts * corpus.series_count();
    report::million(series, series * MILLION_SCRAPES, &used);
    Ok(())
}

fn write_run(
    kind: Kind,
    dir: &Path,
    pharos: &Path,
    corpus: &Corpus,
    clock: &Clock,
    port: u16,
) -> io::Result<Figures> {
    let config = dir.join("prometheus.yml");
    base::disk::write_atomic(&config, b"scrape_configs: []\n")?;
    let mut system = System::start(kind, dir, &config, pharos, port)?;
    std::thread::sleep(IDLE);
    let idle = system.usage()?;
    let idle_cpu = idle_cpu_share(&system)?;

    let start = clock.monotonic();
    for scrape in 0..corpus.scrapes() {
        send_round(&system.address, &corpus.requests(scrape))?;
    }
    let wall = clock.monotonic() - start;
    settle(&system)?;
    let used = system.usage()?;

    let latencies = queries::DASHBOARD
        .iter()
        .map(|(_, query)| time_query(&mut system.client(), query, corpus, clock))
        .collect::<io::Result<Vec<_>>>()?;
    let after_queries = system.usage()?;
    let held = count_samples(&system, corpus)?;
    let snapshot_bytes = system.snapshot_bytes()?;
    let restart = system.kill_and_restart(clock)?;
    let held_after = count_samples(&system, corpus)?;
    Ok(Figures {
        kind,
        series: corpus.series_count(),
        samples: corpus.recording.sample_count(),
        idle,
        idle_cpu,
        cpu_seconds: used.cpu_seconds - idle.cpu_seconds,
        wall,
        peak_bytes: used.peak_rss_bytes.saturating_sub(idle.rss_bytes),
        peak_with_queries_bytes: after_queries.peak_rss_bytes.saturating_sub(idle.rss_bytes),
        latencies,
        restart,
        lost: held.saturating_sub(held_after),
        held,
        snapshot_bytes,
    })
}

/// Share of one core that the system uses when nobody asks anything, over two seconds.
fn idle_cpu_share(system: &System) -> io::Result<f64> {
    let before = system.usage()?.cpu_seconds;
    std::thread::sleep(Duration::from_secs(2));
    Ok((system.usage()?.cpu_seconds - before) / 2.0)
}

/// Sends the requests of one round over a few connections. A round ends before the next begins, so that samples
/// of a series are in order.
fn send_round(address: &str, requests: &[Vec<u8>]) -> io::Result<()> {
    const HEADERS: [(&str, &str); 3] = [
        ("Content-Encoding", "snappy"),
        ("Content-Type", "application/x-protobuf"),
        ("X-Prometheus-Remote-Write-Version", "0.1.0"),
    ];
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WRITERS)
            .map(|_| {
                scope.spawn(|| -> io::Result<()> {
                    let mut client = Client::new(address);
                    while let Some(body) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let reply = client.post("/api/v1/write", &HEADERS, body)?;
                        if reply.status / 100 != 2 {
                            let why = String::from_utf8_lossy(&reply.body);
                            return Err(io::Error::other(format!("{address}: {} {why}", reply.status)));
                        }
                    }
                    Ok(())
                })
            })
            .collect();
        workers.into_iter().try_for_each(|w| w.join().expect("a writer does not panic"))
    })
}

/// Waits until the system has been quiet for two seconds: what it does later for the same samples counts too.
fn settle(system: &System) -> io::Result<()> {
    let (mut quiet, mut waited) = (0, Duration::ZERO);
    let pause = Duration::from_millis(500);
    let mut before = system.usage()?.cpu_seconds;
    while quiet < 4 && waited < SETTLE_MAX {
        std::thread::sleep(pause);
        waited += pause;
        let now = system.usage()?.cpu_seconds;
        quiet = if now - before < 0.02 { quiet + 1 } else { 0 };
        before = now;
    }
    Ok(())
}

/// Latencies of one dashboard query, ascending.
fn time_query(client: &mut Client, query: &str, corpus: &Corpus, clock: &Clock) -> io::Result<Vec<Duration>> {
    let mut path = String::from("/api/v1/query_range?");
    path.push_str(
        &url::form_urlencoded::Serializer::new(String::new())
            .append_pair("query", query)
            .append_pair("start", &seconds(corpus.start_ms))
            .append_pair("end", &seconds(corpus.end_ms()))
            .append_pair("step", "15")
            // VictoriaMetrics answers repeated queries from a cache of answers; the others compute.
            .append_pair("nocache", "1")
            .finish(),
    );
    let mut latencies = Vec::new();
    for _ in 0..QUERY_RUNS {
        let start = clock.monotonic();
        let reply = client.get(&path)?;
        latencies.push(clock.monotonic() - start);
        if reply.status != 200 {
            return Err(io::Error::other(format!("{query}: {}", String::from_utf8_lossy(&reply.body))));
        }
    }
    latencies.sort();
    Ok(latencies)
}

fn seconds(ms: i64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// How many samples the system says it has: metric by metric, because without their names series would collide.
fn count_samples(system: &System, corpus: &Corpus) -> io::Result<u64> {
    let mut client = system.client();
    let mut names: Vec<&str> =
        corpus.recording.lines.iter().map(|line| line.split('{').next().unwrap_or(line)).collect();
    names.sort_unstable();
    names.dedup();
    let mut sum = 0.0;
    for name in names {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("query", &format!(r#"sum(count_over_time({name}{{job="node"}}[2h]))"#))
            .append_pair("time", &seconds(corpus.end_ms() + STEP_MS))
            .finish();
        let reply = client.get(&format!("/api/v1/query?{query}"))?;
        let json: serde_json::Value = serde_json::from_slice(&reply.body)?;
        let count = json["data"]["result"][0]["value"][1].as_str().and_then(|v| v.parse::<f64>().ok());
        sum += count.unwrap_or(0.0);
    }
    Ok(sum as u64)
}

/// Scrapes from a server of ours that answers with the recorded bodies, one a second and host.
fn scrape_run(kind: Kind, dir: &Path, pharos: &Path, corpus: &Arc<Corpus>, port: u16) -> io::Result<Figures> {
    let exporter = Exporter::start(Arc::clone(corpus))?;
    let config = dir.join("prometheus.yml");
    base::disk::write_atomic(&config, scrape_config(corpus.recording.hosts.len(), exporter.port).as_bytes())?;
    let idle_config = dir.join("idle.yml");
    base::disk::write_atomic(&idle_config, b"scrape_configs: []\n")?;
    let idle = {
        let idle_dir = tempfile::tempdir()?;
        let system = System::start(kind, idle_dir.path(), &idle_config, pharos, port)?;
        std::thread::sleep(IDLE);
        system.usage()?
    };
    let system = System::start(kind, dir, &config, pharos, port)?;
    let before = Usage { cpu_seconds: system.usage()?.cpu_seconds, ..idle };
    std::thread::sleep(Duration::from_secs(SCRAPE_ROUNDS as u64));
    let served = exporter.served.load(Ordering::Relaxed);
    let used = system.usage()?;
    let per_scrape = corpus.series_count() / corpus.recording.hosts.len();
    Ok(Figures {
        kind,
        series: corpus.series_count(),
        samples: served * per_scrape,
        idle,
        idle_cpu: 0.0,
        cpu_seconds: used.cpu_seconds - before.cpu_seconds,
        wall: Duration::from_secs(SCRAPE_ROUNDS as u64),
        peak_bytes: used.peak_rss_bytes.saturating_sub(idle.rss_bytes),
        peak_with_queries_bytes: 0,
        latencies: Vec::new(),
        restart: Duration::ZERO,
        lost: 0,
        held: 0,
        snapshot_bytes: 0,
    })
}

fn scrape_config(hosts: usize, port: u16) -> String {
    let targets: Vec<String> = (0..hosts).map(|h| format!("\"{}\"", corpus::instance(h))).collect();
    format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\n\
         scrape_configs:\n  - job_name: node\n    static_configs: [{{targets: [{}]}}]\n    relabel_configs:\n      \
         - {{source_labels: [__address__], regex: 'host-(\\d+).*', target_label: __param_host, replacement: '$1'}}\n      \
         - {{source_labels: [__address__], target_label: instance}}\n      \
         - {{target_label: __address__, replacement: '127.0.0.1:{port}'}}\n",
        targets.join(", ")
    )
}

/// An exporter that plays every host of the recording: `/metrics?host=7` gives the next scrape of host 7.
struct Exporter {
    port: u16,
    served: Arc<AtomicUsize>,
}

impl Exporter {
    fn start(corpus: Arc<Corpus>) -> io::Result<Exporter> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let served = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&served);
        let turns: Arc<Vec<AtomicUsize>> =
            Arc::new(corpus.recording.hosts.iter().map(|_| AtomicUsize::new(0)).collect());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (corpus, turns, count) = (Arc::clone(&corpus), Arc::clone(&turns), Arc::clone(&count));
                // A connection ends when the system under test closes it: nothing to report.
                std::thread::spawn(move || drop(serve(stream, &corpus, &turns, &count)));
            }
        });
        Ok(Exporter { port, served })
    }
}

fn serve(stream: TcpStream, corpus: &Corpus, turns: &[AtomicUsize], count: &AtomicUsize) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let host = line
            .split_once("host=")
            .and_then(|(_, rest)| rest.split([' ', '&']).next())
            .and_then(|n| n.parse::<usize>().ok())
            .filter(|n| *n < turns.len());
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 || line == "\r\n" {
                break;
            }
        }
        let Some(host) = host else {
            reader.get_mut().write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")?;
            continue;
        };
        let turn = turns[host].fetch_add(1, Ordering::Relaxed) % corpus.scrapes();
        let body = corpus.body(host, turn);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        reader.get_mut().write_all(head.as_bytes())?;
        reader.get_mut().write_all(body.as_bytes())?;
        count.fetch_add(1, Ordering::Relaxed);
    }
}
