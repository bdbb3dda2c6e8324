//! Which proxy a URL goes through, if any.
//!
//! A proxy that is named serves every address; with `no_proxy`, or from the environment, the rules are those of
//! Go's `httpproxy`: loopback addresses go direct, and an entry of the list is a host (with its subdomains), a
//! `.suffix`, an address, a network, each with an optional port, or `*`.

use super::HttpError;
use base64::Engine;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use promconfig::ProxyConfig;
use std::net::IpAddr;
use url::Url;

/// The proxy settings, ready to be asked.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Url>,
    https: Option<Url>,
    /// `None`: no exception, not even loopback.
    no_proxy: Option<NoProxy>,
    /// Sent with CONNECT.
    pub connect_headers: HeaderMap,
}

#[derive(Clone, Debug, Default)]
struct NoProxy {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    what: What,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    All,
    Network {
        address: IpAddr,
        bits: u8,
    },
    /// A host and what is under it.
    Domain(String),
    /// Only what is under it.
    Suffix(String),
}

impl Proxies {
    pub fn new(config: &ProxyConfig) -> Result<Proxies, HttpError> {
        let mut proxies = if config.proxy_from_environment {
            from_environment(|name| std::env::var(name).ok())?
        } else {
            match config.proxy_url.as_ref().map(|url| url.as_str()) {
                None | Some("") => Proxies::default(),
                Some(text) => {
                    let url = parse(text)?;
                    let no_proxy = (!config.no_proxy.is_empty()).then(|| NoProxy::parse(&config.no_proxy));
                    Proxies { http: Some(url.clone()), https: Some(url), no_proxy, ..Proxies::default() }
                }
            }
        };
        for (name, values) in &config.proxy_connect_header {
            let name = HeaderName::try_from(name.as_str()).map_err(|_| HttpError::Header(name.clone()))?;
            for value in values {
                let value =
                    HeaderValue::try_from(value.expose()).map_err(|_| HttpError::Header(name.to_string()))?;
                proxies.connect_headers.append(name.clone(), value);
            }
        }
        Ok(proxies)
    }

    /// The proxy for a host, if it needs one.
    pub fn choose(&self, https: bool, host: &str, port: u16) -> Option<&Url> {
        let proxy = if https { self.https.as_ref() } else { self.http.as_ref() }?;
        let direct = self.no_proxy.as_ref().is_some_and(|n| n.covers(host, port));
        (!direct).then_some(proxy)
    }

    /// The `Proxy-Authorization` of a request that goes through a proxy without CONNECT.
    pub fn plain_authorization(&self, url: &Url) -> Option<HeaderValue> {
        if url.scheme() != "http" || self.http.is_none() {
            return None;
        }
        authorization(self.choose(false, url.host_str()?, url.port_or_known_default()?)?)
    }
}

/// The user and password of a proxy's URL as a header.
pub fn authorization(proxy: &Url) -> Option<HeaderValue> {
    if proxy.username().is_empty() {
        return None;
    }
    let pair = format!("{}:{}", unescape(proxy.username()), unescape(proxy.password().unwrap_or("")));
    let value = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
    HeaderValue::try_from(value).ok()
}

fn unescape(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn from_environment(get: impl Fn(&str) -> Option<String>) -> Result<Proxies, HttpError> {
    let either = |name: &str| {
        let value = get(&name.to_ascii_uppercase()).or_else(|| get(name))?;
        (!value.is_empty()).then_some(value)
    };
    let url = |name: &str| either(name).map(|text| parse(&text)).transpose();
    let no_proxy = Some(NoProxy::parse(&either("no_proxy").unwrap_or_default()));
    Ok(Proxies { http: url("http_proxy")?, https: url("https_proxy")?, no_proxy, ..Proxies::default() })
}

/// A proxy's URL; without a scheme it is `http`.
fn parse(text: &str) -> Result<Url, HttpError> {
    let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Url::parse(&text).map_err(|e| HttpError::ProxyConfig(format!("invalid proxy URL: {e}")))?;
    match url.scheme() {
        "http" | "https" if url.host_str().is_some() => Ok(url),
        scheme => Err(HttpError::ProxyConfig(format!(
            "a proxy of scheme {scheme:?} is not supported (http and https are)"
        ))),
    }
}

impl NoProxy {
    fn parse(list: &str) -> NoProxy {
        NoProxy { entries: list.split(',').filter_map(Entry::parse).collect() }
    }

    fn covers(&self, host: &str, port: u16) -> bool {
        let host =
            host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        if host == "localhost" || address.is_some_and(|a| a.is_loopback()) {
            return true;
        }
        self.entries.iter().any(|e| e.port.is_none_or(|p| p == port) && e.what.covers(&host, address))
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Entry> {
        let text = text.trim().to_ascii_lowercase();
        if text.is_empty() {
            return None;
        }
        if text == "*" {
            return Some(Entry { what: What::All, port: None });
        }
        if let Some((address, bits)) = text.split_once('/') {
            let what = What::Network { address: address.parse().ok()?, bits: bits.parse().ok()? };
            return Some(Entry { what, port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, Some(port.parse().ok()?))
            }
            _ => (text.as_str(), None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let what = if let Ok(address) = host.parse::<IpAddr>() {
            What::Network { address, bits: if address.is_ipv4() { 32 } else { 128 } }
        } else if let Some(suffix) = host.strip_prefix("*.").or_else(|| host.strip_prefix('.')) {
            What::Suffix(format!(".{suffix}"))
        } else {
            What::Domain(host.to_owned())
        };
        Some(Entry { what, port })
    }
}

impl What {
    fn covers(&self, host: &str, address: Option<IpAddr>) -> bool {
        match self {
            What::All => true,
            What::Suffix(suffix) => host.ends_with(suffix),
            What::Domain(domain) => {
                host == domain || host.strip_suffix(domain.as_str()).is_some_and(|h| h.ends_with('.'))
            }
            What::Network { address: network, bits } => match (network, address) {
                (IpAddr::V4(n), Some(IpAddr::V4(a))) => {
                    same_bits(n.to_bits().into(), a.to_bits().into(), 32, *bits)
                }
                (IpAddr::V6(n), Some(IpAddr::V6(a))) => same_bits(n.to_bits(), a.to_bits(), 128, *bits),
                _ => false,
            },
        }
    }
}

/// Whether the first `bits` of two numbers of `width` bits are equal.
fn same_bits(a: u128, b: u128, width: u8, bits: u8) -> bool {
    let shift = u32::from(width.saturating_sub(bits));
    a.checked_shr(shift).unwrap_or(0) == b.checked_shr(shift).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_cover_what_go_says() {
        let list = NoProxy::parse(
            "a.example, .b.example,10.0.0.0/8, 192.0.2.7, c.example:8443, *.d.example,[2001:db8::1]:80",
        );
        let check =
            |host: &str, port: u16, want: bool| assert_eq!(list.covers(host, port), want, "{host}:{port}");
        check("a.example", 80, true);
        check("x.a.example", 80, true);
        check("xa.example", 80, false);
        check("b.example", 80, false);
        check("x.b.example", 80, true);
        check("10.2.3.4", 80, true);
        check("11.2.3.4", 80, false);
        check("192.0.2.7", 80, true);
        check("c.example", 8443, true);
        check("c.example", 443, false);
        check("x.d.example", 1, true);
        check("d.example", 1, false);
        check("2001:db8::1", 80, true);
        check("2001:db8::1", 81, false);
        check("localhost", 80, true);
        check("127.0.0.9", 80, true);
        assert!(NoProxy::parse("*").covers("anything", 1));
    }

    #[test]
    fn the_environment_names_proxies() {
        let env = |name: &str| match name {
            "HTTP_PROXY" => Some("proxy:3128".to_owned()),
            "https_proxy" => Some("https://user:p%40ss@secure".to_owned()),
            "no_proxy" => Some("direct".to_owned()),
            _ => None,
        };
        let proxies = from_environment(env).unwrap();
        assert_eq!(proxies.choose(false, "x", 80).unwrap().as_str(), "http://proxy:3128/");
        let secure = proxies.choose(true, "x", 443).unwrap();
        assert_eq!(authorization(secure).unwrap(), "Basic dXNlcjpwQHNz");
        assert_eq!(proxies.choose(true, "direct", 443), None);
        assert!(from_environment(|n| (n == "HTTP_PROXY").then(|| "ftp://x".to_owned())).is_err());
    }
}
