//! Groups of targets, and what all discoverers need to make them.

use model::Labels;
use std::net::Ipv6Addr;

/// Targets that share labels and came from one place.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TargetGroup {
    /// Where the group came from: unique within its discoverer. A new group replaces the one of the same source.
    pub source: String,
    /// Each with its `__address__`.
    pub targets: Vec<Labels>,
    /// Of every target that does not have the label itself.
    pub labels: Labels,
}

impl TargetGroup {
    pub fn new(source: impl Into<String>, targets: Vec<Labels>) -> TargetGroup {
        TargetGroup { source: source.into(), targets, labels: Labels::empty() }
    }

    /// What says that a source has no targets any more.
    pub fn gone(source: impl Into<String>) -> TargetGroup {
        TargetGroup::new(source, Vec::new())
    }
}

/// Labels being gathered; of equal names the last counts.
#[derive(Clone, Debug, Default)]
pub struct Pairs(pub Vec<(String, String)>);

impl Pairs {
    pub fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Nothing when the value is not there; an empty value is no label either.
    pub fn add_if(&mut self, name: impl Into<String>, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    pub fn extend(&mut self, other: &Pairs) {
        self.0.extend(other.0.iter().cloned());
    }

    pub fn build(&self) -> Labels {
        Labels::from_pairs(self.0.iter().map(|(n, v)| (n, v)))
    }
}

/// A foreign name as part of a label name: what is no letter, digit or underscore becomes an underscore.
pub fn sanitize(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
}

/// `host:port`, with brackets around an IPv6 address.
pub fn join_host_port(host: &str, port: impl std::fmt::Display) -> String {
    let bracketed = host.contains(':') || host.parse::<Ipv6Addr>().is_ok();
    if bracketed { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_names_and_addresses() {
        assert_eq!(sanitize("app.kubernetes.io/name-é"), "app_kubernetes_io_name__");
        assert_eq!(join_host_port("a", 1), "a:1");
        assert_eq!(join_host_port("2001:db8::1", "80"), "[2001:db8::1]:80");
    }

    #[test]
    fn the_last_of_equal_names_counts() {
        let mut pairs = Pairs::default();
        pairs.add("a", "1");
        pairs.add("a", "2");
        pairs.add_if("b", None::<String>);
        pairs.add("c", "");
        assert_eq!(pairs.build(), Labels::from_pairs([("a", "2")]));
    }
}
