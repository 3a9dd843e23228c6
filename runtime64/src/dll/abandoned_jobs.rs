//! Pending calls that no future waits for any more. The memory and callbacks they use are kept until they return.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use protocol::AwaitJob;

use super::address_space::AddressSpace;
use crate::remote::Session;

/// A pending call that no future waits for any more.
pub(super) struct AbandonedJob {
    pub(super) space: AddressSpace,
    pub(super) job: u32,
    /// Memory and callbacks that the call may use; kept alive, never read.
    pub(super) _resources: Box<dyn Any + Send>,
}

/// The abandoned jobs of one worker.
#[derive(Default)]
pub(super) struct AbandonedJobs(Mutex<VecDeque<AbandonedJob>>);

impl AbandonedJobs {
    pub(super) fn add(&self, abandoned_job: AbandonedJob) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(abandoned_job);
    }

    /// Drops the jobs that have returned or whose worker has ended. Checks only the oldest few, to bound the cost.
    pub(super) fn drop_finished(&self, session: &mut Session<'_>) {
        const MAX: usize = 16;
        let oldest: Vec<AbandonedJob> = {
            let mut abandoned_jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let count = abandoned_jobs.len().min(MAX);
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
