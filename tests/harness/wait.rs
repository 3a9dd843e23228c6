//! Waiting for what can be seen, up to a limit.

use std::thread;
use std::time::{Duration, Instant};

/// How often a condition is looked at that nothing announces.
const INTERVAL: Duration = Duration::from_millis(2);

/// Looks until `condition` gives a value, and gives that; nothing once the limit has passed.
#[must_use]
pub fn wait_until<T>(limit: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = condition() {
            return Some(value);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::sleep(INTERVAL);
    }
}
