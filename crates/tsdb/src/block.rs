//! Blocks: immutable files of series over a range of time.
//!
//! A block is one file, `<id>.blk`: written once (temporary file, sync, rename), read through a memory map, merged
//! into larger blocks, unlinked. Beside it may lie `<id>.tomb`, the samples deleted since it was written. The
//! bytes are drawn in `docs/format/block.md`; why they lie as they do, in `docs/decisions/0001-block-layout.md`.
//!
//! A series is known inside its block by its ordinal: its place in the order of labels. Nothing here knows of the
//! head, the log, or retention.

mod bytes;
mod cache;
mod error;
mod floats;
mod format;
mod histograms;
mod id;
mod index;
mod index_writer;
mod ints;
mod merge;
mod meta;
mod page;
mod reader;
mod runs;
mod scan;
mod select;
mod squeeze;
mod stats;
mod stream;
mod thin;
mod timelines;
mod tombstones;
mod writer;

#[cfg(test)]
mod tests;

pub use bytes::BlockBytes;
pub use error::BlockError;
pub use id::BlockId;
pub use merge::{Merge, merge};
pub use meta::{BlockMeta, LabelStats};
pub use reader::{Block, BlockReader, BlockStream};
pub use stream::{SeriesColumns, SeriesStream, VecSeries, VecStream};
pub use thin::{Thin, ThinRule, thin};
pub use tombstones::Interval;
pub use writer::{WriteOptions, write_block};
