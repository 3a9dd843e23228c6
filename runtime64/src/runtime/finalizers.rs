//! The end of a state: finalizers run while the state and its workers live.

use mlua::chunk::ChunkMode;
use mlua::{Function, Lua, Table, Value};

use super::{RuntimeError, Uncaught};
use crate::dll;

/// Runs the finalizers that are left at the end of a state. Clones are one and the same.
#[derive(Clone)]
pub(super) struct Finalizers {
    run: Function,
    /// The value as text, for errors that are objects without words.
    format: Function,
}

impl Finalizers {
    /// Has objects known that get a finalizer from here on: it comes before any other code that gives one. The function reports
    /// an error for `xpcall`.
    pub(super) fn install(lua: &Lua, report: &Function, format: Function) -> mlua::Result<Self> {
        let chunk = lua.load(include_str!("finalizers.lua")).set_name("=[runtime64]").set_mode(ChunkMode::Text);
        Ok(Self { run: chunk.call(report)?, format })
    }

    /// Runs those that have not run, the one of the object that was marked last first, and gives the errors of those that
    /// failed. From then on Lua finds none any more.
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
            errors.push(RuntimeError::Host(mlua::Error::runtime(format!("{more} more finalizers failed at the end"))));
        }
        Ok(errors)
    }
}
