//! The program's version text.

/// The version of this program and of its Lua.
pub(crate) fn version() -> String {
    format!("runtime64 {} (Lua 5.4)", env!("CARGO_PKG_VERSION"))
}
