//! Answers: a question, a snapshot, and what the question may take.
//!
//! [`plan`] makes the query ready for the columns there are, [`sweep`] reads what may match on several threads; each
//! question is a module that says what a thread keeps of the rows that match and how the threads' parts come together.

pub(crate) mod columns;
pub(crate) mod context;
pub(crate) mod dependencies;
pub(crate) mod distinct;
pub(crate) mod events;
pub(crate) mod extents;
pub(crate) mod fields;
pub(crate) mod group;
pub(crate) mod histogram;
pub(crate) mod keys;
pub(crate) mod numbers;
pub(crate) mod patterns;
pub(crate) mod plan;
pub(crate) mod record;
pub(crate) mod services;
pub(crate) mod sketch;
pub(crate) mod spread;
pub(crate) mod sweep;
pub(crate) mod table;
pub(crate) mod tail;
pub(crate) mod template;
pub(crate) mod top;
pub(crate) mod trace;
pub(crate) mod traces;
