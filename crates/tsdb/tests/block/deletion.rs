//! Deleted samples are gone from reads and streams, and stay gone.

use crate::support::{Contents, contents_of, drain, hosts, read, write};
use base::disk;
use model::{MatchOp, Matcher};
use tsdb::block::{Block, BlockId, Interval, WriteOptions, write_block};

fn without(contents: &Contents, gone: impl Fn(&str, i64) -> bool) -> Contents {
    let mut out = contents.clone();
    for (labels, samples) in &mut out {
        samples.retain(|t, _| !gone(labels.value("instance"), *t));
    }
    out.retain(|_, samples| !samples.is_empty());
    out
}

#[test]
fn deletions_survive_and_become_final_in_a_rewrite() {
    let series = hosts("m", 6, 20, |h, i| (h * i) as f64 * 0.01);
    let whole = contents_of(&series);
    let written = write(series, 0).unwrap();
    let block = Block::open(&written.path).unwrap();
    let early = Interval { min_ms: 0, max_ms: 60_000 };
    let all_time = Interval { min_ms: i64::MIN, max_ms: i64::MAX };
    let hosts_0_and_1 = Matcher::new("instance", MatchOp::Regex, "host-0000[01]").unwrap();
    let host_3 = Matcher::equal("instance", "host-00003");
    assert!(!block.has_tombstones());
    assert_eq!(block.delete(std::slice::from_ref(&hosts_0_and_1), early).unwrap(), 2);
    assert_eq!(block.delete(std::slice::from_ref(&host_3), all_time).unwrap(), 1);
    assert_eq!(block.delete(std::slice::from_ref(&host_3), Interval { min_ms: 5, max_ms: 4 }).unwrap(), 0);
    assert_eq!(block.delete(&[Matcher::equal("job", "other")], all_time).unwrap(), 0);
    let want = without(&whole, |host, t| {
        host == "host-00003" || (matches!(host, "host-00000" | "host-00001") && (0..=60_000).contains(&t))
    });
    assert_eq!(read(&block, i64::MIN, i64::MAX).unwrap(), want);
    assert_eq!(drain(&mut block.stream()).unwrap(), want);

    let reopened = Block::open(&written.path).unwrap();
    assert!(reopened.has_tombstones());
    assert_eq!(read(&reopened, i64::MIN, i64::MAX).unwrap(), want);

    let copies = tempfile::tempdir_in(written.dir.path()).unwrap();
    block.link_into(copies.path()).unwrap();
    let linked = Block::open(&copies.path().join(written.path.file_name().unwrap())).unwrap();
    assert_eq!(read(&linked, i64::MIN, i64::MAX).unwrap(), want);

    let options = WriteOptions { level: 1, sources: vec![block.meta().id] };
    let meta = write_block(written.dir.path(), BlockId(9), options, &mut block.stream()).unwrap().unwrap();
    assert_eq!(meta.series, 5);
    block.remove().unwrap();
    let rewritten = Block::open(&written.dir.path().join(BlockId(9).file_name())).unwrap();
    assert!(!rewritten.has_tombstones());
    assert_eq!(read(&rewritten, i64::MIN, i64::MAX).unwrap(), want);
}

#[test]
fn damaged_deletions_are_found() {
    let written = write(hosts("m", 3, 3, |_, i| i as f64), 0).unwrap();
    let block = Block::open(&written.path).unwrap();
    block.delete(&[], Interval { min_ms: 0, max_ms: 0 }).unwrap();
    let path = written.path.with_extension("tomb");
    let bytes = disk::read(&path).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        disk::write_atomic(&path, &flipped).unwrap();
        let error = Block::open(&written.path).err().expect("found").to_string();
        assert!(error.contains(".tomb: deletions"), "{error}");
    }
}
