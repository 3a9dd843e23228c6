//! C types in Lua, as returned by `dll.typeof`. Calling one creates an object, in `metamethods.lua`.

use std::sync::Arc;

use mlua::{Lua, MetaMethod, Table, UserData, UserDataMethods, UserDataRef, Value as LuaValue, Variadic};

use crate::dll::describe::describe;
use crate::dll::module::Module;
use crate::dll::types::constant_to_lua;
use crate::dll::types::{Ctype, Event, Form, Number};
use crate::error::{Error, ErrorKind};

/// A type, and the module that creates its objects.
pub(in crate::dll) struct Handle(Arc<Ctype>, Module);

impl Handle {
    /// A type whose objects the module creates.
    pub(in crate::dll) fn new(ctype: Arc<Ctype>, module: Module) -> Self {
        Self(ctype, module)
    }

    /// The type.
    pub(in crate::dll) fn ctype(&self) -> &Arc<Ctype> {
        &self.0
    }

    /// Adds the functions of types to the table for `metamethods.lua`.
    pub(in crate::dll) fn add_to(lua: &Lua, table: &Table) -> mlua::Result<()> {
        let new = |lua: &Lua, (this, values): (UserDataRef<Self>, Variadic<LuaValue>)| {
            let (ctype, module) = (this.current(), this.1.clone());
            drop(this);
            super::new(lua, &module, &ctype, &values)
        };
        table.set("new", lua.create_function(new)?)?;
        let new_method_of = |_: &Lua, this: UserDataRef<Self>| Ok(this.current().metamethod(Event::New));
        table.set("new_method_of", lua.create_function(new_method_of)?)?;
        let index = |lua: &Lua, (this, key): (UserDataRef<Self>, LuaValue)| this.index(lua, &key);
        table.set("type_index", lua.create_function(index)?)
    }

    /// The type as currently declared: its struct may have been incomplete before.
    fn current(&self) -> Arc<Ctype> {
        self.1.types().current(&self.0, self.1.abi())
    }

    /// A member of the type itself: an enumerator, or a value of its metatype. A function of the metatype that has to
    /// be called is returned as the second value.
    fn index(&self, lua: &Lua, key: &LuaValue) -> mlua::Result<(LuaValue, LuaValue)> {
        let ctype = &self.current();
        if let (Form::Number(Number::Enumeration(enumeration)), LuaValue::String(name)) = (&ctype.form, key) {
            let name = name.to_string_lossy();
            let value = enumeration.value(&name).map(|value| (LuaValue::Integer(value), LuaValue::Nil));
            let missing = || enumeration.no_enumerator(&name).at(format_args!("ctype<{}>", ctype.ty));
            return Ok(value.ok_or_else(missing)?);
        }
        if let (Some(fields), LuaValue::String(name)) = (ctype.record(), key)
            && let Some(value) = fields.constant(&name.to_string_lossy())
        {
            return Ok((constant_to_lua(lua, &name.to_string_lossy(), Some(value))?, LuaValue::Nil));
        }
        match ctype.metamethod(Event::Index) {
            Some(LuaValue::Table(table)) => match table.get(key)? {
                LuaValue::Nil => Err(no_member(ctype, key)),
                found => Ok((found, LuaValue::Nil)),
            },
            Some(method) => Ok((LuaValue::Nil, method)),
            None => Err(no_member(ctype, key)),
        }
    }
}

#[cold]
fn no_member(ctype: &Ctype, key: &LuaValue) -> mlua::Error {
    let missing = match key {
        LuaValue::String(name) => format!("'{}'", name.to_string_lossy()),
        other => describe(other),
    };
    let message = format!("ctype<{}>: the type has no member {missing}; fields belong to its objects", ctype.ty);
    Error::new(ErrorKind::Type, message).into()
}

impl std::fmt::Display for Handle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ctype<{}>", self.0.ty)
    }
}

impl UserData for Handle {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method(MetaMethod::ToString, |_, handle, ()| Ok(handle.to_string()));
        methods.add_meta_function(MetaMethod::Eq, |_, (left, right): (LuaValue, LuaValue)| {
            let types = (of(&left), of(&right));
            Ok(matches!(types, (Some(left), Some(right)) if left.ty == right.ty && left.abi == right.abi))
        });
    }
}

fn of(value: &LuaValue) -> Option<Arc<Ctype>> {
    value.as_userdata()?.borrow::<Handle>().ok().map(|handle| Arc::clone(&handle.0))
}
