//! The memory of a worker, as the host reaches it.
//!
//! Part of it is [shared](arena): the host reads and writes it as its own. The rest is reached by the operating system's
//! own means ([`foreign`]), and where it does not allow that, by asking the worker.

mod allocation;
mod allocator;
mod arena;
mod call_area;
mod foreign;

pub use allocation::Allocation;
pub(super) use arena::Arena;
pub use arena::ArenaUse;
pub(super) use call_area::CallArea;
pub(super) use foreign::{AccessError, Foreign, Mapped};
