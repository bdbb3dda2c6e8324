//! What may not stand in a source file: too many lines, unfinished work, machines and hosts.

use crate::Finding;
use std::path::{Path, PathBuf};

/// The house style stops a file at 800 lines: past that it is two files.
const LINES_MAX: usize = 800;

/// Words that say "not done", and paths of one machine. Split, so that this file does not find itself.
const BANNED: [(&str, &str); 6] = [
    (concat!("todo", "!("), "unfinished work"),
    (concat!("unimplemented", "!("), "unfinished work"),
    (concat!("FIX", "ME"), "unfinished work"),
    (concat!("XX", "X"), "unfinished work"),
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/ro", "ot/"), "a path of one machine"),
];

/// Folders with our sources, and the endings that count.
const FOLDERS: [&str; 4] = ["crates", "web/src", "web/e2e", "tests/e2e"];
const ENDINGS: [&str; 6] = ["rs", "ts", "tsx", "mjs", "css", "toml"];
const SKIPPED: [&str; 3] = ["node_modules", "target", "dist"];

pub fn check(root: &Path) -> Vec<Finding> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        collect(&root.join(folder), &mut files);
    }
    files
        .iter()
        .flat_map(|path| {
            let place = path.strip_prefix(root).unwrap_or(path).display().to_string();
            let text = base::disk::read_to_string(path).unwrap_or_default();
            findings(&place, &text)
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for path in base::disk::list(folder).unwrap_or_default() {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if path.is_dir() && !SKIPPED.contains(&name) {
            collect(&path, files);
        } else if path.extension().and_then(|e| e.to_str()).is_some_and(|e| ENDINGS.contains(&e)) {
            files.push(path);
        }
    }
}

fn findings(place: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > LINES_MAX {
        found.push(Finding::new(place, format!("{lines} lines; {LINES_MAX} are the most")));
    }
    for (number, line) in (1..).zip(text.lines()) {
        for (word, why) in BANNED {
            if line.contains(word) {
                found.push(Finding::new(format!("{place}:{number}"), format!("{why}: {word}")));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_and_banned_words_are_found() {
        assert!(findings("a.rs", "fn main() {}\n").is_empty());
        assert_eq!(findings("a.rs", &"\n".repeat(LINES_MAX + 1)).len(), 1);
        let found = findings("a.rs", concat!("ok\n// FIX", "ME later\n"));
        assert_eq!(found[0].place, "a.rs:2");
    }
}
