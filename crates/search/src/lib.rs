//! The language of event search, and SQL, over the event store.
//!
//! ```text
//! text ── lang ──▶ tree ── compile ──▶ filter + what may be left out ── execute ──▶ answer
//! ```
//!
//! - [`lang`]: the search language, its errors and completions.
//! - [`ask`], [`answer`]: what can be asked and what is answered, as plain values.
//!
//! Everything here is synchronous work for a thread that may block; who calls decides how many at a time. It must not
//! know of HTTP, nor of how events are stored: it reads `events::scan`.

pub mod answer;
pub mod ask;
pub mod lang;
mod text;
