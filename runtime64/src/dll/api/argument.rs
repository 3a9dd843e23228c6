//! Common arguments: types, strings, paths and encodings.

use std::ffi::OsString;
use std::sync::Arc;

use mlua::Value as LuaValue;

use crate::c;
use crate::dll::cdata::{self, Handle, integer};
use crate::dll::describe::{describe, wrong_type};
use crate::dll::library;
use crate::dll::module::Module;
use crate::dll::text::{Encoding, unknown_encoding};
use crate::dll::types::Ctype;
use crate::error::{Error, ErrorKind};

/// The type given by an argument: C text, a type made by `dll.typeof`, or C data of the type. `doing` names the
/// function.
pub(super) fn ctype_of(module: &Module, doing: &str, value: &LuaValue) -> Result<Arc<Ctype>, Error> {
    match value {
        LuaValue::String(text) => module.types().named(&text.as_bytes(), module.abi()),
        LuaValue::UserData(userdata) => {
            if let Ok(handle) = userdata.borrow::<Handle>() {
                return Ok(module.types().current(handle.ctype(), module.abi()));
            }
            if let Some(cdata) = cdata::of(value) {
                return Ok(module.types().current(&cdata.ctype, module.abi()));
            }
            if let Some(function) = library::type_of(userdata) {
                return Ok(module.types().ctype(&c::Type::Function(function), module.abi()));
            }
            Err(needed(doing, value))
        }
        other => Err(needed(doing, other)),
    }
}

/// Like [`ctype_of`] for measuring: an object keeps its layout, whichever worker it is in.
pub(super) fn measured(module: &Module, doing: &str, value: &LuaValue) -> Result<Arc<Ctype>, Error> {
    match cdata::of(value) {
        Some(cdata) => Ok(Arc::clone(&cdata.ctype)),
        None => ctype_of(module, doing, value),
    }
}

fn needed(doing: &str, value: &LuaValue) -> Error {
    wrong_type("a C type name, a type or a C object", value).at(doing)
}

/// A string argument. Invalid UTF-8 is tolerated, as comments in headers may be in any encoding.
pub(super) fn text(what: &str, value: &LuaValue) -> Result<String, Error> {
    match value {
        LuaValue::String(string) => Ok(string.to_string_lossy()),
        other => {
            let message = format!("{what} must be a string, got {}", describe(other));
            Err(Error::new(ErrorKind::Type, message))
        }
    }
}

/// A string for the system, such as a path: any bytes on Unix, where paths are bytes.
pub(super) fn os_string(what: &str, value: &LuaValue) -> Result<OsString, Error> {
    #[cfg(unix)]
    if let LuaValue::String(string) = value {
        return Ok(std::os::unix::ffi::OsStringExt::from_vec(string.as_bytes().to_vec()));
    }
    text(what, value).map(OsString::from)
}

/// An encoding, by name or by the number of a code page. `what` names its purpose.
pub(super) fn encoding(what: &str, value: &LuaValue) -> Result<Encoding, Error> {
    let (found, name) = match value {
        LuaValue::String(name) => {
            let name = name.to_string_lossy();
            (Encoding::named(&name), name)
        }
        LuaValue::Integer(_) | LuaValue::Number(_) => {
            (integer(value).ok().and_then(Encoding::numbered), describe(value))
        }
        other => return Err(wrong_type("the name of an encoding or the number of a code page", other).at(what)),
    };
    found.ok_or_else(|| Error::new(ErrorKind::Type, format!("{what}: {}", unknown_encoding(&name))))
}
