//! `cargo xtask tidy`: the rules of the house that no lint knows, as a check that fails.
//!
//! Each rule lives in a module of its own and returns findings: a path, a line, and what is wrong.

mod layers;
mod map;
mod text;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Something that breaks a rule.
#[derive(Debug, PartialEq)]
pub struct Finding {
    pub place: String,
    pub wrong: String,
}

impl Finding {
    pub fn new(place: impl Into<String>, wrong: impl Into<String>) -> Finding {
        Finding { place: place.into(), wrong: wrong.into() }
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => tidy(&root()),
        _ => {
            eprintln!(
                "cargo xtask tidy    checks layers, the map in ARCHITECTURE.md, file sizes and banned words"
            );
            ExitCode::from(2)
        }
    }
}

/// The workspace's folder: two above this crate.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("crates/xtask lies in a workspace")
        .to_owned()
}

fn tidy(root: &Path) -> ExitCode {
    let mut findings = Vec::new();
    findings.extend(layers::check(root));
    findings.extend(map::check(root));
    findings.extend(text::check(root));
    for finding in &findings {
        eprintln!("{}: {}", finding.place, finding.wrong);
    }
    if findings.is_empty() {
        println!("tidy");
        return ExitCode::SUCCESS;
    }
    eprintln!("{} findings", findings.len());
    ExitCode::FAILURE
}
