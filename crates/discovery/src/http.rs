//! The HTTP client of everything that calls out: scraping, discovery, remote write.
//!
//! It does what Prometheus's `<http_config>` says: basic auth, other authorization, OAuth 2 client credentials, TLS
//! with own certificates, proxies, redirects, extra headers. Files named there (passwords, tokens, certificates) are
//! read again when they change, without a restart. Connections are kept and shared by all clones of one client.
//!
//! It does not decide what a status code means, retries nothing, and has no timeout of its own: the caller wraps
//! what it awaits. Nothing here writes a secret to a log or an error.

mod answer;
mod auth;
mod body;
mod connect;
mod proxy;
mod repeated;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod tls;

pub use body::{Body, decode};
pub use connect::ConnectError;
pub use repeated::{Repeated, Whole};

use auth::Auth;
use base::Clock;
use bytes::Bytes;
use connect::{Connector, Dial};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as Hyper;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use parking_lot::Mutex;
use promconfig::HttpClientConfig;
use proxy::Proxies;
use std::error::Error as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Redirects followed before giving up: as Go's client.
const REDIRECTS_MAX: usize = 10;
/// A connection nobody used for so long is closed: as Prometheus.
const IDLE_MAX: Duration = Duration::from_secs(5 * 60);
/// What the client calls itself unless the request says otherwise.
pub const USER_AGENT: &str = concat!("Pharos/", env!("CARGO_PKG_VERSION"));

/// A client for one `<http_config>`. Clones share connections, tokens and files read.
#[derive(Clone)]
pub struct HttpClient(Arc<Inner>);

struct Inner {
    config: HttpClientConfig,
    dial: Dial,
    auth: Auth,
    proxies: Arc<Proxies>,
    transport: Mutex<Transport>,
}

/// The connections made with one state of the certificate files.
struct Transport {
    files: tls::FilesState,
    hyper: Hyper<Connector, Full<Bytes>>,
}

/// What to ask.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    pub fn get(url: Url) -> Request {
        Request { method: Method::GET, url, headers: HeaderMap::new(), body: Bytes::new() }
    }

    pub fn post(url: Url, content_type: &'static str, body: impl Into<Bytes>) -> Request {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Request { method: Method::POST, url, headers, body: body.into() }
    }

    /// Adds a header; one with characters that no header may have is an error.
    pub fn header(mut self, name: &str, value: &str) -> Result<Request, HttpError> {
        let name = HeaderName::try_from(name).map_err(|_| HttpError::Header(name.to_owned()))?;
        let value = HeaderValue::try_from(value).map_err(|_| HttpError::Header(name.to_string()))?;
        self.headers.append(name, value);
        Ok(self)
    }
}

/// The head of an answer, and its body still to be read.
#[derive(Debug)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// After redirects.
    pub url: Url,
    body: Incoming,
}

impl Response {
    /// A header's value, `""` when it is absent or not text.
    pub fn header(&self, name: HeaderName) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
    }

    /// The next piece of the body, as it comes; `None` at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(e)) => return Err(HttpError::Body(reason(&e))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// The whole body as it came over the wire, unless it has `limit_bytes` or more.
    pub async fn read(self, limit_bytes: u64) -> Result<Vec<u8>, HttpError> {
        let mut whole = Vec::new();
        self.read_into(&mut whole, limit_bytes).await?;
        Ok(whole)
    }

    async fn read_into(mut self, whole: &mut Vec<u8>, limit_bytes: u64) -> Result<(), HttpError> {
        let expected =
            self.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
        if expected.is_some_and(|n| n >= limit_bytes) {
            return Err(HttpError::BodyTooLarge { limit_bytes });
        }
        whole.reserve(expected.unwrap_or(0).min(body::RESERVE_BYTES_MAX) as usize);
        while let Some(chunk) = self.chunk().await? {
            if (whole.len() + chunk.len()) as u64 >= limit_bytes {
                return Err(HttpError::BodyTooLarge { limit_bytes });
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(())
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("invalid URL: {0}")]
    Url(String),
    #[error("invalid header {0:?}")]
    Header(String),
    /// A file that a password, token or certificate should come from, or the token endpoint.
    #[error("{0}")]
    Credentials(String),
    /// The TLS settings make no sense or their files cannot be read.
    #[error("TLS settings: {0}")]
    TlsConfig(String),
    #[error("proxy: {0}")]
    ProxyConfig(String),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The connection broke, or what came back is not HTTP.
    #[error("{0}")]
    Protocol(String),
    #[error("stopped after {REDIRECTS_MAX} redirects")]
    Redirects,
    /// The body ended early or is not what its encoding says.
    #[error("{0}")]
    Body(String),
    #[error("body size limit exceeded")]
    BodyTooLarge { limit_bytes: u64 },
    /// Given by callers that wait only so long.
    #[error("context deadline exceeded")]
    Timeout,
}

impl HttpClient {
    pub fn new(config: &HttpClientConfig, clock: &Clock) -> Result<HttpClient, HttpError> {
        HttpClient::with_dial(config, clock, Dial::Tcp)
    }

    /// A client whose every connection goes to a Unix socket, whatever the URL says.
    pub fn over_unix_socket(
        path: PathBuf,
        config: &HttpClientConfig,
        clock: &Clock,
    ) -> Result<HttpClient, HttpError> {
        HttpClient::with_dial(config, clock, Dial::Unix(path))
    }

    fn with_dial(config: &HttpClientConfig, clock: &Clock, dial: Dial) -> Result<HttpClient, HttpError> {
        let auth = Auth::new(config, clock)?;
        // Certificate files that are missing now may be there at the first request: only a bad file is an error.
        let files = tls::FilesState::read(&config.tls_config);
        let proxies = Arc::new(Proxies::new(&config.proxy)?);
        let connector = Connector::new(config, dial.clone(), Arc::clone(&proxies))?;
        let transport = Mutex::new(Transport { files, hyper: hyper_client(connector, config) });
        Ok(HttpClient(Arc::new(Inner { config: config.clone(), dial, auth, proxies, transport })))
    }

    /// Sends a request and waits for the head of the answer, following redirects if the settings say so.
    pub async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let origin = request.url.clone();
        let mut request = request;
        for _ in 0..=REDIRECTS_MAX {
            let mut response = self.send_once(&request, same_host(&origin, &request.url)).await?;
            if !self.0.config.follow_redirects || !response.status.is_redirection() {
                return Ok(response);
            }
            let location = response.header(header::LOCATION);
            if location.is_empty() || response.status == StatusCode::NOT_MODIFIED {
                return Ok(response);
            }
            let url = request
                .url
                .join(location)
                .map_err(|e| HttpError::Url(format!("redirect to {location:?}: {e}")))?;
            // RFC 9110, section 15.4: 307 and 308 repeat the request, the others ask anew.
            let repeats = matches!(response.status.as_u16(), 307 | 308);
            if !repeats && request.method != Method::HEAD {
                request.method = Method::GET;
                request.body = Bytes::new();
                request.headers.remove(header::CONTENT_TYPE);
            }
            request.url = url;
            // The rest of a small body is read so that its connection can be used again.
            let _ = response.chunk().await;
        }
        Err(HttpError::Redirects)
    }

    async fn send_once(&self, request: &Request, with_credentials: bool) -> Result<Response, HttpError> {
        let url = &request.url;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(HttpError::Url(format!("unsupported protocol scheme {:?}", url.scheme())));
        }
        let mut hyper_request = http::Request::new(Full::new(request.body.clone()));
        *hyper_request.method_mut() = request.method.clone();
        *hyper_request.uri_mut() = url.as_str().parse().map_err(|e| HttpError::Url(format!("{url}: {e}")))?;
        let headers = hyper_request.headers_mut();
        *headers = self.headers(request, with_credentials).await?;
        if let Some(value) = self.0.proxies.plain_authorization(url) {
            headers.insert(header::PROXY_AUTHORIZATION, value);
        }
        let hyper = self.transport()?;
        let response = hyper.request(hyper_request).await.map_err(|e| from_hyper(&e))?;
        let (head, body) = response.into_parts();
        Ok(Response { status: head.status, headers: head.headers, url: url.clone(), body })
    }

    /// The fields of a request: its own, and those of the configuration.
    async fn headers(&self, request: &Request, with_credentials: bool) -> Result<HeaderMap, HttpError> {
        let mut headers = request.headers.clone();
        if !headers.contains_key(header::USER_AGENT) {
            headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        }
        self.0.auth.add_headers(&mut headers)?;
        let wanted = with_credentials && !headers.contains_key(header::AUTHORIZATION);
        if wanted && let Some(value) = self.0.auth.authorization().await? {
            headers.insert(header::AUTHORIZATION, value);
        }
        Ok(headers)
    }

    /// [`HttpClient::send`] and [`Response::read`] within a time, the body decoded: for answers of moderate size.
    pub async fn fetch(
        &self,
        request: Request,
        timeout: Duration,
        limit_bytes: u64,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), HttpError> {
        let work = async {
            let response = self.send(request).await?;
            let (status, headers) = (response.status, response.headers.clone());
            let encoding = response.header(header::CONTENT_ENCODING).to_owned();
            let raw = response.read(limit_bytes).await?;
            Ok((status, headers, decode(raw.into(), &encoding, limit_bytes)?.into_bytes()))
        };
        tokio::time::timeout(timeout, work).await.unwrap_or(Err(HttpError::Timeout))
    }

    /// The connections to use: new ones when certificate files have changed.
    fn transport(&self) -> Result<Hyper<Connector, Full<Bytes>>, HttpError> {
        let inner = &*self.0;
        let files = tls::FilesState::read(&inner.config.tls_config);
        let mut transport = inner.transport.lock();
        if transport.files != files {
            let connector = Connector::new(&inner.config, inner.dial.clone(), Arc::clone(&inner.proxies))?;
            *transport = Transport { files, hyper: hyper_client(connector, &inner.config) };
        }
        Ok(transport.hyper.clone())
    }
}

fn hyper_client(connector: Connector, config: &HttpClientConfig) -> Hyper<Connector, Full<Bytes>> {
    let mut builder = Hyper::builder(TokioExecutor::new());
    builder.pool_timer(TokioTimer::new()).timer(TokioTimer::new()).pool_idle_timeout(IDLE_MAX);
    if config.enable_http2 {
        builder.http2_adaptive_window(true);
    }
    builder.build(connector)
}

/// Credentials follow a redirect only within the host they were meant for, and never from TLS to plain text.
fn same_host(a: &Url, b: &Url) -> bool {
    let downgrade = a.scheme() == "https" && b.scheme() == "http";
    a.host_str() == b.host_str() && a.port_or_known_default() == b.port_or_known_default() && !downgrade
        || (a.host_str() == b.host_str() && a.scheme() == "http" && b.scheme() == "https")
}

/// Takes our own error out of the one that carries it, or says what went wrong in one line.
fn from_hyper(error: &hyper_util::client::legacy::Error) -> HttpError {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(connect) = inner.downcast_ref::<ConnectError>() {
            return HttpError::Connect(connect.clone());
        }
        source = inner.source();
    }
    HttpError::Protocol(reason(error))
}

/// The innermost reason of an error: the outer ones only say who was asking.
fn reason(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    let outer = error.to_string();
    let text = inner.to_string();
    if outer.contains(&text) { outer } else { format!("{outer}: {text}") }
}
