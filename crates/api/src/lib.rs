//! HTTP: Prometheus's API and our own. The only crate that shapes answers and knows status codes.
//!
//! Handlers read parameters, ask a lower crate, and write the answer; they decide nothing. [`router`] is the whole of
//! it, a value that the server binds to its listeners.

mod app;
mod cors;
mod json;
mod meter;
mod params;
mod pharos;
mod prometheus;
mod reply;
mod uploads;

pub use app::{App, ConfigState, Control, Loaded, Notification, Notifications, Process};
pub use params::{parse_duration_ms, parse_time};
pub use uploads::Uploads;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use std::sync::Arc;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

/// A request body may be this long: a remote-write request of a sender with a large `max_samples_per_send`.
pub(crate) const BODY_BYTES_MAX: usize = 64 << 20;
/// Shorter answers are not worth compressing: they fit one packet.
const COMPRESS_BYTES_MIN: u16 = 1024;

/// Every route of the API. Paths that are not ours fall through to `fallback` (the screen).
pub fn router(app: Arc<App>, fallback: Router) -> Router {
    let meter = meter::Meter::new(&app.registry);
    let compress = SizeAbove::new(COMPRESS_BYTES_MIN)
        .and(NotForContentType::const_new("text/event-stream"))
        .and(NotForContentType::const_new("image/"));
    Router::new()
        .merge(prometheus::routes())
        .merge(pharos::routes())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(CompressionLayer::new().gzip(true).zstd(true).compress_when(compress))
        .layer(middleware::from_fn(cors::cors))
        .route_layer(middleware::from_fn_with_state((Arc::clone(&app), meter), meter::meter))
        .with_state(app)
        .fallback_service(fallback)
}
