//! Samples deleted from a block since it was written: sets of series, and ranges of time.
//!
//! They lie in `<id>.tomb` beside the block, which stays as it is: magic, version, block, deletions, checksum of
//! all of it. The file is replaced as a whole. Readers leave the samples out; a merge or rewrite makes it final.

use crate::block::bytes::{Input, Malformed, Place, io_error, put_signed, put_varint};
use crate::block::runs::Runs;
use crate::block::{BlockError, BlockId};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MAGIC: &[u8; 8] = b"PHAROSTB";
const VERSION: u32 = 1;

/// A closed range of time, Unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    pub min_ms: i64,
    pub max_ms: i64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tombstones(Vec<(Runs, Interval)>);

impl Tombstones {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn with(&self, series: Runs, interval: Interval) -> Tombstones {
        let mut all = self.clone();
        match all.0.iter_mut().find(|(_, i)| *i == interval) {
            Some((known, _)) => *known = Runs::union(known.0.iter().chain(&series.0).cloned().collect()),
            None => all.0.push((series, interval)),
        }
        all
    }

    /// What is deleted of a series.
    pub fn of(&self, ordinal: u32, out: &mut Vec<Interval>) {
        out.clear();
        out.extend(self.0.iter().filter(|(series, _)| series.contains(ordinal)).map(|(_, i)| *i));
    }

    /// `<id>.tomb` for `<id>.blk`.
    pub fn path(block: &Path) -> PathBuf {
        block.with_extension("tomb")
    }

    /// None when there is no file.
    pub fn load(path: &Path, id: BlockId, series: u32) -> Result<Tombstones, BlockError> {
        if !base::disk::exists(path) {
            return Ok(Tombstones::default());
        }
        let bytes = base::disk::read(path).map_err(io_error(path))?;
        let place = Place {
            path: Arc::new(path.to_owned()),
            section: "deletions".into(),
            range: 0..bytes.len() as u64,
        };
        let Some((body, crc)) = bytes.split_last_chunk::<4>() else {
            return Err(place.corrupt("too short"));
        };
        if crc32fast::hash(body).to_le_bytes() != *crc {
            return Err(place.corrupt("checksum does not match"));
        }
        decode(body, id, series).map_err(|m| m.at(&place))
    }

    pub fn save(&self, path: &Path, id: BlockId) -> Result<(), BlockError> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&id.0.to_le_bytes());
        put_varint(&mut out, self.0.len() as u64);
        for (series, interval) in &self.0 {
            put_signed(&mut out, interval.min_ms);
            put_signed(&mut out, interval.max_ms);
            series.encode(&mut out);
        }
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        base::disk::write_atomic(path, &out).map_err(io_error(path))
    }
}

fn decode(body: &[u8], id: BlockId, series: u32) -> Result<Tombstones, Malformed> {
    let mut input = Input(body);
    if input.take(8)? != MAGIC {
        return Err(Malformed("does not begin as deletions"));
    }
    if input.fixed_u32()? != VERSION {
        return Err(Malformed("unknown version"));
    }
    if *input.take(16)? != id.0.to_le_bytes() {
        return Err(Malformed("of another block"));
    }
    let mut all = Tombstones::default();
    for _ in 0..input.count()? {
        let interval = Interval { min_ms: input.signed()?, max_ms: input.signed()? };
        let mut runs = Vec::new();
        Runs::decode(&mut input, series, &mut runs)?;
        all.0.push((Runs::union(runs), interval));
    }
    Ok(all)
}
