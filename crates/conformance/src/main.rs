//! `conformance promql DIR|FILE…`: runs scripts, prints each failing case and, last, how many passed.
//! `conformance otlp DIR|FILE…`: reads OTLP requests in JSON, prints each file that fails and, last, how many passed.

use conformance::run::Report;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What to run on files, and how their names end.
struct Suite {
    ends: &'static str,
    run: fn(&Path, &str) -> Report,
}

const SUITES: [(&str, Suite); 2] =
    [("promql", Suite { ends: "test", run: promql }), ("otlp", Suite { ends: "json", run: otlp })];

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_default();
    let suite = SUITES.iter().find(|(known, _)| *known == name).map(|(_, suite)| suite);
    let paths: Vec<PathBuf> = args.map(PathBuf::from).collect();
    let (Some(suite), false) = (suite, paths.is_empty()) else {
        eprintln!("usage: conformance promql|otlp DIR|FILE...");
        return ExitCode::from(2);
    };
    let mut total = Report::default();
    for path in &paths {
        match run_path(suite, path) {
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

/// Runs a file, or every file of a directory that belongs to the suite.
fn run_path(suite: &Suite, path: &Path) -> std::io::Result<Report> {
    let files = if path.is_dir() {
        let mut files = base::disk::list(path)?;
        files.retain(|f| f.extension().is_some_and(|e| e == suite.ends));
        files
    } else {
        vec![path.to_owned()]
    };
    let mut total = Report::default();
    for file in files {
        let text = base::disk::read_to_string(&file)?;
        total.add((suite.run)(&file, &text));
    }
    Ok(total)
}

fn promql(file: &Path, text: &str) -> Report {
    conformance::run::run_script(&file.display().to_string(), text, &mut |line| println!("{line}"))
}

fn otlp(file: &Path, text: &str) -> Report {
    let mut report = Report::default();
    match conformance::otlp::run_file(text.as_bytes()) {
        Ok(()) => report.passed += 1,
        Err(why) => {
            println!("{}: {why}", file.display());
            report.failed += 1;
        }
    }
    report
}
