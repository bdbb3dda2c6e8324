//! The systems under test: how each is started, what it is asked, what it costs.

use crate::http::Client;
use base::Clock;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Pharos,
    Prometheus,
    VictoriaMetrics,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Pharos, Kind::Prometheus, Kind::VictoriaMetrics];

    /// Those to run: all, or those that `BENCH_SYSTEMS` names, separated by commas.
    pub fn chosen() -> Vec<Kind> {
        let names = std::env::var("BENCH_SYSTEMS").unwrap_or_default();
        let wanted = |k: &Kind| names.is_empty() || names.split(',').any(|n| n == k.name());
        Kind::ALL.into_iter().filter(wanted).collect()
    }

    pub fn name(self) -> &'static str {
        match self {
            Kind::Pharos => "pharos",
            Kind::Prometheus => "prometheus",
            Kind::VictoriaMetrics => "victoria-metrics",
        }
    }
}

/// A running system with a data directory of its own.
pub struct System {
    pub kind: Kind,
    pub address: String,
    data: PathBuf,
    config: PathBuf,
    pharos: PathBuf,
    child: Child,
}

/// What a process has used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub cpu_seconds: f64,
    pub rss_bytes: u64,
    pub peak_rss_bytes: u64,
}

impl System {
    /// Starts on an empty directory. `config` is a prometheus.yml; `pharos` the program to measure.
    pub fn start(kind: Kind, dir: &Path, config: &Path, pharos: &Path, port: u16) -> io::Result<System> {
        let data = dir.join(kind.name());
        base::disk::create_dir_all(&data)?;
        let address = format!("127.0.0.1:{port}");
        let child = spawn(kind, &data, config, pharos, &address)?;
        let mut system =
            System { kind, address, data, config: config.to_owned(), pharos: pharos.to_owned(), child };
        system.wait_ready()?;
        Ok(system)
    }

    pub fn client(&self) -> Client {
        Client::new(&self.address)
    }

    pub fn usage(&self) -> io::Result<Usage> {
        usage_of(self.child.id())
    }

    /// Bytes of a snapshot, made through the system's own API.
    pub fn snapshot_bytes(&self) -> io::Result<u64> {
        let mut client = self.client();
        let (path, under) = match self.kind {
            Kind::VictoriaMetrics => ("/snapshot/create", "snapshots"),
            _ => ("/api/v1/admin/tsdb/snapshot", "snapshots"),
        };
        let reply = match self.kind {
            Kind::VictoriaMetrics => client.get(path)?,
            _ => client.post(path, &[], &[])?,
        };
        let json: serde_json::Value = serde_json::from_slice(&reply.body)?;
        let name = json["data"]["name"]
            .as_str()
            .or_else(|| json["snapshot"].as_str())
            .ok_or_else(|| io::Error::other(format!("no snapshot: {json}")))?;
        // VictoriaMetrics's snapshot is links into data/ and indexdb/: follow them.
        tree_bytes(&self.data.join(under).join(name))
    }

    /// Kills it as a power cut would, starts it again, and returns how long until it said it was ready.
    pub fn kill_and_restart(&mut self, clock: &Clock) -> io::Result<Duration> {
        self.child.kill()?;
        self.child.wait()?;
        let start = clock.monotonic();
        self.child = spawn(self.kind, &self.data, &self.config, &self.pharos, &self.address)?;
        self.wait_ready()?;
        Ok(clock.monotonic() - start)
    }

    fn wait_ready(&mut self) -> io::Result<()> {
        let path = if self.kind == Kind::VictoriaMetrics { "/health" } else { "/-/ready" };
        for _ in 0..60_000 {
            if matches!(Client::new(&self.address).get(path), Ok(r) if r.status == 200) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("{} ended: {status}", self.kind.name())));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Err(io::Error::other(format!("{} was not ready after two minutes", self.kind.name())))
    }
}

impl Drop for System {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(kind: Kind, data: &Path, config: &Path, pharos: &Path, address: &str) -> io::Result<Child> {
    let arg = |name: &str, path: &Path| format!("{name}={}", path.display());
    let mut command = match kind {
        Kind::Pharos => {
            let mut c = Command::new(pharos);
            c.args(["serve", "--single-port", "--listen", address]);
            c.args([arg("--data", data), arg("--prometheus-config", config)]);
            c
        }
        Kind::Prometheus => {
            let mut c = Command::new("prometheus");
            c.args([arg("--config.file", config), arg("--storage.tsdb.path", data)]);
            c.arg(format!("--web.listen-address={address}"));
            c.args(["--web.enable-remote-write-receiver", "--web.enable-admin-api", "--log.level=error"]);
            c
        }
        Kind::VictoriaMetrics => {
            let mut c = Command::new("victoria-metrics");
            c.args([arg("-storageDataPath", data), arg("-promscrape.config", config)]);
            c.args([format!("-httpListenAddr={address}"), "-loggerLevel=ERROR".into()]);
            c.args(["-promscrape.config.strictParse=false", "-search.latencyOffset=0s"]);
            c
        }
    };
    let log = base::disk::open_append(&data.with_extension("log"))?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()
}

/// Reads `/proc/<pid>`: CPU of all threads, resident memory now and at its highest.
pub fn usage_of(pid: u32) -> io::Result<Usage> {
    let stat = base::disk::read_to_string(Path::new(&format!("/proc/{pid}/stat")))?;
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let status = base::disk::read_to_string(Path::new(&format!("/proc/{pid}/status")))?;
    let kb = |name: &str| {
        let line = status.lines().find(|l| l.starts_with(name)).unwrap_or("");
        line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0)
    };
    Ok(Usage {
        cpu_seconds: cpu_seconds(after_name),
        rss_bytes: kb("VmRSS:") * 1024,
        peak_rss_bytes: kb("VmHWM:") * 1024,
    })
}

/// CPU seconds of the threads whose names begin so.
pub fn cpu_of_threads(pid: u32, prefix: &str) -> io::Result<f64> {
    let mut sum = 0.0;
    for task in base::disk::list(Path::new(&format!("/proc/{pid}/task")))? {
        // A thread may end between the two looks.
        let Ok(stat) = base::disk::read_to_string(&task.join("stat")) else { continue };
        let Some((head, fields)) = stat.rsplit_once(") ") else { continue };
        if head.split_once('(').is_some_and(|(_, name)| name.starts_with(prefix)) {
            sum += cpu_seconds(fields);
        }
    }
    Ok(sum)
}

/// utime and stime of a `stat` line behind the name: fields 14 and 15, in ticks of 10 ms on every Linux this runs on.
fn cpu_seconds(fields: &str) -> f64 {
    fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Bytes of all files under a directory, symbolic links followed.
fn tree_bytes(dir: &Path) -> io::Result<u64> {
    let mut sum = 0;
    for path in base::disk::list(dir)? {
        sum += if path.is_dir() { tree_bytes(&path)? } else { base::disk::len(&path)? };
    }
    Ok(sum)
}
