//! The messages of OTLP as tables: what rewriting between JSON and protobuf needs to know of a field.
//!
//! Names are those of proto3's JSON (camelCase); the snake_case name of the `.proto` file is understood too and not
//! in the table. Reserved and profiling fields are left out: unknown fields are ignored anyway.

/// A message: its name for errors, and its fields.
pub struct Message {
    pub name: &'static str,
    pub fields: &'static [Field],
}

pub struct Field {
    pub name: &'static str,
    pub number: u32,
    pub ty: Type,
    pub repeated: bool,
}

/// How a field is written. Numbers of 64 bits are strings in JSON; repeated numbers are packed in protobuf.
#[derive(Clone, Copy)]
pub enum Type {
    Str,
    /// Base64 in JSON.
    Bytes,
    /// Trace and span ids: hex in JSON.
    Id,
    Bool,
    Int64,
    Uint64,
    Int32,
    Uint32,
    Sint32,
    Fixed64,
    Sfixed64,
    Fixed32,
    Double,
    /// A number in JSON; the names are understood too.
    Enum(&'static [(&'static str, i32)]),
    Message(&'static Message),
}

const fn one(name: &'static str, number: u32, ty: Type) -> Field {
    Field { name, number, ty, repeated: false }
}

const fn many(name: &'static str, number: u32, ty: Type) -> Field {
    Field { name, number, ty, repeated: true }
}

pub static ANY_VALUE: Message = Message {
    name: "AnyValue",
    fields: &[
        one("stringValue", 1, Type::Str),
        one("boolValue", 2, Type::Bool),
        one("intValue", 3, Type::Int64),
        one("doubleValue", 4, Type::Double),
        one("arrayValue", 5, Type::Message(&ARRAY_VALUE)),
        one("kvlistValue", 6, Type::Message(&KEY_VALUE_LIST)),
        one("bytesValue", 7, Type::Bytes),
    ],
};

static ARRAY_VALUE: Message =
    Message { name: "ArrayValue", fields: &[many("values", 1, Type::Message(&ANY_VALUE))] };

static KEY_VALUE_LIST: Message =
    Message { name: "KeyValueList", fields: &[many("values", 1, Type::Message(&KEY_VALUE))] };

static KEY_VALUE: Message = Message {
    name: "KeyValue",
    fields: &[one("key", 1, Type::Str), one("value", 2, Type::Message(&ANY_VALUE))],
};

static RESOURCE: Message = Message {
    name: "Resource",
    fields: &[
        many("attributes", 1, Type::Message(&KEY_VALUE)),
        one("droppedAttributesCount", 2, Type::Uint32),
        many("entityRefs", 3, Type::Message(&ENTITY_REF)),
    ],
};

static ENTITY_REF: Message = Message {
    name: "EntityRef",
    fields: &[
        one("schemaUrl", 1, Type::Str),
        one("type", 2, Type::Str),
        many("idKeys", 3, Type::Str),
        many("descriptionKeys", 4, Type::Str),
    ],
};

static SCOPE: Message = Message {
    name: "InstrumentationScope",
    fields: &[
        one("name", 1, Type::Str),
        one("version", 2, Type::Str),
        many("attributes", 3, Type::Message(&KEY_VALUE)),
        one("droppedAttributesCount", 4, Type::Uint32),
    ],
};

/// `ExportTraceServiceRequest` and `TracesData`: the same fields under the same numbers.
pub static TRACES_REQUEST: Message = Message {
    name: "ExportTraceServiceRequest",
    fields: &[many("resourceSpans", 1, Type::Message(&RESOURCE_SPANS))],
};

static RESOURCE_SPANS: Message = Message {
    name: "ResourceSpans",
    fields: &[
        one("resource", 1, Type::Message(&RESOURCE)),
        many("scopeSpans", 2, Type::Message(&SCOPE_SPANS)),
        one("schemaUrl", 3, Type::Str),
    ],
};

static SCOPE_SPANS: Message = Message {
    name: "ScopeSpans",
    fields: &[
        one("scope", 1, Type::Message(&SCOPE)),
        many("spans", 2, Type::Message(&SPAN)),
        one("schemaUrl", 3, Type::Str),
    ],
};

static SPAN: Message = Message {
    name: "Span",
    fields: &[
        one("traceId", 1, Type::Id),
        one("spanId", 2, Type::Id),
        one("traceState", 3, Type::Str),
        one("parentSpanId", 4, Type::Id),
        one("name", 5, Type::Str),
        one("kind", 6, Type::Enum(&SPAN_KINDS)),
        one("startTimeUnixNano", 7, Type::Fixed64),
        one("endTimeUnixNano", 8, Type::Fixed64),
        many("attributes", 9, Type::Message(&KEY_VALUE)),
        one("droppedAttributesCount", 10, Type::Uint32),
        many("events", 11, Type::Message(&SPAN_EVENT)),
        one("droppedEventsCount", 12, Type::Uint32),
        many("links", 13, Type::Message(&SPAN_LINK)),
        one("droppedLinksCount", 14, Type::Uint32),
        one("status", 15, Type::Message(&SPAN_STATUS)),
        one("flags", 16, Type::Fixed32),
    ],
};

static SPAN_KINDS: [(&str, i32); 6] = [
    ("SPAN_KIND_UNSPECIFIED", 0),
    ("SPAN_KIND_INTERNAL", 1),
    ("SPAN_KIND_SERVER", 2),
    ("SPAN_KIND_CLIENT", 3),
    ("SPAN_KIND_PRODUCER", 4),
    ("SPAN_KIND_CONSUMER", 5),
];

static SPAN_EVENT: Message = Message {
    name: "Span.Event",
    fields: &[
        one("timeUnixNano", 1, Type::Fixed64),
        one("name", 2, Type::Str),
        many("attributes", 3, Type::Message(&KEY_VALUE)),
        one("droppedAttributesCount", 4, Type::Uint32),
    ],
};

static SPAN_LINK: Message = Message {
    name: "Span.Link",
    fields: &[
        one("traceId", 1, Type::Id),
        one("spanId", 2, Type::Id),
        one("traceState", 3, Type::Str),
        many("attributes", 4, Type::Message(&KEY_VALUE)),
        one("droppedAttributesCount", 5, Type::Uint32),
        one("flags", 6, Type::Fixed32),
    ],
};

static SPAN_STATUS: Message = Message {
    name: "Status",
    fields: &[one("message", 2, Type::Str), one("code", 3, Type::Enum(&STATUS_CODES))],
};

static STATUS_CODES: [(&str, i32); 3] =
    [("STATUS_CODE_UNSET", 0), ("STATUS_CODE_OK", 1), ("STATUS_CODE_ERROR", 2)];

/// `ExportLogsServiceRequest` and `LogsData`.
pub static LOGS_REQUEST: Message = Message {
    name: "ExportLogsServiceRequest",
    fields: &[many("resourceLogs", 1, Type::Message(&RESOURCE_LOGS))],
};

static RESOURCE_LOGS: Message = Message {
    name: "ResourceLogs",
    fields: &[
        one("resource", 1, Type::Message(&RESOURCE)),
        many("scopeLogs", 2, Type::Message(&SCOPE_LOGS)),
        one("schemaUrl", 3, Type::Str),
    ],
};

static SCOPE_LOGS: Message = Message {
    name: "ScopeLogs",
    fields: &[
        one("scope", 1, Type::Message(&SCOPE)),
        many("logRecords", 2, Type::Message(&LOG_RECORD)),
        one("schemaUrl", 3, Type::Str),
    ],
};

static LOG_RECORD: Message = Message {
    name: "LogRecord",
    fields: &[
        one("timeUnixNano", 1, Type::Fixed64),
        one("severityNumber", 2, Type::Enum(&SEVERITIES)),
        one("severityText", 3, Type::Str),
        one("body", 5, Type::Message(&ANY_VALUE)),
        many("attributes", 6, Type::Message(&KEY_VALUE)),
        one("droppedAttributesCount", 7, Type::Uint32),
        one("flags", 8, Type::Fixed32),
        one("traceId", 9, Type::Id),
        one("spanId", 10, Type::Id),
        one("observedTimeUnixNano", 11, Type::Fixed64),
        one("eventName", 12, Type::Str),
    ],
};

static SEVERITIES: [(&str, i32); 25] = [
    ("SEVERITY_NUMBER_UNSPECIFIED", 0),
    ("SEVERITY_NUMBER_TRACE", 1),
    ("SEVERITY_NUMBER_TRACE2", 2),
    ("SEVERITY_NUMBER_TRACE3", 3),
    ("SEVERITY_NUMBER_TRACE4", 4),
    ("SEVERITY_NUMBER_DEBUG", 5),
    ("SEVERITY_NUMBER_DEBUG2", 6),
    ("SEVERITY_NUMBER_DEBUG3", 7),
    ("SEVERITY_NUMBER_DEBUG4", 8),
    ("SEVERITY_NUMBER_INFO", 9),
    ("SEVERITY_NUMBER_INFO2", 10),
    ("SEVERITY_NUMBER_INFO3", 11),
    ("SEVERITY_NUMBER_INFO4", 12),
    ("SEVERITY_NUMBER_WARN", 13),
    ("SEVERITY_NUMBER_WARN2", 14),
    ("SEVERITY_NUMBER_WARN3", 15),
    ("SEVERITY_NUMBER_WARN4", 16),
    ("SEVERITY_NUMBER_ERROR", 17),
    ("SEVERITY_NUMBER_ERROR2", 18),
    ("SEVERITY_NUMBER_ERROR3", 19),
    ("SEVERITY_NUMBER_ERROR4", 20),
    ("SEVERITY_NUMBER_FATAL", 21),
    ("SEVERITY_NUMBER_FATAL2", 22),
    ("SEVERITY_NUMBER_FATAL3", 23),
    ("SEVERITY_NUMBER_FATAL4", 24),
];

/// `ExportMetricsServiceRequest` and `MetricsData`.
pub static METRICS_REQUEST: Message = Message {
    name: "ExportMetricsServiceRequest",
    fields: &[many("resourceMetrics", 1, Type::Message(&RESOURCE_METRICS))],
};

static RESOURCE_METRICS: Message = Message {
    name: "ResourceMetrics",
    fields: &[
        one("resource", 1, Type::Message(&RESOURCE)),
        many("scopeMetrics", 2, Type::Message(&SCOPE_METRICS)),
        one("schemaUrl", 3, Type::Str),
    ],
};

static SCOPE_METRICS: Message = Message {
    name: "ScopeMetrics",
    fields: &[
        one("scope", 1, Type::Message(&SCOPE)),
        many("metrics", 2, Type::Message(&METRIC)),
        one("schemaUrl", 3, Type::Str),
    ],
};

static METRIC: Message = Message {
    name: "Metric",
    fields: &[
        one("name", 1, Type::Str),
        one("description", 2, Type::Str),
        one("unit", 3, Type::Str),
        one("gauge", 5, Type::Message(&GAUGE)),
        one("sum", 7, Type::Message(&SUM)),
        one("histogram", 9, Type::Message(&HISTOGRAM)),
        one("exponentialHistogram", 10, Type::Message(&EXPONENTIAL_HISTOGRAM)),
        one("summary", 11, Type::Message(&SUMMARY)),
        many("metadata", 12, Type::Message(&KEY_VALUE)),
    ],
};

static TEMPORALITIES: [(&str, i32); 3] = [
    ("AGGREGATION_TEMPORALITY_UNSPECIFIED", 0),
    ("AGGREGATION_TEMPORALITY_DELTA", 1),
    ("AGGREGATION_TEMPORALITY_CUMULATIVE", 2),
];

static GAUGE: Message =
    Message { name: "Gauge", fields: &[many("dataPoints", 1, Type::Message(&NUMBER_DATA_POINT))] };

static SUM: Message = Message {
    name: "Sum",
    fields: &[
        many("dataPoints", 1, Type::Message(&NUMBER_DATA_POINT)),
        one("aggregationTemporality", 2, Type::Enum(&TEMPORALITIES)),
        one("isMonotonic", 3, Type::Bool),
    ],
};

static HISTOGRAM: Message = Message {
    name: "Histogram",
    fields: &[
        many("dataPoints", 1, Type::Message(&HISTOGRAM_DATA_POINT)),
        one("aggregationTemporality", 2, Type::Enum(&TEMPORALITIES)),
    ],
};

static EXPONENTIAL_HISTOGRAM: Message = Message {
    name: "ExponentialHistogram",
    fields: &[
        many("dataPoints", 1, Type::Message(&EXPONENTIAL_HISTOGRAM_DATA_POINT)),
        one("aggregationTemporality", 2, Type::Enum(&TEMPORALITIES)),
    ],
};

static SUMMARY: Message =
    Message { name: "Summary", fields: &[many("dataPoints", 1, Type::Message(&SUMMARY_DATA_POINT))] };

static NUMBER_DATA_POINT: Message = Message {
    name: "NumberDataPoint",
    fields: &[
        one("startTimeUnixNano", 2, Type::Fixed64),
        one("timeUnixNano", 3, Type::Fixed64),
        one("asDouble", 4, Type::Double),
        many("exemplars", 5, Type::Message(&EXEMPLAR)),
        one("asInt", 6, Type::Sfixed64),
        many("attributes", 7, Type::Message(&KEY_VALUE)),
        one("flags", 8, Type::Uint32),
    ],
};

static HISTOGRAM_DATA_POINT: Message = Message {
    name: "HistogramDataPoint",
    fields: &[
        one("startTimeUnixNano", 2, Type::Fixed64),
        one("timeUnixNano", 3, Type::Fixed64),
        one("count", 4, Type::Fixed64),
        one("sum", 5, Type::Double),
        many("bucketCounts", 6, Type::Fixed64),
        many("explicitBounds", 7, Type::Double),
        many("exemplars", 8, Type::Message(&EXEMPLAR)),
        many("attributes", 9, Type::Message(&KEY_VALUE)),
        one("flags", 10, Type::Uint32),
        one("min", 11, Type::Double),
        one("max", 12, Type::Double),
    ],
};

static EXPONENTIAL_HISTOGRAM_DATA_POINT: Message = Message {
    name: "ExponentialHistogramDataPoint",
    fields: &[
        many("attributes", 1, Type::Message(&KEY_VALUE)),
        one("startTimeUnixNano", 2, Type::Fixed64),
        one("timeUnixNano", 3, Type::Fixed64),
        one("count", 4, Type::Fixed64),
        one("sum", 5, Type::Double),
        one("scale", 6, Type::Sint32),
        one("zeroCount", 7, Type::Fixed64),
        one("positive", 8, Type::Message(&BUCKETS)),
        one("negative", 9, Type::Message(&BUCKETS)),
        one("flags", 10, Type::Uint32),
        many("exemplars", 11, Type::Message(&EXEMPLAR)),
        one("min", 12, Type::Double),
        one("max", 13, Type::Double),
        one("zeroThreshold", 14, Type::Double),
    ],
};

static BUCKETS: Message = Message {
    name: "Buckets",
    fields: &[one("offset", 1, Type::Sint32), many("bucketCounts", 2, Type::Uint64)],
};

static SUMMARY_DATA_POINT: Message = Message {
    name: "SummaryDataPoint",
    fields: &[
        one("startTimeUnixNano", 2, Type::Fixed64),
        one("timeUnixNano", 3, Type::Fixed64),
        one("count", 4, Type::Fixed64),
        one("sum", 5, Type::Double),
        many("quantileValues", 6, Type::Message(&VALUE_AT_QUANTILE)),
        many("attributes", 7, Type::Message(&KEY_VALUE)),
        one("flags", 8, Type::Uint32),
    ],
};

static VALUE_AT_QUANTILE: Message = Message {
    name: "ValueAtQuantile",
    fields: &[one("quantile", 1, Type::Double), one("value", 2, Type::Double)],
};

static EXEMPLAR: Message = Message {
    name: "Exemplar",
    fields: &[
        one("timeUnixNano", 2, Type::Fixed64),
        one("asDouble", 3, Type::Double),
        one("spanId", 4, Type::Id),
        one("traceId", 5, Type::Id),
        one("asInt", 6, Type::Sfixed64),
        many("filteredAttributes", 7, Type::Message(&KEY_VALUE)),
    ],
};

/// The answers, a signal each: the count has another name.
pub static TRACES_ANSWER: Message = Message {
    name: "ExportTraceServiceResponse",
    fields: &[one("partialSuccess", 1, Type::Message(&TRACES_PARTIAL))],
};

static TRACES_PARTIAL: Message = Message {
    name: "ExportTracePartialSuccess",
    fields: &[one("rejectedSpans", 1, Type::Int64), one("errorMessage", 2, Type::Str)],
};

pub static LOGS_ANSWER: Message = Message {
    name: "ExportLogsServiceResponse",
    fields: &[one("partialSuccess", 1, Type::Message(&LOGS_PARTIAL))],
};

static LOGS_PARTIAL: Message = Message {
    name: "ExportLogsPartialSuccess",
    fields: &[one("rejectedLogRecords", 1, Type::Int64), one("errorMessage", 2, Type::Str)],
};

pub static METRICS_ANSWER: Message = Message {
    name: "ExportMetricsServiceResponse",
    fields: &[one("partialSuccess", 1, Type::Message(&METRICS_PARTIAL))],
};

static METRICS_PARTIAL: Message = Message {
    name: "ExportMetricsPartialSuccess",
    fields: &[one("rejectedDataPoints", 1, Type::Int64), one("errorMessage", 2, Type::Str)],
};

/// `google.rpc.Status`, without its details.
pub static RPC_STATUS: Message = Message {
    name: "google.rpc.Status",
    fields: &[one("code", 1, Type::Int32), one("message", 2, Type::Str)],
};
