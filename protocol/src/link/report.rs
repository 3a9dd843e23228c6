//! How the crash report of a worker reaches the host: through a reserved place in shared memory, or as the last frame
//! of the plain channel.
//!
//! In shared memory the host may also request time to make a dump of the worker's memory. The worker then announces,
//! once its report is complete, that it is waiting, and exits when the host has made the dump or a time limit has
//! passed.

use std::sync::atomic::{AtomicU32, Ordering, fence};
use std::thread;
use std::time::{Duration, Instant};

use super::{LAST_WORDS, View, region};
use crate::CrashReport;

/// The first word of the place once a report is there.
const WRITTEN: u32 = 0x5250_5254;

/// The first word while the worker waits for a dump: the report is final.
const WAITING: u32 = 0x5457_5254;

/// The host's word when it requests a dump, and once it no longer needs the worker.
const WANTED: u32 = 1;
const MADE: u32 = 2;

/// The interval at which the worker polls that word.
const PAUSE: Duration = Duration::from_millis(1);

/// The place for a report in shared memory, for the worker that writes it.
#[derive(Debug)]
pub struct ReportArea(View);

impl ReportArea {
    /// The place in a view of the first [`CONTROL_BYTES`](super::CONTROL_BYTES) of the memory.
    #[must_use]
    pub fn over(control: View) -> Self {
        Self(control)
    }

    /// Leaves a report for the host, replacing an earlier one. Only performs stores to memory.
    pub fn write(&self, report: &CrashReport) {
        let Some((written, words)) = self.0.words()[region::report()].split_first() else { return };
        written.store(0, Ordering::Relaxed);
        fence(Ordering::Release);
        for (word, bytes) in words.iter().zip(report.to_bytes().chunks(4)) {
            let mut whole = [0; 4];
            whole[..bytes.len()].copy_from_slice(bytes);
            word.store(u32::from_le_bytes(whole), Ordering::Relaxed);
        }
        written.store(WRITTEN, Ordering::Release);
    }

    /// Withdraws the report.
    pub fn clear(&self) {
        if let Some(written) = self.0.words()[region::report()].first() {
            written.store(0, Ordering::Release);
        }
    }
}

impl ReportArea {
    /// Waits until the host has made a dump, if it has requested one. Does not allocate.
    pub fn wait_for_dump(&self, limit: Duration) {
        let wanted = &self.0.words()[region::dump()];
        let [written, ..] = &self.0.words()[region::report()] else { return };
        if wanted.load(Ordering::Acquire) != WANTED {
            return;
        }
        written.store(WAITING, Ordering::Release);
        let begun = Instant::now();
        while wanted.load(Ordering::Acquire) == WANTED && begun.elapsed() < limit {
            thread::sleep(PAUSE);
        }
    }
}

/// The host's view of a worker whose memory it dumps if the worker dies.
#[derive(Debug)]
pub struct DumpWatch(View);

impl DumpWatch {
    /// Requests that the worker waits when it dies. The view is of the first [`CONTROL_BYTES`](super::CONTROL_BYTES)
    /// of the memory.
    #[must_use]
    pub fn over(control: View) -> Self {
        control.words()[region::dump()].store(WANTED, Ordering::Release);
        Self(control)
    }

    /// The report of a waiting worker.
    #[must_use]
    pub fn waiting(&self) -> Option<CrashReport> {
        let written = self.0.words()[region::report()].first()?;
        if written.load(Ordering::Acquire) != WAITING {
            return None;
        }
        read(self.0.words())
    }

    /// Allows the worker to exit.
    pub fn release(&self) {
        self.0.words()[region::dump()].store(MADE, Ordering::Release);
    }
}

/// The report in the control words, copied before it is examined.
pub(super) fn read(control: &[AtomicU32]) -> Option<CrashReport> {
    let (written, words) = control[region::report()].split_first()?;
    if !matches!(written.load(Ordering::Acquire), WRITTEN | WAITING) {
        return None;
    }
    let mut bytes = Vec::with_capacity(words.len() * 4);
    for word in words {
        bytes.extend_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
    }
    CrashReport::from_bytes(bytes.get(..CrashReport::BYTES)?)
}

/// The size of a frame's header in bytes.
const HEADER_BYTES: usize = 5;

/// A report as the complete last frame of a plain channel, built without allocating.
#[must_use]
pub fn report_frame(report: &CrashReport) -> [u8; HEADER_BYTES + CrashReport::BYTES] {
    let mut frame = [0; HEADER_BYTES + CrashReport::BYTES];
    frame[..4].copy_from_slice(&(CrashReport::BYTES as u32).to_le_bytes());
    frame[4] = LAST_WORDS;
    frame[HEADER_BYTES..].copy_from_slice(&report.to_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::CONTROL_BYTES;
    use crate::{Cause, Stage};

    fn view() -> View {
        View::private(CONTROL_BYTES as usize)
    }

    #[test]
    fn a_worker_does_not_wait_for_a_dump_that_nobody_wants() {
        let area = ReportArea::over(view());
        area.write(&CrashReport::new(Stage::Final, Cause::Fault, 11));
        area.wait_for_dump(Duration::MAX);
        assert!(read(area.0.words()).is_some());
    }

    #[test]
    fn a_worker_waits_for_a_dump_as_long_as_it_may() {
        let DumpWatch(control) = DumpWatch::over(view());
        let area = ReportArea::over(control);
        let report = CrashReport::new(Stage::Final, Cause::Abort, 6);
        area.write(&report);
        let begun = Instant::now();
        area.wait_for_dump(Duration::from_millis(30));
        assert!(begun.elapsed() >= Duration::from_millis(30));
        let watch = DumpWatch(area.0);
        assert_eq!(watch.waiting().as_ref(), Some(&report));
        watch.release();
        let area = ReportArea::over(watch.0);
        area.wait_for_dump(Duration::MAX);
        assert_eq!(read(area.0.words()), Some(report), "the report remains readable after the worker's death");
    }
}
