//! Global variables of a library: numbers and pointers are read and written in place, of all else a library gives a view.

use std::borrow::Cow;
use std::sync::Arc;

use mlua::{Lua, Value as LuaValue};
use protocol::FindSymbol;

use super::Library;
use super::undeclared::not_exported;
use crate::c::VariableDeclaration;
use crate::dll::cdata::Part;
use crate::dll::failure::from_remote;
use crate::dll::memory::{Place, owner};
use crate::error::Error;
use crate::image;
use crate::remote::RemoteError;

/// The value of a variable.
pub(super) fn read(lua: &Lua, library: &Arc<Library>, variable: &VariableDeclaration) -> mlua::Result<LuaValue> {
    part(library, variable)?.read(lua, &doing(library, variable))
}

/// Sets a variable.
pub(super) fn write(library: &Arc<Library>, variable: &VariableDeclaration, value: &LuaValue) -> Result<(), Error> {
    part(library, variable)?.write(&doing(library, variable), value)
}

fn doing(library: &Library, variable: &VariableDeclaration) -> String {
    format!("{}: {}", library.name(), variable.name)
}

fn part(library: &Arc<Library>, variable: &VariableDeclaration) -> Result<Part<'static>, Error> {
    let place = place(library, variable).map_err(|error| error.in_library(library.name()))?;
    let ctype = library.module().types().ctype(&variable.ty, library.abi()).at_end();
    Ok(Part { is_const: ctype.is_const, ctype: Cow::Owned(ctype), place: Cow::Owned(place), offset: 0, bits: None })
}

/// Where the variable lies, in the worker that runs now. The worker is asked once in each of its generations.
fn place(library: &Arc<Library>, variable: &VariableDeclaration) -> Result<Place, Error> {
    let mut session = library.session()?;
    let id = library.id(&mut session)?;
    let owner = owner(library.worker(), &session);
    if let Some(address) = library.known_symbol(&variable.symbol, owner.generation) {
        return Ok(Place::foreign(address, owner));
    }
    let symbols = image::candidates(&variable.symbol, 0);
    let found = session.call(&FindSymbol { library: id, symbols: symbols.clone() });
    let address = match found {
        Ok(found) => found.address,
        Err(RemoteError::Fault(fault)) if fault.kind == protocol::FaultKind::Symbol => {
            return Err(not_exported(library, &variable.name, &symbols));
        }
        Err(error) => return Err(from_remote(error, library.worker().kind(), &doing(library, variable))),
    };
    library.remember_symbol(&variable.symbol, owner.generation, address);
    Ok(Place::foreign(address, owner))
}
