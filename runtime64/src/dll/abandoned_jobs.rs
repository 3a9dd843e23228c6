//! Calls under way that nobody waits for any more: what their arguments lead to stays until they have returned.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use protocol::AwaitJob;

use super::address_space::AddressSpace;
use crate::remote::Session;

/// A call under way that nobody waits for any more.
pub(super) struct AbandonedJob {
    pub(super) space: AddressSpace,
    pub(super) job: u32,
    /// Memory and callbacks that the call may use. Kept, not looked at.
    pub(super) _held: Box<dyn Any + Send>,
}

/// Those of one worker.
#[derive(Default)]
pub(super) struct AbandonedJobs(Mutex<VecDeque<AbandonedJob>>);

impl AbandonedJobs {
    pub(super) fn add(&self, abandoned_job: AbandonedJob) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(abandoned_job);
    }

    /// Lets go of those that have returned meanwhile, or whose worker has ended; of the ones that have waited longest, as many
    /// as cost little to ask for.
    pub(super) fn bury(&self, session: &mut Session<'_>) {
        const MOST: usize = 16;
        let oldest: Vec<AbandonedJob> = {
            let mut abandoned_jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let count = abandoned_jobs.len().min(MOST);
            abandoned_jobs.drain(..count).collect()
        };
        for abandoned_job in oldest {
            let is_over = abandoned_job.space.generation != session.generation() || {
                let asked = session.call(&AwaitJob { job: abandoned_job.job, milliseconds: Some(0) });
                let is_over = !matches!(asked, Ok(None));
                if is_over {
                    session.count_job(false);
                }
                is_over
            };
            if !is_over {
                self.add(abandoned_job);
            }
        }
    }
}
