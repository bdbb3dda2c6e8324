//! PromQL: parse, plan, evaluate. Knows no store; reads series through [`SeriesSource`].

pub mod ast;
pub mod durations;
pub mod functions;
mod lex;
pub mod number;
pub mod parse;
pub mod print;
pub mod quote;
pub mod source;

pub use ast::Expr;
pub use model::Samples;
pub use parse::series::{SequenceValue, parse_metric, parse_series};
pub use parse::{ParseError, ParseErrors, ParseOptions, parse, parse_selector};
pub use source::{Hints, Selection, SeriesSet, SeriesSource, SourceError};
