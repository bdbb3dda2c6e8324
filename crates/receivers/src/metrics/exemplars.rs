//! Exemplars of OTLP as those of Prometheus.

use super::value;
use model::event::{SpanId, TraceId};
use model::{Exemplar, LabelsBuilder};
use opentelemetry_proto::tonic::metrics::v1 as otlp;

/// Characters of all names and values of an exemplar's labels (OpenMetrics 1.0, "Exemplars").
const LABEL_CHARS_MAX: usize = 128;

/// Translates those that have a value, oldest first, as the store wants them.
pub(crate) fn translate(exemplars: &[otlp::Exemplar]) -> Vec<Exemplar> {
    let mut translated: Vec<Exemplar> = exemplars.iter().filter_map(one).collect();
    translated.sort_by_key(|e| e.timestamp);
    translated
}

fn one(exemplar: &otlp::Exemplar) -> Option<Exemplar> {
    let value = match exemplar.value? {
        otlp::exemplar::Value::AsDouble(value) => value,
        otlp::exemplar::Value::AsInt(value) => value as f64,
    };
    let mut labels = LabelsBuilder::new();
    let mut chars = 0;
    let mut set = |labels: &mut LabelsBuilder, name: &str, text: &str| {
        chars += name.chars().count() + text.chars().count();
        labels.set(name, text);
    };
    if let Some(id) = exemplar.trace_id.as_slice().try_into().ok().map(TraceId).filter(|id| !id.is_none()) {
        set(&mut labels, "trace_id", &id.to_string());
    }
    if let Some(id) = exemplar.span_id.as_slice().try_into().ok().map(SpanId).filter(|id| !id.is_none()) {
        set(&mut labels, "span_id", &id.to_string());
    }
    // The attributes come along when all of them fit.
    let mut all = labels.clone();
    for attribute in &exemplar.filtered_attributes {
        let text = attribute.value.as_ref().map(value::text).unwrap_or_default();
        if labels.get(&attribute.key).is_none() {
            set(&mut all, &attribute.key, &text);
        }
    }
    let labels = if chars <= LABEL_CHARS_MAX { all } else { labels };
    let timestamp = (exemplar.time_unix_nano / 1_000_000) as i64;
    Some(Exemplar { labels: labels.build(), value, timestamp: (timestamp != 0).then_some(timestamp) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Labels;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};

    fn exemplar(attribute: &str) -> otlp::Exemplar {
        otlp::Exemplar {
            filtered_attributes: vec![KeyValue {
                key: "user.id".to_owned(),
                value: Some(AnyValue { value: Some(any_value::Value::StringValue(attribute.to_owned())) }),
                ..KeyValue::default()
            }],
            time_unix_nano: 5_000_000,
            span_id: vec![1; 8],
            trace_id: vec![2; 16],
            value: Some(otlp::exemplar::Value::AsInt(3)),
        }
    }

    #[test]
    fn ids_and_attributes_become_labels() {
        let (trace, span) = ("02".repeat(16), "01".repeat(8));
        let ids = [("trace_id", trace.as_str()), ("span_id", span.as_str())];
        let with = |more: &[(&str, &str)]| Labels::from_pairs(ids.iter().chain(more).copied());
        let short = translate(&[exemplar("42")]);
        assert_eq!(short[0].labels, with(&[("user.id", "42")]));
        assert_eq!((short[0].value, short[0].timestamp), (3.0, Some(5)));
        // 8 + 32 + 7 + 16 characters for the ids: 65 more are too many, 58 with the key are not.
        let long = translate(&[exemplar(&"x".repeat(59))]);
        assert_eq!(long[0].labels, with(&[]));
        let fits = "x".repeat(58);
        assert_eq!(translate(&[exemplar(&fits)])[0].labels, with(&[("user.id", &fits)]));
    }

    #[test]
    fn order_is_made_and_what_is_no_exemplar_left() {
        let mut early = exemplar("a");
        early.time_unix_nano = 1_000_000;
        early.trace_id = vec![1; 3];
        early.span_id = vec![0; 8];
        let nothing = otlp::Exemplar { value: None, ..exemplar("b") };
        let all = translate(&[exemplar("c"), nothing, early]);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].labels, Labels::from_pairs([("user.id", "a")]));
    }
}
