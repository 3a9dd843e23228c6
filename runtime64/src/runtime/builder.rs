//! Configuring and creating a runtime.

use std::path::PathBuf;
use std::time::Duration;

use mlua::Function;

use super::finalizers::Finalizers;
use super::interrupt::Depth;
use super::{OnExit, Runtime, RuntimeError, exit, state, warnings};
use crate::dll;
use crate::remote::{Interrupt, LinkKind, Settings, note_program_folder, outlive_file_size_limit};
use crate::stack;

/// The longest deadline: workers receive milliseconds in 32 bits, at most 49 days.
const LONGEST_DEADLINE: Duration = Duration::from_millis(u32::MAX as u64);

/// Creates a [`Runtime`]; each method documents its default.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until it builds"]
pub struct Builder {
    settings: Settings,
    on_exit: OnExit,
    is_interruptible: bool,
}

impl Builder {
    /// Sets the worker's executable, or a folder of workers. By default workers are searched beside the library that
    /// contains this code, and beside this executable.
    pub fn worker(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.worker = Some(path.into());
        self
    }

    /// Sets Wine's loader, which runs the Windows workers on Linux. The default is the system's Wine, in the prefix
    /// that the user has set or created, else in a prefix that belongs to this program.
    pub fn wine(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.wine = Some(path.into());
        self
    }

    /// Sets the script's folder, which is searched first for modules and libraries. By default modules are searched in
    /// the current directory.
    pub fn script_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.script_directory = Some(path.into());
        self
    }

    /// Sets how workers are linked. The default is shared memory where the system supports it.
    pub fn link(mut self, link: LinkKind) -> Self {
        self.settings.link = Some(link);
        self
    }

    /// Limits the memory for objects that scripts create in one worker, in bytes. The default is 1 GiB.
    pub fn arena_limit(mut self, bytes: u64) -> Self {
        self.settings.arena_limit = Some(bytes);
        self
    }

    /// Limits the time of a library call for which the script sets no limit: when it is exceeded, the worker is
    /// terminated and the call fails with an error of the kind [`Timeout`](crate::ErrorKind::Timeout). By default there
    /// is no limit.
    pub fn call_deadline(mut self, limit: Duration) -> Self {
        self.settings.call_deadline = Some(limit.min(LONGEST_DEADLINE));
        self
    }

    /// Sets the folder for minidumps, which debuggers can read: one is written for each worker that crashes, and the
    /// error contains its path. By default none is written.
    pub fn crash_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.crash_dir = Some(folder.into());
        self
    }

    /// Sets whether an [`InterruptHandle`](super::InterruptHandle) also stops Lua code that computes, not only library
    /// calls. Off by default, as such code then takes more than twice as long.
    pub fn interruptible(mut self, is_interruptible: bool) -> Self {
        self.is_interruptible = is_interruptible;
        self
    }

    /// Sets what `os.exit` does. By default it raises an error.
    pub fn on_exit(mut self, on_exit: OnExit) -> Self {
        self.on_exit = on_exit;
        self
    }

    /// Starts Lua. Workers start only when a script needs them.
    ///
    /// On Unix, a write beyond the file size limit then fails instead of ending this process, unless the process
    /// handles that signal (SIGXFSZ) itself.
    pub fn build(self) -> Result<Runtime, RuntimeError> {
        outlive_file_size_limit();
        stack::with_room_for_lua(|| self.start()).map_err(RuntimeError::Start)
    }

    fn start(mut self) -> mlua::Result<Runtime> {
        note_program_folder();
        let (lua, report) = state::new_state()?;
        state::set_module_path(&lua, self.settings.script_directory.as_deref())?;
        warnings::install(&lua);
        // Taken before any script can replace them.
        let xpcall: Function = lua.globals().get("xpcall")?;
        let format: Function = state::own_module(&lua, "pretty")?.get("format")?;
        let finalizers = Finalizers::install(&lua, &report, format.clone())?;
        exit::install(&lua, self.on_exit, finalizers.clone())?;
        // A builder may be cloned; each runtime has its own interrupt.
        let interrupt = Interrupt::default();
        self.settings.interrupt = interrupt.clone();
        let metrics = dll::install(&lua, self.settings, self.is_interruptible)?;
        let serve = lua.create_function(|lua, ()| dll::serve_callbacks(lua))?;
        Ok(Runtime { lua, xpcall, report, format, serve, finalizers, metrics, interrupt, depth: Depth::default() })
    }
}
