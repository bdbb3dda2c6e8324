//! What a sample of remote write costs, from the packed body to the disk: `cargo run --release -p remote --example
//! receive_bench`.
//!
//! Sends rounds of scrapes of the same hosts, ten thousand series a request, and prints nanoseconds a sample for the
//! first round (series are made) and for the rest. Run it under `perf record` to see where the time goes.

use base::clock::Clock;
use model::Labels;
use remote::{ReceiveLimits, Receiver};
use telemetry::Registry;
use tsdb::{Db, Options};
use wire::remote::{Message, Sample, TimeSeries, encode_v1, encode_v2};
use wire::snappy;

const HOSTS: usize = 40;
const SERIES_A_HOST: usize = 1_000;
const HOSTS_A_REQUEST: usize = 10;
const ROUNDS: usize = 120;
const STEP_MS: i64 = 15_000;

fn main() {
    for message in [Message::V1, Message::V2] {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::system();
        let db = Db::open(Options::new(dir.path())).unwrap();
        let receiver = Receiver::new(db.clone(), ReceiveLimits::default(), &Registry::new());
        let rounds = rounds(message, clock.now_ms() - ROUNDS as i64 * STEP_MS);
        let (mut first, mut rest, mut cpu) = (0.0, 0.0, 0.0);
        for (round, bodies) in rounds.iter().enumerate() {
            let start = clock.monotonic();
            for body in bodies {
                assert!(receiver.receive(message, body).unwrap().is_complete());
            }
            let wall = (clock.monotonic() - start).as_secs_f64();
            if round == 0 {
                (first, cpu) = (wall, cpu_seconds());
            } else {
                rest += wall;
            }
        }
        let cpu = per(cpu_seconds() - cpu, ROUNDS - 1);
        let (first, rest) = (per(first, 1), per(rest, ROUNDS - 1));
        println!("{}: first {first:.0} ns a sample, then {rest:.0} ns, {cpu:.0} ns of CPU", message.as_str());
        db.close();
    }
}

/// The bodies of each round.
fn rounds(message: Message, start_ms: i64) -> Vec<Vec<Vec<u8>>> {
    let mut hosts: Vec<Vec<TimeSeries>> = (0..HOSTS).map(host).collect();
    (0..ROUNDS)
        .map(|round| {
            let time = |i: usize| start_ms + round as i64 * STEP_MS + i as i64 * 7;
            let requests = hosts.chunks_mut(HOSTS_A_REQUEST).enumerate();
            requests.map(|(i, hosts)| body(message, hosts, time(i), round)).collect()
        })
        .collect()
}

fn per(seconds: f64, rounds: usize) -> f64 {
    seconds * 1e9 / (HOSTS * SERIES_A_HOST * rounds) as f64
}

/// User and system time of this process, to a hundredth of a second.
fn cpu_seconds() -> f64 {
    let stat = base::disk::read_to_string(std::path::Path::new("/proc/self/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// The series of one host, as a node exporter has them: most constant, some growing.
fn host(host: usize) -> Vec<TimeSeries> {
    let instance = format!("10.0.{}.{}:9100", host / 250, host % 250);
    (0..SERIES_A_HOST)
        .map(|i| TimeSeries {
            labels: Labels::from_pairs([
                ("__name__", format!("node_metric_{}_total", i / 20).as_str()),
                ("cluster", "production"),
                ("cpu", (i % 20).to_string().as_str()),
                ("instance", instance.as_str()),
                ("job", "node"),
                ("mode", ["idle", "user", "system", "iowait"][i % 4]),
            ]),
            samples: vec![Sample { timestamp: 0, value: 0.0, start_timestamp: 0 }],
            histograms: Vec::new(),
            exemplars: Vec::new(),
            metadata: None,
        })
        .collect()
}

fn body(message: Message, hosts: &mut [Vec<TimeSeries>], timestamp: i64, round: usize) -> Vec<u8> {
    for (i, series) in hosts.iter_mut().flatten().enumerate() {
        let value = if i % 4 == 0 { (i * 1000 + round * (i % 97)) as f64 * 0.25 } else { (i % 50) as f64 };
        series.samples[0] = Sample { timestamp, value, start_timestamp: 0 };
    }
    let all: Vec<TimeSeries> = hosts.iter().flatten().cloned().collect();
    snappy::compress(&match message {
        Message::V1 => encode_v1(&all, &[]),
        Message::V2 => encode_v2(&all),
    })
}
