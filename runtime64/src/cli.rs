//! The command line of the `runtime64` program.

mod arguments;
mod interrupt;
mod metrics;
mod output;
mod repl;
mod report;
mod run;
mod version;

pub(crate) use arguments::Arguments;
pub(crate) use output::{prepare as prepare_output, written};
pub(crate) use run::run;
