//! Compares layouts of samples on recorded scrapes: bytes a sample, and nanoseconds to encode and decode one.
//!
//! `cargo run --release -p tsdb --example layouts -- RECORDING.zst…`
//!
//! A recording is a zstd stream of `[u32 length][u64 Unix ms][length bytes of the text format]`, little-endian. Each
//! 240 scrapes of it become the two hours of one host, so no host is a copy of another. The layouts under
//! comparison store values only; the block, which won, is measured whole: labels, index, timestamps, values.

#[path = "layouts/codecs.rs"]
mod codecs;
#[path = "layouts/recording.rs"]
mod recording;

use base::Clock;
use codecs::{BytePlanes, Gorilla, Layout, Neighbour, PcoFloats, PcoInts, VarintDeltas};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tsdb::block::{Block, BlockId, VecSeries, VecStream, WriteOptions, write_block};

/// Samples a page of the layouts that compress across series.
const PAGE_SAMPLES: usize = 64 << 10;
/// The best of so many runs counts.
const RUNS: usize = 7;

fn main() {
    let files: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    if files.is_empty() {
        eprintln!("usage: layouts RECORDING.zst…");
        std::process::exit(2);
    }
    let series = match recording::hosts(&files) {
        Ok(series) => series,
        Err(e) => {
            eprintln!("layouts: {e}");
            std::process::exit(1);
        }
    };
    let samples: usize = series.iter().map(|s| s.values.len()).sum();
    let changing =
        series.iter().filter(|s| s.values.iter().any(|v| v.to_bits() != s.values[0].to_bits())).count();
    println!("{} series, {changing} of them changing, {samples} samples\n", series.len());
    println!("{:<44} {:>9} {:>12} {:>12}", "layout", "B/sample", "encode ns", "decode ns");
    let layouts: [&dyn Layout; 9] = [
        &Gorilla,
        &PcoFloats,
        &PcoInts,
        &VarintDeltas { level: 1 },
        &VarintDeltas { level: 9 },
        &BytePlanes { level: 1 },
        &BytePlanes { level: 9 },
        &BytePlanes { level: 19 },
        &Neighbour { level: 9 },
    ];
    for layout in layouts {
        measure(layout, &series, samples);
    }
    for level in [0, 1] {
        measure_block(&series, samples, level);
    }
}

fn best_of(mut run: impl FnMut()) -> Duration {
    let clock = Clock::system();
    let timed = (0..RUNS).map(|_| {
        let start = clock.monotonic();
        run();
        clock.monotonic() - start
    });
    timed.min().unwrap_or_default()
}

fn print_row(name: &str, bytes: usize, samples: usize, encode: Duration, decode: Duration) {
    let each = |d: Duration| d.as_nanos() as f64 / samples as f64;
    let size = bytes as f64 / samples as f64;
    println!("{name:<44} {size:>9.4} {:>12.1} {:>12.1}", each(encode), each(decode));
}

fn measure(layout: &dyn Layout, series: &[VecSeries], samples: usize) {
    let columns: Vec<&[f64]> = series.iter().map(|s| s.values.as_slice()).collect();
    let pages: Vec<&[&[f64]]> = columns.chunks(PAGE_SAMPLES / columns[0].len()).collect();
    let mut encoded = Vec::new();
    let encode = best_of(|| encoded = pages.iter().map(|page| layout.encode(page)).collect::<Vec<_>>());
    let mut out = Vec::new();
    let decode = best_of(|| {
        for (page, bytes) in pages.iter().zip(&encoded) {
            layout.decode(bytes, page.len(), page[0].len(), &mut out);
        }
    });
    for (page, bytes) in pages.iter().zip(&encoded) {
        layout.decode(bytes, page.len(), page[0].len(), &mut out);
        let same = page.iter().flat_map(|c| c.iter()).zip(&out).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same && out.len() == page.len() * page[0].len(), "{} is not lossless", layout.name());
    }
    print_row(&layout.name(), encoded.iter().map(Vec::len).sum(), samples, encode, decode);
}

fn measure_block(series: &[VecSeries], samples: usize, level: u8) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let id = BlockId(u128::from(level));
    let mut streams: Vec<VecStream> = (0..RUNS).map(|_| VecStream::new(series.to_vec())).collect();
    let encode = best_of(|| {
        let mut stream = streams.pop().expect("one for each run");
        let options = WriteOptions { level, sources: Vec::new() };
        write_block(dir.path(), id, options, &mut stream).expect("a block");
    });
    let block = open(&dir.path().join(id.file_name()));
    let all = block.select(&[]).expect("all series");
    let mut sum = 0usize;
    let decode = best_of(|| {
        sum = 0;
        let mut count = |_, s: model::Samples<'_>| {
            sum += s.values.len();
            ControlFlow::Continue(())
        };
        block.read(&all, i64::MIN, i64::MAX, &mut count).expect("all samples");
    });
    assert_eq!(sum, samples);
    let name = format!("the block, all in, level {level}");
    print_row(&name, block.meta().bytes as usize, samples, encode, decode);
    println!("\n{}", block.layout().expect("the tables of the block"));
}

fn open(path: &Path) -> Block {
    Block::open(path).expect("what was just written")
}
