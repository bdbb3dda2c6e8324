//! What a reader sees: samples of the head, samples being flushed, blocks. Replaced as a whole, never changed.

use crate::block::Block;
use crate::head::{Epoch, Frozen};
use std::sync::Arc;

#[derive(Clone)]
pub(crate) struct View {
    pub epoch: Arc<Epoch>,
    /// Taken from the head, not yet in a block.
    pub frozen: Option<Arc<Frozen>>,
    /// Ascending by id, which is by age of what was written: of two samples at one time the later block's counts.
    pub blocks: Arc<Vec<Block>>,
}

impl View {
    /// With some blocks replaced by others.
    pub fn with_blocks(&self, without: &[crate::BlockId], with: Vec<Block>) -> View {
        let mut blocks: Vec<Block> =
            self.blocks.iter().filter(|b| !without.contains(&b.meta().id)).cloned().collect();
        blocks.extend(with);
        blocks.sort_by_key(|b| b.meta().id);
        View { blocks: Arc::new(blocks), ..self.clone() }
    }
}
