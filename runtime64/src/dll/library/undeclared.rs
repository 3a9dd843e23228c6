//! What to say of a name that cannot be used: it was not declared, or the library does not export it.

use protocol::Symbol;

use super::symbol_query::undecorated;
use super::{Library, SymbolQuery};
use crate::c;
use crate::error::{Error, ErrorKind};
use crate::image::{Convention, Export, ExportKind, Image};

/// How many exports a message shows: a name in C++ may have any number of overloads.
const SHOWN: usize = 4;

/// A name that no `cdef` declares.
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
            "{}: '{name}' is neither declared nor exported{}; dll.exports(library) lists what is",
            library.name(),
            similar_declaration(library, name)
        ),
    };
    Error::new(ErrorKind::Declaration, message).in_library(library.name()).in_function(name)
}

/// The declared name that may have been meant.
fn similar_declaration(library: &Library, name: &str) -> String {
    let declarations = library.module().types().declarations();
    let names = declarations.iter().map(c::Declaration::name).chain(declarations.macro_names());
    c::suggestion(name, names).unwrap_or_default()
}

/// What the library does not export as any of the symbols that were tried. `name` is what it is called in messages.
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
                "'{name}' is declared but not exported (looked for {}); dll.exports(library) lists what is",
                list(tried)
            ),
        },
        SymbolQuery::Named(symbol) => not_named(library, symbol, tried),
        SymbolQuery::Ordinal(ordinal) => no_ordinal(library, *ordinal),
    };
    Error::new(ErrorKind::Symbol, format!("{}: {message}", library.name()))
}

/// A symbol that a script gave: what is exported of the same name, or a similar one.
fn not_named(library: &Library, symbol: &str, tried: &[Symbol]) -> String {
    let looked = if tried.len() > 1 { format!(" (looked for {})", list(tried)) } else { String::new() };
    let like = exports_like(library, symbol);
    if !like.is_empty() {
        let more = if like.len() > SHOWN { "\n    …" } else { "" };
        let rows: String = like.iter().take(SHOWN).map(|export| format!("\n    {}", row(export))).collect();
        return format!("'{symbol}' is not exported{looked}; of this name there is:{rows}{more}");
    }
    let exports = exports(library);
    let names = exports.iter().filter_map(|export| export.name.as_deref());
    let names = names.chain(exports.iter().map(|export| export.undecorated.as_str()));
    let similar = c::suggestion(symbol, names).unwrap_or_default();
    format!("'{symbol}' is not exported{looked}{similar}; dll.exports(library) lists what is")
}

/// An ordinal that leads nowhere.
fn no_ordinal(library: &Library, ordinal: u16) -> String {
    let exports = exports(library);
    let ordinals = || exports.iter().filter_map(|export| export.ordinal);
    match ordinals().min().zip(ordinals().max()) {
        Some((first, last)) => {
            format!(
                "nothing is exported as #{ordinal}; its ordinals are between {first} and {last}, dll.exports(library) lists them"
            )
        }
        None => format!("nothing is exported as #{ordinal}; it exports nothing at all"),
    }
}

fn list(symbols: &[Symbol]) -> String {
    symbols.iter().map(Symbol::to_string).collect::<Vec<_>>().join(", ")
}

/// What the library exports, as far as its file can be read.
fn exports(library: &Library) -> Vec<Export> {
    let exports = || Image::open(library.path()?).ok()?.exports().ok();
    exports().unwrap_or_default()
}

/// The exports of a name, then those of the same name in the source.
fn exports_like(library: &Library, name: &str) -> Vec<Export> {
    let plain = undecorated(library, name);
    let mut exports = exports(library);
    let is_exact = |export: &Export| export.name.as_deref() == Some(name);
    exports.retain(|export| export.undecorated == plain || is_exact(export));
    exports.sort_by_key(|export| !is_exact(export));
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
    if let Some(demangled) = &export.demangled {
        row += &format!(": {demangled}");
    }
    row
}

/// Something to start from, with as many machine words as the decoration tells.
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
    // C has no name for what C++ exports.
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
