//! How workers have ended: the end to report to the next session, and the reasons for errors about things that ended
//! with them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Death, Generation, RemoteError, Report, Started};

/// The number of reasons kept for one worker.
const MOST: usize = 16;

/// The ends of the last generations of one worker.
#[derive(Debug, Default)]
pub(super) struct ExitLog(Mutex<LogEntries>);

#[derive(Debug, Default)]
struct LogEntries {
    reasons: VecDeque<(Generation, String)>,
    /// The end met last, unless a script has requested it.
    last: Option<(Generation, GenerationEnd)>,
}

/// How a generation ended, if no script had requested that.
#[derive(Clone, Debug)]
pub(super) enum GenerationEnd {
    /// The process died.
    Lost(Death),
    /// The host terminated it, because a call exceeded its deadline.
    TimedOut(Death),
    /// The host terminated it, because its work was interrupted.
    Interrupted(Death),
    /// The host terminated it, because it violated the protocol.
    Misbehaved(String, Report),
}

impl GenerationEnd {
    /// The error that describes it.
    pub(super) fn error(self) -> RemoteError {
        match self {
            Self::Lost(death) => RemoteError::Lost(death),
            Self::TimedOut(death) => RemoteError::TimedOut(death),
            Self::Interrupted(death) => RemoteError::Interrupted(Some(death)),
            Self::Misbehaved(reason, report) => RemoteError::Misbehaved(reason, report),
        }
    }

    /// The same for a request that was not sent.
    fn before_start(mut self) -> Self {
        if let Self::Lost(death) | Self::TimedOut(death) | Self::Interrupted(death) = &mut self {
            death.started = Started::No;
        }
        self
    }

    fn report(&self) -> &Report {
        match self {
            Self::Lost(death) | Self::TimedOut(death) | Self::Interrupted(death) => &death.report,
            Self::Misbehaved(_, report) => report,
        }
    }
}

impl ExitLog {
    /// Keeps an end until it is reported.
    pub(super) fn keep(&self, generation: Generation, end: GenerationEnd) {
        self.known().last = Some((generation, end));
    }

    /// Discards unreported ends, as a script has requested an end.
    pub(super) fn forget(&self) {
        self.known().last = None;
    }

    /// The end that no error has reported yet, as the error of a request that was not sent because of it.
    pub(super) fn unreported(&self) -> Option<RemoteError> {
        let known = self.known();
        let (_, end) = known.last.as_ref().filter(|(_, end)| !end.report().is_set())?;
        Some(end.clone().before_start().error())
    }

    /// The end of a generation, as the error of a request that was not sent because of it.
    pub(super) fn error_of(&self, generation: Generation) -> Option<RemoteError> {
        Some(self.end_of(generation)?.before_start().error())
    }

    /// The flag that an error which describes the end of a generation sets when it is raised.
    pub(super) fn report_of(&self, generation: Generation) -> Option<Report> {
        Some(self.end_of(generation)?.report().clone())
    }

    fn end_of(&self, generation: Generation) -> Option<GenerationEnd> {
        let known = self.known();
        let (_, end) = known.last.as_ref().filter(|(ended, _)| *ended == generation)?;
        Some(end.clone())
    }

    /// Keeps the first reason given for the end of a generation.
    pub(super) fn note(&self, generation: Generation, reason: &str) {
        let reasons = &mut self.known().reasons;
        if generation == 0 || reasons.iter().any(|(known, _)| *known == generation) {
            return;
        }
        if reasons.len() == MOST {
            reasons.pop_front();
        }
        reasons.push_back((generation, reason.to_owned()));
    }

    /// The reason for the end of a generation, if one was given and is still kept.
    pub(super) fn of(&self, generation: Generation) -> Option<String> {
        let known = self.known();
        known.reasons.iter().find(|(known, _)| *known == generation).map(|(_, reason)| reason.clone())
    }

    fn known(&self) -> MutexGuard<'_, LogEntries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Exit;
    use super::*;

    #[test]
    fn the_first_reason_counts_and_old_ones_are_forgotten() {
        let log = ExitLog::default();
        log.note(1, "it crashed");
        log.note(1, "it was seen again");
        assert_eq!(log.of(1).as_deref(), Some("it crashed"));
        for generation in 2..2 + MOST as u64 {
            log.note(generation, "it hung");
        }
        assert_eq!((log.of(1), log.of(2).as_deref()), (None, Some("it hung")));
    }

    #[test]
    fn an_end_stays_unreported_until_an_error_is_raised_for_it() {
        let death = Death::new(Exit::Signal(9), None, Started::Unknown);
        let log = ExitLog::default();
        log.keep(7, GenerationEnd::Lost(death.clone()));
        let told = |log: &ExitLog| match log.unreported() {
            Some(RemoteError::Lost(death)) => Some(death.started),
            _ => None,
        };
        // Code that sees the end without raising an error does not count.
        assert_eq!([told(&log), told(&log)], [Some(Started::No); 2]);
        death.report.set();
        assert_eq!(told(&log), None);
        // A discarded error does not count as a report.
        death.report.take_back();
        assert_eq!(told(&log), Some(Started::No));
        assert!(log.report_of(7).is_some() && log.report_of(6).is_none());
        log.forget();
        assert_eq!(told(&log), None);
    }
}
