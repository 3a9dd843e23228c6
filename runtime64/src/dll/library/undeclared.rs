//! Error messages for names that are not declared or not exported.

use protocol::Symbol;

use super::symbol_query::undecorated;
use super::{Library, SymbolQuery};
use crate::c;
use crate::error::{Error, ErrorKind};
use crate::image::{Convention, Export, ExportKind, Image};

/// The maximum number of exports in a message: a C++ name may have any number of overloads.
const SHOWN: usize = 4;

/// The error for a name that is not declared.
pub(in crate::dll) fn error(library: &Library, name: &str) -> Error {
    let exports = exports_like(library, name);
    let message = match exports.first() {
        Some(export) => format!(
            "{}: '{name}' is exported ({}) but not declared; declare it first, for example:\n    {}",
            library.name(),
            row(export),
            skeleton(export)
        ),
        None if library.path().is_none() => {
            format!(
                "dll.C: '{name}' is not declared{}; declare it first with dll.cdef[[ … ]]",
                similar_declaration(library, name)
            )
        }
        None => format!(
            "{}: '{name}' is neither declared nor exported{}; dll.exports(library) lists the exports",
            library.name(),
            similar_declaration(library, name)
        ),
    };
    Error::new(ErrorKind::Declaration, message).in_library(library.name()).in_function(name)
}

/// A similar declared name, as a suggestion.
fn similar_declaration(library: &Library, name: &str) -> String {
    let declarations = library.module().types().declarations();
    let names = declarations.iter().map(c::Declaration::name).chain(declarations.macro_names());
    c::suggestion(name, names).unwrap_or_default()
}

/// The error for a symbol that is not exported under any of the names tried. `name` is its name in messages.
pub(in crate::dll) fn not_exported(
    library: &Library,
    name: &str,
    symbol_query: &SymbolQuery,
    tried: &[Symbol],
) -> Error {
    let message = match symbol_query {
        SymbolQuery::Declared(symbol) => match exports_like(library, symbol).first() {
            Some(export) => format!(
                "'{name}' is exported differently from its declaration: {} (looked for {})",
                row(export),
                list(tried)
            ),
            None => format!(
                "'{name}' is declared but not exported (looked for {}); dll.exports(library) lists the exports",
                list(tried)
            ),
        },
        SymbolQuery::Named(symbol) => not_named(library, symbol, tried),
        SymbolQuery::Ordinal(ordinal) => no_ordinal(library, *ordinal),
    };
    Error::new(ErrorKind::Symbol, format!("{}: {message}", library.name()))
}

/// The message for a symbol given by a script, with exports of the same or a similar name.
fn not_named(library: &Library, symbol: &str, tried: &[Symbol]) -> String {
    let looked = if tried.len() > 1 { format!(" (looked for {})", list(tried)) } else { String::new() };
    let like = exports_like(library, symbol);
    if !like.is_empty() {
        let more = if like.len() > SHOWN { "\n    …" } else { "" };
        let rows: String = like.iter().take(SHOWN).map(|export| format!("\n    {}", row(export))).collect();
        return format!("'{symbol}' is not exported{looked}; exports of that name:{rows}{more}");
    }
    let exports = exports(library);
    let names = exports.iter().filter_map(|export| export.name.as_deref());
    let names = names.chain(exports.iter().map(|export| export.undecorated.as_str()));
    let similar = c::suggestion(symbol, names).unwrap_or_default();
    format!("'{symbol}' is not exported{looked}{similar}; dll.exports(library) lists the exports")
}

/// The message for an unassigned ordinal.
fn no_ordinal(library: &Library, ordinal: u16) -> String {
    let exports = exports(library);
    let ordinals = || exports.iter().filter_map(|export| export.ordinal);
    match ordinals().min().zip(ordinals().max()) {
        Some((first, last)) => {
            format!(
                "nothing is exported as #{ordinal}; its ordinals are {first} to {last}; dll.exports(library) lists them"
            )
        }
        None => format!("nothing is exported as #{ordinal}; the library has no exports"),
    }
}

fn list(symbols: &[Symbol]) -> String {
    symbols.iter().map(Symbol::to_string).collect::<Vec<_>>().join(", ")
}

/// The library's exports, as far as its file can be read.
fn exports(library: &Library) -> Vec<Export> {
    let exports = || Image::open(library.path()?).ok()?.exports().ok();
    exports().unwrap_or_default()
}

/// The exports with exactly this name, then those with the same undecorated name.
fn exports_like(library: &Library, name: &str) -> Vec<Export> {
    let plain = undecorated(library, name);
    let mut exports = exports(library);
    let is_exact = |export: &Export| export.name.as_deref() == Some(name);
    exports.retain(|export| export.undecorated == plain || is_exact(export));
    exports.sort_by_key(|export| !is_exact(export));
    exports
}

/// An export on one line: name, ordinal, and the facts from its decoration.
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
    if let Some(demangled) = &export.demangled {
        row += &format!(": {demangled}");
    }
    row
}

/// A declaration to start from, with as many machine words as the decoration specifies.
fn skeleton(export: &Export) -> String {
    let name = &export.undecorated;
    let is_data = export.kind == ExportKind::Data;
    let convention = export.convention.map(|convention| format!("__{} ", convention.name())).unwrap_or_default();
    let parameters = match (export.argument_bytes, export.convention) {
        (None, Some(Convention::Thiscall)) => "void *self /* and parameters */".to_owned(),
        (None, _) => "/* parameters */".to_owned(),
        (Some(0), _) => "void".to_owned(),
        (Some(bytes), _) => vec!["int"; (bytes / 4) as usize].join(", "),
    };
    // C++ exports have no name in C.
    if export.demangled.is_some() {
        let symbol = export.name.as_deref().unwrap_or(name);
        let ty = if is_data { "int".to_owned() } else { format!("int {}({parameters})", convention.trim_end()) };
        return format!("dll.symbol(library, \"{symbol}\", \"{ty}\")");
    }
    match is_data {
        true => format!("dll.cdef[[ extern int {name}; ]]"),
        false => format!("dll.cdef[[ int {convention}{name}({parameters}); ]]"),
    }
}
