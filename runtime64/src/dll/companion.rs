//! What the module keeps for each worker, as long as that one is there.

use super::call::Orphans;
use super::callback::Callbacks;
use super::memory::Owner;

/// What is kept for one worker.
#[derive(Default)]
pub(super) struct Companion {
    /// Which Lua function each of its callbacks stands for.
    pub(super) callbacks: Callbacks,
    /// The calls under way that nobody waits for any more.
    pub(super) orphans: Orphans,
}

impl Companion {
    /// What is kept for the worker that something belongs to.
    pub(super) fn of(owner: &Owner) -> Option<&Self> {
        owner.worker.companion()
    }
}
