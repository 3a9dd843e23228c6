//! Memory that host and worker both map.

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

/// How a worker finds the memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ticket {
    /// It opens this path, in its own syntax. The path leads to a descriptor of the host's: there is no file.
    Path(String),
    /// It owns this handle, which the host has put into it.
    Handle(u64),
}
