//! Runs what other projects have as tests against our engines: PromQL scripts, and files of OTLP ([`otlp`]).
//!
//! A script loads series, asks queries and says what must come out. [`script`] reads it, [`store`] holds what it
//! loads, [`run`] asks, [`compare`] judges. The language is that of Prometheus's own suite, so that its files run as
//! they are; ours are in `tests/promql/`.

pub mod classic;
pub mod compare;
pub mod expect;
pub mod otlp;
pub mod run;
pub mod script;
pub mod store;
