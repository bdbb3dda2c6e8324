//! A thread and a runtime of its own for the loops.
//!
//! A scrape is a dozen short steps: a timer, a request, some reads, an append. On a runtime of several threads each step
//! may wake another thread, which costs more than the step. Here all of them take turns on one thread; what needs
//! much of the CPU still goes to threads that may block, and what others do on their runtime does not delay scrapes.
//!
//! The thread ends when this is dropped: whoever wants the loops to finish waits for them before.

use std::io;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// See the module.
pub struct OwnThread {
    handle: Handle,
    /// Dropped to end the thread.
    _running: oneshot::Sender<()>,
}

impl OwnThread {
    pub fn start() -> io::Result<OwnThread> {
        let runtime = Builder::new_current_thread().enable_all().thread_name("scrape-aside").build()?;
        let handle = runtime.handle().clone();
        let (running, ended) = oneshot::channel::<()>();
        std::thread::Builder::new().name("scrape".to_owned()).spawn(move || {
            // Nothing is ever sent: it ends with an error, when the other side is dropped.
            let _ = runtime.block_on(ended);
            // A connection attempt to a name that does not resolve holds up no exit.
            runtime.shutdown_background();
        })?;
        Ok(OwnThread { handle, _running: running })
    }

    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}
