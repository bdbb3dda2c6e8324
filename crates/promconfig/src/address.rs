//! URLs as configurations hold them: checked, kept as written, printed without their password.
//!
//! The check is that of Go's `net/url`, which takes more than the WHATWG rules do: a relative reference and an empty
//! text are URLs.

use crate::yaml::{Node, Reader, Value, Yaml};
use std::fmt;

/// A checked URL.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Url {
    text: String,
}

impl Url {
    pub fn parse(text: &str) -> Result<Url, String> {
        check(text).map_err(|why| format!("parse {text:?}: {why}"))?;
        Ok(Url { text: text.to_owned() })
    }

    /// The URL as written, its password with it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `http`, in lower case; empty when the URL is relative.
    pub fn scheme(&self) -> String {
        split_scheme(&self.text).map_or(String::new(), |(scheme, _)| scheme.to_ascii_lowercase())
    }

    /// Host and port as written; empty when there is none.
    pub fn host(&self) -> &str {
        let authority = self.authority();
        authority.rsplit_once('@').map_or(authority, |(_, host)| host)
    }

    fn authority(&self) -> &str {
        let rest = split_scheme(&self.text).map_or(self.text.as_str(), |(_, rest)| rest);
        match rest.strip_prefix("//") {
            Some(rest) => &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())],
            None => "",
        }
    }

    /// The URL with `xxxxx` for its password.
    pub fn redacted(&self) -> String {
        let authority = self.authority();
        let Some((user, host)) = authority.rsplit_once('@') else { return self.text.clone() };
        let Some((name, _)) = user.split_once(':') else { return self.text.clone() };
        self.text.replacen(authority, &format!("{name}:xxxxx@{host}"), 1)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({})", self.redacted())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl Value for Url {
    const EMPTY_IS_NONE: bool = true;

    fn zero() -> Url {
        Url::default()
    }

    fn is_zero(&self) -> bool {
        self.text.is_empty()
    }

    fn read(&mut self, node: &Node, reader: &mut Reader) {
        let Some(text) = reader.text(node) else { return };
        match Url::parse(&text) {
            Ok(url) => *self = url,
            Err(reason) => reader.fault(node, reason),
        }
    }

    fn print(&self) -> Yaml {
        Yaml::Text(self.redacted())
    }
}

/// The scheme and what follows its colon, when the text begins with a scheme.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let mut bytes = scheme.bytes();
    let first = bytes.next()?;
    let ok = first.is_ascii_alphabetic() && bytes.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    ok.then_some((scheme, rest))
}

fn check(text: &str) -> Result<(), &'static str> {
    if text.bytes().any(|b| b < 0x20 || b == 0x7f) {
        return Err("invalid control character in URL");
    }
    let before_fragment = text.split('#').next().unwrap_or("");
    let rest = match split_scheme(before_fragment) {
        Some((_, rest)) => rest,
        None if before_fragment.starts_with(':') => return Err("missing protocol scheme"),
        None => {
            let segment = before_fragment.split(['/', '?']).next().unwrap_or("");
            if segment.contains(':') {
                return Err("first path segment in URL cannot contain colon");
            }
            before_fragment
        }
    };
    let path = match rest.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            check_authority(&rest[..end])?;
            &rest[end..]
        }
        None => rest,
    };
    check_escapes(path.split('?').next().unwrap_or(""))
}

fn check_authority(authority: &str) -> Result<(), &'static str> {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let port = if let Some(rest) = host.strip_prefix('[') {
        let (_, after) = rest.split_once(']').ok_or("missing ']' in host")?;
        after
    } else {
        host.find(':').map_or("", |at| &host[at..])
    };
    let port_ok =
        port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()));
    if !port_ok {
        return Err("invalid port after host");
    }
    if host.contains([' ', '"', '\\', '^', '`', '{', '}', '|']) {
        return Err("invalid character in host name");
    }
    check_escapes(authority)
}

fn check_escapes(text: &str) -> Result<(), &'static str> {
    let bytes = text.as_bytes();
    for (i, _) in text.match_indices('%') {
        let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
        if !hex(i + 1) || !hex(i + 2) {
            return Err("invalid URL escape");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_and_refuses_what_go_does() {
        for good in [
            "http://a:9/x?y=%zz",
            "localhost:9090",
            "",
            "/x",
            "unix:///var/run/docker.sock",
            "http://[::1]:80",
            "//h/p",
        ] {
            assert!(Url::parse(good).is_ok(), "{good}");
        }
        for bad in [
            ":x",
            "127.0.0.1:9090/x",
            "http://a:b",
            "http://[::1",
            "http://a/%zz",
            "http://a\n",
            "http://a b/",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn hides_the_password() {
        let url = Url::parse("https://me:pa:ss@h:1/p").unwrap();
        assert_eq!(url.to_string(), "https://me:xxxxx@h:1/p");
        assert_eq!((url.host(), url.scheme().as_str()), ("h:1", "https"));
        assert!(!format!("{url:?}").contains("pa:ss"));
        assert_eq!(Url::parse("http://me@h").unwrap().to_string(), "http://me@h");
    }
}
