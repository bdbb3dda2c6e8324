//! gRPC on the same port as everything else: messages go through as bytes, `wire` reads and writes them.
//!
//! What axum's router matches is a path such as `/opentelemetry.proto.collector.trace.v1.TraceService/Export`; framing,
//! compression and trailers are tonic's.

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use bytes::BytesMut;
use futures::StreamExt;
use futures::stream::Iter;
use std::future::Future;
use std::pin::Pin;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, ServerStreamingService, UnaryService};
use tonic::{Code, Status};

/// A message as it is on the wire.
#[derive(Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Raw;
    type Decoder = Raw;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        use bytes::BufMut;
        out.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        use bytes::Buf;
        Ok(Some(message.copy_to_bytes(message.remaining())))
    }
}

type Answer<T> = Pin<Box<dyn Future<Output = Result<tonic::Response<T>, Status>> + Send>>;

struct Handler<F>(Option<F>);

impl<F, A> UnaryService<Bytes> for Handler<F>
where
    F: FnOnce(Bytes) -> A,
    A: Future<Output = Result<Bytes, Status>> + Send + 'static,
{
    type Response = Bytes;
    type Future = Answer<Bytes>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Answer<Bytes> {
        match self.0.take() {
            Some(handler) => {
                let answer = handler(request.into_inner());
                Box::pin(async { answer.await.map(tonic::Response::new) })
            }
            None => Box::pin(async { Err(Status::internal("a unary call was made twice")) }),
        }
    }
}

/// Messages of a streamed answer, all made.
pub type Messages = Iter<std::vec::IntoIter<Result<Bytes, Status>>>;

struct StreamHandler<F>(Option<F>);

impl<F, A> ServerStreamingService<Bytes> for StreamHandler<F>
where
    F: FnOnce(Bytes) -> A,
    A: Future<Output = Result<Messages, Status>> + Send + 'static,
{
    type Response = Bytes;
    type ResponseStream = Messages;
    type Future = Answer<Messages>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Answer<Messages> {
        match self.0.take() {
            Some(handler) => {
                let answer = handler(request.into_inner());
                Box::pin(async { answer.await.map(tonic::Response::new) })
            }
            None => Box::pin(async { Err(Status::internal("a streaming call was made twice")) }),
        }
    }
}

fn grpc(message_bytes_max: usize) -> Grpc<Raw> {
    Grpc::new(Raw)
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd)
        .accept_compressed(CompressionEncoding::Deflate)
        .send_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Zstd)
        .max_decoding_message_size(message_bytes_max)
        .max_encoding_message_size(usize::MAX)
}

/// A message over the limit is refused by tonic before it is read, with `OUT_OF_RANGE`; every other library of gRPC says
/// `RESOURCE_EXHAUSTED`, and senders of OTLP may repeat the one and must not repeat the other. Nothing here says the
/// former itself.
fn over_limit(mut response: Response) -> Response {
    if let Some(status) = response.headers_mut().get_mut(Status::GRPC_STATUS)
        && Code::from_bytes(status.as_bytes()) == Code::OutOfRange
    {
        *status = HeaderValue::from(Code::ResourceExhausted as i32);
    }
    response
}

/// A call of a method that there is not: gRPC has a status for it, where HTTP would say 404 or 405.
pub async fn unknown_calls(request: Request, next: Next) -> Response {
    let is_grpc = |headers: &HeaderMap| {
        headers.get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"application/grpc"))
    };
    let asked = is_grpc(request.headers()).then(|| request.uri().path().to_owned());
    let response = next.run(request).await;
    match asked {
        Some(path) if !is_grpc(response.headers()) => {
            Status::unimplemented(format!("there is no method {path} here")).into_http()
        }
        _ => response,
    }
}

/// What stands before a message: whether it is packed, and its length in 32 bits, big-endian.
const PREFIX_BYTES: usize = 5;

/// A call of which no more is read than how long its message is.
pub struct Announced {
    head: Parts,
    rest: BodyDataStream,
    /// What came so far: the prefix at least, unless there is none.
    read: Vec<Bytes>,
    /// As it is on the wire; 0 when there is none.
    pub message_bytes: usize,
    pub is_packed: bool,
}

impl Announced {
    /// Waits for the prefix.
    pub async fn of(request: Request) -> Result<Announced, Status> {
        let (head, body) = request.into_parts();
        let (mut rest, mut read) = (body.into_data_stream(), Vec::new());
        let mut prefix = Vec::with_capacity(PREFIX_BYTES);
        while prefix.len() < PREFIX_BYTES {
            let Some(piece) = next_piece(&mut rest).await? else { break };
            prefix.extend(piece.iter().take(PREFIX_BYTES - prefix.len()));
            read.push(piece);
        }
        let (message_bytes, is_packed) = match prefix[..] {
            [packed, a, b, c, d] => (u32::from_be_bytes([a, b, c, d]) as usize, packed != 0),
            // Whoever reads the call says what is wrong with it.
            _ => (0, false),
        };
        Ok(Announced { head, rest, read, message_bytes, is_packed })
    }

    /// The call with its message and nothing behind it. A message that is longer than this is left out: whoever reads the
    /// call refuses it by its prefix.
    pub async fn whole(mut self, message_bytes_max: usize) -> Result<Request, Status> {
        let mut call = BytesMut::new();
        self.read.iter().for_each(|piece| call.extend_from_slice(piece));
        if self.message_bytes > message_bytes_max {
            call.truncate(PREFIX_BYTES);
            return Ok(Request::from_parts(self.head, Body::from(call.freeze())));
        }
        let end = PREFIX_BYTES + self.message_bytes;
        while call.len() <= end {
            let Some(piece) = next_piece(&mut self.rest).await? else { break };
            call.extend_from_slice(&piece);
        }
        if call.len() > end {
            return Err(Status::invalid_argument("there is more than one message in a call that has one"));
        }
        Ok(Request::from_parts(self.head, Body::from(call.freeze())))
    }
}

async fn next_piece(body: &mut BodyDataStream) -> Result<Option<Bytes>, Status> {
    body.next().await.transpose().map_err(|e| Status::cancelled(e.to_string()))
}

/// Answers a call of one message with one message. A message over the limit is refused before it is unpacked or while
/// it is.
pub async fn unary<A>(
    request: Request,
    message_bytes_max: usize,
    handler: impl FnOnce(Bytes) -> A,
) -> Response
where
    A: Future<Output = Result<Bytes, Status>> + Send + 'static,
{
    over_limit(grpc(message_bytes_max).unary(Handler(Some(handler)), request).await.map(Body::new))
}

/// Answers a call of one message with a stream of them.
pub async fn streaming<A>(
    request: Request,
    message_bytes_max: usize,
    handler: impl FnOnce(Bytes) -> A,
) -> Response
where
    A: Future<Output = Result<Messages, Status>> + Send + 'static,
{
    let mut grpc = grpc(message_bytes_max);
    over_limit(grpc.server_streaming(StreamHandler(Some(handler)), request).await.map(Body::new))
}
