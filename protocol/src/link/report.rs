//! How the last words of a worker reach the host: through a place of their own in shared memory, or as the last frame of
//! the plain channel.

use std::sync::atomic::{AtomicU32, Ordering, fence};

use super::{LAST_WORDS, View, region};
use crate::LastWords;

/// What the first word of the place is once a report is there.
const WRITTEN: u32 = 0x5250_5254;

/// The place for a report in shared memory, for the worker that writes it.
#[derive(Debug)]
pub struct ReportArea(View);

impl ReportArea {
    /// The place in a view of the first [`CONTROL_BYTES`](super::CONTROL_BYTES) of the memory.
    #[must_use]
    pub fn over(control: View) -> Self {
        Self(control)
    }

    /// Leaves a report for the host, in the place of an earlier one. Only stores to memory are made.
    pub fn write(&self, report: &LastWords) {
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

    /// Takes back what was left.
    pub fn clear(&self) {
        if let Some(written) = self.0.words()[region::report()].first() {
            written.store(0, Ordering::Release);
        }
    }
}

/// The report that the control words hold, copied first and then looked at.
pub(super) fn read(control: &[AtomicU32]) -> Option<LastWords> {
    let (written, words) = control[region::report()].split_first()?;
    if written.load(Ordering::Acquire) != WRITTEN {
        return None;
    }
    let mut bytes = Vec::with_capacity(words.len() * 4);
    for word in words {
        bytes.extend_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
    }
    LastWords::from_bytes(bytes.get(..LastWords::BYTES)?)
}

/// The bytes of a frame's header.
const HEADER_BYTES: usize = 5;

/// A report as the whole last frame of a plain channel, made without allocating.
#[must_use]
pub fn report_frame(report: &LastWords) -> [u8; HEADER_BYTES + LastWords::BYTES] {
    let mut frame = [0; HEADER_BYTES + LastWords::BYTES];
    frame[..4].copy_from_slice(&(LastWords::BYTES as u32).to_le_bytes());
    frame[4] = LAST_WORDS;
    frame[HEADER_BYTES..].copy_from_slice(&report.to_bytes());
    frame
}
