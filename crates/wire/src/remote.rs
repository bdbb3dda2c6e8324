//! Remote write 1.0 and 2.0, both directions, and remote read.
//!
//! Sources: <https://prometheus.io/docs/specs/prw/remote_write_spec/>,
//! <https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/>, `prompb/{types,remote}.proto` and
//! `prompb/io/prometheus/write/v2/types.proto` of prometheus/prometheus.
//!
//! A request is read in one pass that lends a [`Series`] at a time and allocates nothing for it. A series comes with
//! a [`Series::key`]: 128 bits over its label bytes. A receiver that knows the key needs no labels; for one it does
//! not know, [`Series::labels`] reads and checks them.

pub mod encode;
pub mod histogram;
pub mod labels;
pub mod read;
pub mod request;
pub mod write_v1;
pub mod write_v2;

pub use encode::{TimeSeries, encode_v1, encode_v2};
pub use labels::SeriesError;
pub use request::{FamilyMetadata, Item, Message, Request, Sample, Scratch, Series};
