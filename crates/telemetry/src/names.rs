//! Every metric of Pharos, by the crate that counts it.
//!
//! Names that a dashboard for Prometheus asks for are Prometheus's own, with the same meaning; what only Pharos
//! knows is called `pharos_*`.

pub mod discovery;
pub mod events;
pub mod http;
pub mod process;
pub mod query;
pub mod receivers;
pub mod remote;
pub mod scrape;
pub mod server;
pub mod store;

/// The definition of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Def {
    pub name: &'static str,
    pub help: &'static str,
    pub kind: Kind,
    pub labels: &'static [&'static str],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Counter,
    Gauge,
    /// With these upper bounds, ascending, without +Inf.
    Histogram(&'static [f64]),
    Summary,
}

impl Kind {
    /// The word of the exposition formats.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
            Kind::Summary => "summary",
        }
    }
}

impl Def {
    pub const fn counter(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Def {
        Def { name, help, kind: Kind::Counter, labels }
    }

    pub const fn gauge(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Def {
        Def { name, help, kind: Kind::Gauge, labels }
    }

    pub const fn summary(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Def {
        Def { name, help, kind: Kind::Summary, labels }
    }

    pub const fn histogram(
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
        bounds: &'static [f64],
    ) -> Def {
        Def { name, help, kind: Kind::Histogram(bounds), labels }
    }
}

/// Bounds for requests, in seconds.
pub const REQUEST_SECONDS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// Bounds for what the disk does, in seconds.
pub const DISK_SECONDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// Bounds for sizes, in bytes: 100 B to 1 GB.
pub const SIZE_BYTES: &[f64] = &[1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// All definitions, in the order of the modules.
pub fn all() -> impl Iterator<Item = &'static Def> {
    let modules = [
        discovery::ALL,
        http::ALL,
        process::ALL,
        query::ALL,
        receivers::ALL,
        remote::ALL,
        scrape::ALL,
        server::ALL,
        store::ALL,
    ];
    modules.into_iter().flatten().copied()
}

/// Declares definitions and lists them in `ALL`.
macro_rules! define {
    ($($name:ident = $kind:ident($($argument:expr),* $(,)?);)*) => {
        $(pub static $name: $crate::names::Def = $crate::names::Def::$kind($($argument),*);)*
        /// All definitions of this module.
        pub static ALL: &[&$crate::names::Def] = &[$(&$name),*];
    };
}
pub(crate) use define;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_well_made() {
        let mut seen = HashSet::new();
        for def in all() {
            assert!(seen.insert(def.name), "{} twice", def.name);
            assert!(def.help.ends_with('.'), "help of {}", def.name);
            let ok = |s: &str| s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            assert!(ok(def.name) && def.labels.iter().all(|l| ok(l)), "{}", def.name);
            assert_eq!(def.kind == Kind::Counter, def.name.ends_with("_total"), "{}", def.name);
            if let Kind::Histogram(bounds) = def.kind {
                assert!(bounds.is_sorted() && !bounds.is_empty(), "{}", def.name);
            }
        }
    }
}
