//! Tests of the memtable: whatever the order of pushing, sealing and looking, each row is seen once.

use super::*;
use crate::testing;
use arrow::array::AsArray;
use arrow::datatypes::TimestampNanosecondType;
use proptest::prelude::*;

fn times(sources: &[Arc<MemorySource>]) -> Vec<i64> {
    let time = |source: &Arc<MemorySource>| {
        let column = source.batch.column_by_name("time").unwrap();
        column.as_primitive::<TimestampNanosecondType>().values().to_vec()
    };
    let mut times: Vec<i64> = sources.iter().flat_map(time).collect();
    times.sort_unstable();
    times
}

struct Bench {
    memtable: Memtable,
    registry: Registry,
    budget: Budget,
    pushed: i64,
}

impl Bench {
    fn new() -> Bench {
        let memtable = Memtable::new(Arc::default());
        let (registry, budget) = (Registry::new(Kind::Log, &[]), Budget::new("test", 1 << 30));
        Bench { memtable, registry, budget, pushed: 0 }
    }

    fn push(&mut self, rows: usize) {
        let batch = testing::batch(Kind::Log, self.pushed, rows);
        let bytes = batch.bytes() as u64;
        let _reservation = self.budget.reserve(bytes).ok();
        self.memtable.push(Held { batch, _reservation, bytes }, 5);
        self.pushed += rows as i64;
    }

    fn seal(&self, rest: Rest) {
        self.memtable.seal(Kind::Log, &self.registry, &self.budget, rest).unwrap();
    }

    fn look(&self) -> Vec<Arc<MemorySource>> {
        self.memtable.sources(Kind::Log, &self.registry, &self.budget).unwrap()
    }

    fn check(&self) {
        assert_eq!(times(&self.look()), (0..self.pushed).collect::<Vec<_>>());
        assert_eq!(self.memtable.rows(Kind::Log), self.pushed as u64);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn each_row_is_seen_once(steps in prop::collection::vec((0u8..8, 1usize..6_000), 1..24)) {
        let mut bench = Bench::new();
        for (what, rows) in steps {
            match what {
                0..=3 => bench.push(rows),
                4..=5 => bench.check(),
                6 => bench.seal(Rest::Stays),
                _ => bench.seal(Rest::Goes),
            }
        }
        bench.check();
        bench.seal(Rest::Goes);
        bench.check();
    }
}

#[test]
fn who_looks_twice_finds_the_columns_made() {
    let mut bench = Bench::new();
    bench.push(10);
    let first = bench.look();
    bench.push(5);
    let second = bench.look();
    assert!(Arc::ptr_eq(&first[0], &second[0]));
    assert_eq!(second.iter().map(|s| s.batch.num_rows()).collect::<Vec<_>>(), [10, 5]);
    assert!(bench.look().iter().zip(&second).all(|(a, b)| Arc::ptr_eq(a, b)));
    // Many looks do not make many parts.
    for _ in 0..3 * SCRAPS_MAX {
        bench.push(1);
        assert!(bench.look().len() <= SCRAPS_MAX + 1);
    }
    bench.check();
}

#[test]
fn columns_take_less_than_batches_and_all_is_given_back() {
    let mut bench = Bench::new();
    bench.push(CHUNK_ROWS);
    let before = bench.budget.used_bytes();
    assert_eq!(bench.memtable.bytes(), before);
    bench.seal(Rest::Stays);
    let after = bench.budget.used_bytes();
    assert!(after < before / 2, "{after} of {before}");
    assert_eq!(bench.memtable.bytes(), after);
    let chunks = bench.memtable.chunks(Kind::Log);
    let Bench { memtable, budget, .. } = bench;
    drop(memtable);
    assert_eq!(budget.used_bytes(), after, "a reader still holds them");
    drop(chunks);
    assert_eq!(budget.used_bytes(), 0);
}
