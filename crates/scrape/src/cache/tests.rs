//! The cache, scrape by scrape.

use super::*;
use base::{Budget, Clock};
use model::Labels;
use tsdb::{Background, Db, Options};

/// References of a real store, since nobody else makes any.
struct Refs {
    db: Db,
    _dir: tempfile::TempDir,
}

impl Refs {
    fn new() -> Refs {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            clock: Clock::manual(0),
            budget: Budget::new("test", 1 << 30),
            background: Background::Manual,
            ..Options::new(dir.path())
        };
        Refs { db: Db::open(options).unwrap(), _dir: dir }
    }

    fn of(&self, name: &str) -> SeriesRef {
        self.db.appender().series(None, &Labels::from_pairs([("__name__", name)])).unwrap()
    }
}

/// Exposes series as a scrape does: each stored under the name before a slash.
fn scrape(cache: &mut Cache, refs: &Refs, exposed: &[&str]) -> Vec<SeriesRef> {
    for raw in exposed {
        match cache.find(raw.as_bytes()) {
            (_, Found::Known(id, _)) => {
                cache.is_repeated(id);
                cache.track(id);
            }
            (_, Found::Dropped) => {}
            (key, Found::New) => {
                let id = cache.add(key, refs.of(raw.split('/').next().unwrap()), true);
                cache.track(id);
            }
        }
    }
    let mut stale = cache.stale();
    stale.sort();
    cache.end(!exposed.is_empty());
    stale
}

#[test]
fn what_is_not_exposed_again_is_stale_once() {
    let (mut cache, refs) = (Cache::new(), Refs::new());
    assert!(scrape(&mut cache, &refs, &["a", "b", "c"]).is_empty());
    assert!(scrape(&mut cache, &refs, &["c", "a", "b"]).is_empty(), "order does not matter");
    assert_eq!(scrape(&mut cache, &refs, &["a", "c"]), [refs.of("b")]);
    assert!(scrape(&mut cache, &refs, &["a", "c"]).is_empty());
    let mut all = vec![refs.of("a"), refs.of("c")];
    all.sort();
    assert_eq!(scrape(&mut cache, &refs, &[]), all, "a failed scrape ends all");
    assert!(scrape(&mut cache, &refs, &[]).is_empty());
    assert!(scrape(&mut cache, &refs, &["a", "b"]).is_empty());
}

#[test]
fn two_exposed_series_may_be_one() {
    let (mut cache, refs) = (Cache::new(), Refs::new());
    assert!(scrape(&mut cache, &refs, &["a/1", "a/2"]).is_empty());
    // Either keeps the series alive.
    assert!(scrape(&mut cache, &refs, &["a/2"]).is_empty());
    assert!(scrape(&mut cache, &refs, &["a/1"]).is_empty());
    assert_eq!(scrape(&mut cache, &refs, &["b"]), [refs.of("a")]);
    // And a second sample of either is a repetition.
    let (_, Found::Known(id, _)) = cache.find(b"b") else { panic!("b is known") };
    assert!(!cache.is_repeated(id) && cache.is_repeated(id));
    let (key, _) = cache.find(b"b/again");
    assert!(cache.is_sampled(refs.of("b")));
    let alias = cache.add(key, refs.of("b"), false);
    assert!(cache.is_repeated(alias));
}

#[test]
fn unseen_entries_are_removed_and_the_rest_stays_right() {
    let (mut cache, refs) = (Cache::new(), Refs::new());
    let names: Vec<String> = (0..100).map(|i| format!("m{i}/x")).collect();
    let exposed: Vec<&str> = names.iter().map(String::as_str).collect();
    scrape(&mut cache, &refs, &exposed);
    assert_eq!(scrape(&mut cache, &refs, &exposed[..50]).len(), 50);
    assert_eq!(cache.len(), 50);
    assert!(scrape(&mut cache, &refs, &exposed[..50]).is_empty());
    // The owner goes, its alias stays.
    scrape(&mut cache, &refs, &["a/owner", "a/alias"]);
    assert!(scrape(&mut cache, &refs, &["a/alias"]).is_empty());
    assert_eq!(cache.len(), 1);
    assert!(scrape(&mut cache, &refs, &["a/alias"]).is_empty());
    assert_eq!(scrape(&mut cache, &refs, &["z"]), [refs.of("a")]);
}

#[test]
fn dropped_series_are_remembered() {
    let mut cache = Cache::new();
    let (key, found) = cache.find(b"dropped");
    assert_eq!(found, Found::New);
    cache.add_dropped(key);
    assert_eq!(cache.find(b"dropped").1, Found::Dropped);
    assert!(cache.stale().is_empty());
    cache.end(true);
    assert_eq!(cache.find(b"dropped").1, Found::Dropped);
}

#[test]
fn failing_scrapes_do_not_fill_the_cache_for_ever() {
    let mut cache = Cache::new();
    let mut forced = 0;
    for round in 0..10 {
        for i in 0..300 {
            let (key, _) = cache.find(format!("{round}/{i}").as_bytes());
            cache.add_dropped(key);
        }
        forced += usize::from(cache.end(false));
    }
    assert!(forced > 0 && cache.len() <= GROWTH_FREE + 300, "{forced} {}", cache.len());
}

#[test]
fn new_labels_end_the_series_of_the_old_ones() {
    let (mut cache, refs) = (Cache::new(), Refs::new());
    scrape(&mut cache, &refs, &["a", "b"]);
    cache.forget_labels();
    // `a` comes under its old name, `b` under another.
    assert_eq!(scrape(&mut cache, &refs, &["a", "c"]), [refs.of("b")]);
    assert!(scrape(&mut cache, &refs, &["a", "c"]).is_empty());
}

#[test]
fn a_series_made_anew_takes_the_place_of_the_old() {
    let (mut cache, refs) = (Cache::new(), Refs::new());
    scrape(&mut cache, &refs, &["a/1", "a/2"]);
    let (_, Found::Known(id, _)) = cache.find(b"a/2") else { panic!("known") };
    cache.replace(id, refs.of("anew"));
    assert_eq!(cache.find(b"a/1").1, Found::Known(EntryId(0), refs.of("anew")));
    cache.track(id);
    assert!(cache.stale().is_empty());
    cache.end(true);
    assert_eq!(scrape(&mut cache, &refs, &["b"]), [refs.of("anew")]);
}

#[test]
fn a_scrape_that_fails_in_the_middle_ends_what_it_had_repeated() {
    let (mut cache, refs) = (Cache::new(), Refs::new());
    scrape(&mut cache, &refs, &["a", "b"]);
    // `a` comes again and `new` for the first time; then the body breaks.
    for raw in ["a", "new"] {
        let id = match cache.find(raw.as_bytes()) {
            (_, Found::Known(id, _)) => id,
            (key, _) => cache.add(key, refs.of(raw), true),
        };
        cache.track(id);
    }
    cache.untrack();
    let mut stale = cache.stale();
    stale.sort();
    let mut want = vec![refs.of("a"), refs.of("b")];
    want.sort();
    assert_eq!(stale, want);
    cache.end(false);
    assert!(scrape(&mut cache, &refs, &["a"]).is_empty());
}

#[test]
fn an_entry_is_small() {
    // A million series are 56 MB of entries.
    assert_eq!(size_of::<Entry>(), 56);
}
