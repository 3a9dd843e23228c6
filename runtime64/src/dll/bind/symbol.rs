//! `dll.symbol`: a function or an object of a library by exact symbol, with a type given by the script.

use std::sync::Arc;

use mlua::{Lua, Value as LuaValue};
use protocol::{Platform, limits};

use crate::c;
use crate::dll::address_space::AddressSpace;
use crate::dll::cdata::{Cdata, integer};
use crate::dll::describe::describe;
use crate::dll::library::{Function, Library, SymbolQuery, find_variable};
use crate::dll::memory::Location;
use crate::dll::types::{Ctype, Form};
use crate::error::{Error, ErrorKind};

/// The query for a name or an ordinal given by a script.
pub(in crate::dll) fn symbol_query(library: &Library, symbol: &LuaValue) -> Result<SymbolQuery, Error> {
    let refused = |kind: ErrorKind, reason: String| {
        Error::new(kind, format!("dll.symbol: {}: {reason}", library.name())).in_library(library.name())
    };
    match symbol {
        LuaValue::String(name) => {
            let name = name.to_str().map_err(|_| {
                refused(ErrorKind::Type, format!("{} is not valid UTF-8, which symbol names must be", describe(symbol)))
            })?;
            if name.is_empty() || name.contains('\0') {
                let reason = format!("{} is not a symbol name", describe(symbol));
                return Err(refused(ErrorKind::Type, reason));
            }
            if name.len() > limits::SYMBOL_BYTES {
                let reason = format!("a name of {} bytes exceeds the limit of {}", name.len(), limits::SYMBOL_BYTES);
                return Err(refused(ErrorKind::Range, reason));
            }
            Ok(SymbolQuery::Named(name.to_owned()))
        }
        LuaValue::Integer(_) | LuaValue::Number(_) => {
            let ordinal = integer(symbol).map_err(|error| refused(error.kind, error.reason))?;
            if library.path().is_none() {
                let reason = "it stands for several libraries of the system; load the one that the ordinal belongs to";
                return Err(refused(ErrorKind::Type, reason.to_owned()));
            }
            if library.worker().kind().platform != Platform::Windows {
                let reason =
                    format!("there is no #{ordinal}: only Windows libraries have ordinals, this one has names only");
                return Err(refused(ErrorKind::Symbol, reason));
            }
            match u16::try_from(ordinal) {
                Ok(ordinal @ 1..) => Ok(SymbolQuery::Ordinal(ordinal)),
                _ => Err(refused(ErrorKind::Range, format!("{ordinal} is not an ordinal (1 to {})", u16::MAX))),
            }
        }
        other => {
            let reason = format!("expected a symbol name or an ordinal, got {}", describe(other));
            Err(refused(ErrorKind::Type, reason))
        }
    }
}

/// Binds a symbol: to a function if the type is one, otherwise to a view of the memory at its address.
pub(in crate::dll) fn bind(
    lua: &Lua,
    library: Arc<Library>,
    symbol_query: SymbolQuery,
    ctype: &Arc<Ctype>,
) -> mlua::Result<LuaValue> {
    match ctype.ty.resolve() {
        c::Type::Function(ty) => {
            let function = Function::bind_symbol(library, symbol_query, Arc::clone(ty))?;
            lua.create_userdata(function).map(LuaValue::UserData)
        }
        _ => view(&library, &symbol_query, ctype)?.into_lua(lua),
    }
}

/// The object at a symbol's address.
fn view(library: &Arc<Library>, symbol_query: &SymbolQuery, ctype: &Arc<Ctype>) -> Result<Cdata, Error> {
    let name = symbol_query.name(library);
    let located = |error: Error| error.in_library(library.name()).in_function(&name);
    check_object(library, &name, ctype).map_err(located)?;
    let mut session = library.session()?;
    let address = find_variable(library, &mut session, symbol_query, &name).map_err(located)?;
    let location = Location::foreign(address, AddressSpace::of(library.worker(), &session));
    Ok(Cdata::object(ctype.at_end(), location))
}

/// Refuses types that an object of a library cannot have.
fn check_object(library: &Library, name: &str, ctype: &Ctype) -> Result<(), Error> {
    let reason = if ctype.takes_count() {
        "leaves the number of elements open; specify it, or write [] for any number"
    } else if matches!(ctype.form, Form::Opaque(None)) {
        "is not a type of objects or functions"
    } else {
        return Ok(());
    };
    let message = format!("dll.symbol: {}: {name}: {} {reason}", library.name(), ctype.ty);
    Err(Error::new(ErrorKind::Declaration, message))
}
