//! Reading a log after a start: all that can be read, and the places that cannot.

use crate::record::{FRAME_BYTES, Frame, frame};
use crate::segment::{HEADER_BYTES, SegmentId};
use base::disk;
use std::io;
use std::path::{Path, PathBuf};

/// A part of a segment that cannot be read: from `offset` to its end, or one record with others behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    pub file: PathBuf,
    pub segment: SegmentId,
    /// Where the last good record ends.
    pub offset: u64,
    pub dropped_bytes: u64,
    pub kind: DamageKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// The last write before a crash, not finished: nobody was told that it was taken.
    Torn,
    /// The bytes are not those that were written. What came behind them in this segment is lost too, unless the length of
    /// the record is still right, so that the next one can be found.
    Corrupt,
    /// Not a segment of ours, or of a version this program does not know.
    BadHeader,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.kind {
            DamageKind::Torn => "an unfinished write",
            DamageKind::Corrupt => "a record with a wrong checksum",
            DamageKind::BadHeader => "not a segment of this log",
        };
        write!(
            f,
            "{}: {what} at byte {}, {} bytes dropped",
            self.file.display(),
            self.offset,
            self.dropped_bytes
        )
    }
}

/// A segment of an earlier run. Its bytes are mapped: records are lent from the map.
pub struct Segment {
    id: SegmentId,
    path: PathBuf,
    /// `None` when the file is empty.
    map: Option<disk::Map>,
    last: bool,
}

/// The segments in a directory, oldest first.
pub fn read_segments(dir: &Path) -> io::Result<Vec<Segment>> {
    let mut segments = Vec::new();
    for path in disk::list(dir)? {
        let Some(id) = SegmentId::of(&path) else { continue };
        let map = if disk::len(&path)? == 0 { None } else { Some(disk::Map::open(&path)?) };
        segments.push(Segment { id, path, map, last: false });
    }
    segments.sort_by_key(|s| s.id);
    if let Some(last) = segments.last_mut() {
        last.last = true;
    }
    Ok(segments)
}

/// Cuts an unfinished write off a segment, so that it is reported once. Its `Segment` must be dropped before.
pub fn cut_torn(damage: &Damage) -> io::Result<()> {
    if damage.kind != DamageKind::Torn {
        return Ok(());
    }
    let file = disk::open_write(&damage.file)?;
    file.set_len(damage.offset)?;
    file.sync_all()
}

impl Segment {
    pub fn id(&self) -> SegmentId {
        self.id
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn len(&self) -> u64 {
        self.bytes().len() as u64
    }

    pub fn is_empty(&self) -> bool {
        self.map.is_none()
    }

    fn bytes(&self) -> &[u8] {
        self.map.as_deref().unwrap_or(&[])
    }

    /// The records from the first on. Ends at the end, or at damage behind which no record is found: its checksum is
    /// bound to its place, so that what is found is one.
    pub fn records(&self) -> Records<'_> {
        Records { segment: self, offset: 0, ended: false }
    }

    fn damage(&self, offset: u64, kind: DamageKind) -> Damage {
        let dropped_bytes = self.len() - offset;
        Damage { file: self.path.clone(), segment: self.id, offset, dropped_bytes, kind }
    }
}

/// Iterates the bodies of a segment's records.
pub struct Records<'a> {
    segment: &'a Segment,
    offset: u64,
    ended: bool,
}

impl<'a> Records<'a> {
    fn ends_with(&mut self, kind: DamageKind) -> Option<Result<&'a [u8], Damage>> {
        self.ended = true;
        // Only the last segment can be torn: each one before it was synced in full before its successor was made.
        let kind = if kind == DamageKind::Torn && !self.segment.last { DamageKind::Corrupt } else { kind };
        Some(Err(self.segment.damage(self.offset, kind)))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<&'a [u8], Damage>;

    fn next(&mut self) -> Option<Result<&'a [u8], Damage>> {
        let bytes = self.segment.bytes();
        if self.ended || (self.offset == 0 && bytes.is_empty()) || self.offset as usize == bytes.len() {
            return None;
        }
        if self.offset == 0 {
            let header = self.segment.id.header();
            if bytes.len() < HEADER_BYTES && header.starts_with(bytes) {
                return self.ends_with(DamageKind::Torn);
            }
            if !bytes.starts_with(&header) {
                return self.ends_with(DamageKind::BadHeader);
            }
            self.offset = HEADER_BYTES as u64;
            return self.next();
        }
        match frame(bytes, self.segment.id, self.offset) {
            Frame::Record(body) => {
                self.offset += (FRAME_BYTES + body.len()) as u64;
                Some(Ok(body))
            }
            Frame::CutOff | Frame::Unwritten => self.ends_with(DamageKind::Torn),
            Frame::BadChecksum { end } => {
                let next = (end as usize) < bytes.len() && {
                    let found = frame(bytes, self.segment.id, end);
                    matches!(found, Frame::Record(_))
                };
                if !next {
                    return self.ends_with(DamageKind::Corrupt);
                }
                let mut damage = self.segment.damage(self.offset, DamageKind::Corrupt);
                damage.dropped_bytes = end - self.offset;
                self.offset = end;
                Some(Err(damage))
            }
        }
    }
}
