//! `clock`: how long things take.

use std::sync::LazyLock;
use std::time::Instant;

use mlua::{Lua, Table};

/// What all clocks of the process count from.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Puts the function into the module's table.
pub(super) fn install(lua: &Lua, table: &Table) -> mlua::Result<()> {
    LazyLock::force(&START);
    table.set("clock", lua.create_function(|_, ()| Ok(START.elapsed().as_secs_f64()))?)
}
