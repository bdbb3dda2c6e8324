//! PromQL: parse, plan, evaluate. Knows no store; reads series through [`SeriesSource`].

mod annotations;
pub mod ast;
pub mod durations;
pub mod engine;
mod eval;
pub mod functions;
mod lex;
mod limits;
pub mod number;
pub mod parse;
pub mod print;
pub mod quote;
pub mod source;
pub mod value;

pub use ast::Expr;
pub use engine::{
    Cancel, Engine, EngineOptions, ExplainNode, Query, QueryControl, QueryError, QueryResult, QueryStats,
    TimeRange,
};
pub use model::Samples;
pub use parse::series::{SequenceValue, parse_metric, parse_series};
pub use parse::{ParseError, ParseErrors, ParseOptions, parse, parse_selector};
pub use source::{Hints, Selection, SeriesSet, SeriesSource, SourceError};
pub use value::{Points, SampleValue, SeriesResult, Value, VectorSample};
