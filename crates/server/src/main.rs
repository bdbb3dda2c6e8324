//! The program `pharos`: command line, wiring, order of start and stop. Holds no logic worth a unit test.

mod check;
mod cli;
mod connections;
mod events;
mod http;
mod listeners;
mod memory;
mod metrics;
mod query;
mod reload;
mod serve;
mod settings;

use clap::Parser;
use cli::{Cli, Verb};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Exit codes: 0 done, 1 failed, 2 a bad configuration (each fault on a line `file:line: field: what is wrong`).
fn main() -> ExitCode {
    match Cli::parse().verb {
        Verb::Serve(args) => serve::run(*args),
        Verb::Check { what } => check::run(what),
        Verb::Query(args) => match runtime().block_on(query::run(args, &base::Clock::system())) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("pharos query: {why}");
                ExitCode::FAILURE
            }
        },
    }
}

/// Statements of SQL are planned by recursion: see `search::sql::check_depth`. Only what is used of it is there.
const STACK_BYTES: usize = 8 << 20;

/// The async runtime: a thread a core; heavy work goes to blocking threads.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("pharos")
        .thread_stack_size(STACK_BYTES)
        .build()
        .expect("the runtime starts: it needs only threads and an epoll handle")
}
