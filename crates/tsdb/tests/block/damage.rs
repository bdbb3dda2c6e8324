//! Damage is found, named, and leaves the rest readable.

use crate::support::{Contents, drain, hosts, labels, read, samples_of, write};
use base::disk;
use model::{FloatHistogram, HistogramSample, Span};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use tsdb::block::{Block, BlockError, VecSeries};

/// A small block with something of everything.
fn sample_of_everything() -> Vec<VecSeries> {
    let mut all = hosts("m", 4, 12, |h, i| (h * 100 + i * i) as f64 * 0.5);
    all[0].values[11] = model::stale_nan();
    all[1].values = (0..12).map(|i| f64::from(i).sqrt()).collect();
    all[2].start_timestamps = vec![77; 12];
    let histogram = |i: i64| FloatHistogram {
        count: i as f64,
        sum: i as f64 * 0.1,
        positive_spans: vec![Span { offset: 0, length: 2 }],
        positive_buckets: vec![i as f64, 1.0],
        ..FloatHistogram::default()
    };
    let at = |i: i64| HistogramSample {
        timestamp: i * 1000,
        start_timestamp: 0,
        histogram: Arc::new(histogram(i)),
    };
    all.push(VecSeries {
        labels: labels(&[("__name__", "h")]),
        histograms: (0..9).map(at).collect(),
        ..VecSeries::default()
    });
    all
}

/// Everything that can be asked of a block.
fn dump(path: &Path, bytes: Vec<u8>) -> Result<(Contents, Contents, Vec<String>, String), BlockError> {
    let block = Block::from_bytes(path, Box::new(bytes))?;
    let names = block.label_names(&[])?;
    let mut words = Vec::new();
    for name in &names {
        words.extend(block.label_values(name, &[])?);
    }
    let meta = block.meta();
    let selected = block.select(&[model::Matcher::equal("job", "node")])?;
    let rest = format!("{meta:?} {selected:?} {:?}", block.label_stats(100)?);
    Ok((read(&block, i64::MIN, i64::MAX)?, drain(&mut block.stream())?, words, rest))
}

#[test]
fn every_flipped_bit_is_found_or_harmless() {
    let written = write(sample_of_everything(), 0).unwrap();
    let bytes = disk::read(&written.path).unwrap();
    let whole = dump(&written.path, bytes.clone()).unwrap();
    let mut found = 0;
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        match dump(&written.path, flipped) {
            Err(e) => {
                assert!(e.to_string().starts_with(&*written.path.to_string_lossy()), "{e}");
                found += 1;
            }
            Ok(same) => assert_eq!(same, whole, "bit {bit} changed the block and was not found"),
        }
    }
    // Each byte of a block is under a checksum.
    assert_eq!(found, bytes.len() * 8);
}

#[test]
fn every_truncation_is_found() {
    let written = write(sample_of_everything(), 0).unwrap();
    let bytes = disk::read(&written.path).unwrap();
    for len in 0..bytes.len() {
        assert!(Block::from_bytes(&written.path, Box::new(bytes[..len].to_vec())).is_err(), "{len} bytes");
    }
}

/// Flips a byte in the page of samples that is named in the error of reading it.
fn damaged_block() -> (tempfile::TempDir, Block, usize) {
    // 3,000 series are three bands of 1,024 at most.
    let written = write(hosts("m", 3000, 4, |h, i| (h * 7 + i) as f64), 0).unwrap();
    let mut bytes = disk::read(&written.path).unwrap();
    // The first page follows the header of 16 bytes.
    bytes[40] ^= 4;
    disk::write_atomic(&written.path, &bytes).unwrap();
    let block = Block::open(&written.path).unwrap();
    (written.dir, block, 3000)
}

#[test]
fn a_damaged_page_is_named_and_the_others_are_served() {
    let (_dir, block, n) = damaged_block();
    let all = block.select(&[]).unwrap();
    assert_eq!(all.len(), n);
    let mut seen = Vec::new();
    let error = block
        .read(&all, i64::MIN, i64::MAX, &mut |ordinal, samples| {
            assert_eq!(samples_of(samples).len(), 4);
            seen.push(ordinal);
            ControlFlow::Continue(())
        })
        .unwrap_err();
    assert!(error.to_string().contains("samples page 0, bytes 16.."), "{error}");
    assert!(matches!(error, BlockError::Corrupt { .. }));
    assert_eq!(seen, (1024..3000).collect::<Vec<u32>>());
    // What does not touch the page is whole.
    block.read(&all[2000..], i64::MIN, i64::MAX, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert!(drain(&mut block.stream()).is_err(), "a merge must not lose samples silently");
}

#[test]
fn what_is_no_block_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let check = |bytes: &[u8], word: &str| {
        let path = dir.path().join("x.blk");
        disk::write_atomic(&path, bytes).unwrap();
        let error = Block::open(&path).err().expect("refused").to_string();
        assert!(error.contains(word) && error.contains("x.blk"), "{error}");
    };
    check(b"short", "too short");
    check(&[b'x'; 100], "does not begin as a block");
    let written = write(sample_of_everything(), 0).unwrap();
    let mut bytes = disk::read(&written.path).unwrap();
    // A version of the future, with a header that is whole.
    bytes[8] = 2;
    let crc = crc32fast::hash(&bytes[..12]);
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    check(&bytes, "format version 2");
    assert!(matches!(Block::open(&dir.path().join("absent.blk")), Err(BlockError::Io { .. })));
}
