//! Conversion of errors of the other modules to the error that scripts see.

use protocol::{Fault, FaultKind, Platform};

use super::crash;
use super::fault_name::fault_name;
use crate::error::{Error, ErrorKind};
use crate::image;
use crate::remote::{Death, Exit, RemoteError, Started, Worker, WorkerKind};

/// Converts an error of a worker. `doing` names the operation, such as "device.dll: Reset".
///
/// If the worker has ended, the reason is recorded for later errors about objects in it.
pub(super) fn from_remote(error: RemoteError, worker: &Worker, doing: &str) -> Error {
    let report = match &error {
        RemoteError::EndedMeanwhile => worker.report_of(worker.latest()),
        error => error.report().cloned(),
    };
    let is_over = error.report().is_some();
    let mut error = explained(error, worker.kind(), doing).with_report(report);
    if is_over {
        // The sentence about the next call belongs to this error only, not to the recorded reason.
        let (what, _) = error.message.split_once("; the next call").unwrap_or((&error.message, ""));
        worker.note_end(what);
    }
    // A library that runs out of memory often does not check its allocations, so the limit is a likely cause.
    if let (ErrorKind::Crash | ErrorKind::WorkerLost | ErrorKind::WorkerStart, Some(limit)) =
        (error.kind, worker.memory_limit())
    {
        let limit = limit >> 20;
        error.message.push_str(&format!(" (memory_limit is {limit} MiB)"));
    }
    error
}

fn explained(error: RemoteError, kind: WorkerKind, doing: &str) -> Error {
    match error {
        RemoteError::Lost(death) => from_death(&death, kind, doing),
        RemoteError::Fault(fault) => from_fault(fault, doing),
        RemoteError::TimedOut(ref death) => {
            let message = format!("{doing}: {error}; the next call starts a new worker");
            Error::new(ErrorKind::Timeout, message).with_started(death.started)
        }
        RemoteError::Interrupted(ref death) => {
            let next = if death.is_some() { "; the next call starts a new worker" } else { "" };
            let started = death.as_ref().map_or(Started::No, |death| death.started);
            Error::new(ErrorKind::Interrupted, format!("{doing}: {error}{next}")).with_started(started)
        }
        RemoteError::EndedMeanwhile => {
            let message = format!("{doing}: {error}; the next call starts a new worker");
            Error::new(ErrorKind::WorkerLost, message).with_started(Started::Yes)
        }
        RemoteError::Unmapped { address, .. } => {
            Error::new(ErrorKind::Memory, format!("{doing}: {error}")).with_address(address)
        }
        other => Error::new(kind_of(&other), format!("{doing}: {other}")),
    }
}

/// The [`ErrorKind`] of an error of a worker.
pub(super) fn kind_of(error: &RemoteError) -> ErrorKind {
    match error {
        RemoteError::Lost(death) if death.is_crash() => ErrorKind::Crash,
        RemoteError::Lost(_) | RemoteError::EndedMeanwhile | RemoteError::Closed(_) | RemoteError::StaysEnded(_) => {
            ErrorKind::WorkerLost
        }
        RemoteError::TimedOut(_) => ErrorKind::Timeout,
        RemoteError::Interrupted(_) => ErrorKind::Interrupted,
        RemoteError::Fault(fault) => fault_kind(fault),
        RemoteError::Protocol(_) | RemoteError::Misbehaved(..) => ErrorKind::Protocol,
        RemoteError::TooLarge(_) => ErrorKind::Range,
        RemoteError::Stale => ErrorKind::Stale,
        RemoteError::Unmapped { .. } | RemoteError::ArenaFull { .. } | RemoteError::Unmappable { .. } => {
            ErrorKind::Memory
        }
        RemoteError::WorkerMissing { .. }
        | RemoteError::WineMissing
        | RemoteError::WinePrefixNowhere
        | RemoteError::WinePrefix { .. }
        | RemoteError::Spawn { .. }
        | RemoteError::EndedAtStart { .. }
        | RemoteError::RefusedAtStart { .. }
        | RemoteError::SilentAtStart { .. }
        | RemoteError::WrongWorker { .. }
        | RemoteError::Setting { .. } => ErrorKind::WorkerStart,
    }
}

/// The message of an error raised by Lua code itself, and the traceback that mlua appends to it.
pub(super) fn message_of(error: &mlua::Error) -> (String, Option<String>) {
    let text = match error {
        mlua::Error::RuntimeError(text) => text.clone(),
        other => other.to_string(),
    };
    match text.split_once("\nstack traceback:") {
        Some((message, traceback)) => (message.to_owned(), Some(traceback.trim_start().to_owned())),
        None => (text, None),
    }
}

/// Converts an error about a library file.
pub(super) fn from_image(error: &image::Error) -> Error {
    let kind = match error.kind() {
        image::ErrorKind::Load => ErrorKind::Load,
        image::ErrorKind::WrongArchitecture => ErrorKind::WrongArchitecture,
        image::ErrorKind::MissingDependency => ErrorKind::MissingDependency,
    };
    Error::new(kind, error.to_string())
}

fn from_fault(fault: Fault, doing: &str) -> Error {
    Error::new(fault_kind(&fault), format!("{doing}: {}", fault.message)).with_code(fault.code)
}

fn fault_kind(fault: &Fault) -> ErrorKind {
    match fault.kind {
        FaultKind::Load => ErrorKind::Load,
        FaultKind::Symbol => ErrorKind::Symbol,
        FaultKind::Signature => ErrorKind::Declaration,
        FaultKind::Memory => ErrorKind::Memory,
        FaultKind::Convention => ErrorKind::Convention,
        FaultKind::Protocol => ErrorKind::Protocol,
    }
}

fn from_death(death: &Death, kind: WorkerKind, doing: &str) -> Error {
    if death.is_crash() {
        return crash::error(death, kind, doing);
    }
    let code = match death.exit {
        Exit::Code(code) | Exit::Signal(code) => Some(code),
        Exit::Killed => None,
    };
    let name = match death.exit {
        Exit::Signal(code) => u32::try_from(code).ok().and_then(|code| fault_name(Platform::Linux, code)),
        _ => None,
    };
    let name = name.map(|name| format!(", {name}")).unwrap_or_default();
    let what = match (&death.crash_report, death.started) {
        (Some(_), Started::No) => "the library had terminated the worker before the call",
        (Some(_), _) => "the library terminated the worker during the call",
        (None, Started::No) => "the worker had exited before the call",
        (None, _) => "the worker exited during the call",
    };
    let doing = doing.trim_end_matches(',');
    let message = format!("{doing}: {what} ({}{name}); the next call starts a new worker", death.exit);
    Error::new(ErrorKind::WorkerLost, message).with_code(code).with_started(death.started)
}

#[cfg(test)]
mod tests {
    use protocol::{Cause, CrashReport, Stage};

    use super::*;

    const KIND: WorkerKind = WorkerKind::ALL[0];
    fn death(exit: Exit, crash_report: Option<CrashReport>, started: Started) -> RemoteError {
        RemoteError::Lost(Death::new(exit, crash_report.map(Box::new), started))
    }

    #[test]
    fn an_exit_by_the_library_is_distinguished_from_other_ends() {
        let words = CrashReport::new(Stage::Final, Cause::Exit, 3);
        let error = explained(death(Exit::Code(3), Some(words), Started::Yes), KIND, "a.so: f");
        assert_eq!(error.kind, ErrorKind::WorkerLost);
        assert_eq!(error.context.code, Some(3));
        assert!(error.message.contains("the library terminated the worker during the call (exit code 3)"), "{error}");
    }

    #[test]
    fn a_fault_s_signal_is_a_crash_without_a_report_too() {
        let error = explained(death(Exit::Signal(11), None, Started::Yes), KIND, "a.so: f");
        assert_eq!((error.kind, error.context.code), (ErrorKind::Crash, Some(11)));
        assert!(error.message.starts_with("a.so: f crashed: SIGSEGV"), "{error}");
    }

    #[test]
    fn a_death_without_a_report_is_a_lost_worker_with_its_exit() {
        let cases = [
            (Exit::Code(3), Started::Unknown, Some(3), "the worker exited during the call (exit code 3)"),
            (Exit::Signal(9), Started::No, Some(9), "had exited before the call (signal 9, SIGKILL)"),
            (Exit::Killed, Started::Unknown, None, "killed, as it did not exit by itself"),
        ];
        for (exit, started, code, expected) in cases {
            let error = explained(death(exit, None, started), KIND, "a.so: f");
            assert_eq!(error.kind, ErrorKind::WorkerLost);
            assert_eq!(error.context.code, code);
            assert!(error.message.contains(expected), "{}", error.message);
        }
    }
}
