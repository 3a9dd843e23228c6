//! Wine's server, which is the kernel to all that runs in Wine.

use std::env;

use crate::process::{Process, with_variable};

/// The variable that names the folder of what is installed in Wine; there is a server for each.
const PREFIX: &str = "WINEPREFIX";

/// A server that was seen to run.
#[derive(Debug)]
pub struct WineServer(Process);

impl WineServer {
    /// The one of the prefix that the tests use, if it runs.
    #[must_use]
    pub fn running() -> Option<Self> {
        let is_server = |process: &Process| {
            let program = process.arguments.first().and_then(|path| path.rsplit('/').next());
            program.is_some_and(|name| name.starts_with("wineserver"))
        };
        of_prefix().into_iter().find(is_server).map(Self)
    }

    /// Whether it has ended. What ran in Wine then waits for ever.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.0.has_ended()
    }
}

/// Ends all that runs in Wine, as must be once it has lost its server.
pub fn end_what_wine_runs() {
    // Such a process's first word is a path of Windows, or that of Wine's loader.
    let is_in_wine = |process: &Process| {
        let program = process.arguments.first();
        program.is_some_and(|path| path.contains('\\') || path.ends_with("/wine64") || path.ends_with(".exe"))
    };
    of_prefix().iter().filter(|process| is_in_wine(process)).for_each(Process::kill);
}

fn of_prefix() -> Vec<Process> {
    env::var_os(PREFIX).map(|prefix| with_variable(PREFIX, &prefix)).unwrap_or_default()
}
