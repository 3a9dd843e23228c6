//! Errors about values that cannot be converted.

use std::fmt;

use super::failure;
use crate::error::{Error, ErrorKind};
use crate::remote::{Death, Exit, RemoteError, Report, Started};

/// The reason a value cannot be converted, without the place: the caller knows function and parameter.
#[derive(Debug)]
pub(super) struct ConversionError {
    pub(super) kind: ErrorKind,
    pub(super) reason: String,
    /// The address that could not be accessed, if that is the reason.
    address: Option<u64>,
    /// The exit code or signal of the worker, if its end is the reason.
    code: Option<i64>,
    /// Whether the function had started by then.
    started: Option<Started>,
    /// The flag to set when the error is raised, if the worker's end is the reason.
    report: Option<Report>,
}

impl ConversionError {
    pub(super) fn new(kind: ErrorKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into(), address: None, code: None, started: None, report: None }
    }

    /// Prefixes the reason with a part of the value, such as an element or a field.
    pub(super) fn within(self, part: impl fmt::Display) -> Self {
        Self { reason: format!("{part}: {}", self.reason), ..self }
    }

    /// The reason a value could not be written to the worker or read from it.
    pub(super) fn from_remote(error: &RemoteError) -> Self {
        let address = match error {
            RemoteError::Unmapped { address, .. } => Some(*address),
            _ => None,
        };
        let code = match error {
            RemoteError::Lost(Death { exit: Exit::Code(code) | Exit::Signal(code), .. }) => Some(*code),
            _ => None,
        };
        // Arguments are written before the function starts, whatever the worker was doing meanwhile.
        let started = match error {
            RemoteError::Lost(_) | RemoteError::TimedOut(_) | RemoteError::Interrupted(_) => Some(Started::No),
            _ => None,
        };
        let report = error.report().cloned();
        Self { address, code, started, report, ..Self::new(failure::kind_of(error), error.to_string()) }
    }

    /// The error, prefixed with the place.
    pub(super) fn at(self, place: impl fmt::Display) -> Error {
        let error = Error::new(self.kind, format!("{place}: {}", self.reason));
        let error = error.with_address(self.address).with_code(self.code).with_report(self.report);
        match self.started {
            Some(started) => error.with_started(started),
            None => error,
        }
    }
}

/// The reason a value could not be read from memory.
impl From<Error> for ConversionError {
    fn from(error: Error) -> Self {
        let context = &error.context;
        let (address, code, started) = (context.address, context.code, context.started);
        let report = context.report.clone();
        Self { kind: error.kind, reason: error.message, address, code, started, report }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_ends_while_arguments_are_put_has_not_run_the_function() {
        let death = Death::new(Exit::Signal(9), None, Started::Unknown);
        let error = ConversionError::from_remote(&RemoteError::Lost(death)).within("element 1").at("f: argument 1");
        assert_eq!((error.kind, error.context.started), (ErrorKind::WorkerLost, Some(Started::No)));
        assert_eq!(error.context.code, Some(9));
        assert!(error.message.starts_with("f: argument 1: element 1: the worker was lost"), "{}", error.message);
    }
}
