//! The search language: text ↔ tree.
//!
//! ```text
//! service:checkout severity>=error "connection reset" duration>500ms http.route:/cart/* -user.id:42 (a or b)
//! ```
//!
//! Terms side by side must all hold; `or`, `not` and parentheses do what they say. A term is free text (a word, a
//! phrase, a wildcard, a `/regular expression/`) or a test of a field. The tree says what was written and knows no
//! columns: which fields there are, and what a value means to one, is for `compile`.
//!
//! Limits keep a hostile query small: [`QUERY_BYTES_MAX`], [`NESTING_MAX`], [`TERMS_MAX`].

mod ast;
mod complete;
mod error;
mod lex;
mod parse;
mod print;
mod suggest;
mod value;

pub use ast::{
    At, Compare, Expr, Field, FieldScope, Literal, Pattern, PatternPart, Term, TermKind, Test, TextTest,
};
pub use complete::{Completion, CompletionKind, CompletionOption, KnownField, OPTIONS_MAX, complete};
pub use error::{QueryError, QueryWarning};
pub use parse::parse;
pub(crate) use print::print_field;
pub use print::quoted;
pub(crate) use suggest::closest;
pub use value::{Quantity, parse_time_ns};

/// A query is written by a person or put together by a page: 64 KiB is some thousand values of a list.
pub const QUERY_BYTES_MAX: usize = 64 << 10;
/// How deep parentheses and negations may nest. The parser takes about 1 KB of stack a level without optimisation,
/// what walks the tree less: 200 levels are 200 KB of the 2 MB of a thread.
pub const NESTING_MAX: usize = 200;
/// Terms of a query. Each is a pass over a column: 2,000 of them over 8,192 rows are 16 M comparisons a batch at worst.
pub const TERMS_MAX: usize = 2_000;
/// Regular expressions of a query. Each is compiled into 1 MiB at most, and a thread that searches with it has a lazy
/// automaton of 4 MiB at most: 20 × (1 + 2 × 4) = 180 MB at worst on two cores.
pub const REGEXES_MAX: usize = 20;
/// Bytes of one regular expression as written.
pub const REGEX_BYTES_MAX: usize = 4 << 10;

#[cfg(test)]
mod tests;
