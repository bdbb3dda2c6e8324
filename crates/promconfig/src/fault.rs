//! What is wrong with a file, and what is merely worth saying about it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One thing wrong with a configuration file. Prints as `file:line: field: why`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub file: Arc<Path>,
    /// From 1; 0 when the fault is of the file as a whole (it cannot be read).
    pub line: usize,
    /// From 1; 0 with line 0.
    pub column: usize,
    /// The way from the top to the field: `scrape_configs[0].tls_config.min_version`. Empty for the file itself.
    pub field: String,
    pub reason: String,
}

impl Fault {
    /// A fault of the file as a whole.
    pub fn of_file(file: impl Into<PathBuf>, reason: impl Into<String>) -> Fault {
        Fault { file: file.into().into(), line: 0, column: 0, field: String::new(), reason: reason.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if self.line > 0 {
            write!(f, "{}:", self.line)?;
        }
        if !self.field.is_empty() {
            write!(f, " {}:", self.field)?;
        }
        write!(f, " {}", self.reason)
    }
}
impl std::error::Error for Fault {}

/// Something a good file asks for that Pharos does not do, or does otherwise. Prints like a [`Fault`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub file: Arc<Path>,
    /// From 1.
    pub line: usize,
    pub field: String,
    pub text: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file.display(), self.line, self.field, self.text)
    }
}

/// The line something stands on, from 1. All lines are equal: what has only moved has not changed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line(pub usize);

impl PartialEq for Line {
    fn eq(&self, _: &Line) -> bool {
        true
    }
}
