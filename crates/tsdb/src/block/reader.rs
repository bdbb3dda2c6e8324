//! Reads a block.

use crate::block::{BlockError, BlockMeta, Interval, LabelStats, SeriesColumns, SeriesStream};
use model::{Labels, Matcher, Samples};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An open block. Cloning is cheap; clones share caches and tombstones. The file may be unlinked while it is open.
#[derive(Clone)]
pub struct Block(Arc<Inner>);

struct Inner {
    path: PathBuf,
    meta: BlockMeta,
}

impl Block {
    /// Opens `<id>.blk` and, when there is one, `<id>.tomb` beside it. Reads the footer and the directory only.
    pub fn open(path: &Path) -> Result<Block, BlockError> {
        Err(BlockError::Unreadable { path: Arc::new(path.to_owned()), reason: "not yet".into() })
    }

    pub fn meta(&self) -> &BlockMeta {
        &self.0.meta
    }

    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The ordinals of the series that pass all matchers, ascending, which is in order of labels.
    pub fn select(&self, matchers: &[Matcher]) -> Result<Vec<u32>, BlockError> {
        let _ = matchers;
        Ok(Vec::new())
    }

    pub fn labels(&self, ordinal: u32) -> Result<Labels, BlockError> {
        let _ = ordinal;
        Ok(Labels::empty())
    }

    /// The labels of many series (ordinals ascending), a page of them decoded once.
    pub fn labels_of(&self, ordinals: &[u32], visit: &mut dyn FnMut(u32, Labels)) -> Result<(), BlockError> {
        let _ = (ordinals, visit);
        Ok(())
    }

    /// Reads the samples in `start_excl < t <= end_incl` of series (ordinals ascending), each series once, in that
    /// order; series without a sample there are left out. Several threads may read at once.
    pub fn read(
        &self,
        ordinals: &[u32],
        start_excl: i64,
        end_incl: i64,
        visit: &mut dyn FnMut(u32, Samples<'_>) -> ControlFlow<()>,
    ) -> Result<(), BlockError> {
        let _ = (ordinals, start_excl, end_incl, visit);
        Ok(())
    }

    /// Names of labels of the series that pass all matchers, ascending.
    pub fn label_names(&self, matchers: &[Matcher]) -> Result<Vec<String>, BlockError> {
        let _ = matchers;
        Ok(Vec::new())
    }

    /// Values of a label among the series that pass all matchers, ascending.
    pub fn label_values(&self, name: &str, matchers: &[Matcher]) -> Result<Vec<String>, BlockError> {
        let _ = (name, matchers);
        Ok(Vec::new())
    }

    /// The `limit` largest of each list.
    pub fn label_stats(&self, limit: usize) -> Result<LabelStats, BlockError> {
        let _ = limit;
        Ok(LabelStats::default())
    }

    /// Marks samples as deleted, durably (`<id>.tomb`). Returns how many series it touched.
    pub fn delete(&self, matchers: &[Matcher], interval: Interval) -> Result<u64, BlockError> {
        let _ = (matchers, interval);
        Ok(0)
    }

    /// Whether samples of it are marked as deleted: a merge or rewrite drops them for good.
    pub fn has_tombstones(&self) -> bool {
        false
    }

    /// All its series and samples but the deleted ones.
    pub fn stream(&self) -> BlockStream {
        BlockStream { block: self.clone() }
    }
}

/// See [`Block::stream`].
pub struct BlockStream {
    block: Block,
}

impl SeriesStream for BlockStream {
    fn next(&mut self) -> Result<Option<SeriesColumns<'_>>, BlockError> {
        let _ = &self.block;
        Ok(None)
    }
}
