//! What happens to a record between its arrival and the log.
//!
//! Today that is relabeling: Prometheus's rules, on the labels of targets, of scraped series and of what is
//! written out.

pub mod relabel;

pub use relabel::{Relabel, Step};
