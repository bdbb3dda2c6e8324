//! Recorded scrapes of a real node_exporter: what every bench replays.
//!
//! A recording holds *hosts*, each a run of consecutive scrapes of one machine. Hosts are disjoint stretches of
//! time, so that no host is a copy of another and a codec gains nothing from having seen its twin.
//!
//! On disk: one zstd stream of little-endian `u32`s and bytes. Header `PHREC1`, the template (the lines of a
//! scrape body, comments and all), then per host: its series as line numbers of the template plus lines of its
//! own, per scrape the offset in milliseconds from the regular beat, and per series its values as the XOR with the
//! value before, byte-transposed, which zstd then folds.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::path::Path;

const MAGIC: &[u8; 6] = b"PHREC1";

/// One machine's run of scrapes.
pub struct Host {
    /// Index into [`Recording::lines`], in the order of the body.
    pub series: Vec<u32>,
    /// Jitter of each scrape against the regular beat, milliseconds.
    pub jitter_ms: Vec<i32>,
    /// `values[series][scrape]`
    pub values: Vec<Vec<f64>>,
}

pub struct Recording {
    /// Every line that occurred: comments whole, samples without their value.
    pub lines: Vec<String>,
    /// Per line, the comment lines (HELP, TYPE) that stand before its family, if it is the family's first.
    pub comments: Vec<(u32, String)>,
    pub hosts: Vec<Host>,
}

/// A scrape as it was taken.
pub struct Scrape {
    pub unix_ms: i64,
    pub body: String,
}

impl Recording {
    /// Cuts scrapes into hosts of `per_host` scrapes each. Series that are not in every scrape of a host are left
    /// out of that host: 240 samples a series is what the figures are counted by.
    pub fn cut(scrapes: &[Scrape], per_host: usize, beat_ms: i64) -> Recording {
        let mut recording = Recording { lines: Vec::new(), comments: Vec::new(), hosts: Vec::new() };
        let mut ids: HashMap<String, u32> = HashMap::new();
        for run in scrapes.chunks_exact(per_host) {
            let host = recording.cut_host(run, beat_ms, &mut ids);
            recording.hosts.push(host);
        }
        recording
    }

    fn cut_host(&mut self, run: &[Scrape], beat_ms: i64, ids: &mut HashMap<String, u32>) -> Host {
        let mut values: HashMap<u32, Vec<f64>> = HashMap::new();
        let mut order = Vec::new();
        for (n, scrape) in run.iter().enumerate() {
            let mut pending = String::new();
            for line in scrape.body.lines() {
                if line.starts_with('#') {
                    pending.push_str(line);
                    pending.push('\n');
                    continue;
                }
                let Some((series, value)) = line.rsplit_once(' ') else { continue };
                let Ok(value) = parse_value(value) else { continue };
                let id = *ids.entry(series.to_owned()).or_insert_with(|| {
                    self.lines.push(series.to_owned());
                    (self.lines.len() - 1) as u32
                });
                if !pending.is_empty() && !self.comments.iter().any(|(i, _)| *i == id) {
                    self.comments.push((id, std::mem::take(&mut pending)));
                }
                pending.clear();
                if n == 0 {
                    order.push(id);
                }
                values.entry(id).or_default().push(value);
            }
        }
        order.retain(|id| values[id].len() == run.len());
        let start = run[0].unix_ms;
        Host {
            values: order.iter().map(|id| values.remove(id).expect("kept above")).collect(),
            series: order,
            jitter_ms: (0..).zip(run).map(|(n, s)| (s.unix_ms - start - n * beat_ms) as i32).collect(),
        }
    }

    pub fn series_count(&self) -> usize {
        self.hosts.iter().map(|h| h.series.len()).sum()
    }

    pub fn sample_count(&self) -> usize {
        self.hosts.iter().map(|h| h.series.len() * h.jitter_ms.len()).sum()
    }

    pub fn save(&self, path: &Path) -> io::Result<()> {
        let mut raw = Vec::new();
        raw.extend_from_slice(MAGIC);
        put_u32(&mut raw, self.lines.len());
        for line in &self.lines {
            put_bytes(&mut raw, line.as_bytes());
        }
        put_u32(&mut raw, self.comments.len());
        for (id, text) in &self.comments {
            put_u32(&mut raw, *id as usize);
            put_bytes(&mut raw, text.as_bytes());
        }
        put_u32(&mut raw, self.hosts.len());
        for host in &self.hosts {
            put_u32(&mut raw, host.series.len());
            put_u32(&mut raw, host.jitter_ms.len());
            host.series.iter().for_each(|id| put_u32(&mut raw, *id as usize));
            host.jitter_ms.iter().for_each(|j| put_u32(&mut raw, *j as u32 as usize));
            put_values(&mut raw, &host.values);
        }
        let mut encoder = zstd::Encoder::new(base::disk::create(path)?, 19)?;
        encoder.long_distance_matching(true)?;
        encoder.write_all(&raw)?;
        encoder.finish()?.sync_all()
    }

    pub fn load(path: &Path) -> io::Result<Recording> {
        let mut raw = Vec::new();
        let mut decoder = zstd::Decoder::new(base::disk::open(path)?)?;
        decoder.window_log_max(31)?;
        decoder.read_to_end(&mut raw)?;
        let mut rest = raw.strip_prefix(MAGIC).ok_or_else(|| io::Error::other("not a recording"))?;
        let rest = &mut rest;
        let lines = (0..u32_of(rest)).map(|_| text_of(rest)).collect();
        let comments = (0..u32_of(rest)).map(|_| (u32_of(rest) as u32, text_of(rest))).collect();
        let hosts = (0..u32_of(rest)).map(|_| host_of(rest)).collect();
        Ok(Recording { lines, comments, hosts })
    }
}

/// Reads the scrapes of a raw file: zstd of `[u32 length][u64 Unix ms][body]`, as `bench record` writes it.
pub fn read_raw(path: &Path) -> io::Result<Vec<Scrape>> {
    let mut raw = Vec::new();
    let mut decoder = zstd::Decoder::new(base::disk::open(path)?)?;
    decoder.window_log_max(31)?;
    // A file that is still being written ends in the middle: what came before counts.
    let _ = decoder.read_to_end(&mut raw);
    let (mut rest, mut scrapes) = (&raw[..], Vec::new());
    while rest.len() >= 12 {
        let length = u32::from_le_bytes(rest[..4].try_into().expect("4 bytes")) as usize;
        let unix_ms = u64::from_le_bytes(rest[4..12].try_into().expect("8 bytes")) as i64;
        let Some(body) = rest.get(12..12 + length) else { break };
        scrapes.push(Scrape { unix_ms, body: String::from_utf8_lossy(body).into_owned() });
        rest = &rest[12 + length..];
    }
    Ok(scrapes)
}

fn parse_value(text: &str) -> Result<f64, std::num::ParseFloatError> {
    match text {
        "+Inf" => Ok(f64::INFINITY),
        "-Inf" => Ok(f64::NEG_INFINITY),
        _ => text.parse(),
    }
}

fn put_u32(out: &mut Vec<u8>, n: usize) {
    out.extend_from_slice(&(n as u32).to_le_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u32(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// XOR with the value before, then all first bytes, all second bytes, …
fn put_values(out: &mut Vec<u8>, values: &[Vec<f64>]) {
    let mut words = Vec::new();
    for series in values {
        let mut previous = 0u64;
        for v in series {
            words.push(v.to_bits() ^ previous);
            previous = v.to_bits();
        }
    }
    for byte in 0..8 {
        out.extend(words.iter().map(|w| (w >> (56 - 8 * byte)) as u8));
    }
}

fn take<'a>(rest: &mut &'a [u8], n: usize) -> &'a [u8] {
    let (head, tail) = rest.split_at(n);
    *rest = tail;
    head
}

fn u32_of(rest: &mut &[u8]) -> usize {
    u32::from_le_bytes(take(rest, 4).try_into().expect("4 bytes")) as usize
}

fn text_of(rest: &mut &[u8]) -> String {
    let n = u32_of(rest);
    String::from_utf8_lossy(take(rest, n)).into_owned()
}

fn host_of(rest: &mut &[u8]) -> Host {
    let (n_series, n_scrapes) = (u32_of(rest), u32_of(rest));
    let series = (0..n_series).map(|_| u32_of(rest) as u32).collect();
    let jitter_ms = (0..n_scrapes).map(|_| u32_of(rest) as u32 as i32).collect();
    let bytes = take(rest, n_series * n_scrapes * 8);
    let plane = n_series * n_scrapes;
    let word = |i: usize| (0..8).fold(0u64, |w, byte| w << 8 | bytes[byte * plane + i] as u64);
    let values = (0..n_series)
        .map(|s| {
            let mut bits = 0u64;
            (0..n_scrapes)
                .map(|n| {
                    bits ^= word(s * n_scrapes + n);
                    f64::from_bits(bits)
                })
                .collect()
        })
        .collect();
    Host { series, jitter_ms, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saves_and_loads() {
        let scrape = |n: i64| Scrape {
            unix_ms: n * 500 + n % 3,
            body: format!("# HELP a x\n# TYPE a counter\na{{b=\"1\"}} {n}\nc 1.5e-05\nd{n} 1\n"),
        };
        let scrapes: Vec<Scrape> = (0..8).map(scrape).collect();
        let recording = Recording::cut(&scrapes, 4, 500);
        assert_eq!((recording.hosts.len(), recording.series_count(), recording.sample_count()), (2, 4, 16));
        let dir = tempfile::tempdir().unwrap();
        recording.save(&dir.path().join("r")).unwrap();
        let again = Recording::load(&dir.path().join("r")).unwrap();
        assert_eq!(again.lines, recording.lines);
        assert_eq!(again.comments, recording.comments);
        assert_eq!(again.hosts[1].values, recording.hosts[1].values);
        assert_eq!(again.hosts[1].jitter_ms, recording.hosts[1].jitter_ms);
        assert_eq!(again.hosts[1].values[0], [4.0, 5.0, 6.0, 7.0]);
    }
}
