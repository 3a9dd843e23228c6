//! `worker`, `restart`, `on_restart`, `close`: separate worker processes and their ends.

use std::ffi::OsString;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mlua::{Function, Lua, MultiValue, Table, Value as LuaValue};
use protocol::{Machine, Platform};

use super::argument::os_string;
use super::options::{OptionValue, read_each};
use super::{stats, table_of};
use crate::dll::describe::wrong_type;
use crate::dll::module::Module;
use crate::dll::worker_group;
use crate::remote::{Priority, Recycling, Settings, WorkerKind};

/// Adds the functions to the module's table.
pub(super) fn install(lua: &Lua, module: &Module, table: &Table) -> mlua::Result<()> {
    let shared = module.clone();
    let open = lua.create_function(move |lua, options: LuaValue| open(lua, &shared, "dll.worker", KNOWN, &options))?;
    table.set("worker", open)?;
    let shared = module.clone();
    let restart = lua.create_function(move |_, _: MultiValue| {
        shared.worker_group().workers.stop();
        Ok(())
    })?;
    table.set("restart", restart)?;
    let shared = module.clone();
    let set = lua.create_function(move |lua, function: LuaValue| {
        let function = match function {
            LuaValue::Nil => None,
            LuaValue::Function(function) => Some(function),
            other => return Err(wrong_type("a function or nil", &other).at("dll.on_restart").into()),
        };
        match shared.worker_group().table(lua)? {
            Some(table) => worker_group::set_on_restart(&table, function),
            None => Ok(()),
        }
    })?;
    table.set("on_restart", set)
}

/// The options of `dll.worker`.
struct WorkerOptions {
    settings: Settings,
    platform: Option<Platform>,
    machine: Option<Machine>,
    on_restart: Option<Function>,
}

const KNOWN: &str =
    "name, arch, os, deadline, memory_limit, restart, on_restart, recycle, wine, env, cwd, priority and crash_dir";

/// Opens a worker for a pool, which has removed its own options from the table.
pub(super) fn open_of_pool(lua: &Lua, module: &Module, options: &LuaValue) -> mlua::Result<Table> {
    open(lua, module, "dll.pool", &format!("size, min, max, idle, {KNOWN}"), options)
}

/// Opens a separate worker: a module whose libraries are loaded there.
fn open(lua: &Lua, module: &Module, doing: &str, known: &str, options: &LuaValue) -> mlua::Result<Table> {
    let mut parsed = WorkerOptions {
        settings: Settings { name: Some(module.shared().next_name()), ..module.shared().settings.clone() },
        platform: None,
        machine: None,
        on_restart: None,
    };
    match options {
        LuaValue::Nil => {}
        LuaValue::Table(table) => read_each(doing, table, known, |key, option| parsed.take(key, option))?,
        other => return Err(wrong_type("a table of options", other).at(doing).into()),
    }
    let WorkerOptions { settings, platform, machine, on_restart } = parsed;
    let name = settings.name.clone().unwrap_or_default();
    let kind = (platform.is_some() || machine.is_some()).then(|| WorkerKind {
        platform: platform.unwrap_or(WorkerKind::DEFAULT.platform),
        machine: machine.unwrap_or(WorkerKind::DEFAULT.machine),
    });
    let module = module.isolated(settings, kind);
    let table = table_of(lua, &module)?;
    module.worker_group().keep_table(lua, &table)?;
    worker_group::set_on_restart(&table, on_restart)?;
    table.set("name", name.as_str())?;
    add_end(lua, &module, &table, &name)?;
    Ok(table)
}

/// Adds the functions that only an opened worker has: closing it, and its own metrics.
fn add_end(lua: &Lua, module: &Module, table: &Table, name: &str) -> mlua::Result<()> {
    let shared = module.clone();
    let is_closed = Arc::new(AtomicBool::new(false));
    let closed = Arc::clone(&is_closed);
    let close = lua.create_function(move |_, _: MultiValue| {
        is_closed.store(true, Ordering::Relaxed);
        shared.worker_group().workers.close();
        Ok(())
    })?;
    table.set("close", &close)?;
    table.set("closed", lua.create_function(move |_, _: MultiValue| Ok(closed.load(Ordering::Relaxed)))?)?;
    let shared = module.clone();
    table.set("ended", lua.create_function(move |_, _: MultiValue| Ok(shared.worker_group().workers.stay_ended()))?)?;
    let shared = module.clone();
    table.set("stats", lua.create_function(move |lua, _: MultiValue| stats::of_group(lua, &shared))?)?;
    if let Some(metatable) = table.metatable() {
        metatable.set("__close", close)?;
        let text = format!("dll worker '{name}'");
        metatable.set("__tostring", lua.create_function(move |_, _: LuaValue| Ok(text.clone()))?)?;
    }
    Ok(())
}

impl WorkerOptions {
    fn take(&mut self, key: &str, option: &OptionValue) -> mlua::Result<bool> {
        let Self { settings, .. } = self;
        match key {
            "name" => settings.name = Some(option.text()?),
            "arch" => self.machine = Some(option.word(&[("x86", Machine::I386), ("x64", Machine::X86_64)])?),
            "os" => self.platform = Some(option.word(&[("Linux", Platform::Linux), ("Windows", Platform::Windows)])?),
            "deadline" => settings.call_deadline = Some(option.seconds()?),
            "memory_limit" => settings.process_options.memory_limit = Some(option.bytes()?),
            "restart" => settings.never_restarts = option.word(&[("always", false), ("never", true)])?,
            "on_restart" => self.on_restart = Some(option.function()?),
            "recycle" => settings.recycling = recycling(option)?,
            "wine" => settings.wine = Some(option.path()?),
            "env" => settings.process_options.environment = environment(option)?,
            "cwd" => settings.process_options.directory = Some(option.path()?),
            "crash_dir" => settings.crash_dir = Some(option.path()?),
            "priority" => settings.process_options.priority = option.word(&Priority::WORDS)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn recycling(option: &OptionValue) -> mlua::Result<Recycling> {
    let mut recycling = Recycling::default();
    read_each(
        option.location(),
        &option.table("a table with calls and memory")?,
        "calls and memory",
        |key, option| {
            match key {
                "calls" => recycling.calls = Some(option.count()?),
                "memory" => recycling.memory = Some(option.bytes()?),
                _ => return Ok(false),
            }
            Ok(true)
        },
    )?;
    Ok(recycling)
}

type Environment = Vec<(OsString, Option<OsString>)>;

/// Environment variables; `false` removes one.
fn environment(option: &OptionValue) -> mlua::Result<Environment> {
    const EXPECTED: &str = "a table of names and values, which are strings or false";
    let mut environment = Vec::new();
    for pair in option.table(EXPECTED)?.pairs::<LuaValue, LuaValue>() {
        let (name, value) = pair?;
        let name = name.as_string().map(mlua::LuaString::to_string_lossy).unwrap_or_default();
        let value = match &value {
            LuaValue::Boolean(false) => None,
            LuaValue::String(_) => Some(os_string(option.location(), &value)?),
            LuaValue::Integer(_) => Some(value.to_string()?.into()),
            _ => return Err(option.wrong(EXPECTED)),
        };
        let is_name = !name.is_empty() && !name.contains(['=', '\0']);
        if !is_name || value.as_ref().is_some_and(|value: &OsString| value.as_encoded_bytes().contains(&0)) {
            return Err(option.wrong(EXPECTED));
        }
        environment.push((name.into(), value));
    }
    Ok(environment)
}
