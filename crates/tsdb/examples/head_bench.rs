//! What a sample costs on its way into the head: processor time, memory, log, replay.
//!
//! `head_bench [SERIES SAMPLES]…`, by default 30,000 series of 240 samples and 1,000,000 of 5. Series come in scrapes of 1,500,
//! each with its own time; of their values 70 % are constant, 20 % counters of whole numbers, 10 % noisy floats.

use base::random::Random;
use base::{Clock, disk};
use model::{Labels, Matcher};
use std::ops::ControlFlow;
use std::path::Path;
use tsdb::{Background, Db, Durability, Options};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const SCRAPE_SERIES: usize = 1500;
const SCRAPE_MS: i64 = 15_000;
const FIRST_MS: i64 = 1_700_000_000_000;

fn main() {
    let args: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let sizes = if args.is_empty() { vec![30_000, 240, 1_000_000, 5] } else { args };
    for size in sizes.chunks_exact(2) {
        run(size[0], size[1]);
    }
}

fn run(series: usize, samples: usize) {
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Clock::system();
    let mut values = Values::new(series);
    let keys: Vec<u128> = (0..series).map(|n| labels(n).hash128()).collect();
    let before = rss();
    let db = Db::open(options(dir.path())).expect("a store");
    let (mut create_ns, mut append_ns) = (0, 0);
    for round in 0..samples {
        values.next();
        for (target, keys) in keys.chunks(SCRAPE_SERIES).enumerate() {
            let t = FIRST_MS + round as i64 * SCRAPE_MS + target as i64 * 7;
            let first = target * SCRAPE_SERIES;
            let from = thread_cpu_ns();
            let mut appender = db.appender();
            for (i, key) in keys.iter().enumerate() {
                let id = match appender.lookup(*key) {
                    Some(id) => id,
                    None => appender.series(Some(*key), &labels(first + i)).expect("a series"),
                };
                appender.float(id, t, values.of[first + i]).expect("a sample in order");
            }
            let done = appender.commit(Durability::Buffered).expect("a commit");
            assert_eq!((done.samples, done.rejected.len()), (keys.len() as u64, 0));
            let took = thread_cpu_ns() - from;
            *(if round == 0 { &mut create_ns } else { &mut append_ns }) += took;
        }
    }
    let held = rss() - before;
    let (count, stats) = (series * samples, db.head_stats());
    println!("{series} series × {samples} samples");
    println!("  append + commit  {:.0} ns a sample", append_ns as f64 / (count - series).max(1) as f64);
    println!("  create           {:.0} ns a series with its first sample", create_ns as f64 / series as f64);
    println!(
        "  memory           {:.0} B a series, {:.0} MB; estimated {:.0} B",
        held / series as f64,
        held / 1e6,
        stats.bytes as f64 / series as f64
    );
    println!("  log              {:.2} B a sample", stats.wal_bytes as f64 / count as f64);
    read(&db, count);
    db.close();
    drop(db);
    let (from, cpu) = (clock.monotonic(), process_cpu_s());
    let db = Db::open(options(dir.path())).expect("a store");
    let took = (clock.monotonic() - from).as_secs_f64();
    let cpu = process_cpu_s() - cpu;
    println!(
        "  replay           {took:.3} s, {cpu:.2} s of processor, {:.1} M samples a second",
        count as f64 / took / 1e6
    );
    assert_eq!(db.recovery().replayed_samples as usize, count);
    let from = thread_cpu_ns();
    db.flush().expect("a flush");
    let took = (thread_cpu_ns() - from) as f64 / 1e9;
    let bytes: u64 = db.blocks().iter().map(|b| b.bytes).sum();
    println!(
        "  flush            {took:.2} s, {:.0} ns and {:.2} B a sample",
        took * 1e9 / count as f64,
        bytes as f64 / count as f64
    );
}

fn read(db: &Db, count: usize) {
    let all = [Matcher::equal("job", "node")];
    for what in ["first", "again"] {
        let from = thread_cpu_ns();
        let selected = db.select(&all, i64::MIN, i64::MAX).expect("a selection");
        let found = (thread_cpu_ns() - from) as f64 / 1e9;
        let mut samples = 0;
        selected
            .read(0..selected.len(), &mut |_, s| {
                samples += s.timestamps.len();
                ControlFlow::Continue(())
            })
            .expect("samples");
        let took = (thread_cpu_ns() - from) as f64 / 1e9;
        assert_eq!(samples, count);
        println!(
            "  read {what}       {found:.3} s to find, {:.1} ns a sample to read",
            (took - found) * 1e9 / count as f64
        );
    }
}

fn options(dir: &Path) -> Options {
    Options { background: Background::Manual, head_samples_max: u64::MAX, ..Options::new(dir) }
}

/// Like node_exporter's: some hundred metrics of one series, some of many.
fn labels(n: usize) -> Labels {
    let (target, i) = (n / SCRAPE_SERIES, n % SCRAPE_SERIES);
    let instance = format!("host-{target}.example.com:9100");
    let fixed = [("instance", instance.as_str()), ("job", "node")];
    if i < 600 {
        let name = format!("node_something_number_{i}_total");
        return Labels::from_pairs(fixed.into_iter().chain([("__name__", name.as_str())]));
    }
    let name = format!("node_per_device_metric_{}_seconds_total", i % 45);
    let (device, mode) = (format!("device{}", i / 45), ["read", "write", "idle", "user"][i % 4]);
    let more = [("__name__", name.as_str()), ("device", device.as_str()), ("mode", mode)];
    Labels::from_pairs(fixed.into_iter().chain(more))
}

struct Values {
    of: Vec<f64>,
    random: Random,
}

impl Values {
    fn new(series: usize) -> Values {
        let mut random = Random::seeded(7);
        let of = (0..series).map(|_| random.below(1 << 20) as f64).collect();
        Values { of, random }
    }

    fn next(&mut self) {
        for (n, value) in self.of.iter_mut().enumerate() {
            match n * 7919 % 10 {
                0..=6 => {}
                7 | 8 => *value += self.random.below(1000) as f64,
                _ => *value = self.random.unit() * 1e3,
            }
        }
    }
}

/// What this thread has used of a processor: other work on the machine does not count.
fn thread_cpu_ns() -> u64 {
    let stat = disk::read_to_string(Path::new("/proc/thread-self/schedstat")).expect("procfs");
    stat.split(' ').next().and_then(|n| n.parse().ok()).expect("a number of nanoseconds")
}

/// What all threads have used, ended ones too, to a hundredth of a second.
fn process_cpu_s() -> f64 {
    let stat = disk::read_to_string(Path::new("/proc/self/stat")).expect("procfs");
    let after_name = stat.rsplit(')').next().expect("a line").split(' ');
    after_name.skip(12).take(2).filter_map(|n| n.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Resident memory of this process, bytes.
fn rss() -> f64 {
    let statm = disk::read_to_string(Path::new("/proc/self/statm")).expect("procfs");
    statm.split(' ').nth(1).and_then(|n| n.parse::<f64>().ok()).expect("a number of pages") * 4096.0
}
