//! The tables.

use crate::corpus::Corpus;
use crate::events::ask::Asked;
use crate::queries;
use crate::system::{Kind, Usage};
use serde_json::Value;
use std::io;
use std::path::Path;
use std::time::Duration;

/// What one system did in one run.
pub struct Figures {
    pub kind: Kind,
    pub series: usize,
    pub samples: usize,
    pub idle: Usage,
    /// Share of a core.
    pub idle_cpu: f64,
    pub cpu_seconds: f64,
    pub wall: Duration,
    /// Peak resident memory over idle, while writing.
    pub peak_bytes: u64,
    /// The same, with the queries after.
    pub peak_with_queries_bytes: u64,
    /// Ascending, per dashboard query.
    pub latencies: Vec<Vec<Duration>>,
    pub restart: Duration,
    pub held: u64,
    pub lost: u64,
    pub snapshot_bytes: u64,
}

pub fn heading(corpus: &Corpus) {
    println!(
        "recorded node_exporter scrapes: {} hosts, {} series, {} samples\n",
        corpus.recording.hosts.len(),
        corpus.series_count(),
        corpus.recording.sample_count()
    );
}

pub fn write_table(all: &[Figures]) {
    println!("remote write 1.0, then queries, then kill -9");
    let per_sample = |f: &Figures| f.cpu_seconds * 1e6 / f.samples as f64;
    header(all);
    row(all, "CPU a sample, µs", per_sample, 3);
    row(all, "samples a second", |f| f.samples as f64 / f.wall.as_secs_f64(), 0);
    row(all, "idle memory, MB", |f| f.idle.rss_bytes as f64 / 1e6, 1);
    row(all, "idle CPU, % of a core", |f| f.idle_cpu * 100.0, 2);
    row(all, "memory a series (peak over idle), B", |f| f.peak_bytes as f64 / f.series as f64, 0);
    row(all, "the same with queries, B", |f| f.peak_with_queries_bytes as f64 / f.series as f64, 0);
    row(all, "bytes a sample at rest", |f| f.snapshot_bytes as f64 / f.samples as f64, 3);
    row(all, "restart after kill -9, s", |f| f.restart.as_secs_f64(), 3);
    row(all, "samples held before it", |f| f.held as f64, 0);
    row(all, "samples lost by it", |f| f.lost as f64, 0);
    println!("\ndashboard queries over the hour at 15 s, ms (p50 / p95)");
    for (i, (what, _)) in queries::DASHBOARD.iter().enumerate() {
        print!("  {what:<38}");
        for f in all {
            print!(
                "{:>18}",
                format!("{:.2} / {:.2}", ms(p(&f.latencies[i], 50)), ms(p(&f.latencies[i], 95)))
            );
        }
        println!();
    }
    let own = all.iter().find(|f| f.kind == Kind::Pharos);
    for other in all.iter().filter(|f| f.kind != Kind::Pharos) {
        let Some(own) = own else { continue };
        println!("\npharos against {}", other.kind.name());
        ratio("CPU a sample", per_sample(other) / per_sample(own));
        ratio("memory a series", other.peak_bytes as f64 / own.peak_bytes.max(1) as f64);
        ratio("bytes at rest", other.snapshot_bytes as f64 / own.snapshot_bytes.max(1) as f64);
        for percent in [50, 95] {
            let logs = other
                .latencies
                .iter()
                .zip(&own.latencies)
                .map(|(a, b)| (ms(p(a, percent)) / ms(p(b, percent))).ln());
            let mean = (logs.sum::<f64>() / own.latencies.len() as f64).exp();
            ratio(&format!("queries, geometric mean of p{percent}"), mean);
        }
    }
    println!();
}

pub fn scrape_table(all: &[Figures]) {
    println!("scrapes, one a second and host");
    header(all);
    row(all, "CPU a sample, µs", |f| f.cpu_seconds * 1e6 / f.samples.max(1) as f64, 3);
    row(all, "samples scraped", |f| f.samples as f64, 0);
    row(all, "memory a series (peak over idle), B", |f| f.peak_bytes as f64 / f.series as f64, 0);
    let cpu = |f: &Figures| f.cpu_seconds / f.samples.max(1) as f64;
    let own = all.iter().find(|f| f.kind == Kind::Pharos);
    for other in all.iter().filter(|f| f.kind != Kind::Pharos) {
        let Some(own) = own else { continue };
        println!("\npharos against {}", other.kind.name());
        ratio("CPU a scraped sample", cpu(other) / cpu(own));
        ratio("memory a series", other.peak_bytes as f64 / own.peak_bytes.max(1) as f64);
    }
    println!();
}

pub fn million(series: usize, samples: usize, used: &Usage) {
    println!("pharos with {series} active series, {samples} samples");
    println!("  {:<38}{:>18.0}", "peak memory, MB", used.peak_rss_bytes as f64 / 1e6);
    println!("  {:<38}{:>18.0}", "the same a series, B", used.peak_rss_bytes as f64 / series as f64);
    println!("  {:<38}{:>18.3}", "CPU a sample, µs", used.cpu_seconds * 1e6 / samples as f64);
    println!();
}

/// What was found out about events, beside the other engines.
pub fn events(own: &[Asked], others: &Value, files: &Path) -> io::Result<()> {
    println!("\nevents at rest, MB (bytes an event)");
    println!("  {:<44}{:>18}{:>18}{:>18}", "", "pharos", "clickhouse", "duckdb");
    for table in ["spans", "logs"] {
        let bytes = base::disk::tree_len(&files.join(table))? as f64;
        let of = |engine: &str, field: &str| others[engine]["tables"][table][field].as_f64();
        let rows = of("clickhouse", "rows").or_else(|| of("duckdb", "rows")).unwrap_or(f64::NAN);
        let cell = |bytes: Option<f64>| match bytes {
            Some(bytes) => format!("{:.0} ({:.1})", bytes / 1e6, bytes / rows),
            None => "-".to_owned(),
        };
        let (clickhouse, duckdb) = (of("clickhouse", "bytes"), of("duckdb", "bytes"));
        println!("  {table:<44}{:>18}{:>18}{:>18}", cell(Some(bytes)), cell(clickhouse), cell(duckdb));
    }
    println!("\nquestions, warm, ms (p50 / p95)");
    for asked in own {
        let of = |engine: &str| {
            let times = &others[engine]["questions"][asked.name];
            match (times["p50"].as_f64(), times["p95"].as_f64()) {
                (Some(p50), Some(p95)) => format!("{p50:.1} / {p95:.1}"),
                _ => "-".to_owned(),
            }
        };
        let own = format!("{:.1} / {:.1}", ms(p(&asked.times, 50)), ms(p(&asked.times, 95)));
        println!("  {:<44}{own:>18}{:>18}{:>18}", asked.name, of("clickhouse"), of("duckdb"));
    }
    println!();
    Ok(())
}

fn header(all: &[Figures]) {
    print!("  {:<38}", "");
    all.iter().for_each(|f| print!("{:>18}", f.kind.name()));
    println!();
}

fn row(all: &[Figures], what: &str, figure: impl Fn(&Figures) -> f64, decimals: usize) {
    print!("  {what:<38}");
    all.iter().for_each(|f| print!("{:>18.decimals$}", figure(f)));
    println!();
}

fn ratio(what: &str, times: f64) {
    println!("  {what:<38}{times:>17.2}×");
}

fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1e3
}

/// The value at a percentile of ascending values.
fn p(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}
