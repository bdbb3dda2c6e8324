//! What is wrong with a query, and where.

use crate::ast::PosRange;
use std::fmt;

/// One fault in a query.
#[derive(Clone, Debug, PartialEq)]
pub struct ParseError {
    /// Without position.
    pub message: String,
    /// The bytes of the query that it is about.
    pub pos: PosRange,
    /// From 1; 0 when the query is empty.
    pub line: usize,
    /// In bytes, from 1; 0 when the query is empty.
    pub column: usize,
}

impl ParseError {
    pub(crate) fn new(message: String, pos: PosRange, input: &str) -> ParseError {
        let pos = PosRange::new(pos.start.min(input.len()), pos.end.min(input.len()));
        if input.is_empty() {
            return ParseError { message, pos, line: 0, column: 0 };
        }
        let before = &input.as_bytes()[..pos.start];
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        ParseError { message, pos, line, column: pos.start - line_start + 1 }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "unknown position: parse error: {}", self.message)
        } else {
            write!(f, "{}:{}: parse error: {}", self.line, self.column, self.message)
        }
    }
}
impl std::error::Error for ParseError {}

/// All faults found in a query, at least one, in the order they were found. Prints as the first.
#[derive(Clone, Debug, PartialEq)]
pub struct ParseErrors(pub Vec<ParseError>);

impl fmt::Display for ParseErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.first() {
            Some(first) => first.fmt(f),
            None => f.write_str("error contains no error message"),
        }
    }
}
impl std::error::Error for ParseErrors {}
