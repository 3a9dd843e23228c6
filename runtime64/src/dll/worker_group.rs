//! Worker groups: the workers that a `dll` module loads its libraries into.

use std::sync::atomic::{AtomicU64, Ordering};

use mlua::{Function, Lua, Table};

use crate::remote::{Settings, Workers};

/// Workers with the same settings, one of each kind.
#[derive(Debug)]
pub(super) struct WorkerGroup {
    pub(super) workers: Workers,
    id: u64,
}

impl WorkerGroup {
    pub(super) fn new(settings: Settings) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self { workers: Workers::new(settings), id: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    /// The unique number of the group.
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Stores the module table of the group, without keeping it alive.
    pub(super) fn keep_table(&self, lua: &Lua, table: &Table) -> mlua::Result<()> {
        tables(lua)?.raw_set(self.id, table)
    }

    /// The module table of the group.
    pub(super) fn table(&self, lua: &Lua) -> mlua::Result<Option<Table>> {
        tables(lua)?.raw_get(self.id)
    }
}

/// The module tables of the groups by id, weakly: the function passed to `on_restart` may hold its group's table, a
/// cycle that reference counting could never free.
fn tables(lua: &Lua) -> mlua::Result<Table> {
    const NAME: &str = "dll worker groups";
    if let Some(tables) = lua.named_registry_value::<Option<Table>>(NAME)? {
        return Ok(tables);
    }
    let tables = lua.create_table()?;
    tables.set_metatable(Some(lua.create_table_from([("__mode", "v")])?))?;
    lua.set_named_registry_value(NAME, &tables)?;
    Ok(tables)
}

/// The key in a module table's metatable for the script's restart function.
const ON_RESTART: &str = "on_restart";

/// Sets the function that is called after a worker was restarted.
pub(super) fn set_on_restart(table: &Table, function: Option<Function>) -> mlua::Result<()> {
    match table.metatable() {
        Some(metatable) => metatable.raw_set(ON_RESTART, function),
        None => Ok(()),
    }
}

/// The function set by [`set_on_restart`].
pub(super) fn on_restart(table: &Table) -> mlua::Result<Option<Function>> {
    match table.metatable() {
        Some(metatable) => metatable.raw_get(ON_RESTART),
        None => Ok(None),
    }
}
