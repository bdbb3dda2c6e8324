//! `pharos.traces`: which runs hold rows of a trace.
//!
//! Traces are known by the upper 32 bits of a hash of their id: in a file of a million traces one lookup in 4,000 finds
//! a stranger's runs, which are then read in vain.
//!
//! ```text
//! body       blocks of 128 traces by hash, of numbers of few bits: 8 traces less one ·
//!            of each trace: Rice hash less the one before (the first: less the block's first) · gamma runs ·
//!                           each run
//! directory  u32 rows of a run · u32 blocks · u8 low bits of Rice's code · u8 bits of a run
//!            of each block: u32 first hash · u32 bytes · u32 checksum
//!            u64 checksum of the directory
//! ```

use super::RUN_ROWS;
use super::bits::{BitReader, BitWriter};
use super::index::{IndexError, Located, Numbers, check, seal, unseal};
use arrow::array::{AsArray, RecordBatch};
use model::event::TraceId;
use xxhash_rust::xxh3::xxh3_64;

/// The name of the index in the key-value metadata.
pub(crate) const KEY: &str = "pharos.traces";

/// The column that is indexed.
const COLUMN: &str = "trace_id";

/// Traces of a block: about 128 × 6 B = 800 B to read and to go through for one trace, and 12 B / 128 of directory.
const BLOCK_TRACES: usize = 128;

/// Traces of a block, less one.
const COUNT_BITS: u32 = 8;

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
        let traces = self.pairs.chunk_by(|a, b| a >> 32 == b >> 32).collect::<Vec<_>>();
        let bits = Bits::of(traces.len(), self.run);
        let (mut body, mut directory) = (Vec::new(), Vec::new());
        directory.extend_from_slice(&(RUN_ROWS as u32).to_le_bytes());
        directory.extend_from_slice(&(traces.len().div_ceil(BLOCK_TRACES) as u32).to_le_bytes());
        directory.extend_from_slice(&[bits.rice as u8, bits.run as u8]);
        for block in traces.chunks(BLOCK_TRACES) {
            let first = (block[0][0] >> 32) as u32;
            let bytes = bits.block(first, block);
            directory.extend_from_slice(&first.to_le_bytes());
            directory.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            directory.extend_from_slice(&check(&bytes).to_le_bytes());
            body.extend_from_slice(&bytes);
        }
        seal(&mut directory);
        Some((body, directory))
    }

    /// Bytes held.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.pairs.len() * size_of::<u64>()
    }
}

/// How long the numbers of a block are.
#[derive(Clone, Copy, Debug)]
struct Bits {
    /// Low bits of Rice's code of the distance between two hashes: about as many as the usual distance has.
    rice: u32,
    run: u32,
}

impl Bits {
    fn of(traces: usize, runs: u32) -> Bits {
        let rice = 31_u32.saturating_sub(traces.ilog2());
        Bits { rice, run: u32::BITS - runs.leading_zeros() }
    }

    /// A block of traces, each its pairs.
    fn block(self, first: u32, traces: &[&[u64]]) -> Vec<u8> {
        let mut out = BitWriter::default();
        out.put(traces.len() as u32 - 1, COUNT_BITS);
        let mut before = first;
        for pairs in traces {
            let hash = (pairs[0] >> 32) as u32;
            out.put_rice(hash - before, self.rice);
            out.put_gamma(pairs.len() as u32);
            pairs.iter().for_each(|pair| out.put(*pair as u32, self.run));
            before = hash;
        }
        out.finish()
    }

    /// The runs of a hash in a block; `None` when it is no block.
    fn find(self, first: u32, block: &[u8], wanted: u32) -> Option<Vec<u32>> {
        let mut block = BitReader::new(block);
        let mut hash = first;
        for _ in 0..=block.take(COUNT_BITS)? {
            hash = hash.checked_add(block.take_rice(self.rice)?)?;
            let count = block.take_gamma()?;
            // No run is named twice.
            if u64::from(count) > 1 << self.run {
                return None;
            }
            if hash > wanted {
                break;
            }
            if hash == wanted {
                return (0..count).map(|_| block.take(self.run)).collect();
            }
            for _ in 0..count {
                block.take(self.run)?;
            }
        }
        Some(Vec::new())
    }
}

/// The directory, read.
#[derive(Debug)]
pub(crate) struct TraceDirectory {
    bits: Bits,
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
        let mut bits = || numbers.u8().map(u32::from).ok_or_else(cut);
        let bits = Bits { rice: bits()?, run: bits()? };
        if bits.rice >= u32::BITS || bits.run > u32::BITS {
            return Err(bad("numbers that are too long"));
        }
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
        Ok(TraceDirectory { bits, blocks })
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
        self.bits.find(first, block, wanted).ok_or(bad)
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.blocks.len() * size_of::<(u32, Located)>()
    }
}
