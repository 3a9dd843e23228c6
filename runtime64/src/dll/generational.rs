//! Ids assigned by a worker, valid in one generation of it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::remote::Generation;

/// The id of a library or function together with its generation in one atomic word, so that calls take no lock.
///
/// The upper half holds the lower 32 bits of the generation; 0 means no id. Generations 2³² starts apart would be
/// confused; no worker lives that long.
#[derive(Debug, Default)]
pub(super) struct GenerationalId(AtomicU64);

impl GenerationalId {
    /// The id, if it was assigned in this generation.
    #[inline]
    pub(super) fn get(&self, generation: Generation) -> Option<u32> {
        let known = self.0.load(Ordering::Relaxed);
        (known != 0 && known >> 32 == generation & u64::from(u32::MAX)).then_some(known as u32)
    }

    /// Whether an id was assigned in any generation.
    pub(super) fn is_known(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    /// Stores the id that was assigned in a generation.
    pub(super) fn set(&self, generation: Generation, id: u32) {
        self.0.store(generation << 32 | u64::from(id), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_valid_in_its_generation_only() {
        let id = GenerationalId::default();
        assert_eq!(id.get(1), None);
        id.set(1, 7);
        assert_eq!((id.get(1), id.get(2)), (Some(7), None));
        id.set(2, 3);
        assert_eq!((id.get(1), id.get(2)), (None, Some(3)));
    }
}
