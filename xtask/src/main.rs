//! `cargo xtask`: set-up, builds of every width, runs and tests, the same on every platform.

use std::env;
use std::process::ExitCode;

mod bench;
mod build;
mod calls;
mod failure;
mod fixtures;
mod fuzz;
mod invariants;
mod layouts;
mod run;
mod setup;
mod soak;
mod step;
mod test;
mod wine_server;
mod workspace;

use failure::Failure;

const USAGE: &str = "\
cargo xtask COMMAND

  run [ARGUMENTS]            sets up and builds what is missing, and runs runtime64 with the arguments
  test [--release] [FILTER]  sets up and builds what is missing, and runs every check and test, the Lua scripts of the
                             tests with the release build too; with a filter the tests of the built programs whose names
                             contain it, with --release those tests on the release build
  build [--release] [--windows]
                             fills target/dist/ with the programs for users, on Linux with --windows also for Windows
  bench [--quick]            measures speed and memory against a floor, a baseline and other bridges
  fuzz cdef|requests|replies|region [SECONDS or libFuzzer arguments]
                             feeds arbitrary input to the parser of declarations, the worker, the host, or either side of
                             the shared memory; needs a nightly toolchain and cargo-fuzz
  layouts [--count N] [--seed S]
                             compares byte layouts of random declarations with those of compilers
  calls [--count N] [--seed S]
                             calls functions and callbacks of random signatures compiled by real compilers
  soak kills|hosts|respawns|leak|crashes|deadlines [--count N] [--configuration NAME] [--seed S]
       [--release]           kills workers and hosts, makes libraries crash and hang, makes a great many calls, and checks
                             the results; with --release on the release build
  setup                      installs the requirements of the builds and tests
  fixtures                   builds the C libraries that the tests load
  invariants                 checks the invariants in ARCHITECTURE.md
  wine PROGRAM [ARGUMENTS]   runs a Windows program in the Wine of the set-up";

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<_> = arguments.collect();
    let outcome = match command.to_str() {
        Some("run") => run::run(&rest),
        Some("test") => test::test(&rest),
        Some("bench") => bench::bench(&rest),
        Some("fuzz") => fuzz::fuzz(&rest),
        Some("layouts") => layouts::layouts(&rest),
        Some("calls") => calls::calls(&rest),
        Some("soak") => soak::soak(&rest),
        Some("build") => build::command(&rest),
        Some("setup") => setup::everything().map(|_| ExitCode::SUCCESS),
        Some("fixtures") => fixtures::build().map(|_| ExitCode::SUCCESS),
        Some("invariants") => invariants::check().map(|()| ExitCode::SUCCESS),
        Some("wine") => run::wine(&rest),
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(Failure::usage(format!("unknown command {command:?}\n\n{USAGE}"))),
    };
    outcome.unwrap_or_else(|failure| {
        eprintln!("xtask: {failure}");
        failure.exit_code()
    })
}
