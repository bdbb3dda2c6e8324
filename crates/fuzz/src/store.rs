//! What lies on disk: segments of the log, and blocks. A crash or a bad disk may leave anything there.

use base::disk;
use model::{Labels, MatchOp, Matcher};
use std::borrow::Cow;
use std::io;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use tsdb::block::{Block, BlockBytes, BlockId, VecSeries, VecStream, WriteOptions, write_block};
use wal::{Log, LogOptions, RecordBuf, read_segments};

/// A directory for one run, removed at its end.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory for temporary files")
}

/// A segment of the log: what is read and what is damaged lie in order, apart from each other, inside the segment.
pub fn wal(data: &[u8]) {
    let dir = directory();
    std::io::Write::write_all(&mut disk::create(&segment_path(dir.path())).expect("a new file"), data)
        .expect("a few kilobytes fit");
    for segment in read_segments(dir.path()).expect("a directory that can be listed") {
        let (mut bytes, mut damaged_to) = (0, 0);
        for record in segment.records() {
            match record {
                Ok(record) => bytes += record.len() as u64,
                Err(damage) => {
                    assert!(damage.offset >= damaged_to);
                    damaged_to = damage.offset + damage.dropped_bytes;
                    bytes += damage.dropped_bytes;
                }
            }
        }
        assert!(bytes <= segment.len() && damaged_to <= segment.len());
    }
}

fn segment_path(dir: &Path) -> PathBuf {
    dir.join("00000001.wal")
}

pub fn wal_seeds() -> Vec<Vec<u8>> {
    let dir = directory();
    let log =
        Log::open(dir.path(), LogOptions { segment_bytes: 1 << 20 }).expect("a log in an empty directory");
    let mut record = RecordBuf::new();
    for len in [0usize, 5, 300, 5000] {
        record.clear();
        record.body_mut().extend(std::iter::repeat_n(b'x', len));
        log.append(&mut record).expect("a few kilobytes fit");
    }
    log.sync_all().expect("a disk that works");
    vec![disk::read(&segment_path(dir.path())).expect("the segment just written")]
}

/// A block: opened, searched and read whole.
pub fn block(data: &[u8]) {
    let Ok(block) = Block::from_bytes(Path::new("fuzz.blk"), Box::new(Bytes(data.to_vec()))) else { return };
    let any = Matcher::new("__name__", MatchOp::Regex, ".*").expect("a regular expression");
    let Ok(ordinals) = block.select(&[any]) else { return };
    let _ = block.labels_of(&ordinals, &mut |_, _| {});
    let _ = block.read(&ordinals, i64::MIN, i64::MAX, &mut |_, samples| {
        assert_eq!(samples.timestamps.len(), samples.values.len());
        ControlFlow::Continue(())
    });
}

struct Bytes(Vec<u8>);

impl BlockBytes for Bytes {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, range: Range<u64>) -> io::Result<Cow<'_, [u8]>> {
        let part = self.0.get(range.start as usize..range.end as usize);
        part.map(Cow::Borrowed).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

pub fn block_seeds() -> Vec<Vec<u8>> {
    let series = |i: i64| VecSeries {
        labels: Labels::from_pairs([("__name__", "up"), ("instance", &format!("host-{i:02}"))]),
        timestamps: (0..200).map(|t| t * 15_000).collect(),
        values: (0..200).map(|t| (t * i) as f64 * 0.5).collect(),
        ..VecSeries::default()
    };
    let dir = directory();
    let id = BlockId::new(1, &mut base::random::Random::seeded(1));
    let mut stream = VecStream::new((0..20).map(series).collect());
    write_block(dir.path(), id, WriteOptions { level: 0, sources: Vec::new() }, &mut stream)
        .expect("a block in an empty directory");
    vec![disk::read(&dir.path().join(id.file_name())).expect("the block just written")]
}
