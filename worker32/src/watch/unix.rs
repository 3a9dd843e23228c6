//! Linux: a thread that waits for the host's end. The thread that serves does not end alone here.

use std::io;
use std::thread;
use std::time::Duration;

use protocol::link::Watcher;

use crate::process;

/// Nothing is watched for before there is a link.
#[expect(clippy::unnecessary_wraps, reason = "it may fail on Windows")]
pub(crate) fn start() -> io::Result<()> {
    Ok(())
}

/// Calls `ended` once the host has.
pub(crate) fn watch_host(watcher: Watcher, ended: impl FnOnce() + Send + 'static) {
    process::keep_from_forks(&watcher);
    thread::spawn(move || {
        watcher.wait_for_end();
        ended();
    });
}

/// Rests for a time.
pub(crate) fn pause(time: Duration) {
    thread::sleep(time);
}
