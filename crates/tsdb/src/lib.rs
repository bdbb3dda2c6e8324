//! tsdb
pub mod block;
