//! `jaeger.api_v3.QueryService` over gRPC. Messages as in Jaeger's `api_v3/query_service.proto`; traces are
//! `opentelemetry.proto.trace.v1.TracesData`.

use super::ask::{Found, TRACES, Wanted, by_id};
use super::fail::Fault;
use super::filter::Call;
use super::v3::{by_name, kind_of};
use crate::App;
use crate::grpc::{Messages, streaming, unary};
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use futures::stream;
use model::event::{SpanKind, SpanRecord, TraceId};
use prost::Message;
use search::answer::TraceSummary;
use search::ask::TimeRange;
use std::collections::HashMap;
use std::sync::Arc;
use tonic::Status;

/// A question of this kind is a few hundred bytes.
const REQUEST_BYTES_MAX: usize = 1 << 20;
/// What gRPC's libraries take in one message unless they are told otherwise.
const MESSAGE_BYTES_MAX: usize = 4 << 20;
/// At about 500 bytes each, half a megabyte.
const SPANS_PER_MESSAGE: usize = 1_000;
/// At about 200 bytes each, 20 kB.
const SUMMARIES_PER_MESSAGE: usize = 100;

#[derive(Clone, PartialEq, Message)]
struct Time {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

impl Time {
    fn ns(&self) -> i64 {
        self.seconds.saturating_mul(1_000_000_000).saturating_add(i64::from(self.nanos))
    }
}

#[derive(Clone, PartialEq, Message)]
struct Empty {}

#[derive(Clone, PartialEq, Message)]
struct GetServicesResponse {
    #[prost(string, repeated, tag = "1")]
    services: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct GetOperationsRequest {
    #[prost(string, tag = "1")]
    service: String,
    #[prost(string, tag = "2")]
    span_kind: String,
}

#[derive(Clone, PartialEq, Message)]
struct OperationMessage {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    span_kind: String,
}

#[derive(Clone, PartialEq, Message)]
struct GetOperationsResponse {
    #[prost(message, repeated, tag = "1")]
    operations: Vec<OperationMessage>,
}

#[derive(Clone, PartialEq, Message)]
struct GetTraceRequest {
    #[prost(string, tag = "1")]
    trace_id: String,
    #[prost(message, optional, tag = "2")]
    start_time: Option<Time>,
    #[prost(message, optional, tag = "3")]
    end_time: Option<Time>,
    #[prost(bool, tag = "4")]
    raw_traces: bool,
}

#[derive(Clone, PartialEq, Message)]
struct TraceQueryParameters {
    #[prost(string, tag = "1")]
    service_name: String,
    #[prost(string, tag = "2")]
    operation_name: String,
    #[prost(map = "string, string", tag = "3")]
    attributes: HashMap<String, String>,
    #[prost(message, optional, tag = "4")]
    start_time_min: Option<Time>,
    #[prost(message, optional, tag = "5")]
    start_time_max: Option<Time>,
    #[prost(message, optional, tag = "6")]
    duration_min: Option<Time>,
    #[prost(message, optional, tag = "7")]
    duration_max: Option<Time>,
    #[prost(int32, tag = "8")]
    search_depth: i32,
    #[prost(bool, tag = "9")]
    raw_traces: bool,
    #[prost(message, optional, tag = "10")]
    filter: Option<Call>,
}

/// Of traces and of summaries.
#[derive(Clone, PartialEq, Message)]
struct FindTracesRequest {
    #[prost(message, optional, tag = "1")]
    query: Option<TraceQueryParameters>,
}

#[derive(Clone, PartialEq, Message)]
struct GetDependenciesRequest {
    #[prost(message, optional, tag = "1")]
    start_time: Option<Time>,
    #[prost(message, optional, tag = "2")]
    end_time: Option<Time>,
}

#[derive(Clone, PartialEq, Message)]
struct DependencyMessage {
    #[prost(string, tag = "1")]
    parent: String,
    #[prost(string, tag = "2")]
    child: String,
    #[prost(uint64, tag = "3")]
    call_count: u64,
}

#[derive(Clone, PartialEq, Message)]
struct DependenciesResponse {
    #[prost(message, repeated, tag = "1")]
    dependencies: Vec<DependencyMessage>,
}

#[derive(Clone, PartialEq, Message)]
struct ServiceSummaryMessage {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int32, tag = "2")]
    span_count: i32,
    #[prost(int32, tag = "3")]
    error_span_count: i32,
}

#[derive(Clone, PartialEq, Message)]
struct TraceSummaryMessage {
    #[prost(string, tag = "1")]
    trace_id: String,
    #[prost(string, tag = "2")]
    root_service_name: String,
    #[prost(string, tag = "3")]
    root_operation_name: String,
    #[prost(fixed64, tag = "4")]
    min_start_time_unix_nano: u64,
    #[prost(fixed64, tag = "5")]
    max_end_time_unix_nano: u64,
    #[prost(int32, tag = "6")]
    span_count: i32,
    #[prost(int32, tag = "7")]
    error_span_count: i32,
    #[prost(int32, tag = "8")]
    orphan_span_count: i32,
    #[prost(message, repeated, tag = "9")]
    services: Vec<ServiceSummaryMessage>,
}

#[derive(Clone, PartialEq, Message)]
struct FindTraceSummariesResponse {
    #[prost(message, repeated, tag = "1")]
    summaries: Vec<TraceSummaryMessage>,
}

fn read<M: Message + Default>(bytes: Bytes) -> Result<M, Status> {
    M::decode(bytes).map_err(|e| Status::invalid_argument(e.to_string()))
}

fn written(message: &impl Message) -> Bytes {
    Bytes::from(message.encode_to_vec())
}

pub async fn services(State(app): State<Arc<App>>, request: Request) -> Response {
    unary(request, REQUEST_BYTES_MAX, move |bytes| async move {
        read::<Empty>(bytes)?;
        let services = app.events.services().await.map_err(Fault::from)?;
        Ok(written(&GetServicesResponse { services }))
    })
    .await
}

pub async fn operations(State(app): State<Arc<App>>, request: Request) -> Response {
    unary(request, REQUEST_BYTES_MAX, move |bytes| async move {
        let asked: GetOperationsRequest = read(bytes)?;
        let kind = match asked.span_kind.as_str() {
            "" => None,
            name => Some(SpanKind::parse(name).ok_or_else(|| {
                Status::invalid_argument(format!("span_kind: {name:?} is not a span kind"))
            })?),
        };
        let found = app.events.operations(asked.service, kind).await.map_err(Fault::from)?;
        let operations = found.into_iter().map(|operation| OperationMessage {
            name: operation.name,
            span_kind: kind_of(operation.kind).to_owned(),
        });
        Ok(written(&GetOperationsResponse { operations: operations.collect() }))
    })
    .await
}

pub async fn trace(State(app): State<Arc<App>>, request: Request) -> Response {
    streaming(request, REQUEST_BYTES_MAX, move |bytes| {
        Box::pin(async move {
            let asked: GetTraceRequest = read(bytes)?;
            let id = TraceId::parse(&asked.trace_id).ok_or_else(|| {
                Status::invalid_argument(format!("trace_id: {:?} is not up to 32 hex digits", asked.trace_id))
            })?;
            let within = TimeRange {
                start_ns: asked.start_time.map_or(i64::MIN, |time| time.ns()),
                end_ns: asked.end_time.map_or(i64::MAX, |time| time.ns()),
            };
            let found = by_id(&app, id, within).await?.ok_or_else(|| Status::not_found("trace not found"))?;
            Ok(traces(vec![found]))
        })
    })
    .await
}

pub async fn find_traces(State(app): State<Arc<App>>, request: Request) -> Response {
    streaming(request, REQUEST_BYTES_MAX, move |bytes| {
        Box::pin(async move { Ok(traces(wanted(bytes)?.find(&app).await?)) })
    })
    .await
}

pub async fn summaries(State(app): State<Arc<App>>, request: Request) -> Response {
    streaming(request, REQUEST_BYTES_MAX, move |bytes| {
        Box::pin(async move {
            let found = wanted(bytes)?.summaries(&app).await?;
            let message = |some: &[TraceSummary]| {
                let summaries = some.iter().map(summary).collect();
                Ok(written(&FindTraceSummariesResponse { summaries }))
            };
            Ok(stream::iter(found.chunks(SUMMARIES_PER_MESSAGE).map(message).collect::<Vec<_>>()))
        })
    })
    .await
}

fn summary(trace: &TraceSummary) -> TraceSummaryMessage {
    let count = |n: u64| i32::try_from(n).unwrap_or(i32::MAX);
    let (service, operation) = match &trace.root {
        Some(root) => (root.service.clone(), root.name.clone()),
        None => (String::new(), String::new()),
    };
    let services = by_name(trace).into_iter().map(|service| ServiceSummaryMessage {
        name: service.name.clone(),
        span_count: count(service.spans),
        error_span_count: count(service.errors),
    });
    TraceSummaryMessage {
        trace_id: trace.trace_id.to_string(),
        root_service_name: service,
        root_operation_name: operation,
        min_start_time_unix_nano: trace.start_ns as u64,
        max_end_time_unix_nano: trace.start_ns.saturating_add(trace.duration_ns) as u64,
        span_count: count(trace.spans),
        error_span_count: count(trace.errors),
        orphan_span_count: count(trace.orphans),
        services: services.collect(),
    }
}

fn wanted(bytes: Bytes) -> Result<Wanted, Status> {
    let asked: FindTracesRequest = read(bytes)?;
    let query = asked.query.ok_or_else(|| Status::invalid_argument("missing query"))?;
    let (Some(start), Some(end)) = (&query.start_time_min, &query.start_time_max) else {
        return Err(Status::invalid_argument("start time min and max are required parameters"));
    };
    let some = |time: &Option<Time>| time.as_ref().map(Time::ns).filter(|ns| *ns > 0);
    let mut wanted = Wanted {
        start_ns: start.ns(),
        end_ns: end.ns().saturating_add(1),
        min_ns: some(&query.duration_min),
        max_ns: some(&query.duration_max),
        limit: usize::try_from(query.search_depth).ok().filter(|n| *n > 0).unwrap_or(TRACES),
        service: query.service_name,
        operation: query.operation_name,
        tags: query.attributes.into_iter().collect(),
        filter: String::new(),
    };
    if let Some(filter) = &query.filter {
        wanted.narrow(filter)?;
    }
    Ok(wanted)
}

/// A message a trace, or several: a client can begin before all is there.
fn traces(found: Vec<Found>) -> Messages {
    let mut messages = Vec::new();
    for one in found {
        let spans: Vec<SpanRecord> = one.spans.iter().filter_map(|event| event.as_span().cloned()).collect();
        for some in spans.chunks(SPANS_PER_MESSAGE) {
            fitting(some, &mut messages);
        }
    }
    stream::iter(messages.into_iter().map(Ok).collect::<Vec<_>>())
}

/// Spans in messages that clients take; a span that is larger by itself has one to itself.
fn fitting(spans: &[SpanRecord], messages: &mut Vec<Bytes>) {
    let message = wire::otlp::encode::spans_protobuf(spans);
    if message.len() <= MESSAGE_BYTES_MAX || spans.len() < 2 {
        messages.push(Bytes::from(message));
        return;
    }
    let (first, second) = spans.split_at(spans.len() / 2);
    fitting(first, messages);
    fitting(second, messages);
}

pub async fn dependencies(State(app): State<Arc<App>>, request: Request) -> Response {
    unary(request, REQUEST_BYTES_MAX, move |bytes| async move {
        let asked: GetDependenciesRequest = read(bytes)?;
        let (Some(start), Some(end)) = (asked.start_time, asked.end_time) else {
            return Err(Status::invalid_argument("start time and end time are required"));
        };
        let range = TimeRange { start_ns: start.ns(), end_ns: end.ns().saturating_add(1) };
        let found = app.events.dependencies(range).await.map_err(Fault::from)?;
        let dependencies = found.edges.into_iter().map(|edge| DependencyMessage {
            parent: edge.parent,
            child: edge.child,
            call_count: edge.calls,
        });
        Ok(written(&DependenciesResponse { dependencies: dependencies.collect() }))
    })
    .await
}
