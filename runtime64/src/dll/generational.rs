//! Ids that a worker gives, which are good for one generation of it.

use std::sync::{Mutex, PoisonError};

use crate::remote::Generation;

/// The id of a library or function, with the generation that gave it.
#[derive(Debug, Default)]
pub(super) struct GenerationalId(Mutex<Option<(Generation, u32)>>);

impl GenerationalId {
    /// The id, if this generation gave it.
    pub(super) fn get(&self, generation: Generation) -> Option<u32> {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.filter(|(of, _)| *of == generation).map(|(_, id)| id)
    }

    /// Keeps the id that a generation gave.
    pub(super) fn set(&self, generation: Generation, id: u32) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((generation, id));
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
