//! What is looked for in a library: what a declaration names, or what a script does.

use std::fmt;
use std::sync::Arc;

use protocol::{FindSymbol, Machine, Platform, Symbol};

use super::{Library, undeclared};
use crate::dll::failure::from_remote;
use crate::error::Error;
use crate::image;
use crate::remote::{RemoteError, Session};

/// What a function or variable is looked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::dll) enum SymbolQuery {
    /// The symbol of a declaration, which compilers may have decorated.
    Declared(String),
    /// A name that a script gives. Nothing is added to one that is decorated already.
    Named(String),
    /// A place in the export table of a Windows library.
    Ordinal(u16),
}

impl SymbolQuery {
    /// What a function with so many bytes of arguments may be exported as, the likeliest first.
    pub(in crate::dll) fn function_symbols(&self, argument_bytes: u32) -> Vec<Symbol> {
        match self {
            SymbolQuery::Named(name) if image::is_decorated(name) => vec![Symbol::Name(name.clone())],
            SymbolQuery::Declared(name) | SymbolQuery::Named(name) => {
                image::candidates(name, argument_bytes).into_iter().map(Symbol::Name).collect()
            }
            SymbolQuery::Ordinal(ordinal) => vec![Symbol::Ordinal(*ordinal)],
        }
    }

    /// What a variable may be exported as.
    pub(super) fn variable_symbols(&self) -> Vec<Symbol> {
        match self {
            SymbolQuery::Named(name) => vec![Symbol::Name(name.clone())],
            other => other.function_symbols(0),
        }
    }

    /// What to call it: the name that the source has.
    pub(in crate::dll) fn name(&self, library: &Library) -> String {
        match self {
            SymbolQuery::Declared(name) => name.clone(),
            SymbolQuery::Named(name) => undecorated(library, name),
            SymbolQuery::Ordinal(ordinal) => format!("#{ordinal}"),
        }
    }
}

/// As the script or the declaration has it.
impl fmt::Display for SymbolQuery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SymbolQuery::Declared(name) | SymbolQuery::Named(name) => formatter.write_str(name),
            SymbolQuery::Ordinal(ordinal) => write!(formatter, "#{ordinal}"),
        }
    }
}

/// A name of the library as the source has it.
pub(super) fn undecorated(library: &Library, name: &str) -> String {
    let kind = library.worker().kind();
    let format = if kind.platform == Platform::Windows { image::Format::Pe } else { image::Format::Elf };
    let machine = if kind.machine == Machine::I386 { image::Machine::I386 } else { image::Machine::X86_64 };
    image::undecorate(name, format, machine).undecorated
}

/// Where a variable lies in the worker that runs now. `name` is what it is called in messages.
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
