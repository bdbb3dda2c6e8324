//! Names and headers of segments.

use std::fmt;
use std::path::{Path, PathBuf};

/// `magic[8] id[8]`, little-endian.
pub(crate) const HEADER_BYTES: usize = 16;
/// The last byte is the version of the format.
const MAGIC: &[u8; 8] = b"PHARWAL\x01";

/// The number of a segment; they ascend in time and are never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentId(pub u64);

impl SegmentId {
    pub(crate) fn path(self, dir: &Path) -> PathBuf {
        dir.join(format!("{:08}.wal", self.0))
    }

    pub(crate) fn of(path: &Path) -> Option<SegmentId> {
        let name = path.file_name()?.to_str()?;
        name.strip_suffix(".wal")?.parse().ok().map(SegmentId)
    }

    pub(crate) fn header(self) -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        header[..8].copy_from_slice(MAGIC);
        header[8..].copy_from_slice(&self.0.to_le_bytes());
        header
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
