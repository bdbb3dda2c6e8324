//! The registry: all metrics that exist, and their snapshot.

use crate::metric::{Counter, Gauge, Histogram, QUANTILES, Summary};
use crate::names::{Def, Kind};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Children of one family. Labels of our own metrics are handlers, codes, jobs: a thousand jobs is a large
/// installation, and 1,000 children × ~300 B is 300 kB.
pub const CHILDREN_MAX: usize = 1000;

/// Every label of the child that stands for those over [`CHILDREN_MAX`].
const OVERFLOW: &str = "other";

/// One family of a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    pub name: &'static str,
    pub help: &'static str,
    pub kind: Kind,
    pub samples: Vec<Sample>,
}

/// One sample of a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Follows the name of the family: `""`, `"_bucket"`, `"_sum"` or `"_count"`.
    pub suffix: &'static str,
    /// In the order of the definition, then `le` or `quantile`.
    pub labels: Vec<(&'static str, String)>,
    pub value: f64,
}

/// All metrics of the process. Cloning gives a handle to the same ones.
#[derive(Clone, Default)]
pub struct Registry(Arc<Mutex<BTreeMap<&'static str, Entry>>>);

struct Entry {
    def: &'static Def,
    source: Source,
}

enum Source {
    Counter(CounterFamily),
    Gauge(GaugeFamily),
    Histogram(HistogramFamily),
    Summary(SummaryFamily),
    Observed(Arc<dyn Fn(&mut Observer) + Send + Sync>),
}

/// Takes the values of a metric that is read when it is asked for.
pub struct Observer {
    labels: &'static [&'static str],
    samples: Vec<Sample>,
}

impl Observer {
    /// One value; as many label values as the definition has labels.
    pub fn value(&mut self, label_values: &[&str], value: f64) {
        debug_assert_eq!(label_values.len(), self.labels.len());
        self.samples.push(Sample { suffix: "", labels: pairs(self.labels, label_values), value });
    }
}

/// The children of one definition.
struct Children<M> {
    def: &'static Def,
    /// By label values.
    by_values: Mutex<BTreeMap<Vec<String>, M>>,
}

impl<M: Clone> Children<M> {
    fn new(def: &'static Def) -> Arc<Children<M>> {
        Arc::new(Children { def, by_values: Mutex::new(BTreeMap::new()) })
    }

    fn with(&self, values: &[&str], make: impl Fn() -> M) -> M {
        assert_eq!(values.len(), self.def.labels.len(), "labels of {}", self.def.name);
        let mut children = self.by_values.lock();
        let key: Vec<String> = values.iter().map(|v| (*v).to_owned()).collect();
        if let Some(child) = children.get(&key) {
            return child.clone();
        }
        let key = if children.len() < CHILDREN_MAX { key } else { vec![OVERFLOW.to_owned(); values.len()] };
        children.entry(key).or_insert_with(make).clone()
    }

    fn remove(&self, values: &[&str]) {
        let key: Vec<String> = values.iter().map(|v| (*v).to_owned()).collect();
        self.by_values.lock().remove(&key);
    }

    fn collect(&self, mut visit: impl FnMut(Vec<(&'static str, String)>, &M)) {
        for (values, child) in &*self.by_values.lock() {
            let labels = self.def.labels.iter().copied().zip(values.iter().cloned()).collect();
            visit(labels, child);
        }
    }
}

/// The names of a family type, its metric, and how a child is made.
macro_rules! family {
    ($(#[$doc:meta])* $family:ident, $metric:ident, $make:expr) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $family(Arc<Children<$metric>>);

        impl $family {
            fn new(def: &'static Def) -> $family {
                $family(Children::new(def))
            }

            /// The child with these label values, made at the first request.
            pub fn with(&self, label_values: &[&str]) -> $metric {
                let make: fn(&'static Def) -> $metric = $make;
                self.0.with(label_values, || make(self.0.def))
            }

            /// Forgets a child: what it counted is no longer shown.
            pub fn remove(&self, label_values: &[&str]) {
                self.0.remove(label_values);
            }
        }
    };
}

family!(
    /// Counters of one name.
    CounterFamily, Counter, |_| Counter::default());
family!(
    /// Gauges of one name.
    GaugeFamily, Gauge, |_| Gauge::default());
family!(
    /// Histograms of one name.
    HistogramFamily, Histogram, |def| Histogram::new(bounds(def)));
family!(
    /// Summaries of one name.
    SummaryFamily, Summary, |_| Summary::default());

fn bounds(def: &'static Def) -> &'static [f64] {
    match def.kind {
        Kind::Histogram(bounds) => bounds,
        _ => unreachable!("{} is no histogram", def.name),
    }
}

/// Finds or makes the entry of a definition and takes the family out of it.
macro_rules! obtain {
    ($registry:expr, $def:expr, $kind:pat, $variant:ident, $family:ident) => {{
        let def: &'static Def = $def;
        assert!(matches!(def.kind, $kind), "{} is a {}", def.name, def.kind.as_str());
        let mut entries = $registry.0.lock();
        let entry = entries
            .entry(def.name)
            .or_insert_with(|| Entry { def, source: Source::$variant($family::new(def)) });
        match &entry.source {
            Source::$variant(family) => family.clone(),
            _ => panic!("{} is observed, not counted", def.name),
        }
    }};
}

impl Registry {
    pub fn new() -> Registry {
        Registry::default()
    }

    /// The counter of a definition without labels.
    pub fn counter(&self, def: &'static Def) -> Counter {
        self.counters(def).with(&[])
    }

    pub fn counters(&self, def: &'static Def) -> CounterFamily {
        obtain!(self, def, Kind::Counter, Counter, CounterFamily)
    }

    /// The gauge of a definition without labels.
    pub fn gauge(&self, def: &'static Def) -> Gauge {
        self.gauges(def).with(&[])
    }

    pub fn gauges(&self, def: &'static Def) -> GaugeFamily {
        obtain!(self, def, Kind::Gauge, Gauge, GaugeFamily)
    }

    /// The histogram of a definition without labels.
    pub fn histogram(&self, def: &'static Def) -> Histogram {
        self.histograms(def).with(&[])
    }

    pub fn histograms(&self, def: &'static Def) -> HistogramFamily {
        obtain!(self, def, Kind::Histogram(_), Histogram, HistogramFamily)
    }

    /// The summary of a definition without labels.
    pub fn summary(&self, def: &'static Def) -> Summary {
        self.summaries(def).with(&[])
    }

    pub fn summaries(&self, def: &'static Def) -> SummaryFamily {
        obtain!(self, def, Kind::Summary, Summary, SummaryFamily)
    }

    /// Reads a counter or gauge from its owner whenever a snapshot is taken. A later reader replaces an earlier.
    pub fn observe(&self, def: &'static Def, read: impl Fn(&mut Observer) + Send + Sync + 'static) {
        assert!(matches!(def.kind, Kind::Counter | Kind::Gauge), "{} cannot be observed", def.name);
        self.0.lock().insert(def.name, Entry { def, source: Source::Observed(Arc::new(read)) });
    }

    /// [`Registry::observe`] for a definition without labels.
    pub fn observe_value(&self, def: &'static Def, read: impl Fn() -> f64 + Send + Sync + 'static) {
        self.observe(def, move |o| o.value(&[], read()));
    }

    /// A snapshot of everything, sorted by name.
    pub fn collect(&self) -> Vec<Family> {
        // Readers run outside the lock: they may take locks of their own, under which others count.
        let observed: Vec<_> = {
            let entries = self.0.lock();
            entries
                .values()
                .map(|e| {
                    (
                        e.def,
                        match &e.source {
                            Source::Observed(read) => Ok(Arc::clone(read)),
                            source => Err(source.samples()),
                        },
                    )
                })
                .collect()
        };
        observed
            .into_iter()
            .map(|(def, source)| {
                let mut samples = source.map_or_else(
                    |samples| samples,
                    |read| {
                        let mut observer = Observer { labels: def.labels, samples: Vec::new() };
                        read(&mut observer);
                        observer.samples
                    },
                );
                // A sum of nothing is -0, which nobody counts.
                samples.iter_mut().for_each(|sample| sample.value += 0.0);
                Family { name: def.name, help: def.help, kind: def.kind, samples }
            })
            .collect()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registry({} families)", self.0.lock().len())
    }
}

impl Source {
    fn samples(&self) -> Vec<Sample> {
        let mut samples = Vec::new();
        let mut push = |suffix, labels, value| samples.push(Sample { suffix, labels, value });
        match self {
            Source::Counter(family) => family.0.collect(|labels, c| push("", labels, c.get())),
            Source::Gauge(family) => family.0.collect(|labels, g| push("", labels, g.get())),
            Source::Histogram(family) => family.0.collect(|labels, h| {
                let cumulative = h.cumulative();
                let total = cumulative.last().map_or(0, |(_, n)| *n);
                for (bound, count) in cumulative {
                    let le = if bound.is_infinite() { "+Inf".to_owned() } else { bound.to_string() };
                    push("_bucket", and(&labels, "le", le), count as f64);
                }
                push("_sum", labels.clone(), h.sum());
                push("_count", labels, total as f64);
            }),
            Source::Summary(family) => family.0.collect(|labels, s| {
                for (q, value) in QUANTILES.into_iter().zip(s.quantiles()) {
                    push("", and(&labels, "quantile", q.to_string()), value);
                }
                let (count, sum) = s.totals();
                push("_sum", labels.clone(), sum);
                push("_count", labels, count as f64);
            }),
            Source::Observed(_) => {}
        }
        samples
    }
}

fn and(labels: &[(&'static str, String)], name: &'static str, value: String) -> Vec<(&'static str, String)> {
    labels.iter().cloned().chain([(name, value)]).collect()
}

fn pairs(names: &[&'static str], values: &[&str]) -> Vec<(&'static str, String)> {
    names.iter().copied().zip(values.iter().map(|v| (*v).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    static REQUESTS: Def = Def::counter("requests_total", "Requests.", &["code"]);
    static SIZE: Def = Def::gauge("size", "Size.", &[]);
    static TOOK: Def = Def::histogram("took_seconds", "Time.", &[], &[0.5]);

    #[test]
    fn gives_families_as_data() {
        let r = Registry::new();
        r.counters(&REQUESTS).with(&["200"]).add(2.0);
        r.counters(&REQUESTS).with(&["200"]).inc();
        r.observe_value(&SIZE, || 7.0);
        r.histogram(&TOOK).observe(0.25);
        let families = r.collect();
        let sample = |suffix, labels: &[(&'static str, &str)], value| Sample {
            suffix,
            labels: labels.iter().map(|(n, v)| (*n, (*v).to_owned())).collect(),
            value,
        };
        assert_eq!(families[0].samples, [sample("", &[("code", "200")], 3.0)]);
        assert_eq!(families[1].samples, [sample("", &[], 7.0)]);
        assert_eq!(
            families[2].samples,
            [
                sample("_bucket", &[("le", "0.5")], 1.0),
                sample("_bucket", &[("le", "+Inf")], 1.0),
                sample("_sum", &[], 0.25),
                sample("_count", &[], 1.0),
            ]
        );
    }

    #[test]
    fn nothing_is_zero_without_a_sign() {
        let r = Registry::new();
        r.observe_value(&SIZE, || [0.0; 0].iter().sum());
        r.histogram(&TOOK).observe(-0.0);
        let families = r.collect();
        assert!(families.iter().flat_map(|f| &f.samples).all(|s| s.value.is_sign_positive()), "{families:?}");
    }

    #[test]
    fn a_family_is_bounded() {
        let r = Registry::new();
        let family = r.counters(&REQUESTS);
        for i in 0..CHILDREN_MAX + 10 {
            family.with(&[&i.to_string()]).inc();
        }
        let samples = &r.collect()[0].samples;
        assert_eq!(samples.len(), CHILDREN_MAX + 1);
        let other = samples.iter().find(|s| s.labels[0].1 == OVERFLOW).unwrap();
        assert_eq!(other.value, 10.0);
    }

    #[test]
    fn a_removed_child_is_gone() {
        let r = Registry::new();
        r.counters(&REQUESTS).with(&["200"]).inc();
        r.counters(&REQUESTS).remove(&["200"]);
        assert!(r.collect()[0].samples.is_empty());
    }
}
