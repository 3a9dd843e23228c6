//! The executable: its entire code is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    worker32::run()
}
