//! `make bench`: Pharos beside Debian's Prometheus and VictoriaMetrics, on one machine, in one run, on recorded
//! real scrapes. Prints tables; judges nothing.
//!
//! `bench` runs everything; `bench metrics [write|scrape|million]` and `bench events` a part; `bench pack RAW… -o FILE` makes a recording;
//! `bench load ADDRESS` and `bench ask ADDRESS` send the recording to a running server and time its answers, for
//! profiling; `bench shop ADDRESS SPANS LOGS` sends it the events of the simulated shop.

mod corpus;
mod events;
mod http;
mod queries;
mod recording;
mod replay;
mod report;
mod system;

use recording::Recording;
use std::path::{Path, PathBuf};

/// The recording that the figures are made of, beside this crate.
const RECORDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/node_exporter.phrec");
/// Samples a series: an hour at 15 s.
const SCRAPES_PER_HOST: usize = 240;
/// The beat of the recording, milliseconds.
const RECORDED_BEAT_MS: i64 = 500;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args.as_slice() {
        ["pack", rest @ ..] => pack(rest),
        [] => replay::run(&pharos(), &recording(), replay::Part::All).and_then(|()| events::run(&pharos())),
        ["metrics"] => replay::run(&pharos(), &recording(), replay::Part::All),
        ["events"] => events::run(&pharos()),
        ["metrics", "write"] => replay::run(&pharos(), &recording(), replay::Part::Write),
        ["metrics", "scrape"] => replay::run(&pharos(), &recording(), replay::Part::Scrape),
        ["metrics", "million"] => replay::run(&pharos(), &recording(), replay::Part::Million),
        ["load", address] => replay::load(&recording(), address),
        ["ask", address] => replay::ask(&recording(), address),
        ["shop", address, spans, logs] => shop(address, spans, logs),
        _ => Err(std::io::Error::other(
            "usage: bench [metrics [write|scrape|million]|events|load ADDRESS|ask ADDRESS|shop ADDRESS SPANS LOGS|\
             pack RAW… -o FILE]",
        )),
    };
    if let Err(error) = result {
        eprintln!("bench: {error}");
        std::process::exit(1);
    }
}

/// The recording to replay, unless `BENCH_RECORDING` names another.
fn recording() -> PathBuf {
    std::env::var_os("BENCH_RECORDING").map_or_else(|| RECORDING.into(), PathBuf::from)
}

/// The program beside this one, unless `PHAROS_BIN` names another.
fn pharos() -> PathBuf {
    std::env::var_os("PHAROS_BIN").map(PathBuf::from).unwrap_or_else(|| {
        let me = std::env::current_exe().expect("the running program has a path");
        me.with_file_name("pharos")
    })
}

fn shop(address: &str, spans: &str, logs: &str) -> std::io::Result<()> {
    let number = |text: &str| text.parse::<u64>().map_err(|e| std::io::Error::other(format!("{text}: {e}")));
    events::fill(address, number(spans)?, number(logs)?)
}

fn pack(args: &[&str]) -> std::io::Result<()> {
    let (inputs, output) = match args {
        [inputs @ .., "-o", output] if !inputs.is_empty() => (inputs, output),
        _ => return Err(std::io::Error::other("usage: bench pack RAW… -o FILE")),
    };
    let mut scrapes = Vec::new();
    for input in inputs {
        scrapes.extend(recording::read_raw(Path::new(input))?);
    }
    let recording = Recording::cut(&scrapes, SCRAPES_PER_HOST, RECORDED_BEAT_MS);
    recording.save(Path::new(output))?;
    println!(
        "{} hosts, {} series, {} samples, {} bytes",
        recording.hosts.len(),
        recording.series_count(),
        recording.sample_count(),
        base::disk::len(Path::new(output))?
    );
    Ok(())
}
