//! Reads real scrape bodies from beside the checkout, or from `PHAROS_CONFORMANCE`; says so when there are none.

use base::disk;
use std::path::PathBuf;
use wire::exposition::{Entry, Options, Parser, Protocol};

fn folder() -> Option<PathBuf> {
    let root = std::env::var_os("PHAROS_CONFORMANCE")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"));
    let folder = root.join("exposition");
    disk::exists(&folder).then_some(folder)
}

/// Families (TYPE lines) and samples of a body.
fn count(body: &[u8], protocol: Protocol, options: Options) -> (usize, usize) {
    let mut parser = Parser::new(body, protocol, options);
    let (mut families, mut samples) = (0, 0);
    while let Some(entry) = parser.next().unwrap_or_else(|e| panic!("line {}: {e}", e.line)) {
        match entry {
            Entry::Type { .. } => families += 1,
            Entry::Series(series) => {
                assert!(!series.labels().unwrap().metric_name().is_empty());
                samples += 1;
            }
            Entry::Histogram(_) => samples += 1,
            _ => {}
        }
    }
    (families, samples)
}

#[test]
fn real_bodies_are_read_whole() {
    let Some(folder) = folder() else {
        println!("skipped: no conformance data beside the checkout (set PHAROS_CONFORMANCE)");
        return;
    };
    let mut read = 0;
    for path in disk::list(&folder).unwrap() {
        let body = disk::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let protocol = match name {
            _ if name.ends_with(".om.txt") => Protocol::OpenMetricsText1_0_0,
            _ if name.ends_with(".prom.txt") => Protocol::PrometheusText0_0_4,
            _ => continue,
        };
        let lines = String::from_utf8(body.clone()).unwrap();
        let samples_want = lines.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).count();
        let families_want = lines.lines().filter(|l| l.starts_with("# TYPE")).count();
        assert_eq!(count(&body, protocol, Options::default()), (families_want, samples_want), "{name}");
        let converting = Options { convert_classic_histograms: true, ..Options::default() };
        assert!(count(&body, protocol, converting).1 <= samples_want, "{name}");
        read += 1;
    }
    println!("{read} bodies read");
}
