//! Access from the host to a worker's memory.
//!
//! Part of it is [shared](arena): the host reads and writes it like its own. The rest is accessed through the operating
//! system ([`foreign`]) and, where that is not permitted, through requests to the worker.

mod allocation;
mod allocator;
mod arena;
mod call_area;
mod foreign;

pub use allocation::Allocation;
pub(super) use arena::Arena;
pub use arena::ArenaUse;
pub(super) use call_area::CallArea;
pub(super) use foreign::{AccessError, Foreign, MappedFile};
