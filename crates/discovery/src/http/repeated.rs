//! A GET that is asked again and again, as scraping does: on a connection of its own, by the task that waits for the
//! answer.
//!
//! The general client makes a request anew each time, finds a connection in a pool and hands the request to the task
//! that owns it, which hands back the body piece by piece: for a body of a hundred kilobytes that costs as much as
//! reading the samples in it. Here the request is text that was made once, and the answer is read into one buffer.
//! That is possible where every request is the same and goes straight to its address: plain HTTP, no proxy, no Unix
//! socket, no credentials that must be read anew. All else, and what answers with a redirect, asks the general client.

use super::answer::{Head, Reading};
use super::body::Body;
use super::connect::{Dial, dial_tcp};
use super::{HttpClient, HttpError, IDLE_MAX, Request, Response};
use http::header::{self, HeaderMap};
use http::{Method, StatusCode};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// See the module. Belongs to the runtime on which it is first asked.
pub struct Repeated {
    client: HttpClient,
    request: Request,
    every: Duration,
    way: Way,
    /// Our own connection, kept between requests.
    stream: Option<TcpStream>,
}

enum Way {
    /// Nobody asked yet.
    Undecided,
    Own(Own),
    General,
}

/// What our own connection needs.
struct Own {
    /// The request as it is sent.
    text: Vec<u8>,
    host: String,
    port: u16,
}

/// A whole answer. The body of one that is not 200 is not read.
#[derive(Debug)]
pub struct Whole {
    pub head: Head,
    pub body: Body,
}

impl Repeated {
    /// `every` is how long it will be from one request to the next.
    pub fn new(client: &HttpClient, request: Request, every: Duration) -> Repeated {
        Repeated { client: client.clone(), request, every, way: Way::Undecided, stream: None }
    }

    /// Goes on with another request; on the same connection, if client and address are the same.
    pub fn renew(&mut self, client: &HttpClient, request: Request) {
        let same =
            Arc::ptr_eq(&self.client.0, &client.0) && self.request.url.origin() == request.url.origin();
        let stream = self.stream.take().filter(|_| same);
        *self = Repeated { stream, ..Repeated::new(client, request, self.every) };
    }

    /// Sends the request and reads the answer into a buffer, whose content is forgotten. A body of `limit_bytes` or
    /// more is refused.
    pub async fn ask(&mut self, buffer: Vec<u8>, limit_bytes: u64) -> Result<Whole, HttpError> {
        if matches!(self.way, Way::Undecided) {
            self.way = self.decide().await?;
        }
        if let Way::Own(own) = &self.way {
            let (whole, stream) = own.ask(self.stream.take(), buffer, limit_bytes).await?;
            self.stream = stream.filter(|_| self.every <= IDLE_MAX);
            if !self.client.0.config.follow_redirects || !whole.head.status.is_redirection() {
                return Ok(whole);
            }
            // Whoever redirects once does so again: next time this costs no more than before.
            self.way = Way::General;
            return self.ask_generally(whole.body.into_buffer(), limit_bytes).await;
        }
        self.ask_generally(buffer, limit_bytes).await
    }

    async fn decide(&self) -> Result<Way, HttpError> {
        let inner = &*self.client.0;
        let url = &self.request.url;
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Ok(Way::General);
        };
        let direct = url.scheme() == "http"
            && matches!(inner.dial, Dial::Tcp)
            && inner.proxies.choose(false, host, port).is_none()
            && inner.auth.is_fixed()
            && self.request.method == Method::GET
            && self.request.body.is_empty();
        if !direct {
            return Ok(Way::General);
        }
        let headers = self.client.headers(&self.request, true).await?;
        // These say how a message is to be read: they are not ours to write.
        let framing =
            [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::UPGRADE];
        if framing.iter().any(|name| headers.contains_key(name)) {
            return Ok(Way::General);
        }
        let text = request_text(&self.request, &headers);
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Way::Own(Own { text, host, port }))
    }

    async fn ask_generally(&self, mut buffer: Vec<u8>, limit_bytes: u64) -> Result<Whole, HttpError> {
        buffer.clear();
        let response = self.client.send(self.request.clone()).await?;
        let head = Head {
            status: response.status,
            content_type: response.header(header::CONTENT_TYPE).to_owned(),
            content_encoding: response.header(header::CONTENT_ENCODING).to_owned(),
        };
        if head.status == StatusCode::OK {
            Response::read_into(response, &mut buffer, limit_bytes).await?;
        }
        Ok(Whole { head, body: Body::new(buffer, 0) })
    }
}

/// The request as it is sent (RFC 9112, section 3).
fn request_text(request: &Request, headers: &HeaderMap) -> Vec<u8> {
    let url = &request.url;
    let mut text = format!("GET {}", url.path()).into_bytes();
    if let Some(query) = url.query() {
        text.push(b'?');
        text.extend_from_slice(query.as_bytes());
    }
    text.extend_from_slice(b" HTTP/1.1\r\n");
    if !headers.contains_key(header::HOST) {
        let host = url.host_str().unwrap_or("");
        let host = url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"));
        text.extend_from_slice(format!("host: {host}\r\n").as_bytes());
    }
    for (name, value) in headers {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"\r\n");
    text
}

/// What went wrong with an exchange.
struct Broken {
    error: HttpError,
    /// Nothing of an answer came: on a connection that was kept, its end has crossed the request.
    unanswered: bool,
}

impl Own {
    /// The answer, and the connection if it can be used again. The one that was kept is given away: when this is given
    /// up in the middle, it is closed.
    async fn ask(
        &self,
        kept: Option<TcpStream>,
        mut buffer: Vec<u8>,
        limit_bytes: u64,
    ) -> Result<(Whole, Option<TcpStream>), HttpError> {
        let kept = kept.filter(is_quiet);
        let was_kept = kept.is_some();
        let mut stream = match kept {
            Some(stream) => stream,
            None => dial_tcp(&self.host, self.port).await?,
        };
        let mut read = exchange(&mut stream, &self.text, &mut buffer, limit_bytes).await;
        if was_kept && read.as_ref().is_err_and(|broken| broken.unanswered) {
            stream = dial_tcp(&self.host, self.port).await?;
            read = exchange(&mut stream, &self.text, &mut buffer, limit_bytes).await;
        }
        let (head, start, reusable) = read.map_err(|broken| broken.error)?.into_parts();
        Ok((Whole { head, body: Body::new(buffer, start) }, reusable.then_some(stream)))
    }
}

/// Whether a connection that was kept is still open, and nothing came that nobody asked for. As long as the runtime has
/// heard nothing of it, no system call is made.
fn is_quiet(stream: &TcpStream) -> bool {
    matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// Sends a request and reads its answer.
async fn exchange(
    stream: &mut TcpStream,
    text: &[u8],
    buffer: &mut Vec<u8>,
    limit_bytes: u64,
) -> Result<Reading, Broken> {
    buffer.clear();
    let broken = |error: &io::Error| HttpError::Protocol(format!("the connection broke: {error}"));
    stream.write_all(text).await.map_err(|e| Broken { error: broken(&e), unanswered: true })?;
    let mut reading = Reading::new(limit_bytes);
    loop {
        reading.make_room(buffer);
        let length = match stream.read_buf(buffer).await {
            Ok(length) => length,
            Err(error) => {
                let unanswered = buffer.is_empty();
                let error =
                    if reading.in_body() { HttpError::Body(error.to_string()) } else { broken(&error) };
                return Err(Broken { error, unanswered });
            }
        };
        let unanswered = buffer.is_empty();
        let done = match length {
            0 => reading.end().map(|()| true),
            _ => reading.take(buffer),
        };
        if done.map_err(|error| Broken { error, unanswered })? {
            return Ok(reading);
        }
    }
}

#[cfg(test)]
mod tests;
