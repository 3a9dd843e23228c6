//! A fresh Lua state: the whole standard library of Lua, text chunks only, no C modules.

use std::path::Path;

use mlua::chunk::ChunkMode;
use mlua::{Function, Lua, LuaOptions, StdLib, Table};

use crate::stdlib;

/// Starts Lua and applies the prelude. The returned function is the message handler for `xpcall`: it returns a table
/// with an error's `value` and its `traceback`.
pub(super) fn new_state() -> mlua::Result<(Lua, Function)> {
    let lua = open_libraries();
    let standard = lua.create_function(|lua, name: String| standard_module(lua, &name).transpose())?;
    let report =
        lua.load(include_str!("prelude.lua")).set_name("=[runtime64]").set_mode(ChunkMode::Text).call(standard)?;
    Ok((lua, report))
}

/// Returns the loader of a module of the standard library.
fn standard_module(lua: &Lua, name: &str) -> Option<mlua::Result<Function>> {
    let source = stdlib::source(name)?;
    let chunk = lua.load(source).set_name(stdlib::chunk_name(name)).set_mode(ChunkMode::Text);
    Some(chunk.into_function())
}

/// A module of the standard library for the host's own use: scripts have another instance, which they may change.
pub(super) fn own_module(lua: &Lua, name: &str) -> mlua::Result<Table> {
    match standard_module(lua, name) {
        Some(loader) => loader?.call(name),
        None => Err(mlua::Error::runtime(format!("the standard library has no module '{name}'"))),
    }
}

/// Sets the places where `require` looks for files: beside the script, or in the current directory without a script;
/// then the places in the user's `LUA_PATH`.
pub(super) fn set_module_path(lua: &Lua, script_directory: Option<&Path>) -> mlua::Result<()> {
    let directory = script_directory.filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let package: Table = lua.globals().get("package")?;
    let mut path = Vec::new();
    for template in ["?.lua", "?/init.lua"] {
        path.extend_from_slice(directory.join(template).as_os_str().as_encoded_bytes());
        path.push(b';');
    }
    // Lua read these variables when it opened its library; its own default places are left out, so that modules
    // installed on the computer do not take precedence over the standard library.
    if ["LUA_PATH_5_4", "LUA_PATH"].iter().any(|name| std::env::var_os(name).is_some()) {
        path.extend_from_slice(&package.get::<mlua::LuaString>("path")?.as_bytes());
    } else {
        path.pop();
    }
    package.set("path", lua.create_string(path)?)
}

#[allow(unsafe_code, reason = "mlua opens the debug library in an unsafe state only")]
fn open_libraries() -> Lua {
    // SAFETY: mlua calls this unsafe for two reasons. C modules: before any script runs, the prelude empties
    // `package.cpath` and removes `package.loadlib` and the searchers for C modules, which are Lua's only ways to load
    // one; bytecode, the other way to run unverified code, is refused by every loader. The debug library: it can reach
    // the registry and change metatables, with which a script could break mlua's bookkeeping; a script is trusted like
    // any program that the user runs, and Lua's own interpreter gives it the same reach.
    unsafe { Lua::unsafe_new_with(StdLib::ALL, LuaOptions::default()) }
}

#[cfg(test)]
mod tests {
    use crate::Runtime;

    /// Rules for every state, each as a Lua chunk that must return a true value.
    const RULES: &[(&str, &str)] = &[
        (
            "the whole library is there",
            "return debug.getinfo and io.popen and os.exit and utf8.char and coroutine.close",
        ),
        ("loadlib is gone", "return package.loadlib == nil and package.cpath == ''"),
        ("no searcher for C modules", "return #package.searchers == 3"),
        (
            "a module that is nowhere",
            "local ok, e = pcall(require, 'no.such') return not ok and e:find('no/such.lua') and e:find('written in C')",
        ),
        ("load takes text", "return load('return 7')() == 7"),
        (
            "load takes a reader",
            "local t = {'return ', '8'} return load(function() return table.remove(t, 1) end)() == 8",
        ),
        ("load keeps the environment", "return load('return x', '=x', 't', {x = 9})() == 9"),
        ("an environment of nil is one", "return not pcall(load('return x', '=x', 't', nil))"),
        ("load refuses bytecode", "local f, e = load(string.dump(function() end)) return not f and e:find('binary')"),
        (
            "whatever the mode",
            "local f, e = load(string.dump(function() end), 'x', 'bt') return not f and e:find('binary')",
        ),
        ("mode b is refused", "local f, e = load('return 1', 'x', 'b') return not f and e:find('only text')"),
        (
            "load names its caller",
            "local ok, e = pcall(function() load({}) end) return e:find('^test:1: bad argument #1')",
        ),
        (
            "dofile raises what loadfile says",
            "local ok, e = pcall(dofile, 'no/such.lua') return e:find('^cannot open no/such.lua')",
        ),
        ("the embedded library", "return require('pretty').format({1}) == '{ 1 }'"),
        ("second value of require", "return select(2, require 'pretty') == ':standard:'"),
    ];

    #[test]
    fn a_fresh_state_keeps_the_rules() {
        for (rule, code) in RULES {
            let runtime = Runtime::builder().build().expect("a runtime");
            let holds: mlua::Value = runtime.eval("=test", code).unwrap_or_else(|error| panic!("{rule}: {error}"));
            assert!(!matches!(holds, mlua::Value::Nil | mlua::Value::Boolean(false)), "{rule}: {code}");
        }
    }
}
