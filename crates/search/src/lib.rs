//! The language of event search, and SQL, over the event store.
//!
//! ```text
//! text ── lang ──▶ tree ── compile ──▶ filter + what may be left out ── execute ──▶ answer
//! ```
//!
//! - [`lang`]: the search language, its errors and completions.
//! - [`ask`], [`answer`]: what can be asked and what is answered, as plain values.
//! - [`Search`]: the façade; [`TailFilter`]: the same language on events as they arrive.
//!
//! Everything here is synchronous work for a thread that may block; who calls decides how many at a time. It must not
//! know of HTTP, nor of how events are stored: it reads `events::scan`.

pub mod answer;
pub mod ask;
mod check;
mod compile;
mod eval;
mod execute;
mod guard;
pub mod lang;
mod search;
pub mod sql;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod text;

pub use execute::tail::TailFilter;
pub use search::Search;
