//! Calls under way that nobody waits for any more: what their arguments lead to stays until they have returned.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use protocol::AwaitJob;

use super::owner::Owner;
use crate::remote::Session;

/// A call under way that nobody waits for any more.
pub(super) struct Orphan {
    pub(super) owner: Owner,
    pub(super) job: u32,
    /// Memory and callbacks that the call may use. Kept, not looked at.
    pub(super) _held: Box<dyn Any + Send>,
}

/// Those of one worker.
#[derive(Default)]
pub(super) struct Orphans(Mutex<VecDeque<Orphan>>);

impl Orphans {
    pub(super) fn add(&self, orphan: Orphan) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(orphan);
    }

    /// Lets go of those that have returned meanwhile, or whose worker has ended; of the ones that have waited longest, as many
    /// as cost little to ask for.
    pub(super) fn bury(&self, session: &mut Session<'_>) {
        const MOST: usize = 16;
        let oldest: Vec<Orphan> = {
            let mut orphans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let count = orphans.len().min(MOST);
            orphans.drain(..count).collect()
        };
        for orphan in oldest {
            let is_over = orphan.owner.generation != session.generation() || {
                let asked = session.call(&AwaitJob { job: orphan.job, milliseconds: Some(0) });
                let is_over = !matches!(asked, Ok(None));
                if is_over {
                    session.count_job(false);
                }
                is_over
            };
            if !is_over {
                self.add(orphan);
            }
        }
    }
}
