//! Blocks into larger blocks.
//!
//! Windows of time are aligned to multiples of a range; ranges are the block range, three times that, nine times …,
//! up to a tenth of the retention. When time has gone past a window, the blocks in it become one. The window that is being
//! written collects pieces when the head is flushed early; they are merged when they are many.

use crate::block::{
    Block, BlockError, BlockId, BlockMeta, SeriesColumns, SeriesStream, WriteOptions, merge, thin,
};
use crate::error::AdminError;
use crate::flush::floor;
use crate::keep::{KeepStream, thin_rules};
use crate::store::Store;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const DAY_MS: i64 = 86_400_000;
/// No block is longer than this, as in Prometheus.
const RANGE_MS_MAX: i64 = 31 * DAY_MS;
/// … nor than this part of the retention: what is deleted goes a block at a time.
const RETENTION_PARTS: i64 = 10;
/// A window grows over its neighbours by this factor.
const RANGE_FACTOR: i64 = 3;
/// A window is closed when the newest sample is this part of the block range past it: 15 minutes for 2 hours.
const CLOSED_AFTER_PART: i64 = 8;
/// Flushed pieces of the open window are merged when there are so many: each sample is written once more.
const PIECES_MAX: usize = 8;
/// Small late pieces are not worth a rewrite of a large block until together they are a tenth of it …
const SMALL_PART: u64 = 10;
/// … or so many that every read pays for them.
const SMALL_MAX: usize = 6;

impl Store {
    /// Does the merges that are due, until none is.
    pub(crate) fn compact(&self) -> Result<(), AdminError> {
        let mut damaged = self.compacting.lock();
        while !self.closed.load(Ordering::Relaxed) {
            let Some(ids) = self.planned(&damaged) else { return Ok(()) };
            match self.merge_blocks(&ids) {
                Ok(()) => self.counters.merges.add(1),
                Err(_) if self.closed.load(Ordering::Relaxed) => return Ok(()),
                Err(error) => {
                    self.counters.merges_failed.add(1);
                    tracing::error!(%error, blocks = ids.len(), "a merge of blocks failed");
                    if let AdminError::Block(BlockError::Corrupt { path, .. }) = &error {
                        damaged.extend(block_at(&ids, path));
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn planned(&self, damaged: &BTreeSet<BlockId>) -> Option<Vec<BlockId>> {
        let view = self.view();
        let whole = view.blocks.iter().filter(|b| !damaged.contains(&b.meta().id));
        let metas: Vec<BlockMeta> = whole.map(|b| b.meta().clone()).collect();
        let o = &self.options;
        plan(&metas, self.newest_ms()?, o.block_range_ms, range_max(o.retention_ms, o.block_range_ms))
    }

    /// Replaces blocks by one without what is deleted or too old by a rule. The caller holds `compacting`.
    pub(crate) fn merge_blocks(&self, ids: &[BlockId]) -> Result<(), AdminError> {
        let view = self.view();
        let sources: Vec<Block> =
            view.blocks.iter().filter(|b| ids.contains(&b.meta().id)).cloned().collect();
        let merged = self.write_merged(&sources, &self.blocks_dir())?;
        self.change_view(|v| v.with_blocks(ids, merged.into_iter().collect()));
        if let Err(error) = self.remove_files(sources) {
            tracing::warn!(%error, "a merged block could not be removed; it is tried again");
        }
        Ok(())
    }

    /// Writes one block from several, which ascend by id.
    pub(crate) fn write_merged(&self, sources: &[Block], dir: &Path) -> Result<Option<Block>, BlockError> {
        let streams = sources.iter().map(|b| Box::new(b.stream()) as Box<dyn SeriesStream + Send>).collect();
        let newest = self.present_ms().unwrap_or(0);
        let kept = KeepStream::new(merge(streams), &self.options.keep, newest);
        let thinned = thin(kept, thin_rules(&self.options.keep, newest));
        let mut stream = Interruptible { inner: thinned, closed: &self.closed };
        let level = sources.iter().map(|b| b.meta().level).max().unwrap_or(0).saturating_add(1);
        let options = WriteOptions { level, sources: sources.iter().map(|b| b.meta().id).collect() };
        Block::write(dir, self.merged_block_id(sources), options, &mut stream)
    }
}

/// A stream that fails when the store is closed: a merge of months does not hold up the end.
struct Interruptible<'a, S> {
    inner: S,
    closed: &'a AtomicBool,
}

impl<S: SeriesStream> SeriesStream for Interruptible<'_, S> {
    fn next(&mut self) -> Result<Option<SeriesColumns<'_>>, BlockError> {
        if self.closed.load(Ordering::Relaxed) {
            let error = io::Error::new(io::ErrorKind::Interrupted, "the store is closed");
            return Err(BlockError::Io { path: Arc::default(), error: Arc::new(error) });
        }
        self.inner.next()
    }
}

/// Which of the blocks lies in a file.
fn block_at(ids: &[BlockId], path: &Path) -> Option<BlockId> {
    let name = path.file_name()?.to_str()?;
    ids.iter().copied().find(|id| id.file_name() == name)
}

pub(crate) fn range_max(retention_ms: i64, block_range_ms: i64) -> i64 {
    (retention_ms / RETENTION_PARTS).clamp(block_range_ms, RANGE_MS_MAX.max(block_range_ms))
}

/// The blocks that should become one now.
pub(crate) fn plan(
    metas: &[BlockMeta],
    newest: i64,
    block_range: i64,
    range_max: i64,
) -> Option<Vec<BlockId>> {
    let mut range = block_range;
    while range <= range_max {
        let mut windows: Vec<(i64, &BlockMeta)> = metas
            .iter()
            .filter(|m| floor(m.min_ms, range) == floor(m.max_ms, range))
            .map(|m| (floor(m.min_ms, range), m))
            .collect();
        windows.sort_by_key(|(window, _)| *window);
        for blocks in windows.chunk_by(|(a, _), (b, _)| a == b) {
            let end = blocks[0].0.saturating_add(range);
            let closed = newest >= end.saturating_add(block_range / CLOSED_AFTER_PART);
            let all: Vec<&BlockMeta> = blocks.iter().map(|(_, m)| *m).collect();
            let due = if closed { worth_it(&all) } else { pieces(&all, range == block_range) };
            if let Some(due) = due {
                return Some(due.into_iter().map(|m| m.id).collect());
            }
        }
        range = range.saturating_mul(RANGE_FACTOR);
    }
    None
}

/// All blocks of a closed window, unless there is little to gain.
fn worth_it<'a>(blocks: &[&'a BlockMeta]) -> Option<Vec<&'a BlockMeta>> {
    let sum: u64 = blocks.iter().map(|m| m.bytes).sum();
    let largest = blocks.iter().map(|m| m.bytes).max().unwrap_or(0);
    let worth = blocks.len() > SMALL_MAX || (sum - largest) * SMALL_PART >= largest;
    (blocks.len() > 1 && worth).then(|| blocks.to_vec())
}

/// The flushed pieces of the window that is being written, when they are many.
fn pieces<'a>(blocks: &[&'a BlockMeta], smallest_range: bool) -> Option<Vec<&'a BlockMeta>> {
    let pieces: Vec<&BlockMeta> = blocks.iter().copied().filter(|m| m.level == 0).collect();
    (smallest_range && pieces.len() >= PIECES_MAX).then_some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    const R: i64 = 7_200_000;

    fn meta(id: u128, min: i64, max: i64, level: u8, bytes: u64) -> BlockMeta {
        let id = BlockId(id);
        let (series, samples, histograms, sources) = (1, 1, 0, Vec::new());
        BlockMeta { id, level, min_ms: min, max_ms: max, series, samples, histograms, bytes, sources }
    }

    fn check(metas: &[BlockMeta], newest: i64, want: Option<&[u128]>) {
        let got = plan(metas, newest, R, 9 * R).map(|ids| ids.iter().map(|i| i.0).collect::<Vec<_>>());
        assert_eq!(got.as_deref(), want);
    }

    #[test]
    fn a_window_is_merged_when_it_is_closed() {
        let pieces = [meta(1, 0, R / 2, 0, 100), meta(2, R / 2, R - 1, 0, 100)];
        check(&pieces, R, None);
        check(&pieces, R + R / 8, Some(&[1, 2]));
    }

    #[test]
    fn many_pieces_of_the_open_window_are_merged() {
        let pieces: Vec<_> = (0..8).map(|i| meta(i, i as i64, i as i64 + 1, 0, 10)).collect();
        check(&pieces[..7], 100, None);
        check(&pieces, 100, Some(&[0, 1, 2, 3, 4, 5, 6, 7]));
    }

    #[test]
    fn windows_grow() {
        let hours =
            [meta(1, 0, R - 1, 1, 100), meta(2, R, 2 * R - 1, 1, 100), meta(3, 2 * R, 3 * R - 1, 1, 100)];
        check(&hours, 3 * R, None);
        check(&hours, 3 * R + R / 8, Some(&[1, 2, 3]));
        let long = [meta(1, 0, 9 * R - 1, 3, 100), meta(2, 9 * R, 18 * R - 1, 3, 100)];
        check(&long, 100 * R, None);
    }

    #[test]
    fn a_small_late_piece_waits() {
        check(&[meta(1, 0, R - 1, 1, 1000), meta(2, 5, 6, 0, 10)], 2 * R, None);
        check(&[meta(1, 0, R - 1, 1, 1000), meta(2, 5, 6, 0, 100)], 2 * R, Some(&[1, 2]));
        let many: Vec<_> = (0..7).map(|i| meta(i, 0, 1, 1, if i == 0 { 10_000 } else { 1 })).collect();
        check(&many, 2 * R, Some(&[0, 1, 2, 3, 4, 5, 6]));
    }
}
