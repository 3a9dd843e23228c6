//! What the user may set.

use std::path::PathBuf;

/// Where things are, as far as the user says; what is not set is found by the rules.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Settings {
    /// A worker's executable, or a folder of workers. By default they are looked for by the environment variables
    /// `RUNTIME64_WORKER32` and `RUNTIME64_WORKER64`, then beside this executable.
    pub worker: Option<PathBuf>,
    /// Wine's loader. By default the one that `RUNTIME64_WINE` names, then the system's.
    pub wine: Option<PathBuf>,
    /// The script's folder, where its libraries are looked for first.
    pub script_directory: Option<PathBuf>,
}
