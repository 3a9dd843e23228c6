//! How soon this machine tells at all that a process was killed.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Processes that do nothing, killed one after the other beside a run: what else the machine does delays their ends as it
/// does those of workers.
#[derive(Debug)]
pub(crate) struct Floor {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<f64>>,
}

impl Floor {
    pub(crate) fn start() -> Self {
        /// Rare enough to be no load itself.
        const PAUSE: Duration = Duration::from_millis(20);
        let is_over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let mut times = Vec::new();
            while !told.load(Ordering::Relaxed) {
                times.extend(kill_one(PAUSE));
            }
            times
        });
        Self { is_over, thread }
    }

    /// The times so far, in milliseconds; there are no more.
    pub(crate) fn end(self) -> Vec<f64> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

/// How long it takes from the kill of a process that holds a pipe until the pipe is seen closed and the process collected.
fn kill_one(pause: Duration) -> Option<f64> {
    let mut child = Command::new("sleep").arg("60").stdin(Stdio::null()).stdout(Stdio::piped()).spawn().ok()?;
    let mut pipe = child.stdout.take()?;
    thread::sleep(pause);
    let killed = Instant::now();
    child.kill().ok()?;
    // There is nothing to read but the end.
    let _ = pipe.read(&mut [0]);
    child.wait().ok()?;
    Some(killed.elapsed().as_secs_f64() * 1000.0)
}
