//! Files that are gone, cut short, or flipped: what can be read is served, and what cannot is said.

use super::rows::{Numbers, SECOND, Store};
use super::*;
use crate::segment::{GROUP_ROWS, TOKENS_KEY, TRACES_KEY};
use base::disk;
use parquet::file::metadata::ParquetMetaDataReader;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// The numbers of all rows that can be read.
fn seqs(store: &Store, prune: &Prune) -> (BTreeSet<i64>, Vec<String>) {
    let snapshot = store.snapshot();
    let mut seen = BTreeSet::new();
    for part in snapshot.parts(prune) {
        for batch in part.read(&[ColumnRef::new("seq", DataType::Int64)], prune, None, None) {
            seen.extend(batch.unwrap().batch.column(0).as_primitive::<Int64Type>().values().iter().copied());
        }
    }
    (seen, snapshot.warnings())
}

fn flip(store: &Store, file: &str, at: u64) {
    let file = disk::open_write(&store.dir.path().join(file)).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 0x55], at).unwrap();
}

fn key_range(store: &Store, file: &str, key: &str) -> Range<u64> {
    let bytes = bytes::Bytes::from(disk::read(&store.dir.path().join(file)).unwrap());
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&bytes).unwrap();
    let pairs = metadata.file_metadata().key_value_metadata().unwrap();
    let value = pairs.iter().find(|pair| pair.key == key).unwrap().value.clone().unwrap();
    let place = crate::segment::Place::parse(&value, bytes.len() as u64).unwrap();
    place.offset..place.directory().end
}

#[test]
fn a_file_that_is_gone_is_named_once_and_the_rest_is_served() {
    let store = Store::new(1);
    disk::remove_file(&store.dir.path().join("file0")).unwrap();
    let (seen, warnings) = seqs(&store, &Prune::none());
    let gone = store.rows.len() - seen.len();
    assert!(gone > GROUP_ROWS && !seen.is_empty());
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].starts_with("file0: "), "{warnings:?}");
}

#[test]
fn damage_is_counted_once() {
    let store = Store::new(1);
    disk::remove_file(&store.dir.path().join("file1")).unwrap();
    let reader = Reader::new(Objects::local(store.dir.path().to_owned()), 1 << 20);
    for _ in 0..3 {
        let snapshot = store.snapshot_through(reader.clone());
        for part in snapshot.parts(&Prune::none()) {
            part.read(&[], &Prune::none(), None, None).for_each(drop);
        }
        assert_eq!(snapshot.warnings().len(), 1);
    }
    assert_eq!(reader.damage().count(), 1);
}

#[test]
fn a_file_that_is_cut_short_is_left_out_wherever_the_cut_is() {
    let store = Store::new(2);
    let path = store.dir.path().join("file1");
    let length = disk::len(&path).unwrap();
    let whole = seqs(&store, &Prune::none()).0.len();
    for cut in [length - 1, length - 5, length / 2, 10, 0] {
        disk::open_write(&path).unwrap().set_len(cut).unwrap();
        let (seen, warnings) = seqs(&store, &Prune::none());
        assert!(seen.len() < whole);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
    }
}

#[test]
fn a_flipped_byte_costs_at_most_its_row_group() {
    let store = Store::new(3);
    let whole = seqs(&store, &Prune::none()).0;
    let mut numbers = Numbers(3);
    let end = key_range(&store, "file0", TOKENS_KEY).start;
    for _ in 0..40 {
        let at = numbers.below(end);
        flip(&store, "file0", at);
        let (seen, warnings) = seqs(&store, &Prune::none());
        assert!(seen.len() + GROUP_ROWS >= whole.len());
        // What is served is right, and if something is not, it is said.
        assert!(seen.is_subset(&whole), "byte {at}");
        assert!(seen.len() == whole.len() || warnings.len() == 1, "byte {at}: {warnings:?}");
        flip(&store, "file0", at);
    }
}

#[test]
fn a_damaged_index_is_said_and_its_file_is_read_without_it() {
    let rare = (30..40).map(|n| format!("rare{}", n * 97)).collect();
    let words = Prune { tokens: vec![rare], ..Prune::none() };
    let traces = Prune { trace_ids: Some((0..50).map(trace_id).collect()), ..Prune::none() };
    let store = Store::new(4);
    let mut numbers = Numbers(4);
    for (key, prune) in [(TOKENS_KEY, words), (TRACES_KEY, traces)] {
        let rows = store.rows.iter().enumerate().filter(|(_, row)| matters(row, &prune));
        let exact: BTreeSet<i64> = rows.map(|(seq, _)| seq as i64).collect();
        assert!(!exact.is_empty());
        let range = key_range(&store, "file0", key);
        let mut said = 0;
        for _ in 0..25 {
            let at = range.start + numbers.below(range.end - range.start);
            flip(&store, "file0", at);
            let (seen, warnings) = seqs(&store, &prune);
            assert!(exact.is_subset(&seen), "{key} byte {at}");
            said += usize::from(!warnings.is_empty());
            flip(&store, "file0", at);
        }
        assert!(said > 0, "{key}");
        assert!(seqs(&store, &prune).1.is_empty());
    }
}

#[test]
fn a_flipped_byte_behind_the_row_groups_never_costs_rows_in_silence() {
    let store = Store::new(5);
    // Rows are found by the times in the page index.
    let prune = Prune::time(100 * SECOND, 500 * SECOND);
    let whole = seqs(&store, &prune).0.len();
    let start = key_range(&store, "file0", TRACES_KEY).end;
    let length = disk::len(&store.dir.path().join("file0")).unwrap();
    let mut numbers = Numbers(5);
    for _ in 0..60 {
        let at = start + numbers.below(length - start);
        flip(&store, "file0", at);
        let (seen, warnings) = seqs(&store, &prune);
        assert!(seen.len() == whole || warnings.len() == 1, "byte {at}: {warnings:?}");
        flip(&store, "file0", at);
    }
    assert_eq!(seqs(&store, &prune).0.len(), whole);
}
