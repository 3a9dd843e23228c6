//! Global variables of a library: numbers and pointers are read and written in place, other types become views.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use mlua::{Lua, Value as LuaValue};

use crate::c::VariableDeclaration;
use crate::dll::address_space::AddressSpace;
use crate::dll::cdata::Part;
use crate::dll::library::{KnownSymbol, Library, SymbolQuery, find_variable};
use crate::dll::memory::Location;
use crate::dll::types::Ctype;
use crate::error::Error;

/// The value of a variable.
pub(super) fn read(lua: &Lua, library: &Arc<Library>, variable: &VariableDeclaration) -> mlua::Result<LuaValue> {
    part(library, variable)?.read(lua, &VariableAccess { library, variable })
}

/// Sets a variable.
pub(super) fn write(library: &Arc<Library>, variable: &VariableDeclaration, value: &LuaValue) -> Result<(), Error> {
    part(library, variable)?.write(&VariableAccess { library, variable }, value)
}

/// An access to a variable, for messages.
struct VariableAccess<'a> {
    library: &'a Library,
    variable: &'a VariableDeclaration,
}

impl fmt::Display for VariableAccess<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.library.name(), self.variable.name)
    }
}

fn part(library: &Arc<Library>, variable: &VariableDeclaration) -> Result<Part<'static>, Error> {
    let (location, ctype) = find(library, variable).map_err(|error| error.in_library(library.name()))?;
    let is_const = ctype.is_const;
    Ok(Part { ctype: Cow::Owned(ctype), location: Cow::Owned(location), offset: 0, bits: None, is_const })
}

/// The location and type of the variable in the running worker, which looks it up once per generation.
fn find(library: &Arc<Library>, variable: &VariableDeclaration) -> Result<(Location, Arc<Ctype>), Error> {
    let mut session = library.session()?;
    let space = AddressSpace::of(library.worker(), &session);
    if let Some(known) = library.known_symbol(&variable.symbol, space.generation) {
        return Ok((Location::foreign(known.address, space), known.ctype));
    }
    let symbol_query = SymbolQuery::Declared(variable.symbol.clone());
    let address = find_variable(library, &mut session, &symbol_query, &variable.name)?;
    let ctype = library.module().types().ctype(&variable.ty, library.abi()).at_end();
    // An incomplete type may be completed later, so it is not cached.
    if ctype.bytes().is_ok() {
        let known = KnownSymbol { generation: space.generation, address, ctype: Arc::clone(&ctype) };
        library.remember_symbol(&variable.symbol, known);
    }
    Ok((Location::foreign(address, space), ctype))
}
