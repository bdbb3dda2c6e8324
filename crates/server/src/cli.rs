//! The command line: verbs, flags, their defaults. What they mean is decided elsewhere.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// The observability stack of a team that runs web services, in one program.
#[derive(Parser)]
#[command(name = "pharos", version, about, long_about = None, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Subcommand)]
pub enum Verb {
    /// Start the server
    Serve(Box<ServeArgs>),
    /// Check files without starting anything
    Check {
        #[command(subcommand)]
        what: Check,
    },
    /// Ask a running server
    Query(QueryArgs),
}

#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Settings of Pharos itself; a flag given on the command line wins
    #[arg(long, value_name = "FILE", env = "PHAROS_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where everything is kept [default: ./pharos-data]
    #[arg(long, value_name = "DIR", env = "PHAROS_DATA")]
    pub data: Option<PathBuf>,
    /// Address of the screen and of every HTTP protocol [default: 127.0.0.1:9090]
    #[arg(long, value_name = "ADDR", env = "PHAROS_LISTEN", value_parser = address)]
    pub listen: Option<SocketAddr>,
    /// Open no other port
    #[arg(long, env = "PHAROS_SINGLE_PORT", num_args = 0..=1, default_missing_value = "true")]
    pub single_port: Option<bool>,
    /// Listen as well where the replaced programs do: 9411 (Zipkin), 16685 and 16686 (Jaeger), 5778 (sampling)
    #[arg(long, env = "PHAROS_DROP_IN", num_args = 0..=1, default_missing_value = "true")]
    pub drop_in: Option<bool>,
    /// Speak SQL over PostgreSQL's protocol on this address, such as 127.0.0.1:5432
    #[arg(long, value_name = "ADDR", env = "PHAROS_POSTGRES", value_parser = address)]
    pub postgres: Option<SocketAddr>,
    /// A file of Jaeger's sampling strategies, answered on 5778
    #[arg(long, value_name = "FILE", env = "PHAROS_SAMPLING_STRATEGIES")]
    pub sampling_strategies: Option<PathBuf>,
    /// Listen on an address that others can reach, though nobody has to log in
    #[arg(long, env = "PHAROS_INSECURE", num_args = 0..=1, default_missing_value = "true")]
    pub insecure: Option<bool>,
    /// A prometheus.yml: scrape targets and more; read again on SIGHUP and /-/reload
    #[arg(long, value_name = "FILE", env = "PHAROS_PROMETHEUS_CONFIG")]
    pub prometheus_config: Option<PathBuf>,
    /// Ceiling of memory, such as 2GB [default: half of what there is]
    #[arg(long, value_name = "SIZE", env = "PHAROS_MEMORY")]
    pub memory: Option<String>,
    /// Ceiling of the data directory, such as 100GB [default: 80 % of the disk]
    #[arg(long, value_name = "SIZE", env = "PHAROS_DISK")]
    pub disk: Option<String>,
    /// How long metrics are kept [default: 15d]
    #[arg(long, value_name = "DURATION", env = "PHAROS_RETENTION_METRICS")]
    pub retention_metrics: Option<String>,
    /// How long logs are kept [default: 30d]
    #[arg(long, value_name = "DURATION", env = "PHAROS_RETENTION_LOGS")]
    pub retention_logs: Option<String>,
    /// How long spans are kept [default: 14d]
    #[arg(long, value_name = "DURATION", env = "PHAROS_RETENTION_TRACES")]
    pub retention_traces: Option<String>,
    /// How long errors are kept [default: 90d]
    #[arg(long, value_name = "DURATION", env = "PHAROS_RETENTION_ERRORS")]
    pub retention_errors: Option<String>,
    /// A query that takes longer is ended [default: 2m]
    #[arg(long, value_name = "DURATION", env = "PHAROS_QUERY_TIMEOUT")]
    pub query_timeout: Option<String>,
    /// Samples that one query may hold in memory [default: 50000000]
    #[arg(long, value_name = "COUNT", env = "PHAROS_QUERY_MAX_SAMPLES")]
    pub query_max_samples: Option<usize>,
    /// Queries that run at the same time [default: 20]
    #[arg(long, value_name = "COUNT", env = "PHAROS_QUERY_MAX_CONCURRENCY")]
    pub query_max_concurrency: Option<usize>,
    /// How far back an instant query looks for the last sample [default: 5m]
    #[arg(long, value_name = "DURATION", env = "PHAROS_QUERY_LOOKBACK_DELTA")]
    pub query_lookback_delta: Option<String>,
    /// How much is logged: error, warn, info, debug, trace [default: info]
    #[arg(long, value_name = "LEVEL", env = "PHAROS_LOG")]
    pub log: Option<String>,
}

/// `127.0.0.1:9090`, or `:9090` for every address, as Prometheus takes it.
fn address(text: &str) -> Result<SocketAddr, String> {
    let whole = if text.starts_with(':') {
        format!("0.0.0.0{text}")
    } else {
        text.replace("localhost:", "127.0.0.1:")
    };
    whole.parse().map_err(|_| "not an address such as 127.0.0.1:9090".to_owned())
}

#[derive(Subcommand)]
pub enum Check {
    /// Check prometheus.yml files and what they name
    Config {
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Check rule files
    Rules {
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Check an exposition read from standard input: `curl -s host:9100/metrics | pharos check metrics`
    Metrics {
        /// Read these files instead
        files: Vec<PathBuf>,
    },
}

#[derive(Args)]
pub struct QueryArgs {
    /// The server to ask
    #[arg(long, global = true, default_value = "http://127.0.0.1:9090", env = "PHAROS_URL")]
    pub server: String,
    /// How the answer is printed
    #[arg(short = 'o', long, global = true, value_enum, default_value_t = Format::Promql)]
    pub format: Format,
    #[command(subcommand)]
    pub what: Query,
}

#[derive(Clone, Copy, ValueEnum, PartialEq, Eq, Debug)]
pub enum Format {
    Promql,
    Json,
}

#[derive(Subcommand)]
pub enum Query {
    /// The value of an expression at one time
    Instant {
        expr: String,
        /// Unix seconds or RFC 3339 [default: now]
        #[arg(long)]
        time: Option<String>,
    },
    /// The values of an expression over a time
    Range {
        expr: String,
        /// Unix seconds or RFC 3339 [default: an hour before the end]
        #[arg(long)]
        start: Option<String>,
        /// Unix seconds or RFC 3339 [default: now]
        #[arg(long)]
        end: Option<String>,
        /// Such as 15s [default: what gives 250 points]
        #[arg(long)]
        step: Option<String>,
    },
    /// The series that match selectors
    Series {
        /// Selectors such as `up{job="api"}`
        #[arg(required = true, value_name = "SELECTOR")]
        matches: Vec<String>,
        #[arg(long)]
        start: Option<String>,
        #[arg(long)]
        end: Option<String>,
    },
    /// The values of a label
    Labels {
        name: String,
        /// Only of series that match
        #[arg(long = "match", value_name = "SELECTOR")]
        matches: Vec<String>,
        #[arg(long)]
        start: Option<String>,
        #[arg(long)]
        end: Option<String>,
    },
}
