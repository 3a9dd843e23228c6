//! Executing the command line: preparations, script, prompt, exit code.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mlua::{Function, MultiValue, Value};
use runtime64::{Error, ErrorKind, OnExit, Runtime, RuntimeError};

use super::arguments::{Arguments, Preparation, Script};
use super::interrupt::{INTERRUPTED, Interrupts};
use super::{metrics, output, repl, report, version};

/// Runs the program. The Lua state, and with it every worker, has ended when this returns.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    if arguments.version {
        output::line(&version::version());
    }
    let interrupts = Interrupts::listen();
    let runtime = match start(arguments) {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error, &interrupts),
    };
    if let Some(address) = arguments.metrics {
        match metrics::serve(address, runtime.metrics()) {
            // The caller cannot know a port that the system has chosen.
            Ok(bound) if address.port() == 0 => report::line(&format!("metrics are served at http://{bound}/metrics")),
            Ok(_) => {}
            Err(error) => {
                report::line(&format!("cannot serve metrics at {address}: {error}"));
                return ExitCode::FAILURE;
            }
        }
    }
    interrupts.aim_at(runtime.interrupt_handle(), has_prompt(arguments));
    let code = match run_in(&runtime, arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_of_unread_output(&error) => {
            drop(runtime);
            output::end_unread()
        }
        Err(error) => failed(&error, &interrupts),
    };
    end(runtime, code, &interrupts)
}

/// Closes the state. A failed finalizer turns success into failure.
fn end(runtime: Runtime, code: ExitCode, interrupts: &Interrupts) -> ExitCode {
    let errors = runtime.close();
    let of_errors = errors.iter().map(|error| failed(error, interrupts)).last();
    if code == ExitCode::SUCCESS { of_errors.unwrap_or(code) } else { code }
}

/// Whether a library has written to the standard output that it shares with this program, whose reader is gone.
fn is_of_unread_output(error: &RuntimeError) -> bool {
    const SIGPIPE: i64 = 13;
    let is_broken_pipe = |error: &Error| error.kind == ErrorKind::WorkerLost && error.context.code == Some(SIGPIPE);
    error.error().is_some_and(is_broken_pipe) && output::has_no_reader()
}

fn failed(error: &RuntimeError, interrupts: &Interrupts) -> ExitCode {
    report::failure(error);
    // A script may also fail by a call that it has interrupted itself.
    if interrupts.was_pressed() && error.kind() == Some(ErrorKind::Interrupted) {
        return ExitCode::from(INTERRUPTED);
    }
    ExitCode::FAILURE
}

fn start(arguments: &Arguments) -> Result<Runtime, RuntimeError> {
    let mut builder = Runtime::builder().on_exit(OnExit::EndProcess).interruptible(has_prompt(arguments));
    if let Some(deadline) = arguments.deadline {
        builder = builder.call_deadline(deadline);
    }
    if let Some(folder) = &arguments.crash_dir {
        builder = builder.crash_dir(folder);
    }
    if let Some(worker) = &arguments.worker {
        builder = builder.worker(worker);
    }
    if let Some(wine) = &arguments.wine {
        builder = builder.wine(wine);
    }
    if let Some(Script::File(path)) = &arguments.script {
        builder = builder.script_directory(directory_of(path));
    }
    let runtime = builder.build()?;
    runtime.set_arguments(&arguments.command_line, arguments.script_index)?;
    output::install(&runtime).map_err(RuntimeError::Start)?;
    Ok(runtime)
}

/// The folder of a script. For a bare file name it is `.`, since an empty path would look like no folder.
fn directory_of(script: &Path) -> PathBuf {
    match script.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

fn run_in(runtime: &Runtime, arguments: &Arguments) -> Result<(), RuntimeError> {
    for preparation in &arguments.preparations {
        prepare(runtime, preparation)?;
    }
    let result = match source(arguments) {
        Some(script) => run_script(runtime, script, arguments.script_arguments()),
        None => Ok(()),
    };
    if !prompts(arguments) {
        return result;
    }
    // The script's state can be inspected, especially if it failed.
    if let Err(error) = &result {
        report::failure(error);
    }
    repl::run(runtime, result.err().as_ref());
    Ok(())
}

/// The code to run after the preparations: the script, or standard input if no code is given and it is not a terminal.
fn source(arguments: &Arguments) -> Option<&Script> {
    match &arguments.script {
        Some(script) => Some(script),
        None if has_nothing_to_do(arguments) && !io::stdin().is_terminal() => Some(&Script::Stdin),
        None => None,
    }
}

/// Whether to open the prompt: on request, or if there is nothing else to do on a terminal.
fn prompts(arguments: &Arguments) -> bool {
    let only_terminal = arguments.script.is_none() && has_nothing_to_do(arguments) && io::stdin().is_terminal();
    arguments.interactive || only_terminal
}

/// Whether a person types at the prompt, and continues after Ctrl-C. Code that is read from elsewhere counts as a
/// script.
fn has_prompt(arguments: &Arguments) -> bool {
    prompts(arguments) && io::stdin().is_terminal()
}

/// Whether the options alone give the program nothing to do; a module alone is there to be used.
fn has_nothing_to_do(arguments: &Arguments) -> bool {
    let executes = |preparation: &Preparation| matches!(preparation, Preparation::Execute(_));
    !arguments.interactive && !arguments.version && !arguments.preparations.iter().any(executes)
}

fn prepare(runtime: &Runtime, preparation: &Preparation) -> Result<(), RuntimeError> {
    match preparation {
        Preparation::Execute(code) => runtime.eval("=(command line)", code.as_encoded_bytes()),
        Preparation::Require(module) => require(runtime, module),
    }
}

/// Requires a module and sets the global with its name; `name=module` sets another one.
fn require(runtime: &Runtime, module: &OsStr) -> Result<(), RuntimeError> {
    let module = module.to_string_lossy();
    let (name, module) = module.split_once('=').unwrap_or((&module, &module));
    let globals = runtime.lua().globals();
    let require: Function = globals.get("require").map_err(RuntimeError::Host)?;
    let value: Value = runtime.call(&require, module)?;
    globals.set(name, value).map_err(RuntimeError::Host)
}

fn run_script(runtime: &Runtime, script: &Script, arguments: &[OsString]) -> Result<(), RuntimeError> {
    let function = match script {
        Script::File(path) => runtime.compile_file(path)?,
        Script::Stdin => {
            let mut text = Vec::new();
            let read = io::stdin().read_to_end(&mut text);
            read.map_err(|source| RuntimeError::Read { path: PathBuf::from("standard input"), source })?;
            runtime.compile_script("=stdin", text)?
        }
    };
    let strings = arguments.iter().map(|word| {
        let text = runtime.lua().create_string(word.as_encoded_bytes())?;
        Ok(Value::String(text))
    });
    let strings: MultiValue = strings.collect::<mlua::Result<_>>().map_err(RuntimeError::Host)?;
    runtime.call(&function, strings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_has_a_folder() {
        let cases = [("a.lua", "."), ("./a.lua", "."), ("dir/a.lua", "dir"), ("/a.lua", "/")];
        for (script, directory) in cases {
            assert_eq!(directory_of(Path::new(script)), Path::new(directory), "{script}");
        }
    }

    #[test]
    fn a_module_is_required_into_a_global() {
        let runtime = start(&Arguments::default()).expect("a runtime");
        for (module, global) in [("pretty", "pretty"), ("p=pretty", "p")] {
            require(&runtime, OsStr::new(module)).expect("it is there");
            let found: bool = runtime.eval("=test", format!("return {global} == require 'pretty'")).expect("a boolean");
            assert!(found, "{module}");
        }
    }
}
