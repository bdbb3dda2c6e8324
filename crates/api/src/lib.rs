//! HTTP: Prometheus's API and our own. The only crate that shapes answers and knows status codes.
//!
//! Handlers read parameters, ask a lower crate, and write the answer; they decide nothing. [`router`] is the whole of
//! it, a value that the server binds to its listeners.

mod app;
mod cors;
mod grpc;
mod jaeger;
mod json;
mod meter;
mod otlp;
mod params;
mod pharos;
mod prometheus;
mod reply;
mod uploads;
mod zipkin;

pub use app::{App, ConfigState, Control, Intake, Loaded, Notification, Notifications, Process};
pub use params::{parse_duration_ms, parse_time};
pub use uploads::Uploads;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use std::sync::Arc;
use std::time::Duration;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::timeout::RequestBodyTimeoutLayer;

/// A request body may be this long: a remote-write request of a sender with a large `max_samples_per_send`.
pub(crate) const BODY_BYTES_MAX: usize = 64 << 20;
/// A body that stops coming for so long is given up: it holds memory for all that it announced.
const BODY_PAUSE_MAX: Duration = Duration::from_secs(60);
/// Shorter answers are not worth compressing: they fit one packet.
const COMPRESS_BYTES_MIN: u16 = 1024;

/// Every route of the API. Paths that are not ours fall through to `fallback` (the screen).
pub fn router(app: Arc<App>, fallback: Router) -> Router {
    let routes = Router::new()
        .merge(prometheus::routes())
        .merge(pharos::routes())
        .merge(otlp::routes())
        .merge(jaeger::grpc_routes())
        .nest("/jaeger", jaeger::routes())
        .nest("/zipkin", zipkin::routes());
    dressed(app, routes).fallback_service(fallback).layer(middleware::from_fn(grpc::unknown_calls))
}

/// The ports of the programs that are replaced: each has its protocol at the root.
pub struct Ports {
    /// 4317
    pub otlp_grpc: Router,
    /// 4318
    pub otlp_http: Router,
    /// 16686
    pub jaeger: Router,
    /// 16685
    pub jaeger_grpc: Router,
    /// 9411
    pub zipkin: Router,
    /// 5778
    pub sampling: Router,
}

/// What is answered on other ports than the main one. `jaeger_screen` has the paths of Jaeger's port that are not ours.
pub fn ports(app: &Arc<App>, jaeger_screen: Router) -> Ports {
    let with = |routes: Router<Arc<App>>, fallback: Router| {
        let dressed = dressed(Arc::clone(app), routes).fallback_service(fallback);
        dressed.layer(middleware::from_fn(grpc::unknown_calls))
    };
    let of = |routes| with(routes, Router::new());
    Ports {
        otlp_grpc: of(otlp::grpc_routes()),
        // Some SDKs are told one address for everything.
        otlp_http: of(otlp::routes()),
        jaeger: with(jaeger::routes().merge(jaeger::grpc_routes()), jaeger_screen),
        jaeger_grpc: of(jaeger::grpc_routes()),
        zipkin: of(zipkin::routes()),
        sampling: of(jaeger::sampling_routes()),
    }
}

/// Routes with what every request goes through.
fn dressed(app: Arc<App>, routes: Router<Arc<App>>) -> Router {
    let meter = meter::Meter::new(&app.registry);
    let compress = SizeAbove::new(COMPRESS_BYTES_MIN)
        .and(NotForContentType::GRPC)
        .and(NotForContentType::const_new("text/event-stream"))
        .and(NotForContentType::const_new("application/vnd.apache.arrow"))
        .and(NotForContentType::const_new("image/"));
    routes
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(RequestBodyTimeoutLayer::new(BODY_PAUSE_MAX))
        .layer(CompressionLayer::new().gzip(true).zstd(true).compress_when(compress))
        .layer(middleware::from_fn(cors::cors))
        .route_layer(middleware::from_fn_with_state((Arc::clone(&app), meter), meter::meter))
        .with_state(app)
}
