//! HTTP servers for tests: in this process, on a free port, with answers from a function.

use crate::http::HttpError;
use base::disk;
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, Method};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use parking_lot::Mutex;
use rustls::pki_types::PrivateKeyDer;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

/// What a server was asked.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: Method,
    /// As it stood on the request line.
    pub uri: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub http2: bool,
}

impl Received {
    /// A header's value, `""` when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap_or(""))
    }
}

/// What a server answers.
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    chunks: Vec<Bytes>,
    ending: Ending,
}

enum Ending {
    Whole,
    /// The connection breaks before the body is complete.
    Cut,
    /// The rest never comes.
    Open,
    /// Not even the head comes.
    Silence,
}

impl Answer {
    pub fn new(status: u16) -> Answer {
        Answer { status, headers: Vec::new(), chunks: Vec::new(), ending: Ending::Whole }
    }

    /// 200 with a content type and a body.
    pub fn ok(content_type: &str, body: impl AsRef<[u8]>) -> Answer {
        Answer::new(200).header("content-type", content_type).body(body)
    }

    /// Never answers.
    pub fn silence() -> Answer {
        Answer { ending: Ending::Silence, ..Answer::new(200) }
    }

    pub fn header(mut self, name: &str, value: &str) -> Answer {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// One more piece of the body.
    pub fn body(mut self, bytes: impl AsRef<[u8]>) -> Answer {
        self.chunks.push(Bytes::copy_from_slice(bytes.as_ref()));
        self
    }

    /// Breaks the connection where more of the body should come.
    pub fn cut(self) -> Answer {
        Answer { ending: Ending::Cut, ..self }
    }

    /// Keeps the connection open without ever ending the body.
    pub fn open(self) -> Answer {
        Answer { ending: Ending::Open, ..self }
    }
}

type Handler = dyn Fn(&Received) -> Answer + Send + Sync;
type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, io::Error>;

/// A server that runs until it is dropped.
pub struct Server {
    scheme: &'static str,
    address: String,
    requests: Arc<Mutex<Vec<Received>>>,
    task: AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub async fn start(handler: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Server {
        Server::listen(handler, None, "http").await
    }

    pub async fn start_tls(
        identity: &Identity,
        handler: impl Fn(&Received) -> Answer + Send + Sync + 'static,
    ) -> Server {
        Server::listen(handler, Some(identity.acceptor()), "https").await
    }

    async fn listen(
        handler: impl Fn(&Received) -> Answer + Send + Sync + 'static,
        tls: Option<TlsAcceptor>,
        scheme: &'static str,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let (handler, requests): (Arc<Handler>, Arc<Mutex<Vec<Received>>>) =
            (Arc::new(handler), Arc::default());
        let seen = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (handler, seen, tls) = (Arc::clone(&handler), Arc::clone(&seen), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, handler, seen).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, handler, seen).await;
                            }
                        }
                    }
                });
            }
        });
        Server { scheme, address, requests, task: task.abort_handle() }
    }

    /// On a Unix socket.
    pub fn start_unix(path: &Path, handler: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Server {
        let listener = UnixListener::bind(path).expect("a socket");
        let (handler, requests): (Arc<Handler>, Arc<Mutex<Vec<Received>>>) =
            (Arc::new(handler), Arc::default());
        let seen = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&handler), Arc::clone(&seen)));
            }
        });
        Server { scheme: "http", address: "unix".to_owned(), requests, task: task.abort_handle() }
    }

    /// `127.0.0.1:port`
    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Received> {
        self.requests.lock().clone()
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    handler: Arc<Handler>,
    seen: Arc<Mutex<Vec<Received>>>,
) {
    let service = hyper::service::service_fn(move |request: http::Request<Incoming>| {
        let (handler, seen) = (Arc::clone(&handler), Arc::clone(&seen));
        async move {
            let (head, body) = request.into_parts();
            let received = Received {
                method: head.method,
                uri: head.uri.to_string(),
                path: head.uri.path().to_owned(),
                query: head.uri.query().unwrap_or("").to_owned(),
                headers: head.headers,
                http2: head.version == http::Version::HTTP_2,
                body: body.collect().await.map(|b| b.to_bytes()).unwrap_or_default(),
            };
            let answer = handler(&received);
            seen.lock().push(received);
            respond(answer).await
        }
    });
    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(answer: Answer) -> Result<http::Response<Body>, Infallible> {
    if matches!(answer.ending, Ending::Silence) {
        std::future::pending::<()>().await;
    }
    let mut builder = http::Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        builder = builder.header(name, value);
    }
    let chunks = futures::stream::iter(answer.chunks.into_iter().map(|c| Ok(Frame::data(c))));
    let body = match answer.ending {
        Ending::Whole | Ending::Silence => StreamBody::new(chunks.boxed()),
        Ending::Cut => {
            let broken = futures::stream::iter([Err(io::Error::other("cut"))]);
            // The pause lets the head and the first pieces out before the connection breaks.
            let pause = futures::stream::once(tokio::time::sleep(std::time::Duration::from_millis(20)));
            let pause = pause.filter_map(|()| std::future::ready(None));
            StreamBody::new(chunks.chain(pause).chain(broken).boxed())
        }
        Ending::Open => StreamBody::new(chunks.chain(futures::stream::pending()).boxed()),
    };
    Ok(builder.body(body.boxed_unsync()).expect("a well-formed answer"))
}

/// A self-signed certificate and its key.
pub struct Identity {
    pub certificate: String,
    pub key: String,
}

impl Identity {
    /// For these names and addresses.
    pub fn new(names: &[&str]) -> Identity {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        Identity { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() }
    }

    /// Writes `NAME.crt` and `NAME.key`.
    pub fn write(&self, directory: &Path, name: &str) -> (PathBuf, PathBuf) {
        let (cert, key) = (directory.join(format!("{name}.crt")), directory.join(format!("{name}.key")));
        disk::write_atomic(&cert, self.certificate.as_bytes()).expect("a writable directory");
        disk::write_atomic(&key, self.key.as_bytes()).expect("a writable directory");
        (cert, key)
    }

    fn acceptor(&self) -> TlsAcceptor {
        use rustls::pki_types::CertificateDer;
        use rustls::pki_types::pem::PemObject;
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes()).expect("PEM");
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("PEM");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a matching key");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A proxy that only knows CONNECT: it remembers the heads of requests and relays the rest.
pub struct ConnectProxy {
    pub address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    task: AbortHandle,
    tunnels: Arc<AtomicUsize>,
}

impl Drop for ConnectProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ConnectProxy {
    /// `refuse` is the status line to answer instead of opening a tunnel.
    pub async fn start(refuse: Option<&'static str>) -> ConnectProxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (heads, tunnels): (Arc<Mutex<Vec<String>>>, Arc<AtomicUsize>) = Default::default();
        let (seen, opened) = (Arc::clone(&heads), Arc::clone(&tunnels));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, opened) = (Arc::clone(&seen), Arc::clone(&opened));
                tokio::spawn(async move {
                    let _ = relay(stream, refuse, seen, opened).await;
                });
            }
        });
        ConnectProxy { address, heads, task: task.abort_handle(), tunnels }
    }

    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().clone()
    }

    pub fn tunnels(&self) -> usize {
        self.tunnels.load(Ordering::SeqCst)
    }
}

async fn relay(
    mut from: TcpStream,
    refuse: Option<&str>,
    heads: Arc<Mutex<Vec<String>>>,
    opened: Arc<AtomicUsize>,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(from.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let target = head.split(' ').nth(1).unwrap_or("").to_owned();
    heads.lock().push(head);
    if let Some(status) = refuse {
        return from.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).await;
    }
    let mut to = TcpStream::connect(target).await?;
    opened.fetch_add(1, Ordering::SeqCst);
    from.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    tokio::io::copy_bidirectional(&mut from, &mut to).await.map(|_| ())
}

/// Sends a GET and reads the answer, for assertions.
pub async fn get(client: &super::HttpClient, url: &str) -> Result<(u16, String), HttpError> {
    let url = url::Url::parse(url).expect("a URL");
    let response = client.send(super::Request::get(url)).await?;
    let status = response.status.as_u16();
    let body = response.read(1 << 20).await?;
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}
