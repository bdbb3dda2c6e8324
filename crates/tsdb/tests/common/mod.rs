//! What the tests of the store share.
#![allow(dead_code)] // each test program uses a part

use base::Clock;
use model::{Labels, Matcher};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use tsdb::{Background, Db, Durability, Options};

pub const HOUR_MS: i64 = 3_600_000;

pub fn options(dir: &Path) -> Options {
    Options { clock: Clock::manual(0), background: Background::Manual, ..Options::new(dir) }
}

pub fn open(dir: &Path) -> Db {
    Db::open(options(dir)).unwrap()
}

pub fn series(n: usize) -> Labels {
    Labels::from_pairs([("__name__", "m"), ("n", &n.to_string())])
}

/// One sample each, at one time.
pub fn append(db: &Db, t: i64, samples: &[(Labels, f64)]) {
    let mut appender = db.appender();
    for (labels, v) in samples {
        let id = appender.series(None, labels).unwrap();
        appender.float(id, t, *v).unwrap();
    }
    let done = appender.commit(Durability::Buffered).unwrap();
    assert_eq!((done.samples as usize, done.rejected.len()), (samples.len(), 0));
}

pub type Floats = BTreeMap<Labels, Vec<(i64, f64)>>;

/// The floats of all series that pass the matchers, in `from ..= to`.
pub fn floats_in(db: &Db, matchers: &[Matcher], from: i64, to: i64) -> Floats {
    let selected = db.select(matchers, from - 1, to).unwrap();
    let mut found = Floats::new();
    selected
        .read(0..selected.len(), &mut |i, s| {
            let samples = s.timestamps.iter().copied().zip(s.values.iter().copied()).collect();
            found.insert(selected.labels(i).clone(), samples);
            ControlFlow::Continue(())
        })
        .unwrap();
    found
}

pub fn floats(db: &Db) -> Floats {
    floats_in(db, &[], i64::MIN + 1, i64::MAX)
}
