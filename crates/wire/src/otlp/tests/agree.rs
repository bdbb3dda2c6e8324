//! Properties: whatever a request holds, protobuf and JSON give the same batch, the batch is what the tree of the
//! generated types says, what we encode is read back the same, and no bytes at all do harm.

use super::*;
use model::event::{EventRecord, LinkRecord, OwnedAttrs, OwnedValue, SpanId, SpanKind, Status, TraceId};
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use proptest::collection::vec;
use proptest::prelude::*;

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<String>().prop_map(Value::StringValue),
        any::<bool>().prop_map(Value::BoolValue),
        any::<i64>().prop_map(Value::IntValue),
        // Of few digits, because nested values are kept as JSON, whose reader rounds the 17th.
        (-1_000_000_000..1_000_000_000i64).prop_map(|n| Value::DoubleValue(n as f64 / 16.0)),
        vec(any::<u8>(), 0..9).prop_map(Value::BytesValue),
    ];
    // No NaN, which is not equal to itself.
    let double = any::<f64>().prop_filter("a number", |n| n.is_finite()).prop_map(Value::DoubleValue);
    let nested = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(array),
            vec((any::<String>(), inner), 0..3)
                .prop_map(|list| map(list.into_iter().map(|(k, v)| attr(&k, v)).collect())),
        ]
    });
    prop_oneof![4 => nested, 1 => double]
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    vec(("[a-zé.]{1,4}", values()).prop_map(|(k, v)| attr(&k, v)), 0..4)
}

fn times() -> impl Strategy<Value = u64> {
    1..1u64 << 63
}

prop_compose! {
    fn events()(time_unix_nano in times(), name: String, attributes in attributes(), dropped: u32) -> pt::span::Event {
        pt::span::Event { time_unix_nano, name, attributes, dropped_attributes_count: dropped }
    }
}

prop_compose! {
    fn links()(
        trace in 1u128.., span in 1u64.., trace_state: String, attributes in attributes(), flags: u32,
    ) -> pt::span::Link {
        pt::span::Link {
            trace_id: trace.to_be_bytes().to_vec(),
            span_id: span.to_be_bytes().to_vec(),
            trace_state,
            attributes,
            dropped_attributes_count: 0,
            flags,
        }
    }
}

prop_compose! {
    fn any_span()(
        ids in (1u128.., 1u64.., any::<u64>()),
        start in times(),
        duration in 0..1u64 << 40,
        texts: (String, String, String),
        attributes in attributes(),
        events in vec(events(), 0..3),
        links in vec(links(), 0..3),
        numbers in (0..6i32, 0..3i32, any::<u32>(), any::<u32>()),
    ) -> pt::Span {
        pt::Span {
            trace_id: ids.0.to_be_bytes().to_vec(),
            span_id: ids.1.to_be_bytes().to_vec(),
            parent_span_id: if ids.2 % 2 == 0 { vec![] } else { ids.2.to_be_bytes().to_vec() },
            trace_state: texts.0,
            name: texts.1,
            kind: numbers.0,
            start_time_unix_nano: start,
            end_time_unix_nano: (start + duration).min(i64::MAX as u64),
            attributes,
            events,
            links,
            status: Some(pt::Status { message: texts.2, code: numbers.1 }),
            flags: numbers.2,
            dropped_events_count: numbers.3,
            ..pt::Span::default()
        }
    }
}

prop_compose! {
    fn any_log()(
        times in (times(), times()),
        severity_number in 1..25i32,
        texts: (String, String),
        body in proptest::option::of(values()),
        attributes in attributes(),
        ids in (any::<Option<u128>>(), any::<Option<u64>>()),
        flags: u32,
    ) -> pl::LogRecord {
        pl::LogRecord {
            time_unix_nano: times.0,
            observed_time_unix_nano: times.1,
            severity_number,
            severity_text: texts.0,
            body: body.map(holding),
            attributes,
            trace_id: ids.0.map(|id| id.to_be_bytes().to_vec()).unwrap_or_default(),
            span_id: ids.1.map(|id| id.to_be_bytes().to_vec()).unwrap_or_default(),
            flags,
            event_name: texts.1,
            ..pl::LogRecord::default()
        }
    }
}

fn resources() -> impl Strategy<Value = Option<Resource>> {
    let resource = (attributes(), any::<Option<String>>()).prop_map(|(mut attributes, service)| {
        attributes.extend(service.map(|s| attr("service.name", Value::StringValue(s))));
        Resource { attributes, ..Resource::default() }
    });
    proptest::option::of(resource)
}

prop_compose! {
    fn scopes()(name: String, version: String, attributes in attributes()) -> Option<InstrumentationScope> {
        Some(InstrumentationScope { name, version, attributes, dropped_attributes_count: 0 })
    }
}

prop_compose! {
    fn requests()(
        groups in vec((resources(), vec((scopes(), vec(any_span(), 1..4)), 1..3)), 0..3),
    ) -> ExportTraceServiceRequest {
        let group = |(resource, scoped): (_, Vec<_>)| pt::ResourceSpans {
            resource,
            scope_spans: scoped
                .into_iter()
                .map(|(scope, spans)| pt::ScopeSpans { scope, spans, schema_url: String::new() })
                .collect(),
            schema_url: "https://s/1".to_owned(),
        };
        ExportTraceServiceRequest { resource_spans: groups.into_iter().map(group).collect() }
    }
}

/// JSON text, written another way than the decoder does.
fn json_of(value: &Value) -> String {
    let quoted = |s: &str| serde_json::to_string(s).expect("a string");
    match value {
        Value::StringValue(s) => quoted(s),
        Value::BoolValue(b) => b.to_string(),
        Value::IntValue(i) => i.to_string(),
        Value::DoubleValue(d) => format!("{d:?}"),
        Value::BytesValue(b) => quoted(&base64_of(b)),
        Value::ArrayValue(list) => {
            let parts: Vec<String> =
                list.values.iter().filter_map(|v| v.value.as_ref()).map(json_of).collect();
            format!("[{}]", parts.join(","))
        }
        Value::KvlistValue(list) => {
            let part = |kv: &KeyValue| {
                let value = kv.value.as_ref().and_then(|v| v.value.as_ref()).map(json_of);
                format!("{}:{}", quoted(&kv.key), value.unwrap_or_else(|| "null".to_owned()))
            };
            format!("{{{}}}", list.values.iter().map(part).collect::<Vec<_>>().join(","))
        }
        Value::StringValueStrindex(_) => unreachable!("of profiles alone"),
    }
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn owned(attributes: &[KeyValue]) -> OwnedAttrs {
    let value = |kv: &KeyValue| match kv.value.as_ref().and_then(|v| v.value.as_ref()).expect("a value") {
        Value::StringValue(s) => OwnedValue::Str(s.clone()),
        Value::BoolValue(b) => OwnedValue::Bool(*b),
        Value::IntValue(i) => OwnedValue::Int(*i),
        Value::DoubleValue(d) => OwnedValue::Double(*d),
        Value::BytesValue(b) => OwnedValue::Bytes(base64_of(b)),
        nested => OwnedValue::Json(json_of(nested)),
    };
    attributes.iter().map(|kv| (kv.key.clone(), value(kv))).collect()
}

fn trace_id(bytes: &[u8]) -> TraceId {
    TraceId(bytes.try_into().unwrap_or_default())
}

fn span_id(bytes: &[u8]) -> SpanId {
    SpanId(bytes.try_into().unwrap_or_default())
}

/// What the tree says, but for resource and scope.
fn expected(span: &pt::Span) -> SpanRecord {
    let event = |e: &pt::span::Event| EventRecord {
        time_ns: e.time_unix_nano as i64,
        name: e.name.clone(),
        attrs: owned(&e.attributes),
        dropped_attrs: e.dropped_attributes_count,
    };
    let link = |l: &pt::span::Link| LinkRecord {
        trace_id: trace_id(&l.trace_id),
        span_id: span_id(&l.span_id),
        trace_state: l.trace_state.clone(),
        flags: l.flags,
        attrs: owned(&l.attributes),
        dropped_attrs: 0,
    };
    let status = span.status.clone().unwrap_or_default();
    SpanRecord {
        trace_id: trace_id(&span.trace_id),
        span_id: span_id(&span.span_id),
        parent_span_id: span_id(&span.parent_span_id),
        trace_state: span.trace_state.clone(),
        name: span.name.clone(),
        kind: SpanKind::from_number(span.kind as u8).expect("a kind"),
        start_ns: span.start_time_unix_nano as i64,
        duration_ns: (span.end_time_unix_nano - span.start_time_unix_nano) as i64,
        status: Status::from_number(status.code as u8).expect("a status"),
        status_message: status.message,
        flags: span.flags,
        attrs: owned(&span.attributes),
        events: span.events.iter().map(event).collect(),
        links: span.links.iter().map(link).collect(),
        dropped_events: span.dropped_events_count,
        ..SpanRecord::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_batch_is_what_the_tree_says(request in requests()) {
        let (taken, report) = spans(&request);
        prop_assert_eq!(report.text(), "");
        let mut taken = taken.into_iter();
        for group in &request.resource_spans {
            let attrs = owned(group.resource.as_ref().map(|r| &r.attributes[..]).unwrap_or_default());
            for scoped in &group.scope_spans {
                let scope = scoped.scope.clone().unwrap_or_default();
                for span in &scoped.spans {
                    let mut got = taken.next().expect("as many spans");
                    prop_assert_eq!(&got.resource.attrs, &attrs);
                    prop_assert_eq!(&got.scope.name, &scope.name);
                    prop_assert_eq!(&got.scope.attrs, &owned(&scope.attributes));
                    (got.resource, got.scope) = Default::default();
                    prop_assert_eq!(got, expected(span));
                }
            }
        }
        prop_assert!(taken.next().is_none());
    }

    #[test]
    fn json_of_the_generated_types_is_read_as_their_protobuf(request in requests(), records in vec(any_log(), 0..4)) {
        let json = serde_json::to_string(&request).unwrap();
        prop_assert_eq!(spans_json(&json), spans(&request));
        let request = logs_of(records);
        let json = serde_json::to_string(&request).unwrap();
        prop_assert_eq!(logs_json(&json), logs(&request));
    }

    #[test]
    fn what_is_encoded_is_read_back(request in requests(), records in vec(any_log(), 0..4)) {
        let (taken, _) = spans(&request);
        let bytes = encode::spans_protobuf(&taken);
        let (batch, _) = decode(traces::decode_protobuf, &bytes).unwrap();
        prop_assert_eq!(encode::spans_protobuf(&batch.span_records()), bytes.clone());
        let (again, _) = spans_json(&encode::spans_json(&taken));
        prop_assert_eq!(&again, &batch.span_records());
        // Groups of one source may come together; within them the order stays.
        let key = |s: &SpanRecord| (s.trace_id, s.span_id);
        let (mut before, mut after) = (taken, again);
        before.sort_by_key(key);
        after.sort_by_key(key);
        for (before, after) in before.iter().zip(&after) {
            prop_assert_eq!(&before.attrs, &after.attrs);
            prop_assert_eq!(&before.events, &after.events);
            prop_assert_eq!(&before.links, &after.links);
            prop_assert_eq!(&before.resource.service, &after.resource.service);
        }
        // The generated types read both encodings of it alike; but of JSON they want lists also where these are
        // empty, which proto3 leaves out.
        let tree = pt::TracesData::decode(&bytes[..]).unwrap();
        let json = encode::spans_json(&before);
        let count = |groups: &[pt::ResourceSpans]| -> usize {
            groups.iter().flat_map(|r| &r.scope_spans).map(|s| s.spans.len()).sum()
        };
        prop_assert_eq!(count(&tree.resource_spans), before.len());
        if !json.contains("Value\":{}") {
            let tree: ExportTraceServiceRequest = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(count(&tree.resource_spans), before.len());
        }

        let (taken, _) = logs(&logs_of(records));
        let (batch, _) = decode(logs::decode_protobuf, &encode::logs_protobuf(&taken)).unwrap();
        for (mut before, mut after) in taken.into_iter().zip(batch.log_records()) {
            // The default service is written, so that readers of it agree on the name.
            (before.resource, after.resource) = Default::default();
            if !before.body_is_json || before.body == after.body {
                prop_assert_eq!(before, after);
            }
        }
    }

    #[test]
    fn no_bytes_do_harm(bytes in vec(any::<u8>(), 0..400)) {
        for how in [traces::decode_protobuf as Decode, traces::decode_json, logs::decode_protobuf, logs::decode_json] {
            let _ = decode(how, &bytes);
        }
        let _ = metrics::decode_protobuf(&bytes, &mut Report::default());
    }

    #[test]
    fn no_changed_request_does_harm(request in requests(), changes in vec((any::<usize>(), any::<u8>()), 1..6)) {
        let mut bytes = request.encode_to_vec();
        let mut json = serde_json::to_vec(&request).unwrap();
        for (at, byte) in changes {
            for target in [&mut bytes, &mut json] {
                let len = target.len().max(1);
                if let Some(place) = target.get_mut(at % len) {
                    *place = byte;
                }
            }
        }
        let _ = decode(traces::decode_protobuf, &bytes);
        let _ = decode(traces::decode_json, &json);
        let _ = decode(logs::decode_protobuf, &bytes);
    }
}
