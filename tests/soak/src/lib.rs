//! Shows what the runtime bears: workers and hosts that are killed at any moment, libraries that crash and hang, and a
//! great many calls and starts, after which nothing may be left.
//!
//! Each module is one kind of run. It drives the built programs with a script and gives a [report] of figures
//! beside the bars that they must meet. All of it runs on Linux, where the Windows programs run in Wine.
#![cfg(target_os = "linux")]

pub mod crashes;
pub mod deadlines;
mod effects;
mod floor;
pub mod hosts;
pub mod kills;
pub mod leak;
pub mod options;
mod quantiles;
pub mod report;
mod resources;
pub mod respawns;
mod script;
