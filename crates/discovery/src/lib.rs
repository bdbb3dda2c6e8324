//! Finding what to scrape: targets in groups, kept up to date; and the HTTP client of everything that calls out.
//!
//! A discoverer runs as a task for as long as its configuration stands and hands over groups of targets, each with a
//! source; a group that comes without targets removes the one of the same source. The [`Manager`] keeps the last
//! groups of every discoverer and publishes them by job. A discoverer that fails keeps what it found last.
//!
//! Labels found here are those of Prometheus's documentation, name by name. Nothing here relabels or scrapes.

pub mod dns;
pub mod docker;
pub mod file;
pub mod group;
pub mod http;
pub mod http_sd;
pub mod kubernetes;
pub mod manager;
pub mod refresh;
pub mod swarm;

pub use group::TargetGroup;
pub use http::{HttpClient, HttpError, Request, Response};
pub use manager::{Manager, ProviderStatus, TargetSets};
