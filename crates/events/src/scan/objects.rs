//! The bytes of files: of a local folder by plain reads, of any other object store by ranges.
//!
//! Files are immutable once written. Local ones are not mapped: a bad disk or a file cut short must be an error that is
//! reported, and with a map it is a signal that ends the program.

use crate::segment::Sums;
use base::disk;
use bytes::{Buf, Bytes};
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{ChunkReader, Length};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Handle;

/// What a sequential read takes at once. It serves only files that have no page index, which we do not write.
const SEQUENTIAL_BYTES: usize = 64 << 10;

/// What is said of a file that is gone.
pub(crate) const MISSING: &str = "the file is not there";

/// What is said of a file that was cut.
pub(crate) fn cut_short(found: u64, written: u64) -> String {
    format!("{found} bytes long where {written} were written")
}

/// Where the files are.
#[derive(Clone, Debug)]
pub struct Objects {
    place: ObjectsPlace,
}

#[derive(Clone, Debug)]
enum ObjectsPlace {
    Local(PathBuf),
    Remote { store: Arc<dyn ObjectStore>, runtime: Handle },
}

impl Objects {
    /// Any store. The thread that scans waits for its reads, so it must be one that may block.
    pub fn remote(store: Arc<dyn ObjectStore>, runtime: Handle) -> Objects {
        Objects { place: ObjectsPlace::Remote { store, runtime } }
    }

    /// Files in a local folder, which is what a local object store keeps under its root.
    pub fn local(root: PathBuf) -> Objects {
        Objects { place: ObjectsPlace::Local(root) }
    }

    pub(super) fn open(&self, path: &str, bytes: u64) -> io::Result<Object> {
        let root = match &self.place {
            ObjectsPlace::Local(root) => root,
            ObjectsPlace::Remote { store, runtime } => {
                let (store, runtime) = (store.clone(), runtime.clone());
                let path = object_store::path::Path::from(path);
                return Ok(Object { access: Access::Remote { store, runtime, path }, bytes });
            }
        };
        let path = root.join(path);
        let found = disk::len(&path).map_err(missing)?;
        if found != bytes {
            return Err(io::Error::new(io::ErrorKind::InvalidData, cut_short(found, bytes)));
        }
        Ok(Object { access: Access::Local(Arc::new(disk::open(&path)?)), bytes })
    }
}

/// In the words that a start has for it: one fault is said, and counted, once.
fn missing(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound => io::Error::new(error.kind(), MISSING),
        _ => error,
    }
}

/// An open file.
#[derive(Clone)]
pub(super) struct Object {
    access: Access,
    bytes: u64,
}

#[derive(Clone)]
enum Access {
    Local(Arc<File>),
    Remote { store: Arc<dyn ObjectStore>, runtime: Handle, path: object_store::path::Path },
}

impl Object {
    /// Whether reads should be announced by [`Object::fetch`], many at a time.
    pub(super) fn is_remote(&self) -> bool {
        matches!(self.access, Access::Remote { .. })
    }

    pub(super) fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        if range.end < range.start || range.end > self.bytes {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a range beyond the end of the file"));
        }
        match &self.access {
            Access::Local(file) => {
                let mut bytes = vec![0; (range.end - range.start) as usize];
                file.read_exact_at(&mut bytes, range.start)?;
                Ok(bytes.into())
            }
            Access::Remote { store, runtime, path } => {
                runtime.block_on(store.get_range(path, range)).map_err(io::Error::other)
            }
        }
    }

    /// Fetches ranges of a remote file together; near ones are joined by the store.
    pub(super) fn fetch(&self, ranges: &[Range<u64>], sums: Option<Arc<Sums>>) -> io::Result<Chunks> {
        let around =
            |range: &Range<u64>| sums.as_ref().and_then(|s| s.around(range)).unwrap_or(range.clone());
        let ranges: Vec<Range<u64>> = ranges.iter().map(around).collect();
        let mut fetched = BTreeMap::new();
        if let Access::Remote { store, runtime, path } = &self.access
            && !ranges.is_empty()
        {
            let pieces = runtime.block_on(store.get_ranges(path, &ranges)).map_err(io::Error::other)?;
            fetched.extend(ranges.iter().map(|r| r.start).zip(pieces));
        }
        Ok(Chunks { object: self.clone(), sums, fetched: Arc::new(fetched) })
    }

    /// The file for the Parquet reader, of which a stretch was read already.
    pub(super) fn chunks_behind(&self, start: u64, bytes: Bytes) -> Chunks {
        let fetched = Arc::new(BTreeMap::from([(start, bytes)]));
        Chunks { object: self.clone(), sums: None, fetched }
    }

    /// The file for the Parquet reader, nothing fetched ahead.
    pub(super) fn chunks(&self, sums: Option<Arc<Sums>>) -> Chunks {
        Chunks { object: self.clone(), sums, fetched: Arc::default() }
    }
}

/// A file as the Parquet reader sees it: what was fetched, and single reads for the rest; all of it checked when there
/// are checksums.
#[derive(Clone)]
pub(super) struct Chunks {
    object: Object,
    sums: Option<Arc<Sums>>,
    fetched: Arc<BTreeMap<u64, Bytes>>,
}

impl Chunks {
    fn bytes(&self, start: u64, length: usize) -> io::Result<Bytes> {
        let range = start..start.saturating_add(length as u64);
        let Some((sums, whole)) = self.sums.as_ref().and_then(|s| Some((s, s.around(&range)?))) else {
            return self.plain(range);
        };
        let bytes = self.plain(whole.clone())?;
        if !sums.are_intact(whole.start, &bytes) {
            let message = format!("bytes {} to {} are not those that were written", whole.start, whole.end);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let from = (start - whole.start) as usize;
        Ok(bytes.slice(from..from + length))
    }

    fn plain(&self, range: Range<u64>) -> io::Result<Bytes> {
        let length = (range.end - range.start) as usize;
        if let Some((at, bytes)) = self.fetched.range(..=range.start).next_back() {
            let from = (range.start - at) as usize;
            if from + length <= bytes.len() {
                return Ok(bytes.slice(from..from + length));
            }
        }
        self.object.read(range)
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.object.bytes
    }
}

impl ChunkReader for Chunks {
    type T = Sequence;

    fn get_read(&self, start: u64) -> ParquetResult<Sequence> {
        Ok(Sequence { chunks: self.clone(), at: start, ready: Bytes::new() })
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        self.bytes(start, length).map_err(|e| ParquetError::External(Box::new(e)))
    }
}

/// Reads a file from a place on.
pub(super) struct Sequence {
    chunks: Chunks,
    at: u64,
    ready: Bytes,
}

impl Read for Sequence {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_empty() {
            let left = self.chunks.object.bytes.saturating_sub(self.at);
            let length = left.min(SEQUENTIAL_BYTES as u64) as usize;
            self.ready = self.chunks.bytes(self.at, length)?;
            self.at += length as u64;
        }
        let length = into.len().min(self.ready.len());
        self.ready.copy_to_slice(&mut into[..length]);
        Ok(length)
    }
}
