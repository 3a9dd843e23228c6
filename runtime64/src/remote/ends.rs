//! Why workers have ended, for errors about what they took with them.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::Generation;

/// How many are remembered for one worker.
const MOST: usize = 16;

/// Why the last generations of one worker have ended.
#[derive(Debug, Default)]
pub(super) struct Ends(Mutex<VecDeque<(Generation, String)>>);

impl Ends {
    /// Keeps the first reason that is told of a generation.
    pub(super) fn note(&self, generation: Generation, reason: &str) {
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if generation == 0 || ends.iter().any(|(known, _)| *known == generation) {
            return;
        }
        if ends.len() == MOST {
            ends.pop_front();
        }
        ends.push_back((generation, reason.to_owned()));
    }

    /// Why a generation has ended, if that was told and is not forgotten.
    pub(super) fn of(&self, generation: Generation) -> Option<String> {
        let ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ends.iter().find(|(known, _)| *known == generation).map(|(_, reason)| reason.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_counts_and_old_ones_are_forgotten() {
        let ends = Ends::default();
        ends.note(1, "it crashed");
        ends.note(1, "it was seen again");
        assert_eq!(ends.of(1).as_deref(), Some("it crashed"));
        for generation in 2..2 + MOST as u64 {
            ends.note(generation, "it hung");
        }
        assert_eq!((ends.of(1), ends.of(2).as_deref()), (None, Some("it hung")));
    }
}
