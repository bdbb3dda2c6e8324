//! `conformance promql DIR|FILE…`: runs scripts, prints each failing case and, last, how many passed.

use conformance::run::Report;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let paths: Vec<PathBuf> = match args.next().as_deref() {
        Some("promql") => args.map(PathBuf::from).collect(),
        _ => Vec::new(),
    };
    if paths.is_empty() {
        eprintln!("usage: conformance promql DIR|FILE...");
        return ExitCode::from(2);
    }
    let mut total = Report::default();
    for path in &paths {
        match run_path(path) {
            Ok(report) => total.add(report),
            Err(e) => {
                eprintln!("{}: {e}", path.display());
                return ExitCode::from(2);
            }
        }
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a script, or every `.test` file of a directory.
fn run_path(path: &Path) -> std::io::Result<Report> {
    let files = if path.is_dir() {
        let mut files = base::disk::list(path)?;
        files.retain(|f| f.extension().is_some_and(|e| e == "test"));
        files
    } else {
        vec![path.to_owned()]
    };
    let mut total = Report::default();
    for file in files {
        let text = base::disk::read_to_string(&file)?;
        total.add(conformance::run::run_script(&file.display().to_string(), &text, &mut |line| {
            println!("{line}")
        }));
    }
    Ok(total)
}
