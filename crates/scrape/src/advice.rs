//! What to do about a failed scrape: one sentence for people who look at a red target.

use crate::error::ScrapeError;
use discovery::HttpError;
use discovery::http::ConnectError;
use wire::exposition::Protocol;

/// What the advice may speak of beside the error.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// `host:port`
    pub address: &'a str,
    /// `http` or `https`
    pub scheme: &'a str,
    pub path: &'a str,
    pub timeout: &'a str,
    pub has_credentials: bool,
}

/// One sentence that says what to look at or change.
pub fn advice(error: &ScrapeError, about: Context<'_>) -> String {
    let Context { address, path, .. } = about;
    match error {
        ScrapeError::Http { error, .. } => http(error, about),
        ScrapeError::Status { code, .. } => status(*code, about),
        ScrapeError::ContentType(_) => format!(
            "{address}{path} did not say that it serves metrics: check metrics_path, or set fallback_scrape_protocol: {} if it does.",
            Protocol::PrometheusText0_0_4.as_str()
        ),
        ScrapeError::Parse { error } => {
            let at = if error.line > 0 { format!(" near line {}", error.line) } else { String::new() };
            let series = if error.series.is_empty() {
                String::new()
            } else {
                format!(" ({})", first_line(&error.series))
            };
            format!(
                "The body is not well-formed{at}{series}: see what `curl -i` gets from {address}{path} and fix the exporter."
            )
        }
        ScrapeError::BodySizeLimit { limit_bytes } => {
            format!(
                "The body is {limit_bytes} bytes or larger: raise body_size_limit, or expose fewer series."
            )
        }
        ScrapeError::SampleLimit { limit } => format!(
            "The target exposes more than {limit} samples: drop some with metric_relabel_configs, or raise sample_limit."
        ),
        ScrapeError::BucketLimit { limit } => format!(
            "A native histogram has more than {limit} buckets at any resolution: raise native_histogram_bucket_limit."
        ),
        ScrapeError::LabelLimit(_) => {
            "Drop the label with metric_relabel_configs (labeldrop), or raise the limit that is named."
                .to_owned()
        }
        ScrapeError::TargetLimit { limit, .. } => format!(
            "The job has more than {limit} targets and scrapes none of them: keep fewer with relabel_configs, or raise target_limit."
        ),
        ScrapeError::NoName => {
            "A rule of metric_relabel_configs removed __name__: see the job's rules.".to_owned()
        }
        ScrapeError::InvalidName(_) => {
            "The name is valid only with metric_name_validation_scheme: utf8.".to_owned()
        }
        ScrapeError::Append { .. } => format!("The store refuses the sample: fix what {address} exposes."),
        ScrapeError::Commit(_) => {
            "The store could not take the scrape: see disk space and memory on the status page.".to_owned()
        }
        ScrapeError::Settings(_) => {
            "Fix the rule that writes __scrape_interval__ or __scrape_timeout__.".to_owned()
        }
        ScrapeError::Fault => {
            format!("This is a fault of Pharos: report it with its log and what {address}{path} exposes.")
        }
    }
}

fn http(error: &HttpError, about: Context<'_>) -> String {
    let Context { address, path, timeout, scheme, .. } = about;
    match error {
        HttpError::Connect(connect) => connection(connect, about),
        HttpError::Timeout => format!(
            "{address} took longer than the scrape_timeout of {timeout}: see why {path} is slow, or raise scrape_timeout."
        ),
        HttpError::Url(_) => {
            "The address, scheme and path do not make a URL: see the labels after relabeling.".to_owned()
        }
        HttpError::Header(_) => "A header of http_headers has characters that no header may have.".to_owned(),
        HttpError::Credentials(_) => {
            "Check the files and the token endpoint that the job's credentials come from.".to_owned()
        }
        HttpError::TlsConfig(_) => {
            "Check tls_config: the files must exist, be readable and be PEM.".to_owned()
        }
        HttpError::ProxyConfig(_) => "Check proxy_url.".to_owned(),
        HttpError::Protocol(_) if scheme == "http" => {
            format!("{address} does not speak plain HTTP: if it speaks TLS, set scheme: https.")
        }
        HttpError::Protocol(_) => format!("{address} broke the connection: see the exporter's log."),
        HttpError::Redirects => {
            format!("{address}{path} redirects in a circle: set metrics_path to where it leads.")
        }
        HttpError::Body(_) => {
            format!("The body of {address}{path} ended early or is not what it says: see the exporter's log.")
        }
        HttpError::BodyTooLarge { limit_bytes } => {
            format!(
                "The body is {limit_bytes} bytes or larger: raise body_size_limit, or expose fewer series."
            )
        }
    }
}

fn connection(error: &ConnectError, about: Context<'_>) -> String {
    let Context { address, scheme, .. } = about;
    match error {
        ConnectError::Lookup { host, .. } => {
            format!("No address is known for {host}: check its spelling and the DNS of this machine.")
        }
        ConnectError::Dial { refused: true, .. } => {
            format!("Nothing listens on {address}: is the exporter running, and on that address and port?")
        }
        ConnectError::Dial { .. } => {
            format!("{address} cannot be reached from here: check firewalls and routes.")
        }
        ConnectError::Tls { unknown_authority: true, .. } => format!(
            "The certificate of {address} is signed by nobody trusted here: set tls_config.ca_file to its authority."
        ),
        ConnectError::Tls { reason, .. }
            if reason.contains("does not look like a TLS handshake") && scheme == "https" =>
        {
            format!("{address} does not speak TLS: set scheme: http.")
        }
        ConnectError::Tls { .. } => {
            "The TLS handshake failed: check the certificate's names (tls_config.server_name) and its dates."
                .to_owned()
        }
        ConnectError::Proxy { proxy, .. } => {
            format!("The proxy {proxy} did not connect: check proxy_url and no_proxy.")
        }
    }
}

fn status(code: u16, about: Context<'_>) -> String {
    let Context { address, path, has_credentials, .. } = about;
    match code {
        401 if has_credentials => {
            format!("{address} does not accept the credentials: check basic_auth or authorization.")
        }
        401 => format!("{address} wants credentials: set basic_auth or authorization."),
        403 => format!("{address} knows us and forbids {path}: check the rights of the credentials."),
        404 => format!("{address} has no {path}: check metrics_path."),
        406 => format!("{address} offers no format that was asked for: check scrape_protocols."),
        429 => format!("{address} is asked too often: raise scrape_interval."),
        300..=399 => format!("{address}{path} redirects, and follow_redirects is off."),
        500..=599 => format!("{address} failed to collect its metrics: see the exporter's log."),
        _ => format!("See what `curl -i` gets from {address}{path}."),
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_to_change() {
        let about = Context {
            address: "db:9187",
            scheme: "http",
            path: "/metrics",
            timeout: "10s",
            has_credentials: false,
        };
        let http = |error| ScrapeError::Http { url: "http://db:9187/metrics".to_owned(), error };
        let refused =
            ConnectError::Dial { address: "tcp 1:1".to_owned(), reason: String::new(), refused: true };
        let check = |error: ScrapeError, want: &str| {
            let text = advice(&error, about);
            assert!(text.contains(want), "{text}");
        };
        check(http(HttpError::Connect(refused)), "Nothing listens on db:9187");
        check(http(HttpError::Timeout), "scrape_timeout of 10s");
        check(http(HttpError::Protocol("x".to_owned())), "scheme: https");
        check(ScrapeError::Status { code: 401, line: String::new() }, "set basic_auth");
        check(ScrapeError::Status { code: 404, line: String::new() }, "metrics_path");
        check(ScrapeError::ContentType(String::new()), "fallback_scrape_protocol: PrometheusText0.0.4");
        check(ScrapeError::SampleLimit { limit: 5 }, "more than 5 samples");
    }
}
