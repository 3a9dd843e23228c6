//! Interrupting a runtime from another thread.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::remote::Interrupt;

/// Interrupts what a [`Runtime`](super::Runtime) executes, from any thread and at any time. Clones share their state.
///
/// The interrupted operation fails with an error of the kind [`Interrupted`](crate::ErrorKind::Interrupted), which Lua
/// code may catch like any other; if nothing runs, nothing happens. Variables keep their values, and the runtime stays
/// usable.
///
/// - A running call of a library has its worker terminated, also if it waits for a callback of a library, a future or
///   the next try of `dll.call`. The next call starts a new worker.
/// - Lua code that computes is stopped if the runtime is [interruptible](super::Builder::interruptible). Otherwise it
///   continues until it calls a library.
///
/// If code catches the error and continues, the second interrupt stops it for good: everything it does fails, until the
/// call of the `Runtime` returns.
///
/// Functions outside the libraries and Lua code cannot be stopped: Lua's own functions, such as `io.read` and
/// `string.find`.
#[derive(Clone, Debug)]
pub struct InterruptHandle(Interrupt);

impl InterruptHandle {
    pub(super) fn new(interrupt: Interrupt) -> Self {
        Self(interrupt)
    }

    /// Interrupts what runs now, without waiting for it to stop.
    pub fn interrupt(&self) {
        self.0.request();
    }

    /// Whether an interrupt was requested that the running code has not noticed yet.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.0.is_requested()
    }

    /// Waits, for at most `limit`, until no interrupt [is pending](Self::is_pending) or a worker was terminated for it.
    /// Returns whether that happened.
    #[must_use]
    pub fn wait(&self, limit: Duration) -> bool {
        self.0.wait(limit)
    }
}

/// Counts the nested calls of a runtime that are in progress.
#[derive(Debug, Default)]
pub(super) struct Depth(AtomicUsize);

impl Depth {
    /// Enters a call, which ends when the returned guard is dropped. Interrupts from before the outermost call are
    /// discarded, as are those that arrived too late for it.
    pub(super) fn enter<'a>(&'a self, interrupt: &'a Interrupt) -> impl Drop + use<'a> {
        if self.0.fetch_add(1, Ordering::SeqCst) == 0 {
            interrupt.clear();
        }
        EnteredRuntime { depth: self, interrupt }
    }
}

struct EnteredRuntime<'a> {
    depth: &'a Depth,
    interrupt: &'a Interrupt,
}

impl Drop for EnteredRuntime<'_> {
    fn drop(&mut self) {
        if self.depth.0.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.interrupt.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use crate::{ErrorKind, Runtime, RuntimeError};

    fn interruptible() -> Runtime {
        let runtime = Runtime::builder().interruptible(true).build().expect("a runtime");
        let handle = runtime.interrupt_handle();
        let interrupt = runtime.lua().create_function(move |_, ()| {
            handle.interrupt();
            Ok(())
        });
        runtime.lua().globals().set("interrupt", interrupt.expect("a function")).expect("a global");
        runtime
    }

    fn assert_interrupted(result: Result<(), RuntimeError>) {
        let error = result.expect_err("it is interrupted");
        assert_eq!(error.kind(), Some(ErrorKind::Interrupted), "{error}");
    }

    #[test]
    fn code_that_computes_is_stopped_and_what_it_has_done_stays() {
        let runtime = interruptible();
        let loops = [
            "x = 1 interrupt() while true do x = x + 1 end",
            "x = 1 interrupt() repeat until false",
            "x = 1 interrupt() local function f() return f() end f()",
            "x = 1 interrupt() coroutine.wrap(function() while true do end end)()",
            "x = 1 local go = coroutine.wrap(function() coroutine.yield() while true do end end) go() interrupt() go()",
            "x = 1 interrupt() coroutine.wrap(function() while true do coroutine.yield(interrupt()) end end)() while true do end",
            "x = 1 interrupt() table.sort({ 1, 2, 3 }, function() while true do end end)",
        ];
        for text in loops {
            assert_interrupted(runtime.eval("=test", text));
            assert!(runtime.eval::<i64>("=test", "return x").expect("it is there") >= 1, "{text}");
        }
    }

    #[test]
    fn another_thread_interrupts() {
        let runtime = interruptible();
        let handle = runtime.interrupt_handle();
        let (begun, has_begun) = std::sync::mpsc::channel();
        let begin = runtime.lua().create_function(move |_, ()| begun.send(()).map_err(mlua::Error::external));
        runtime.lua().globals().set("begin", begin.expect("a function")).expect("a global");
        thread::scope(|scope| {
            scope.spawn(move || has_begun.recv().map(|()| handle.interrupt()));
            assert_interrupted(runtime.eval("=test", "begin() while true do end"));
        });
    }

    #[test]
    fn an_interrupt_may_be_caught_once() {
        let runtime = interruptible();
        let caught = "local ok, e = pcall(function() interrupt() while true do end end)
            local sum = 0
            for i = 1, 1e6 do sum = sum + i end
            return not ok and e.kind == 'interrupted' and tostring(e) == 'interrupted' and sum == 500000500000";
        assert!(runtime.eval::<bool>("=test", caught).expect("the runtime stays usable"));
        let stubborn = [
            "while true do pcall(function() interrupt() while true do end end) end",
            "local function f() interrupt() while true do end end
             while true do pcall(pcall, xpcall, f, tostring) end",
            "while true do coroutine.resume(coroutine.create(function() interrupt() while true do end end)) end",
        ];
        for text in stubborn {
            assert_interrupted(runtime.eval("=test", text));
            // The interrupt leaves no state behind.
            assert!(runtime.eval::<bool>("=test", caught).expect("the runtime stays usable"), "{text}");
        }
    }

    #[test]
    fn what_does_not_run_is_not_interrupted() {
        let runtime = interruptible();
        let handle = runtime.interrupt_handle();
        handle.interrupt();
        assert!(handle.is_pending());
        runtime.eval::<()>("=test", "for i = 1, 1e6 do end interrupt()").expect("it completes");
        assert!(!handle.is_pending());
    }

    #[test]
    fn without_being_asked_for_code_that_computes_goes_on() {
        let runtime = Runtime::builder().build().expect("a runtime");
        let handle = runtime.interrupt_handle();
        let interrupt = runtime.lua().create_function(move |_, ()| {
            handle.interrupt();
            Ok(())
        });
        runtime.lua().globals().set("interrupt", interrupt.expect("a function")).expect("a global");
        runtime.eval::<()>("=test", "interrupt() for i = 1, 1e6 do end").expect("it completes");
    }

    #[test]
    fn a_handle_may_go_anywhere() {
        fn anywhere<T: Clone + Send + Sync + 'static>(_: T) {}
        anywhere(interruptible().interrupt_handle());
    }
}
