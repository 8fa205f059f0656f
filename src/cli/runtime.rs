//! The tokio runtimes: one thread for commands, as many as there are cores for a server.

use super::exit::{Exit, Failure};
use std::future::Future;
use tokio::runtime::{Builder, Runtime};

/// Runs a command that talks to a server.
pub(crate) fn command<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    start(1)?.block_on(work)
}

/// Runs a server on as many workers as this process may use cores (its CPU affinity and quota count).
pub(crate) fn server<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    start(std::thread::available_parallelism().map_or(1, usize::from))?.block_on(work)
}

/// With one core, a scheduler that moves work between threads only costs: everything runs on this thread then.
fn start(workers: usize) -> Result<Runtime, Failure> {
    let mut builder = if workers == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    if workers > 1 {
        builder.worker_threads(workers);
    }
    let built = builder.enable_all().thread_name("floopy").build();
    built.map_err(|error| Failure::new(Exit::Failed, format!("cannot start the runtime: {error}")))
}
