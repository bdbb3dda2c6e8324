//! Samples that come from other servers and go to them.
//!
//! - [`receive`]: remote write into the store: a request in, what was taken and why the rest was not.
//!
//! Knows no status codes and opens no port: `api` does.

pub mod receive;

pub use receive::{ReceiveError, ReceiveLimits, Received, Receiver};
