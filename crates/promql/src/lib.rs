//! PromQL: parse, plan, evaluate. Knows no store; reads series through [`SeriesSource`].

pub mod source;

pub use source::{Hints, Samples, Selection, SeriesSet, SeriesSource, SourceError};
