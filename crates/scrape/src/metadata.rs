//! What a target says of its metric families: type, help, unit.
//!
//! A thousand targets of one kind say the same words, so the words are kept once for all of them ([`Words`]). Like
//! series, families come in the same order each time: the one after the last is tried first.

use hashbrown::HashTable;
use model::{Metadata, MetricType};
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// Families are kept for so many scrapes after their last sight: as Prometheus.
const KEPT_ITERATIONS: u32 = 10;
/// The words are cleaned when there are twice as many as after the last cleaning, and this many more.
const WORDS_FREE: usize = 1024;

/// A family with its metadata.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct FamilyMeta {
    pub family: Box<str>,
    pub metadata: Metadata,
}

/// The words of all targets.
#[derive(Debug, Default)]
pub struct Words(Mutex<WordsInner>);

#[derive(Debug, Default)]
struct WordsInner {
    all: HashSet<Arc<FamilyMeta>>,
    after_cleaning: usize,
}

impl Words {
    fn intern(&self, meta: &mut Arc<FamilyMeta>) {
        let mut inner = self.0.lock();
        if let Some(known) = inner.all.get(&**meta) {
            *meta = Arc::clone(known);
            return;
        }
        if inner.all.len() > 2 * inner.after_cleaning + WORDS_FREE {
            inner.all.retain(|word| Arc::strong_count(word) > 1);
            inner.after_cleaning = inner.all.len();
        }
        inner.all.insert(Arc::clone(meta));
    }
}

/// The families of one target.
#[derive(Debug)]
pub struct TargetFamilies {
    words: Arc<Words>,
    iteration: u32,
    families: Vec<Family>,
    by_name: HashTable<u32>,
    expected: usize,
}

#[derive(Debug)]
struct Family {
    meta: Arc<FamilyMeta>,
    seen: u32,
    changed: bool,
    /// Hashes of the lines that said help and type, 0 when unknown.
    help_line: u64,
    type_line: u64,
}

/// One thing said of a family.
#[derive(Clone, Copy, Debug)]
pub enum Said<'a> {
    Type(MetricType),
    Help(&'a str),
    Unit(&'a str),
}

impl TargetFamilies {
    pub fn new(words: &Arc<Words>) -> TargetFamilies {
        TargetFamilies {
            words: Arc::clone(words),
            iteration: 1,
            families: Vec::new(),
            by_name: HashTable::new(),
            expected: 0,
        }
    }

    pub fn all(&self) -> Vec<Arc<FamilyMeta>> {
        self.families.iter().map(|f| Arc::clone(&f.meta)).collect()
    }

    /// Families and the bytes of their metadata.
    pub fn size(&self) -> (usize, usize) {
        let bytes = |f: &Family| {
            let m = &f.meta.metadata;
            m.help.len() + m.unit.len() + m.metric_type.as_str().len()
        };
        (self.families.len(), self.families.iter().map(bytes).sum())
    }

    /// Takes over what a body says.
    pub fn say(&mut self, family: &str, said: Said<'_>) {
        let at = self.find(family);
        let iteration = self.iteration;
        let known = &mut self.families[at];
        known.seen = iteration;
        let m = &known.meta.metadata;
        let same = match said {
            Said::Type(metric_type) => m.metric_type == metric_type,
            Said::Help(help) => m.help == help,
            Said::Unit(unit) => m.unit == unit,
        };
        if same {
            return;
        }
        known.changed = true;
        let m = &mut Arc::make_mut(&mut known.meta).metadata;
        match said {
            Said::Type(metric_type) => m.metric_type = metric_type,
            Said::Help(help) => help.clone_into(&mut m.help),
            Said::Unit(unit) => unit.clone_into(&mut m.unit),
        }
    }

    /// Whether a whole line says again what it said last: then there is nothing to take over.
    pub fn is_repeated(&mut self, line: &[u8]) -> bool {
        let hash = xxh3_64(line);
        for at in [self.expected, self.expected + 1] {
            if let Some(family) = self.families.get_mut(at)
                && (family.help_line == hash || family.type_line == hash)
            {
                family.seen = self.iteration;
                self.expected = at;
                return true;
            }
        }
        false
    }

    /// Remembers the line that [`TargetFamilies::say`] was just told.
    pub fn remember_line(&mut self, line: &[u8], said: Said<'_>) {
        let Some(family) = self.families.get_mut(self.expected) else { return };
        match said {
            Said::Type(_) => family.type_line = xxh3_64(line),
            Said::Help(_) => family.help_line = xxh3_64(line),
            Said::Unit(_) => {}
        }
    }

    /// Ends a scrape: gives what is new or different in it, and forgets what has not been said for long.
    pub fn end(&mut self, good: bool, mut tell: impl FnMut(&FamilyMeta)) {
        for family in self.families.iter_mut().filter(|f| f.changed) {
            family.changed = false;
            self.words.intern(&mut family.meta);
            tell(&family.meta);
        }
        let oldest = self.iteration.saturating_sub(KEPT_ITERATIONS);
        if good && self.families.iter().any(|f| f.seen < oldest) {
            self.families.retain(|f| f.seen >= oldest);
            self.by_name.clear();
            for at in 0..self.families.len() {
                self.index(at);
            }
        }
        self.iteration += 1;
        self.expected = 0;
    }

    /// The position of a family, which is made if it is new. Several things are said of one family in a row.
    fn find(&mut self, name: &str) -> usize {
        let is = |family: Option<&Family>| family.is_some_and(|f| *f.meta.family == *name);
        if is(self.families.get(self.expected)) {
            return self.expected;
        }
        if is(self.families.get(self.expected + 1)) {
            self.expected += 1;
            return self.expected;
        }
        let hash = xxh3_64(name.as_bytes());
        let found = self.by_name.find(hash, |at| *self.families[*at as usize].meta.family == *name);
        self.expected = match found {
            Some(at) => *at as usize,
            None => {
                let meta = FamilyMeta { family: name.into(), metadata: Metadata::default() };
                self.families.push(Family {
                    meta: Arc::new(meta),
                    seen: self.iteration,
                    changed: true,
                    help_line: 0,
                    type_line: 0,
                });
                self.index(self.families.len() - 1);
                self.families.len() - 1
            }
        };
        self.expected
    }

    fn index(&mut self, at: usize) {
        let families = &self.families;
        let hash = |at: &u32| xxh3_64(families[*at as usize].meta.family.as_bytes());
        let at = at as u32;
        self.by_name.insert_unique(hash(&at), at, hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrape(families: &mut TargetFamilies, lines: &[(&str, Said<'_>)]) -> Vec<String> {
        for (family, said) in lines {
            families.say(family, *said);
        }
        let mut told = Vec::new();
        families.end(true, |meta| told.push(meta.family.to_string()));
        told
    }

    #[test]
    fn tells_only_what_is_new_or_different() {
        let mut families = TargetFamilies::new(&Arc::default());
        let lines = [
            ("a", Said::Help("of a")),
            ("a", Said::Type(MetricType::Counter)),
            ("b", Said::Type(MetricType::Gauge)),
        ];
        assert_eq!(scrape(&mut families, &lines), ["a", "b"]);
        assert!(scrape(&mut families, &lines).is_empty());
        assert_eq!(
            scrape(&mut families, &[("b", Said::Type(MetricType::Gauge)), ("a", Said::Unit("s"))]),
            ["a"]
        );
        let all = families.all();
        let want =
            Metadata { metric_type: MetricType::Counter, help: "of a".to_owned(), unit: "s".to_owned() };
        assert_eq!(all[0].metadata, want);
        assert_eq!(families.size(), (2, "of a".len() + "s".len() + "counter".len() + "gauge".len()));
    }

    #[test]
    fn targets_share_words() {
        let words = Arc::default();
        let (mut a, mut b) = (TargetFamilies::new(&words), TargetFamilies::new(&words));
        let lines = [("m", Said::Help("the same")), ("m", Said::Type(MetricType::Gauge))];
        scrape(&mut a, &lines);
        scrape(&mut b, &lines);
        assert!(Arc::ptr_eq(&a.families[0].meta, &b.families[0].meta));
        scrape(&mut b, &[("m", Said::Help("another"))]);
        assert_eq!(a.families[0].meta.metadata.help, "the same");
    }

    #[test]
    fn forgets_families_that_are_gone_for_long() {
        let mut families = TargetFamilies::new(&Arc::default());
        scrape(&mut families, &[("gone", Said::Help("x")), ("stays", Said::Help("y"))]);
        for _ in 0..KEPT_ITERATIONS {
            scrape(&mut families, &[("stays", Said::Help("y"))]);
            assert_eq!(families.all().len(), 2);
        }
        scrape(&mut families, &[("stays", Said::Help("y"))]);
        assert_eq!(families.all().len(), 1);
        assert!(scrape(&mut families, &[("stays", Said::Help("y"))]).is_empty(), "it is found by name");
    }
}
