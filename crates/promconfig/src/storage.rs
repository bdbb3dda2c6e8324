//! The sections `storage`, `otlp` and `tracing`.

use crate::http::{HEADERS_RESERVED, TlsConfig};
use crate::size::ByteSize;
use crate::yaml::{Fields, Reader};
use std::collections::BTreeMap;
use std::time::Duration;

section! {
    /// How much is kept. What is absent here is said by the program's flags.
    pub struct StorageConfig {
        key tsdb: Option<TsdbConfig> = None,
        key exemplars: Option<ExemplarsConfig> = None,
    }
}

section! {
    pub struct TsdbConfig, check = check_tsdb {
        /// How old a sample may be against the newest of its series.
        key out_of_order_time_window: Duration = Duration::ZERO,
        /// Share of stale series in the head that starts an early compaction.
        key stale_series_compaction_threshold: f64 = 0.0,
        key retention: Option<RetentionConfig> = None,
        key chunk_encoding: Option<ChunkEncodingConfig> = None,
    }
}

section! {
    /// Zero means no limit of that kind.
    pub struct RetentionConfig, check = check_retention {
        key time: Duration = Duration::ZERO,
        key size: ByteSize = ByteSize(0),
        /// Of the disk, 0 to 100.
        key percentage: f64 = 0.0,
    }
}

section! {
    /// How Prometheus packs chunks: read and checked, without effect here.
    pub struct ChunkEncodingConfig {
        key floats: Option<FloatEncoding> = None,
    }
}

choice! {
    pub enum FloatEncoding, fold = str::to_owned, empty = true, fault = "unknown chunk encoding {} for floats, must be one of xor or xor2" {
        #[default]
        Xor = "xor",
        Xor2 = "xor2",
    }
}

section! {
    pub struct ExemplarsConfig {
        /// 0 or less stores none.
        key max_exemplars: i64 = 100_000,
    }
}

section! {
    /// How what arrives by OTLP becomes series.
    pub struct OtlpConfig, check = check_otlp {
        key promote_all_resource_attributes: bool = false,
        key promote_resource_attributes: Vec<String> = Vec::new(),
        /// Only with `promote_all_resource_attributes`.
        key ignore_resource_attributes: Vec<String> = Vec::new(),
        key translation_strategy: TranslationStrategy = TranslationStrategy::UnderscoreEscapingWithSuffixes,
        key keep_identifying_resource_attributes: bool = false,
        key convert_histograms_to_nhcb: bool = false,
        key promote_scope_metadata: bool = false,
        always label_name_underscore_sanitization: bool = true,
        always label_name_preserve_multiple_underscores: bool = true,
    }
}

choice! {
    /// How names of OpenTelemetry become names of metrics and labels.
    pub enum TranslationStrategy, fold = str::to_owned, empty = true, fault = "unsupported OTLP translation strategy {}" {
        #[default]
        UnderscoreEscapingWithSuffixes = "UnderscoreEscapingWithSuffixes",
        UnderscoreEscapingWithoutSuffixes = "UnderscoreEscapingWithoutSuffixes",
        NoUtf8EscapingWithSuffixes = "NoUTF8EscapingWithSuffixes",
        NoTranslation = "NoTranslation",
    }
}

section! {
    /// Where the server's own traces go.
    pub struct TracingConfig, check = check_tracing {
        key client_type: TracingClient = TracingClient::Grpc,
        key endpoint: String = String::new(),
        key sampling_fraction: f64 = 0.0,
        key insecure: bool = false,
        key tls_config: TlsConfig = TlsConfig::default(),
        key headers: BTreeMap<String, String> = BTreeMap::new(),
        /// Empty or `gzip`.
        key compression: String = String::new(),
        key timeout: Duration = Duration::ZERO,
    }
}

choice! {
    pub enum TracingClient, fold = str::to_owned, empty = false, fault = "expected tracing client type to be to be http or grpc, but got {}" {
        #[default]
        Grpc = "grpc",
        Http = "http",
    }
}

fn check_tsdb(tsdb: &mut TsdbConfig, fields: &Fields<'_>, reader: &mut Reader) {
    if !(0.0..=1.0).contains(&tsdb.stale_series_compaction_threshold) {
        let reason = "'storage.tsdb.stale_series_compaction_threshold' must be in the range [0, 1]";
        fields.fault("stale_series_compaction_threshold", reason, reader);
    }
}

fn check_retention(retention: &mut RetentionConfig, fields: &Fields<'_>, reader: &mut Reader) {
    if !(0.0..=100.0).contains(&retention.percentage) {
        let reason = format!(
            "'storage.tsdb.retention.percentage' must be in the range [0, 100], got {}",
            retention.percentage
        );
        fields.fault("percentage", reason, reader);
    }
}

fn check_otlp(otlp: &mut OtlpConfig, fields: &Fields<'_>, reader: &mut Reader) {
    use TranslationStrategy as T;
    if otlp.promote_all_resource_attributes {
        if !otlp.promote_resource_attributes.is_empty() {
            let reason = "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be configured simultaneously";
            fields.fault("promote_resource_attributes", reason, reader);
        }
        check_attributes(
            "ignore_resource_attributes",
            "ignored",
            &mut otlp.ignore_resource_attributes,
            fields,
            reader,
        );
    } else {
        if !otlp.ignore_resource_attributes.is_empty() {
            let reason = "'ignore_resource_attributes' cannot be configured unless 'promote_all_resource_attributes' is true";
            fields.fault("ignore_resource_attributes", reason, reader);
        }
        check_attributes(
            "promote_resource_attributes",
            "promoted",
            &mut otlp.promote_resource_attributes,
            fields,
            reader,
        );
    }
    let keeps_utf8 = matches!(otlp.translation_strategy, T::NoUtf8EscapingWithSuffixes | T::NoTranslation);
    if keeps_utf8 && reader.global.metric_name_validation_scheme == crate::names::NameValidation::Legacy {
        let strategy = otlp.translation_strategy.as_str();
        let reason = format!("OTLP translation strategy {strategy:?} is not allowed when UTF8 is disabled");
        fields.fault("translation_strategy", reason, reader);
    }
}

/// Trims, and refuses empty and repeated ones.
fn check_attributes(
    key: &str,
    what: &str,
    attributes: &mut [String],
    fields: &Fields<'_>,
    reader: &mut Reader,
) {
    for index in 0..attributes.len() {
        let trimmed = attributes[index].trim().to_owned();
        if trimmed.is_empty() {
            fields.fault(key, format!("invalid '{key}': empty {what} OTel resource attribute"), reader);
        } else if attributes[..index].contains(&trimmed) {
            let reason = format!("invalid '{key}': duplicated {what} OTel resource attribute {trimmed:?}");
            fields.fault(key, reason, reader);
        }
        attributes[index] = trimmed;
    }
}

fn check_tracing(tracing: &mut TracingConfig, fields: &Fields<'_>, reader: &mut Reader) {
    for name in tracing.headers.keys() {
        let lower = name.to_ascii_lowercase();
        if lower == "authorization" {
            let reason = "custom authorization header configuration is not yet supported";
            fields.fault_below("headers", name, reason, reader);
        } else if HEADERS_RESERVED.contains(&lower.as_str()) || lower == "x-amz-content-sha256" {
            fields.fault_below(
                "headers",
                name,
                format!("{name} is a reserved header. It must not be changed"),
                reader,
            );
        }
    }
    if tracing.endpoint.is_empty() {
        fields.fault("endpoint", "tracing endpoint must be set", reader);
    }
    if !matches!(tracing.compression.as_str(), "" | "gzip") {
        let reason =
            format!("invalid compression type {} provided, valid options: gzip", tracing.compression);
        fields.fault("compression", reason, reader);
    }
}
