//! From the errors of the other modules to the one that scripts see.

use protocol::{Fault, FaultKind, LastWords, Platform};

use super::fault_name::fault_name;
use crate::error::{Error, ErrorKind};
use crate::image;
use crate::remote::{Death, Exit, RemoteError, Started, Worker, WorkerKind};

/// What a worker's failure means to a script. `doing` says what was asked, such as "device.dll: Reset".
///
/// The end of the worker is noted, for later errors about what was in it.
pub(super) fn from_remote(error: RemoteError, worker: &Worker, doing: &str) -> Error {
    let is_over = matches!(error, RemoteError::Lost(_) | RemoteError::TimedOut(_) | RemoteError::Protocol(_));
    let is_over = is_over || matches!(error, RemoteError::Interrupted(Some(_)));
    let error = explained(error, worker.kind(), doing);
    if is_over {
        worker.note_end(&error.message);
    }
    error
}

fn explained(error: RemoteError, kind: WorkerKind, doing: &str) -> Error {
    match error {
        RemoteError::Lost(death) => from_death(death, kind.platform, doing),
        RemoteError::Fault(fault) => from_fault(fault, doing),
        RemoteError::TimedOut(death) => {
            let message = format!("{doing}: {error}; the next call starts a new one");
            Error::new(ErrorKind::Timeout, message).with_started(death.started)
        }
        RemoteError::Interrupted(death) => {
            let next = if death.is_some() { "; the next call starts a new one" } else { "" };
            let started = death.map_or(Started::No, |death| death.started);
            Error::new(ErrorKind::Interrupted, format!("{doing}: {error}{next}")).with_started(started)
        }
        RemoteError::EndedMeanwhile => {
            let message = format!("{doing}: {error}; the next call starts a new one");
            Error::new(ErrorKind::WorkerLost, message).with_started(Started::Yes)
        }
        RemoteError::Unmapped { address, .. } => {
            Error::new(ErrorKind::Memory, format!("{doing}: {error}")).with_address(address)
        }
        other => Error::new(kind_of(&other), format!("{doing}: {other}")),
    }
}

/// The kind of error that a worker's failure is.
pub(super) fn kind_of(error: &RemoteError) -> ErrorKind {
    match error {
        RemoteError::Lost(Death { last_words: Some(_), .. }) => ErrorKind::Crash,
        RemoteError::Lost(_) | RemoteError::EndedMeanwhile | RemoteError::Closed(_) | RemoteError::StaysEnded(_) => {
            ErrorKind::WorkerLost
        }
        RemoteError::TimedOut(_) => ErrorKind::Timeout,
        RemoteError::Interrupted(_) => ErrorKind::Interrupted,
        RemoteError::Fault(fault) => fault_kind(fault),
        RemoteError::Protocol(_) => ErrorKind::Protocol,
        RemoteError::TooLarge(_) => ErrorKind::Range,
        RemoteError::Stale => ErrorKind::Stale,
        RemoteError::Unmapped { .. } | RemoteError::ArenaFull { .. } => ErrorKind::Memory,
        RemoteError::WorkerMissing { .. }
        | RemoteError::WineMissing
        | RemoteError::Spawn { .. }
        | RemoteError::EndedAtStart { .. }
        | RemoteError::SilentAtStart { .. }
        | RemoteError::WrongWorker { .. }
        | RemoteError::Setting { .. } => ErrorKind::WorkerStart,
    }
}

/// What a file that cannot be loaded means to a script.
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

fn from_death(death: Death, platform: Platform, doing: &str) -> Error {
    const AFTERWARDS: &str = "The worker was ended with it; the next call starts a new one";
    if let Some(words) = death.last_words {
        let fault = describe_fault(words, platform);
        let message = match death.started {
            Started::No => format!("{doing}: the worker had crashed before the call: {fault}. {AFTERWARDS}"),
            Started::Yes | Started::Unknown => format!("{doing} crashed: {fault}. {AFTERWARDS}"),
        };
        let error = Error::new(ErrorKind::Crash, message).with_code(i64::from(words.code));
        return error.with_address(words.accessed).with_started(death.started);
    }
    let (code, name) = match death.exit {
        Exit::Code(code) | Exit::Signal(code) => {
            let number = u32::try_from(code).ok();
            let is_fault = matches!(death.exit, Exit::Signal(_)) || platform == Platform::Windows;
            (Some(code), number.filter(|_| is_fault).and_then(|number| fault_name(platform, number)))
        }
        Exit::Killed => (None, None),
    };
    let name = name.map(|name| format!(", {name}")).unwrap_or_default();
    let when = match death.started {
        Started::No => "had ended before the call",
        Started::Yes | Started::Unknown => "ended during the call",
    };
    let message = format!("{doing}: the worker {when} ({}{name}); the next call starts a new one", death.exit);
    Error::new(ErrorKind::WorkerLost, message).with_code(code).with_started(death.started)
}

/// "SIGSEGV writing 0x00000010 at instruction 0xf7d01234".
fn describe_fault(words: LastWords, platform: Platform) -> String {
    let name = fault_name(platform, words.code).map_or_else(|| format!("fault {:#x}", words.code), str::to_owned);
    let access = match (words.accessed, words.write) {
        (None, _) => String::new(),
        (Some(address), None) => format!(" accessing {address:#010x}"),
        (Some(address), Some(false)) => format!(" reading {address:#010x}"),
        (Some(address), Some(true)) => format!(" writing {address:#010x}"),
    };
    format!("{name}{access} at instruction {:#010x}", words.instruction)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: WorkerKind = WorkerKind::ALL[0];
    const WINDOWS: WorkerKind = WorkerKind::ALL[2];

    fn death(exit: Exit, last_words: Option<LastWords>, started: Started) -> RemoteError {
        RemoteError::Lost(Death { exit, last_words, started })
    }

    #[test]
    fn a_death_with_a_report_is_a_crash() {
        let words =
            LastWords { code: 0xc000_0005, instruction: 0x1000, accessed: Some(16), write: Some(true), in_call: true };
        let error = explained(death(Exit::Code(5), Some(words), Started::Yes), WINDOWS, "a.dll: F");
        assert_eq!(error.kind, ErrorKind::Crash);
        assert_eq!(error.context.address, Some(16));
        assert_eq!(error.context.started, Some(Started::Yes));
        let expected = "a.dll: F crashed: EXCEPTION_ACCESS_VIOLATION writing 0x00000010 at instruction 0x00001000.";
        assert!(error.message.starts_with(expected), "{}", error.message);
    }

    #[test]
    fn a_death_without_one_is_a_lost_worker_with_its_exit() {
        let cases = [
            (Exit::Code(3), Started::Unknown, Some(3), "ended during the call (exit code 3)"),
            (Exit::Signal(9), Started::No, Some(9), "had ended before the call (signal 9, SIGKILL)"),
            (Exit::Killed, Started::Unknown, None, "it did not end by itself"),
        ];
        for (exit, started, code, expected) in cases {
            let error = explained(death(exit, None, started), KIND, "a.so: f");
            assert_eq!(error.kind, ErrorKind::WorkerLost);
            assert_eq!(error.context.code, code);
            assert!(error.message.contains(expected), "{}", error.message);
        }
    }
}
