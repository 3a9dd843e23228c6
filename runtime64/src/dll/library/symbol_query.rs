//! Queries for symbols of a library, from a declaration or from a script.

use std::fmt;
use std::sync::Arc;

use protocol::{FindSymbol, Machine, Platform, Symbol};

use super::{Library, undeclared};
use crate::dll::failure::from_remote;
use crate::error::Error;
use crate::image;
use crate::remote::{RemoteError, Session};

/// How a function or variable is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::dll) enum SymbolQuery {
    /// The symbol of a declaration, possibly decorated by the compiler.
    Declared(String),
    /// A name from a script, used as is if it is decorated already.
    Named(String),
    /// An ordinal in the export table of a Windows library.
    Ordinal(u16),
}

impl SymbolQuery {
    /// The symbols a function with this size of arguments may be exported as, most likely first.
    pub(in crate::dll) fn function_symbols(&self, argument_bytes: u32) -> Vec<Symbol> {
        match self {
            SymbolQuery::Named(name) if image::is_decorated(name) => vec![Symbol::Name(name.clone())],
            SymbolQuery::Declared(name) | SymbolQuery::Named(name) => {
                image::candidates(name, argument_bytes).into_iter().map(Symbol::Name).collect()
            }
            SymbolQuery::Ordinal(ordinal) => vec![Symbol::Ordinal(*ordinal)],
        }
    }

    /// The symbols a variable may be exported as.
    pub(super) fn variable_symbols(&self) -> Vec<Symbol> {
        match self {
            SymbolQuery::Named(name) => vec![Symbol::Name(name.clone())],
            other => other.function_symbols(0),
        }
    }

    /// The undecorated name, for messages.
    pub(in crate::dll) fn name(&self, library: &Library) -> String {
        match self {
            SymbolQuery::Declared(name) => name.clone(),
            SymbolQuery::Named(name) => undecorated(library, name),
            SymbolQuery::Ordinal(ordinal) => format!("#{ordinal}"),
        }
    }
}

/// As written in the script or the declaration.
impl fmt::Display for SymbolQuery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SymbolQuery::Declared(name) | SymbolQuery::Named(name) => formatter.write_str(name),
            SymbolQuery::Ordinal(ordinal) => write!(formatter, "#{ordinal}"),
        }
    }
}

/// A name of the library without its decoration.
pub(super) fn undecorated(library: &Library, name: &str) -> String {
    let kind = library.worker().kind();
    let format = if kind.platform == Platform::Windows { image::Format::Pe } else { image::Format::Elf };
    let machine = if kind.machine == Machine::I386 { image::Machine::I386 } else { image::Machine::X86_64 };
    image::undecorate(name, format, machine).undecorated
}

/// The address of a variable in the running worker. `name` is its name in messages.
pub(in crate::dll) fn find_variable(
    library: &Arc<Library>,
    session: &mut Session<'_>,
    symbol_query: &SymbolQuery,
    name: &str,
) -> Result<u64, Error> {
    let symbols = symbol_query.variable_symbols();
    let request = FindSymbol { library: library.id(session)?, symbols };
    match session.call(&request) {
        Ok(found) => Ok(found.address),
        Err(RemoteError::Fault(fault)) if fault.kind == protocol::FaultKind::Symbol => {
            Err(undeclared::not_exported(library, name, symbol_query, &request.symbols))
        }
        Err(error) => Err(from_remote(error, library.worker(), &format!("{}: {name}", library.name()))),
    }
}
