//! Thousands of mutations for each target, the same in every run: none panics, none takes memory out of proportion.

use allocation_counter::measure;
use base::random::Random;
use fuzz::mutate::mutate;
use fuzz::{TARGETS, Target};

fn smoke(name: &str) {
    let target = TARGETS.iter().find(|t| t.name == name).expect("a target of this name");
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty(), "{name} has no seeds");
    (target.run)(&[]);
    seeds.iter().for_each(|seed| run(target, seed));
    // Another sequence for each target.
    let mut random = Random::seeded(seed(name));
    for _ in 0..target.rounds * factor() {
        run(target, &mutate(&seeds, &mut random));
    }
}

fn seed(name: &str) -> u64 {
    name.bytes().fold(1, |n: u64, b| n.wrapping_mul(31).wrapping_add(u64::from(b)))
}

/// `PHAROS_FUZZ_FACTOR=100 cargo test --release -p fuzz` looks a hundred times longer.
fn factor() -> u32 {
    std::env::var("PHAROS_FUZZ_FACTOR").ok().and_then(|n| n.parse().ok()).unwrap_or(1)
}

fn run(target: &Target, input: &[u8]) {
    let panicked = |text: &str| format!("{} {text} on {:?}", target.name, String::from_utf8_lossy(input));
    let mut result = Ok(());
    let info = measure(|| {
        result = std::panic::catch_unwind(|| (target.run)(input));
    });
    if let Err(cause) = result {
        eprintln!("{}: {input:?}", panicked("panicked"));
        std::panic::resume_unwind(cause);
    }
    let limit = target.bytes_max + target.bytes_a_byte_max * input.len() as u64;
    assert!(info.bytes_max <= limit, "{}", panicked(&format!("took {} bytes", info.bytes_max)));
}

/// A test for each target, so that they run side by side and a failure names its target.
macro_rules! smoke {
    ($($name:ident),+) => {
        $(#[test]
        fn $name() {
            smoke(stringify!($name));
        })+

        #[test]
        fn every_target_is_run() {
            let run: Vec<&str> = vec![$(stringify!($name)),+];
            assert_eq!(run, TARGETS.map(|t| t.name));
        }
    };
}

smoke!(
    text,
    openmetrics,
    protobuf,
    content_type,
    snappy,
    write_v1,
    write_v2,
    read,
    xor_chunk,
    promql,
    promql_series,
    search,
    otlp_traces,
    otlp_logs,
    otlp_metrics,
    otlp_json,
    zipkin,
    wal,
    block
);
