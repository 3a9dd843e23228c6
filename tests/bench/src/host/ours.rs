//! `runtime64` itself, measured in this process as a host that embeds it.

use std::thread;
use std::time::{Duration, Instant};

use mlua::{Function, Table};
use runtime64::{Runtime, RuntimeError};

use super::figures::{Effort, Figures, calls};
use super::places::{Places, System};

/// A runtime with the rows' library loaded.
pub struct Ours {
    runtime: Runtime,
    rows: Table,
    system: System,
}

impl Ours {
    /// Starts a runtime and its worker.
    ///
    /// # Errors
    /// The library cannot be loaded.
    pub fn start(places: &Places, system: System) -> Result<Self, RuntimeError> {
        let library = places.library(system).display().to_string();
        Self::with_library(places, system, include_str!("../../rows.lua"), &library)
    }

    /// The same with other rows of another library.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn with_library(places: &Places, system: System, rows: &str, library: &str) -> Result<Self, RuntimeError> {
        let builder = Runtime::builder().worker(&places.programs);
        let builder = match &places.wine {
            Some(wine) => builder.wine(wine),
            None => builder,
        };
        let runtime = builder.build()?;
        let rows = runtime.call(&runtime.compile("=rows", rows)?, library)?;
        Ok(Self { runtime, rows, system })
    }

    fn row(&self, name: &str) -> Result<Function, RuntimeError> {
        self.rows.get(name).map_err(RuntimeError::Start)
    }

    /// Calls a row once.
    ///
    /// # Errors
    /// What the row raised.
    pub fn call<R: mlua::FromLuaMulti>(&self, name: &str, count: u64) -> Result<R, RuntimeError> {
        self.runtime.call(&self.row(name)?, count)
    }

    /// Measures a row's calls made at once after one another.
    ///
    /// # Errors
    /// What the row raised.
    pub fn measure(&self, name: &str, title: &str, effort: Effort) -> Result<Figures, RuntimeError> {
        let row = self.row(name)?;
        calls(&format!("{title}, {}", self.system.word()), effort, |count| self.runtime.call(&row, count))
    }

    /// Measures `add` one a second. The clock is read by the script: what wakes up beside the call is not the call's.
    ///
    /// # Errors
    /// What the row raised.
    pub fn measure_sparse(&self, title: &str, effort: Effort) -> Result<Figures, RuntimeError> {
        let start = Instant::now();
        let lua = self.runtime.lua();
        let define = || {
            let clock = lua.create_function(move |_, ()| Ok(start.elapsed().as_secs_f64() * 1e6))?;
            lua.globals().set("clock", clock)?;
            let sleep = lua.create_function(|_, ()| {
                thread::sleep(Duration::from_secs(1));
                Ok(())
            })?;
            lua.globals().set("sleep", sleep)
        };
        define().map_err(RuntimeError::Start)?;
        let times = self.call("sparse", effort.sparse as u64)?;
        Ok(Figures::of(&format!("{title}, {}", self.system.word()), times))
    }

    /// Measures how long it takes from a call that crashes to the answer of the next one.
    ///
    /// # Errors
    /// What the row raised.
    pub fn measure_recovery(&self, effort: Effort) -> Result<Figures, RuntimeError> {
        let row = self.row("crash")?;
        let (mut times, deadline) = (Vec::new(), Instant::now() + effort.time);
        while Instant::now() < deadline || times.len() < 5 {
            let start = Instant::now();
            self.runtime.call::<()>(&row, ())?;
            times.push(start.elapsed().as_secs_f64() * 1e6);
            // Crashes that follow one another are another matter.
            thread::sleep(Duration::from_millis(20));
        }
        Ok(Figures::of(&format!("crash to next answer, {}", self.system.word()), times))
    }
}
