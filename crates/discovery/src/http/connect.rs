//! Connections: name → address → socket, through a proxy if one is set, with TLS if the URL says so.

use super::proxy::{self, Proxies};
use super::{HttpError, tls};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use http::Uri;
use http::header::{self, HeaderMap};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use promconfig::HttpClientConfig;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use url::Url;

/// An address that has not answered for so long gets company: the next one is tried beside it
/// (RFC 8305, section 5, says 250 ms; Go 300 ms).
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(300);
/// The answer to CONNECT: a status line and a few headers.
const CONNECT_ANSWER_BYTES_MAX: usize = 16 << 10;

/// Why there is no connection.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("lookup {host}: {reason}")]
    Lookup { host: String, reason: String },
    #[error("dial {address}: {reason}")]
    Dial { address: String, reason: String, refused: bool },
    /// `unknown_authority` when the server's certificate is signed by nobody we trust.
    #[error("tls: {reason}")]
    Tls { reason: String, unknown_authority: bool },
    #[error("proxy {proxy}: {reason}")]
    Proxy { proxy: String, reason: String },
}

/// Where connections really go.
#[derive(Clone, Debug)]
pub enum Dial {
    /// Where the URL says.
    Tcp,
    Unix(PathBuf),
}

/// Makes connections for `hyper`. Cheap to clone.
#[derive(Clone)]
pub struct Connector(Arc<Shared>);

struct Shared {
    dial: Dial,
    tls: Arc<ClientConfig>,
    /// For a proxy reached over TLS: the same trust, no choice of protocol.
    proxy_tls: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
    proxies: Arc<Proxies>,
}

impl Connector {
    pub fn new(config: &HttpClientConfig, dial: Dial, proxies: Arc<Proxies>) -> Result<Connector, HttpError> {
        let proxy_tls = tls::client_config(&config.tls_config)?;
        let mut tls = proxy_tls.clone();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        if config.enable_http2 {
            tls.alpn_protocols.insert(0, b"h2".to_vec());
        }
        let server_name = tls::server_name(&config.tls_config)?;
        let shared =
            Shared { dial, tls: Arc::new(tls), proxy_tls: Arc::new(proxy_tls), server_name, proxies };
        Ok(Connector(Arc::new(shared)))
    }
}

impl tower::Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let shared = Arc::clone(&self.0);
        Box::pin(async move { shared.connect(&uri).await })
    }
}

impl Shared {
    async fn connect(&self, uri: &Uri) -> Result<Stream, ConnectError> {
        let https = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or("").trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        if let Dial::Unix(path) = &self.dial {
            let stream =
                UnixStream::connect(path).await.map_err(|e| dial_error(&path.to_string_lossy(), &e))?;
            return Ok(Stream::new(Box::new(stream)));
        }
        let Some(proxy) = self.proxies.choose(https, &host, port) else {
            let tcp = dial_tcp(&host, port).await?;
            return if https {
                self.handshake(Box::new(tcp), &host).await
            } else {
                Ok(Stream::new(Box::new(tcp)))
            };
        };
        let io = self.dial_proxy(proxy).await?;
        if https {
            let io = tunnel(io, proxy, &host, port, &self.proxies.connect_headers).await?;
            return self.handshake(io, &host).await;
        }
        let mut stream = Stream::new(io);
        stream.through_proxy = true;
        Ok(stream)
    }

    async fn dial_proxy(&self, proxy: &Url) -> Result<Box<dyn Io>, ConnectError> {
        let fail = |e: ConnectError| ConnectError::Proxy { proxy: shown(proxy), reason: e.to_string() };
        let host = proxy.host_str().unwrap_or("").trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = proxy.port_or_known_default().unwrap_or(80);
        let tcp = dial_tcp(&host, port).await.map_err(fail)?;
        if proxy.scheme() != "https" {
            return Ok(Box::new(tcp));
        }
        let name = ServerName::try_from(host.clone()).map_err(|_| fail(bad_name(&host)))?;
        let connector = TlsConnector::from(Arc::clone(&self.proxy_tls));
        let stream = connector.connect(name, tcp).await.map_err(|e| fail(tls_error(&e)))?;
        Ok(Box::new(stream))
    }

    async fn handshake(&self, io: Box<dyn Io>, host: &str) -> Result<Stream, ConnectError> {
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => ServerName::try_from(host.to_owned()).map_err(|_| bad_name(host))?,
        };
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let tls = connector.connect(name, io).await.map_err(|e| tls_error(&e))?;
        let h2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
        let mut stream = Stream::new(Box::new(tls));
        stream.h2 = h2;
        Ok(stream)
    }
}

/// Tries the addresses of a host, a late one beside the next; the first connection wins.
pub async fn dial_tcp(host: &str, port: u16) -> Result<TcpStream, ConnectError> {
    let lookup = |reason: String| ConnectError::Lookup { host: host.to_owned(), reason };
    let addresses: Vec<SocketAddr> =
        tokio::net::lookup_host((host, port)).await.map_err(|e| lookup(lookup_reason(&e)))?.collect();
    let mut waiting = addresses.into_iter();
    let mut tries = FuturesUnordered::new();
    let mut first_error = None;
    loop {
        let more = match waiting.next() {
            Some(address) => {
                tries.push(async move { (address, TcpStream::connect(address).await) });
                waiting.len() > 0
            }
            None => false,
        };
        if tries.is_empty() {
            return Err(first_error.unwrap_or_else(|| lookup("no such host".to_owned())));
        }
        let next = tries.next();
        let outcome = if more {
            tokio::time::timeout(NEXT_ADDRESS_AFTER, next).await.unwrap_or(None)
        } else {
            next.await
        };
        match outcome {
            Some((_, Ok(stream))) => {
                // Requests are small: do not wait for more to send.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Some((address, Err(e))) => {
                first_error.get_or_insert(dial_error(&format!("tcp {address}"), &e));
            }
            None => {}
        }
    }
}

/// RFC 9110, section 9.3.6.
async fn tunnel(
    mut io: Box<dyn Io>,
    proxy: &Url,
    host: &str,
    port: u16,
    headers: &HeaderMap,
) -> Result<Box<dyn Io>, ConnectError> {
    let fail = |reason: String| ConnectError::Proxy { proxy: shown(proxy), reason };
    let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
    let authorization = proxy::authorization(proxy);
    let authorization = authorization.iter().map(|value| (&header::PROXY_AUTHORIZATION, value));
    for (name, value) in headers.iter().chain(authorization) {
        request.extend_from_slice(name.as_str().as_bytes());
        request.extend_from_slice(b": ");
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    io.write_all(&request).await.map_err(|e| fail(e.to_string()))?;
    let mut answer = Vec::new();
    // Byte by byte at the end, so that nothing of the tunnel is swallowed; the answer is short and comes once.
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= CONNECT_ANSWER_BYTES_MAX {
            return Err(fail("its answer to CONNECT is too long".to_owned()));
        }
        answer.push(io.read_u8().await.map_err(|e| fail(e.to_string()))?);
    }
    let status =
        String::from_utf8_lossy(answer.split(|b| *b == b'\r').next().unwrap_or_default()).into_owned();
    match status.split(' ').nth(1) {
        Some(code) if code.starts_with('2') => Ok(io),
        _ => Err(fail(status.split_once(' ').map_or(status.clone(), |(_, rest)| rest.to_owned()))),
    }
}

/// A proxy's URL without its password.
fn shown(proxy: &Url) -> String {
    format!("{}://{}", proxy.scheme(), proxy.authority().rsplit('@').next().unwrap_or(""))
}

fn bad_name(host: &str) -> ConnectError {
    ConnectError::Tls {
        reason: format!("{host:?} is no name a certificate can have"),
        unknown_authority: false,
    }
}

fn dial_error(address: &str, error: &io::Error) -> ConnectError {
    let refused = error.kind() == io::ErrorKind::ConnectionRefused;
    let reason = if refused { "connect: connection refused".to_owned() } else { format!("connect: {error}") };
    ConnectError::Dial { address: address.to_owned(), reason, refused }
}

fn lookup_reason(error: &io::Error) -> String {
    let text = error.to_string();
    // What getaddrinfo says of a name that does not exist differs between C libraries.
    if ["not known", "No address associated", "does not resolve"].iter().any(|t| text.contains(t)) {
        return "no such host".to_owned();
    }
    text.trim_start_matches("failed to lookup address information: ").to_owned()
}

fn tls_error(error: &io::Error) -> ConnectError {
    let tls = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
    // A bad signature is one by another authority of the same name.
    let unknown = matches!(
        tls,
        Some(rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature
        ))
    );
    let reason = match tls {
        Some(rustls::Error::InvalidMessage(_)) => {
            "first record does not look like a TLS handshake".to_owned()
        }
        _ if unknown => "failed to verify certificate: signed by unknown authority".to_owned(),
        Some(tls) => tls.to_string(),
        None => error.to_string(),
    };
    ConnectError::Tls { reason, unknown_authority: unknown }
}

/// Whatever bytes flow over.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection as `hyper` wants it.
pub struct Stream {
    io: TokioIo<Box<dyn Io>>,
    /// Plain HTTP to a proxy: requests carry the whole URL.
    through_proxy: bool,
    h2: bool,
}

impl Stream {
    fn new(io: Box<dyn Io>) -> Stream {
        Stream { io: TokioIo::new(io), through_proxy: false, h2: false }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.through_proxy);
        if self.h2 { connected.negotiated_h2() } else { connected }
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
