//! Connections over HTTP: how many there may be, and how long one may say nothing.
//!
//! Descriptors are shared with the stores: whoever takes them all with connections would stop the log of writes from
//! being cut. So all ports together hold at most half of them; further clients wait to be accepted, as with
//! Prometheus. A connection that sends no whole head of a request, or whose other end is gone, is closed and gives
//! its place back. One of HTTP/2 may be idle as long as it answers.

use axum::Router;
use axum::http::Request;
use base::Clock;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use telemetry::Seldom;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tracing::{debug, warn};

/// The part of all descriptors that connections may take.
const SHARE: u64 = 2;
/// More are of no use to two dozen cores, and each costs some ten kilobytes.
const CONNECTIONS_MAX: u64 = 16_384;
/// A head has to be there in this time, and an idle connection of HTTP/1 is closed after it: Prometheus's
/// `web.read-timeout`.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// HTTP/2: a client is asked for a sign of life this often …
const PING_EVERY: Duration = Duration::from_secs(60);
/// … and has this long to give it.
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// After a connection could not be accepted: the descriptors that it lacked may be back.
const PAUSE: Duration = Duration::from_millis(200);

/// The places that the ports of this server share.
#[derive(Clone)]
pub struct Connections {
    places: Arc<Semaphore>,
    head_timeout: Duration,
    max: usize,
    full: Arc<Seldom>,
    refused: Arc<Seldom>,
    clock: Clock,
}

impl Connections {
    /// As many as there may be with so many descriptors.
    pub fn new(descriptors: u64, clock: &Clock) -> Connections {
        let max = (descriptors / SHARE).clamp(1, CONNECTIONS_MAX) as usize;
        Connections {
            places: Arc::new(Semaphore::new(max)),
            head_timeout: HEAD_TIMEOUT,
            max,
            full: Arc::default(),
            refused: Arc::default(),
            clock: clock.clone(),
        }
    }

    /// How many there may be.
    pub fn max(&self) -> usize {
        self.max
    }

    /// How many there are.
    pub fn open(&self) -> usize {
        self.max - self.places.available_permits()
    }

    /// Answers what comes to a port until it is told to stop, and what is under way then to its end.
    pub async fn serve(&self, listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
        let (alive, mut all_gone) = mpsc::channel::<Infallible>(1);
        loop {
            let (stream, place) = tokio::select! {
                accepted = self.accept(&listener) => accepted,
                () = stopped(&mut stop) => break,
            };
            let answering = self.answer(stream, router.clone(), stop.clone());
            let alive = alive.clone();
            tokio::spawn(async move {
                answering.await;
                drop((place, alive));
            });
        }
        drop((listener, alive));
        // Nothing is ever sent: it ends when the last connection has.
        all_gone.recv().await;
    }

    /// The next connection, and its place: no port holds one for a connection that is still to come.
    async fn accept(&self, listener: &TcpListener) -> (TcpStream, OwnedSemaphorePermit) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => return (stream, self.place().await),
                Err(error) => {
                    if let Some(before) = self.refused.due(&self.clock) {
                        warn!("a connection could not be accepted: {error} ({before} times before)");
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn place(&self) -> OwnedSemaphorePermit {
        if self.places.available_permits() == 0
            && let Some(before) = self.full.due(&self.clock)
        {
            let max = self.max;
            warn!(
                "{max} connections are open, which is as many as may be; others wait ({before} times before)"
            );
        }
        Arc::clone(&self.places).acquire_owned().await.expect("the places are never closed")
    }

    fn answer(
        &self,
        stream: TcpStream,
        router: Router,
        mut stop: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + use<> {
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(self.head_timeout);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_TIMEOUT);
        let head_timeout = self.head_timeout;
        async move {
            // Answers are written whole: to wait for more would only delay their last part.
            if let Err(error) = stream.set_nodelay(true) {
                debug!("a connection answers in larger steps: {error}");
            }
            let asked = Arc::new(AtomicBool::new(false));
            let asks = Arc::clone(&asked);
            let router = TowerToHyperService::new(router);
            let service = service_fn(move |request: Request<Incoming>| {
                asks.store(true, Ordering::Relaxed);
                router.call(request)
            });
            let mut connection = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                // Which version of HTTP it speaks is waited for without a limit.
                () = silence(&asked, head_timeout) => return debug!("a connection said nothing"),
                () = stopped(&mut stop) => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                debug!("a connection ended: {error}");
            }
        }
    }
}

/// Ends after so long without a request; never, when there was one.
async fn silence(asked: &AtomicBool, at_most: Duration) {
    tokio::time::sleep(at_most).await;
    if asked.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error is the sender gone, which is a stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

#[cfg(test)]
mod tests;
