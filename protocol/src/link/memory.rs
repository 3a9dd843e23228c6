//! Memory mapped by both host and worker.

#[cfg(unix)]
mod unix;
mod view;
#[cfg(windows)]
mod windows;

use serde::{Deserialize, Serialize};

#[cfg(unix)]
pub use unix::Memory;
pub use view::View;
#[cfg(windows)]
pub use windows::Memory;

/// How a worker accesses the memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ticket {
    /// The worker opens this path, in its own syntax. The path refers to a descriptor of the host: there is no file.
    Path(String),
    /// The worker owns this handle, which the host has duplicated into it.
    Handle(u64),
}
