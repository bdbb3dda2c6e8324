//! What is too old, or too much, goes: a block at a time.

use crate::block::Block;
use crate::error::AdminError;
use crate::store::Store;

/// Samples further in the future than this do not make others old: one wrong clock shall not cost the history.
const FUTURE_MS: i64 = 86_400_000;

impl Store {
    /// The time that ages are counted from: that of the newest sample.
    pub(crate) fn present_ms(&self) -> Option<i64> {
        let latest = self.options.clock.now_ms().saturating_add(FUTURE_MS);
        self.newest_ms().map(|newest| newest.min(latest))
    }

    /// Deletes the blocks that are over the retention.
    pub(crate) fn retain(&self) -> Result<(), AdminError> {
        let Some(newest) = self.present_ms() else { return Ok(()) };
        let _compacting = self.compacting.lock();
        self.remove_files(Vec::new())?;
        let oldest = newest.saturating_sub(self.options.retention_ms);
        let blocks = self.view().blocks.to_vec();
        let (old, mut kept): (Vec<Block>, Vec<Block>) =
            blocks.into_iter().partition(|b| b.meta().max_ms < oldest);
        self.counters.time_retentions.add(old.len() as u64);
        self.drop_blocks(old)?;
        let Some(limit) = self.options.retention_bytes else { return Ok(()) };
        kept.sort_by_key(|b| b.meta().max_ms);
        let mut bytes = self.log.bytes() + kept.iter().map(|b| b.meta().bytes).sum::<u64>();
        let mut too_much = Vec::new();
        for block in kept {
            if bytes <= limit {
                break;
            }
            bytes -= block.meta().bytes;
            too_much.push(block);
        }
        self.counters.size_retentions.add(too_much.len() as u64);
        self.drop_blocks(too_much)
    }

    fn drop_blocks(&self, blocks: Vec<Block>) -> Result<(), AdminError> {
        if blocks.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = blocks.iter().map(|b| b.meta().id).collect();
        self.change_view(|v| v.with_blocks(&ids, Vec::new()));
        self.remove_files(blocks)
    }

    /// Removes the files of blocks that no reader will be given any more, and of those where it failed before. Tries all
    /// of them before it fails.
    pub(crate) fn remove_files(&self, blocks: Vec<Block>) -> Result<(), AdminError> {
        let mut doomed = self.doomed.lock();
        doomed.extend(blocks);
        let mut result = Ok(());
        doomed.retain(|block| match block.remove() {
            Ok(()) => false,
            Err(error) => {
                result = Err(error.into());
                true
            }
        });
        result
    }
}
