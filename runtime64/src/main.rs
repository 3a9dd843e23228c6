//! The `runtime64` program: runs Lua scripts that call 32-bit libraries, or starts a Lua prompt.

use std::process::ExitCode;
use std::thread;

use runtime64::remote::outlive_file_size_limit;

mod cli;

/// Lua allows 200 nested calls between C and Lua, which need more stack than Windows gives the main thread.
const STACK_BYTES: usize = 16 << 20;

/// The exit code of a program that ended by a panic.
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
    // Even the output of --help may be redirected to a file that has reached its size limit.
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
