//! The embeddable runtime: a Lua state that can call 32-bit libraries.
//!
//! ```
//! let runtime = runtime64::Runtime::builder().build()?;
//! let sum: i64 = runtime.eval("=example", "return 2 + 3")?;
//! assert_eq!(sum, 5);
//! # Ok::<(), runtime64::RuntimeError>(())
//! ```

mod builder;
mod chunk;
mod error;
mod exit;
mod failure;
mod finalizers;
mod interrupt;
mod state;
mod warnings;

use std::ffi::OsString;
use std::path::Path;

use mlua::{FromLuaMulti, Function, IntoLuaMulti, Lua, MultiValue, Table, Value};

use crate::dll::{self, Metrics};
use crate::remote::Interrupt;
use crate::stack;
use finalizers::Finalizers;
use interrupt::Depth;

pub use builder::Builder;
pub use error::RuntimeError;
pub use exit::OnExit;
pub use failure::Uncaught;
pub use interrupt::InterruptHandle;

/// A Lua state with the whole standard library of Lua 5.4, the `dll` module and the modules of `stdlib/`.
///
/// Chunks are text: bytecode is always refused, and modules written in C cannot be loaded. The workers that scripts
/// start end with the state.
pub struct Runtime {
    lua: Lua,
    xpcall: Function,
    report: Function,
    format: Function,
    serve: Function,
    finalizers: Finalizers,
    metrics: Metrics,
    interrupt: Interrupt,
    depth: Depth,
}

/// Finalizers need a whole Lua state, so they run before it closes. Their errors are discarded.
impl Drop for Runtime {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Runtime {
    /// Creates a builder with the default settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The Lua state, for defining what scripts can use.
    #[must_use]
    pub fn lua(&self) -> &Lua {
        &self.lua
    }

    /// Runs source text and returns its results. `chunk_name` is its name in messages: `@path` for a file, `=words` for
    /// other text.
    ///
    /// # Errors
    /// The text is not valid Lua, it raised an error, or its results cannot be converted to `R`.
    pub fn eval<R: FromLuaMulti>(&self, chunk_name: &str, source: impl AsRef<[u8]>) -> Result<R, RuntimeError> {
        self.call(&self.compile(chunk_name, source)?, ())
    }

    /// Runs a file and returns its results. The arguments are available in `...`.
    ///
    /// # Errors
    /// As [`eval`](Self::eval); also if the file cannot be read.
    pub fn run_file<R: FromLuaMulti>(&self, path: &Path, arguments: impl IntoLuaMulti) -> Result<R, RuntimeError> {
        self.call(&self.compile_file(path)?, arguments)
    }

    /// Compiles source text to a function that runs it.
    ///
    /// # Errors
    /// The text is not valid Lua.
    pub fn compile(&self, chunk_name: &str, source: impl AsRef<[u8]>) -> Result<Function, RuntimeError> {
        chunk::compile(&self.lua, chunk_name, source.as_ref())
    }

    /// Compiles a script to a function that runs it. As in a file, a first line that starts with `#` is skipped.
    ///
    /// # Errors
    /// The text is not valid Lua.
    pub fn compile_script(&self, chunk_name: &str, source: impl AsRef<[u8]>) -> Result<Function, RuntimeError> {
        chunk::compile_script(&self.lua, chunk_name, source.as_ref())
    }

    /// Compiles a file to a function that runs it.
    ///
    /// # Errors
    /// The file cannot be read, or is not valid Lua.
    pub fn compile_file(&self, path: &Path) -> Result<Function, RuntimeError> {
        chunk::compile_file(&self.lua, path)
    }

    /// Calls a function of this state.
    ///
    /// # Errors
    /// It raised an error, or its results cannot be converted to `R`.
    pub fn call<R: FromLuaMulti>(&self, function: &Function, arguments: impl IntoLuaMulti) -> Result<R, RuntimeError> {
        let _entered = self.depth.enter(&self.interrupt);
        let host = RuntimeError::Host;
        let mut all = arguments.into_lua_multi(&self.lua).map_err(host)?;
        all.push_front(Value::Function(self.report.clone()));
        all.push_front(Value::Function(function.clone()));
        // `xpcall` itself fails only if memory is exhausted, or the stack has no room for the arguments.
        let mut results: MultiValue = stack::with_room_for_lua(|| self.xpcall.call(all)).map_err(host)?;
        match results.pop_front() {
            Some(Value::Boolean(true)) => R::from_lua_multi(results, &self.lua).map_err(host),
            _ => {
                let raised = results.pop_front().unwrap_or(Value::Nil);
                Err(RuntimeError::Uncaught(Uncaught::new(&self.lua, raised, &self.format)))
            }
        }
    }

    /// Closes the state: runs the remaining finalizers in reverse order of marking, while the state and its workers are
    /// whole, and then ends the workers. Returns the errors of failed finalizers, which dropping a runtime discards.
    ///
    /// ```
    /// let runtime = runtime64::Runtime::builder().build()?;
    /// runtime.eval::<()>("=example", "x = setmetatable({}, { __gc = function() error 'lost' end })")?;
    /// let errors = runtime.close();
    /// assert!(errors[0].to_string().ends_with("lost"));
    /// # Ok::<(), runtime64::RuntimeError>(())
    /// ```
    pub fn close(mut self) -> Vec<RuntimeError> {
        self.finish()
    }

    /// Performs the steps that must precede closing the state. A second call does nothing.
    fn finish(&mut self) -> Vec<RuntimeError> {
        let entered = self.depth.enter(&self.interrupt);
        let errors = stack::with_room_for_lua(|| {
            let errors = self.finalizers.run(&self.lua);
            dll::finish(&self.lua);
            errors
        });
        drop(entered);
        errors
    }

    /// Calls the Lua functions of the callbacks that threads of libraries have made since the last call of a function
    /// of that library, and returns their number. Such a thread waits until then, unless the callback is queued. This
    /// method does not wait, and may be called on any thread: a host that waits for something else should call it now
    /// and then.
    ///
    /// ```
    /// let runtime = runtime64::Runtime::builder().build()?;
    /// assert_eq!(runtime.serve_callbacks()?, 0);
    /// # Ok::<(), runtime64::RuntimeError>(())
    /// ```
    ///
    /// # Errors
    /// One of the functions raised an error.
    pub fn serve_callbacks(&self) -> Result<u32, RuntimeError> {
        self.call(&self.serve, ())
    }

    /// The metrics of this state's workers and their functions, in Prometheus's text format. They may be read on any
    /// thread.
    ///
    /// ```
    /// let runtime = runtime64::Runtime::builder().build()?;
    /// let metrics = runtime.metrics();
    /// assert!(metrics.to_string().contains("# TYPE runtime64_worker_calls_total counter"));
    /// # Ok::<(), runtime64::RuntimeError>(())
    /// ```
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// Returns a handle that interrupts, from any thread, what this runtime is executing.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let runtime = runtime64::Runtime::builder().interruptible(true).build()?;
    /// let handle = runtime.interrupt_handle();
    /// std::thread::spawn(move || {
    ///     std::thread::sleep(Duration::from_millis(20));
    ///     handle.interrupt();
    /// });
    /// let error = runtime.eval::<()>("=example", "while true do end").unwrap_err();
    /// assert_eq!(error.kind(), Some(runtime64::ErrorKind::Interrupted));
    /// # Ok::<(), runtime64::RuntimeError>(())
    /// ```
    #[must_use]
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle::new(self.interrupt.clone())
    }

    /// Sets the global `arg` as Lua's interpreter does: the word at index `script` of the command line becomes
    /// `arg[0]`, those after it count from 1, those before it, down to the program's own name, from −1.
    ///
    /// # Errors
    /// Memory is exhausted.
    pub fn set_arguments(&self, command_line: &[OsString], script: usize) -> Result<(), RuntimeError> {
        let set = || {
            let arguments: Table = self.lua.create_table()?;
            for (index, word) in (0_i64..).zip(command_line) {
                let place = index - i64::try_from(script).unwrap_or(i64::MAX);
                arguments.raw_set(place, self.lua.create_string(word.as_encoded_bytes())?)?;
            }
            self.lua.globals().set("arg", arguments)
        };
        set().map_err(RuntimeError::Host)
    }

    /// Formats a value as `pretty.format` does: strings quoted, tables nested.
    #[must_use]
    pub fn format(&self, value: &Value) -> String {
        self.format
            .call::<mlua::LuaString>(value)
            .map_or_else(|_| value.type_name().to_owned(), |text| text.to_string_lossy())
    }
}
