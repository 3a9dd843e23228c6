//! `dll.stats`: the workers and functions in figures.

use std::time::Duration;

use mlua::{Lua, Table};

use crate::dll::metrics::{FunctionFigures, WorkerFigures};
use crate::dll::module::Module;
use crate::remote::{RunningStatistics, Worker};

/// Of all workers that were started, each a table, and how many spare ones wait.
pub(super) fn of_all(lua: &Lua, module: &Module) -> mlua::Result<Table> {
    let all = module.shared().workers_of_isolates();
    let stats = of_workers(lua, all.iter().map(|(isolate, worker)| (*isolate, &**worker)))?;
    stats.set("spares", module.shared().spares())?;
    Ok(stats)
}

/// Of those of an isolate.
pub(super) fn of_isolate(lua: &Lua, module: &Module) -> mlua::Result<Table> {
    let isolate = module.isolate();
    of_workers(lua, isolate.workers.known().map(|worker| (isolate.id(), &**worker)))
}

fn of_workers<'a>(lua: &Lua, workers: impl Iterator<Item = (u64, &'a Worker)>) -> mlua::Result<Table> {
    let list = lua.create_table()?;
    for figures in workers.filter_map(|(isolate, worker)| WorkerFigures::of(isolate, worker)) {
        list.push(table_of(lua, &figures)?)?;
    }
    let stats = lua.create_table()?;
    stats.set("workers", list)?;
    Ok(stats)
}

fn table_of(lua: &Lua, figures: &WorkerFigures) -> mlua::Result<Table> {
    let statistics = &figures.statistics;
    let worker = lua.create_table()?;
    worker.set("name", figures.name.as_deref())?;
    worker.set("kind", figures.kind.as_str())?;
    worker.set("starts", statistics.starts)?;
    worker.set("deaths", statistics.deaths)?;
    worker.set("recycled", statistics.recycled)?;
    worker.set("requests", statistics.requests)?;
    worker.set("calls", statistics.calls)?;
    worker.set("sent", statistics.sent)?;
    worker.set("received", statistics.received)?;
    worker.set("running", statistics.is_running)?;
    if let Some(running) = &statistics.running {
        worker.set("memory", running.resident)?;
        link(lua, &worker, running)?;
    }
    let functions = lua.create_table()?;
    for function in &figures.functions {
        functions.push(function_table(lua, function)?)?;
    }
    worker.set("functions", functions)?;
    Ok(worker)
}

/// A function in figures; times are in seconds.
fn function_table(lua: &Lua, figures: &FunctionFigures) -> mlua::Result<Table> {
    let function = lua.create_table()?;
    function.set("library", figures.library.as_str())?;
    function.set("name", figures.name.as_str())?;
    function.set("calls", figures.usage.calls())?;
    function.set("errors", figures.usage.errors())?;
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        function.set(name, figures.usage.latencies().quantile(share).as_ref().map(Duration::as_secs_f64))?;
    }
    Ok(function)
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
            arena.set("refusal", running.refusal.as_deref())?;
            worker.set("arena", arena)
        }
        Err(reason) => {
            worker.set("link", "plain channel")?;
            worker.set("reason", reason.as_str())
        }
    }
}
