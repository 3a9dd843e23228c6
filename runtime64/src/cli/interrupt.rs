//! Ctrl-C: it calls off what runs. Where that is not heeded, it ends the program, and the workers with it.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use runtime64::InterruptHandle;
use runtime64::remote::{end_at_interrupt, exit_at_once};

use super::report;

/// The exit code of a program that Ctrl-C ended, as shells have it.
pub(crate) const INTERRUPTED: u8 = 130;

/// How long a script may go on before it has heard of the first Ctrl-C: only calls of libraries hear of it.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long the program's end may take.
const LONGEST_END: Duration = Duration::from_secs(1);

/// What is done about Ctrl-C in this process.
#[derive(Clone, Default)]
pub(crate) struct Interrupts(Arc<State>);

#[derive(Default)]
struct State {
    was_pressed: AtomicBool,
    running: OnceLock<Running>,
}

struct Running {
    handle: InterruptHandle,
    /// Whether Lua code hears of it too, and the user goes on afterwards.
    has_prompt: bool,
}

impl Interrupts {
    /// Takes over Ctrl-C from the system, whose own way is to end the program with another exit code. Whoever started it
    /// so that Ctrl-C is ignored, as shells do in the background, has it ignored.
    pub(crate) fn listen() -> Self {
        let interrupts = Self::default();
        let state = Arc::clone(&interrupts.0);
        if let Err(ctrlc::Error::System(error)) = ctrlc::try_set_handler(move || state.pressed()) {
            // A handler is installed that nothing listens to.
            end_at_interrupt();
            report::line(&format!("Ctrl-C ends the program at once, as there is no thread to wait for it: {error}"));
        }
        interrupts
    }

    /// From now on it is this runtime that is interrupted.
    pub(crate) fn aim_at(&self, handle: InterruptHandle, has_prompt: bool) {
        self.0.running.get_or_init(|| Running { handle, has_prompt });
    }

    /// Whether Ctrl-C was ever pressed.
    pub(crate) fn was_pressed(&self) -> bool {
        self.0.was_pressed.load(Ordering::SeqCst)
    }
}

impl State {
    /// Ctrl-C was pressed. This runs on a thread of its own, once for each time.
    fn pressed(&self) {
        let was_pressed = self.was_pressed.swap(true, Ordering::SeqCst);
        let Some(Running { handle, has_prompt }) = self.running.get() else { end() };
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

/// Ends the program at once, whatever its other threads do. The workers end with it.
fn end() -> ! {
    // The ordinary end writes what is left to be written, for which a reader that does not read would have it wait.
    let watchdog = thread::Builder::new().spawn(|| {
        thread::sleep(LONGEST_END);
        exit_at_once(INTERRUPTED.into());
    });
    if watchdog.is_err() {
        exit_at_once(INTERRUPTED.into());
    }
    process::exit(INTERRUPTED.into())
}
