//! The `dll` module: libraries, declarations, objects and calls, as Lua sees them.
//!
//! This is the only part of the runtime that knows both Lua and C types.

use mlua::{Lua, Table};

use crate::remote::Settings;

mod abandoned_jobs;
mod abi;
mod address_space;
mod api;
mod bind;
mod breaker;
mod call;
mod callback_dispatch;
mod callback_registry;
mod callback_table;
mod cdata;
mod conversion_error;
mod crash;
mod describe;
mod duration;
mod error_object;
mod failure;
mod fault_name;
mod function_stats;
mod generational;
mod hook;
mod library;
mod marshal;
mod memory;
mod metrics;
mod module;
mod text;
mod types;
mod variants;
mod worker_extension;
mod worker_group;

pub use metrics::Metrics;
use module::Module;

/// Sets the global `dll`, and lets `require "dll"` find it. Gives the figures of its workers. Interrupts stop calls, and Lua
/// code that computes if it `is_interruptible`.
///
/// # Errors
/// Lua's, if it is out of memory.
pub(crate) fn install(lua: &Lua, settings: Settings, is_interruptible: bool) -> mlua::Result<Metrics> {
    error_object::install(lua)?;
    hook::install(lua, settings.interrupt.clone(), is_interruptible)?;
    let module = Module::new(settings);
    lua.set_app_data(module.clone());
    describe::install(|userdata| cdata::type_of(userdata).or_else(|| library::described(userdata)));
    cdata::install(lua, &module, call::at_address)?;
    let table = api::table_of(lua, &module)?;
    module.worker_group().keep_table(lua, &table)?;
    lua.globals().set("dll", &table)?;
    let loaded: Table = lua.globals().get::<Table>("package")?.get("loaded")?;
    loaded.set("dll", table)?;
    Ok(Metrics::of(&module))
}

/// Removes hooks of scripts from the thread that is about to run the finalizers at the end.
pub(crate) fn end_hooks(lua: &Lua) -> mlua::Result<()> {
    hook::end(lua)
}

/// Runs the finalizers of C data that are left, which may call libraries. Each runs once.
pub(crate) fn run_finalizers(lua: &Lua) {
    cdata::run_finalizers(lua);
}

/// Serves the callbacks that wait for the host, and tells how many.
pub(crate) fn serve_callbacks(lua: &Lua) -> mlua::Result<u32> {
    match Module::of_state(lua) {
        Some(module) => call::serve_waiting(lua, &module),
        None => Ok(0),
    }
}

/// The Lua state ends: finalizers of C data need it whole, so they run now.
pub(crate) fn finish(lua: &Lua) {
    cdata::finish(lua);
}

/// Runs the finalizers of C data that are left, and ends the workers, so that their libraries'
/// destructors run. They start again if they are used again.
pub(crate) fn shutdown(lua: &Lua) {
    run_finalizers(lua);
    if let Some(module) = Module::of_state(lua) {
        module.shared().stop();
    }
}
