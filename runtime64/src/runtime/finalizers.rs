//! Finalizers at the end of a state: they run while the state and its workers live.

use mlua::chunk::ChunkMode;
use mlua::{Function, Lua, Table, Value};

use super::{RuntimeError, Uncaught};
use crate::dll;

/// Runs the remaining finalizers at the end of a state. Clones share their state.
#[derive(Clone)]
pub(super) struct Finalizers {
    run: Function,
    /// Formats a value, for error objects without a text of their own.
    format: Function,
}

impl Finalizers {
    /// Starts to track objects that get a finalizer, so it must run before other code that sets one. `report` is the
    /// message handler for `xpcall`.
    pub(super) fn install(lua: &Lua, report: &Function, format: Function) -> mlua::Result<Self> {
        let chunk = lua.load(include_str!("finalizers.lua")).set_name("=[runtime64]").set_mode(ChunkMode::Text);
        Ok(Self { run: chunk.call(report)?, format })
    }

    /// Runs the finalizers that have not run, in reverse order of marking, and returns the errors of those that failed.
    /// After this Lua finds no finalizers.
    pub(super) fn run(&self, lua: &Lua) -> Vec<RuntimeError> {
        let unhooked = dll::end_hooks(lua);
        let failures =
            unhooked.and_then(|()| self.run.call::<Table>(())).and_then(|failures| self.errors(lua, &failures));
        dll::run_finalizers(lua);
        failures.unwrap_or_else(|error| vec![RuntimeError::Host(error)])
    }

    fn errors(&self, lua: &Lua, failures: &Table) -> mlua::Result<Vec<RuntimeError>> {
        let reports = failures.sequence_values::<Value>();
        let uncaught = |raised: Value| RuntimeError::Finalizer(Uncaught::new(lua, raised, &self.format));
        let mut errors = reports.map(|raised| raised.map(uncaught)).collect::<mlua::Result<Vec<_>>>()?;
        let count: usize = failures.raw_get("count")?;
        if count > errors.len() {
            let more = count - errors.len();
            errors.push(RuntimeError::Host(mlua::Error::runtime(format!(
                "{more} more finalizers failed when the state closed"
            ))));
        }
        Ok(errors)
    }
}
