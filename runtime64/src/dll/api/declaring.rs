//! `cdef`, `typeof`, `sizeof`, `alignof`, `offsetof`, `istype`, `metatype`: declarations and types.

use std::sync::Arc;

use mlua::{Lua, MultiValue, Table, Value as LuaValue, Variadic};

use super::argument::{ctype_of, measured, text};
use crate::c;
use crate::dll::cdata::{self, Handle, integer};
use crate::dll::conversion_error::ConversionError;
use crate::dll::describe::describe;
use crate::dll::module::Module;
use crate::dll::types::{Ctype, Form, Metatype};
use crate::error::{Error, ErrorKind};

/// Adds the functions to the module's table.
pub(super) fn install(lua: &Lua, module: &Module, table: &Table) -> mlua::Result<()> {
    let shared = module.clone();
    let declare = move |_: &Lua, (source, arguments): (LuaValue, Variadic<LuaValue>)| {
        let source = text("dll.cdef: C declarations", &source)?;
        Ok(shared.types().declare(&source, &parameters(&shared, "dll.cdef", &arguments)?)?)
    };
    table.set("cdef", lua.create_function(declare)?)?;
    let shared = module.clone();
    let make_type = move |lua: &Lua, (of, arguments): (LuaValue, Variadic<LuaValue>)| {
        let ctype = match (&of, arguments.is_empty()) {
            (LuaValue::String(source), false) => {
                let arguments = parameters(&shared, "dll.typeof", &arguments)?;
                shared.types().parameterised(&source.to_string_lossy(), &arguments, shared.abi())?
            }
            (LuaValue::UserData(userdata), _) if userdata.is::<Handle>() => return Ok(of),
            _ => ctype_of(&shared, "dll.typeof", &of)?,
        };
        lua.create_userdata(Handle::new(ctype, shared.clone())).map(LuaValue::UserData)
    };
    table.set("typeof", lua.create_function(make_type)?)?;
    let shared = module.clone();
    let size = move |_: &Lua, (of, count): (LuaValue, LuaValue)| Ok(sizeof(&shared, &of, &count)?);
    table.set("sizeof", lua.create_function(size)?)?;
    let shared = module.clone();
    let align = move |_: &Lua, of: LuaValue| Ok(alignof(&shared, &of)?);
    table.set("alignof", lua.create_function(align)?)?;
    let shared = module.clone();
    let offset = move |_: &Lua, (of, name): (LuaValue, LuaValue)| Ok(offsetof(&shared, &of, &name)?);
    table.set("offsetof", lua.create_function(offset)?)?;
    let shared = module.clone();
    let is_type = move |_: &Lua, (of, value): (LuaValue, LuaValue)| Ok(istype(&shared, &of, &value)?);
    table.set("istype", lua.create_function(is_type)?)?;
    let shared = module.clone();
    let metatype = move |lua: &Lua, (of, methods): (LuaValue, LuaValue)| metatype(lua, &shared, &of, &methods);
    table.set("metatype", lua.create_function(metatype)?)
}

/// The arguments for `$` in a text: types, numbers, names.
fn parameters(module: &Module, doing: &str, values: &[LuaValue]) -> Result<Vec<c::Argument>, Error> {
    let argument = |value: &LuaValue| match value {
        LuaValue::String(name) => Ok(c::Argument::Name(name.to_string_lossy())),
        LuaValue::Integer(_) | LuaValue::Number(_) => {
            integer(value).map(c::Argument::Number).map_err(|error| error.at(doing))
        }
        other => ctype_of(module, doing, other).map(|ctype| c::Argument::Type(ctype.ty.clone())),
    };
    values.iter().map(argument).collect()
}

/// The size of a type or an object; nil if it has none. `count` is the number of elements where the type leaves that
/// open.
fn sizeof(module: &Module, of: &LuaValue, count: &LuaValue) -> Result<Option<u64>, Error> {
    let doing = "dll.sizeof";
    let ctype = measured(module, doing, of)?;
    let measure = || {
        if count.is_nil() && !ctype.takes_count() {
            // As in LuaJIT, an unknown size is not an error.
            return Ok(ctype.bytes().ok());
        }
        if count.is_nil() {
            let reason = format!("the size of {} depends on its number of elements, which is missing", ctype.ty);
            return Err(ConversionError::new(ErrorKind::Declaration, reason));
        }
        let count = integer(count)?;
        let count = u64::try_from(count)
            .map_err(|_| ConversionError::new(ErrorKind::Range, format!("{count} is not a number of elements")))?;
        ctype.with_count(count)?.bytes().map(Some)
    };
    measure().map_err(|error| error.at(doing))
}

fn alignof(module: &Module, of: &LuaValue) -> Result<u64, Error> {
    let doing = "dll.alignof";
    let ctype = measured(module, doing, of)?;
    let align = ctype.layout().map(|layout| layout.align).or_else(|error| match &ctype.form {
        // An array has the alignment of its element, whatever its length.
        Form::Array(array) => array.element.layout().map(|layout| layout.align),
        _ => Err(error),
    });
    align.map_err(|error| error.at(doing))
}

/// The offset of a field in bytes; for a bit-field also its first bit and its width.
fn offsetof(module: &Module, of: &LuaValue, name: &LuaValue) -> Result<MultiValue, Error> {
    let doing = "dll.offsetof";
    let name = text("dll.offsetof: a field's name", name)?;
    let ctype = measured(module, doing, of)?;
    let Form::Record(fields) = &ctype.form else {
        // A struct without fields is reported by its layout.
        ctype.bytes().map_err(|error| error.at(doing))?;
        return Err(Error::new(ErrorKind::Type, format!("{doing}: {} is not a struct or union", ctype.ty)));
    };
    let field = fields.find(name.as_bytes()).ok_or_else(|| {
        let message = format!("{doing}: {} has no field '{name}'{}", ctype.ty, fields.suggestion(&name));
        Error::new(ErrorKind::Type, message)
    })?;
    let mut results = vec![LuaValue::Integer(field.offset as i64)];
    if let Some(bits) = field.bits {
        results.push(LuaValue::Integer(bits.first.into()));
        results.push(LuaValue::Integer(bits.width.into()));
    }
    Ok(MultiValue::from_vec(results))
}

/// Whether a value is C data of a type, ignoring qualifiers. A pointer to a struct counts as the struct, as in LuaJIT.
fn istype(module: &Module, of: &LuaValue, value: &LuaValue) -> Result<bool, Error> {
    let ctype = ctype_of(module, "dll.istype", of)?;
    let Some(cdata) = cdata::of(value) else { return Ok(false) };
    if cdata.ctype.abi != ctype.abi {
        return Ok(false);
    }
    let is_pointer_to = || match (&ctype.form, cdata.ctype.pointee()) {
        (Form::Record(_), Some(pointee)) => pointee.is_same(&ctype),
        _ => false,
    };
    let are_pointers = || match (ctype.ty.pointee(), cdata.ctype.ty.pointee()) {
        (Some(one), Some(other)) => one.is_void() == other.is_void() && cdata::agree(one, other, ctype.abi),
        _ => false,
    };
    Ok(cdata.ctype.is_same(&ctype) || is_pointer_to() || are_pointers())
}

/// Sets the metatype of a struct or union, once.
fn metatype(lua: &Lua, module: &Module, of: &LuaValue, methods: &LuaValue) -> mlua::Result<LuaValue> {
    let doing = "dll.metatype";
    let refused = |reason: String| mlua::Error::from(Error::new(ErrorKind::Type, format!("{doing}: {reason}")));
    let ctype: Arc<Ctype> = ctype_of(module, doing, of)?;
    let c::Type::Record(record) = ctype.ty.resolve() else {
        return Err(refused(format!("{} is not a struct or union; only those can have a metatype", ctype.ty)));
    };
    let LuaValue::Table(methods) = methods else {
        return Err(refused(format!("expected a table of metamethods, got {}", describe(methods))));
    };
    let methods = Metatype::of(methods)?;
    if methods.has_index_function() {
        cdata::follow_fields(lua)?;
    }
    if !module.types().set_metatype(record, methods) {
        return Err(refused(format!("{} already has a metatype, which cannot be changed", ctype.ty)));
    }
    match of {
        LuaValue::UserData(userdata) if userdata.is::<Handle>() => Ok(of.clone()),
        _ => lua.create_userdata(Handle::new(ctype, module.clone())).map(LuaValue::UserData),
    }
}
