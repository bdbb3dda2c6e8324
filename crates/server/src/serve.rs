//! `pharos serve`: the order of start and stop.
//!
//! Start: settings, store (replay), engines, then scraping and writing out, and the listener last, so that whoever is
//! answered is answered by a whole program. Stop, the other way round: no new connections, scrapes end with their
//! markers, queues keep what was not sent, the store syncs and closes.

use crate::cli::ServeArgs;
use crate::connections::Connections;
use crate::events::EventSide;
use crate::listeners::{Listeners, Port};
use crate::memory::{self, Keeper};
use crate::metrics;
use crate::reload::Program;
use crate::settings::Settings;
use api::{App, ConfigState, Notifications, Process, Uploads};
use base::{Budget, Clock};
use query::{EventService, QueryLimits, QueryService};
use receivers::Own;
use remote::{ReadLimits, ReadServer, ReceiveLimits, Receiver};
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use telemetry::Registry;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing::{error, info, warn};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tsdb::{Db, Options};

pub const VERSION: &str = env!("CARGO_PKG_VERSION");
const REVISION: &str = match option_env!("PHAROS_REVISION") {
    Some(revision) => revision,
    None => "",
};
/// Of the memory budget, what the head and its reads may hold, in percent; queries may hold half of the whole.
const STORE_PERCENT: u64 = 60;
const QUERY_PERCENT: u64 = 50;
/// Of the memory budget, what bodies being received may hold, in percent.
const UPLOAD_PERCENT: u64 = 15;
/// Of the disk limit, what metrics may keep, in percent; events and what queries spill have the rest.
const METRICS_DISK_PERCENT: u64 = 40;
/// Connections that are still answering get this long after the order to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// A bad configuration.
const BAD: u8 = 2;

pub fn run(args: ServeArgs) -> ExitCode {
    let settings = match Settings::new(&args) {
        Ok(settings) => settings,
        Err(faults) => {
            faults.iter().for_each(|fault| eprintln!("{fault}"));
            return ExitCode::from(BAD);
        }
    };
    let own = Own::new(Clock::system());
    let text = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        // Lines for people say what happened, not inside which request: that is in the store.
        .with_filter(filter_fn(|metadata| metadata.is_event()));
    tracing_subscriber::registry()
        .with(tracing_subscriber::EnvFilter::new(&settings.log))
        .with(text)
        .with(own.layer())
        .init();
    match crate::runtime().block_on(serve(settings, own)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Configuration(faults)) => {
            faults.iter().for_each(|fault| eprintln!("{fault}"));
            ExitCode::from(BAD)
        }
        Err(Failure::Start(why)) => {
            error!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Why the program does not run.
pub enum Failure {
    /// One line a fault.
    Configuration(Vec<String>),
    Start(String),
}

async fn serve(settings: Settings, own: Own) -> Result<(), Failure> {
    let clock = Clock::system();
    let program_config = crate::reload::load(&settings).map_err(Failure::Configuration)?;
    let registry = Registry::new();
    let budget = Budget::new("memory", memory::reservable(settings.memory_bytes));
    let keeper = Keeper::start(settings.memory_bytes).map_err(|e| Failure::Start(e.to_string()))?;
    let db = open_store(&settings, &program_config, &clock, &budget)?;
    metrics::register(&registry, &db, &budget, VERSION, REVISION);
    let descriptors = base::files::raise_limit().map_err(|e| Failure::Start(e.to_string()))?;
    let connections = Connections::new(descriptors, &clock);
    metrics::register_connections(&registry, &connections);
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|e| Failure::Start(format!("{}: {e}; is another server running there?", settings.listen)))?;
    let program = Program::start(&settings, &db, &registry, &clock)
        .map_err(|e| Failure::Start(format!("{}: {e}", settings.data.display())))?;
    let side = EventSide::open(&settings, &program_config, &db, &registry, &clock, &budget, own).await?;
    metrics::register_events(&registry, &side.store);
    let EventSide { store, intake, end: event_end } = side;
    let limits = QueryLimits {
        concurrency: settings.query_concurrency,
        timeout: settings.query_timeout,
        samples_max: settings.query_samples_max,
        lookback_ms: settings.lookback.as_millis() as i64,
        budget: budget.slice("queries", budget.limit_bytes() / 100 * QUERY_PERCENT),
    };
    let query = QueryService::new(db.clone(), limits, clock.clone(), &registry);
    let app = Arc::new(App {
        events: crate::events::service(&settings, store, query.clone(), &budget, &clock)?,
        intake,
        query,
        receiver: Receiver::new(db.clone(), ReceiveLimits::default(), &registry),
        uploads: Uploads::new(settings.memory_bytes / 100 * UPLOAD_PERCENT),
        reader: ReadServer::new(db.clone(), ReadLimits::default(), &registry),
        scrape: program.scrape(),
        process: Process {
            version: VERSION,
            revision: REVISION,
            started_ms: clock.now_ms(),
            flags: settings.flags(),
            retention: base::units::format_duration(Duration::from_millis(db.options().retention_ms as u64)),
            memory_limit_bytes: settings.memory_bytes,
        },
        config: ConfigState::default(),
        notifications: Notifications::default(),
        control: Box::new(program.clone()),
        clock: clock.clone(),
        db: db.clone(),
        registry,
    });
    program.attach(&app);
    program.apply(program_config);
    announce(&settings, &listener);
    let main_port = listener.local_addr().map_or(settings.listen.port(), |address| address.port());
    let ports = ports(&settings, &app, main_port);
    let ports = Listeners::open(settings.listen.ip(), ports, &connections).await;
    let postgres = settings.postgres.map(|address| tokio::spawn(postgres(app.events.clone(), address)));
    let answered = answer(listener, &connections, Arc::clone(&app), &program).await;
    if let Some(postgres) = postgres {
        postgres.abort();
    }
    ports.close(DRAIN).await;
    program.stop().await;
    event_end.close().await;
    let closing = db.clone();
    // The last writes of scraping are in: nothing is lost when this returns.
    tokio::task::spawn_blocking(move || closing.close())
        .await
        .map_err(|_| Failure::Start("the store ended in a panic".to_owned()))?;
    keeper.stop();
    info!("stopped; everything is on disk");
    answered
}

/// The ports beside the main one.
fn ports(settings: &Settings, app: &Arc<App>, main_port: u16) -> Vec<Port> {
    if settings.single_port {
        return Vec::new();
    }
    let routers = api::ports(app, ui::elsewhere(main_port));
    let mut ports = vec![
        Port { name: "OTLP over gRPC", number: 4317, router: routers.otlp_grpc },
        Port { name: "OTLP over HTTP", number: 4318, router: routers.otlp_http },
    ];
    if settings.drop_in {
        ports.push(Port { name: "Jaeger", number: 16686, router: routers.jaeger });
        ports.push(Port { name: "Jaeger over gRPC", number: 16685, router: routers.jaeger_grpc });
        ports.push(Port { name: "Zipkin", number: 9411, router: routers.zipkin });
    }
    if settings.drop_in || settings.sampling_strategies.is_some() {
        ports.push(Port { name: "remote sampling", number: 5778, router: routers.sampling });
    }
    ports
}

/// Speaks PostgreSQL's protocol. A port that somebody else has is a warning, not an end.
async fn postgres(events: EventService, address: SocketAddr) {
    info!(%address, "SQL over PostgreSQL's protocol");
    if let Err(error) = events.serve_postgres(address).await {
        warn!(%address, "SQL over PostgreSQL's protocol is not spoken: {error}");
    }
}

fn open_store(
    settings: &Settings,
    config: &promconfig::Config,
    clock: &Clock,
    budget: &Budget,
) -> Result<Db, Failure> {
    let start = |e: std::io::Error| Failure::Start(format!("{}: {e}", settings.data.display()));
    base::disk::create_dir_all(&settings.data).map_err(start)?;
    let disk_bytes = settings.disk_limit().map_err(start)? / 100 * METRICS_DISK_PERCENT;
    let mut options = Options::new(settings.data.join("metrics"));
    // Where whoever knows Prometheus looks for them.
    options.snapshots = Some(settings.data.join("snapshots"));
    options.clock = clock.clone();
    options.budget = budget.slice("metrics", settings.memory_bytes / 100 * STORE_PERCENT);
    options.retention_ms = settings.retention.as_millis() as i64;
    options.retention_bytes = Some(disk_bytes);
    options.keep.clone_from(&settings.keep);
    options.accept_any_time = settings.accept_any_time;
    options.series_max = settings.series_max;
    let storage = &config.storage;
    let window = storage.tsdb.as_ref().map(|t| t.out_of_order_time_window).unwrap_or_default();
    options.out_of_order_window_ms = settings.out_of_order_window.max(window).as_millis() as i64;
    if let Some(kept) = storage.tsdb.as_ref().and_then(|t| t.retention.as_ref()) {
        // As in Prometheus, the file wins over the flags.
        if !kept.time.is_zero() {
            options.retention_ms = kept.time.as_millis() as i64;
        }
        if kept.size.0 > 0 {
            options.retention_bytes = Some(kept.size.0);
        } else if kept.percentage > 0.0 {
            let total = base::disk::space(&settings.data).map_err(start)?.total_bytes;
            options.retention_bytes = Some((total as f64 * kept.percentage / 100.0) as u64);
        }
    }
    if let Some(exemplars) = &storage.exemplars {
        options.exemplars_max = exemplars.max_exemplars.max(0) as usize;
    }
    let db = Db::open(options).map_err(|e| Failure::Start(e.to_string()))?;
    let recovery = db.recovery();
    info!(
        samples = recovery.replayed_samples,
        series = recovery.replayed_series,
        ms = recovery.took_ms,
        "store open"
    );
    Ok(db)
}

fn announce(settings: &Settings, listener: &TcpListener) {
    let address = listener.local_addr().unwrap_or(settings.listen);
    info!(data = %settings.data.display(), memory_bytes = settings.memory_bytes, "Pharos {VERSION}");
    // On standard output and plain: the one line that a person who starts it by hand wants.
    println!("Pharos is at http://{address}");
}

/// Answers requests until it is time to stop.
async fn answer(
    listener: TcpListener,
    connections: &Connections,
    app: Arc<App>,
    program: &Program,
) -> Result<(), Failure> {
    let router = api::router(Arc::clone(&app), ui::router());
    let (stop, stopped) = watch::channel(false);
    let server = connections.serve(listener, router, stopped);
    let failed = |e: std::io::Error| Failure::Start(e.to_string());
    let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    tokio::pin!(server);
    loop {
        tokio::select! {
            () = &mut server => return Ok(()),
            _ = hangup.recv() => program.reload_logged().await,
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = program.quitting() => break,
        }
    }
    info!("stopping");
    app.notifications.close();
    app.events.end_tails();
    stop.send_replace(true);
    if tokio::time::timeout(DRAIN, server).await.is_err() {
        warn!("some connections were still open after {} s", DRAIN.as_secs());
    }
    Ok(())
}
