//! Samples that come from other servers and go to them.
//!
//! - [`receive`]: remote write into the store: a request in, what was taken and why the rest was not.
//! - [`read`]: remote read: both kinds of answer.
//! - [`queue`]: remote write out: a spool on disk, and senders that go on where they were after a restart.
//!
//! Knows no status codes and opens no port: `api` does.

pub mod queue;
pub mod read;
pub mod receive;

pub use queue::{EndpointError, Queue, QueueOptions};
pub use read::{ReadAnswer, ReadFault, ReadLimits, ReadServer, ReadStream};
pub use receive::{ReceiveError, ReceiveLimits, Received, Receiver};
