//! PromQL: parse, plan, evaluate. Knows no store; reads series through [`SeriesSource`].

pub mod ast;
pub mod durations;
pub mod functions;
pub mod number;
pub mod source;

pub use ast::Expr;
pub use model::Samples;
pub use source::{Hints, Selection, SeriesSet, SeriesSource, SourceError};
