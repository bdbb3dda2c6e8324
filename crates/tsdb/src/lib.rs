//! The store of series: what was appended is on disk when [`Appender::commit`] says so, and is found by labels and time.
//!
//! `Appender` → log (crate `wal`) → head (memory) → flush → block (file) → merge → larger block. The head holds what is
//! recent, blocks what is not; a read sees both as one. What a crash leaves is the blocks and the tail of the log.
//!
//! To read the code: `db` is the façade and `store` the parts; then the way of a sample, `appender` → `batch` →
//! `commit` → `head` → `flush` → `block` → `compact`; then the way of a question, `read` → `selected`; then what
//! happens at the ends, `open` and `replay`, `keep` and `retention`, `admin`, `background`.
//!
//! Times are Unix milliseconds. Nothing here knows of HTTP, scrapes or PromQL.

mod admin;
mod appender;
mod background;
mod batch;
pub mod block;
mod bytes;
mod columns;
mod commit;
mod compact;
mod db;
mod error;
mod exemplars;
mod flush;
mod head;
mod histogram;
mod keep;
mod labels_cache;
mod metadata;
mod observer;
mod open;
mod options;
mod read;
mod replay;
mod retention;
mod selected;
mod stats;
mod store;
mod view;

pub use appender::{Appender, Committed, Durability, Rejected, SeriesRef};
pub use block::{BlockId, BlockMeta};
pub use db::Db;
pub use error::{AdminError, AppendError, CommitError, OpenError, ReadError};
pub use observer::{ObservedSample, ObservedSeries, Observer};
pub use options::{Background, Downsample, KeepRule, Options};
pub use selected::Selected;
pub use stats::{Cardinality, Damage, HeadStats, Recovery};
