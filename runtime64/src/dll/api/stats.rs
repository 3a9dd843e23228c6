//! `dll.stats`: the workers in figures.

use mlua::{Lua, Table};

use crate::dll::module::Module;
use crate::remote::{RunningStatistics, WorkerKind};

/// A list of the workers that were started, each a table.
pub(super) fn stats(lua: &Lua, module: &Module) -> mlua::Result<Table> {
    let workers = lua.create_table()?;
    for kind in WorkerKind::ALL {
        let statistics = module.worker(kind).statistics();
        if statistics.starts == 0 {
            continue;
        }
        let worker = lua.create_table()?;
        worker.set("kind", kind.to_string())?;
        worker.set("starts", statistics.starts)?;
        worker.set("requests", statistics.requests)?;
        worker.set("calls", statistics.calls)?;
        worker.set("running", statistics.running.is_some())?;
        if let Some(running) = &statistics.running {
            link(lua, &worker, running)?;
        }
        workers.push(worker)?;
    }
    let stats = lua.create_table()?;
    stats.set("workers", workers)?;
    Ok(stats)
}

/// How the worker is linked, and why if it is not through shared memory.
fn link(lua: &Lua, worker: &Table, running: &RunningStatistics) -> mlua::Result<()> {
    match &running.arena {
        Ok(usage) => {
            worker.set("link", "shared memory")?;
            let arena = lua.create_table()?;
            arena.set("used", usage.used)?;
            arena.set("mapped", usage.mapped)?;
            arena.set("limit", usage.limit)?;
            worker.set("arena", arena)
        }
        Err(reason) => {
            worker.set("link", "plain channel")?;
            worker.set("reason", reason.as_str())
        }
    }
}
