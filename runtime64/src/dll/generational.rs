//! Ids that a worker gives, which are good for one generation of it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::remote::Generation;

/// The id of a library or function, with the generation that gave it, in one word: no lock stands in the path of a call.
///
/// The upper half is the generation's low half, and 0 is no generation. A generation that comes 2³² starts later is taken
/// for the same one, which no worker lives to see.
#[derive(Debug, Default)]
pub(super) struct GenerationalId(AtomicU64);

impl GenerationalId {
    /// The id, if this generation gave it.
    #[inline]
    pub(super) fn get(&self, generation: Generation) -> Option<u32> {
        let known = self.0.load(Ordering::Relaxed);
        (known != 0 && known >> 32 == generation & u64::from(u32::MAX)).then_some(known as u32)
    }

    /// Whether any generation gave one.
    pub(super) fn is_known(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    /// Keeps the id that a generation gave.
    pub(super) fn set(&self, generation: Generation, id: u32) {
        self.0.store(generation << 32 | u64::from(id), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_good_for_its_generation_alone() {
        let id = GenerationalId::default();
        assert_eq!(id.get(1), None);
        id.set(1, 7);
        assert_eq!((id.get(1), id.get(2)), (Some(7), None));
        id.set(2, 3);
        assert_eq!((id.get(1), id.get(2)), (None, Some(3)));
    }
}
