//! `pharos.traces`: which runs hold rows of a trace.
//!
//! Traces are known by the upper 32 bits of a hash of their id: in a file of a million traces one lookup in 4,000 finds
//! a stranger's runs, which are then read in vain.
//!
//! ```text
//! body       blocks of 128 traces, by hash: varint hash less the one before (the first: less the block's first) ·
//!            varint runs · varint first run · varint run less the one before …
//! directory  u32 rows of a run · u32 blocks
//!            of each block: u32 first hash · u32 bytes · u32 checksum
//!            u64 checksum of the directory
//! ```

use super::RUN_ROWS;
use super::index::{IndexError, Located, Numbers, check, put_varint, seal, unseal};
use arrow::array::{AsArray, RecordBatch};
use model::event::TraceId;
use xxhash_rust::xxh3::xxh3_64;

/// The name of the index in the key-value metadata.
pub(crate) const KEY: &str = "pharos.traces";

/// The column that is indexed.
const COLUMN: &str = "trace_id";

/// Traces of a block: about 128 × 12 B = 1.5 kB to read and to go through for one trace, and 12 B / 128 of directory.
const BLOCK_TRACES: usize = 128;

/// Bytes of a block in the directory: 4 + 4 + 4.
const BLOCK_BYTES: usize = 12;

fn hash(id: &[u8]) -> u32 {
    (xxh3_64(id) >> 32) as u32
}

/// Collects which traces are in which run: 8 bytes for each trace of each run.
#[derive(Default)]
pub(super) struct TracesBuilder {
    /// Hash above, run below. Of the runs before the one at hand each pair once.
    pairs: Vec<u64>,
    /// Where the run at hand begins in them.
    start: usize,
    run: u32,
}

impl TracesBuilder {
    /// Adds the traces of rows of the run at hand.
    pub(super) fn add(&mut self, batch: &RecordBatch) {
        let Some(ids) = batch.column_by_name(COLUMN).and_then(|c| c.as_fixed_size_binary_opt().cloned())
        else {
            return;
        };
        let mut last: Option<&[u8]> = None;
        for id in ids.iter().flatten() {
            // Spans of one trace in one service follow each other.
            if last != Some(id) {
                self.pairs.push((hash(id) as u64) << 32 | self.run as u64);
                last = Some(id);
            }
        }
    }

    pub(super) fn end_run(&mut self) {
        let of_run = &mut self.pairs[self.start..];
        of_run.sort_unstable();
        let mut kept = self.start;
        for at in self.start..self.pairs.len() {
            if kept == self.start || self.pairs[kept - 1] != self.pairs[at] {
                self.pairs[kept] = self.pairs[at];
                kept += 1;
            }
        }
        self.pairs.truncate(kept);
        self.start = kept;
        self.run += 1;
    }

    /// The body and the directory; `None` when no row has a trace.
    pub(super) fn finish(mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        if self.pairs.is_empty() {
            return None;
        }
        self.pairs.sort_unstable();
        let (mut body, mut directory) = (Vec::new(), Vec::new());
        directory.extend_from_slice(&(RUN_ROWS as u32).to_le_bytes());
        directory.extend_from_slice(&0_u32.to_le_bytes());
        let (mut blocks, mut at) = (0_u32, 0);
        while at < self.pairs.len() {
            let (first, start) = ((self.pairs[at] >> 32) as u32, body.len());
            let mut before = first;
            for _ in 0..BLOCK_TRACES {
                let Some(pair) = self.pairs.get(at) else { break };
                let hash = (pair >> 32) as u32;
                let count = self.pairs[at..].iter().take_while(|p| (**p >> 32) as u32 == hash).count();
                put_varint(&mut body, hash - before);
                put_varint(&mut body, count as u32);
                let mut run_before = 0;
                for pair in &self.pairs[at..at + count] {
                    put_varint(&mut body, *pair as u32 - run_before);
                    run_before = *pair as u32;
                }
                before = hash;
                at += count;
            }
            directory.extend_from_slice(&first.to_le_bytes());
            directory.extend_from_slice(&((body.len() - start) as u32).to_le_bytes());
            directory.extend_from_slice(&check(&body[start..]).to_le_bytes());
            blocks += 1;
        }
        directory[4..8].copy_from_slice(&blocks.to_le_bytes());
        seal(&mut directory);
        Some((body, directory))
    }

    /// Bytes held.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.pairs.len() * size_of::<u64>()
    }
}

/// The directory, read.
#[derive(Debug)]
pub(crate) struct TraceDirectory {
    /// By first hash, ascending.
    blocks: Vec<(u32, Located)>,
}

impl TraceDirectory {
    /// Reads a directory of an index whose body is `body_bytes` long.
    pub(crate) fn decode(directory: &[u8], body_bytes: u64) -> Result<TraceDirectory, IndexError> {
        let bad = |what| IndexError { index: KEY, what };
        let mut numbers = Numbers(unseal(directory).ok_or(bad("the checksum of the directory is wrong"))?);
        let cut = || bad("the directory is cut short");
        if numbers.u32().ok_or_else(cut)? as usize != RUN_ROWS {
            return Err(bad("runs of another length"));
        }
        let count = numbers.u32().ok_or_else(cut)? as usize;
        if numbers.0.len() != count.saturating_mul(BLOCK_BYTES) {
            return Err(cut());
        }
        let mut blocks: Vec<(u32, Located)> = Vec::with_capacity(count);
        let mut start = 0_u64;
        for _ in 0..count {
            let first = numbers.u32().ok_or_else(cut)?;
            let (bytes, check) = (numbers.u32().ok_or_else(cut)?, numbers.u32().ok_or_else(cut)?);
            if blocks.last().is_some_and(|(before, _)| *before >= first) {
                return Err(bad("blocks out of order"));
            }
            blocks.push((first, Located { start, bytes, check }));
            start += bytes as u64;
        }
        if start > body_bytes {
            return Err(bad("blocks beyond the end of the index"));
        }
        Ok(TraceDirectory { blocks })
    }

    /// The piece of the body that says where a trace is, if it is in the file.
    pub(crate) fn block(&self, id: TraceId) -> Option<Located> {
        let behind = self.blocks.partition_point(|(first, _)| *first <= hash(&id.0));
        Some(self.blocks[behind.checked_sub(1)?].1)
    }

    /// The runs that perhaps hold rows of a trace, by its block's bytes.
    pub(crate) fn runs(&self, id: TraceId, block: &[u8]) -> Result<Vec<u32>, IndexError> {
        let bad = IndexError { index: KEY, what: "a block that does not end where it should" };
        let wanted = hash(&id.0);
        let behind = self.blocks.partition_point(|(first, _)| *first <= wanted);
        let Some((first, _)) = behind.checked_sub(1).map(|at| self.blocks[at]) else { return Ok(Vec::new()) };
        Self::find(first, block, wanted).ok_or(bad)
    }

    fn find(first: u32, block: &[u8], wanted: u32) -> Option<Vec<u32>> {
        let mut numbers = Numbers(block);
        let mut hash = first;
        while !numbers.0.is_empty() {
            hash = hash.checked_add(numbers.varint()?)?;
            let count = numbers.varint()?;
            if hash > wanted {
                return Some(Vec::new());
            }
            let mut runs = Vec::new();
            let mut run = 0_u32;
            for _ in 0..count {
                run = run.checked_add(numbers.varint()?)?;
                if hash == wanted {
                    runs.push(run);
                }
            }
            if hash == wanted {
                return Some(runs);
            }
        }
        Some(Vec::new())
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.blocks.len() * size_of::<(u32, Located)>()
    }
}
