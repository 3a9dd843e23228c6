//! A shared library that the runtime is part of, as an embedder has it: its workers lie beside it, wherever the program is that
//! loads it.
#![allow(unsafe_code, reason = "a function that C calls has a name of its own")]

use runtime64::Runtime;

/// What the runtime gets from `add(2, 3)` of the 32-bit library that `EMBEDDED_LIBRARY` names; -1 after an error, which
/// standard error tells.
// SAFETY: no other symbol has this name.
#[unsafe(no_mangle)]
pub extern "C" fn embedded_sum() -> i32 {
    let sum = || {
        let runtime = Runtime::builder().build()?;
        let code = "dll.cdef 'int add(int a, int b);' return dll.load(os.getenv 'EMBEDDED_LIBRARY').add(2, 3)";
        runtime.eval::<i32>("=embedded", code)
    };
    sum().unwrap_or_else(|error| {
        eprintln!("{error}");
        -1
    })
}
