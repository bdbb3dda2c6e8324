//! YAML with positions, read into types and printed back.
//!
//! Text becomes a tree of marked nodes ([`node`]); a [`Value`] reads itself from a node and collects faults in the
//! [`Reader`], never stopping at the first; it prints itself as a [`Yaml`] tree. The `section!` macro declares the
//! fields of a mapping once and derives all of that.
//!
//! The rules are those of the YAML reader that Prometheus uses, in its strict mode: unknown and repeated keys are
//! faults, a scalar is text for a text field whatever it looks like, null gives the zero value and not the default.

#[macro_use]
pub(crate) mod fields;
pub(crate) mod node;
pub(crate) mod print;
pub(crate) mod reader;
pub(crate) mod scalar;
pub(crate) mod values;

pub(crate) use fields::{Fields, Section};
pub(crate) use node::{Kind, Node};
pub use print::Yaml;
pub(crate) use reader::Reader;
pub(crate) use values::{Value, read_value};
