//! Passwords and tokens: never printed.

use crate::yaml::{Node, Reader, Value, Yaml};
use std::fmt;

/// What stands in place of a secret wherever it is printed.
pub const MASK: &str = "<secret>";

/// A text that is never printed. Call [`Secret::expose`] to use it.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself: for the wire, for nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Value for Secret {
    const EMPTY_IS_NONE: bool = true;

    fn zero() -> Secret {
        Secret::default()
    }

    fn is_zero(&self) -> bool {
        self.is_empty()
    }

    fn read(&mut self, node: &Node, reader: &mut Reader) {
        if let Some(text) = reader.text(node) {
            *self = Secret(text);
        }
    }

    fn print(&self) -> Yaml {
        Yaml::Text(if self.is_empty() { String::new() } else { MASK.to_owned() })
    }
}
