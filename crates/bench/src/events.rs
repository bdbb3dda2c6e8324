//! Events: what it costs to take, keep and find spans and logs, beside ClickHouse's engine and DuckDB.
//!
//! A simulated shop ([`shop`]) sends OTLP over HTTP to a Pharos that stores into an empty directory. Then the same
//! events, read from the files that Pharos wrote, are put into tables of the other two, and all are asked the same.

pub mod ask;
mod proto;
mod shop;

use crate::system::{cpu_of_threads, usage_of};
use crate::{http::Client, report};
use ask::Questions;
use base::Clock;
use serde_json::Value;
use shop::{Full, Shop};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

/// What the bars are about; `BENCH_EVENTS_SCALE` makes them less, for a quick look.
const SPANS: u64 = 10_000_000;
const LOGS: u64 = 50_000_000;
/// Events lie in the last so many hours.
const HOURS: i64 = 6;
const NS_PER_HOUR: i64 = 3_600_000_000_000;
/// Log lines with the rare word, spread over all.
const RARE_LINES: u64 = 25;
/// Requests made ahead of those being sent.
const AHEAD: usize = 64;
const SEED: u64 = 7;
/// Traces named when a server is filled.
const SHOWN: usize = 3;
const PORT: u16 = 19_480;
/// Merging has ended when the files have not changed for so long.
const QUIET: Duration = Duration::from_secs(8);
const SETTLE_MAX: Duration = Duration::from_secs(600);
/// Where the Parquet files lie in the data directory, a folder a kind.
const FILES: &str = "events/files/events";
/// How the threads are called that turn acknowledged events into columns and files.
const AFTER_ACK: &str = "events-";
/// The script that asks the others.
const BESIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/beside");

/// A running Pharos.
struct Pharos {
    child: Child,
    address: String,
    data: PathBuf,
    program: PathBuf,
}

impl Pharos {
    fn start(program: &Path, data: &Path) -> io::Result<Pharos> {
        let address = format!("127.0.0.1:{PORT}");
        let mut pharos = Pharos {
            child: spawn(program, data, &address)?,
            address,
            data: data.to_owned(),
            program: program.to_owned(),
        };
        pharos.wait_ready()?;
        Ok(pharos)
    }

    fn wait_ready(&mut self) -> io::Result<()> {
        for _ in 0..60_000 {
            if matches!(Client::new(&self.address).get("/-/ready"), Ok(reply) if reply.status == 200) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("pharos ended: {status}")));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Err(io::Error::other("pharos was not ready after two minutes"))
    }

    /// Kills it and starts it again: what was acknowledged must be there.
    fn kill_and_restart(&mut self, clock: &Clock) -> io::Result<Duration> {
        self.child.kill()?;
        self.child.wait()?;
        let start = clock.monotonic();
        self.child = spawn(&self.program, &self.data, &self.address)?;
        self.wait_ready()?;
        Ok(clock.monotonic() - start)
    }

    fn stop(&mut self) -> io::Result<()> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        self.child.wait().map(drop)
    }

    fn restart(&mut self) -> io::Result<()> {
        self.stop()?;
        self.child = spawn(&self.program, &self.data, &self.address)?;
        self.wait_ready()
    }
}

impl Drop for Pharos {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(program: &Path, data: &Path, address: &str) -> io::Result<Child> {
    let log = base::disk::open_append(&data.with_extension("log"))?;
    let mut command = Command::new(program);
    command.args(["serve", "--single-port", "--listen", address, "--data"]).arg(data);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()
}

/// What sending one kind of event showed.
struct Sent {
    events: u64,
    bytes: u64,
    wall: Duration,
    cpu_seconds: f64,
    /// Of that, what was done after the acknowledgement.
    after_ack_seconds: f64,
    peak_bytes: u64,
}

pub fn run(program: &Path) -> io::Result<()> {
    let scale: f64 = match std::env::var("BENCH_EVENTS_SCALE") {
        Ok(text) => text.parse().map_err(io::Error::other)?,
        Err(_) => 1.0,
    };
    let (spans, logs) = ((SPANS as f64 * scale) as u64, (LOGS as f64 * scale) as u64);
    let clock = Clock::system();
    let dir = tempfile::tempdir()?;
    let mut pharos = Pharos::start(program, &dir.path().join("pharos"))?;
    println!(
        "events: a simulated shop of eleven services, {spans} spans and {logs} log records over {HOURS} h, as OTLP"
    );
    let (sent_spans, sample) = send(&pharos, &clock, Signal::Spans, spans)?;
    let (sent_logs, _) = send(&pharos, &clock, Signal::Logs, logs)?;
    let restart = pharos.kill_and_restart(&clock)?;
    let held = [Signal::Spans, Signal::Logs].map(|signal| count(&pharos, signal));
    // An orderly stop writes what is in memory to files.
    pharos.restart()?;
    settle(&pharos, &clock)?;
    println!("\n  {:<44}{:>14}{:>14}", "", "spans", "log records");
    let row = |what: &str, figure: &dyn Fn(&Sent) -> String| {
        println!("  {what:<44}{:>14}{:>14}", figure(&sent_spans), figure(&sent_logs));
    };
    row("events sent", &|s| s.events.to_string());
    row("OTLP bytes an event", &|s| format!("{:.0}", s.bytes as f64 / s.events as f64));
    row("events a second, acknowledged", &|s| format!("{:.0}", s.events as f64 / s.wall.as_secs_f64()));
    let to_ack = |s: &Sent| s.cpu_seconds - s.after_ack_seconds;
    row("CPU an event, decode to acknowledgement, µs", &|s| {
        format!("{:.3}", to_ack(s) * 1e6 / s.events as f64)
    });
    row("events a second and core, the same", &|s| format!("{:.0}", s.events as f64 / to_ack(s)));
    row("CPU an event with flush and merges, µs", &|s| {
        format!("{:.3}", s.cpu_seconds * 1e6 / s.events as f64)
    });
    row("events a second and core, sustained", &|s| format!("{:.0}", s.events as f64 / s.cpu_seconds));
    row("peak memory, MB", &|s| format!("{:.0}", s.peak_bytes as f64 / 1e6));
    let [held_spans, held_logs] = held;
    println!("  {:<44}{:>14}{:>14}", "held after kill -9", held_spans?, held_logs?);
    println!("  {:<44}{:>14.3}", "restart after kill -9, s", restart.as_secs_f64());
    let questions = Questions::new(&sample, clock.now_ns(), HOURS * NS_PER_HOUR);
    let own = ask::own(&pharos.address, &questions, &clock)?;
    let files = pharos.data.join(FILES);
    pharos.stop()?;
    let others = beside(&files, dir.path(), &questions);
    // What was measured is shown, whatever became of the others.
    report::events(&own, others.as_ref().unwrap_or(&Value::Null), &files)?;
    others.map(drop)
}

#[derive(Clone, Copy, PartialEq)]
enum Signal {
    Spans,
    Logs,
}

impl Signal {
    fn path(self) -> &'static str {
        match self {
            Signal::Spans => "/v1/traces",
            Signal::Logs => "/v1/logs",
        }
    }

    fn table(self) -> &'static str {
        match self {
            Signal::Spans => "spans",
            Signal::Logs => "logs",
        }
    }
}

/// Sends events of the shop to a server that runs already, and says how fast it took them.
pub fn fill(address: &str, spans: u64, logs: u64) -> io::Result<()> {
    let clock = Clock::system();
    for (signal, wanted) in [(Signal::Spans, spans), (Signal::Logs, logs)] {
        let start = clock.monotonic();
        let (events, bytes, sample) = send_to(address, clock.now_ns(), signal, wanted)?;
        let seconds = (clock.monotonic() - start).as_secs_f64();
        println!("{events} {}, {bytes} bytes of OTLP in {seconds:.1} s", signal.table());
        for id in sample.iter().take(SHOWN) {
            println!("  a trace: {:032x}", u128::from_be_bytes(*id));
        }
    }
    Ok(())
}

/// [`send_to`], and what it costs.
fn send(pharos: &Pharos, clock: &Clock, signal: Signal, wanted: u64) -> io::Result<(Sent, Vec<[u8; 16]>)> {
    let before = usage_of(pharos.child.id())?;
    let after_ack = cpu_of_threads(pharos.child.id(), AFTER_ACK)?;
    let start = clock.monotonic();
    let (events, bytes, sample) = send_to(&pharos.address, clock.now_ns(), signal, wanted)?;
    let wall = clock.monotonic() - start;
    let after = usage_of(pharos.child.id())?;
    let cpu_seconds = after.cpu_seconds - before.cpu_seconds;
    let after_ack_seconds = cpu_of_threads(pharos.child.id(), AFTER_ACK)? - after_ack;
    let peak_bytes = after.peak_rss_bytes;
    Ok((Sent { events, bytes, wall, cpu_seconds, after_ack_seconds, peak_bytes }, sample))
}

/// Sends so many events as fast as they are acknowledged: how many, how long they were, and ids of some of the traces.
fn send_to(address: &str, end_ns: i64, signal: Signal, wanted: u64) -> io::Result<(u64, u64, Vec<[u8; 16]>)> {
    let (sender, receiver) = sync_channel::<(Vec<u8>, usize)>(AHEAD);
    let maker = std::thread::spawn(move || {
        let mut shop = Shop::new(SEED);
        let start_ns = end_ns - HOURS * NS_PER_HOUR;
        let made = |shop: &Shop| if signal == Signal::Spans { shop.spans } else { shop.logs };
        let mut planted = 0;
        while made(&shop) < wanted {
            let share = made(&shop) as f64 / wanted as f64;
            if signal == Signal::Logs && share * RARE_LINES as f64 >= planted as f64 {
                planted += 1;
                shop.plant();
            }
            let at = start_ns + ((end_ns - start_ns) as f64 * share) as i64;
            shop.request(at, signal == Signal::Spans, signal == Signal::Logs);
            if !hand_over(shop.take(), &sender) {
                return shop.sample;
            }
        }
        hand_over(shop.finish(), &sender);
        shop.sample
    });
    let (events, bytes) = deliver(address, signal, &receiver)?;
    let sample = maker.join().map_err(|_| io::Error::other("the shop broke down"))?;
    Ok((events, bytes, sample))
}

fn hand_over(full: Vec<Full>, sender: &std::sync::mpsc::SyncSender<(Vec<u8>, usize)>) -> bool {
    full.into_iter().all(|one| {
        let (Full::Spans(body, count) | Full::Logs(body, count)) = one;
        sender.send((body, count)).is_ok()
    })
}

/// Posts requests one after the other over one connection; one that is told to wait is sent again.
fn deliver(address: &str, signal: Signal, requests: &Receiver<(Vec<u8>, usize)>) -> io::Result<(u64, u64)> {
    let mut client = Client::new(address);
    let (mut events, mut bytes) = (0, 0);
    for (body, count) in requests {
        loop {
            let reply = client.post(signal.path(), &[("content-type", "application/x-protobuf")], &body)?;
            match reply.status {
                200 if reply.body.is_empty() => break,
                429 | 503 => std::thread::sleep(Duration::from_millis(20)),
                status => {
                    let why = String::from_utf8_lossy(&reply.body).into_owned();
                    return Err(io::Error::other(format!("{}: {status} {why}", signal.path())));
                }
            }
        }
        events += count as u64;
        bytes += body.len() as u64;
    }
    Ok((events, bytes))
}

fn count(pharos: &Pharos, signal: Signal) -> io::Result<String> {
    let sql = format!("/api/pharos/sql?query=SELECT+count(*)+FROM+{}", signal.table());
    let reply = Client::new(&pharos.address).get(&sql)?;
    let json: Value = serde_json::from_slice(&reply.body)?;
    Ok(json["rows"][0][0].to_string())
}

/// Waits until no file has come or gone for a while.
fn settle(pharos: &Pharos, clock: &Clock) -> io::Result<()> {
    let files = pharos.data.join(FILES);
    let begun = clock.monotonic();
    let (mut seen, mut since) = (Vec::new(), clock.monotonic());
    while clock.monotonic() - begun < SETTLE_MAX {
        let now = tree(&files)?;
        if now != seen {
            (seen, since) = (now, clock.monotonic());
        } else if clock.monotonic() - since > QUIET {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    Ok(())
}

fn tree(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for path in base::disk::list(dir)? {
        if path.is_dir() {
            all.extend(tree(&path)?);
        } else {
            all.push(path);
        }
    }
    all.sort();
    Ok(all)
}

/// Puts the files into the other engines and asks them, in a process of its own.
fn beside(files: &Path, work: &Path, questions: &Questions) -> io::Result<Value> {
    let beside = Path::new(BESIDE);
    let environment = Command::new(beside.join("../../../tools/python-env"))
        .arg(beside.join("requirements.txt"))
        .output()?;
    if !environment.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&environment.stderr).into_owned()));
    }
    let python = String::from_utf8_lossy(&environment.stdout).trim().to_owned();
    let asked = work.join("questions.json");
    base::disk::write_atomic(&asked, questions.for_others().to_string().as_bytes())?;
    let output = Command::new(python)
        .arg(beside.join("events.py"))
        .args([&files.join("spans"), &files.join("logs"), &work.to_owned(), &asked])
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other("the other engines could not be asked"));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
