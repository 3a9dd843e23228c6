//! The `runtime64` program: runs Lua scripts that call 32-bit libraries, or prompts for Lua.

use std::process::ExitCode;
use std::thread;

use runtime64::remote::outlive_file_size_limit;

mod cli;

/// Lua lets C and Lua call each other 200 levels deep, which takes more stack than Windows gives the main thread.
const STACK_BYTES: usize = 16 << 20;

/// The status of a program that a panic ended.
const PANICKED: u8 = 101;

fn main() -> ExitCode {
    if cfg!(windows)
        && let Ok(thread) = thread::Builder::new().name("main".to_owned()).stack_size(STACK_BYTES).spawn(run)
    {
        return thread.join().unwrap_or(ExitCode::from(PANICKED));
    }
    run()
}

fn run() -> ExitCode {
    // Even the text of --help may go to a file that may not grow.
    outlive_file_size_limit();
    cli::prepare_output();
    match cli::Arguments::parse(std::env::args_os().collect()) {
        Ok(arguments) => cli::run(&arguments),
        Err(refusal) => {
            let printed = refusal.print();
            // A failed write to standard error cannot be reported anywhere.
            if !refusal.use_stderr() {
                cli::written(printed);
            }
            ExitCode::from(u8::try_from(refusal.exit_code()).unwrap_or(2))
        }
    }
}
