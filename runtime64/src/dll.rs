//! The `dll` module as Lua sees it: libraries, declarations, objects and calls.
//!
//! The only part of the runtime that knows both Lua and C types.

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

/// Sets the global `dll` and registers it for `require "dll"`. Returns the metrics of its workers.
///
/// Interrupts stop calls and, if `is_interruptible`, running Lua code too.
///
/// # Errors
/// Those of Lua when it is out of memory.
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

/// Removes the hooks that scripts set on the current thread, which is about to run the finalizers when the state
/// closes.
pub(crate) fn end_hooks(lua: &Lua) -> mlua::Result<()> {
    hook::end(lua)
}

/// Runs the remaining finalizers of C data, each once. They may call libraries.
pub(crate) fn run_finalizers(lua: &Lua) {
    cdata::run_finalizers(lua);
}

/// Serves the callbacks that wait for the host and returns their number.
pub(crate) fn serve_callbacks(lua: &Lua) -> mlua::Result<u32> {
    match Module::of_state(lua) {
        Some(module) => call::serve_waiting(lua, &module),
        None => Ok(0),
    }
}

/// Runs the finalizers of C data while the Lua state is still whole, before it closes.
pub(crate) fn finish(lua: &Lua) {
    cdata::finish(lua);
}

/// Runs the remaining finalizers of C data and stops the workers, so that the destructors of their libraries run. The
/// workers start again on their next use.
pub(crate) fn shutdown(lua: &Lua) {
    run_finalizers(lua);
    if let Some(module) = Module::of_state(lua) {
        module.shared().stop();
    }
}
