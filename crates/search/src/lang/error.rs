//! What is wrong with a query, where, and what would be right.

use super::At;
use std::fmt;

/// A fault in a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// Without position.
    pub message: String,
    /// The bytes of the query that it is about.
    pub start: usize,
    pub end: usize,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What would be right, when that can be guessed.
    pub hint: Option<String>,
}

/// Something that a query says and that has no effect, or another one than expected. The query runs.
pub type QueryWarning = String;

impl QueryError {
    pub(crate) fn new(query: &str, at: At, message: impl Into<String>) -> QueryError {
        let start = floor(query, at.start as usize);
        let end = floor(query, at.end as usize).max(start);
        let before = &query[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        QueryError {
            message: message.into(),
            start,
            end,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> QueryError {
        self.hint = Some(hint.into());
        self
    }
}

/// The start of the character that a byte belongs to.
fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}
impl std::error::Error for QueryError {}
