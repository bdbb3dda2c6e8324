//! From a recording to bytes on the wire: remote-write bodies and scrape bodies.

use crate::recording::{Host, Recording};
use std::collections::HashMap;
use std::fmt::Write;

/// Series of one host as labels, sorted by name, ready to be encoded.
pub struct Corpus {
    pub recording: Recording,
    /// `labels[host][series]`: the protobuf of the labels of a `prometheus.TimeSeries`.
    labels: Vec<Vec<Vec<u8>>>,
    /// HELP and TYPE lines, by the line they stand before.
    comments: HashMap<u32, String>,
    /// Time of the first scrape, Unix milliseconds.
    pub start_ms: i64,
    /// Regular distance of scrapes, milliseconds.
    pub step_ms: i64,
}

/// Samples in one remote-write request: Prometheus's own default (`max_samples_per_send`).
const SAMPLES_PER_REQUEST: usize = 2000;

impl Corpus {
    pub fn new(recording: Recording, start_ms: i64, step_ms: i64) -> Corpus {
        let labels = recording
            .hosts
            .iter()
            .enumerate()
            .map(|(n, host)| {
                let instance = instance(n);
                host.series.iter().map(|id| labels_proto(&recording.lines[*id as usize], &instance)).collect()
            })
            .collect();
        let comments = recording.comments.iter().cloned().collect();
        Corpus { recording, labels, comments, start_ms, step_ms }
    }

    pub fn scrapes(&self) -> usize {
        self.recording.hosts.first().map_or(0, |h| h.jitter_ms.len())
    }

    pub fn end_ms(&self) -> i64 {
        self.start_ms + self.step_ms * self.scrapes() as i64
    }

    pub fn series_count(&self) -> usize {
        self.recording.series_count()
    }

    /// The snappy-compressed remote-write 1.0 requests of one round of scrapes.
    pub fn requests(&self, scrape: usize) -> Vec<Vec<u8>> {
        let mut batcher = Batcher::default();
        for (host, labels) in self.recording.hosts.iter().zip(&self.labels) {
            batcher.host(host, labels, scrape, self.timestamp(host, scrape));
        }
        batcher.finish()
    }

    /// The same for a fleet of more hosts than were recorded: host `n` has the values of host `n` modulo those there
    /// are, and a name of its own. For figures of memory and throughput; compression would profit from the copies.
    pub fn fleet_requests(&self, hosts: std::ops::Range<usize>, scrape: usize) -> Vec<Vec<u8>> {
        let mut batcher = Batcher::default();
        for n in hosts {
            let host = &self.recording.hosts[n % self.recording.hosts.len()];
            let instance = instance(n);
            let lines = host.series.iter().map(|id| &self.recording.lines[*id as usize]);
            let labels: Vec<Vec<u8>> = lines.map(|line| labels_proto(line, &instance)).collect();
            batcher.host(host, &labels, scrape, self.timestamp(host, scrape));
        }
        batcher.finish()
    }

    /// The text a host's exporter would answer.
    pub fn body(&self, host: usize, scrape: usize) -> String {
        let h = &self.recording.hosts[host];
        let mut text = String::with_capacity(h.series.len() * 64);
        for (id, values) in h.series.iter().zip(&h.values) {
            if let Some(comment) = self.comments.get(id) {
                text.push_str(comment);
            }
            text.push_str(&self.recording.lines[*id as usize]);
            text.push(' ');
            write_go_float(&mut text, values[scrape]);
            text.push('\n');
        }
        text
    }

    fn timestamp(&self, host: &Host, scrape: usize) -> i64 {
        // The jitter is that of the recording: a scrape is never late by more than a beat.
        self.start_ms + self.step_ms * scrape as i64 + host.jitter_ms[scrape] as i64
    }
}

/// Requests being filled.
#[derive(Default)]
struct Batcher {
    requests: Vec<Vec<u8>>,
    body: Vec<u8>,
    samples: usize,
    series: Vec<u8>,
}

impl Batcher {
    fn host(&mut self, host: &Host, labels: &[Vec<u8>], scrape: usize, at_ms: i64) {
        for (values, labels) in host.values.iter().zip(labels) {
            self.series.clear();
            self.series.extend_from_slice(labels);
            put_sample(&mut self.series, values[scrape], at_ms);
            self.body.push(0x0a);
            put_varint(&mut self.body, self.series.len() as u64);
            self.body.extend_from_slice(&self.series);
            self.samples += 1;
            if self.samples == SAMPLES_PER_REQUEST {
                self.close();
            }
        }
    }

    fn close(&mut self) {
        self.requests.push(compress(&self.body));
        self.body.clear();
        self.samples = 0;
    }

    fn finish(mut self) -> Vec<Vec<u8>> {
        if !self.body.is_empty() {
            self.close();
        }
        self.requests
    }
}

pub fn instance(host: usize) -> String {
    format!("host-{host:03}.example:9100")
}

/// `%g` with the shortest digits, as Go's exporters print.
fn write_go_float(text: &mut String, v: f64) {
    let m = v.abs();
    let result = if v.is_nan() {
        write!(text, "NaN")
    } else if v.is_infinite() {
        write!(text, "{}Inf", if v > 0.0 { "+" } else { "-" })
    } else if m != 0.0 && !(1e-4..1e21).contains(&m) {
        let e = format!("{v:e}");
        let (mantissa, exponent) = e.split_once('e').expect("LowerExp writes an exponent");
        let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |d| ('-', d));
        write!(text, "{mantissa}e{sign}{digits:0>2}")
    } else {
        write!(text, "{v}")
    };
    result.expect("writing to memory");
}

fn labels_proto(line: &str, instance: &str) -> Vec<u8> {
    let (name, inside) = match line.split_once('{') {
        Some((name, rest)) => (name, rest.trim_end_matches('}')),
        None => (line, ""),
    };
    let mut labels = split_labels(inside);
    labels.push(("__name__".into(), name.into()));
    labels.push(("instance".into(), instance.into()));
    labels.push(("job".into(), "node".into()));
    labels.sort();
    let mut out = Vec::new();
    for (n, v) in &labels {
        let mut label = Vec::new();
        for (tag, text) in [(0x0a, n), (0x12, v)] {
            label.push(tag);
            put_varint(&mut label, text.len() as u64);
            label.extend_from_slice(text.as_bytes());
        }
        out.push(0x0a);
        put_varint(&mut out, label.len() as u64);
        out.extend_from_slice(&label);
    }
    out
}

/// `a="1",b="x\"y"` to pairs.
fn split_labels(mut rest: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    while let Some((name, tail)) = rest.split_once("=\"") {
        let (mut value, mut chars) = (String::new(), tail.char_indices());
        let mut end = tail.len();
        while let Some((i, c)) = chars.next() {
            match c {
                '"' => {
                    end = i + 1;
                    break;
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, other)) => value.push(other),
                    None => break,
                },
                _ => value.push(c),
            }
        }
        pairs.push((name.trim_start_matches([',', ' ']).to_owned(), value));
        rest = &tail[end..];
    }
    pairs
}

fn put_sample(out: &mut Vec<u8>, value: f64, at_ms: i64) {
    let mut sample = vec![0x09];
    sample.extend_from_slice(&value.to_le_bytes());
    sample.push(0x10);
    put_varint(&mut sample, at_ms as u64);
    out.push(0x12);
    put_varint(out, sample.len() as u64);
    out.extend_from_slice(&sample);
}

fn put_varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn compress(body: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(body).expect("a request is far below snappy's 4 GB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_split_with_their_escapes() {
        let pairs = split_labels(r#"a="1",b="x\"y,z",c="\\n""#);
        let want = [("a", "1"), ("b", "x\"y,z"), ("c", "\\n")];
        assert_eq!(pairs, want.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }

    #[test]
    fn floats_are_printed_as_go_prints_them() {
        let check = |v: f64, want: &str| {
            let mut text = String::new();
            write_go_float(&mut text, v);
            assert_eq!(text, want);
        };
        check(1.0, "1");
        check(1.5e-5, "1.5e-05");
        check(1.25e22, "1.25e+22");
        check(f64::INFINITY, "+Inf");
        check(f64::NAN, "NaN");
    }
}
