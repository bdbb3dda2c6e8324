use super::*;
use proptest::prelude::*;

fn namer(strategy: TranslationStrategy) -> Namer {
    Namer::new(&OtlpConfig { translation_strategy: strategy, ..OtlpConfig::default() })
}

use TranslationStrategy as T;
const DEFAULT: T = T::UnderscoreEscapingWithSuffixes;

#[track_caller]
fn check(strategy: T, cases: &[(&str, &str, Shape, &str)]) {
    for (name, unit, shape, want) in cases {
        let got = namer(strategy).metric(name, unit, *shape).unwrap_or_default();
        assert_eq!(got, *want, "{name:?} {unit:?} {shape:?}");
    }
}

#[test]
fn escaping_with_suffixes() {
    use Shape::*;
    check(
        DEFAULT,
        &[
            ("http.server.request.duration", "s", Histogram, "http_server_request_duration_seconds"),
            ("requests", "", Counter, "requests_total"),
            ("cpu_usage", "1", Gauge, "cpu_usage_ratio"),
            ("items", "1", Counter, "items_total"),
            ("response_time", "ms", Gauge, "response_time_milliseconds"),
            ("memory_usage", "By", Gauge, "memory_usage_bytes"),
            ("requests", "1/s", Gauge, "requests_per_second"),
            ("throughput", "By/s", Gauge, "throughput_bytes_per_second"),
            ("custom_metric", "custom_unit", Gauge, "custom_metric_custom_unit"),
            ("custom_metric", "{custom}", Gauge, "custom_metric"),
            ("custom_metric", "By/{custom}", Gauge, "custom_metric_bytes"),
            ("requests_total", "", Counter, "requests_total"),
            ("total_requests_seen", "", Counter, "requests_seen_total"),
            ("cpu_usage_ratio", "1", Gauge, "cpu_usage_ratio"),
            ("response_time_seconds", "s", Gauge, "response_time_seconds"),
            (
                "metric__with__multiple__underscores",
                "unit__multiple__underscores",
                Gauge,
                "metric_with_multiple_underscores_unit_multiple_underscores",
            ),
            ("custom_metric", "unit@with#special/chars", Gauge, "custom_metric_unit_with_special_per_chars"),
            ("active_connections", "", UpDown, "active_connections"),
            ("123metric", "", Gauge, "_123metric"),
            ("uptime", "d", Gauge, "uptime_days"),
            ("request_size", "By", ExponentialHistogram, "request_size_bytes"),
            ("response_time", "ms", Summary, "response_time_milliseconds"),
            ("@#$%", "", Gauge, ""),
            ("", "", Gauge, ""),
            ("process.cpu.time", "s", Counter, "process_cpu_time_seconds_total"),
            ("ratio.a", "1", UpDown, "ratio_a"),
        ],
    );
}

#[test]
fn escaping_without_suffixes() {
    use Shape::*;
    check(
        T::UnderscoreEscapingWithoutSuffixes,
        &[
            ("simple_metric", "s", Gauge, "simple_metric"),
            ("metric@with#special$chars", "", Gauge, "metric_with_special_chars"),
            ("123metric", "", Gauge, "_123metric"),
            ("metric@@##$$name", "", Counter, "metric_name"),
            ("a__b", "", Gauge, "a__b"),
            ("@#$%", "", Gauge, ""),
        ],
    );
}

#[test]
fn names_as_they_are_with_suffixes() {
    use Shape::*;
    check(
        T::NoUtf8EscapingWithSuffixes,
        &[
            ("requêsts", "", Counter, "requêsts_total"),
            ("cpu_usagé", "1", Gauge, "cpu_usagé_ratio"),
            ("respønse_time", "ms", Gauge, "respønse_time_milliseconds"),
            ("requêsts", "1/s", Gauge, "requêsts_per_second"),
            ("requêsts", "1/s", Counter, "requêsts_per_second_total"),
            ("requests_total", "", Counter, "requests_total"),
            ("cpu_seconds_total", "s", Counter, "cpu_seconds_total"),
            ("cpu_usage_ratio", "1", Gauge, "cpu_usage_ratio"),
            ("http.server.duration", "s", Histogram, "http.server.duration_seconds"),
            ("@#$%", "", Counter, "@#$%_total"),
            // The delimiter before a suffix may be of several bytes.
            ("aétotal", "", Counter, "a_total"),
        ],
    );
}

#[test]
fn no_translation_leaves_all() {
    use Shape::*;
    check(
        T::NoTranslation,
        &[("http.server.duration", "s", Counter, "http.server.duration"), ("", "s", Gauge, "")],
    );
}

#[test]
fn labels() {
    let cases = [
        ("http.method", "http_method"),
        ("label:with:colons", "label_with_colons"),
        ("label!with&special$chars)", "label_with_special_chars_"),
        ("label_with_foreign_characters_字符", "label_with_foreign_characters___"),
        ("123label", "key_123label"),
        ("_x", "key_x"),
        ("__x", "__x"),
        ("__name__", "__name__"),
        ("a..b", "a__b"),
    ];
    for (name, want) in cases {
        assert_eq!(namer(DEFAULT).label(name).as_deref(), Ok(want), "{name}");
        assert_eq!(namer(T::NoTranslation).label(name).as_deref(), Ok(name));
    }
    for bad in ["", "__", "ようこそ"] {
        assert!(namer(DEFAULT).label(bad).is_err(), "{bad}");
    }
    assert!(namer(T::NoTranslation).label("__").is_err());
    assert!(namer(T::NoTranslation).label("ようこそ").is_ok());
}

#[test]
fn labels_with_other_settings() {
    let config = OtlpConfig {
        label_name_underscore_sanitization: false,
        label_name_preserve_multiple_underscores: false,
        ..OtlpConfig::default()
    };
    let namer = Namer::new(&config);
    for (name, want) in [("_x", "_x"), ("a..b__c", "a_b_c"), ("__name__", "__name__"), ("1a", "key_1a")] {
        assert_eq!(namer.label(name).as_deref(), Ok(want), "{name}");
    }
}

#[test]
fn units() {
    let cases = [
        ("", ""),
        ("   ", ""),
        ("s", "seconds"),
        ("1", ""),
        ("1/s", "per_second"),
        ("By/s", "bytes_per_second"),
        ("requests/m", "requests_per_minute"),
        ("{custom}/s", "per_second"),
        ("{custom}/{invalid}", ""),
        ("custom@unit#with$chars", "custom_unit_with_chars"),
        ("By/custom@per#unit", "bytes_per_custom_per_unit"),
        ("@#$%", ""),
        ("/", ""),
        ("By/", "bytes"),
        ("/s", "per_second"),
        ("_custom_unit", "custom_unit"),
        ("custom_unit_", "custom_unit"),
        ("By/_custom__unit_", "bytes_per_custom_unit"),
    ];
    for (unit, want) in cases {
        assert_eq!(namer(DEFAULT).unit(unit), want, "{unit:?}");
    }
    assert_eq!(namer(T::NoTranslation).unit("unit@@##$$name"), "unit@@##$$name");
}

proptest! {
    #[test]
    fn escaped_names_are_legacy_names(name in "\\PC{0,20}", unit in "\\PC{0,8}", counter in any::<bool>()) {
        let shape = if counter { Shape::Counter } else { Shape::Gauge };
        for strategy in [DEFAULT, T::UnderscoreEscapingWithoutSuffixes] {
            if let Ok(built) = namer(strategy).metric(&name, &unit, shape) {
                prop_assert!(model::labels::is_legacy_metric_name(&built), "{built:?}");
            }
            if let Ok(built) = namer(strategy).label(&name) {
                prop_assert!(model::labels::is_legacy_label_name(&built), "{built:?}");
            }
        }
    }

    /// A name that was translated once stays as it is.
    #[test]
    fn translation_is_idempotent(name in "[a-z.]{1,12}", unit in "(s|By|1|ms|)") {
        let namer = namer(DEFAULT);
        for shape in [Shape::Counter, Shape::Gauge, Shape::Histogram] {
            if let Ok(once) = namer.metric(&name, &unit, shape) {
                prop_assert_eq!(namer.metric(&once, &unit, shape).unwrap(), once);
            }
        }
    }
}
