//! `dll.stats`: metrics of workers and functions.

use std::time::Duration;

use mlua::{Lua, Table};

use crate::dll::metrics::{FunctionFigures, WorkerFigures};
use crate::dll::module::Module;
use crate::remote::{RunningStatistics, Worker};

/// The metrics of all workers that were started, one table each, and the number of spare workers.
pub(super) fn of_all(lua: &Lua, module: &Module) -> mlua::Result<Table> {
    let all = module.shared().workers_of_groups();
    let stats = of_workers(lua, all.iter().map(|(worker_group, worker)| (*worker_group, &**worker)))?;
    stats.set("spares", module.shared().spares())?;
    Ok(stats)
}

/// The metrics of the workers of a group.
pub(super) fn of_group(lua: &Lua, module: &Module) -> mlua::Result<Table> {
    let worker_group = module.worker_group();
    of_workers(lua, worker_group.workers.known().map(|worker| (worker_group.id(), &**worker)))
}

fn of_workers<'a>(lua: &Lua, workers: impl Iterator<Item = (u64, &'a Worker)>) -> mlua::Result<Table> {
    let list = lua.create_table()?;
    for figures in workers.filter_map(|(worker_group, worker)| WorkerFigures::of(worker_group, worker)) {
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

/// The metrics of a function; times are in seconds.
fn function_table(lua: &Lua, figures: &FunctionFigures) -> mlua::Result<Table> {
    let function = lua.create_table()?;
    function.set("library", figures.library.as_str())?;
    function.set("name", figures.name.as_str())?;
    function.set("calls", figures.function_stats.calls())?;
    function.set("errors", figures.function_stats.errors())?;
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        function.set(name, figures.function_stats.latencies().quantile(share).as_ref().map(Duration::as_secs_f64))?;
    }
    Ok(function)
}

/// The kind of link, and the reason if it is not shared memory.
fn link(lua: &Lua, worker: &Table, running: &RunningStatistics) -> mlua::Result<()> {
    match &running.arena {
        Ok(function_stats) => {
            worker.set("link", "shared memory")?;
            let arena = lua.create_table()?;
            arena.set("used", function_stats.used)?;
            arena.set("mapped", function_stats.mapped)?;
            arena.set("limit", function_stats.limit)?;
            arena.set("refusal", running.refusal.as_deref())?;
            worker.set("arena", arena)
        }
        Err(reason) => {
            worker.set("link", "plain channel")?;
            worker.set("reason", reason.as_str())
        }
    }
}
