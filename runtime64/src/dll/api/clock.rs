//! `clock`: a monotonic clock.

use std::sync::LazyLock;
use std::time::Instant;

use mlua::{Lua, Table};

/// The zero point of all clocks of the process.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Adds the function to the module's table.
pub(super) fn install(lua: &Lua, table: &Table) -> mlua::Result<()> {
    LazyLock::force(&START);
    table.set("clock", lua.create_function(|_, ()| Ok(START.elapsed().as_secs_f64()))?)
}
