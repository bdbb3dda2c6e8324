//! Which format a target is asked for, and which it answered with.

use super::escaping::EscapingScheme;
use std::fmt;

/// The exposition formats, under the names of `scrape_protocols` in prometheus.yml.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    PrometheusProto,
    PrometheusText0_0_4,
    PrometheusText1_0_0,
    OpenMetricsText0_0_1,
    OpenMetricsText1_0_0,
}

impl Protocol {
    /// The order of preference when the configuration names none.
    pub const DEFAULT: [Protocol; 4] = [
        Protocol::OpenMetricsText1_0_0,
        Protocol::OpenMetricsText0_0_1,
        Protocol::PrometheusText1_0_0,
        Protocol::PrometheusText0_0_4,
    ];

    /// The same with native histograms on.
    pub const DEFAULT_NATIVE_HISTOGRAMS: [Protocol; 5] = [
        Protocol::PrometheusProto,
        Protocol::OpenMetricsText1_0_0,
        Protocol::OpenMetricsText0_0_1,
        Protocol::PrometheusText1_0_0,
        Protocol::PrometheusText0_0_4,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::PrometheusProto => "PrometheusProto",
            Protocol::PrometheusText0_0_4 => "PrometheusText0.0.4",
            Protocol::PrometheusText1_0_0 => "PrometheusText1.0.0",
            Protocol::OpenMetricsText0_0_1 => "OpenMetricsText0.0.1",
            Protocol::OpenMetricsText1_0_0 => "OpenMetricsText1.0.0",
        }
    }

    pub fn parse(name: &str) -> Option<Protocol> {
        Protocol::DEFAULT_NATIVE_HISTOGRAMS.into_iter().find(|p| p.as_str() == name)
    }

    /// As it stands in `Accept` and `Content-Type`, without escaping and character set.
    pub fn media_type(self) -> &'static str {
        match self {
            Protocol::PrometheusProto => {
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
            }
            Protocol::PrometheusText0_0_4 => "text/plain;version=0.0.4",
            Protocol::PrometheusText1_0_0 => "text/plain;version=1.0.0",
            Protocol::OpenMetricsText0_0_1 => "application/openmetrics-text;version=0.0.1",
            Protocol::OpenMetricsText1_0_0 => "application/openmetrics-text;version=1.0.0",
        }
    }
}

/// The `Accept` header for a target: the protocols by preference, then anything.
pub fn accept_header(protocols: &[Protocol], escaping: EscapingScheme) -> String {
    // As many steps as there are protocols, and one for "anything", as Prometheus counts them.
    let mut weight = Protocol::DEFAULT_NATIVE_HISTOGRAMS.len() + 1;
    let mut header = String::new();
    for protocol in protocols {
        header.push_str(protocol.media_type());
        if matches!(protocol, Protocol::PrometheusText1_0_0 | Protocol::OpenMetricsText1_0_0) {
            header.push_str(";escaping=");
            header.push_str(escaping.as_str());
        }
        header.push_str(&format!(";q=0.{weight},"));
        weight = weight.saturating_sub(1).max(1);
    }
    header.push_str(&format!("*/*;q=0.{weight}"));
    header
}

/// A content type that names no format we read, and no fallback is configured. The words say what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsupportedContentType(pub String);

impl fmt::Display for UnsupportedContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for UnsupportedContentType {}

/// The protocol of a body with this `Content-Type`. When the fallback had to be used, the second value says why:
/// worth a debug log line.
pub fn protocol_of(
    content_type: &str,
    fallback: Option<Protocol>,
) -> Result<(Protocol, Option<String>), UnsupportedContentType> {
    let problem = if content_type.is_empty() {
        "non-compliant scrape target sending blank Content-Type".to_owned()
    } else {
        match media_type(content_type) {
            None => format!("could not parse received Content-Type {content_type:?}"),
            Some((media, version)) => match known(&media, version) {
                Some(protocol) => return Ok((protocol, None)),
                None => format!("received unsupported Content-Type {content_type:?}"),
            },
        }
    };
    match fallback {
        Some(protocol) => {
            Ok((protocol, Some(format!("{problem}, using fallback_scrape_protocol {:?}", protocol.as_str()))))
        }
        None => Err(UnsupportedContentType(format!(
            "{problem} and no fallback_scrape_protocol specified for target"
        ))),
    }
}

fn known(media: &str, version: Option<&str>) -> Option<Protocol> {
    Some(match (media, version) {
        ("application/openmetrics-text", Some("0.0.1")) => Protocol::OpenMetricsText0_0_1,
        ("application/openmetrics-text", _) => Protocol::OpenMetricsText1_0_0,
        ("application/vnd.google.protobuf", _) => Protocol::PrometheusProto,
        ("text/plain", Some("1.0.0")) => Protocol::PrometheusText1_0_0,
        ("text/plain", _) => Protocol::PrometheusText0_0_4,
        _ => return None,
    })
}

/// The media type in lower case, and its `version`. `None` when it is not of the form `type/subtype; key=value`.
fn media_type(content_type: &str) -> Option<(String, Option<&str>)> {
    let mut parts = content_type.split(';');
    let media = parts.next()?.trim().to_ascii_lowercase();
    let (kind, subtype) = media.split_once('/').unwrap_or((&media, "x"));
    if !is_token(kind) || !is_token(subtype) {
        return None;
    }
    let mut version = None;
    for part in parts {
        let part = part.trim();
        if part.is_empty() {
            continue;
        }
        let (key, value) = part.split_once('=')?;
        if !is_token(key.trim()) {
            return None;
        }
        if key.trim().eq_ignore_ascii_case("version") {
            version = Some(value.trim().trim_matches('"'));
        }
    }
    Some((media, version))
}

/// RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_lists_by_preference() {
        assert_eq!(
            accept_header(&Protocol::DEFAULT, EscapingScheme::AllowUtf8),
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        );
        assert_eq!(accept_header(&[], EscapingScheme::Dots), "*/*;q=0.6");
    }

    #[test]
    fn content_types_choose() {
        let check = |header: &str, want: Protocol| {
            assert_eq!(protocol_of(header, None), Ok((want, None)), "{header}");
        };
        check("text/plain", Protocol::PrometheusText0_0_4);
        check("text/plain; version=0.0.4; charset=utf-8", Protocol::PrometheusText0_0_4);
        check("text/plain;version=1.0.0;escaping=allow-utf-8", Protocol::PrometheusText1_0_0);
        check("application/openmetrics-text; version=1.0.0; charset=utf-8", Protocol::OpenMetricsText1_0_0);
        check("Application/OpenMetrics-Text;version=\"0.0.1\"", Protocol::OpenMetricsText0_0_1);
        check(Protocol::PrometheusProto.media_type(), Protocol::PrometheusProto);
    }

    #[test]
    fn anything_else_needs_a_fallback() {
        for header in ["", "text/html", "application/json", "text/plain; version", "; ;", "a b/c"] {
            let error = protocol_of(header, None).unwrap_err();
            assert!(error.0.contains("no fallback_scrape_protocol"), "{error}");
            let (protocol, why) = protocol_of(header, Some(Protocol::OpenMetricsText1_0_0)).unwrap();
            assert_eq!(protocol, Protocol::OpenMetricsText1_0_0);
            assert!(why.unwrap().contains("using fallback_scrape_protocol \"OpenMetricsText1.0.0\""));
        }
    }

    #[test]
    fn names_read_back() {
        for protocol in Protocol::DEFAULT_NATIVE_HISTOGRAMS {
            assert_eq!(Protocol::parse(protocol.as_str()), Some(protocol));
        }
        assert_eq!(Protocol::parse("prometheusproto"), None);
    }
}
