//! Setting up a runtime.

use std::path::PathBuf;
use std::time::Duration;

use mlua::Function;

use super::finalizers::Finalizers;
use super::interrupt::Depth;
use super::{OnExit, Runtime, RuntimeError, exit, state, warnings};
use crate::dll;
use crate::remote::{Interrupt, LinkKind, Settings, note_place, outlive_file_size_limit};
use crate::stack;

/// The longest deadline: workers are told milliseconds in 32 bits, which is 49 days.
const LONGEST_DEADLINE: Duration = Duration::from_millis(u32::MAX as u64);

/// Makes a [`Runtime`]; what is not set is found by the rules that each method names.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until it builds"]
pub struct Builder {
    settings: Settings,
    on_exit: OnExit,
    is_interruptible: bool,
}

impl Builder {
    /// The executable of the worker, or a folder of workers. By default they are looked for beside the library that this
    /// code is part of, and beside this executable.
    pub fn worker(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.worker = Some(path.into());
        self
    }

    /// Wine's loader, which runs the Windows workers on Linux. By default the system's Wine, in the prefix that the user has
    /// named or made, or else in one of this program's own.
    pub fn wine(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.wine = Some(path.into());
        self
    }

    /// The script's folder: its modules and libraries are looked for there first. By default modules are looked for in
    /// the current directory.
    pub fn script_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.script_directory = Some(path.into());
        self
    }

    /// How workers are linked. By default through shared memory, where the system has it.
    pub fn link(mut self, link: LinkKind) -> Self {
        self.settings.link = Some(link);
        self
    }

    /// How much memory the objects that scripts make in one worker may take, in bytes. By default 1 GiB.
    pub fn arena_limit(mut self, bytes: u64) -> Self {
        self.settings.arena_limit = Some(bytes);
        self
    }

    /// How long a call of a library may take, where the script does not say it itself: then its worker is ended, and the
    /// call fails with an error of the kind [`Timeout`](crate::ErrorKind::Timeout). By default as long as it likes.
    pub fn call_deadline(mut self, limit: Duration) -> Self {
        self.settings.call_deadline = Some(limit.min(LONGEST_DEADLINE));
        self
    }

    /// The folder that a minidump of a worker is written to when it crashes, which debuggers read. The error tells its path. By
    /// default none is made.
    pub fn crash_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.crash_dir = Some(folder.into());
        self
    }

    /// Whether an [`InterruptHandle`](super::InterruptHandle) also stops Lua code that computes, not only calls of
    /// libraries. Code that computes takes more than twice as long then, so it is not by default.
    pub fn interruptible(mut self, is_interruptible: bool) -> Self {
        self.is_interruptible = is_interruptible;
        self
    }

    /// What `os.exit` does. By default it raises an error.
    pub fn on_exit(mut self, on_exit: OnExit) -> Self {
        self.on_exit = on_exit;
        self
    }

    /// Starts Lua. No worker is started before a script needs one.
    ///
    /// On Unix, a write beyond the limit on the size of files fails from then on instead of ending this process, unless the
    /// process has its own way with the signal of that (SIGXFSZ).
    pub fn build(self) -> Result<Runtime, RuntimeError> {
        outlive_file_size_limit();
        stack::with_room_for_lua(|| self.start()).map_err(RuntimeError::Start)
    }

    fn start(mut self) -> mlua::Result<Runtime> {
        note_place();
        let (lua, report) = state::new_state()?;
        state::set_module_path(&lua, self.settings.script_directory.as_deref())?;
        warnings::install(&lua);
        // These are taken before any script can replace them.
        let xpcall: Function = lua.globals().get("xpcall")?;
        let format: Function = state::own_module(&lua, "pretty")?.get("format")?;
        let finalizers = Finalizers::install(&lua, &report, format.clone())?;
        exit::install(&lua, self.on_exit, finalizers.clone())?;
        // A builder may be cloned; each runtime is interrupted for itself.
        let interrupt = Interrupt::default();
        self.settings.interrupt = interrupt.clone();
        let metrics = dll::install(&lua, self.settings, self.is_interruptible)?;
        let serve = lua.create_function(|lua, ()| dll::serve_callbacks(lua))?;
        Ok(Runtime { lua, xpcall, report, format, serve, finalizers, metrics, interrupt, depth: Depth::default() })
    }
}
