//! A 64-bit Lua runtime whose `dll` module calls 32-bit libraries.
//!
//! A 64-bit process cannot load a 32-bit library. This runtime loads it in a *worker*, a process of the library's own
//! width and system, and calls it from there; a crash in the library becomes an error in this process.
//!
//! - [`Runtime`] is an embeddable Lua state with the `dll` module.
//! - [`c`] parses C declarations and computes type layouts for an ABI.
//! - [`image`] reads library files without loading them.
//! - [`remote`] starts workers and calls them, without Lua.
//!
//! ```
//! let runtime = runtime64::Runtime::builder().build()?;
//! let size: i64 = runtime.eval("=example", "return dll.sizeof('long')")?;
//! assert_eq!(size, 4);
//! # Ok::<(), runtime64::RuntimeError>(())
//! ```

mod bounded;
pub mod c;
#[cfg(feature = "lua")]
mod dll;
mod error;
pub mod image;
pub mod remote;
#[cfg(feature = "lua")]
mod runtime;
mod stack;
#[cfg(feature = "lua")]
mod stdlib;

#[cfg(feature = "lua")]
pub use dll::Metrics;
pub use error::{Context, Crash, Error, ErrorKind};
#[cfg(feature = "lua")]
pub use mlua;
#[cfg(feature = "lua")]
pub use runtime::{Builder, InterruptHandle, OnExit, Runtime, RuntimeError, Uncaught};
