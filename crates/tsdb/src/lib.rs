//! The store of series: what was appended is on disk when [`Appender::commit`] says so, and is found by labels and time.
//!
//! `Appender` → log (crate `wal`) → head (memory) → flush → block (file) → merge → larger block. The head holds what is
//! recent, blocks what is not; a read sees both as one. What a crash leaves is the blocks and the tail of the log.
//!
//! Times are Unix milliseconds. Nothing here knows of HTTP, scrapes or PromQL.

mod appender;
pub mod block;
mod db;
mod error;
mod options;
mod selected;
mod stats;

pub use appender::{Appender, Committed, Durability, Rejected, SeriesRef};
pub use block::{BlockId, BlockMeta};
pub use db::Db;
pub use error::{AdminError, AppendError, CommitError, OpenError, ReadError};
pub use options::{Background, Downsample, KeepRule, Options};
pub use selected::Selected;
pub use stats::{Cardinality, Damage, HeadStats, Recovery};
