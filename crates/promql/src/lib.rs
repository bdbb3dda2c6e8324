//! PromQL: parse, plan, evaluate. Knows no store; reads series through [`SeriesSource`].

pub mod source;

pub use model::Samples;
pub use source::{Hints, Selection, SeriesSet, SeriesSource, SourceError};
