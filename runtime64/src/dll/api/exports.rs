//! `dll.exports`: the exports of a library.

use mlua::{Lua, Table};

use crate::dll::failure::from_image;
use crate::dll::library::Library;
use crate::error::{Error, ErrorKind};
use crate::image::{Convention, Export, ExportKind, Image};

/// A list with one table for each export whose name matches the Lua pattern.
pub(super) fn list(lua: &Lua, library: &Library, pattern: Option<&str>) -> mlua::Result<Table> {
    let Some(path) = library.path() else {
        let message = "dll.C stands for several libraries of the system; load one of them by name to list its exports";
        return Err(Error::new(ErrorKind::Type, message).into());
    };
    let image = Image::open(path).map_err(|error| from_image(&error))?;
    let find: mlua::Function = lua.globals().get::<Table>("string")?.get("find")?;
    let rows = lua.create_table()?;
    let mut exports = image.exports().map_err(|error| from_image(&error))?;
    // Sort by ordinal in a DLL; the order in an ELF library is that of a hash table, which is of no use to readers.
    exports.sort_by(|left, right| (left.ordinal, &left.name).cmp(&(right.ordinal, &right.name)));
    for export in exports {
        let name = export.name.as_deref().unwrap_or(&export.undecorated);
        let matches = match pattern {
            None => true,
            Some(pattern) => match find.call::<Option<i64>>((name, pattern)) {
                Ok(position) => position.is_some(),
                Err(_) => {
                    let message = format!("dll.exports: '{pattern}' is not a Lua pattern");
                    return Err(Error::new(ErrorKind::Type, message).into());
                }
            },
        };
        if matches {
            rows.push(row(lua, &export)?)?;
        }
    }
    Ok(rows)
}

fn row(lua: &Lua, export: &Export) -> mlua::Result<Table> {
    let row = lua.create_table()?;
    // An unnamed export has only an ordinal.
    if export.name.is_some() {
        row.set("name", export.undecorated.as_str())?;
    }
    row.set("decorated", export.name.as_deref())?;
    row.set("ordinal", export.ordinal)?;
    row.set("forwarder", export.forwarder.as_deref())?;
    row.set("kind", if export.kind == ExportKind::Data { "data" } else { "function" })?;
    row.set("address", export.address as i64)?;
    row.set("convention", export.convention.map(Convention::name))?;
    row.set("argument_bytes", export.argument_bytes)?;
    row.set("demangled", export.demangled.as_deref())?;
    Ok(row)
}
