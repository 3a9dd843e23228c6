//! Crash reporting: handlers that report the process's end to the host.
//!
//! The process always dies: after a fault its heap cannot be trusted. A handler only stores to memory and makes
//! system calls; it never allocates or locks.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use protocol::link::{ReportArea, report_frame};
use protocol::{Cause, CrashReport, Stage};

use crate::{batch, invoke, process};

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

#[cfg(target_arch = "x86_64")]
pub(crate) use system::barrier;
pub(crate) use system::{guard_thread, report_to, while_loading};
#[cfg(unix)]
pub(crate) use unix::prepare_new_library;
#[cfg(windows)]
pub(crate) use windows::{end_if_crashed, event, make_report, report_wanted, set};

/// The place for a report in shared memory, once the link uses it.
static AREA: OnceLock<ReportArea> = OnceLock::new();

/// How long a dying worker waits for a dump of its memory.
const DUMP_LIMIT: Duration = Duration::from_secs(2);

/// Makes reports go to shared memory from now on. The process keeps the memory mapped until it exits.
pub(crate) fn report_in(area: ReportArea) {
    // There is only one link, so a second call loses nothing.
    let _ = AREA.set(area);
}

/// Leaves a final report for the host, or a provisional one. Only a final report may be sent on the channel.
fn deliver(report: CrashReport) {
    let report = completed(report);
    match AREA.get() {
        Some(area) => area.write(&report),
        None if report.stage == Stage::Final => system::send(&report_frame(&report)),
        None => {}
    }
}

/// Ends the process because a job exceeded its time limit.
pub(crate) fn expire(job: u32) -> ! {
    deliver(CrashReport::new(Stage::Final, Cause::Expired, job));
    process::end_now()
}

/// Leaves a report that stands if creating a better one fails. Only a better one may follow.
#[cfg(unix)]
fn deliver_early(report: CrashReport) {
    let report = completed(report);
    match AREA.get() {
        Some(area) => area.write(&report),
        None => system::send(&report_frame(&CrashReport { stage: Stage::Provisional, ..report })),
    }
}

/// Completes the report with facts about the whole worker.
fn completed(mut report: CrashReport) -> CrashReport {
    if report.thread == 0 {
        report.thread = system::thread_id();
    }
    report.is_foreign = !OWN.is_own(report.thread);
    report.calls = invoke::calls();
    report.batched = batch::under_way();
    report
}

/// Lets the host make a dump of this process, if it wants one, once the final report is delivered.
fn wait_for_dump() {
    if let Some(area) = AREA.get() {
        area.wait_for_dump(DUMP_LIMIT);
    }
}

/// The threads of this process that call functions for the host: the serving thread, and those of jobs.
static OWN: Threads = Threads([const { AtomicU32::new(0) }; 128]);

/// Thread ids, in a table that a handler can read.
struct Threads([AtomicU32; 128]);

impl Threads {
    fn add(&self, thread: u32) {
        let free = |slot: &&AtomicU32| slot.compare_exchange(0, thread, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        let kept = self.0.iter().find(free);
        debug_assert!(kept.is_some(), "the table of threads is full");
    }

    fn is_own(&self, thread: u32) -> bool {
        self.0.iter().any(|slot| slot.load(Ordering::Relaxed) == thread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_known_once_they_were_added() {
        let threads = Threads([const { AtomicU32::new(0) }; 128]);
        threads.add(7);
        threads.add(9);
        assert!(threads.is_own(7) && threads.is_own(9) && !threads.is_own(8));
    }
}
