//! Reads OTLP files of other projects: JSON requests, told apart by their one field. A file passes when nothing of it
//! is refused, nothing is mended, and, for spans and log records, what we write of it reads the same again.

use model::event::{Batch, Kind};
use wire::otlp::{DecodeError, Options, Report, encode, logs, metrics, traces};

/// Judges one file; the error says what is wrong.
pub fn run_file(json: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(json);
    if text.contains("\"resourceSpans\"") {
        let batch = read(traces::decode_json, json)?;
        let again = encode::spans_protobuf(&batch.span_records());
        same(&batch, &read(traces::decode_protobuf, &again)?)?;
        same(&batch, &read(traces::decode_json, encode::spans_json(&batch.span_records()).as_bytes())?)
    } else if text.contains("\"resourceLogs\"") {
        let batch = read(logs::decode_json, json)?;
        let again = encode::logs_protobuf(&batch.log_records());
        same(&batch, &read(logs::decode_protobuf, &again)?)?;
        same(&batch, &read(logs::decode_json, encode::logs_json(&batch.log_records()).as_bytes())?)
    } else if text.contains("\"resourceMetrics\"") {
        let mut report = Report::default();
        let request = metrics::decode_json(json, &mut report).map_err(|e| e.to_string())?;
        let groups = request.resource_metrics.iter().flat_map(|r| &r.scope_metrics);
        let empty = groups.flat_map(|s| &s.metrics).any(|m| m.data.is_none());
        if empty { Err("a metric without data".to_owned()) } else { unchanged(&report) }
    } else {
        Err("neither spans nor log records nor metrics".to_owned())
    }
}

type Decode = fn(&[u8], &Options, &mut Batch, &mut Report) -> Result<(), DecodeError>;

fn read(decode: Decode, bytes: &[u8]) -> Result<Batch, String> {
    let (mut batch, mut report) = (Batch::new(Kind::Span), Report::default());
    decode(bytes, &Options::at(1), &mut batch, &mut report).map_err(|e| e.to_string())?;
    unchanged(&report)?;
    batch.check().map_err(|e| e.to_string())?;
    if batch.is_empty() { Err("no records".to_owned()) } else { Ok(batch) }
}

fn unchanged(report: &Report) -> Result<(), String> {
    let text = report.text();
    if text.is_empty() { Ok(()) } else { Err(text) }
}

fn same(before: &Batch, after: &Batch) -> Result<(), String> {
    if before.span_records() == after.span_records() && before.log_records() == after.log_records() {
        Ok(())
    } else {
        Err("what we write of it reads differently".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_files_pass_and_others_say_why() {
        let log = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":
            {"stringValue":"a"}}]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"5","body":{"stringValue":"x"}}]}]}]}"#;
        assert_eq!(run_file(log.as_bytes()), Ok(()));
        let point = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{}}]}]}]}"#;
        assert_eq!(run_file(point.as_bytes()), Ok(()));
        for (bad, why) in [
            ("{}", "neither"),
            (r#"{"resourceLogs":[]}"#, "no records"),
            (r#"{"resourceLogs":[{]}"#, "malformed JSON"),
            (r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{}]}]}]}"#, "trace id"),
            (r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{}]}]}]}"#, "without data"),
        ] {
            let error = run_file(bad.as_bytes()).expect_err(bad);
            assert!(error.contains(why), "{error}");
        }
    }
}
