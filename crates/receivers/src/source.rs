//! By which door telemetry came in.

/// A door. Its name is the label `receiver` of our own metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    OtlpGrpc,
    OtlpHttp,
    /// Prometheus's OTLP endpoint, `/api/v1/otlp/v1/metrics`.
    PrometheusOtlp,
    Zipkin,
    Jaeger,
    /// What Pharos says about itself.
    Own,
}

impl Source {
    pub const ALL: [Source; 6] = [
        Source::OtlpGrpc,
        Source::OtlpHttp,
        Source::PrometheusOtlp,
        Source::Zipkin,
        Source::Jaeger,
        Source::Own,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Source::OtlpGrpc => "otlp_grpc",
            Source::OtlpHttp => "otlp_http",
            Source::PrometheusOtlp => "prometheus_otlp",
            Source::Zipkin => "zipkin",
            Source::Jaeger => "jaeger",
            Source::Own => "own",
        }
    }
}

/// What kind of telemetry it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    Traces,
    Logs,
    Metrics,
}

impl Signal {
    pub const ALL: [Signal; 3] = [Signal::Traces, Signal::Logs, Signal::Metrics];

    pub fn name(self) -> &'static str {
        match self {
            Signal::Traces => "traces",
            Signal::Logs => "logs",
            Signal::Metrics => "metrics",
        }
    }

    /// What one of it is called in messages.
    pub fn item(self) -> &'static str {
        match self {
            Signal::Traces => "span",
            Signal::Logs => "log record",
            Signal::Metrics => "data point",
        }
    }
}
