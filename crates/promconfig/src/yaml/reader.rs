//! The state of one reading: where we are, what was found wrong, and what sections must know of each other.

use super::node::SyntaxFault;
use super::{Kind, Node, scalar};
use crate::fault::{Fault, Notice};
use crate::global::GlobalConfig;
use crate::names::NameValidation;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Faults of one file. Nobody reads more, and a file made to fault a million times must not cost a million searches.
const FAULTS_MAX: usize = 1_000;

enum Step {
    Key(String),
    Index(usize),
}

/// Collects faults and knows the way to the field being read.
pub(crate) struct Reader {
    file: Arc<Path>,
    /// What relative paths are relative to.
    directory: PathBuf,
    way: Vec<Step>,
    pub faults: Vec<Fault>,
    pub notices: Vec<Notice>,
    /// The global section, once it is read: scrape jobs inherit from it.
    pub global: GlobalConfig,
    /// The rule for names in the section being read: relabel rules are checked by it.
    pub names: NameValidation,
    /// Fields that nobody knows are no fault: JSON files of targets, and rule files on request.
    pub ignore_unknown: bool,
    /// Where external labels get their variables.
    pub environment: Arc<dyn Fn(&str) -> Option<String> + Send + Sync>,
}

impl Reader {
    pub fn new(file: &Path) -> Reader {
        Reader {
            file: file.into(),
            directory: file.parent().unwrap_or(Path::new("")).to_owned(),
            way: Vec::new(),
            faults: Vec::new(),
            notices: Vec::new(),
            global: GlobalConfig::default(),
            names: NameValidation::default(),
            ignore_unknown: false,
            environment: Arc::new(|name| std::env::var(name).ok()),
        }
    }

    pub fn enter(&mut self, key: &str) {
        self.way.push(Step::Key(key.to_owned()));
    }

    pub fn enter_index(&mut self, index: usize) {
        self.way.push(Step::Index(index));
    }

    pub fn leave(&mut self) {
        self.way.pop();
    }

    /// `scrape_configs[0].tls_config`
    pub fn field(&self) -> String {
        let mut text = String::new();
        for step in &self.way {
            match step {
                Step::Key(key) if text.is_empty() => text.push_str(key),
                Step::Key(key) => {
                    text.push('.');
                    text.push_str(key);
                }
                Step::Index(index) => text.push_str(&format!("[{index}]")),
            }
        }
        text
    }

    /// The key nearest above, for messages about elements of a list.
    pub fn list_key(&self) -> &str {
        let key = self.way.iter().rev().find_map(|s| match s {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        });
        key.unwrap_or("")
    }

    /// The first key of the way: which top-level section is being read.
    pub fn top_key(&self) -> &str {
        match self.way.first() {
            Some(Step::Key(key)) => key,
            _ => "",
        }
    }

    pub fn fault(&mut self, node: &Node, reason: impl Into<String>) {
        let fault = Fault {
            file: Arc::clone(&self.file),
            line: node.line,
            column: node.column,
            field: self.field(),
            reason: reason.into(),
        };
        // An aliased node is read wherever it is used; one report is enough.
        if self.faults.len() < FAULTS_MAX && !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// What stops the reading of a whole file.
    pub fn syntax_fault(&self, syntax: &SyntaxFault) -> Fault {
        Fault {
            file: Arc::clone(&self.file),
            line: syntax.line,
            column: syntax.column,
            field: String::new(),
            reason: syntax.reason.clone(),
        }
    }

    pub fn notice(&mut self, node: &Node, text: impl Into<String>) {
        let field = self.field();
        self.notices.push(Notice { file: Arc::clone(&self.file), line: node.line, field, text: text.into() });
    }

    /// A repeated key is a fault wherever it stands.
    pub fn report_duplicates(&mut self, node: &Node) {
        let Kind::Map { duplicates, .. } = &node.kind else { return };
        for key in duplicates {
            let name = key.text_lossy();
            self.enter(&name);
            self.fault(key, format!("field {name} already set"));
            self.leave();
        }
    }

    /// The text of a scalar, whatever it looks like. Anything but a scalar is a fault.
    pub fn text(&mut self, node: &Node) -> Option<String> {
        match scalar::text(node) {
            Ok(text) => Some(text),
            Err(reason) => {
                self.fault(node, reason);
                None
            }
        }
    }

    /// A path of the file, relative to the file's directory.
    pub fn join(&self, path: &str) -> PathBuf {
        join_dir(&self.directory, path)
    }
}

/// Joins a relative, non-empty path to a directory and cleans `.` and `..` lexically.
pub(crate) fn join_dir(directory: &Path, path: &str) -> PathBuf {
    if path.is_empty() || path.starts_with('/') {
        return PathBuf::from(path);
    }
    let joined = directory.join(path);
    let mut clean = PathBuf::new();
    for part in joined.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                let can_pop = matches!(clean.components().next_back(), Some(std::path::Component::Normal(_)));
                if can_pop {
                    clean.pop();
                } else {
                    clean.push("..");
                }
            }
            other => clean.push(other),
        }
    }
    if clean.as_os_str().is_empty() {
        clean.push(".");
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_like_a_shell_would() {
        let join = |d: &str, p: &str| join_dir(Path::new(d), p).to_string_lossy().into_owned();
        assert_eq!(join("a/b", "c"), "a/b/c");
        assert_eq!(join("a/b", "../c/./d"), "a/c/d");
        assert_eq!(join("", "../c"), "../c");
        assert_eq!(join("a", "/c"), "/c");
        assert_eq!(join("a", ""), "");
    }
}
