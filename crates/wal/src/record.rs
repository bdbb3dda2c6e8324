//! The frame of a record: `length[4] checksum[8] body[length]`, little-endian.
//!
//! The checksum is XXH3-64 of the body, seeded with the place of the record (segment and offset) and its length: bytes left
//! over from elsewhere, or moved, do not pass.

use crate::segment::SegmentId;
use xxhash_rust::xxh3::xxh3_64_with_seed;

pub(crate) const FRAME_BYTES: usize = 12;

/// A record being made. The frame is in front of the body, so that both go to the disk in one write without a copy.
#[derive(Debug)]
pub struct RecordBuf(Vec<u8>);

impl Default for RecordBuf {
    fn default() -> RecordBuf {
        RecordBuf::new()
    }
}

impl RecordBuf {
    pub fn new() -> RecordBuf {
        RecordBuf(vec![0; FRAME_BYTES])
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.0.truncate(FRAME_BYTES);
    }

    pub fn body(&self) -> &[u8] {
        &self.0[FRAME_BYTES..]
    }

    /// Where to append the body. What is already in the vector must stay: it is the room for the frame.
    pub fn body_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    /// Fills the frame in for a place. `None` when the body is too long for one record.
    pub(crate) fn seal(&mut self, segment: SegmentId, offset: u64) -> Option<&[u8]> {
        let length = u32::try_from(self.0.len() - FRAME_BYTES).ok()?;
        let sum = checksum(segment, offset, &self.0[FRAME_BYTES..]);
        self.0[..4].copy_from_slice(&length.to_le_bytes());
        self.0[4..FRAME_BYTES].copy_from_slice(&sum.to_le_bytes());
        Some(&self.0)
    }
}

pub(crate) fn checksum(segment: SegmentId, offset: u64, body: &[u8]) -> u64 {
    let place = segment.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ offset.rotate_left(20);
    xxh3_64_with_seed(body, place ^ body.len() as u64)
}

/// What lies at an offset of a segment.
pub(crate) enum Frame<'a> {
    Record(&'a [u8]),
    /// The bytes end within the record.
    CutOff,
    /// Nothing but zeroes from here on: room that was given to the file and never written.
    Unwritten,
    /// Where the record ends, if its length is right.
    BadChecksum {
        end: u64,
    },
}

/// Reads the record at `offset`, which is before the end.
pub(crate) fn frame(bytes: &[u8], segment: SegmentId, offset: u64) -> Frame<'_> {
    let rest = &bytes[offset as usize..];
    if rest.iter().all(|b| *b == 0) {
        return Frame::Unwritten;
    }
    let Some((head, tail)) = rest.split_at_checked(FRAME_BYTES) else { return Frame::CutOff };
    let length = u32::from_le_bytes(head[..4].try_into().expect("four bytes")) as usize;
    let sum = u64::from_le_bytes(head[4..].try_into().expect("eight bytes"));
    match tail.get(..length) {
        None => Frame::CutOff,
        Some(body) if checksum(segment, offset, body) == sum => Frame::Record(body),
        Some(_) => Frame::BadChecksum { end: offset + (FRAME_BYTES + length) as u64 },
    }
}
