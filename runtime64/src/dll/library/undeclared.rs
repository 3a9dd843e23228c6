//! What to say of a name that cannot be called: it was not declared, or the library does not export it.

use crate::c;
use crate::error::{Error, ErrorKind};
use crate::image::{Export, Image};

use super::Library;

/// A name that no `cdef` declares as a function.
pub(super) fn error(library: &Library, name: &str) -> Error {
    let exports = exports_named(library, name);
    let message = match exports.first() {
        Some(export) => format!(
            "{}: '{name}' is exported ({}) but not declared; declare it first, for example:\n    \
             dll.cdef[[ {} ]]",
            library.name(),
            row(export),
            skeleton(export, name)
        ),
        None if library.path().is_none() => {
            format!(
                "dll.C: '{name}' is not declared{}; declare it first with dll.cdef[[ … ]]",
                suggestion(library, name)
            )
        }
        None => format!(
            "{}: '{name}' is neither declared nor exported{}; dll.exports(library) lists what is",
            library.name(),
            suggestion(library, name)
        ),
    };
    Error::new(ErrorKind::Declaration, message).in_library(library.name()).in_function(name)
}

/// The declared name that may have been meant.
fn suggestion(library: &Library, name: &str) -> String {
    let declarations = library.module().types().declarations();
    let names = declarations.iter().map(c::Declaration::name).chain(declarations.macro_names());
    c::suggestion(name, names).unwrap_or_default()
}

/// A declared function that the library does not export under any of its names.
pub(in crate::dll) fn not_exported(library: &Library, name: &str, tried: &[String]) -> Error {
    let tried = tried.join(", ");
    let message = match exports_named(library, name).first() {
        Some(export) => format!(
            "{}: '{name}' is exported differently from its declaration: {} (looked for {tried})",
            library.name(),
            row(export)
        ),
        None => format!(
            "{}: '{name}' is declared but not exported (looked for {tried}); dll.exports(library) lists what is",
            library.name()
        ),
    };
    Error::new(ErrorKind::Symbol, message)
}

/// The exports whose name without decoration is this.
fn exports_named(library: &Library, name: &str) -> Vec<Export> {
    let exports = || Image::open(library.path()?).ok()?.exports().ok();
    let mut exports = exports().unwrap_or_default();
    exports.retain(|export| export.undecorated == name || export.name.as_deref() == Some(name));
    exports
}

/// An export in a few words: its name, ordinal, and what its decoration tells.
fn row(export: &Export) -> String {
    let mut row = export.name.clone().unwrap_or_else(|| "without a name".to_owned());
    if let Some(ordinal) = export.ordinal {
        row += &format!(", ordinal {ordinal}");
    }
    if let Some(convention) = export.convention {
        row += &format!(", {}", convention.name());
    }
    if let Some(bytes) = export.argument_bytes {
        row += &format!(", {bytes} bytes of arguments");
    }
    if let Some(forwarder) = &export.forwarder {
        row += &format!(", forwarded to {forwarder}");
    }
    row
}

/// A declaration to start from, with as many machine words as the decoration tells.
fn skeleton(export: &Export, name: &str) -> String {
    let convention = export.convention.map(|convention| format!("__{} ", convention.name())).unwrap_or_default();
    let parameters = match export.argument_bytes {
        None => "/* parameters */".to_owned(),
        Some(0) => "void".to_owned(),
        Some(bytes) => vec!["int"; (bytes / 4) as usize].join(", "),
    };
    format!("int {convention}{name}({parameters});")
}
