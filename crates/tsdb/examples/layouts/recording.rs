//! Recorded scrapes as hosts.

use model::LabelsBuilder;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::PathBuf;
use tsdb::block::VecSeries;

/// Scrapes a host: two hours at 15 s.
const SCRAPES: usize = 240;
const INTERVAL_MS: i64 = 15_000;
/// The interval of the recording, of which the jitter is kept.
const RECORDED_INTERVAL_MS: i64 = 500;
const START_MS: i64 = 1_700_006_400_000;

/// The series of all hosts, sorted by labels. Only those that are in every scrape of their host.
pub fn hosts(files: &[PathBuf]) -> io::Result<Vec<VecSeries>> {
    let mut all = Vec::new();
    let mut host = 0;
    for file in files {
        let bytes = decompress(&base::disk::read(file)?)?;
        for window in records(&bytes).chunks_exact(SCRAPES) {
            one_host(host, window, &mut all)?;
            host += 1;
        }
    }
    all.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok(all)
}

/// What is whole of a stream that may still grow.
fn decompress(packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut decoder = zstd::stream::read::Decoder::new(packed)?;
    decoder.window_log_max(27)?;
    let (mut out, mut buffer) = (Vec::new(), vec![0; 1 << 20]);
    while let Ok(n @ 1..) = decoder.read(&mut buffer) {
        out.extend_from_slice(&buffer[..n]);
    }
    Ok(out)
}

fn records(mut bytes: &[u8]) -> Vec<(i64, &[u8])> {
    let mut all = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<12>() {
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let ms =
            u64::from_le_bytes([head[4], head[5], head[6], head[7], head[8], head[9], head[10], head[11]]);
        let Some(body) = rest.get(..length) else { break };
        all.push((ms as i64, body));
        bytes = &rest[length..];
    }
    all
}

fn one_host(host: usize, window: &[(i64, &[u8])], all: &mut Vec<VecSeries>) -> io::Result<()> {
    let malformed = |line: &str| io::Error::new(io::ErrorKind::InvalidData, format!("not a sample: {line}"));
    let mut values = BTreeMap::<&str, Vec<f64>>::new();
    for (_, body) in window {
        let text = std::str::from_utf8(body).map_err(io::Error::other)?;
        for line in text.lines().filter(|l| !l.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').ok_or_else(|| malformed(line))?;
            values.entry(name).or_default().push(value.parse().map_err(|_| malformed(line))?);
        }
    }
    let jitter = |ms: i64| {
        (ms - window[0].0 + RECORDED_INTERVAL_MS / 2).rem_euclid(RECORDED_INTERVAL_MS)
            - RECORDED_INTERVAL_MS / 2
    };
    // Hosts are not scraped at one instant: each has its own place in the interval.
    let offset = (host as i64 * 7919) % INTERVAL_MS;
    let times = window
        .iter()
        .enumerate()
        .map(|(i, (ms, _))| START_MS + offset + i as i64 * INTERVAL_MS + jitter(*ms));
    let times: Vec<i64> = times.collect();
    for (name, values) in values.into_iter().filter(|(_, v)| v.len() == window.len()) {
        let mut labels = LabelsBuilder::new();
        labels.set("job", "node").set("instance", &format!("host-{:04}.example.net:9100", host * 37 % 1000));
        let (metric, pairs) = name.split_once('{').unwrap_or((name, ""));
        labels.set("__name__", metric);
        for pair in pairs.trim_end_matches('}').split("\",") {
            if let Some((name, value)) = pair.split_once("=\"") {
                labels.set(name, value.trim_end_matches('"'));
            }
        }
        all.push(VecSeries {
            labels: labels.build(),
            timestamps: times.clone(),
            values,
            ..VecSeries::default()
        });
    }
    Ok(())
}
