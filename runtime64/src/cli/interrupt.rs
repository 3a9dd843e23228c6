//! Ctrl-C: interrupts running code. If that has no effect, terminates the program and its workers.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use runtime64::InterruptHandle;
use runtime64::remote::{end_at_interrupt, exit_at_once};

use super::report;

/// The exit code of a program ended by Ctrl-C, as in shells.
pub(crate) const INTERRUPTED: u8 = 130;

/// How long a script may run on after the first Ctrl-C without noticing it: only library calls notice it.
const PATIENCE: Duration = Duration::from_millis(250);

/// The maximum duration of the program's end.
const LONGEST_END: Duration = Duration::from_secs(1);

/// The state of Ctrl-C handling in this process.
#[derive(Clone, Default)]
pub(crate) struct Interrupts(Arc<CtrlC>);

#[derive(Default)]
struct CtrlC {
    was_pressed: AtomicBool,
    running: OnceLock<InterruptTarget>,
}

struct InterruptTarget {
    handle: InterruptHandle,
    /// Whether the interrupt also stops Lua code, after which the user continues at the prompt.
    has_prompt: bool,
}

impl Interrupts {
    /// Replaces the system's handling of Ctrl-C, which would end the program with another exit code. If the parent
    /// process has set Ctrl-C to be ignored, as shells do for background programs, it stays ignored.
    pub(crate) fn listen() -> Self {
        let interrupts = Self::default();
        let ctrl_c = Arc::clone(&interrupts.0);
        if let Err(ctrlc::Error::System(error)) = ctrlc::try_set_handler(move || ctrl_c.pressed()) {
            // A handler is installed, but no thread waits for it.
            end_at_interrupt();
            report::line(&format!(
                "Ctrl-C terminates the program at once, as its handler thread could not be started: {error}"
            ));
        }
        interrupts
    }

    /// Sets the runtime to interrupt from now on.
    pub(crate) fn aim_at(&self, handle: InterruptHandle, has_prompt: bool) {
        self.0.running.get_or_init(|| InterruptTarget { handle, has_prompt });
    }

    /// Whether Ctrl-C was pressed at any time.
    pub(crate) fn was_pressed(&self) -> bool {
        self.0.was_pressed.load(Ordering::SeqCst)
    }
}

impl CtrlC {
    /// Handles one press of Ctrl-C. Runs on a separate thread.
    fn pressed(&self) {
        let was_pressed = self.was_pressed.swap(true, Ordering::SeqCst);
        let Some(InterruptTarget { handle, has_prompt }) = self.running.get() else { end() };
        let is_unheeded = if *has_prompt { handle.is_pending() } else { was_pressed };
        if is_unheeded {
            end();
        }
        handle.interrupt();
        if !has_prompt && !handle.wait(PATIENCE) {
            end();
        }
    }
}

/// Terminates the program at once, regardless of its other threads. The workers end with it.
fn end() -> ! {
    // The ordinary end flushes buffered output, and would block on a reader that does not read.
    let watchdog = thread::Builder::new().spawn(|| {
        thread::sleep(LONGEST_END);
        exit_at_once(INTERRUPTED.into());
    });
    if watchdog.is_err() {
        exit_at_once(INTERRUPTED.into());
    }
    process::exit(INTERRUPTED.into())
}
