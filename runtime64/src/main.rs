//! The `runtime64` program: runs Lua scripts that call 32-bit libraries, or prompts for Lua.

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    match cli::Arguments::parse(std::env::args_os().collect()) {
        Ok(arguments) => cli::run(&arguments),
        Err(refusal) => {
            // Nothing is left to be told to if this cannot be written.
            let _ = refusal.print();
            ExitCode::from(u8::try_from(refusal.exit_code()).unwrap_or(2))
        }
    }
}
