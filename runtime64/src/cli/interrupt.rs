//! Ctrl-C while Lua or a library runs: it ends the program, and the workers with it.

/// On Unix the signal's own action does it, and the shell reports 130.
#[cfg(unix)]
pub(crate) fn end_with_130() {}

/// On Windows the system would end the program with STATUS_CONTROL_C_EXIT.
#[cfg(windows)]
pub(crate) fn end_with_130() {
    const INTERRUPTED: i32 = 130;
    // Without the handler the program ends all the same, with the system's code.
    let _ = ctrlc::set_handler(|| std::process::exit(INTERRUPTED));
}
